//! A minimal host: it starts the binary as OpenTofu and Terraform do, and connects to it.

use std::io::{BufRead, BufReader, Read};
use std::pin::Pin;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, PKCS_ECDSA_P521_SHA512};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tonic::transport::{Channel, Endpoint};

use super::generated::plugin::grpc_controller_client::GrpcControllerClient;
use super::generated::plugin::grpc_stdio_client::GrpcStdioClient;
use super::generated::plugin::{Empty, StdioData};
use super::generated::tfplugin6::provider_client::ProviderClient;

/// The environment variable by which a host identifies itself to the plugin.
pub(crate) const COOKIE: (&str, &str) =
    ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2");

/// How long the tests wait for something that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A certificate and its key as hosts generate them: self-signed, ECDSA P-521, CA:TRUE.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) pem: String,
    key: Vec<u8>,
}

impl Identity {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// A certificate with changed parameters.
    pub(crate) fn with(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap();
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        change(&mut params);
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate: certificate.der().clone(), pem: certificate.pem(), key: key.serialize_der() }
    }

    /// This certificate with the key of another identity.
    pub(crate) fn with_key_of(&self, other: &Self) -> Self {
        Self { key: other.key.clone(), ..self.clone() }
    }

    fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.clone()).into()
    }
}

/// A running plugin; dropping it kills the process.
pub(crate) struct Plugin {
    child: Child,
    /// The handshake line on standard output.
    pub(crate) line: String,
    identity: Option<Identity>,
    stderr: Arc<Mutex<String>>,
    /// The directory of the socket, which a killed process does not remove.
    _directory: TempDir,
}

impl Plugin {
    /// Starts the plugin with mutual TLS.
    pub(crate) fn start() -> Self {
        Self::start_with(Some(Identity::new()), &[])
    }

    /// Starts the plugin with further environment variables. Without an identity there is no TLS.
    pub(crate) fn start_with(identity: Option<Identity>, variables: &[(&str, &str)]) -> Self {
        let mut command = command();
        command.env(COOKIE.0, COOKIE.1).env("PLUGIN_PROTOCOL_VERSIONS", "6,5");
        command.env("PLUGIN_MIN_PORT", "10000").env("PLUGIN_MAX_PORT", "25000");
        if let Some(identity) = &identity {
            command.env("PLUGIN_CLIENT_CERT", &identity.pem);
        }
        command.envs(variables.iter().copied());
        Self::spawn(command, identity, 1)
    }

    /// Runs a plugin whose handshake is the last of the first `lines` lines of its output.
    pub(crate) fn spawn(mut command: Command, identity: Option<Identity>, lines: usize) -> Self {
        let directory = tempfile::tempdir().unwrap();
        command.env("TMPDIR", directory.path());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = Arc::new(Mutex::new(String::new()));
        let (mut errors, collected) = (BufReader::new(child.stderr.take().unwrap()), Arc::clone(&stderr));
        std::thread::spawn(move || {
            let mut line = String::new();
            while errors.read_line(&mut line).is_ok_and(|read| read > 0) {
                collected.lock().unwrap().push_str(&std::mem::take(&mut line));
            }
        });
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        for _ in 0..lines {
            line.clear();
            stdout.read_line(&mut line).unwrap();
        }
        // Like a host, keep the pipe open.
        std::thread::spawn(move || stdout.read_to_end(&mut Vec::new()));
        Self { child, line: line.trim_end_matches('\n').to_owned(), identity, stderr, _directory: directory }
    }

    /// The fields of the handshake line.
    pub(crate) fn fields(&self) -> Vec<&str> {
        self.line.split('|').collect()
    }

    /// The socket's path.
    pub(crate) fn socket(&self) -> &str {
        self.fields()[3]
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The standard error output so far.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.lock().unwrap().clone()
    }

    /// Waits until the standard error output contains `text`, and returns all of it.
    pub(crate) fn stderr_with(&self, text: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let stderr = self.stderr();
            if stderr.contains(text) {
                return stderr;
            }
            assert!(Instant::now() < end, "{text:?} is not in {stderr:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status().unwrap();
        assert!(sent.success());
    }

    /// The exit status, or `None` when the process still runs after `within`.
    pub(crate) fn ended(&mut self, within: Duration) -> Option<ExitStatus> {
        let end = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(status);
            }
            if Instant::now() >= end {
                return None;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// A client of the provider service.
    pub(crate) async fn provider(&self) -> ProviderClient<Channel> {
        let channel = self.channel(self.identity.as_ref()).await.unwrap();
        ProviderClient::new(channel).max_decoding_message_size(256 << 20).max_encoding_message_size(256 << 20)
    }

    /// The stream that a host keeps open until it exits.
    pub(crate) async fn stdio(&self) -> tonic::Streaming<StdioData> {
        let channel = self.channel(self.identity.as_ref()).await.unwrap();
        GrpcStdioClient::new(channel).stream_stdio(Empty {}).await.unwrap().into_inner()
    }

    /// A client of the controller service.
    pub(crate) async fn controller(&self) -> GrpcControllerClient<Channel> {
        GrpcControllerClient::new(self.channel(self.identity.as_ref()).await.unwrap())
    }

    /// A connection with `identity` as the client certificate; over TLS when the handshake line has a certificate.
    pub(crate) async fn channel(&self, identity: Option<&Identity>) -> Result<Channel, tonic::transport::Error> {
        let path = self.socket().to_owned();
        let tls = self.fields().get(5).filter(|field| !field.is_empty()).map(|field| connector(field, identity));
        connect(path, tls).await
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The binary, without the environment variables that a host sets.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_terraform-provider-multiregion"));
    for name in [COOKIE.0, "PLUGIN_CLIENT_CERT", "TF_LOG", "TF_LOG_PROVIDER", "PLUGIN_UNIX_SOCKET_DIR"] {
        command.env_remove(name);
    }
    command
}

/// A connection to the socket at `path`.
pub(crate) async fn connect(path: String, tls: Option<TlsConnector>) -> Result<Channel, tonic::transport::Error> {
    let service = tower::service_fn(move |_| {
        let (path, tls) = (path.clone(), tls.clone());
        async move {
            let stream = UnixStream::connect(path).await?;
            let stream: Pin<Box<dyn Stream>> = match tls {
                Some(tls) => Box::pin(tls.connect(ServerName::try_from("localhost").unwrap(), stream).await?),
                None => Box::pin(stream),
            };
            Ok::<_, std::io::Error>(TokioIo::new(stream))
        }
    });
    Endpoint::from_static("http://localhost").connect_with_connector(service).await
}

trait Stream: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> Stream for T {}

/// A TLS client that trusts only the certificate in the field of the handshake line.
fn connector(field: &str, identity: Option<&Identity>) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(STANDARD_NO_PAD.decode(field).unwrap())).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match identity {
        Some(identity) => {
            // Bypasses the check of rustls that the key fits the certificate, which a malicious host would not make.
            let key = aws_lc_rs::sign::any_supported_type(&identity.key()).unwrap();
            let chain = vec![identity.certificate.clone()];
            builder.with_client_cert_resolver(Arc::new(tokio_rustls::rustls::sign::SingleCertAndKey::from(
                tokio_rustls::rustls::sign::CertifiedKey::new(chain, key),
            )))
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    TlsConnector::from(Arc::new(config))
}
