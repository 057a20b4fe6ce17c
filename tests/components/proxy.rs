//! A network that only a proxy leads out of. The proxy inspects TLS, so its own authority signs every certificate.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::{Arc, Mutex};

use multiregion::aws::{Aws, Config, Regional, SystemClock, chain};
use multiregion::lifecycle;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use strict_aws::{Backend, LocalAws, Options};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use super::{context, run};

/// The variable by which the test finds that it is the process behind the proxy. Its value is the local AWS.
const BEHIND: &str = "MULTIREGION_TEST_BEHIND_PROXY";
/// The account of the role that the profile assumes.
const OTHER_ACCOUNT: &str = "210987654321";

/// A proxy that opens the tunnels of `CONNECT`, reads the requests in them, and sends those to AWS to `aws`. It returns
/// responses of an API itself.
struct Proxy {
    address: SocketAddr,
    authority: String,
    /// The targets of all tunnels, and the host of each request to an API.
    seen: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    async fn start(aws: String) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&key).unwrap().pem();
        let issuer = Arc::new(Issuer::new(params, key));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self { address: listener.local_addr().unwrap(), authority, seen: Arc::default() };
        let seen = proxy.seen.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                // A client that does not trust the authority ends the connection.
                tokio::spawn(tunnel(stream, aws.clone(), issuer.clone(), seen.clone()));
            }
        });
        proxy
    }
}

async fn tunnel(
    mut stream: TcpStream,
    aws: String,
    issuer: Arc<Issuer<'static, KeyPair>>,
    seen: Arc<Mutex<Vec<String>>>,
) -> Option<()> {
    let connect = head(&mut stream).await?;
    let target = connect.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next());
    let Some(target) = target else {
        seen.lock().unwrap().push(format!("not a tunnel: {connect}"));
        return None;
    };
    seen.lock().unwrap().push(target.to_owned());
    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.ok()?;
    let host = target.strip_suffix(":443")?;
    let mut inner = acceptor(host, &issuer).accept(stream).await.ok()?;
    let first = head(&mut inner).await?;
    if host.contains("execute-api") {
        let host = first.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default().to_owned();
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{host}", host.len());
        seen.lock().unwrap().push(format!("host {host}"));
        return inner.write_all(answer.as_bytes()).await.ok();
    }
    let mut upstream = TcpStream::connect(aws.trim_start_matches("http://")).await.unwrap();
    upstream.write_all(first.as_bytes()).await.unwrap();
    tokio::io::copy_bidirectional(&mut inner, &mut upstream).await.ok()?;
    Some(())
}

/// The text of a request up to the end of its head.
async fn head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(bytes).ok()
}

fn acceptor(host: &str, issuer: &Issuer<'_, KeyPair>) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([host.to_owned()]).unwrap().signed_by(&key, issuer).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// The output of this test, run again in a process with other environment variables. A process cannot change its own safely.
async fn again(variables: BTreeMap<&'static str, String>) -> (bool, String) {
    let run = move || {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([concat!(module_path!(), "::everything_goes_through_the_proxy").split_once("::").unwrap().1]);
        command.args(["--exact", "--nocapture"]);
        for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy", "ALL_PROXY", "AWS_ENDPOINT_URL"] {
            command.env_remove(name);
        }
        let output = command.envs(variables).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

#[tokio::test]
async fn everything_goes_through_the_proxy() {
    if let Ok(local) = std::env::var(BEHIND) {
        return behind_the_proxy(local).await;
    }
    let local = LocalAws::start(Options { backend: Backend::InMemory, ..Options::default() }).await.unwrap();
    let proxy = Proxy::start(local.endpoint()).await;
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_string_lossy().into_owned();
    let (bundle, profiles) = (path("ca.pem"), path("config"));
    std::fs::write(&bundle, &proxy.authority).unwrap();
    let account = local.account_id();
    let role = format!("arn:aws:iam::{OTHER_ACCOUNT}:role/deployer");
    let text = format!(
        "[profile base]\naws_access_key_id = {account}\naws_secret_access_key = test\n\
         [profile deployer]\nrole_arn = {role}\nsource_profile = base\n"
    );
    std::fs::write(&profiles, text).unwrap();
    let mut variables = BTreeMap::from([
        (BEHIND, local.endpoint()),
        ("HTTPS_PROXY", format!("http://{}", proxy.address)),
        ("HTTP_PROXY", format!("http://{}", proxy.address)),
        ("NO_PROXY", "skipped.invalid".to_owned()),
        ("AWS_CA_BUNDLE", bundle),
        ("AWS_CONFIG_FILE", profiles),
        ("AWS_SHARED_CREDENTIALS_FILE", path("none")),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ]);
    let trusting = again(variables.clone());
    // Without the bundle, the certificates of the proxy are not trusted.
    variables.remove("AWS_CA_BUNDLE");
    let ((success, output), (untrusted_success, untrusted_output)) = tokio::join!(trusting, again(variables));
    assert!(success, "{output}");
    assert!(!untrusted_success && untrusted_output.contains("invalid peer certificate"), "{untrusted_output}");
    let seen = proxy.seen.lock().unwrap();
    assert!(seen.iter().all(|target| !target.contains("not a tunnel") && !target.contains("skipped")), "{seen:#?}");
    let sts = "sts.eu-west-1.amazonaws.com:443";
    assert!(seen.iter().any(|target| target == sts), "the role of the profile and the account: {seen:#?}");
    let apis = [
        "abc.execute-api.eu-west-1.amazonaws.com:443",
        "host abc.execute-api.eu-west-1.amazonaws.com",
        "d-1.execute-api.eu-west-1.amazonaws.com:443",
        "host api.example.com",
    ];
    let to_apis: Vec<_> = seen.iter().filter(|line| line.contains("execute-api") || line.contains("host")).collect();
    assert_eq!(to_apis, apis.iter().collect::<Vec<_>>());
}

/// The part of the test that runs with the variables of the proxy.
async fn behind_the_proxy(local: String) {
    let config = Config {
        region: Some("eu-west-1".to_owned()),
        profile: Some("deployer".to_owned()),
        max_retries: Some(0),
        ..Config::default()
    };
    let connect = async |config: Config| lifecycle::connect(config, Arc::new(SystemClock)).await;
    let aws: Arc<Aws> = Arc::new(connect(config.clone()).await.unwrap_or_else(|error| panic!("{}", chain(&error))));
    assert_eq!(aws.account_id(), OTHER_ACCOUNT);

    let probe = "eu-west-1/probe".parse().unwrap();
    let region = Regional::new(aws, Arc::new(run()), Arc::new(context()), probe);
    let host = "abc.execute-api.eu-west-1.amazonaws.com";
    assert_eq!(region.get(&format!("https://{host}/health"), host).await.unwrap().body, host);
    // A custom domain name, which no record points to the API yet.
    let target = "https://d-1.execute-api.eu-west-1.amazonaws.com/health";
    assert_eq!(region.get(target, "api.example.com").await.unwrap().body, "api.example.com");
    let error = region.get("https://skipped.invalid/", "skipped.invalid").await.unwrap_err();
    assert!(chain(&error).contains("dns error"), "{}", chain(&error));

    // An emulator on this machine needs no proxy, although NO_PROXY does not list it.
    let credentials = multiregion::aws::StaticCredentials {
        access_key: "123456789012".to_owned(),
        secret_key: "test".to_owned(),
        token: None,
    };
    let config = Config { profile: None, credentials: Some(credentials), endpoint_url: Some(local), ..config };
    assert_eq!(connect(config).await.unwrap().account_id(), "123456789012");
}
