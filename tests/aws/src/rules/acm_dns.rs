//! What ACM sees of the account's hosted zones: validation records and CAA records. Like resolvers, it sees nothing below a
//! delegation to the name servers of another zone.

use super::Context;
use crate::dns;
use crate::error::Error;
use crate::message::encode;
use crate::records::absolute;
use crate::upstream::{Lookup, Place};
use crate::xml::Element;

/// The domains by which a CAA record allows Amazon to issue certificates.
///
/// # Source
/// AWS Certificate Manager User Guide, "(Optional) Configure a CAA record".
const AMAZON: [&str; 4] = ["amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"];

/// Whether a public zone of the account contains this CNAME, and resolvers see it there.
pub(super) async fn has_record(context: &Context<'_>, place: &Place, name: &str, value: &str) -> Result<bool, Error> {
    for zone in zones(context, place, name).await? {
        let records = at(context, place, &zone, name).await?;
        let has_value = |record: &Element| values(record).any(|held| absolute(held) == absolute(value));
        if records.iter().any(|record| record.text_at(&["Type"]) == "CNAME" && has_value(record)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the CAA record of the nearest ancestor of `name` forbids Amazon to issue a certificate for it.
///
/// # Source
/// RFC 8659.
pub(super) async fn is_forbidden(context: &Context<'_>, place: &Place, name: &str) -> Result<bool, Error> {
    let (is_wildcard, name) = (name.starts_with("*."), absolute(name.trim_start_matches("*.")));
    for zone in zones(context, place, &name).await? {
        for ancestor in ancestors(&name, &zone.name) {
            let records = at(context, place, &zone, &ancestor).await?;
            let Some(record) = records.iter().find(|record| record.text_at(&["Type"]) == "CAA") else { continue };
            let issuers = |tag: &str| -> Option<Vec<String>> {
                let tagged = values(record).filter_map(|value| value.split_once(' ')?.1.strip_prefix(tag));
                let all: Vec<String> = tagged.map(|value| value.trim().trim_matches('"').to_owned()).collect();
                (!all.is_empty()).then_some(all)
            };
            let wildcard = issuers("issuewild ").filter(|_| is_wildcard);
            let Some(issuers) = wildcard.or_else(|| issuers("issue ")) else { return Ok(false) };
            return Ok(!issuers.iter().any(|issuer| AMAZON.iter().any(|amazon| issuer.starts_with(amazon))));
        }
    }
    Ok(false)
}

/// A hosted zone.
struct Zone {
    id: String,
    name: String,
}

/// The public zones of the account that contain `name` and do not delegate it to other name servers.
async fn zones(context: &Context<'_>, place: &Place, name: &str) -> Result<Vec<Zone>, Error> {
    let all = context.proxy.upstream.xml(&place.global(), "route53", Lookup::Get("/2013-04-01/hostedzone")).await?;
    let mut zones = Vec::new();
    for zone in all.iter().flat_map(|all| all.items_at(&["HostedZones"])).filter(|zone| !dns::is_private(zone)) {
        let id = zone.text_at(&["Id"]).trim_start_matches("/hostedzone/").to_owned();
        let zone = Zone { id, name: absolute(zone.text_at(&["Name"])) };
        if is_within(name, &zone.name) && !is_delegated(context, place, &zone, name).await? {
            zones.push(zone);
        }
    }
    Ok(zones)
}

fn is_within(name: &str, zone: &str) -> bool {
    format!(".{}", absolute(name)).ends_with(&format!(".{zone}"))
}

async fn is_delegated(context: &Context<'_>, place: &Place, zone: &Zone, name: &str) -> Result<bool, Error> {
    for ancestor in ancestors(name, &zone.name).into_iter().filter(|ancestor| *ancestor != zone.name) {
        let records = at(context, place, zone, &ancestor).await?;
        if records.iter().any(|record| record.text_at(&["Type"]) == "NS") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `name` and its parents up to the name of the zone.
fn ancestors(name: &str, zone: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut next = Some(absolute(name));
    while let Some(name) = next.filter(|name| is_within(name, zone)) {
        next = name.split_once('.').map(|(_, parent)| parent.to_owned());
        all.push(name);
    }
    all
}

/// The record sets of exactly this name.
async fn at(context: &Context<'_>, place: &Place, zone: &Zone, name: &str) -> Result<Vec<Element>, Error> {
    let path = format!("/2013-04-01/hostedzone/{}/rrset?name={}", zone.id, encode(name));
    let page = context.proxy.upstream.xml(&place.global(), "route53", Lookup::Get(&path)).await?;
    let sets = page.iter().flat_map(|page| page.items_at(&["ResourceRecordSets"]));
    Ok(sets.filter(|set| absolute(set.text_at(&["Name"])) == absolute(name)).cloned().collect())
}

fn values(record: &Element) -> impl Iterator<Item = &str> {
    record.items_at(&["ResourceRecords"]).iter().map(|item| item.text_at(&["Value"]))
}
