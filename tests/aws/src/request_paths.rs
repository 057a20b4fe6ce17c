//! Every path that a client's request can take, for any client in any place. No operation may leave one of them without
//! a working target.

use std::collections::BTreeMap;

use crate::data_plane::{accounts, connect};
use crate::distribution::Distribution;
use crate::dns::{CLIENT_CERTIFICATE, records};
use crate::edge::staging;
use crate::error::Error;
use crate::message::{Request, Response};
use crate::proxy::Proxy;
use crate::records::Target;
use crate::upstream::{Lookup, Place};

/// A name that clients request, and one of the hosts that may serve it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestPath {
    /// The requested name.
    pub name: String,
    /// The host that the name leads to.
    pub target: String,
    /// The `Host` header that the target receives.
    pub host: String,
    /// The path that precedes the requested one: the path of an origin of CloudFront.
    pub prefix: String,
    /// What routes the request.
    pub by: RoutedBy,
}

/// What routes a request to its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RoutedBy {
    /// A DNS record: resolvers cache its answer.
    Record,
    /// A CloudFront distribution: its edges use the previous configuration until the next one is deployed.
    Distribution,
}

/// All request paths of all accounts.
pub(crate) async fn all(proxy: &Proxy) -> Result<Vec<RequestPath>, Error> {
    let mut request_paths = Vec::new();
    for place in accounts(proxy) {
        let zones =
            proxy.upstream.xml(&place, "route53", Lookup::Get("/2013-04-01/hostedzone")).await?.unwrap_or_default();
        for zone in zones.items_at(&["HostedZones"]) {
            let id = zone.text_at(&["Id"]).trim_start_matches("/hostedzone/");
            for record in records(&proxy.upstream, &place, id).await? {
                // Only alias records route traffic; the others are validation records.
                let Target::Alias { host: target, .. } = record.target else { continue };
                let name = record.name.trim_end_matches('.').to_owned();
                let (host, prefix) = (name.clone(), String::new());
                request_paths.push(RequestPath { name, target, host, prefix, by: RoutedBy::Record });
            }
        }
        request_paths.extend(of_distributions(proxy, &place).await?);
    }
    request_paths.sort();
    request_paths.dedup();
    Ok(request_paths)
}

/// The paths of requests to distributions. A staging distribution receives them by the name of its primary distribution.
async fn of_distributions(proxy: &Proxy, place: &Place) -> Result<Vec<RequestPath>, Error> {
    let get = async |path: &str| {
        let path = format!("/2020-05-31/{path}");
        Ok::<_, Error>(proxy.upstream.xml(place, "cloudfront", Lookup::Get(&path)).await?.unwrap_or_default())
    };
    let mut all = BTreeMap::new();
    for item in get("distribution").await?.items_at(&["Items"]) {
        let config = get(&format!("distribution/{}/config", item.text_at(&["Id"]))).await?;
        all.insert(item.text_at(&["DomainName"]).to_owned(), Distribution::read(&config));
    }
    let mut request_paths = Vec::new();
    for (name, primary) in all.iter().filter(|(_, distribution)| distribution.enabled && !distribution.staging) {
        let mut serving = vec![primary];
        if !primary.continuous_deployment_policy.is_empty() {
            let policy = get(&format!("continuous-deployment-policy/{}", primary.continuous_deployment_policy)).await?;
            serving.extend(staging::of_policy(&policy).and_then(|staging| all.get(staging)));
        }
        request_paths.extend(serving.into_iter().flat_map(Distribution::requested_origins).map(|origin| RequestPath {
            name: name.clone(),
            target: origin.host.clone(),
            host: origin.host.clone(),
            prefix: origin.path.clone(),
            by: RoutedBy::Distribution,
        }));
    }
    Ok(request_paths)
}

/// Sends a request for `path` of `host` to `target`, from a client near `region`, which may have a certificate that every trust
/// store contains.
pub(crate) async fn send(
    proxy: &Proxy,
    (target, host): (&str, &str),
    path: &str,
    region: &str,
    has_certificate: bool,
) -> Result<Response, Error> {
    let mut headers = http::HeaderMap::new();
    let certificate = has_certificate.then_some((CLIENT_CERTIFICATE, "trusted"));
    for (name, value) in [("host", host), ("x-test-region", region)].into_iter().chain(certificate) {
        if let Ok(value) = http::HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    let request = Request {
        method: http::Method::GET,
        path: path.to_owned(),
        query: String::new(),
        headers,
        body: bytes::Bytes::new(),
    };
    connect(proxy, target, host, request).await
}
