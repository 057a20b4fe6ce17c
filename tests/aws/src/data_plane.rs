//! Requests of an API's users, told apart by the host they ask.

use http::StatusCode;

use crate::message::{Answer, Request};
use crate::proxy::Proxy;

/// Answers a request that is no AWS API call.
pub(crate) async fn answer(proxy: &Proxy, mut request: Request) -> Answer {
    let host = request.host();
    if let Some((api, _)) = host.split_once(".execute-api.") {
        request.path = format!("/_aws/execute-api/{api}/$default{}", request.path);
    }
    proxy
        .upstream
        .send(&request)
        .await
        .unwrap_or_else(|error| Answer::new(StatusCode::BAD_GATEWAY, "text/plain", error.to_string().into_bytes()))
}
