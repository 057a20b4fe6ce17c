//! Aliases that other distributions of the account serve, and their move to this distribution.
//!
//! CloudFront moves a name in one step, in which clients are served all the time. The name's DNS records may still lead to the
//! other distribution then, because every edge location serves all distributions.
//!
//! Source: AWS, Amazon CloudFront Developer Guide, "Move an alternate domain name".

use std::collections::BTreeMap;

use aws_sdk_cloudfront::types::{DistributionResourceId, DistributionSummary};
use aws_sdk_route53::types::{ChangeAction, ResourceRecord, ResourceRecordSet, RrType};

use super::{Outputs, Spec, aliases_of, config, deployment, own, summaries};
use crate::aws::{CallError, Regional};
use crate::components::cloudfront::tagging::tags_of;
use crate::components::route53::dns;
use crate::components::support::answer::{build_part, none_if_missing};
use crate::components::support::tags;
use crate::components::{Problem, Resolved};

/// The time to live of a verification record, in seconds.
const VERIFICATION_TTL: i64 = 60;

/// Describes a distribution that has an alias, and its owner, for error messages.
pub(super) fn whose(
    aws: &Regional,
    held_by: &DistributionSummary,
    alias: &str,
    tags: &BTreeMap<String, String>,
) -> String {
    format!("distribution {} has the alias {alias}, and {}", held_by.id, tags::whose(aws, tags, ""))
}

/// The aliases of this spec that distributions other than `own` serve, with these distributions.
async fn held_by_others(
    aws: &Regional,
    spec: &Spec,
    own: &[Outputs],
) -> Result<Vec<(String, DistributionSummary)>, CallError> {
    let mut held = Vec::new();
    for summary in summaries(aws).await? {
        if own.iter().any(|own| own.id == summary.id) {
            continue;
        }
        let theirs: Vec<String> = aliases_of(&summary).iter().map(|alias| dns::normal(alias)).collect();
        let wanted = spec.aliases.iter().filter_map(|alias| alias.known());
        let taken = wanted.filter(|alias| theirs.contains(&dns::normal(alias))).cloned();
        held.extend(taken.map(|alias| (alias, summary.clone())));
    }
    Ok(held)
}

/// A problem for each alias that another distribution serves and that is not to be moved. Before the distribution exists,
/// `find` reports it.
pub(super) async fn conflicts(aws: &Regional, spec: &Spec) -> Result<Vec<Problem>, CallError> {
    if spec.take_over.is_some() || spec.aliases.is_empty() {
        return Ok(Vec::new());
    }
    let own = own(aws).await?;
    if own.is_empty() {
        return Ok(Vec::new());
    }
    let mut problems = Vec::new();
    for (alias, held_by) in held_by_others(aws, spec, &own).await? {
        // The list may still contain a deleted distribution.
        let Some(tags) = none_if_missing(tags_of(aws, &held_by.arn).await)? else { continue };
        // Its comment, by which `own` finds distributions, may have been changed.
        if tags::belongs_to_owner(aws, &tags) {
            continue;
        }
        let detail = format!(
            "The {}. CloudFront accepts a name as the alias of one distribution only. Remove it there, use another alias, or set \
             cdn.take_over_aliases = true to move it to this distribution while clients are served.",
            whose(aws, &held_by, &alias, &tags)
        );
        problems.push(Problem { summary: "Alias of another distribution", detail });
    }
    Ok(problems)
}

