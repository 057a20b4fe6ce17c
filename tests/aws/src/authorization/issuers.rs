//! The issuers of JSON Web Tokens that the local AWS reaches: servers on 127.0.0.1 behind the names of issuers.

use std::collections::BTreeMap;
use std::sync::Mutex;

use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// The ports of issuers by host name: what DNS is in AWS.
#[derive(Debug, Default)]
pub(crate) struct Issuers(Mutex<BTreeMap<String, u16>>);

impl Issuers {
    /// Connections to `host` lead to a port of this machine.
    pub(crate) fn add(&self, host: &str, port: u16) {
        if let Ok(mut ports) = self.0.lock() {
            ports.insert(host.to_owned(), port);
        }
    }

    /// The keys of an issuer, found by discovery as API Gateway does; `None` when it does not answer.
    pub(crate) async fn keys(&self, issuer: &str) -> Option<Vec<Value>> {
        let base = issuer.trim_end_matches('/');
        let configuration = self.get(&format!("{base}/.well-known/openid-configuration")).await?;
        let keys = self.get(configuration["jwks_uri"].as_str()?).await?;
        Some(keys["keys"].as_array()?.clone())
    }

    async fn get(&self, url: &str) -> Option<Value> {
        let (host, path) = url.strip_prefix("https://")?.split_once('/')?;
        let port = *self.0.lock().ok()?.get(host)?;
        let client = Client::builder(TokioExecutor::new()).build_http::<Empty<bytes::Bytes>>();
        let uri = format!("http://127.0.0.1:{port}/{path}");
        let request = http::Request::get(uri).header("host", host).body(Empty::new()).ok()?;
        let response = client.request(request).await.ok().filter(|response| response.status().is_success())?;
        let body = response.into_body().collect().await.ok()?.to_bytes();
        serde_json::from_slice(&body).ok()
    }
}
