//! Proxies and certificate authorities, which the environment sets as for every AWS tool.

use std::ffi::OsString;
use std::path::Path;

use aws_sdk_sts::config::SharedAsyncSleep;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_types::SdkConfig;
use http::Uri;
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use super::{BoxError, ConnectError};

/// The environment variable with the path of a file of certificate authorities.
const CA_BUNDLE: &str = "AWS_CA_BUNDLE";
/// The addresses of the metadata services of instances, containers and pods, besides this machine's own. No proxy has a
/// route to them.
///
/// # Source
/// Amazon EC2 user guide, "Instance metadata service"; AWS SDKs and Tools reference guide, "Container credential provider".
const METADATA_HOSTS: &[&str] =
    &["169.254.169.254", "169.254.170.2", "169.254.170.23", "[fd00:ec2::254]", "[fd00:ec2::23]"];

/// The certificate authorities of the operating system, and those of the file that `AWS_CA_BUNDLE` names.
///
/// # Errors
/// [`ConnectError::CaBundle`].
pub(super) fn trusted() -> Result<TlsContext, ConnectError> {
    let Some(path) = std::env::var_os(CA_BUNDLE).filter(|path| !path.is_empty()) else {
        return Ok(TlsContext::default());
    };
    with_bundle(&path)
}

fn with_bundle(path: &OsString) -> Result<TlsContext, ConnectError> {
    let refusal = |source| ConnectError::CaBundle { path: path.to_string_lossy().into_owned(), source };
    let bundle = read_bundle(Path::new(path)).map_err(refusal)?;
    let store = TrustStore::default().with_pem_certificate(bundle);
    TlsContext::builder().with_trust_store(store).build().map_err(|error| refusal(error.into()))
}

/// The content of the file. The TLS library panics if it contains an unusable certificate.
fn read_bundle(path: &Path) -> Result<Vec<u8>, BoxError> {
    let bundle = std::fs::read(path)?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&bundle) {
        roots.add(certificate?)?;
    }
    if roots.is_empty() {
        return Err("the file contains no certificate in PEM format".into());
    }
    Ok(bundle)
}

/// The HTTP client of the SDK, for requests over the network.
pub(super) fn client(trust: &TlsContext) -> SharedHttpClient {
    let client = |proxies: fn() -> ProxyConfig| {
        let trust = trust.clone();
        Builder::new().build_with_connector_fn(move |settings, components| {
            let sleep = components.and_then(|components| components.sleep_impl());
            build(&trust, settings.cloned(), sleep, proxies(), None)
        })
    };
    let (proxied, direct) = (client(ProxyConfig::from_env), client(ProxyConfig::disabled));
    http_client_fn(move |settings, components| {
        SharedHttpConnector::new(ByHost {
            proxied: proxied.http_connector(settings, components),
            direct: direct.http_connector(settings, components),
        })
    })
}

/// A connector with the timers of `sdk`, which uses proxies like [`client`].
pub(super) fn connector(sdk: &SdkConfig, trust: &TlsContext, settings: &HttpConnectorSettings) -> SharedHttpConnector {
    let connector =
        |proxies| SharedHttpConnector::new(build(trust, Some(settings.clone()), sdk.sleep_impl(), proxies, None));
    SharedHttpConnector::new(ByHost {
        proxied: connector(ProxyConfig::from_env()),
        direct: connector(ProxyConfig::disabled()),
    })
}

/// A connector that uses no proxy, and connects to `authority` whatever the host of a request is.
pub(super) fn connector_to(
    authority: &str,
    sdk: &SdkConfig,
    trust: &TlsContext,
    settings: &HttpConnectorSettings,
) -> Connector {
    let resolver = Resolver { instead: authority.to_owned() };
    build(trust, Some(settings.clone()), sdk.sleep_impl(), ProxyConfig::disabled(), Some(resolver))
}

fn build(
    trust: &TlsContext,
    settings: Option<HttpConnectorSettings>,
    sleep: Option<SharedAsyncSleep>,
    proxies: ProxyConfig,
    resolver: Option<Resolver>,
) -> Connector {
    let tls = Provider::Rustls(CryptoMode::AwsLc);
    let mut builder = Connector::builder().tls_provider(tls).tls_context(trust.clone()).proxy_config(proxies);
    builder.set_connector_settings(settings);
    builder.set_sleep_impl(sleep);
    match resolver {
        Some(resolver) => builder.build_with_resolver(resolver),
        None => builder.build(),
    }
}

/// Resolves one name instead of all host names.
#[derive(Debug, Clone)]
struct Resolver {
    instead: String,
}

impl ResolveDns for Resolver {
    fn resolve_dns<'a>(&'a self, _: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            let addresses =
                tokio::net::lookup_host((self.instead.as_str(), 443)).await.map_err(ResolveDnsError::new)?;
            Ok(addresses.map(|address| address.ip()).collect())
        })
    }
}

