//! CIDR collections: records that refer to missing locations, and changes of locations that records use.
//!
//! Source: AWS, Route 53 API reference, ChangeCidrCollection and DeleteCidrCollection.

use std::collections::BTreeSet;

use super::batch::Change;
use super::route53::{get_xml, records};
use super::{Context, Verdict};
use crate::dns;
use crate::error::Error;
use crate::records::Policy;

/// The errors of changed records that refer to a missing collection or location. The default location always exists.
pub(super) async fn violations(context: &Context<'_>, changes: &[Change]) -> Result<Vec<String>, Error> {
    let mut errors = Vec::new();
    for change in changes.iter().filter(|change| change.action != "DELETE") {
        let Policy::IpBased(collection, location) = &change.record.policy else { continue };
        match dns::blocks_of(&context.proxy.upstream, &context.place, collection).await? {
            None => errors.push(format!("The CIDR collection {collection} does not exist")),
            Some(blocks) if location != "*" && !blocks.iter().any(|block| block.location == *location) => {
                errors.push(format!("The CIDR collection {collection} has no location {location}"));
            }
            Some(_) => {}
        }
    }
    Ok(errors)
}

/// A collection that records use cannot be deleted.
pub(super) async fn delete(context: &Context<'_>) -> Verdict {
    if locations_in_use(context, context.name(0)).await?.is_empty() {
        return Ok(None);
    }
    context.refuse(400, "CidrCollectionInUseException", "This CIDR collection is in use, and isn't empty.")
}

/// A location that records use keeps at least one block.
pub(super) async fn change(context: &Context<'_>) -> Verdict {
    let used = locations_in_use(context, context.name(0)).await?;
    let blocks = dns::blocks_of(&context.proxy.upstream, &context.place, context.name(0)).await?.unwrap_or_default();
    let mut left: BTreeSet<(String, String)> = blocks.into_iter().map(|block| (block.location, block.cidr)).collect();
    for change in context.request.xml().items_at(&["Changes"]) {
        let location = change.text_at(&["LocationName"]);
        for cidr in change.items_at(&["CidrList"]) {
            let block = (location.to_owned(), cidr.text.clone());
            let _ = if change.text_at(&["Action"]) == "PUT" { left.insert(block) } else { left.remove(&block) };
        }
    }
    match used.iter().find(|location| *location != "*" && !left.iter().any(|(other, _)| other == *location)) {
        Some(location) => context.refuse(
            400,
            "CidrBlockInUseException",
            format!("The last CIDR block of the location {location} is in use by a resource record set."),
        ),
        None => Ok(None),
    }
}

/// The locations of a collection that records of the account use.
async fn locations_in_use(context: &Context<'_>, collection: &str) -> Result<BTreeSet<String>, Error> {
    let zones = get_xml(context, "/2013-04-01/hostedzone").await?.unwrap_or_default();
    let mut used = BTreeSet::new();
    for zone in zones.items_at(&["HostedZones"]) {
        for record in records(context, zone.text_at(&["Id"]).trim_start_matches("/hostedzone/")).await? {
            if let Policy::IpBased(its, location) = record.policy
                && its == collection
            {
                used.insert(location);
            }
        }
    }
    Ok(used)
}
