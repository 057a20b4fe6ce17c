//! What Route 53 reports about records and health checks, in the form of the routing model.

use aws_sdk_route53::types::{
    GeoLocation, GeoProximityLocation, HealthCheckConfig, HealthCheckType, InsufficientDataHealthStatus,
    ResourceRecordSet, ResourceRecordSetFailover, RrType,
};

use crate::aws::{CallError, Region};
use crate::components::route53::{checks, cidr_location, dns};
use crate::traffic::{Block, Check, CheckKind, Place, Record, Routing, Spot, Target, Zone};

/// The ids and names of the public hosted zones.
pub(crate) async fn zones(aws: &Region) -> Result<Vec<(String, String)>, CallError> {
    let zones = dns::zones(aws).await?.into_iter().filter(|zone| !dns::is_private(zone));
    Ok(zones.map(|zone| (dns::zone_id(&zone.id).to_owned(), dns::normal(&zone.name))).collect())
}

/// A hosted zone with all of its records.
pub(crate) async fn zone(aws: &Region, id: &str, name: &str) -> Result<Zone, CallError> {
    let mut records = Vec::new();
    let mut next: (Option<String>, Option<RrType>, Option<String>) = (None, None, None);
    loop {
        let request = || {
            let request = aws.route53().list_resource_record_sets().hosted_zone_id(id).max_items(dns::LARGEST_PAGE);
            let request = request.set_start_record_name(next.0.clone()).set_start_record_type(next.1.clone());
            request.set_start_record_identifier(next.2.clone()).send()
        };
        let page = aws.call("route53:ListResourceRecordSets", request).await?;
        records.extend(page.resource_record_sets.iter().map(record));
        if !page.is_truncated {
            return Ok(Zone { name: name.to_owned(), records });
        }
        next = (page.next_record_name, page.next_record_type, page.next_record_identifier);
    }
}

/// A health check; `None` when it does not exist.
pub(crate) async fn check(aws: &Region, id: &str) -> Result<Option<Check>, CallError> {
    Ok(checks::get(aws, id).await?.and_then(|check| check.health_check_config).map(|config| check_of(&config)))
}

/// The blocks of a CIDR collection.
pub(crate) async fn blocks(aws: &Region, collection: &str) -> Result<Vec<Block>, CallError> {
    let blocks = cidr_location::all_blocks(aws, collection).await?.into_iter();
    let block = |block: aws_sdk_route53::types::CidrBlockSummary| {
        Some(Block { collection: collection.to_owned(), location: block.location_name?, cidr: block.cidr_block? })
    };
    Ok(blocks.filter_map(block).collect())
}

fn record(set: &ResourceRecordSet) -> Record {
    let values = || set.resource_records().iter().map(|record| record.value.clone());
    let target = match &set.alias_target {
        Some(alias) => {
            Target::Alias { host: dns::normal(&alias.dns_name), evaluate_health: alias.evaluate_target_health }
        }
        None if set.r#type == RrType::Cname => {
            Target::Cname(values().next().map(|value| dns::normal(&value)).unwrap_or_default())
        }
        None => Target::Addresses(values().collect()),
    };
    Record {
        name: dns::normal(&set.name),
        kind: set.r#type.as_str().to_owned(),
        set: set.set_identifier.clone(),
        routing: routing(set),
        health_check: set.health_check_id.clone(),
        target,
    }
}

fn routing(set: &ResourceRecordSet) -> Routing {
    if let Some(failover) = &set.failover {
        return Routing::Failover { primary: *failover == ResourceRecordSetFailover::Primary };
    }
    if let Some(weight) = set.weight {
        return Routing::Weighted(u32::try_from(weight).unwrap_or_default());
    }
    if let Some(region) = &set.region {
        return Routing::Latency(region.as_str().to_owned());
    }
    if let Some(location) = &set.geo_location {
        return Routing::Geolocation(place(location));
    }
    if let Some(near) = &set.geo_proximity_location {
        return Routing::Geoproximity(spot(near), near.bias.unwrap_or_default());
    }
    if let Some(config) = &set.cidr_routing_config {
        let (collection, location) = (config.collection_id.clone(), config.location_name.clone());
        return Routing::IpBased { collection, location };
    }
    if set.multi_value_answer == Some(true) { Routing::Multivalue } else { Routing::Simple }
}

fn place(location: &GeoLocation) -> Place {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    Place {
        continent: text(location.continent_code()),
        country: text(location.country_code()),
        state: text(location.subdivision_code()),
    }
}

fn spot(near: &GeoProximityLocation) -> Spot {
    if let Some(region) = &near.aws_region {
        return Spot::Region(region.clone());
    }
    let coordinates = near.coordinates.as_ref();
    match coordinates.and_then(|at| Some((at.latitude.parse().ok()?, at.longitude.parse().ok()?))) {
        Some((latitude, longitude)) => Spot::Coordinates(latitude, longitude),
        None => Spot::LocalZoneGroup(near.local_zone_group.clone().unwrap_or_default()),
    }
}

fn check_of(config: &HealthCheckConfig) -> Check {
    let kind = match config.r#type {
        HealthCheckType::Calculated => CheckKind::Calculated {
            children: config.child_health_checks().to_vec(),
            threshold: config.health_threshold.and_then(|number| usize::try_from(number).ok()).unwrap_or_default(),
        },
        HealthCheckType::CloudwatchMetric => {
            let region = config.alarm_identifier.as_ref().map(|alarm| alarm.region.as_str().to_owned());
            let without_data = config.insufficient_data_health_status.as_ref();
            CheckKind::Alarm {
                region: region.unwrap_or_default(),
                fails_without_data: without_data == Some(&InsufficientDataHealthStatus::Unhealthy),
            }
        }
        HealthCheckType::RecoveryControl => CheckKind::RoutingControl,
        _ => CheckKind::Endpoint(config.fully_qualified_domain_name.as_deref().map(dns::normal)),
    };
    let is_set = |flag: Option<bool>| flag.unwrap_or_default();
    Check { kind, inverted: is_set(config.inverted), disabled: is_set(config.disabled) }
}
