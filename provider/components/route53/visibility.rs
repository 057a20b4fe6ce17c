//! Whether resolvers and certification authorities see the records of a hosted zone: delegations of a part of the zone to
//! other name servers, and CAA records.

use aws_sdk_route53::types::{HostedZone, ResourceRecordSet, RrType};
use futures::future::try_join_all;

use crate::aws::{CallError, Regional};
use crate::components::Problem;
use crate::components::route53::dns;
use crate::components::support::answer::none_if_missing;

/// The domains by which a CAA record allows Amazon to issue certificates.
///
/// # Source
/// AWS Certificate Manager User Guide, "(Optional) Configure a CAA record".
const AMAZON: [&str; 4] = ["amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"];

/// The record sets of `name` and of each of its ancestors in the zone, from the name of the zone down to `name`.
async fn from_apex_to(
    aws: &Regional,
    zone: &HostedZone,
    name: &str,
) -> Result<Vec<(String, Vec<ResourceRecordSet>)>, CallError> {
    let id = dns::zone_id(&zone.id);
    let sets = path(&zone.name, name).into_iter().map(|name| async move {
        let sets = none_if_missing(dns::record_sets(aws, id, &name).await)?.unwrap_or_default();
        Ok((name, sets))
    });
    try_join_all(sets).await
}

/// The names from that of the zone down to `name`, both included; none when `name` is not in the zone.
fn path(zone: &str, name: &str) -> Vec<String> {
    let (zone, name) = (dns::normal(zone), dns::normal(name));
    if !dns::is_within(&name, &zone) {
        return Vec::new();
    }
    let parents = name.match_indices('.').filter_map(|(dot, _)| name.get(dot + 1..));
    let names = std::iter::once(name.as_str()).chain(parents).filter(|name| dns::is_within(name, &zone));
    let mut names: Vec<String> = names.map(str::to_owned).collect();
    names.reverse();
    names
}

