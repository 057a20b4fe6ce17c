//! The wait until a certificate, created here or supplied by the user, is issued, and the check that it covers its
//! names. Not an AWS object of its own.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_acm::primitives::DateTimeFormat as Format;
use aws_sdk_acm::types::{CertificateDetail, CertificateStatus, RenewalStatus};
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use crate::aws::{CallError, Poll, Regional};
use crate::components::acm::certificate;
use crate::components::apigateway::domain;
use crate::components::cloudfront::distribution;
use crate::components::route53::dns;
use crate::components::support::tags;
use crate::components::{Component, Discovered, Found, Place, Problem, Resolved, Siblings, output_keys};
use crate::desired::{Input, Kind, KindMeta};

/// The kind `issued_certificate`.
#[derive(Debug)]
pub struct IssuedCertificate;

output_keys! {
    IssuedCertificate {
        ARN = arn: String,
    }
}

/// The desired settings of an issued certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The ARN of the certificate.
    pub arn: Input<String>,
    /// The names it must cover.
    pub names: Vec<Input<String>>,
}

/// What identifies an issued certificate in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The ARN of the certificate.
    pub arn: String,
}

impl Kind for IssuedCertificate {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "issued_certificate",
        about: "Wait until an ACM certificate is issued, and check that it covers the domain names; not an AWS object.",
        id: "the ARN of the certificate",
        outputs: OUTPUTS,
        // With another certificate the output changes, and the plan must show that to the specs that refer to it.
        immutable: &["arn"],
        visible: false,
        actions: &[
            "acm:DescribeCertificate",
            "apigateway:GET",
            "cloudfront:GetDistribution",
            "cloudfront:ListDistributions",
            "cloudfront:ListTagsForResource",
            "route53:GetHostedZone",
            "route53:ListHostedZones",
        ],
        ..KindMeta::DEFAULT
    };
}

