//! Clients' requests to APIs: routed by host name through DNS, CloudFront and custom domain names to the API of a
//! region.
//!
//! The header `x-test-region` names the region that the client is near; the default is us-east-1. A response names the
//! region that produced it in `x-test-answered-by`. A client that must bypass DNS, because no record exists yet, names
//! one of AWS's own hosts in `x-connect-to`.

use std::pin::Pin;

use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use crate::edge;
use crate::error::Error;
use crate::message::{Request, Response, encode};
use crate::model;
use crate::proxy::Proxy;
use crate::records::{Record, Target};
use crate::upstream::{Lookup, Place, Upstream};
use crate::xml::Element;

const CLIENT_REGION: &str = "x-test-region";
const CONNECT_TO: &str = "x-connect-to";
const ANSWERED_BY: &str = "x-test-answered-by";

/// Longer alias chains are treated as loops.
const MAX_ALIASES: usize = 8;

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The endpoint that a name resolves to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Endpoint {
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

/// Whether a health check with this configuration succeeds.
pub(crate) async fn is_healthy(proxy: &Proxy, config: Option<&Element>) -> bool {
    let Some(config) = config else { return true };
    let text = |name: &str| config.text_at(&[name]);
    if text("Disabled") == "true" || !text("Type").starts_with("HTTP") {
        return true;
    }
    let path = if text("ResourcePath").is_empty() { "/" } else { text("ResourcePath") };
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let request = Request {
        method: http::Method::GET,
        path: format!("/{}", path.trim_start_matches('/')),
        query: query.to_owned(),
        headers: http::HeaderMap::new(),
        body: bytes::Bytes::new(),
    };
    let host = text("FullyQualifiedDomainName").to_lowercase();
    let Ok(response) = connect(proxy, &host, &host, request).await else { return false };
    let start = String::from_utf8_lossy(&response.body[..response.body.len().min(5120)]).into_owned();
    let healthy = (200..400).contains(&response.status.as_u16()) && start.contains(text("SearchString"));
    healthy != (text("Inverted").eq_ignore_ascii_case("true"))
}

/// All records of a zone.
pub(crate) async fn records(upstream: &Upstream, place: &Place, zone_id: &str) -> Result<Vec<Record>, Error> {
    let mut records = Vec::new();
    let mut next = String::new();
    loop {
        let path = format!("/2013-04-01/hostedzone/{zone_id}/rrset{next}");
        let Some(page) = upstream.xml(place, "route53", Lookup::Get(&path)).await? else { return Ok(records) };
        records.extend(page.items_at(&["ResourceRecordSets"]).iter().map(Record::read));
        if page.text_at(&["IsTruncated"]) != "true" {
            return Ok(records);
        }
        let parameter = |name: &str| encode(page.text_at(&[name]));
        let (name, kind) = (parameter("NextRecordName"), parameter("NextRecordType"));
        next = format!("?name={name}&type={kind}&identifier={}", parameter("NextRecordIdentifier"));
    }
}

/// Sends `request` to the endpoint of `name`, with `host` as its `Host`.
pub(crate) fn connect<'a>(
    proxy: &'a Proxy,
    name: &'a str,
    host: &'a str,
    request: Request,
) -> BoxFuture<'a, Result<Response, Error>> {
    Box::pin(async move {
        match resolve(proxy, name, &client_region(&request), 0).await? {
            Endpoint::Api { id, region } => send_to_api(proxy, &id, region.as_deref(), host, request).await,
            Endpoint::Domain { target, region } => send_to_domain(proxy, &target, &region, host, request).await,
            Endpoint::Distribution(aws_host) => edge::send(proxy, &aws_host, host, request).await,
            Endpoint::Unresolved => Ok(failure(502, &format!("{name} has no address"))),
        }
    })
}

