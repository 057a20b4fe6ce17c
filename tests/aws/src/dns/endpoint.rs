//! The endpoint of a health check: what checkers request, and which responses are healthy.
//!
//! Source: Route 53 Developer Guide, "How Amazon Route 53 determines whether a health check is healthy".

use bytes::Bytes;
use http::{HeaderMap, Method};

use crate::data_plane;
use crate::message::Request;
use crate::proxy::Proxy;
use crate::xml::Element;

/// A search string must appear in this many bytes from the start of the body.
pub(super) const SEARCHED: usize = 5_120;

/// The endpoint of a health check.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    /// The host name, in lower case.
    pub(super) host: String,
    /// The path and query; `None` for a check that only opens a connection.
    pub(super) path: Option<String>,
    search: String,
}

impl Endpoint {
    /// The endpoint in the settings of a health check; `None` when nothing listens there. API Gateway and CloudFront listen
    /// on port 443, and only for TLS.
    pub(super) fn read(config: &Element) -> Option<Self> {
        let text = |name: &str| config.text_at(&[name]);
        let protocol = text("Type").split('_').next().unwrap_or_default();
        if text("Port") != "443" || protocol == "HTTP" {
            return None;
        }
        let path = format!("/{}", text("ResourcePath").trim_start_matches('/'));
        Some(Self {
            host: text("FullyQualifiedDomainName").to_lowercase(),
            path: (protocol != "TCP").then_some(path),
            search: text("SearchString").to_owned(),
        })
    }

    /// Whether a response is healthy.
    pub(super) fn accepts(&self, status: u16, body: &[u8]) -> bool {
        let start = String::from_utf8_lossy(&body[..body.len().min(SEARCHED)]).into_owned();
        (200..400).contains(&status) && start.contains(&self.search)
    }
}

/// Whether the endpoint is healthy now, without a connection.
pub(super) async fn is_healthy(proxy: &Proxy, config: &Element) -> bool {
    let Some(endpoint) = Endpoint::read(config) else { return false };
    let Some(path) = &endpoint.path else { return data_plane::listens(proxy, &endpoint.host).await };
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let request = Request {
        method: Method::GET,
        path: path.to_owned(),
        query: query.to_owned(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
    };
    let response = data_plane::connect(proxy, &endpoint.host, &endpoint.host, request).await;
    response.is_ok_and(|response| endpoint.accepts(response.status.as_u16(), &response.body))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(settings: &str) -> Option<Endpoint> {
        let config = format!("<HealthCheckConfig>{settings}</HealthCheckConfig>");
        Endpoint::read(&Element::parse(config.as_bytes()).unwrap())
    }

    #[test]
    fn only_tls_on_port_443_is_answered() {
        let of = |kind: &str, port: &str| endpoint(&format!("<Type>{kind}</Type><Port>{port}</Port>"));
        assert_eq!(of("HTTPS", "443").unwrap().path.as_deref(), Some("/"));
        assert_eq!(of("TCP", "443").unwrap().path, None);
        assert!(of("HTTP", "443").is_none() && of("HTTP_STR_MATCH", "80").is_none() && of("HTTPS", "8443").is_none());
    }

    #[test]
    fn a_search_string_is_found_only_in_the_first_bytes() {
        let endpoint = endpoint("<Type>HTTPS_STR_MATCH</Type><Port>443</Port><SearchString>ok</SearchString>").unwrap();
        let body = |before: usize| [vec![b' '; before], b"ok".to_vec()].concat();
        assert!(endpoint.accepts(200, &body(SEARCHED - 2)) && endpoint.accepts(302, b"ok"));
        assert!(!endpoint.accepts(200, &body(SEARCHED - 1)), "the string ends after the searched bytes");
        assert!(!endpoint.accepts(503, b"ok") && !endpoint.accepts(200, b"no"));
    }
}
