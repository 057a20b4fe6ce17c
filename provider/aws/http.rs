//! Plain requests to an API's endpoint: what a probe makes.

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
use tracing::Dispatch;
use tracing::instrument::WithSubscriber;

use super::BoxError;

/// The longest time a connection may take to be made.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// API Gateway answers within 30 s, or says that it cannot.
const READ_TIMEOUT: Duration = Duration::from_secs(35);
/// The header that tells a local AWS which of AWS's hosts a request goes to.
const CONNECT_TO: &str = "x-connect-to";
/// More of a body is not read.
const BODY_BYTES: usize = 4096;

/// What an endpoint answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// The beginning of the body, at most 4 KiB.
    pub body: String,
}

fn tls() -> Provider {
    Provider::Rustls(CryptoMode::AwsLc)
}

/// The one HTTP client of all AWS clients.
pub(super) fn client(network: Option<&SharedHttpConnector>) -> SharedHttpClient {
    match network.cloned() {
        Some(network) => http_client_fn(move |_, _| network.clone()),
        None => Builder::new().tls_provider(tls()).build_https(),
    }
}

/// Asks APIs what their users ask them.
pub(super) struct Web {
    sdk: SdkConfig,
    connector: SharedHttpConnector,
}

impl Web {
    /// With the timers that `sdk` has, over `network` where there is one.
    pub(super) fn new(sdk: &SdkConfig, network: Option<SharedHttpConnector>) -> Self {
        let connector = network.unwrap_or_else(|| SharedHttpConnector::new(connector(sdk, Names::default())));
        Self { sdk: sdk.clone(), connector }
    }

    /// Asks for the path of `url` in the name of `host`: at the endpoint `instead`, or else where `url` leads.
    ///
    /// One endpoint that stands for all hosts is told by a header which of them is meant, where the request itself does
    /// not say it: a custom domain name is the same in every region, and no record leads from it to one yet.
    pub(super) async fn get(&self, url: &str, host: &str, instead: Option<&str>) -> Result<HttpAnswer, BoxError> {
        let path = path(url);
        if let Some(base) = instead {
            let url_there = format!("{}{path}", base.trim_end_matches('/'));
            let meant = Some(authority(url)).filter(|authority| *authority != host);
            return get(&self.connector, &url_there, [("host", Some(host)), (CONNECT_TO, meant)]).await;
        }
        if authority(url) == host {
            return get(&self.connector, url, []).await;
        }
        // The certificate and the request must name the host, though no name leads from it to here yet.
        let connector = connector(&self.sdk, Names { instead: Some(authority(url).to_owned()) });
        get(&connector, &format!("https://{host}{path}"), []).await
    }
}

fn connector(sdk: &SdkConfig, names: Names) -> Connector {
    let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT_TIMEOUT).read_timeout(READ_TIMEOUT).build();
    let mut builder = Connector::builder().tls_provider(tls()).connector_settings(settings);
    builder.set_sleep_impl(sdk.sleep_impl());
    builder.build_with_resolver(names)
}

/// Finds addresses: of the names that are asked for, or of one name instead of all of them.
#[derive(Debug, Clone, Default)]
struct Names {
    instead: Option<String>,
}

impl ResolveDns for Names {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        let name = self.instead.as_deref().unwrap_or(name);
        DnsFuture::new(async move {
            let found = tokio::net::lookup_host((name, 443)).await.map_err(ResolveDnsError::new)?;
            Ok(found.map(|address| address.ip()).collect())
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

/// The path and query of a URL.
fn path(url: &str) -> &str {
    let rest = without_scheme(url);
    rest.find('/').and_then(|start| rest.get(start..)).unwrap_or("/")
}

/// The host of a URL, with the port where it has one.
fn authority(url: &str) -> &str {
    let rest = without_scheme(url);
    rest.split_once('/').map_or(rest, |(authority, _)| authority)
}

fn without_scheme(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest)
}

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
    fn the_parts_of_a_url() {
        assert_eq!(
            authority("https://abc.execute-api.eu-west-1.amazonaws.com"),
            "abc.execute-api.eu-west-1.amazonaws.com"
        );
        assert_eq!(authority("http://localhost:4566/health"), "localhost:4566");
        assert_eq!(path("https://abc.execute-api.eu-west-1.amazonaws.com"), "/");
        assert_eq!(path("http://localhost:4566/health?deep=1"), "/health?deep=1");
    }
}
