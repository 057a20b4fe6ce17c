//! All Route 53 record sets of one name. Every change is one batch, so a routing policy changes atomically.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_route53::types::ResourceRecordSet;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::aws::{CallError, Regional};
use crate::components::cloudfront::distribution;
use crate::components::route53::record_owners::Fate;
use crate::components::route53::{dns, record_owners, record_problems, record_sets, replaced};
use crate::components::support::answer::none_if_missing;
use crate::components::{Component, Discovered, Found, Holder, Problem, Resolved, Siblings, output_keys};
use crate::desired::{Address, Gated, Input, Kind, KindMeta};

/// The kind `record`.
#[derive(Debug)]
pub struct Record;

output_keys! {
    Record {
        NAME = name: String,
    }
}

/// The desired settings of the record sets of one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The id of the hosted zone.
    pub zone_id: Input<String>,
    /// The domain name.
    pub name: Input<String>,
    /// The record types: `A` and `AAAA`, with `HTTPS` for a distribution that speaks HTTP/3, or `CNAME`.
    pub types: Vec<String>,
    /// The record sets by set identifier. Each is created once its region has answered its probe.
    pub sets: BTreeMap<String, Gated<RecordSet>>,
    /// Whether the zone is a private one, whose records only clients in its VPCs see.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
    /// Whether aliases of the name that lead to another CloudFront distribution are replaced when the record is created.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub take_over: bool,
    /// Whether record sets of others at the name are replaced when the record is created.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replaces: bool,
    /// The drain period in seconds: how long clients may use an old answer.
    pub drain_seconds: u64,
}

/// The record sets of one region, one of each type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordSet {
    /// When Route 53 answers with this record set.
    pub routing: Routing,
    /// The host name of the alias target, or the value of a CNAME record.
    pub target: Input<String>,
    /// The id of the hosted zone of that host name; empty for a CNAME record, which is no alias.
    pub target_zone_id: Input<String>,
    /// The id of the health check; while it is unhealthy, Route 53 does not answer with this record set.
    pub health_check_id: Option<Input<String>>,
    /// Whether Route 53 does not answer with this record set while its target is unhealthy: the API Gateway of the region,
    /// or all record sets of a name in the same zone. Left out when it is true, as in states of versions without it. Route
    /// 53 cannot evaluate the health of a CloudFront distribution.
    #[serde(default = "evaluated", skip_serializing_if = "is_evaluated")]
    pub evaluate_target_health: bool,
}

fn evaluated() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde requires this signature")]
fn is_evaluated(flag: &bool) -> bool {
    *flag
}

/// When Route 53 answers with a record set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Routing {
    /// Simple routing: the only record set of its name, without a set identifier.
    Simple,
    /// Latency routing: to clients for which this region has the lowest latency.
    Latency {
        /// The region.
        region: String,
    },
    /// Failover routing: the primary while it is healthy, the secondary otherwise.
    Failover {
        /// Whether this record set is the primary.
        primary: bool,
    },
    /// Weighted routing: in proportion to the weights.
    Weighted {
        /// The weight, 0 to 255.
        weight: Input<i64>,
    },
    /// Geolocation routing: to clients in this location.
    Geolocation {
        /// `EU`, `DE`, `US-WA`, or `*` for all clients without a more specific location.
        location: String,
    },
    /// Geoproximity routing: to clients that are nearest to this region.
    Geoproximity {
        /// The region.
        region: String,
        /// How much the region attracts clients that are farther away, -99 to 99.
        bias: Input<i64>,
    },
    /// IP-based routing: to clients whose address is in a block of this location.
    IpBased {
        /// The id of the CIDR collection.
        collection_id: Input<String>,
        /// The name of the location, or `*` for all other clients.
        location: Input<String>,
    },
}

/// The time to live of CNAME records, in seconds. A Lambda@Edge function uses an answer for another 30 seconds.
pub const CNAME_SECONDS: i64 = 30;

/// The key of the record set that leads to the record of [`secondary_name`].
pub const SECONDARY: &str = "secondary";

/// The key of the record of `name` in a private zone. The one in the public zone has the name as its key.
pub fn private_key(name: &str) -> String {
    format!("private/{name}")
}

/// The name below `name` that is routed to the secondary regions.
pub fn secondary_name(name: &str) -> String {
    format!("{SECONDARY}.{name}")
}

/// The name below `name` whose CNAME records lead to the names of the regions.
pub fn cname_of(name: &str) -> String {
    format!("origin.{name}")
}

/// The key of the record set of a region. A region with several record sets has one for each `part`, such as a location.
/// Other AWS tools find a region's record set by its set identifier, so the key without a part is the region alone.
pub fn key_of(region: &str, part: Option<&str>) -> String {
    part.map_or_else(|| region.to_owned(), |part| format!("{region}/{part}"))
}

