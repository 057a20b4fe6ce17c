//! Whose record sets are: Route 53 stores no tags of them, so their targets decide.

use std::collections::BTreeMap;

use aws_sdk_route53::types::{ResourceRecordSet, RrType};

use crate::aws::{CallError, Regional};
use crate::components::apigateway::domain;
use crate::components::cloudfront::distribution;
use crate::components::route53::record::{
    Outputs, Record, RecordSet, SECONDARY, Spec, cname_of, region_of, secondary_name,
};
use crate::components::route53::{dns, record_sets};
use crate::components::support::answer::none_if_missing;
use crate::components::support::tags;
use crate::components::{OWNER_ID_TAG, OWNER_TAG, Siblings};
use crate::desired::Address;
use crate::traffic::geography;

/// Whether a record set resolves the name to an address.
pub(crate) fn is_address(set: &ResourceRecordSet) -> bool {
    matches!(set.r#type, RrType::A | RrType::Aaaa | RrType::Cname)
}

/// Whether a record set decides how clients connect to the name: its address, or an HTTPS record, which also names the
/// versions of HTTP.
pub(crate) fn leads_clients(set: &ResourceRecordSet) -> bool {
    is_address(set) || set.r#type == RrType::Https
}

/// Whether a record set resolves the name to an address, or has a type of `spec`. An HTTPS record of another owner may exist beside addresses of ours.
pub(crate) fn concerns(spec: &Spec, set: &ResourceRecordSet) -> bool {
    is_address(set) || spec.types.iter().any(|kind| kind == set.r#type.as_str())
}

/// Whether a record set is an alias of a CloudFront distribution of any owner.
pub(crate) fn leads_to_distribution(set: &ResourceRecordSet) -> bool {
    set.alias_target.as_ref().is_some_and(|alias| alias.hosted_zone_id == distribution::HOSTED_ZONE)
}

/// What the creation of a record does with a record set of its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is the one of the spec.
    Own,
    /// It leads to the distribution that had an alias before, which the spec takes over.
    TakenOver,
    /// The spec replaces it.
    Replaced,
    /// It stays: the spec replaces nothing.
    Kept,
    /// It stays in any case, for the reason in the text.
    Protected(String),
}

/// What the creation of `spec` does with a record set of its name.
pub(crate) async fn fate(aws: &Regional, spec: &Spec, name: &str, held: &ResourceRecordSet) -> Result<Fate, CallError> {
    if is_own(aws, spec, name, held).await? {
        return Ok(Fate::Own);
    }
    if spec.take_over && leads_to_distribution(held) {
        return Ok(Fate::TakenOver);
    }
    if let Some(owner) = owner(aws, name, held).await? {
        return Ok(Fate::Protected(format!("its target belongs to another resource: {owner}")));
    }
    if let Some(instance) = &held.traffic_policy_instance_id {
        let why =
            format!("Route 53 created it for the traffic policy instance {instance}, and changes it only with that");
        return Ok(Fate::Protected(why));
    }
    Ok(if spec.replaces { Fate::Replaced } else { Fate::Kept })
}

/// The record sets in `held` that the creation of `spec` replaces.
///
/// # Errors
/// [`CallError::Foreign`] when one of those that it would replace belongs to another resource of this provider.
pub(crate) async fn taken(
    aws: &Regional,
    spec: &Spec,
    name: &str,
    held: &[ResourceRecordSet],
) -> Result<Vec<ResourceRecordSet>, CallError> {
    let mut taken = Vec::new();
    for set in held.iter().filter(|set| (spec.replaces || spec.take_over) && concerns(spec, set)) {
        match fate(aws, spec, name, set).await? {
            Fate::TakenOver | Fate::Replaced => taken.push(set.clone()),
            Fate::Protected(why) if spec.replaces => {
                let whose = format!("{}; {why}", record_sets::describe(set));
                return Err(CallError::Foreign { what: format!("the record {name}"), whose });
            }
            Fate::Own | Fate::Kept | Fate::Protected(_) => {}
        }
    }
    Ok(taken)
}

/// The resource of this provider, of any owner id, to whose custom domain name or distribution a record set leads.
async fn owner(aws: &Regional, name: &str, held: &ResourceRecordSet) -> Result<Option<String>, CallError> {
    let Some(target) = record_sets::target_of(held) else { return Ok(None) };
    // The record of a secondary name leads to the custom domain names of its parent.
    let name = name.strip_prefix(SECONDARY).and_then(|rest| rest.strip_prefix('.')).unwrap_or(name);
    let first = target.split('.').next().unwrap_or_default();
    let tags = if let Some(region) = geography::region_in(&target) {
        let there = domain::target_and_tags(&aws.at(region), name).await?;
        there.filter(|(there, _)| dns::normal(there) == target).map(|(_, tags)| tags)
    } else if geography::is_region_name(first) {
        // A CNAME record leads to the name of a region.
        domain::target_and_tags(&aws.at(first), &target).await?.map(|(_, tags)| tags)
    } else if target == secondary_name(name) {
        let Some(alias) = &held.alias_target else { return Ok(None) };
        let below = none_if_missing(dns::record_sets(aws, &alias.hosted_zone_id, &target).await)?.unwrap_or_default();
        for set in below.iter().filter(|set| is_address(set)) {
            if let Some(owner) = Box::pin(owner(aws, &target, set)).await? {
                return Ok(Some(owner));
            }
        }
        None
    } else {
        distribution::tags_at(aws, &target).await?
    };
    let owned = tags.filter(|tags| tags.contains_key(OWNER_ID_TAG) || tags.contains_key(OWNER_TAG));
    Ok(owned.map(|tags| tags::whose(aws, &tags, "")))
}

/// Whether a record set that is not in the ledger is the one of `spec`. A region's name as set identifier is not enough:
/// other tools use it, too.
pub(crate) async fn is_own(
    aws: &Regional,
    spec: &Spec,
    name: &str,
    held: &ResourceRecordSet,
) -> Result<bool, CallError> {
    let Some((key, set)) = record_sets::of_key(spec, held) else { return Ok(false) };
    match set.target.known() {
        Some(target) => Ok(record_sets::target_of(held) == Some(dns::normal(target))),
        None => leads_to_own(aws, name, key, held).await,
    }
}

/// Whether a record set is an alias of a distribution, or of the custom domain name in the region `key`, that carries our owner
/// id, or a CNAME record with that custom domain name.
async fn leads_to_own(aws: &Regional, name: &str, key: &str, held: &ResourceRecordSet) -> Result<bool, CallError> {
    if let Some(value) = record_sets::value_of(held) {
        return Ok(domain::own_target(&aws.at(region_of(key)), &value).await?.is_some());
    }
    let (Some(alias), Some(target)) = (&held.alias_target, record_sets::target_of(held)) else { return Ok(false) };
    if alias.hosted_zone_id == distribution::HOSTED_ZONE {
        let own = distribution::own(aws).await?;
        return Ok(own.iter().any(|own| dns::normal(&own.domain_name) == target));
    }
    // The record set of a distribution has no region.
    if key == distribution::KEY {
        return Ok(false);
    }
    if key == SECONDARY {
        return leads_to_own_secondary(aws, name, &alias.hosted_zone_id, &target).await;
    }
    // The record of a secondary name leads to the custom domain names of its parent.
    let name = name.strip_prefix(SECONDARY).and_then(|rest| rest.strip_prefix('.')).unwrap_or(name);
    let own = domain::own_target(&aws.at(region_of(key)), name).await?;
    Ok(own.is_some_and(|own| dns::normal(&own) == target))
}

/// Whether `target` is the secondary name of `name`, and one of its record sets leads to us.
async fn leads_to_own_secondary(aws: &Regional, name: &str, zone_id: &str, target: &str) -> Result<bool, CallError> {
    let secondary = secondary_name(name);
    if dns::normal(&secondary) != target {
        return Ok(false);
    }
    let held = none_if_missing(dns::record_sets(aws, zone_id, &secondary).await)?.unwrap_or_default();
    for set in held.iter().filter(|set| is_address(set)) {
        let key = set.set_identifier.as_deref().unwrap_or(distribution::KEY);
        if key != SECONDARY && Box::pin(leads_to_own(aws, &secondary, key, set)).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The record sets that have the type and set identifier of one of ours and another target: others changed them.
pub(crate) async fn strangers(
    aws: &Regional,
    outputs: &Outputs,
    held: &[ResourceRecordSet],
    from: Option<&Spec>,
    to: Option<&Spec>,
) -> Result<Vec<ResourceRecordSet>, CallError> {
    let specs = || from.into_iter().chain(to);
    let mut strangers = Vec::new();
    for set in held.iter().filter(|set| specs().any(|spec| record_sets::has_key_of(spec, set))) {
        let target = record_sets::target_of(set);
        let ours: Vec<_> = specs().filter_map(|spec| record_sets::of_key(spec, set)).collect();
        let leads_there = |(_, ours): &(&str, &RecordSet)| ours.target.known().map(|ours| dns::normal(ours)) == target;
        if ours.iter().any(leads_there) {
            continue;
        }
        let key = ours.first().map_or(distribution::KEY, |(key, _)| *key);
        if !leads_to_own(aws, &outputs.name, key, set).await? {
            strangers.push(set.clone());
        }
    }
    Ok(strangers)
}

/// The names that may have records of ours; for each name, the possible targets and their components.
pub(crate) async fn candidates(
    aws: &Regional,
    siblings: &Siblings,
) -> Result<BTreeMap<String, BTreeMap<String, Address>>, CallError> {
    let mut candidates: BTreeMap<String, BTreeMap<String, Address>> = BTreeMap::new();
    for (address, domain) in siblings.all::<domain::Domain>() {
        let (name, target) = (domain.name, dns::normal(&domain.target));
        // With nested failover, the record of the secondary name leads to the same custom domain names.
        if address.key.as_deref() != Some(domain::REGIONAL) {
            let secondary = secondary_name(&name);
            let own = Address::global_of::<Record>().key(&secondary);
            candidates.entry(name.clone()).or_default().insert(dns::normal(&secondary), own.into());
            candidates.entry(secondary).or_default().insert(target.clone(), address.clone());
        }
        // A record of CNAMEs leads to the names of the regions.
        if let Some(parent) = address.scope.region().and_then(|region| name.strip_prefix(&format!("{region}."))) {
            let shared = cname_of(parent);
            let secondary = secondary_name(&shared);
            let own = Address::global_of::<Record>().key(&secondary);
            candidates.entry(shared.clone()).or_default().insert(dns::normal(&secondary), own.into());
            for routed in [shared, secondary] {
                candidates.entry(routed).or_default().insert(dns::normal(&name), address.clone());
            }
        }
        candidates.entry(name).or_default().insert(target, address);
    }
    // The distribution is searched here instead of among the siblings, so that the order of the kinds does not matter.
    for distribution in distribution::own(aws).await? {
        let (aliases, _) = distribution::aliases(aws, &distribution.id).await?;
        for alias in aliases {
            let target = dns::normal(&distribution.domain_name);
            let address = Address::global_of::<distribution::Distribution>();
            candidates.entry(alias).or_default().insert(target, address.into());
        }
    }
    Ok(candidates)
}
