//! Settings of a record that AWS would refuse, or that no client would see.

use std::collections::BTreeSet;

use aws_sdk_route53::types::ResourceRecordSet;

use crate::aws::{CallError, Regional, Warning};
use crate::components::Problem;
use crate::components::route53::record::Spec;
use crate::components::route53::{checks, dns, record_sets, visibility};

/// The summary of the error that another record has the name.
const EXISTS: &str = "DNS record already exists";

/// The problems of a record with its hosted zone and its health checks.
///
/// # Errors
/// A call that failed.
pub(crate) async fn of(aws: &Regional, spec: &Spec) -> Result<Vec<Problem>, CallError> {
    let Some(zone_id) = spec.zone_id.known() else { return Ok(Vec::new()) };
    let Some(zone) = dns::zone(aws, zone_id).await?.and_then(|answer| answer.hosted_zone) else {
        let elsewhere = "If the zone is in another account, leave out domain.zone_id, and create the records of \
                         validation_records and of the names in that zone. Clients see the records of a new zone only after \
                         its parent has delegated to it.";
        let detail = format!(
            "There is no hosted zone {zone_id} in account {}, and the provider does not reach zones of other accounts. Check \
             the id. {}",
            aws.account_id(),
            if spec.private { "" } else { elsewhere }
        );
        let detail = detail.trim_end().to_owned();
        return Ok(vec![Problem { summary: "Hosted zone does not exist", detail }]);
    };
    let mut problems = Vec::new();
    let is_private = dns::is_private(&zone);
    if is_private && !spec.private {
        let detail = format!(
            "The hosted zone {zone_id} ({}) is private, so neither ACM nor clients on the internet can resolve its \
             records. Use the public hosted zone of that name.",
            zone.name
        );
        problems.push(Problem { summary: "Hosted zone is private", detail });
    }
    if spec.private && !is_private {
        let detail = format!(
            "The hosted zone {zone_id} ({}) is public. Use the id of a private hosted zone as domain.private_zone_id, and \
             that of a public one as domain.zone_id.",
            zone.name
        );
        problems.push(Problem { summary: "Hosted zone is public", detail });
    }
    if let Some(name) = spec.name.known().filter(|name| !dns::is_within(name, &zone.name)) {
        let detail = format!(
            "{name} is not in {}, the domain of the hosted zone {zone_id}. Use a name in this domain, or the \
             hosted zone of the name's own domain.",
            zone.name
        );
        problems.push(Problem { summary: "Name is outside of the hosted zone", detail });
    }
    // A private zone cannot delegate.
    if let Some(name) = spec.name.known().filter(|_| !is_private) {
        problems.extend(visibility::delegation(aws, &zone, name).await?);
    }
    problems.extend(missing_checks(aws, spec).await?);
    Ok(problems)
}

/// The problem of a record of another owner at the name.
pub(crate) fn in_the_way(set: &ResourceRecordSet) -> Problem {
    let detail = format!(
        "{}. It does not belong to this resource, so the provider does not overwrite it. Set domain.replaces = true to replace it \
         by the record of the API in one change of Route 53, after a region has answered its probe, so that clients are served \
         all the time. If you delete it first, clients cannot resolve the name, and resolvers remember that for as long as the \
         SOA record of the zone allows. Otherwise use another name.",
        record_sets::describe(set)
    );
    Problem { summary: EXISTS, detail }
}

/// The problem of a record at the name that `domain.replaces` does not replace either.
pub(crate) fn protected(set: &ResourceRecordSet, why: &str) -> Problem {
    let detail = format!(
        "{}, and {why}. The provider does not overwrite it, not even with domain.replaces. Use another name, or remove the name \
         from its owner first.",
        record_sets::describe(set)
    );
    Problem { summary: EXISTS, detail }
}

/// The warning of a plan that replaces records of others.
pub(crate) fn replaced(zone_id: &str, sets: &[&ResourceRecordSet]) -> Warning {
    let sets: Vec<String> = sets.iter().map(|set| record_sets::describe(set)).collect();
    let detail = format!(
        "In the hosted zone {zone_id}, {}. It does not belong to this resource. As domain.replaces is true, this apply replaces \
         it by the record of the API after a region has answered its probe, in one change of Route 53. If the create fails and is \
         rolled back, the provider restores it. Keep this message to restore it yourself later, and remove the record from the \
         configuration of the tool that created it, without deleting it.",
        sets.join("; ")
    );
    Warning { summary: "DNS record will be replaced", detail }
}

/// The summary of the warning that replaced records exist again.
pub(crate) const RESTORED: &str = "DNS record restored";

/// The detail of that warning.
pub(crate) fn restored(zone_id: &str, sets: &[ResourceRecordSet]) -> String {
    let sets: Vec<String> = sets.iter().map(record_sets::describe).collect();
    format!(
        "The provider had replaced a record in the hosted zone {zone_id}, and has deleted its own record. The previous one is in \
         effect again, unless another record of the name was created since: {}.",
        sets.join("; ")
    )
}

/// A problem for each health check of the record sets that does not exist. Route 53 refuses them.
async fn missing_checks(aws: &Regional, spec: &Spec) -> Result<Vec<Problem>, CallError> {
    let ids = spec.sets.values().filter_map(|set| set.value.health_check_id.as_ref()?.known());
    let mut problems = Vec::new();
    for id in ids.collect::<BTreeSet<_>>() {
        if !checks::exists(aws, id).await? {
            let detail = format!(
                "There is no health check {id} in account {}. Check regions[...].health_check_id, or create the health \
                 check.",
                aws.account_id()
            );
            problems.push(Problem { summary: "Health check does not exist", detail });
        }
    }
    Ok(problems)
}
