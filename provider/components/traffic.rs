//! Reads the records, health checks and distributions that route the clients of a name to regions.

use std::collections::BTreeSet;

use crate::aws::{CallError, Region};
use crate::components::cloudfront::routing as cloudfront;
use crate::components::route53::routing as route53;
use crate::traffic::{Assumptions, CheckKind, Model, Record, Routing, Target, World, Zone, is_within, normal};

/// The IAM actions of [`world`].
pub const ACTIONS: &[&str] = &[
    "cloudfront:GetDistribution",
    "cloudfront:ListDistributions",
    "route53:GetHealthCheck",
    "route53:ListCidrBlocks",
    "route53:ListHostedZones",
    "route53:ListResourceRecordSets",
];

/// Everything to which `host` leads: the public hosted zones and distributions on the way, the health checks of the
/// records, and the blocks of IP addresses. Other zones and distributions of the account are left out.
///
/// # Errors
/// The error of a call.
pub async fn world(aws: &Region, host: &str) -> Result<World, CallError> {
    let zones = route53::zones(aws).await?;
    let mut world = World::default();
    let (mut open, mut seen) = (vec![normal(host)], BTreeSet::new());
    while let Some(name) = open.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        if name.ends_with(CLOUDFRONT) {
            let found = cloudfront::by_domain_name(aws, &name).await?;
            open.extend(found.iter().flat_map(|distribution| distribution.origins.values().cloned()));
            world.distributions.extend(found);
            continue;
        }
        let within = zones.iter().map(|(_, zone)| zone).filter(|zone| is_within(&name, zone));
        let Some(zone) = within.max_by_key(|zone| zone.len()) else { continue };
        if !world.zones.iter().any(|read| read.name == *zone) {
            let ids = zones.iter().filter(|(_, other)| other == zone).map(|(id, _)| id.as_str());
            world.zones.extend(zone_with(aws, ids, zone, &name).await?);
        }
        let records: Vec<Record> = Model::new(&world, &Assumptions::default()).records(&name).cloned().collect();
        for record in records {
            if let Target::Alias { host, .. } | Target::Cname(host) = &record.target {
                open.push(host.clone());
            }
            blocks(aws, &mut world, &record).await?;
            open.extend(checks(aws, &mut world, &record).await?);
        }
    }
    Ok(world)
}

/// The end of the domain names that CloudFront assigns.
const CLOUDFRONT: &str = ".cloudfront.net";

/// The hosted zone of this name that contains records of `owner`, or else the first one: Route 53 allows several of a name.
async fn zone_with<'a>(
    aws: &Region,
    ids: impl Iterator<Item = &'a str>,
    name: &str,
    owner: &str,
) -> Result<Option<Zone>, CallError> {
    let mut first = None;
    for id in ids {
        let world = World { zones: vec![route53::zone(aws, id, name).await?], ..World::default() };
        let has_records = Model::new(&world, &Assumptions::default()).has(owner);
        let read = world.zones.into_iter().next();
        if has_records {
            return Ok(read);
        }
        first = first.or(read);
    }
    Ok(first)
}

/// Reads the blocks to which a record refers.
async fn blocks(aws: &Region, world: &mut World, record: &Record) -> Result<(), CallError> {
    let Routing::IpBased { collection, .. } = &record.routing else { return Ok(()) };
    if !world.blocks.iter().any(|block| block.collection == *collection) {
        world.blocks.extend(route53::blocks(aws, collection).await?);
    }
    Ok(())
}

/// Reads the health check of a record and its child health checks. Returns the host names of their endpoints.
async fn checks(aws: &Region, world: &mut World, record: &Record) -> Result<Vec<String>, CallError> {
    let (mut hosts, mut open) = (Vec::new(), Vec::from_iter(record.health_check.clone()));
    while let Some(id) = open.pop() {
        if world.checks.contains_key(&id) {
            continue;
        }
        let Some(check) = route53::check(aws, &id).await? else { continue };
        match &check.kind {
            CheckKind::Endpoint(host) => hosts.extend(host.clone()),
            CheckKind::Calculated { children, .. } => open.extend(children.iter().cloned()),
            CheckKind::Alarm { .. } | CheckKind::RoutingControl => {}
        }
        world.checks.insert(id, check);
    }
    Ok(hosts)
}
