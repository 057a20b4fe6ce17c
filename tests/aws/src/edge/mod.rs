//! CloudFront's edge: what a distribution does with a client's request.
//!
//! The header `x-test-scheme` is the scheme of the request, `https` by default; `x-test-country` is the country of the client.
//!
//! Sources: AWS, Amazon CloudFront Developer Guide, "Request and response behavior for custom origins", "Optimize high
//! availability with CloudFront origin failover", "Generate custom error responses".

mod cache;
mod functions;
pub(crate) mod lambda;
mod policy;
pub(crate) mod staging;

use std::time::Duration;

pub(crate) use cache::EdgeCache;
use cache::Key;
pub use functions::{Decision, FunctionRuntime, Invocation};
use http::header::{COOKIE, HOST, LOCATION, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use lambda::Next;
use policy::{CachePolicy, Selections};

use crate::data_plane::{accounts, connect, failure, header};
use crate::distribution::{Behavior, Distribution, Origin, texts};
use crate::dns::CLIENT_CERTIFICATE;
use crate::error::Error;
use crate::message::{Request, Response};
use crate::model;
use crate::proxy::Proxy;
use crate::upstream::{Lookup, Place};
use crate::xml::Element;

const SCHEME: &str = "x-test-scheme";
const COUNTRY: &str = "x-test-country";

/// How long CloudFront caches an error by default.
const ERROR_TTL: Duration = Duration::from_secs(10);

/// A distribution and its policies, as a request finds them.
struct Edge<'a> {
    proxy: &'a Proxy,
    place: Place,
    id: String,
    /// The distribution's own host.
    host: String,
    distribution: Distribution,
}

/// The policies of a behavior.
struct Policies {
    cache: CachePolicy,
    request: Selections,
    response: Option<Element>,
}

/// Whether one of the aliases is `host`, or a wildcard for its first label.
fn serves(aliases: &[String], host: &str) -> bool {
    let is_below = |base: &str| host.split_once('.').is_some_and(|(_, parent)| parent == base);
    aliases.iter().any(|alias| alias == host || alias.strip_prefix("*.").is_some_and(is_below))
}

/// Sends a request to a distribution, which serves its own host and its aliases by its behaviors.
pub(crate) async fn send(proxy: &Proxy, aws_host: &str, host: &str, mut request: Request) -> Result<Response, Error> {
    let Some(mut edge) = find(proxy, aws_host, host).await? else {
        return Ok(failure(502, &format!("{aws_host} has no address")));
    };
    if edge.distribution.staging {
        return Ok(failure(403, "Bad request. A staging distribution receives no requests of its own."));
    }
    edge.choose(&request).await?;
    let distribution = &edge.distribution;
    if !distribution.enabled || (host != edge.host && !serves(&distribution.aliases, host)) {
        return Ok(failure(403, "Bad request. We can't connect to the server for this app or website at this time."));
    }
    if header(&request, COUNTRY).is_some_and(|country| !distribution.serves(country)) {
        let message = "The Amazon CloudFront distribution is configured to block access from your country.";
        return Ok(marked(failure(403, message), "Error from cloudfront"));
    }
    let mut behavior = distribution.behavior(&request.path);
    if let Some(response) = over_http(&behavior, host, &request) {
        return Ok(response);
    }
    if !behavior.methods.iter().any(|method| method == request.method.as_str()) {
        let message = "This distribution is not configured to allow the HTTP request method.";
        return Ok(marked(failure(403, message), "Error from cloudfront"));
    }
    if let Some(response) = edge.viewer_request(&mut behavior, &mut request).await? {
        return Ok(marked(response, "FunctionGeneratedResponse from cloudfront"));
    }
    edge.respond(&behavior, host, request).await
}

/// The response to a request over HTTP, unless the behavior serves it.
fn over_http(behavior: &Behavior, host: &str, request: &Request) -> Option<Response> {
    if header(request, SCHEME) != Some("http") {
        return None;
    }
    match behavior.viewer_protocol.as_str() {
        "redirect-to-https" => {
            let mut response = failure(301, "Moved Permanently");
            let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
            set(&mut response.headers, LOCATION, &format!("https://{host}{}{query}", request.path));
            Some(marked(response, "Redirect from cloudfront"))
        }
        "https-only" => Some(marked(failure(403, "HTTPS is required."), "Error from cloudfront")),
        _ => None,
    }
}