/// The region in the key of a record set. The keys [`SECONDARY`] and [`distribution::KEY`] are no regions.
pub fn region_of(key: &str) -> &str {
    key.split_once('/').map_or(key, |(region, _)| region)
}

/// What identifies the record sets of one name in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The id of the hosted zone.
    pub zone_id: String,
    /// The domain name.
    pub name: String,
}

impl Kind for Record {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "record",
        about: "All Route 53 record sets of one name.",
        id: "`HOSTED_ZONE_ID/NAME`",
        outputs: OUTPUTS,
        global: true,
        immutable: &["zone_id", "name"],
        // The zone shows whether it is private.
        uncompared: &["drain_seconds", "private", "take_over", "replaces"],
        actions: &[
            "apigateway:GET",
            "cloudfront:GetDistribution",
            "cloudfront:ListDistributions",
            "cloudfront:ListTagsForResource",
            "route53:ChangeResourceRecordSets",
            "route53:GetChange",
            "route53:GetHealthCheck",
            "route53:GetHostedZone",
            "route53:ListHealthChecks",
            "route53:ListHostedZones",
            "route53:ListResourceRecordSets",
        ],
        ..KindMeta::DEFAULT
    };
}

impl Component for Record {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        format!("{}/{}", outputs.zone_id, outputs.name)
    }

    fn drain_period(spec: &Spec) -> Duration {
        Duration::from_secs(spec.drain_seconds)
    }

    async fn check(aws: &Regional, spec: &Spec) -> Result<Vec<Problem>, CallError> {
        record_problems::of(aws, spec).await
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let (Some(zone_id), Some(name)) = (spec.zone_id.known(), spec.name.known()) else { return Ok(None) };
        // The records of the public and the private zone are different components. `check` rejects the wrong zone.
        let zone = dns::zone(aws, zone_id).await?.and_then(|answer| answer.hosted_zone);
        if zone.is_none_or(|zone| dns::is_private(&zone) != spec.private) {
            return Ok(None);
        }
        let held = none_if_missing(dns::record_sets(aws, zone_id, name).await)?.unwrap_or_default();
        let (mut is_ours, mut is_taken_over, mut replaced) = (false, false, Vec::new());
        for set in held.iter().filter(|set| record_owners::concerns(spec, set)) {
            match record_owners::fate(aws, spec, name, set).await? {
                Fate::Own => is_ours = true,
                Fate::TakenOver => is_taken_over = true,
                Fate::Replaced => replaced.push(set),
                Fate::Kept => return Ok(Some(Found::InTheWay(record_problems::in_the_way(set)))),
                Fate::Protected(why) => return Ok(Some(Found::InTheWay(record_problems::protected(set, &why)))),
            }
        }
        if !replaced.is_empty() {
            return Ok(Some(Found::Replaced(record_problems::replaced(zone_id, &replaced))));
        }
        Ok((is_ours && !is_taken_over).then(|| Found::Ours(Outputs { zone_id: zone_id.clone(), name: name.clone() })))
    }

    async fn holder(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Holder, CallError> {
        let held = none_if_missing(dns::record_sets(aws, &outputs.zone_id, &outputs.name).await)?.unwrap_or_default();
        let strangers = record_owners::strangers(aws, outputs, &held, Some(spec), None).await?;
        let Some(first) = strangers.first() else { return Ok(Holder::Ours) };
        let whose = record_sets::describe(first);
        let parts = held.iter().filter(|set| record_sets::has_key_of(spec, set)).count();
        Ok(if strangers.len() < parts { Holder::Shared(whose) } else { Holder::Stranger(whose) })
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let mut discovered = Vec::new();
        for (name, targets) in record_owners::candidates(aws, siblings).await? {
            for private in [false, true] {
                for zone_id in dns::zones_for(aws, &name, private).await? {
                    let held = dns::record_sets(aws, &zone_id, &name).await?;
                    let outputs = Outputs { zone_id, name: name.clone() };
                    if let Some(found) = leading_to(&targets, &held, outputs, private) {
                        discovered.push(found);
                        break;
                    }
                }
            }
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let outputs = Outputs { zone_id: spec.zone_id.get().clone(), name: spec.name.get().clone() };
        put(aws, &outputs, (None, Some(spec)), &[]).await?;
        Ok(outputs)
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let held = none_if_missing(dns::record_sets(aws, &outputs.zone_id, &outputs.name).await)?.unwrap_or_default();
        let sets = record_sets::in_our_spelling(&held, spec);
        // Without any record set the object does not exist, unless none was desired.
        if sets.is_empty() && !spec.sets.is_empty() {
            return Ok(None);
        }
        Ok(Some((Spec { sets, ..spec.clone() }, outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        put(aws, outputs, (Some(from), Some(to)), &[]).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        none_if_missing(put(aws, outputs, (Some(spec), None), &[]).await).map(drop)
    }

    async fn restore(aws: &Regional, spec: &Spec, outputs: &Outputs, replaced: &Json) -> Result<(), CallError> {
        let replaced = replaced::restored(replaced)?;
        none_if_missing(put(aws, outputs, (Some(spec), None), &replaced).await)?;
        aws.warn(record_problems::RESTORED, record_problems::restored(&outputs.zone_id, &replaced));
        // The name is in use: clients still have our answers.
        aws.pause("the drain period of the replaced record", Self::drain_period(spec)).await
    }
}

/// The drain period in seconds of a record that was found in AWS, which does not store it.
const DRAIN_SECONDS: u64 = 60;
/// How often a change is retried when the zone was changed between our read and our change.
const ATTEMPTS: u32 = 3;

/// Changes our record sets from `from` to `to` in one batch, from any state that AWS reports. A creation replaces the record sets
/// that `to` takes over; a deletion restores `restored`.
async fn put(
    aws: &Regional,
    outputs: &Outputs,
    (from, to): (Option<&Spec>, Option<&Spec>),
    restored: &[ResourceRecordSet],
) -> Result<(), CallError> {
    let (mut attempt, mut replaced) = (1, Vec::new());
    loop {
        let held = dns::record_sets(aws, &outputs.zone_id, &outputs.name).await?;
        let strangers = record_owners::strangers(aws, outputs, &held, from, to).await?;
        let taken = match to {
            Some(to) if from.is_none() => record_owners::taken(aws, to, &outputs.name, &held).await?,
            _ => Vec::new(),
        };
        let mut changes = record_sets::changes(&held, &strangers, &taken, from, to)?;
        if let Some(from) = from.filter(|_| !restored.is_empty()) {
            changes.extend(record_sets::restoring(&held, &strangers, from, restored)?);
        }
        if !taken.is_empty() {
            record_sets::remember(&mut replaced, taken);
            aws.note_replaced(replaced::stored(&replaced));
        }
        if changes.is_empty() {
            // The change was made before, and may not have reached all name servers. Repeating it allows to wait for it; a
            // deletion cannot be repeated.
            changes = to.map(record_sets::repeated).transpose()?.unwrap_or_default();
        }
        if changes.is_empty() {
            let unseen = from.filter(|_| attempt > 1).map(Record::drain_period).unwrap_or_default();
            return aws.pause("the drain period of the deleted records", unseen).await;
        }
        match dns::change(aws, &outputs.zone_id, &changes).await {
            // The change may have been made before, or others changed the zone: read again.
            Err(error) if error.code() == Some(dns::INVALID_BATCH) && attempt < ATTEMPTS => attempt += 1,
            Err(error) if error.code() == Some(dns::INVALID_BATCH) => return Err(contradicted(outputs, &error)),
            answer => return answer,
        }
    }
}

/// The error for a change that Route 53 refuses again although the record sets were read just before.
fn contradicted(outputs: &Outputs, error: &CallError) -> CallError {
    CallError::Failed {
        what: format!("the change of the records {} in the hosted zone {}", outputs.name, outputs.zone_id),
        why: format!(
            "Route 53 refused it {ATTEMPTS} times, each time after the provider had read the records again: {}. Another tool \
             may be changing the same records. Let it finish, or delete the record that AWS names",
            error.message()
        ),
    }
}

/// The record sets of a name in a zone that lead to our targets; `None` when there are none.
fn leading_to(
    targets: &BTreeMap<String, Address>,
    held: &[ResourceRecordSet],
    outputs: Outputs,
    private: bool,
) -> Option<Discovered<Record>> {
    let (mut sets, mut types) = (BTreeMap::new(), Vec::new());
    for set in held.iter().filter(|set| record_owners::leads_clients(set)) {
        let target = record_sets::target_of(set).unwrap_or_default();
        let Some(address) = targets.get(&target) else { continue };
        let Some(value) = record_sets::reported(set) else { continue };
        let key = set.set_identifier.clone().or_else(|| address.scope.region().map(str::to_owned));
        let key = key.unwrap_or_else(|| distribution::KEY.to_owned());
        // Only the failover record set of this key leads to a name of the same zone.
        if (address.kind == Record::KIND) != (key == SECONDARY) {
            continue;
        }
        types.push(set.r#type.as_str().to_owned());
        sets.insert(key, Gated { ready: Vec::new(), value });
    }
    if sets.is_empty() {
        return None;
    }
    types.sort();
    types.dedup();
    let Outputs { zone_id, name } = outputs.clone();
    let spec = Spec {
        zone_id: Input::Known(zone_id),
        name: Input::Known(name.clone()),
        types,
        sets,
        private,
        take_over: false,
        replaces: false,
        drain_seconds: DRAIN_SECONDS,
    };
    let key = if private { private_key(&name) } else { name };
    Some(Discovered { key: Some(key), spec, outputs })
}
