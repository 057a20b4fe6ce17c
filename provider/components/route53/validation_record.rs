//! The CNAME record by which ACM validates a domain name.
//!
//! ACM assigns the same record to every certificate of a domain name in an account, in all regions. So other owners and other
//! tools share the record. A record has no tags; the TTL marks those that this provider created. Only these are deleted, and
//! only when no certificate in any enabled region needs them.

use std::collections::BTreeSet;

use aws_sdk_acm::types::CertificateSummary;
use aws_sdk_route53::types::{ChangeAction, ResourceRecord, ResourceRecordSet, RrType};
use futures::future::join_all;
use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Regional, chain};
use crate::components::acm::certificate;
use crate::components::route53::{dns, visibility};
use crate::components::support::answer::{build_part, ignore_missing, none_if_missing};
use crate::components::support::tags;
use crate::components::{Component, Discovered, Found, Holder, Problem, Resolved, Siblings};
use crate::desired::{Input, Kind, KindMeta};

/// The kind `validation_record`.
#[derive(Debug)]
pub struct ValidationRecord;

/// The desired settings of a validation record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The id of the hosted zone.
    pub zone_id: Input<String>,
    /// The name.
    pub name: Input<String>,
    /// The record's value.
    pub value: Input<String>,
    /// The domain name that the record validates.
    pub domain: Input<String>,
}

/// What identifies a validation record in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The id of the hosted zone.
    pub zone_id: String,
    /// The name.
    pub name: String,
    /// The record's value.
    pub value: String,
}

impl Kind for ValidationRecord {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "validation_record",
        about: "CNAME record by which ACM validates a domain name.",
        id: "`HOSTED_ZONE_ID/NAME/CNAME`",
        global: true,
        immutable: &["zone_id", "name"],
        uncompared: &["domain"],
        actions: &[
            "account:ListRegions",
            "acm:ListCertificates",
            "acm:ListTagsForCertificate",
            "route53:ChangeResourceRecordSets",
            "route53:GetChange",
            "route53:GetHostedZone",
            "route53:ListHostedZones",
            "route53:ListResourceRecordSets",
        ],
        ..KindMeta::DEFAULT
    };
}