/// Moves the aliases of `to` that other distributions serve to this one, if `to` takes them over.
///
/// # Errors
/// Those of CloudFront, such as `IllegalUpdate` when it cannot verify a move.
pub(super) async fn move_aliases(
    aws: &Regional,
    outputs: &Outputs,
    from: &Spec,
    to: &Resolved<Spec>,
) -> Result<(), CallError> {
    let Some(take_over) = &to.take_over else { return Ok(()) };
    let held = held_by_others(aws, to, std::slice::from_ref(outputs)).await?;
    if held.is_empty() {
        return Ok(());
    }
    // CloudFront moves a name only to a distribution whose certificate covers it.
    let mut prepared = Spec::clone(to);
    prepared.aliases.retain(|alias| !held.iter().any(|(taken, _)| alias.known() == Some(taken)));
    let change = deployment::change(aws, &outputs.id, |now| config::updated(now, Some(from), &prepared));
    deployment::wait(aws, &outputs.id, change.await?).await?;
    for (alias, source) in held {
        let verification = take_over.zone_id.as_ref().map(|zone| Verification::new(zone.get(), &alias, outputs));
        if let Some(record) = &verification {
            record.put(aws).await?;
        }
        let moved = move_one(aws, outputs, &alias).await;
        if let Some(record) = &verification {
            record.remove(aws).await?;
        }
        moved?;
        let detail = format!(
            "{alias} was an alias of distribution {} and is now an alias of {}. Remove it from the configuration of the other \
             distribution, which otherwise reports a change.",
            source.id, outputs.id
        );
        aws.warn("Alias moved from another distribution", detail);
    }
    Ok(())
}

async fn move_one(aws: &Regional, outputs: &Outputs, alias: &str) -> Result<(), CallError> {
    let target = DistributionResourceId::builder().distribution_id(&outputs.id).build();
    let request = || aws.cloudfront().update_domain_association().domain(alias).target_resource(target.clone()).send();
    let moved = aws.call("cloudfront:UpdateDomainAssociation", request).await;
    let Err(error) = moved else { return Ok(()) };
    // The reply to a call that moved the name may have been lost.
    let (aliases, _) = super::aliases(aws, &outputs.id).await?;
    if aliases.contains(&dns::normal(alias)) { Ok(()) } else { Err(error) }
}

/// The TXT record by which CloudFront verifies the move of a name: its name begins with an underscore, and its value is the
/// domain name of the distribution.
struct Verification<'a> {
    zone_id: &'a str,
    name: String,
    value: String,
}

impl<'a> Verification<'a> {
    fn new(zone_id: &'a str, alias: &str, outputs: &Outputs) -> Self {
        Self { zone_id, name: format!("_{alias}"), value: format!("\"{}\"", outputs.domain_name) }
    }

    /// The record set of this name, with the values of others.
    async fn held(&self, aws: &Regional) -> Result<Option<ResourceRecordSet>, CallError> {
        let held = dns::record_sets(aws, self.zone_id, &self.name).await?;
        Ok(held.into_iter().find(|set| set.r#type == RrType::Txt && set.set_identifier.is_none()))
    }

    fn is_ours(&self, record: &ResourceRecord) -> bool {
        record.value.eq_ignore_ascii_case(&self.value)
    }

    async fn put(&self, aws: &Regional) -> Result<(), CallError> {
        let held = self.held(aws).await?;
        let mut records = held.as_ref().map(|set| set.resource_records().to_vec()).unwrap_or_default();
        if !records.iter().any(|record| self.is_ours(record)) {
            records.push(build_part(ResourceRecord::builder().value(&self.value).build())?);
        }
        let ttl = held.and_then(|set| set.ttl).unwrap_or(VERIFICATION_TTL);
        // Also without a change, because an earlier one may not have reached all name servers.
        self.change(aws, ChangeAction::Upsert, records, ttl).await
    }

    async fn remove(&self, aws: &Regional) -> Result<(), CallError> {
        let Some(held) = self.held(aws).await? else { return Ok(()) };
        let (ours, others): (Vec<_>, Vec<_>) =
            held.resource_records().iter().cloned().partition(|record| self.is_ours(record));
        let ttl = held.ttl.unwrap_or(VERIFICATION_TTL);
        match (ours.is_empty(), others.is_empty()) {
            (true, _) => Ok(()),
            (false, true) => self.change(aws, ChangeAction::Delete, ours, ttl).await,
            (false, false) => self.change(aws, ChangeAction::Upsert, others, ttl).await,
        }
    }

    async fn change(
        &self,
        aws: &Regional,
        action: ChangeAction,
        records: Vec<ResourceRecord>,
        ttl: i64,
    ) -> Result<(), CallError> {
        let set = ResourceRecordSet::builder().name(&self.name).r#type(RrType::Txt).ttl(ttl);
        let set = build_part(set.set_resource_records(Some(records)).build())?;
        dns::change(aws, self.zone_id, &[dns::change_of(action, set)?]).await
    }
}
