//! HTTP requests to the API of one region, through the local AWS.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::Outcome;

/// A response.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body; null when it is not JSON.
    pub(crate) body: serde_json::Value,
    /// The time from the request to the end of the response.
    pub(crate) elapsed: Duration,
}

/// Requests `path` of the API with the host name `host` from the local AWS at `endpoint`, as a client near `region`.
pub(crate) async fn get(endpoint: &str, host: &str, path: &str, region: &str) -> Outcome<Answer> {
    let begun = Instant::now();
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let request = http::Request::get(format!("{endpoint}{path}")).header(http::header::HOST, host);
    // Where all regions have one address, the local AWS routes by the client's location.
    let request = request.header("x-test-region", region);
    let ask = async {
        let response = client.request(request.body(Empty::new())?).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await?.to_bytes();
        Ok(Answer { status, body: serde_json::from_slice(&body).unwrap_or_default(), elapsed: begun.elapsed() })
    };
    tokio::time::timeout(Duration::from_secs(30), ask)
        .await
        .map_err(|_| format!("{host} did not respond within 30 s."))?
}

/// The host name in a URL.
pub(crate) fn host_of(url: &str) -> Option<&str> {
    url.split_once("://")?.1.split(['/', '?']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_between_scheme_and_path() {
        assert_eq!(host_of("https://x.example.com/a?b"), Some("x.example.com"));
        assert_eq!(host_of("x.example.com"), None);
    }
}