impl Edge<'_> {
    /// The response of the cache or of an origin, with a custom response to an error.
    async fn respond(&self, behavior: &Behavior, host: &str, request: Request) -> Result<Response, Error> {
        let response = self.cached(behavior, host, request.clone()).await?;
        let Some(error) = self.distribution.error(response.status.as_u16()).filter(|error| !error.page.is_empty())
        else {
            return Ok(response);
        };
        let page = Request { method: Method::GET, path: error.page.clone(), query: String::new(), ..request };
        let behavior = self.distribution.behavior(&page.path);
        let mut response = self.cached(&behavior, host, page).await?;
        response.status = StatusCode::from_u16(error.replaced).unwrap_or(response.status);
        Ok(marked(response, "Error from cloudfront"))
    }

    async fn cached(&self, behavior: &Behavior, host: &str, request: Request) -> Result<Response, Error> {
        let policies = self.policies(behavior).await?;
        let can_cache = policies.cache.caches() && [Method::GET, Method::HEAD].contains(&request.method);
        let key = self.key(behavior, &policies.cache, host, &request);
        let now = self.proxy.timers.now();
        if can_cache && let Some((mut response, age)) = self.proxy.edge.get(&key, now) {
            set(&mut response.headers, http::header::AGE, &age.as_secs().to_string());
            let mark = if response.status.is_client_error() || response.status.is_server_error() {
                "Error from cloudfront"
            } else {
                "Hit from cloudfront"
            };
            return Ok(marked(response, mark));
        }
        let mut response = self.fetch(behavior, &policies, host, &request).await?;
        let status = response.status.as_u16();
        let time = if status < 400 {
            policies.cache.time_to_live(&response.headers)
        } else {
            let least = self.distribution.error(status).and_then(|error| error.seconds).map(Duration::from_secs);
            policies.cache.error_time_to_live(status, &response.headers, least.unwrap_or(ERROR_TTL))
        };
        if let Some(policy) = &policies.response {
            change_headers(&mut response.headers, policy);
        }
        if can_cache {
            self.proxy.edge.put(key, &response, now, time);
        }
        Ok(marked(response, if status < 400 { "Miss from cloudfront" } else { "Error from cloudfront" }))
    }

    /// The response of the first origin that does not fail over.
    async fn fetch(
        &self,
        behavior: &Behavior,
        policies: &Policies,
        host: &str,
        request: &Request,
    ) -> Result<Response, Error> {
        let (origins, codes) = self.distribution.origins_of(behavior);
        let mut last = failure(502, "The distribution has no origin for this.");
        for origin in origins {
            let forwarded = forwarded(policies, origin, request);
            let forwards_host = policies.cache.key.headers.has("host") || policies.request.headers.has("host");
            let origin_host = if forwards_host { host } else { &origin.host };
            last = match lambda::at_origin_request(self, behavior, origin, origin_host, forwarded).await? {
                Next::Send { name, host, request } => connect(self.proxy, &name, &host, request).await?,
                Next::Answer(response) => response,
            };
            if !model::fails_over(request.method.as_str(), last.status.as_u16(), &codes) {
                break;
            }
        }
        Ok(last)
    }

    async fn policies(&self, behavior: &Behavior) -> Result<Policies, Error> {
        let read = async |path: &str, id: &str, config: &str| {
            if id.is_empty() {
                return Ok(None);
            }
            let path = format!("/2020-05-31/{path}/{id}");
            let found = self.proxy.upstream.xml(&self.place, "cloudfront", Lookup::Get(&path)).await?;
            Ok::<_, Error>(found.and_then(|policy| policy.child(config).cloned()))
        };
        let cache = read("cache-policy", &behavior.cache_policy, "CachePolicyConfig").await?;
        let request =
            read("origin-request-policy", &behavior.origin_request_policy, "OriginRequestPolicyConfig").await?;
        let response =
            read("response-headers-policy", &behavior.response_headers_policy, "ResponseHeadersPolicyConfig").await?;
        Ok(Policies {
            cache: cache.as_ref().map(CachePolicy::read).unwrap_or_default(),
            request: request.as_ref().map(Selections::of_origin_request).unwrap_or_default(),
            response,
        })
    }

    /// The cache key: distribution, host, path, and what the cache policy selects.
    fn key(&self, behavior: &Behavior, policy: &CachePolicy, host: &str, request: &Request) -> Key {
        let mut parts = vec![behavior.pattern.clone(), request.method.to_string()];
        for (name, value) in &request.headers {
            if policy.key.headers.has(name.as_str()) {
                let value = if *name == HOST { host } else { value.to_str().unwrap_or_default() };
                parts.push(format!("{name}: {value}"));
            }
        }
        parts.extend(cookies(request).into_iter().filter(|cookie| policy.key.cookies.has(name_of(cookie))));
        parts.extend(query_strings(request).into_iter().filter(|part| policy.key.query_strings.has(name_of(part))));
        Key { distribution: self.id.clone(), path: request.path.clone(), rest: parts.join("\n") }
    }
}

