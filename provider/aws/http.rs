//! The HTTP client, and plain requests to an API's endpoint, which probes send.

use std::time::Duration;

use aws_smithy_http_client::tls::TlsContext;
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

use super::{BoxError, network};

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

/// The HTTP client that all AWS clients share.
pub(super) fn client(instead: Option<&SharedHttpConnector>, trust: &TlsContext) -> SharedHttpClient {
    match instead.cloned() {
        Some(connector) => http_client_fn(move |_, _| connector.clone()),
        None => network::client(trust),
    }
}

/// Sends requests to APIs as their clients do.
pub(super) struct Web {
    sdk: SdkConfig,
    trust: TlsContext,
    connector: SharedHttpConnector,
}

impl Web {
    /// A client with the timers of `sdk`, which trusts `trust`. It sends requests with the connector `instead` if there is
    /// one, and over the network otherwise.
    pub(super) fn new(sdk: &SdkConfig, trust: TlsContext, instead: Option<SharedHttpConnector>) -> Self {
        let connector = instead.unwrap_or_else(|| network::connector(sdk, &trust, &settings()));
        Self { sdk: sdk.clone(), trust, connector }
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
        if network::has_proxy(authority) {
            // A proxy resolves names itself, so the connection must name the API. Its certificate is the one of API Gateway.
            return get(&self.connector, &format!("https://{authority}{path}"), [("host", Some(host))]).await;
        }
        // Certificate and request must name the host, which no record points to the API yet.
        let connector = network::connector_to(authority, &self.sdk, &self.trust, &settings());
        get(&connector, &format!("https://{host}{path}"), []).await
    }
}

fn settings() -> HttpConnectorSettings {
    HttpConnectorSettings::builder().connect_timeout(CONNECT_TIMEOUT).read_timeout(READ_TIMEOUT).build()
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