fn client_region(request: &Request) -> String {
    header(request, CLIENT_REGION).unwrap_or("us-east-1").to_owned()
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

/// Resolves a name for a client near `client`.
fn resolve<'a>(
    proxy: &'a Proxy,
    name: &'a str,
    client: &'a str,
    hops: usize,
) -> BoxFuture<'a, Result<Endpoint, Error>> {
    Box::pin(async move {
        if let Some(endpoint) = aws_host(name) {
            return Ok(endpoint);
        }
        for place in accounts(proxy) {
            let Some(records) = records_of_zone(proxy, &place, name).await? else { continue };
            let mut unhealthy = Vec::new();
            for record in records.iter().filter(|record| record.name == crate::records::absolute(name)) {
                if let Some(check) = &record.health_check
                    && !check_passes(proxy, &place, check).await?
                {
                    unhealthy.push(check.clone());
                }
            }
            let choice = ["A", "AAAA", "CNAME"].into_iter().find_map(|kind| {
                let is_healthy = |check: &str| !unhealthy.iter().any(|other| other == check);
                let mut choices = model::dns_answer(&records, name, kind, client, is_healthy);
                choices.sort_by(|a, b| b.share.total_cmp(&a.share));
                choices.first().map(|choice| choice.record.clone())
            });
            let target = match choice.map(|record| record.target) {
                Some(Target::Alias { host, .. }) => host,
                Some(Target::Values(values)) => {
                    values.first().map(|value| value.trim_end_matches('.').to_owned()).unwrap_or_default()
                }
                None => continue,
            };
            if hops == MAX_ALIASES {
                return Ok(Endpoint::Unresolved);
            }
            return resolve(proxy, &target, client, hops + 1).await;
        }
        Ok(Endpoint::Unresolved)
    })
}

/// The endpoint of a host name that AWS assigns.
fn aws_host(name: &str) -> Option<Endpoint> {
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

/// The records of the account's most specific zone for `name`.
async fn records_of_zone(proxy: &Proxy, place: &Place, name: &str) -> Result<Option<Vec<Record>>, Error> {
    let zones = proxy.upstream.xml(place, "route53", Lookup::Get("/2013-04-01/hostedzone")).await?.unwrap_or_default();
    let is_in = |zone: &&Element| format!(".{name}.").ends_with(&format!(".{}", zone.text_at(&["Name"])));
    let zone = zones.items_at(&["HostedZones"]).iter().filter(is_in).max_by_key(|zone| zone.text_at(&["Name"]).len());
    let Some(zone) = zone else { return Ok(None) };
    let id = zone.text_at(&["Id"]).trim_start_matches("/hostedzone/");
    records(&proxy.upstream, place, id).await.map(Some)
}

async fn check_passes(proxy: &Proxy, place: &Place, id: &str) -> Result<bool, Error> {
    let path = format!("/2013-04-01/healthcheck/{id}");
    let check = proxy.upstream.xml(place, "route53", Lookup::Get(&path)).await?;
    // A deleted health check keeps its last status, which is not stored here; treat it as healthy.
    let Some(check) = check else { return Ok(true) };
    Ok(is_healthy(proxy, check.at(&["HealthCheck", "HealthCheckConfig"])).await)
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

/// Sends a request to a custom domain name, which selects the mapping with the longest base path.
async fn send_to_domain(
    proxy: &Proxy,
    target: &str,
    region: &str,
    host: &str,
    request: Request,
) -> Result<Response, Error> {
    for place in places(proxy).into_iter().filter(|place| place.region == region) {
        let path = format!("/v2/domainnames/{}", encode(host));
        let Some(domain) = proxy.upstream.json(&place, "apigateway", Lookup::Get(&path)).await? else { continue };
        if domain["domainNameConfigurations"][0]["apiGatewayDomainName"] != target {
            continue;
        }
        let mappings = proxy.upstream.json(&place, "apigateway", Lookup::Get(&format!("{path}/apimappings"))).await?;
        let mappings = mappings.unwrap_or_default();
        let found = mappings["items"].as_array().into_iter().flatten();
        let found = found.filter_map(|mapping| Some((strip_base_path(mapping, &request.path)?, mapping)));
        // The shortest remaining path belongs to the longest base path.
        let Some((rest, mapping)) = found.min_by_key(|(rest, _)| rest.len()) else { break };
        let (api, stage) =
            (mapping["apiId"].as_str().unwrap_or_default(), mapping["stage"].as_str().unwrap_or_default());
        return invoke(proxy, &place, api, &format!("/{stage}{rest}"), request).await;
    }
    Ok(failure(403, "Forbidden"))
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

/// Calls an API of a region; the first segment of the path may be the stage.
async fn invoke(proxy: &Proxy, place: &Place, api: &str, path: &str, mut request: Request) -> Result<Response, Error> {
    let is_down = proxy.down.lock().is_ok_and(|down| down.contains(&place.region));
    let mut response = if is_down {
        failure(503, "Service Unavailable")
    } else {
        request.headers.remove(CLIENT_REGION);
        request.headers.remove(CONNECT_TO);
        proxy.upstream.invoke(place, api, path, request).await?
    };
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
