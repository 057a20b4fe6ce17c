//! The HTTP client, and plain requests to an API's endpoint, which probes send.

use std::time::Duration;

use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_types::SdkConfig;
use http::Uri;
use http::uri::{Authority, PathAndQuery};
use tracing::Dispatch;
use tracing::instrument::WithSubscriber;

use super::BoxError;

/// The longest time to establish a connection.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// API Gateway responds within 30 s, if only with an error.
const READ_TIMEOUT: Duration = Duration::from_secs(35);
/// The header that names the AWS host of a request that is sent to an emulator instead.
const CONNECT_TO: &str = "x-connect-to";
/// The rest of a longer body is not read. Route 53's health checks search as much of a body.
const BODY_BYTES: usize = 5_120;

/// The response of an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status code.
    pub status: u16,
    /// The beginning of the body, at most 5,120 bytes.
    pub body: String,
}

fn tls() -> Provider {
    Provider::Rustls(CryptoMode::AwsLc)
}

/// The HTTP client that all AWS clients share.
pub(super) fn client(network: Option<&SharedHttpConnector>) -> SharedHttpClient {
    match network.cloned() {
        Some(network) => http_client_fn(move |_, _| network.clone()),
        None => Builder::new().tls_provider(tls()).build_https(),
    }
}

/// Sends requests to APIs as their clients do.
pub(super) struct Web {
    sdk: SdkConfig,
    connector: SharedHttpConnector,
}

impl Web {
    /// A client with the timers of `sdk`, which sends requests over `network` if there is one.
    pub(super) fn new(sdk: &SdkConfig, network: Option<SharedHttpConnector>) -> Self {
        let connector = network.unwrap_or_else(|| SharedHttpConnector::new(connector(sdk, Resolver::default())));
        Self { sdk: sdk.clone(), connector }
    }

    /// Sends a GET request with the path of `url` and the host `host`: to `endpoint`, or else to the authority of `url`.
    ///
    /// An `endpoint` that serves all hosts gets the authority of `url` in a header when the host does not identify the
    /// API: a custom domain name is the same in every region, and no record points it to one of them yet.
    pub(super) async fn get(&self, url: &str, host: &str, endpoint: Option<&str>) -> Result<HttpAnswer, BoxError> {
        let parts: Uri = url.parse()?;
        let authority = parts.authority().map_or("", Authority::as_str);
        let path = parts.path_and_query().map_or("/", PathAndQuery::as_str);
        if let Some(endpoint) = endpoint {
            let url = format!("{}{path}", endpoint.trim_end_matches('/'));
            let connect_to = Some(authority).filter(|authority| *authority != host);
            return get(&self.connector, &url, [("host", Some(host)), (CONNECT_TO, connect_to)]).await;
        }
        if authority == host {
            return get(&self.connector, url, []).await;
        }
        // Certificate and request must name the host, which no record points to the API yet.
        let connector = connector(&self.sdk, Resolver { instead: Some(authority.to_owned()) });
        get(&connector, &format!("https://{host}{path}"), []).await
    }
}

fn connector(sdk: &SdkConfig, resolver: Resolver) -> Connector {
    let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT_TIMEOUT).read_timeout(READ_TIMEOUT).build();
    let mut builder = Connector::builder().tls_provider(tls()).connector_settings(settings);
    builder.set_sleep_impl(sdk.sleep_impl());
    builder.build_with_resolver(resolver)
}

/// Resolves host names, or one name instead of all others.
#[derive(Debug, Clone, Default)]
struct Resolver {
    instead: Option<String>,
}

impl ResolveDns for Resolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        let name = self.instead.as_deref().unwrap_or(name);
        DnsFuture::new(async move {
            let addresses = tokio::net::lookup_host((name, 443)).await.map_err(ResolveDnsError::new)?;
            Ok(addresses.map(|address| address.ip()).collect())
        })
    }
}

async fn get<const N: usize>(
    connector: &impl HttpConnector,
    url: &str,
    headers: [(&'static str, Option<&str>); N],
) -> Result<HttpAnswer, BoxError> {
    let mut request = HttpRequest::get(url)?;
    for (name, value) in headers {
        if let Some(value) = value {
            request.headers_mut().try_insert(name, value.to_owned())?;
        }
    }
    request.headers_mut().try_insert("user-agent", concat!("multiregion/", env!("CARGO_PKG_VERSION")))?;
    let response = connector.call(request).with_subscriber(Dispatch::none()).await?;
    let status = response.status().as_u16();
    let body = beginning(response.into_body()).await?;
    Ok(HttpAnswer { status, body })
}

/// The beginning of a body, as text.
async fn beginning(body: SdkBody) -> Result<String, BoxError> {
    let mut stream = ByteStream::new(body);
    let mut bytes = Vec::new();
    while bytes.len() < BODY_BYTES {
        match stream.next().await {
            Some(chunk) => bytes.extend_from_slice(&chunk?),
            None => break,
        }
    }
    bytes.truncate(BODY_BYTES);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_split_into_host_and_path() {
        let parts = |url: &str| {
            let url: Uri = url.parse().unwrap();
            (url.authority().unwrap().to_string(), url.path_and_query().unwrap().to_string())
        };
        let (host, path) = parts("https://abc.execute-api.eu-west-1.amazonaws.com");
        assert_eq!((host.as_str(), path.as_str()), ("abc.execute-api.eu-west-1.amazonaws.com", "/"));
        let (host, path) = parts("http://localhost:4566/health?deep=1");
        assert_eq!((host.as_str(), path.as_str()), ("localhost:4566", "/health?deep=1"));
    }
}
