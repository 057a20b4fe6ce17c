//! Answers of Route 53 to clients: the records of a zone, and the state of health checks.
//!
//! The header `x-test-region` names the region that the client is near; the default is us-east-1. `x-test-location` names its
//! country or state (`DE`, `US-WA`); the default is that of the region. `x-test-address` is its IP address, for IP-based
//! routing. With `x-test-network: vpc` it is in a VPC that is associated with the account's private hosted zones.
//!
//! [`server`] answers the same over DNS, for clients that resolve names themselves.

pub(crate) mod checkers;
mod endpoint;
mod response;
pub(crate) mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;

use crate::error::Error;
use crate::geography::Location;
use crate::message::{Request, encode};
use crate::model::{self, Block, Choice, Client};
use crate::proxy::Proxy;
use crate::records::{Policy, Record, Target, absolute};
use crate::upstream::{Lookup, Place, Upstream};
use crate::xml::Element;

/// The region of the client.
pub(crate) const CLIENT_REGION: &str = "x-test-region";
/// The country or state of the client.
const CLIENT_LOCATION: &str = "x-test-location";
/// The address of the client.
const CLIENT_ADDRESS: &str = "x-test-address";
/// The network of the client.
const CLIENT_NETWORK: &str = "x-test-network";
/// The headers that describe the client to the model, and that no API receives.
pub(crate) const CLIENT_HEADERS: [&str; 5] =
    [CLIENT_REGION, CLIENT_LOCATION, CLIENT_ADDRESS, CLIENT_NETWORK, CLIENT_CERTIFICATE];
/// The certificate that the client presents: `trusted`, or of an unknown authority.
pub(crate) const CLIENT_CERTIFICATE: &str = "x-test-client-certificate";

/// Calculated health checks of more levels are loops.
const MAX_LEVELS: usize = 8;

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl Client {
    /// The client that sent a request.
    pub(crate) fn of(request: &Request) -> Self {
        let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
        let near = Self::near(header(CLIENT_REGION).unwrap_or("us-east-1"));
        let location = header(CLIENT_LOCATION).map_or(near.location, Location::of_client);
        let address = header(CLIENT_ADDRESS).and_then(|address| address.parse().ok());
        Self { region: near.region, location, address, in_vpc: header(CLIENT_NETWORK) == Some("vpc") }
    }
}

/// The host that a name of the account leads to, for a client; `None` when the account has no such name.
pub(crate) async fn answer(proxy: &Proxy, place: &Place, name: &str, client: &Client) -> Result<Option<String>, Error> {
    let target = target(proxy, place, name, &["A", "AAAA", "CNAME"], client).await?;
    Ok(target.map(|target| match target {
        Target::Alias { host, .. } => host,
        Target::Values(values) => value(&values),
    }))
}

/// The value of the CNAME record that Route 53 answers with. Route 53 follows aliases itself.
pub(crate) async fn cname(proxy: &Proxy, place: &Place, name: &str, client: &Client) -> Result<Option<String>, Error> {
    let mut name = name.to_owned();
    for _ in 0..MAX_LEVELS {
        match target(proxy, place, &name, &["CNAME"], client).await? {
            Some(Target::Alias { host, .. }) => name = host,
            Some(Target::Values(values)) => return Ok(Some(value(&values))),
            None => return Ok(None),
        }
    }
    Ok(None)
}

/// The values of the TXT records of a name.
pub(crate) async fn texts(proxy: &Proxy, place: &Place, name: &str) -> Result<Vec<String>, Error> {
    let client = Client::near("us-east-1");
    Ok(match target(proxy, place, name, &["TXT"], &client).await? {
        Some(Target::Values(values)) => values,
        _ => Vec::new(),
    })
}

fn value(values: &[String]) -> String {
    values.first().map(|value| value.trim_end_matches('.').to_owned()).unwrap_or_default()
}

/// What the record leads to that Route 53 answers with, of the first of `kinds` that the name has.
async fn target(
    proxy: &Proxy,
    place: &Place,
    name: &str,
    kinds: &[&str],
    client: &Client,
) -> Result<Option<Target>, Error> {
    let Some(zone) = HostedZone::find(proxy, place, name, client.in_vpc).await? else { return Ok(None) };
    Ok(kinds.iter().find_map(|kind| {
        let mut choices = zone.choices(name, kind, client);
        choices.sort_by(|a, b| b.share.total_cmp(&a.share));
        choices.first().map(|choice| choice.record.target.clone())
    }))
}

/// A hosted zone at one moment, with what Route 53 needs to answer queries for one name.
pub(crate) struct HostedZone {
    /// The name of the zone, with a trailing dot.
    name: String,
    records: Vec<Record>,
    blocks: Vec<Block>,
    /// The health checks of the records, by id.
    healthy: BTreeMap<String, bool>,
}

