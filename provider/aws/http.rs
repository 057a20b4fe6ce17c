//! Plain requests to an API's endpoint: what a probe makes.

use std::time::Duration;

use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings, SharedHttpClient};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_types::SdkConfig;
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

use super::BoxError;

/// The longest time a connection may take to be made.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// API Gateway answers within 30 s, or says that it cannot.
const READ_TIMEOUT: Duration = Duration::from_secs(35);
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
pub(super) fn client() -> SharedHttpClient {
    Builder::new().tls_provider(tls()).build_https()
}

/// A connector for probes.
pub(super) fn connector(sdk: &SdkConfig) -> Connector {
    let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT_TIMEOUT).read_timeout(READ_TIMEOUT).build();
    let mut builder = Connector::builder().tls_provider(tls()).connector_settings(settings);
    builder.set_sleep_impl(sdk.sleep_impl());
    builder.build()
}

/// Asks `url`, with `host` as the Host header where that is another one.
pub(super) async fn get(connector: &Connector, url: &str, host: Option<&str>) -> Result<HttpAnswer, BoxError> {
    let mut request = HttpRequest::get(url)?;
    if let Some(host) = host {
        request.headers_mut().try_insert("host", host.to_owned())?;
    }
    request.headers_mut().try_insert("user-agent", concat!("multiregion/", env!("CARGO_PKG_VERSION")))?;
    let response = connector.call(request).with_subscriber(NoSubscriber::default()).await?;
    let status = response.status().as_u16();
    let body = beginning(response.into_body()).await?;
    Ok(HttpAnswer { status, body })
}

/// The path and query of a URL.
pub(super) fn path(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("/", |start| &rest[start..])
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
    fn the_path_of_a_url() {
        assert_eq!(path("https://abc.execute-api.eu-west-1.amazonaws.com"), "/");
        assert_eq!(path("http://localhost:4566/health?deep=1"), "/health?deep=1");
    }
}
