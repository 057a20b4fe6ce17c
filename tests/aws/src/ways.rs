//! Every way on which a user's request may go, whoever asks and from wherever: what no operation may leave without an
//! answer.

use crate::data_plane::{accounts, connect, records};
use crate::distribution::Distribution;
use crate::error::Error;
use crate::message::{Answer, Request};
use crate::proxy::Proxy;
use crate::records::Target;
use crate::upstream::Ask;

/// A name that users ask for, and one of the hosts that may be asked in its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    /// What users ask for.
    pub name: String,
    /// Where that leads.
    pub target: String,
    /// The host that the target is asked for.
    pub host: String,
    /// Who sends them there.
    pub by: Guide,
}

/// Who tells users, or their requests, where to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guide {
    /// A record: resolvers keep its answer for a while.
    Record,
    /// A distribution: its edges keep its configuration until the next one is deployed.
    Distribution,
}

/// All ways of all accounts.
pub(crate) async fn all(proxy: &Proxy) -> Result<Vec<Way>, Error> {
    let mut ways = Vec::new();
    for place in accounts(proxy) {
        let zones =
            proxy.upstream.xml(&place, "route53", Ask::Get("/2013-04-01/hostedzone")).await?.unwrap_or_default();
        for zone in zones.items_at(&["HostedZones"]) {
            let id = zone.text_at(&["Id"]).trim_start_matches("/hostedzone/");
            for record in records(&proxy.upstream, &place, id).await? {
                // Only an alias leads users anywhere; the others prove something.
                let Target::Alias { host: target, .. } = record.target else { continue };
                let name = record.name.trim_end_matches('.').to_owned();
                ways.push(Way { host: name.clone(), name, target, by: Guide::Record });
            }
        }
        let all =
            proxy.upstream.xml(&place, "cloudfront", Ask::Get("/2020-05-31/distribution")).await?.unwrap_or_default();
        for item in all.items_at(&["Items"]) {
            let path = format!("/2020-05-31/distribution/{}/config", item.text_at(&["Id"]));
            let Some(config) = proxy.upstream.xml(&place, "cloudfront", Ask::Get(&path)).await? else { continue };
            let distribution = Distribution::read(&config);
            if !distribution.enabled {
                continue;
            }
            let name = item.text_at(&["DomainName"]).to_owned();
            ways.extend(distribution.hosts().map(|host| Way {
                name: name.clone(),
                target: host.to_owned(),
                host: host.to_owned(),
                by: Guide::Distribution,
            }));
        }
    }
    ways.sort();
    ways.dedup();
    Ok(ways)
}

/// Asks `target` for `path` in the name of `host`, as somebody near `region`.
pub(crate) async fn ask(proxy: &Proxy, target: &str, host: &str, path: &str, region: &str) -> Result<Answer, Error> {
    let mut headers = http::HeaderMap::new();
    for (name, value) in [("host", host), ("x-test-region", region)] {
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
