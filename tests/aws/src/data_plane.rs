//! Clients' requests to APIs: routed by host name through DNS, CloudFront and custom domain names to the API of a
//! region.
//!
//! Headers describe the client to DNS ([`crate::dns`]). A response names the region that produced it in
//! `x-test-answered-by`. A client that must bypass DNS, because no record exists yet, names one of AWS's own hosts in
//! `x-connect-to`.

use std::pin::Pin;
use std::sync::Arc;

use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use crate::dns::{self, CLIENT_HEADERS};
use crate::edge;
use crate::error::Error;
use crate::http_plane;
use crate::message::{Request, Response, encode};
use crate::model::Client;
use crate::proxy::Proxy;
use crate::rest_plane;
use crate::upstream::{Lookup, Place};

const CONNECT_TO: &str = "x-connect-to";
const ANSWERED_BY: &str = "x-test-answered-by";

/// Longer alias chains are treated as loops.
const MAX_ALIASES: usize = 8;

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The endpoint that a name resolves to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// An API's own host.
    Api { id: String, region: Option<String> },
    /// The target of a regional custom domain name.
    Domain { target: String, region: String },
    /// A distribution, by its own host.
    Distribution(String),
    /// The name does not resolve.
    Unresolved,
}

/// Handles a request that is not an AWS API call.
pub(crate) async fn respond(proxy: &Proxy, request: Request) -> Response {
    let host = request.host();
    let outcome = if host.is_empty() || host == "localhost" || host.starts_with("127.") {
        proxy.upstream.pass(&request).await
    } else {
        let target = header(&request, CONNECT_TO).map_or(host.as_str(), without_port).to_owned();
        connect(proxy, &target, &host, request).await
    };
    outcome.unwrap_or_else(|error| failure(502, &error.to_string()))
}

/// Handles a request that arrives at the address of a region, where only the APIs of that region respond.
pub(crate) async fn respond_in(proxy: &Proxy, region: &str, request: Request) -> Response {
    let host = request.host();
    let outcome = match aws_host(&host) {
        Some(Endpoint::Api { id, .. }) => send_to_api(proxy, &id, Some(region), &host, request).await,
        Some(_) => Ok(failure(403, "Forbidden")),
        None => send_to_domain(proxy, None, region, &host, request).await,
    };
    outcome.unwrap_or_else(|error| failure(502, &error.to_string()))
}

/// Whether something accepts connections at a name.
pub(crate) async fn listens(proxy: &Proxy, name: &str) -> bool {
    let endpoint = resolve(proxy, name, &Client::near("us-east-1"), 0).await;
    endpoint.is_ok_and(|endpoint| endpoint != Endpoint::Unresolved)
}

/// Sends `request` to the endpoint of `name`, with `host` as its `Host`.
pub(crate) fn connect<'a>(
    proxy: &'a Proxy,
    name: &'a str,
    host: &'a str,
    request: Request,
) -> BoxFuture<'a, Result<Response, Error>> {
    Box::pin(async move {
        match resolve(proxy, name, &Client::of(&request), 0).await? {
            Endpoint::Api { id, region } => send_to_api(proxy, &id, region.as_deref(), host, request).await,
            Endpoint::Domain { target, region } => send_to_domain(proxy, Some(&target), &region, host, request).await,
            Endpoint::Distribution(aws_host) => edge::send(proxy, &aws_host, host, request).await,
            Endpoint::Unresolved => Ok(failure(502, &format!("{name} has no address"))),
        }
    })
}

/// A header of a request.
pub(crate) fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.get(name).and_then(|value| value.to_str().ok())
}

fn without_port(host: &str) -> &str {
    host.split_once(':').map_or(host, |(name, _)| name)
}

/// A response in JSON with a message.
pub(crate) fn failure(status: u16, message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    Response::json(status, &serde_json::json!({ "message": message }))
}

/// Resolves a name for a client. `hops` counts the aliases that led here.
pub(crate) fn resolve<'a>(
    proxy: &'a Proxy,
    name: &'a str,
    client: &'a Client,
    hops: usize,
) -> BoxFuture<'a, Result<Endpoint, Error>> {
    Box::pin(async move {
        if let Some(endpoint) = aws_host(name) {
            return Ok(endpoint);
        }
        for place in accounts(proxy) {
            let Some(target) = dns::answer(proxy, &place, name, client).await? else { continue };
            if hops == MAX_ALIASES {
                return Ok(Endpoint::Unresolved);
            }
            return resolve(proxy, &target, client, hops + 1).await;
        }
        Ok(Endpoint::Unresolved)
    })
}