impl HostedZone {
    /// The account's most specific zone for `name`, as clients in a VPC or others see it.
    pub(crate) async fn find(proxy: &Proxy, place: &Place, name: &str, in_vpc: bool) -> Result<Option<Self>, Error> {
        let Some((zone, records)) = records_of_zone(proxy, place, name, in_vpc).await? else { return Ok(None) };
        let owner = owner_of(&records, &zone, name);
        let involved = owner.map(|owner| involved(&records, &owner)).unwrap_or_default();
        let mut healthy = BTreeMap::new();
        for check in involved.iter().filter_map(|record| record.health_check.as_deref()) {
            if !healthy.contains_key(check) {
                healthy.insert(check.to_owned(), is_check_healthy(proxy, place, check, 0).await?);
            }
        }
        let blocks = blocks(proxy, place, &involved).await?;
        Ok(Some(Self { name: zone, records, blocks, healthy }))
    }

    /// The records that Route 53 answers with, and their shares.
    fn choices(&self, name: &str, kind: &str, client: &Client) -> Vec<Choice<'_>> {
        let is_healthy = |check: &str| self.healthy.get(check).copied().unwrap_or(true);
        let zone = model::Zone { records: &self.records, blocks: &self.blocks, is_healthy: &is_healthy };
        let owner = owner_of(&self.records, &self.name, name);
        owner.map(|owner| model::dns_answer(&zone, &owner, kind, client)).unwrap_or_default()
    }

    /// Whether the zone has the name, itself or by a wildcard.
    fn has(&self, name: &str) -> bool {
        owner_of(&self.records, &self.name, name).is_some()
    }
}

/// The name of the records that answer for `name`: itself, or a wildcard; `None` when the zone has no such name.
///
/// Source: RFC 4592; Route 53 Developer Guide, "DNS domain name format".
fn owner_of(records: &[Record], zone: &str, name: &str) -> Option<String> {
    let exists =
        |name: &str| records.iter().any(|record| record.name == name || record.name.ends_with(&format!(".{name}")));
    let name = absolute(name);
    if exists(&name) {
        return Some(name);
    }
    // Only a wildcard of the closest name that exists counts.
    let mut parent = name.as_str();
    while parent != zone {
        parent = parent.split_once('.')?.1;
        if exists(parent) {
            let wildcard = format!("*.{parent}");
            return records.iter().any(|record| record.name == wildcard).then_some(wildcard);
        }
    }
    None
}

/// The records of a name, and of the names of the same zone that its aliases lead to.
fn involved<'a>(records: &'a [Record], name: &str) -> Vec<&'a Record> {
    let (mut open, mut seen, mut found) = (vec![absolute(name)], BTreeSet::new(), Vec::new());
    while let Some(name) = open.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        for record in records.iter().filter(|record| record.name == name) {
            found.push(record);
            if let Target::Alias { host, .. } = &record.target {
                open.push(absolute(host));
            }
        }
    }
    found
}

/// The blocks of the CIDR collections that records refer to.
async fn blocks(proxy: &Proxy, place: &Place, records: &[&Record]) -> Result<Vec<Block>, Error> {
    let collections: BTreeSet<&String> = records
        .iter()
        .filter_map(|record| match &record.policy {
            Policy::IpBased(collection, _) => Some(collection),
            _ => None,
        })
        .collect();
    let mut blocks = Vec::new();
    for collection in collections {
        blocks.extend(blocks_of(&proxy.upstream, place, collection).await?.into_iter().flatten());
    }
    Ok(blocks)
}

/// The blocks of a CIDR collection; `None` when it does not exist.
pub(crate) async fn blocks_of(upstream: &Upstream, place: &Place, id: &str) -> Result<Option<Vec<Block>>, Error> {
    let path = format!("/2013-04-01/cidrcollection/{}/cidrblocks", encode(id));
    let Some(page) = upstream.xml(place, "route53", Lookup::Get(&path)).await? else { return Ok(None) };
    let block = |item: &Element| Block {
        collection: id.to_owned(),
        location: item.text_at(&["LocationName"]).to_owned(),
        cidr: item.text_at(&["CidrBlock"]).to_owned(),
    };
    Ok(Some(page.items_at(&["CidrBlocks"]).iter().map(block).collect()))
}