fn cookies(request: &Request) -> Vec<String> {
    let all = request.headers.get(COOKIE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    all.split(';').map(|cookie| cookie.trim().to_owned()).filter(|cookie| !cookie.is_empty()).collect()
}

fn query_strings(request: &Request) -> Vec<String> {
    request.query.split('&').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn name_of(pair: &str) -> &str {
    pair.split_once('=').map_or(pair, |(name, _)| name)
}

/// The request that an origin receives: what the cache key and the origin request policy select, and the custom headers.
fn forwarded(policies: &Policies, origin: &Origin, request: &Request) -> Request {
    let (key, other) = (&policies.cache.key, &policies.request);
    // Headers of the tests themselves, and those of the body, are not the viewer's.
    let always = |name: &str| name.starts_with("x-test-") || name.starts_with("content-") || name == "host";
    let mut headers = HeaderMap::new();
    // CloudFront is the client of the origin, whose certificate the origin sees.
    if !origin.client_certificate.is_empty() {
        set(&mut headers, HeaderName::from_static(CLIENT_CERTIFICATE), "trusted");
    }
    for (name, value) in request.headers.iter().filter(|(name, _)| name.as_str() != CLIENT_CERTIFICATE) {
        let text = name.as_str();
        if always(text) || (*name != COOKIE && (key.headers.has(text) || other.headers.has(text))) {
            headers.append(name.clone(), value.clone());
        }
    }
    let cookies: Vec<String> = cookies(request)
        .into_iter()
        .filter(|cookie| key.cookies.has(name_of(cookie)) || other.cookies.has(name_of(cookie)))
        .collect();
    if !cookies.is_empty() {
        set(&mut headers, COOKIE, &cookies.join("; "));
    }
    if !headers.contains_key(USER_AGENT) {
        headers.insert(USER_AGENT, HeaderValue::from_static("Amazon CloudFront"));
    }
    for (name, value) in &origin.headers {
        if let Ok(name) = HeaderName::try_from(name.as_str()) {
            set(&mut headers, name, value);
        }
    }
    let query: Vec<String> = query_strings(request)
        .into_iter()
        .filter(|part| key.query_strings.has(name_of(part)) || other.query_strings.has(name_of(part)))
        .collect();
    let path = format!("{}{}", origin.path, request.path);
    Request { headers, path, query: query.join("&"), ..request.clone() }
}

/// Applies a response headers policy.
fn change_headers(headers: &mut HeaderMap, policy: &Element) {
    for header in policy.items_at(&["RemoveHeadersConfig", "Items"]) {
        headers.remove(header.text_at(&["Header"]).to_lowercase());
    }
    for header in policy.items_at(&["CustomHeadersConfig", "Items"]) {
        let Ok(name) = HeaderName::try_from(header.text_at(&["Header"]).to_lowercase()) else { continue };
        if header.text_at(&["Override"]) == "true" || !headers.contains_key(&name) {
            set(headers, name, header.text_at(&["Value"]));
        }
    }
}

fn marked(mut response: Response, x_cache: &'static str) -> Response {
    response.headers.insert(HeaderName::from_static("x-cache"), HeaderValue::from_static(x_cache));
    response
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// A distribution in the list of its account.
struct Listed {
    place: Place,
    id: String,
    /// The distribution's own host.
    host: String,
    aliases: Vec<String>,
    http_version: String,
}

/// The distributions of all accounts.
async fn all(proxy: &Proxy) -> Result<Vec<Listed>, Error> {
    let mut all = Vec::new();
    for place in accounts(proxy) {
        let list = proxy.upstream.xml(&place, "cloudfront", Lookup::Get("/2020-05-31/distribution")).await?;
        let list = list.unwrap_or_default();
        all.extend(list.items_at(&["Items"]).iter().map(|item| Listed {
            place: place.clone(),
            id: item.text_at(&["Id"]).to_owned(),
            host: item.text_at(&["DomainName"]).to_owned(),
            aliases: texts(item, &["Aliases", "Items"]).iter().map(|alias| alias.to_lowercase()).collect(),
            http_version: item.text_at(&["HttpVersion"]).to_owned(),
        }));
    }
    Ok(all)
}

/// The distribution that answers a request for `host` at the address of `aws_host`. Every edge location serves all
/// distributions, so that the host decides: also the address of a distribution that has lost the name leads to the one that
/// has it.
async fn find<'a>(proxy: &'a Proxy, aws_host: &str, host: &str) -> Result<Option<Edge<'a>>, Error> {
    let all = all(proxy).await?;
    let Some(at) = all.iter().find(|one| one.host == aws_host) else { return Ok(None) };
    let exact = all.iter().find(|one| one.host == host || one.aliases.iter().any(|alias| alias == host));
    let found = exact.or_else(|| all.iter().find(|one| serves(&one.aliases, host))).unwrap_or(at);
    let path = format!("/2020-05-31/distribution/{}/config", found.id);
    let config = proxy.upstream.xml(&found.place, "cloudfront", Lookup::Get(&path)).await?;
    Ok(config.map(|config| Edge {
        proxy,
        place: found.place.clone(),
        id: found.id.clone(),
        host: found.host.clone(),
        distribution: Distribution::read(&config),
    }))
}

/// The versions of HTTP in the HTTPS record of a distribution, as protocol ids of ALPN; none for one with HTTP/1.1 only.
pub(crate) async fn http_versions(proxy: &Proxy, aws_host: &str) -> Vec<String> {
    let all = all(proxy).await.unwrap_or_default();
    let found = all.iter().find(|one| one.host == aws_host);
    let versions: &[&str] = match found.map(|one| one.http_version.as_str()) {
        Some("http2and3") => &["h2", "h3"],
        Some("http2") => &["h2"],
        Some("http3") => &["h3"],
        _ => &[],
    };
    versions.iter().map(|version| (*version).to_owned()).collect()
}