/// The endpoint of a host name that AWS assigns.
pub(crate) fn aws_host(name: &str) -> Option<Endpoint> {
    if name.ends_with(".cloudfront.net") {
        return Some(Endpoint::Distribution(name.to_owned()));
    }
    let (label, rest) = name.split_once(".execute-api.")?;
    if rest == "localhost" {
        return Some(Endpoint::Api { id: label.to_owned(), region: None });
    }
    let region = rest.strip_suffix(".amazonaws.com")?.to_owned();
    if label.starts_with("d-") {
        return Some(Endpoint::Domain { target: name.to_owned(), region });
    }
    Some(Endpoint::Api { id: label.to_owned(), region: Some(region) })
}

/// All accounts that have received a call, in the region of global services.
pub(crate) fn accounts(proxy: &Proxy) -> Vec<Place> {
    let mut accounts: Vec<Place> = places(proxy).iter().map(Place::global).collect();
    accounts.dedup();
    accounts
}

fn places(proxy: &Proxy) -> Vec<Place> {
    proxy.places.lock().map(|places| places.iter().cloned().collect()).unwrap_or_default()
}

/// Sends a request to an API's own host, which responds only under its own name and unless it is disabled.
async fn send_to_api(
    proxy: &Proxy,
    id: &str,
    region: Option<&str>,
    host: &str,
    request: Request,
) -> Result<Response, Error> {
    if !host.starts_with(&format!("{id}.")) {
        return Ok(failure(403, "Forbidden"));
    }
    for place in places(proxy) {
        if region.is_some_and(|region| region != place.region) {
            continue;
        }
        if proxy.upstream.memory().has_rest_api(&place, id) {
            let (stage, path) = stage_of(&request.path);
            let target = rest_plane::Target { api: id, stage, path, at_default_endpoint: true };
            return send_to_rest_api(proxy, &place, target, &request).await;
        }
        let Some(api) = proxy.upstream.json(&place, "apigateway", Lookup::Get(&format!("/v2/apis/{id}"))).await? else {
            continue;
        };
        if api["disableExecuteApiEndpoint"] == true {
            return Ok(failure(404, "Not Found"));
        }
        let path = request.path.clone();
        return invoke(proxy, &place, id, &path, request).await;
    }
    Ok(failure(403, "Forbidden"))
}

/// Sends a request to a custom domain name, which selects the mapping with the longest base path. With a `target`, the
/// domain name must have it.
async fn send_to_domain(
    proxy: &Proxy,
    target: Option<&str>,
    region: &str,
    host: &str,
    request: Request,
) -> Result<Response, Error> {
    for place in places(proxy).into_iter().filter(|place| place.region == region) {
        let Some((path, domain)) = custom_domain(proxy, &place, host).await? else { continue };
        let own = &domain["domainNameConfigurations"][0]["apiGatewayDomainName"];
        if target.is_some_and(|target| own != target) {
            continue;
        }
        if let Some(refusal) = mutual_tls(&domain, &request) {
            return Ok(refusal);
        }
        let mappings = proxy.upstream.json(&place, "apigateway", Lookup::Get(&format!("{path}/apimappings"))).await?;
        let mappings = mappings.unwrap_or_default();
        let found = mappings["items"].as_array().into_iter().flatten();
        let found = found.filter_map(|mapping| Some((strip_base_path(mapping, &request.path)?, mapping)));
        // The shortest remaining path belongs to the longest base path.
        let Some((rest, mapping)) = found.min_by_key(|(rest, _)| rest.len()) else { break };
        let (api, stage) =
            (mapping["apiId"].as_str().unwrap_or_default(), mapping["stage"].as_str().unwrap_or_default());
        if proxy.upstream.memory().has_rest_api(&place, api) {
            let target = rest_plane::Target { api, stage, path: &rest, at_default_endpoint: false };
            return send_to_rest_api(proxy, &place, target, &request).await;
        }
        return invoke(proxy, &place, api, &format!("/{stage}{rest}"), request).await;
    }
    Ok(failure(403, "Forbidden"))
}

/// The response to a client whose certificate a custom domain name does not accept. Without one, the connection ends.
fn mutual_tls(domain: &Value, request: &Request) -> Option<Response> {
    let truststore = domain["mutualTlsAuthentication"]["truststoreUri"].as_str().unwrap_or_default();
    match header(request, dns::CLIENT_CERTIFICATE) {
        _ if truststore.is_empty() => None,
        Some("trusted") => None,
        Some(_) => Some(failure(403, "Forbidden")),
        None => Some(failure(502, "the connection was closed: no client certificate")),
    }
}