fn of_type(sets: &[ResourceRecordSet], kind: &RrType) -> Option<Vec<String>> {
    let mut sets = sets.iter().filter(|set| set.r#type == *kind).peekable();
    sets.peek()?;
    let values = sets.flat_map(|set| set.resource_records().iter().map(|record| record.value.clone()));
    Some(values.collect())
}

/// A problem when the zone delegates `name` to the name servers of another zone. Resolvers then ask those, and never see a
/// record of `name` in this zone.
///
/// # Errors
/// A call that failed.
pub(crate) async fn delegation(aws: &Regional, zone: &HostedZone, name: &str) -> Result<Option<Problem>, CallError> {
    let apex = dns::normal(&zone.name);
    let path = from_apex_to(aws, zone, name).await?;
    let mut below = path.iter().filter(|(name, _)| *name != apex);
    let Some((child, servers)) = below.find_map(|(name, sets)| Some((name, of_type(sets, &RrType::Ns)?))) else {
        return Ok(None);
    };
    let mut own = dns::zones(aws).await?;
    own.retain(|zone| !dns::is_private(zone) && dns::normal(&zone.name) == *child);
    let ids: Vec<&str> = own.iter().map(|zone| dns::zone_id(&zone.id)).collect();
    let zone_of_child = match ids.as_slice() {
        [] => format!("This account has no public hosted zone {child}."),
        ids => format!("Public hosted zones of that name in this account: {}.", ids.join(", ")),
    };
    let detail = format!(
        "The hosted zone {} ({apex}) has an NS record that delegates {child} to {}. Resolvers ask these name servers for \
         {name} and never see a record in this zone. Use the id of the hosted zone {child} that has these name servers, or \
         delete the NS record if the delegation is no longer needed. {zone_of_child}",
        dns::zone_id(&zone.id),
        servers.join(", "),
    );
    Ok(Some(Problem { summary: "Name is delegated to another zone", detail }))
}

/// A problem when a CAA record of the zone forbids Amazon to issue a certificate for `domain` and the names directly below it.
/// CAA records of the parents of the zone are not visible here.
///
/// # Errors
/// A call that failed.
///
/// # Source
/// RFC 8659, sections 3 and 4.
pub(crate) async fn forbidden(aws: &Regional, zone: &HostedZone, domain: &str) -> Result<Option<Problem>, CallError> {
    let apex = dns::normal(&zone.name);
    let path = from_apex_to(aws, zone, domain).await?;
    let has = |sets: &[ResourceRecordSet], kind: RrType| sets.iter().any(|set| set.r#type == kind);
    // The answer is in another zone: that of the delegation, or of the target of the CNAME record.
    let leads_away =
        |(name, sets): &(String, Vec<_>)| (*name != apex && has(sets, RrType::Ns)) || has(sets, RrType::Cname);
    if path.iter().any(leads_away) {
        return Ok(None);
    }
    // The record of the nearest ancestor decides.
    let Some((name, values)) = path.iter().rev().find_map(|(name, sets)| Some((name, of_type(sets, &RrType::Caa)?)))
    else {
        return Ok(None);
    };
    if !forbid_amazon(&values) {
        return Ok(None);
    }
    let detail = format!(
        "The hosted zone {} has a CAA record {name} with the value {}, which forbids Amazon to issue the certificate for \
         {domain}. Add the value 0 issue \"amazon.com\" to the record, or use existing certificates in \
         domain.certificate.arns.",
        dns::zone_id(&zone.id),
        values.join(", "),
    );
    Ok(Some(Problem { summary: "CAA record forbids Amazon certificates", detail }))
}

/// Whether the values of a CAA record forbid Amazon to issue any certificate. Without a value `issue`, any authority may.
fn forbid_amazon(values: &[String]) -> bool {
    let of_tag = |tag: &str| -> Vec<String> {
        let values = values.iter().filter_map(|value| {
            let mut fields = value.splitn(3, char::is_whitespace);
            let is_of_tag = fields.nth(1)?.eq_ignore_ascii_case(tag);
            fields.next().filter(|_| is_of_tag).map(issuer)
        });
        values.collect()
    };
    let (issue, wildcard) = (of_tag("issue"), of_tag("issuewild"));
    // ACM itself rejects the case in which only the names or only the wildcards are forbidden, at once and with the reason.
    !issue.is_empty() && !issue.iter().chain(&wildcard).any(|issuer| AMAZON.contains(&issuer.as_str()))
}

/// The domain of the authority in the value of a CAA property; empty for `";"`, which allows none.
fn issuer(value: &str) -> String {
    let value = value.trim().trim_matches('"');
    value.split(';').next().unwrap_or_default().trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_leads_from_the_zone_to_the_name() {
        assert_eq!(
            path("corp.example.", "API.dev.corp.example"),
            ["corp.example", "dev.corp.example", "api.dev.corp.example"]
        );
        assert_eq!(path("corp.example", "corp.example"), ["corp.example"]);
        assert_eq!(path("corp.example", "*.corp.example"), ["corp.example", "*.corp.example"]);
        assert_eq!(path("corp.example", "badcorp.example"), [""; 0]);
    }

    #[test]
    fn amazon_is_forbidden_only_when_others_alone_may_issue() {
        let forbids =
            |values: &[&str]| forbid_amazon(&values.iter().map(|&value| value.to_owned()).collect::<Vec<_>>());
        assert!(forbids(&["0 issue \"letsencrypt.org\""]));
        assert!(forbids(&["0 issue \";\""]));
        assert!(forbids(&["0 ISSUE \"letsencrypt.org; validationmethods=dns-01\"", "0 iodef \"mailto:a@amazon.com\""]));
        assert!(!forbids(&["0 issue \"letsencrypt.org\"", "0 issue \"Amazon.com\""]));
        assert!(!forbids(&["0 issue \"awstrust.com; cansignhttpexchanges=yes\""]));
        assert!(!forbids(&["0 issue \";\"", "0 issuewild \"amazontrust.com\""]));
        assert!(!forbids(&["0 issuewild \"letsencrypt.org\""]), "other names are not restricted");
        assert!(!forbids(&["0 iodef \"mailto:security@example.com\""]));
    }
}
