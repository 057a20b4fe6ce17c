//! An issuer of JSON Web Tokens for tests: a server on 127.0.0.1 with its keys, and tokens that it has signed.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

use crate::authorization::base64;
use crate::error::Error;

/// The id of the issuer's key.
const KEY_ID: &str = "key-1";
/// The length of a 2048-bit modulus in bytes, and its place in an RSA public key (RFC 8017): two headers come before it, and the
/// exponent 65537 after it.
const MODULUS: std::ops::Range<usize> = 9..265;
const EXPONENT: [u8; 3] = [1, 0, 1];

/// An issuer. Its server stops when this value is dropped.
#[derive(Debug)]
pub struct Issuer {
    url: String,
    key: RsaKeyPair,
    port: u16,
    is_stopped: Arc<AtomicBool>,
}

impl Issuer {
    /// Starts the issuer with this URL, such as `https://login.example.com/`.
    ///
    /// # Errors
    /// [`Error::Start`] when no key can be made, or no port is free.
    pub fn start(url: &str) -> Result<Self, Error> {
        let failed = |error: &dyn std::fmt::Display| Error::Start { output: error.to_string() };
        let key = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|error| failed(&error))?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| failed(&error))?;
        let port = listener.local_addr().map_err(|error| failed(&error))?.port();
        let modulus = key.public_key().as_ref().get(MODULUS).unwrap_or_default().to_vec();
        let base = url.trim_end_matches('/').to_owned();
        let is_stopped = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&is_stopped);
        thread::spawn(move || {
            for connection in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                // A client that has gone needs no answer.
                let _ = connection.and_then(|connection| answer(connection, &base, &modulus));
            }
        });
        Ok(Self { url: url.to_owned(), key, port, is_stopped })
    }

    /// The URL of the issuer.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The host of the URL.
    pub(crate) fn host(&self) -> &str {
        self.url.trim_start_matches("https://").split('/').next().unwrap_or_default()
    }

    /// The port of the server.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// A token with these claims. `iss` is the issuer and `exp` an hour from now, unless `claims` contains them.
    pub fn token(&self, claims: &Value) -> String {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let mut all = json!({ "iss": self.url, "exp": now.as_secs() + 3_600 });
        if let (Some(all), Some(claims)) = (all.as_object_mut(), claims.as_object()) {
            all.extend(claims.clone());
        }
        let head = json!({ "alg": "RS256", "typ": "JWT", "kid": KEY_ID });
        let part = |json: &Value| base64::encode(json.to_string().as_bytes());
        let signed = format!("{}.{}", part(&head), part(&all));
        let mut signature = vec![0; self.key.public_modulus_len()];
        let made = self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature);
        assert!(made.is_ok(), "the key cannot sign");
        format!("{signed}.{}", base64::encode(&signature))
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.is_stopped.store(true, Ordering::Relaxed);
        // Ends the wait for a connection.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

/// Answers one request: the configuration of the issuer, or its keys.
fn answer(mut connection: TcpStream, base: &str, modulus: &[u8]) -> std::io::Result<()> {
    let mut lines = BufReader::new(connection.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let (status, body) = match first.split(' ').nth(1).unwrap_or_default() {
        path if path.ends_with("/.well-known/openid-configuration") => {
            ("200 OK", json!({ "issuer": base, "jwks_uri": format!("{base}/.well-known/jwks.json") }))
        }
        path if path.ends_with("/.well-known/jwks.json") => {
            let (n, e) = (base64::encode(modulus), base64::encode(&EXPONENT));
            (
                "200 OK",
                json!({ "keys": [{ "kty": "RSA", "alg": "RS256", "use": "sig", "kid": KEY_ID, "n": n, "e": e }] }),
            )
        }
        _ => ("404 Not Found", json!({})),
    };
    let body = body.to_string();
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n");
    write!(connection, "{head}Content-Length: {}\r\n\r\n{body}", body.len())
}