impl Component for ValidationRecord {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        format!("{}/{}/CNAME", outputs.zone_id, outputs.name)
    }

    async fn check(aws: &Regional, spec: &Spec) -> Result<Vec<Problem>, CallError> {
        let (Some(zone_id), Some(domain)) = (spec.zone_id.known(), spec.domain.known()) else { return Ok(Vec::new()) };
        // The check of the record of the name reports a zone that does not exist.
        let Some(zone) = dns::zone(aws, zone_id).await?.and_then(|answer| answer.hosted_zone) else {
            return Ok(Vec::new());
        };
        Ok(visibility::forbidden(aws, &zone, domain).await?.into_iter().collect())
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let (Some(zone_id), Some(name), Some(value)) = (spec.zone_id.known(), spec.name.known(), spec.value.known())
        else {
            return Ok(None);
        };
        let Some(set) = none_if_missing(cname(aws, zone_id, name).await)?.flatten() else { return Ok(None) };
        let held = value_of(&set);
        // ACM assigns the same record to all certificates of the account, so one with this value serves all.
        if held == dns::normal(value) {
            return Ok(Some(Found::Ours(outputs(spec))));
        }
        Ok(Some(Found::Foreign(format!("it is a CNAME to {held}"))))
    }

    async fn holder(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<Holder, CallError> {
        let set = none_if_missing(cname(aws, &outputs.zone_id, &outputs.name).await)?.flatten();
        let stranger = set.filter(|set| value_of(set) != dns::normal(&outputs.value) && !is_created_by_us(set));
        Ok(stranger.map_or(Holder::Ours, |set| Holder::Stranger(format!("it is a CNAME to {}", value_of(&set)))))
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let certificates = siblings.all::<certificate::Certificate>();
        let names: BTreeSet<_> = certificates
            .iter()
            .flat_map(|(_, outputs)| outputs.validations().map(|(name, value)| (name.clone(), value.clone())))
            .collect();
        let mut discovered = Vec::new();
        for (name, value) in names {
            let Some(zone_id) = zone_with(aws, &name, &value).await? else { continue };
            // The first label is ACM's.
            let domain = name.split_once('.').map(|(_, domain)| domain.to_owned()).unwrap_or_default();
            let spec = Spec {
                zone_id: Input::Known(zone_id),
                name: Input::Known(name),
                value: Input::Known(value),
                domain: Input::Known(domain.clone()),
            };
            let outputs = outputs(&spec);
            discovered.push(Discovered { key: Some(domain), spec, outputs });
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        match Self::find(aws, spec).await? {
            Some(Found::Ours(outputs)) => Ok(outputs),
            Some(Found::Foreign(whose)) => {
                Err(CallError::Foreign { what: format!("the record {}", spec.name.get()), whose })
            }
            Some(Found::InTheWay(_) | Found::Replaced(_)) | None => put(aws, spec).await,
        }
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let Some(set) = none_if_missing(cname(aws, &outputs.zone_id, &outputs.name).await)?.flatten() else {
            return Ok(None);
        };
        let held = value_of(&set);
        let same = spec.value.known().is_some_and(|value| dns::normal(value) == held);
        let value = if same { spec.value.clone() } else { Input::Known(held) };
        Ok(Some((Spec { value, ..spec.clone() }, outputs.clone())))
    }

    async fn update(
        aws: &Regional,
        _outputs: &Outputs,
        _from: &Spec,
        to: &Resolved<Spec>,
    ) -> Result<Outputs, CallError> {
        put(aws, to).await
    }

    async fn delete(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        let Some(set) = none_if_missing(cname(aws, &outputs.zone_id, &outputs.name).await)?.flatten() else {
            return Ok(());
        };
        if value_of(&set) != dns::normal(&outputs.value) || !is_created_by_us(&set) {
            return Ok(());
        }
        let domain = spec.domain.known().map_or("", String::as_str);
        match need(aws, domain).await? {
            Need::None => {}
            Need::Certificate { arn } => {
                tracing::info!(domain, arn, "another certificate needs the validation record; it is kept");
                return Ok(());
            }
            Need::Unknown { why } => {
                let detail = format!(
                    "The record {} in the hosted zone {} validates ACM certificates for {domain}. The provider could not \
                     check whether a certificate still needs it ({why}) and has kept it. If no certificate needs it, \
                     delete it.",
                    outputs.name, outputs.zone_id
                );
                aws.warn("Validation record not deleted", detail);
                return Ok(());
            }
        }
        let change = dns::change_of(ChangeAction::Delete, set)?;
        match ignore_missing(dns::change(aws, &outputs.zone_id, &[change]).await) {
            // The change may have been made before, and its reply was lost: read again.
            Err(error) if error.code() == Some(dns::INVALID_BATCH) => {
                let left = none_if_missing(cname(aws, &outputs.zone_id, &outputs.name).await)?.flatten();
                left.filter(|set| value_of(set) == dns::normal(&outputs.value)).map_or(Ok(()), |_| Err(error))
            }
            answer => answer,
        }
    }
}

/// The TTL in seconds. No other tool uses this number, so it marks the records that this provider created.
const TTL: i64 = 311;

/// Whether this provider created a validation record.
fn is_created_by_us(set: &ResourceRecordSet) -> bool {
    set.ttl == Some(TTL)
}

fn outputs(spec: &Spec) -> Outputs {
    let known = |input: &Input<String>| input.known().cloned().unwrap_or_default();
    Outputs { zone_id: known(&spec.zone_id), name: known(&spec.name), value: known(&spec.value) }
}

/// The id of the zone that contains the record.
async fn zone_with(aws: &Regional, name: &str, value: &str) -> Result<Option<String>, CallError> {
    for zone_id in dns::zones_for(aws, name, false).await? {
        if cname(aws, &zone_id, name).await?.is_some_and(|set| value_of(&set) == value) {
            return Ok(Some(zone_id));
        }
    }
    Ok(None)
}

async fn cname(aws: &Regional, zone_id: &str, name: &str) -> Result<Option<ResourceRecordSet>, CallError> {
    Ok(dns::record_sets(aws, zone_id, name).await?.into_iter().find(|set| set.r#type == RrType::Cname))
}

fn value_of(set: &ResourceRecordSet) -> String {
    set.resource_records().first().map(|record| dns::normal(&record.value)).unwrap_or_default()
}

async fn put(aws: &Regional, spec: &Spec) -> Result<Outputs, CallError> {
    let record = build_part(ResourceRecord::builder().value(spec.value.get()).build())?;
    let set = ResourceRecordSet::builder().name(spec.name.get()).r#type(RrType::Cname).ttl(TTL);
    let set = build_part(set.resource_records(record).build())?;
    let change = dns::change_of(ChangeAction::Upsert, set)?;
    dns::change(aws, spec.zone_id.get(), &[change]).await?;
    Ok(outputs(spec))
}

/// Whether another owner's certificate needs a validation record, to be issued or renewed.
enum Need {
    None,
    Certificate { arn: String },
    Unknown { why: String },
}

/// Whether another owner's certificate needs the record of `domain`, in any region that is enabled for the account.
///
/// # Errors
/// A call that failed for a reason that may pass. After a denied call the need is unknown, because a policy may deny a
/// region permanently.
async fn need(aws: &Regional, domain: &str) -> Result<Need, CallError> {
    let is_refused = |error: &CallError| error.is_denied() && !error.is_credentials();
    let regions = match aws.list_regions().await {
        Ok(regions) => regions,
        Err(error) if is_refused(&error) => return Ok(Need::Unknown { why: chain(&error) }),
        Err(error) => return Err(error),
    };
    let answers = regions.iter().map(|region| {
        let aws = aws.at(region);
        async move { user_of(&aws, domain).await }
    });
    let mut need = Need::None;
    for answer in join_all(answers).await {
        match answer {
            Ok(Some(arn)) => return Ok(Need::Certificate { arn }),
            Ok(None) => {}
            Err(error) if is_refused(&error) => need = Need::Unknown { why: chain(&error) },
            Err(error) => return Err(error),
        }
    }
    Ok(need)
}

/// Another owner's certificate in this region that needs the record of `domain`.
async fn user_of(aws: &Regional, domain: &str) -> Result<Option<String>, CallError> {
    for summary in certificate::certificates(aws).await? {
        let Some(arn) = summary.certificate_arn.as_ref().filter(|_| is_for(&summary, domain)) else { continue };
        let Some(tags) = none_if_missing(certificate::tags_of(aws, arn).await)? else { continue };
        // Our own certificates are deleted together with the record, or keep it desired.
        if !tags::belongs_to_owner(aws, &tags) {
            return Ok(Some(arn.clone()));
        }
    }
    Ok(None)
}

/// Whether a record set of a zone that is about to be deleted is a validation record of ours that no certificate needs.
/// When two resources are destroyed at the same time, each may leave the record to the other.
///
/// # Errors
/// A call that failed for a reason that may pass.
pub(crate) async fn is_left_over(aws: &Regional, set: &ResourceRecordSet) -> Result<bool, CallError> {
    let is_validation = set.r#type == RrType::Cname && value_of(set).ends_with(".acm-validations.aws");
    // The first label is ACM's.
    let name = dns::normal(&set.name);
    let domain = name.split_once('.').map(|(_, domain)| domain).unwrap_or_default();
    if !is_validation || !is_created_by_us(set) {
        return Ok(false);
    }
    Ok(matches!(need(aws, domain).await?, Need::None))
}

fn is_for(summary: &CertificateSummary, domain: &str) -> bool {
    let names = summary.domain_name.iter().chain(summary.subject_alternative_name_summaries.iter().flatten());
    let base = |name: &String| dns::normal(name.strip_prefix("*.").unwrap_or(name));
    names.map(base).any(|name| name == dns::normal(domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_needs_the_same_record() {
        let summary = |name: &str| CertificateSummary::builder().domain_name(name).build();
        assert!(is_for(&summary("*.api.example.com"), "api.example.com"));
        assert!(is_for(&summary("API.example.com"), "api.example.com"));
        assert!(!is_for(&summary("us-west-2.api.example.com"), "api.example.com"));
    }
}