impl Component for IssuedCertificate {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.arn.clone()
    }

    fn foreseen(_: &Place<'_>, spec: &Spec) -> Option<Outputs> {
        Some(Outputs { arn: spec.arn.known()?.clone() })
    }

    async fn check(aws: &Regional, spec: &Spec) -> Result<Vec<Problem>, CallError> {
        let Some(arn) = spec.arn.known() else { return Ok(Vec::new()) };
        let region = region_of(arn);
        if region != aws.region() {
            let detail = format!(
                "{arn} is a certificate in {region:?}, but one in {} is needed, because a certificate works only in its \
                 own region (for CloudFront, in us-east-1). Request or import a certificate there.",
                aws.region()
            );
            return Ok(vec![Problem { summary: "Certificate in another region", detail }]);
        }
        let Some(detail) = certificate::describe(aws, arn).await? else {
            let detail =
                format!("The certificate {arn} does not exist in account {}. Check the ARN.", aws.account_id());
            return Ok(vec![Problem { summary: "Certificate does not exist", detail }]);
        };
        let mut problems = Vec::new();
        if !certificate::is_usable(&detail) {
            let detail = format!("{}. Use another certificate.", certificate::failure(arn, &detail));
            problems.push(Problem { summary: "Certificate cannot be used", detail });
        }
        let is_for_cdn = aws.address().key.as_deref() == Some(distribution::KEY);
        if is_for_cdn && certificate::algorithm(&detail) == Input::from("EC_secp384r1") {
            let detail = format!(
                "{arn} has the key algorithm EC_secp384r1, which CloudFront does not support. Use a certificate with RSA or with \
                 EC_prime256v1."
            );
            problems.push(Problem { summary: "Key algorithm not supported by CloudFront", detail });
        }
        for name in uncovered(&detail, &spec.names) {
            let covered = covered(&detail).join(", ");
            let detail = format!(
                "{arn} covers {covered}, which does not include {name}. A wildcard covers one label: *.example.com \
                 covers a.example.com, but neither example.com nor a.b.example.com."
            );
            problems.push(Problem { summary: "Certificate does not cover the name", detail });
        }
        Ok(problems)
    }

    async fn find(_aws: &Regional, _spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        Ok(None)
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let certificates = siblings.all::<certificate::Certificate>();
        if certificates.is_empty() {
            return user_supplied(aws).await;
        }
        let mut discovered = Vec::new();
        for (address, outputs) in certificates {
            if address.scope != aws.address().scope {
                continue;
            }
            let detail = certificate::describe(aws, &outputs.arn).await?;
            // A pending certificate has no issued_certificate yet.
            let Some(detail) = detail.filter(is_issued) else { continue };
            let names = certificate::names(&detail, &[]);
            let spec = Spec { arn: Input::Known(outputs.arn.clone()), names };
            let outputs = Outputs { arn: outputs.arn };
            discovered.push(Discovered { key: address.key.clone(), spec, outputs });
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let arn = spec.arn.get();
        let (polls, delegation) = (AtomicU32::new(0), OnceCell::new());
        let look = || async {
            let Some(detail) = certificate::describe(aws, arn).await? else {
                return Ok(Poll::Pending("not visible yet".to_owned()));
            };
            match &detail.status {
                _ if is_issued(&detail) => Ok(Poll::Ready(detail)),
                Some(CertificateStatus::PendingValidation) => {
                    let is_late = polls.fetch_add(1, Ordering::Relaxed) >= LATE_POLLS;
                    let hint = match is_late {
                        true => delegation.get_or_init(|| delegation_of(aws, &detail)).await.as_str(),
                        false => "",
                    };
                    Ok(Poll::Pending(format!("{}{hint}", pending(&detail))))
                }
                _ => Err(certificate::failure(arn, &detail)),
            }
        };
        let detail = aws.wait(&format!("certificate {arn} to be issued"), ISSUED_WITHIN, look).await?;
        if let Some(name) = uncovered(&detail, &spec.names).first() {
            let covered = covered(&detail).join(", ");
            let why = format!("it covers {covered}, which does not include {name}");
            return Err(CallError::Failed { what: format!("certificate {arn}"), why });
        }
        Ok(Outputs { arn: arn.clone() })
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let detail = certificate::describe(aws, &outputs.arn).await?;
        let Some(detail) = detail.filter(certificate::is_usable) else { return Ok(None) };
        warn_of_renewal(aws, &outputs.arn, &detail);
        let uncovered = uncovered(&detail, &spec.names);
        let names =
            spec.names.iter().filter(|name| name.known().is_none_or(|name| !uncovered.contains(&name.as_str())));
        let reported = Spec { arn: Input::Known(outputs.arn.clone()), names: names.cloned().collect() };
        Ok(Some((reported, outputs.clone())))
    }

    async fn update(
        aws: &Regional,
        _outputs: &Outputs,
        _from: &Spec,
        to: &Resolved<Spec>,
    ) -> Result<Outputs, CallError> {
        Self::create(aws, to).await
    }

    async fn delete(_aws: &Regional, _spec: &Spec, _outputs: &Outputs) -> Result<(), CallError> {
        Ok(())
    }
}

/// After how many polls of a pending certificate the wait looks up the name servers of its zone. Polls become rarer: this is
/// about two minutes, in which ACM issues most certificates.
const LATE_POLLS: u32 = 17;

/// The name servers to which the parents of the zones with the validation records must delegate; empty when no zone of this
/// account contains them. A validation record that exists and is not seen is usually in a zone without a delegation.
async fn delegation_of(aws: &Regional, detail: &CertificateDetail) -> String {
    let options = detail.domain_validation_options.iter().flatten();
    let names = options.filter_map(|option| Some(option.resource_record.as_ref()?.name.clone()));
    let mut texts = BTreeSet::new();
    for name in names {
        // This is a hint: a caller without access to Route 53 waits all the same.
        let Ok(ids) = dns::zones_for(aws, &name, false).await else { return String::new() };
        for id in ids {
            let Ok(Some(answer)) = dns::zone(aws, &id).await else { continue };
            let (Some(zone), Some(set)) = (answer.hosted_zone, answer.delegation_set) else { continue };
            let (zone, servers) = (dns::normal(&zone.name), set.name_servers.join(", "));
            texts
                .insert(format!("; ACM sees records in the hosted zone {id} only if {zone} is delegated to {servers}"));
        }
    }
    texts.into_iter().collect()
}

/// Why a certificate is not issued yet.
fn pending(detail: &CertificateDetail) -> String {
    match certificate::missing(detail.domain_validation_options.iter().flatten()) {
        Some(steps) => format!("pending validation, ACM waits for {steps}"),
        None => "pending validation".to_owned(),
    }
}

