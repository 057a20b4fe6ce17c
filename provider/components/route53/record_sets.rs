//! The record sets of one name: existing, desired, and the batch of changes between them. Pure.

use std::collections::BTreeMap;

use aws_sdk_route53::types::builders::ResourceRecordSetBuilder;
use aws_sdk_route53::types::{
    AliasTarget, Change, ChangeAction, CidrRoutingConfig, GeoProximityLocation, ResourceRecord, ResourceRecordSet,
    ResourceRecordSetFailover, ResourceRecordSetRegion, RrType,
};

use crate::aws::CallError;
use crate::components::cloudfront::distribution;
use crate::components::route53::record::{CNAME_SECONDS, RecordSet, Routing, Spec};
use crate::components::route53::{dns, geography, record_owners};
use crate::components::support::answer::{build_part, to_i32};
use crate::desired::{Gated, Input};

/// The type and set identifier, which distinguish the record sets of one name.
type Key = (RrType, Option<String>);

fn key_of(set: &ResourceRecordSet) -> Key {
    (set.r#type.clone(), set.set_identifier.clone())
}

/// The record sets of a resolved spec by key.
fn wanted(spec: &Spec) -> Result<BTreeMap<Key, ResourceRecordSet>, CallError> {
    let mut wanted = BTreeMap::new();
    for (identifier, gated) in &spec.sets {
        for kind in &spec.types {
            let set = to_aws(spec, identifier, &gated.value, kind)?;
            wanted.insert(key_of(&set), set);
        }
    }
    Ok(wanted)
}

/// The host name of a record set's alias target, or the value of a CNAME record.
pub(crate) fn target_of(set: &ResourceRecordSet) -> Option<String> {
    set.alias_target.as_ref().map(|alias| dns::normal(&alias.dns_name)).or_else(|| value_of(set))
}

/// The value of a CNAME record.
pub(crate) fn value_of(set: &ResourceRecordSet) -> Option<String> {
    let records = set.resource_records.as_deref().filter(|_| set.r#type == RrType::Cname);
    records.and_then(|records| records.first()).map(|record| dns::normal(&record.value))
}

/// The record set of `spec` with the set identifier of `held`, and its key: a region, or [`distribution::KEY`].
pub(crate) fn of_key<'a>(spec: &'a Spec, held: &ResourceRecordSet) -> Option<(&'a str, &'a RecordSet)> {
    let mut sets = spec.sets.iter().map(|(key, gated)| (key.as_str(), &gated.value));
    match &held.set_identifier {
        Some(identifier) => sets.find(|(key, _)| key == identifier),
        None => sets.find(|(_, set)| set.routing == Routing::Simple),
    }
}

/// Whether `held` has the type and the identifier of one of the record sets of `spec`.
pub(crate) fn has_key_of(spec: &Spec, held: &ResourceRecordSet) -> bool {
    keys(spec).contains(&key_of(held))
}

/// The keys of a spec's record sets.
fn keys(spec: &Spec) -> Vec<Key> {
    let identifier = |key: &String, set: &RecordSet| (set.routing != Routing::Simple).then(|| key.clone());
    let mut keys = Vec::new();
    for kind in &spec.types {
        let of_kind =
            |(key, gated): (&String, &Gated<RecordSet>)| (RrType::from(kind.as_str()), identifier(key, &gated.value));
        keys.extend(spec.sets.iter().map(of_kind));
    }
    keys
}

fn to_aws(spec: &Spec, identifier: &str, set: &RecordSet, kind: &str) -> Result<ResourceRecordSet, CallError> {
    let base = ResourceRecordSet::builder().name(spec.name.get()).r#type(RrType::from(kind));
    let base = if set.target_zone_id.get().is_empty() {
        let record = ResourceRecord::builder().value(set.target.get());
        base.ttl(CNAME_SECONDS).resource_records(build_part(record.build())?)
    } else {
        let is_distribution = set.target_zone_id.get() == distribution::HOSTED_ZONE;
        let alias = AliasTarget::builder()
            .dns_name(set.target.get())
            .hosted_zone_id(set.target_zone_id.get())
            // Route 53 cannot evaluate the health of a CloudFront distribution.
            .evaluate_target_health(set.evaluate_target_health && !is_distribution);
        base.alias_target(build_part(alias.build())?)
    };
    let base = base.set_health_check_id(set.health_check_id.as_ref().map(|id| id.get().clone()));
    let base = if set.routing == Routing::Simple { base } else { base.set_identifier(identifier) };
    build_part(routed(base, &set.routing)?.build())
}

/// A record set with the fields of its routing policy.
fn routed(set: ResourceRecordSetBuilder, routing: &Routing) -> Result<ResourceRecordSetBuilder, CallError> {
    Ok(match routing {
        Routing::Simple => set,
        Routing::Latency { region } => set.region(ResourceRecordSetRegion::from(region.as_str())),
        Routing::Failover { primary: true } => set.failover(ResourceRecordSetFailover::Primary),
        Routing::Failover { primary: false } => set.failover(ResourceRecordSetFailover::Secondary),
        Routing::Weighted { weight } => set.weight(*weight.get()),
        Routing::Geolocation { location } => set.geo_location(geography::to_aws(location)?),
        Routing::Geoproximity { region, bias } => {
            let location = GeoProximityLocation::builder().aws_region(region).bias(to_i32(*bias.get())?);
            set.geo_proximity_location(location.build())
        }
        Routing::IpBased { collection_id, location } => {
            let config = CidrRoutingConfig::builder().collection_id(collection_id.get()).location_name(location.get());
            set.cidr_routing_config(build_part(config.build())?)
        }
    })
}

/// A record set in the form of a spec; `None` when this provider would not create such a record set.
pub(crate) fn reported(set: &ResourceRecordSet) -> Option<RecordSet> {
    let routing = policy_of(set)?;
    let Some(alias) = &set.alias_target else {
        let is_ours = set.ttl == Some(CNAME_SECONDS) && set.resource_records().len() == 1;
        return Some(RecordSet {
            routing,
            target: Input::Known(value_of(set).filter(|_| is_ours)?),
            target_zone_id: Input::Known(String::new()),
            health_check_id: set.health_check_id.clone().map(Input::Known),
            evaluate_target_health: true,
        });
    };
    let to_distribution = alias.hosted_zone_id == distribution::HOSTED_ZONE;
    // This provider never creates such a record set.
    if to_distribution && alias.evaluate_target_health {
        return None;
    }
    Some(RecordSet {
        routing,
        target: Input::Known(dns::normal(&alias.dns_name)),
        target_zone_id: Input::Known(alias.hosted_zone_id.clone()),
        health_check_id: set.health_check_id.clone().map(Input::Known),
        evaluate_target_health: to_distribution || alias.evaluate_target_health,
    })
}

/// The routing policy of a record set; `None` for one that this provider would not create.
fn policy_of(set: &ResourceRecordSet) -> Option<Routing> {
    let geo = set.geo_location.as_ref().map(|location| Routing::Geolocation { location: geography::text_of(location) });
    let near = match &set.geo_proximity_location {
        Some(location) => Some(Routing::Geoproximity {
            region: location.aws_region.clone()?,
            bias: Input::Known(location.bias.unwrap_or_default().into()),
        }),
        None => None,
    };
    let by_ip = set.cidr_routing_config.as_ref().map(|config| Routing::IpBased {
        collection_id: Input::Known(config.collection_id.clone()),
        location: Input::Known(config.location_name.clone()),
    });
    let policies = [
        set.region.as_ref().map(|region| Routing::Latency { region: region.as_str().to_owned() }),
        set.failover
            .as_ref()
            .map(|failover| Routing::Failover { primary: *failover == ResourceRecordSetFailover::Primary }),
        set.weight.map(|weight| Routing::Weighted { weight: Input::Known(weight) }),
        geo,
        near,
        by_ip,
    ];
    if set.multi_value_answer.is_some() {
        return None;
    }
    let mut policies = policies.into_iter().flatten();
    match (&set.set_identifier, policies.next(), policies.next()) {
        (None, None, None) => Some(Routing::Simple),
        (Some(_), Some(policy), None) => Some(policy),
        _ => None,
    }
}

/// The record sets of `spec` as they exist in AWS, in the spelling of `spec`. Omits a record set that does not exist
/// for all types, or that this provider would not create.
pub(crate) fn in_our_spelling(held: &[ResourceRecordSet], spec: &Spec) -> BTreeMap<String, Gated<RecordSet>> {
    let mut sets = BTreeMap::new();
    for (identifier, gated) in &spec.sets {
        let ours = &gated.value;
        let of_type = |kind: &String| {
            held.iter().find(|set| {
                set.r#type.as_str() == kind && set.set_identifier.as_deref().is_none_or(|held| held == identifier)
            })
        };
        let values: Option<Vec<RecordSet>> =
            spec.types.iter().map(|kind| of_type(kind).and_then(reported).map(|set| respelled(set, ours))).collect();
        // When the values differ by type, the one that differs from the spec is reported.
        let value = values.and_then(|values| {
            let different = values.iter().find(|value| *value != ours);
            different.or(values.first()).cloned()
        });
        if let Some(value) = value {
            sets.insert(identifier.clone(), Gated { ready: Vec::new(), value });
        }
    }
    sets
}

fn respelled(set: RecordSet, ours: &RecordSet) -> RecordSet {
    let same = |a: &Input<String>, b: &Input<String>| {
        a.known().zip(b.known()).is_some_and(|(a, b)| dns::normal(a) == dns::normal(b))
    };
    let target = if same(&set.target, &ours.target) { ours.target.clone() } else { set.target };
    RecordSet { target, ..set }
}

/// A description of a record set that is not ours, for a diagnostic.
pub(crate) fn describe(set: &ResourceRecordSet) -> String {
    let kind = set.r#type.as_str();
    let identifier =
        set.set_identifier.as_ref().map(|id| format!(" with the set identifier {id:?}")).unwrap_or_default();
    let target = match &set.alias_target {
        Some(alias) => {
            format!("an alias of {} in the hosted zone {}", dns::normal(&alias.dns_name), alias.hosted_zone_id)
        }
        None => {
            let values = set.resource_records().iter().map(|record| record.value.trim_end_matches('.'));
            let values: Vec<&str> = values.collect();
            let ttl = set.ttl.map(|seconds| format!(" and a TTL of {seconds} seconds")).unwrap_or_default();
            format!("with the value {}{ttl}", values.join(", "))
        }
    };
    format!("{} has a record of type {kind}{identifier}, {target}", dns::normal(&set.name))
}

/// The batch that changes our record sets in `held` from `from` to `to`; empty when there is nothing to do. Those in `taken` are
/// replaced.
///
/// # Errors
/// [`CallError::Foreign`] when `to` contains a record set of `strangers`: those in `held` that do not lead to us. None of
/// these is changed.
pub(crate) fn changes(
    held: &[ResourceRecordSet],
    strangers: &[ResourceRecordSet],
    taken: &[ResourceRecordSet],
    from: Option<&Spec>,
    to: Option<&Spec>,
) -> Result<Vec<Change>, CallError> {
    let before = from.map(keys).unwrap_or_default();
    let wanted = to.map(wanted).transpose()?.unwrap_or_default();
    let (mut deletes, mut puts) = (Vec::new(), Vec::new());
    let is_taken = |set: &ResourceRecordSet| contains(taken, set);
    let is_stranger = |set: &ResourceRecordSet| contains(strangers, set) && !is_taken(set);
    let goes = |set: &ResourceRecordSet| (before.contains(&key_of(set)) && !is_stranger(set)) || is_taken(set);
    for set in held.iter().filter(|set| goes(set) && !wanted.contains_key(&key_of(set))) {
        deletes.push(dns::change_of(ChangeAction::Delete, set.clone())?);
    }
    for (key, set) in wanted {
        let Some(now) = held.iter().find(|held| key_of(held) == key) else {
            let staying: Vec<_> = held.iter().filter(|held| !is_taken(held)).cloned().collect();
            refuse_strangers(&staying, &before, &set)?;
            puts.push(dns::change_of(ChangeAction::Create, set)?);
            continue;
        };
        let (now_says, will_say) = (reported(now), reported(&set));
        if now_says.is_some() && now_says == will_say {
            continue;
        }
        if is_stranger(now) {
            return Err(foreign(now));
        }
        if same_policy(now, &set) {
            puts.push(dns::change_of(ChangeAction::Upsert, set)?);
        } else {
            deletes.push(dns::change_of(ChangeAction::Delete, now.clone())?);
            puts.push(dns::change_of(ChangeAction::Create, set)?);
        }
    }
    deletes.extend(puts);
    Ok(deletes)
}

/// Whether `sets` has a record set of the type and set identifier of `set`.
fn contains(sets: &[ResourceRecordSet], set: &ResourceRecordSet) -> bool {
    sets.iter().any(|other| key_of(other) == key_of(set))
}

/// Adds the record sets of `taken` to those that were replaced before.
pub(crate) fn remember(replaced: &mut Vec<ResourceRecordSet>, taken: Vec<ResourceRecordSet>) {
    replaced.retain(|set| !contains(&taken, set));
    replaced.extend(taken);
}

/// The changes that restore `replaced` in the batch that deletes our record sets of `from`; none when others have created
/// addresses of the name since.
pub(crate) fn restoring(
    held: &[ResourceRecordSet],
    strangers: &[ResourceRecordSet],
    from: &Spec,
    replaced: &[ResourceRecordSet],
) -> Result<Vec<Change>, CallError> {
    let before = keys(from);
    let stays = |set: &&ResourceRecordSet| !before.contains(&key_of(set)) || contains(strangers, set);
    let staying: Vec<_> = held.iter().filter(stays).cloned().collect();
    if staying.iter().any(|set| record_owners::is_address(set) && !contains(replaced, set)) {
        return Ok(Vec::new());
    }
    let missing = replaced.iter().filter(|set| !contains(&staying, set));
    missing.map(|set| dns::change_of(ChangeAction::Create, set.clone())).collect()
}

/// The batch that repeats the record sets that exist already.
///
/// # Errors
/// [`CallError::Malformed`] when `spec` has unresolved references.
pub(crate) fn repeated(spec: &Spec) -> Result<Vec<Change>, CallError> {
    wanted(spec)?.into_values().map(|set| dns::change_of(ChangeAction::Upsert, set)).collect()
}

/// Fails when a record set of another owner is in the way: AWS accepts no other type beside a CNAME, and no record set of another
/// policy beside `wanted`.
fn refuse_strangers(held: &[ResourceRecordSet], before: &[Key], wanted: &ResourceRecordSet) -> Result<(), CallError> {
    let in_the_way = |set: &&ResourceRecordSet| {
        let same_type =
            set.r#type == wanted.r#type && (set.set_identifier.is_none() || wanted.set_identifier.is_none());
        let is_cname = set.r#type == RrType::Cname || wanted.r#type == RrType::Cname;
        (is_cname || same_type) && !before.contains(&key_of(set))
    };
    held.iter().find(in_the_way).map_or(Ok(()), |set| Err(foreign(set)))
}

fn foreign(set: &ResourceRecordSet) -> CallError {
    CallError::Foreign { what: format!("the record {}", dns::normal(&set.name)), whose: describe(set) }
}

/// Whether Route 53 accepts the change as an UPSERT, which requires the same policy and role.
fn same_policy(a: &ResourceRecordSet, b: &ResourceRecordSet) -> bool {
    let near = |set: &ResourceRecordSet| set.geo_proximity_location.as_ref().and_then(|near| near.aws_region.clone());
    a.region == b.region
        && a.failover == b.failover
        && a.weight.is_some() == b.weight.is_some()
        && a.geo_location == b.geo_location
        && a.cidr_routing_config == b.cidr_routing_config
        && a.multi_value_answer.is_some() == b.multi_value_answer.is_some()
        && a.geo_proximity_location.is_some() == b.geo_proximity_location.is_some()
        && near(a) == near(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(routing: Routing, target: &str) -> Gated<RecordSet> {
        let value = RecordSet {
            routing,
            target: Input::from(target),
            target_zone_id: Input::from("ZREGIONAL"),
            health_check_id: None,
            evaluate_target_health: true,
        };
        Gated { ready: Vec::new(), value }
    }

    fn latency(region: &str) -> (String, Gated<RecordSet>) {
        let routing = Routing::Latency { region: region.to_owned() };
        (region.to_owned(), set(routing, &format!("d-1.{region}.example.")))
    }

    fn failover(region: &str, primary: bool) -> (String, Gated<RecordSet>) {
        (region.to_owned(), set(Routing::Failover { primary }, &format!("d-1.{region}.example")))
    }

    fn spec<const N: usize>(sets: [(String, Gated<RecordSet>); N]) -> Spec {
        Spec {
            zone_id: Input::from("Z1"),
            name: Input::from("api.example.com"),
            types: vec!["A".to_owned()],
            sets: BTreeMap::from(sets),
            private: false,
            take_over: false,
            replaces: false,
            drain_seconds: 60,
        }
    }

    /// The record sets of a spec as they would exist in AWS, in AWS's spelling.
    fn held(spec: &Spec) -> Vec<ResourceRecordSet> {
        let spell = |mut set: ResourceRecordSet| {
            set.name.push('.');
            set
        };
        wanted(spec).unwrap().into_values().map(spell).collect()
    }

    fn described(changes: &[Change]) -> Vec<String> {
        let describe = |change: &Change| {
            let set = change.resource_record_set.as_ref().unwrap();
            let identifier = set.set_identifier.as_deref().unwrap_or("-");
            format!("{} {} {identifier}", change.action.as_str(), set.r#type.as_str())
        };
        changes.iter().map(describe).collect()
    }

    fn batch(held: &[ResourceRecordSet], from: Option<&Spec>, to: Option<&Spec>) -> Vec<String> {
        described(&changes(held, &[], &[], from, to).unwrap())
    }

    #[test]
    fn existing_record_sets_need_no_change() {
        let both = spec([latency("us-east-1"), latency("us-west-2")]);
        assert!(batch(&held(&both), None, Some(&both)).is_empty());
        assert!(batch(&[], Some(&both), None).is_empty());
    }

    #[test]
    fn adding_or_removing_a_region_changes_only_its_record_set() {
        let (one, both) = (spec([latency("us-east-1")]), spec([latency("us-east-1"), latency("us-west-2")]));
        assert_eq!(batch(&held(&one), Some(&one), Some(&both)), ["CREATE A us-west-2"]);
        assert_eq!(batch(&held(&both), Some(&both), Some(&one)), ["DELETE A us-west-2"]);
    }

    #[test]
    fn a_new_policy_replaces_all_record_sets_in_one_batch() {
        let before = spec([latency("us-east-1"), latency("us-west-2")]);
        let after = spec([failover("us-east-1", true), failover("us-west-2", false)]);
        assert_eq!(
            batch(&held(&before), Some(&before), Some(&after)),
            ["DELETE A us-east-1", "DELETE A us-west-2", "CREATE A us-east-1", "CREATE A us-west-2"]
        );
    }

    #[test]
    fn a_new_weight_is_an_upsert() {
        let weighted = |weight| {
            let routing = Routing::Weighted { weight: Input::Known(weight) };
            spec([("us-east-1".to_owned(), set(routing, "d-1.example"))])
        };
        let (before, after) = (weighted(10), weighted(0));
        assert_eq!(batch(&held(&before), Some(&before), Some(&after)), ["UPSERT A us-east-1"]);
    }

    #[test]
    fn adding_or_removing_a_type_changes_only_its_record_set() {
        let one = spec([latency("us-east-1")]);
        let both = Spec { types: vec!["A".to_owned(), "AAAA".to_owned()], ..one.clone() };
        assert_eq!(batch(&held(&one), Some(&one), Some(&both)), ["CREATE AAAA us-east-1"]);
        assert_eq!(batch(&held(&both), Some(&both), Some(&one)), ["DELETE AAAA us-east-1"]);
    }

    #[test]
    fn record_sets_of_others_are_never_changed() {
        let ours = spec([latency("us-east-1")]);
        let mut theirs = held(&spec([latency("eu-west-1")]));
        assert!(batch(&theirs, Some(&ours), None).is_empty());
        assert_eq!(batch(&theirs, None, Some(&ours)), ["CREATE A us-east-1"]);
        theirs[0].set_identifier = Some("us-east-1".to_owned());
        assert!(matches!(changes(&theirs, &theirs, &[], None, Some(&ours)), Err(CallError::Foreign { .. })));
        assert!(matches!(changes(&theirs, &theirs, &[], Some(&ours), Some(&ours)), Err(CallError::Foreign { .. })));
        assert!(changes(&theirs, &theirs, &[], Some(&ours), None).unwrap().is_empty());
        theirs[0].set_identifier = None;
        assert!(matches!(changes(&theirs, &[], &[], None, Some(&ours)), Err(CallError::Foreign { .. })));
    }

    #[test]
    fn existing_record_sets_are_reported_in_our_spelling() {
        let mut ours = spec([latency("us-east-1")]);
        ours.types.push("AAAA".to_owned());
        let mut held = held(&ours);
        assert_eq!(in_our_spelling(&held, &ours), ours.sets);
        held[1].health_check_id = Some("check".to_owned());
        assert_ne!(in_our_spelling(&held, &ours), ours.sets);
        held.pop();
        assert!(in_our_spelling(&held, &ours).is_empty());
    }
}
