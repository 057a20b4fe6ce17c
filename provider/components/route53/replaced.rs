//! Record sets of other owners that the creation of a record replaced, as the ledger stores them until they cannot be needed
//! any more. Pure.

use aws_sdk_route53::types::{
    AliasTarget, CidrRoutingConfig, Coordinates, GeoLocation, GeoProximityLocation, ResourceRecord, ResourceRecordSet,
    ResourceRecordSetFailover, ResourceRecordSetRegion, RrType,
};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::aws::CallError;
use crate::components::support::answer::build_part;

/// A record set of another owner, complete, so that it can be restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Stored {
    name: String,
    r#type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    set_identifier: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl: Option<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    values: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alias: Option<Alias>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    health_check_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failover: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weight: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    multi_value_answer: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    location: Option<Location>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proximity: Option<Proximity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cidr: Option<Cidr>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Alias {
    zone_id: String,
    target: String,
    evaluate_target_health: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Location {
    continent: Option<String>,
    country: Option<String>,
    subdivision: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Proximity {
    region: Option<String>,
    local_zone_group: Option<String>,
    /// Latitude and longitude.
    coordinates: Option<(String, String)>,
    bias: Option<i32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Cidr {
    collection_id: String,
    location: String,
}

/// The record sets in the form that the ledger stores.
pub(crate) fn stored<'a>(sets: impl IntoIterator<Item = &'a ResourceRecordSet>) -> Json {
    let sets: Vec<Stored> = sets.into_iter().map(store).collect();
    serde_json::to_value(sets).unwrap_or_default()
}

/// The record sets of the ledger.
///
/// # Errors
/// [`CallError::Malformed`] when the ledger was written by hand.
pub(crate) fn restored(stored: &Json) -> Result<Vec<ResourceRecordSet>, CallError> {
    let sets = Vec::<Stored>::deserialize(stored).map_err(|error| CallError::Malformed(error.to_string()))?;
    sets.into_iter().map(restore).collect()
}

fn store(set: &ResourceRecordSet) -> Stored {
    Stored {
        name: set.name.clone(),
        r#type: set.r#type.as_str().to_owned(),
        set_identifier: set.set_identifier.clone(),
        ttl: set.ttl,
        values: set.resource_records().iter().map(|record| record.value.clone()).collect(),
        alias: set.alias_target.as_ref().map(|alias| Alias {
            zone_id: alias.hosted_zone_id.clone(),
            target: alias.dns_name.clone(),
            evaluate_target_health: alias.evaluate_target_health,
        }),
        health_check_id: set.health_check_id.clone(),
        region: set.region.as_ref().map(|region| region.as_str().to_owned()),
        failover: set.failover.as_ref().map(|failover| failover.as_str().to_owned()),
        weight: set.weight,
        multi_value_answer: set.multi_value_answer,
        location: set.geo_location.as_ref().map(|location| Location {
            continent: location.continent_code.clone(),
            country: location.country_code.clone(),
            subdivision: location.subdivision_code.clone(),
        }),
        proximity: set.geo_proximity_location.as_ref().map(|near| Proximity {
            region: near.aws_region.clone(),
            local_zone_group: near.local_zone_group.clone(),
            coordinates: near.coordinates.as_ref().map(|at| (at.latitude.clone(), at.longitude.clone())),
            bias: near.bias,
        }),
        cidr: set
            .cidr_routing_config
            .as_ref()
            .map(|cidr| Cidr { collection_id: cidr.collection_id.clone(), location: cidr.location_name.clone() }),
    }
}

fn restore(stored: Stored) -> Result<ResourceRecordSet, CallError> {
    let value = |value: String| build_part(ResourceRecord::builder().value(value).build());
    let values = stored.values.into_iter().map(value).collect::<Result<Vec<_>, _>>()?;
    let alias = |alias: Alias| {
        let target = AliasTarget::builder().hosted_zone_id(alias.zone_id).dns_name(alias.target);
        build_part(target.evaluate_target_health(alias.evaluate_target_health).build())
    };
    let location = |location: Location| {
        let location_of = GeoLocation::builder().set_continent_code(location.continent);
        location_of.set_country_code(location.country).set_subdivision_code(location.subdivision).build()
    };
    let cidr = |cidr: Cidr| {
        let config = CidrRoutingConfig::builder().collection_id(cidr.collection_id).location_name(cidr.location);
        build_part(config.build())
    };
    let set = ResourceRecordSet::builder()
        .name(stored.name)
        .r#type(RrType::from(stored.r#type.as_str()))
        .set_set_identifier(stored.set_identifier)
        .set_ttl(stored.ttl)
        .set_resource_records(Some(values).filter(|values| !values.is_empty()))
        .set_alias_target(stored.alias.map(alias).transpose()?)
        .set_health_check_id(stored.health_check_id)
        .set_region(stored.region.map(|region| ResourceRecordSetRegion::from(region.as_str())))
        .set_failover(stored.failover.map(|failover| ResourceRecordSetFailover::from(failover.as_str())))
        .set_weight(stored.weight)
        .set_multi_value_answer(stored.multi_value_answer)
        .set_geo_location(stored.location.map(location))
        .set_geo_proximity_location(stored.proximity.map(proximity).transpose()?)
        .set_cidr_routing_config(stored.cidr.map(cidr).transpose()?);
    build_part(set.build())
}

fn proximity(near: Proximity) -> Result<GeoProximityLocation, CallError> {
    let at = |(latitude, longitude): (String, String)| {
        build_part(Coordinates::builder().latitude(latitude).longitude(longitude).build())
    };
    let location = GeoProximityLocation::builder()
        .set_aws_region(near.region)
        .set_local_zone_group(near.local_zone_group)
        .set_coordinates(near.coordinates.map(at).transpose()?)
        .set_bias(near.bias);
    Ok(location.build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_set_of_any_kind_is_restored_as_it_was() {
        let set = || ResourceRecordSet::builder().name("api.example.com.").r#type(RrType::A);
        let value = || ResourceRecord::builder().value("192.0.2.1").build().unwrap();
        let alias = AliasTarget::builder().hosted_zone_id("Z1").dns_name("d-1.example.").evaluate_target_health(true);
        let at = Coordinates::builder().latitude("1.5").longitude("-2").build().unwrap();
        let near = GeoProximityLocation::builder().coordinates(at).bias(-3).build();
        let state = GeoLocation::builder().country_code("US").subdivision_code("WA").build();
        let cidr = CidrRoutingConfig::builder().collection_id("c").location_name("*").build().unwrap();
        let routed = || set().set_identifier("one").ttl(300).resource_records(value()).health_check_id("h");
        let sets = [
            set().alias_target(alias.build().unwrap()),
            set().r#type(RrType::Cname).ttl(60).resource_records(value()),
            routed().region(ResourceRecordSetRegion::UsEast1),
            routed().failover(ResourceRecordSetFailover::Secondary),
            routed().weight(0),
            routed().multi_value_answer(true),
            routed().geo_location(state),
            routed().geo_proximity_location(near),
            routed().cidr_routing_config(cidr),
        ];
        let sets: Vec<_> = sets.into_iter().map(|set| set.build().unwrap()).collect();
        assert_eq!(restored(&stored(&sets)).unwrap(), sets);
        assert!(restored(&Json::Null).is_err());
    }
}
