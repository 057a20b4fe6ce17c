//! Requests to the APIs themselves, as clients send them.

mod cause;
pub mod expected;
pub mod probe;
pub mod verification;

/// The URL of a path at an endpoint, which is a URL or a host.
fn url_of(endpoint: &str, path: &str) -> String {
    let scheme = if endpoint.contains("://") { "" } else { "https://" };
    format!("{scheme}{}/{}", endpoint.trim_end_matches('/'), path.trim_start_matches('/'))
}