/// The custom domain name for `host` and its path in the API: the name itself, or else a wildcard for its first label.
async fn custom_domain(proxy: &Proxy, place: &Place, host: &str) -> Result<Option<(String, Arc<Value>)>, Error> {
    let wildcard = host.split_once('.').map(|(_, parent)| format!("*.{parent}"));
    for name in [Some(host.to_owned()), wildcard].into_iter().flatten() {
        let path = format!("/v2/domainnames/{}", encode(&name));
        if let Some(domain) = proxy.upstream.json(place, "apigateway", Lookup::Get(&path)).await? {
            return Ok(Some((path, domain)));
        }
    }
    Ok(None)
}

/// The path without the mapping's base path; `None` when it does not begin with it.
fn strip_base_path(mapping: &Value, path: &str) -> Option<String> {
    let base = mapping["apiMappingKey"].as_str().unwrap_or_default();
    if base.is_empty() {
        return Some(path.to_owned());
    }
    let rest = path.trim_start_matches('/').strip_prefix(base)?;
    (rest.is_empty() || rest.starts_with('/')).then(|| format!("/{}", rest.trim_start_matches('/')))
}

/// The stage and the rest of a path at the host of a REST API.
fn stage_of(path: &str) -> (&str, &str) {
    let path = path.trim_start_matches('/');
    path.find('/').map_or((path, "/"), |end| path.split_at(end))
}

/// Calls an API of a region; the first segment of the path may be the stage.
async fn invoke(proxy: &Proxy, place: &Place, api: &str, path: &str, mut request: Request) -> Result<Response, Error> {
    remove_test_headers(&mut request);
    let response = async {
        match http_plane::respond(proxy, place, api, path, &request).await? {
            Some(response) => Ok(response),
            None => proxy.upstream.invoke(place, api, path, request).await,
        }
    };
    answered(proxy, place, response).await
}

async fn send_to_rest_api(
    proxy: &Proxy,
    place: &Place,
    target: rest_plane::Target<'_>,
    request: &Request,
) -> Result<Response, Error> {
    let mut request = request.clone();
    remove_test_headers(&mut request);
    answered(proxy, place, async { rest_plane::respond(proxy, place, target, &request).await }).await
}

fn remove_test_headers(request: &mut Request) {
    CLIENT_HEADERS.into_iter().for_each(|name| drop(request.headers.remove(name)));
    request.headers.remove(CONNECT_TO);
}

/// The response of a region, unless its APIs are down.
async fn answered(
    proxy: &Proxy,
    place: &Place,
    response: impl Future<Output = Result<Response, Error>>,
) -> Result<Response, Error> {
    let is_down = proxy.down.lock().is_ok_and(|down| down.contains(&place.region));
    let mut response = if is_down { failure(503, "Service Unavailable") } else { response.await? };
    if let Ok(region) = HeaderValue::from_str(&place.region) {
        response.headers.insert(HeaderName::from_static(ANSWERED_BY), region);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn aws_hosts_are_parsed() {
        let region = || "us-west-2".to_owned();
        for (name, expected) in [
            (
                "abc.execute-api.us-west-2.amazonaws.com",
                Some(Endpoint::Api { id: "abc".into(), region: Some(region()) }),
            ),
            ("abc.execute-api.localhost", Some(Endpoint::Api { id: "abc".into(), region: None })),
            ("d123.cloudfront.net", Some(Endpoint::Distribution("d123.cloudfront.net".into()))),
            ("api.ipgiraffe.com", None),
        ] {
            assert_eq!(aws_host(name), expected, "{name}");
        }
        let target = "d-1.execute-api.us-west-2.amazonaws.com";
        assert_eq!(aws_host(target), Some(Endpoint::Domain { target: target.into(), region: region() }));
    }

    #[test]
    fn the_base_path_is_removed() {
        for (base, path, rest) in [
            ("", "/health", Some("/health")),
            ("v1", "/v1/health", Some("/health")),
            ("v1", "/v1", Some("/")),
            ("v1", "/v10/health", None),
            ("v1", "/health", None),
        ] {
            assert_eq!(strip_base_path(&json!({"apiMappingKey": base}), path).as_deref(), rest, "{base} {path}");
        }
    }
}