/// Sends requests through the proxies of the environment, except those that no proxy can forward.
#[derive(Debug)]
struct ByHost {
    proxied: SharedHttpConnector,
    direct: SharedHttpConnector,
}

impl HttpConnector for ByHost {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = if is_local(request.uri()) { &self.direct } else { &self.proxied };
        connector.call(request)
    }
}

/// Whether a request stays on this machine, or goes to its metadata service. Like the tools that are written in Go, the
/// provider sends no such request through a proxy, even if `NO_PROXY` does not list the host.
fn is_local(url: &str) -> bool {
    let Ok(url) = url.parse::<Uri>() else { return false };
    let host = url.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost")
        || METADATA_HOSTS.contains(&host)
        || address.is_ok_and(|address| address.is_loopback())
}

/// Whether the environment sets a proxy for HTTPS requests to `host`, a domain name.
pub(super) fn has_proxy(host: &str) -> bool {
    is_proxied(host, |name| std::env::var(name).ok())
}

/// As the HTTP client reads the variables: the first of both spellings, and a rule of `NO_PROXY` that is a domain includes
/// its subdomains.
fn is_proxied(host: &str, variable: impl Fn(&str) -> Option<String>) -> bool {
    let first = |upper: &str, lower: &str| variable(upper).or_else(|| variable(lower)).unwrap_or_default();
    let is_exception = |rule: &str| {
        let domain = rule.trim().trim_start_matches('.');
        let parent = host.len().checked_sub(domain.len()).and_then(|length| host.split_at_checked(length));
        let is_under = |(above, tail): (&str, &str)| {
            tail.eq_ignore_ascii_case(domain) && (above.is_empty() || above.ends_with('.'))
        };
        domain == "*" || (!domain.is_empty() && parent.is_some_and(is_under))
    };
    let has_proxy =
        [("HTTPS_PROXY", "https_proxy"), ("ALL_PROXY", "all_proxy")].iter().any(|(a, b)| !first(a, b).is_empty());
    has_proxy && !first("NO_PROXY", "no_proxy").split(',').any(is_exception)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn requests_to_this_machine_use_no_proxy() {
        for url in [
            "http://localhost:4566",
            "http://127.0.0.1/x",
            "http://127.8.0.1",
            "http://[::1]:80/",
            "http://169.254.169.254/latest/api/token",
            "http://[fd00:ec2::254]/",
        ] {
            assert!(is_local(url), "{url}");
        }
        for url in ["https://sts.eu-west-1.amazonaws.com", "http://10.0.0.1:4566", "http://[2001:db8::1]", "nonsense"] {
            assert!(!is_local(url), "{url}");
        }
    }

    #[test]
    fn a_proxy_applies_unless_the_host_is_an_exception() {
        let host = "d-1.execute-api.eu-west-1.amazonaws.com";
        for (variables, expected) in [
            ("", false),
            ("HTTP_PROXY=http://p", false),
            ("HTTPS_PROXY=http://p", true),
            ("https_proxy=http://p", true),
            ("all_proxy=http://p", true),
            ("HTTPS_PROXY= ALL_PROXY=http://p", true),
            ("HTTPS_PROXY=http://p NO_PROXY=*", false),
            ("HTTPS_PROXY=http://p NO_PROXY=localhost,.amazonaws.com", false),
            ("HTTPS_PROXY=http://p no_proxy=AmazonAWS.com", false),
            ("HTTPS_PROXY=http://p NO_PROXY=d-1.execute-api.eu-west-1.amazonaws.com", false),
            ("HTTPS_PROXY=http://p NO_PROXY=naws.com,,.example.com", true),
        ] {
            let values: BTreeMap<_, _> = variables.split(' ').filter_map(|pair| pair.split_once('=')).collect();
            let found = is_proxied(host, |name| values.get(name).map(|value| (*value).to_owned()));
            assert_eq!(found, expected, "{variables}");
        }
    }

    #[test]
    fn an_unusable_bundle_is_refused_with_its_path() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        let refusal = |content: Option<&str>| {
            if let Some(content) = content {
                std::fs::write(&path, content).unwrap();
            }
            let error = with_bundle(&path.clone().into_os_string()).unwrap_err();
            assert!(error.to_string().contains("ca.pem"), "{error}");
            super::super::chain(&error)
        };
        assert!(refusal(None).contains("No such file"), "{}", refusal(None));
        assert!(refusal(Some("")).contains("no certificate"));
        let garbage = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
        assert!(!refusal(Some(garbage)).is_empty());
        let certificate = rcgen::generate_simple_self_signed(["example.com".to_owned()]).unwrap().cert.pem();
        std::fs::write(&path, format!("# our own\n{certificate}{certificate}")).unwrap();
        assert!(with_bundle(&path.into_os_string()).is_ok());
    }
}