/// The account's most specific zone for `name`, and its records. Clients in a VPC use the private zone of a name, others none.
async fn records_of_zone(
    proxy: &Proxy,
    place: &Place,
    name: &str,
    in_vpc: bool,
) -> Result<Option<(String, Vec<Record>)>, Error> {
    let zones = proxy.upstream.xml(place, "route53", Lookup::Get("/2013-04-01/hostedzone")).await?.unwrap_or_default();
    let name = absolute(name);
    let is_in = |zone: &&Element| format!(".{name}").ends_with(&format!(".{}", zone.text_at(&["Name"])));
    let zones = zones.items_at(&["HostedZones"]).iter().filter(is_in);
    let zones = zones.filter(|zone| in_vpc || !is_private(zone));
    let zone = zones.max_by_key(|zone| (zone.text_at(&["Name"]).len(), is_private(zone)));
    let Some(zone) = zone else { return Ok(None) };
    let id = zone.text_at(&["Id"]).trim_start_matches("/hostedzone/");
    Ok(Some((zone.text_at(&["Name"]).to_owned(), records(&proxy.upstream, place, id).await?)))
}

/// Whether a zone is private.
pub(crate) fn is_private(zone: &Element) -> bool {
    zone.text_at(&["Config", "PrivateZone"]) == "true"
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

/// Whether a health check is healthy now. `level` counts the calculated health checks that led here.
pub(crate) fn is_check_healthy<'a>(
    proxy: &'a Proxy,
    place: &'a Place,
    id: &'a str,
    level: usize,
) -> BoxFuture<'a, Result<bool, Error>> {
    Box::pin(async move {
        let path = format!("/2013-04-01/healthcheck/{id}");
        let check = proxy.upstream.xml(place, "route53", Lookup::Get(&path)).await?;
        // A deleted health check keeps its last status, which is not stored here; treat it as healthy.
        let Some(check) = check else { return Ok(true) };
        let Some(config) = check.at(&["HealthCheck", "HealthCheckConfig"]) else { return Ok(true) };
        is_healthy(proxy, place, (id, config), level).await
    })
}

async fn is_healthy(proxy: &Proxy, place: &Place, (id, config): (&str, &Element), level: usize) -> Result<bool, Error> {
    let is_true = |name: &str| config.text_at(&[name]).eq_ignore_ascii_case("true");
    // Route 53 considers a disabled health check healthy, and inverts this, too.
    let status = is_true("Disabled")
        || match config.text_at(&["Type"]) {
            "CALCULATED" => calculated(proxy, place, config, level).await?,
            "CLOUDWATCH_METRIC" => alarm(proxy, place, config),
            "RECOVERY_CONTROL" => {
                proxy.remembered(&routing_control_key(config.text_at(&["RoutingControlArn"]))).as_deref() == Some("On")
            }
            _ => match proxy.checkers.status(id) {
                Some(healthy) => healthy,
                None => endpoint::is_healthy(proxy, config).await,
            },
        };
    Ok(status != is_true("Inverted"))
}

async fn calculated(proxy: &Proxy, place: &Place, config: &Element, level: usize) -> Result<bool, Error> {
    if level == MAX_LEVELS {
        return Ok(false);
    }
    let mut healthy = 0;
    for child in config.items_at(&["ChildHealthChecks"]) {
        healthy += usize::from(is_check_healthy(proxy, place, &child.text, level + 1).await?);
    }
    let threshold: usize = config.text_at(&["HealthThreshold"]).parse().unwrap_or_default();
    Ok(healthy >= threshold)
}

/// Whether the state of an alarm means healthy.
fn alarm(proxy: &Proxy, place: &Place, config: &Element) -> bool {
    let text = |name: &str| config.text_at(&["AlarmIdentifier", name]);
    let key = alarm_key(&place.account, text("Region"), text("Name"));
    match proxy.remembered(&key).as_deref() {
        Some("OK") => true,
        Some("ALARM") => false,
        _ => match config.text_at(&["InsufficientDataHealthStatus"]) {
            "Healthy" => true,
            "Unhealthy" => false,
            _ => proxy.remembered(&format!("{key}/last")).as_deref() != Some("ALARM"),
        },
    }
}

/// Stores the state of a CloudWatch alarm: `OK`, `ALARM` or `INSUFFICIENT_DATA`.
pub(crate) fn set_alarm(proxy: &Proxy, region: &str, name: &str, state: &str) {
    let key = alarm_key(&proxy.options.account, region, name);
    if state != "INSUFFICIENT_DATA" {
        proxy.remember(format!("{key}/last"), state);
    }
    proxy.remember(key, state);
}

/// Switches an ARC routing control. It is off at first.
pub(crate) fn set_routing_control(proxy: &Proxy, arn: &str, on: bool) {
    proxy.remember(routing_control_key(arn), if on { "On" } else { "Off" });
}

fn alarm_key(account: &str, region: &str, name: &str) -> String {
    format!("alarm/{account}/{region}/{name}")
}

fn routing_control_key(arn: &str) -> String {
    format!("routing control/{arn}")
}