/// Warns when ACM cannot renew a certificate, which then expires unless the user acts.
fn warn_of_renewal(aws: &Regional, arn: &str, detail: &CertificateDetail) {
    let Some(renewal) = &detail.renewal_summary else { return };
    if !matches!(renewal.renewal_status, RenewalStatus::PendingValidation | RenewalStatus::Failed) {
        return;
    }
    let until = detail.not_after.and_then(|time| time.fmt(Format::DateTime).ok());
    let expires = until.map_or_else(|| "expires soon".to_owned(), |until| format!("expires at {until}"));
    let steps = certificate::missing(&renewal.domain_validation_options);
    let steps = steps.unwrap_or_else(|| "the validation of its names".to_owned());
    let text = format!("The certificate {arn} {expires}, and ACM cannot renew it without {steps}.");
    aws.warn("Certificate cannot be renewed", text);
}

/// Certificates that are not ours: those that our domain names and our distribution use.
async fn user_supplied(aws: &Regional) -> Result<Vec<Discovered<IssuedCertificate>>, CallError> {
    let mut used: Vec<(Option<String>, String, Vec<String>)> = Vec::new();
    let mut domains = domain::own(aws).await?;
    // The shared name, the regional name, and the others sorted, as in the spec of an API.
    domains.sort_by_key(|domain| {
        let address = tags::address_of::<domain::Domain>(aws, &tags::reported(domain.tags.clone().unwrap_or_default()));
        let key = address.and_then(|address| address.key.clone());
        (key.is_some(), key.as_deref() != Some(domain::REGIONAL), key)
    });
    let names: Vec<String> = domains.iter().filter_map(|domain| domain.domain_name.clone()).collect();
    let configurations = domains.into_iter().flat_map(|domain| domain.domain_name_configurations.unwrap_or_default());
    if let Some(arn) = configurations.filter_map(|configuration| configuration.certificate_arn).next() {
        used.push((None, arn, names));
    }
    if aws.region() == distribution::CERTIFICATE_REGION {
        for outputs in distribution::own(aws).await? {
            let (aliases, arn) = distribution::aliases(aws, &outputs.id).await?;
            used.extend(arn.map(|arn| (Some(distribution::KEY.to_owned()), arn, aliases)));
        }
    }
    let discovered = |(key, arn, names): (Option<String>, String, Vec<String>)| {
        let names = names.into_iter().map(Input::Known).collect();
        let spec = Spec { arn: Input::Known(arn.clone()), names };
        Discovered { key, spec, outputs: Outputs { arn } }
    };
    Ok(used.into_iter().map(discovered).collect())
}

/// How long ACM may take to issue a certificate after its validation record exists.
const ISSUED_WITHIN: Duration = Duration::from_secs(75 * 60);

fn is_issued(detail: &CertificateDetail) -> bool {
    detail.status == Some(CertificateStatus::Issued)
}

/// The region in a certificate's ARN.
fn region_of(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}

/// The names that a certificate covers, in ACM's spelling.
fn covered(detail: &CertificateDetail) -> Vec<String> {
    certificate::names(detail, &[]).iter().filter_map(Input::known).cloned().collect()
}

/// Those of `names` that the certificate does not cover.
fn uncovered<'a>(detail: &CertificateDetail, names: &'a [Input<String>]) -> Vec<&'a str> {
    let patterns = covered(detail);
    let is_covered = |name: &str| patterns.iter().any(|pattern| covers(pattern, name));
    names.iter().filter_map(Input::known).map(String::as_str).filter(|name| !is_covered(name)).collect()
}

/// Whether a name in a certificate covers `name`. A wildcard covers exactly one label.
fn covers(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (dns::normal(pattern), dns::normal(name));
    if pattern == name {
        return true;
    }
    match (pattern.strip_prefix("*."), name.split_once('.')) {
        (Some(parent), Some((label, rest))) => !label.is_empty() && label != "*" && rest == parent,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_covers_one_label() {
        assert!(covers("*.example.com", "api.example.com"));
        assert!(covers("*.example.com", "*.example.com"));
        assert!(covers("API.example.com", "api.example.com."));
        assert!(!covers("*.example.com", "example.com"));
        assert!(!covers("*.example.com", "a.b.example.com"));
        assert!(!covers("example.com", "api.example.com"));
    }

    #[test]
    fn the_region_is_read_from_the_arn() {
        assert_eq!(region_of("arn:aws:acm:eu-central-1:123456789012:certificate/x"), "eu-central-1");
        assert_eq!(region_of("nonsense"), "");
    }
}
