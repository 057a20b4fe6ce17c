//! ACM certificate of one region, validated by DNS or by e-mail.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_acm::types::{
    CertificateDetail, CertificateStatus, CertificateSummary, DomainStatus, DomainValidation, Filters, KeyAlgorithm,
    Tag, ValidationMethod,
};
use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Poll, Regional};
use crate::components::route53::dns;
use crate::components::support::answer::{build_part, ignore_missing, none_if_missing, pages, required, respell};
use crate::components::support::tags::TagChange;
use crate::components::support::{identity, tags};
use crate::components::{Component, Discovered, Found, Resolved, Siblings, Tags, output_keys};
use crate::desired::{Input, Kind, KindMeta};

/// The kind `certificate`.
#[derive(Debug)]
pub struct Certificate;

output_keys! {
    Certificate {
        ARN = arn: String,
        VALIDATION_NAME = validation_name: String,
        VALIDATION_VALUE = validation_value: String,
        OTHER_VALIDATION_NAMES = other_validation_names: BTreeMap<String, String>,
        OTHER_VALIDATION_VALUES = other_validation_values: BTreeMap<String, String>,
    }
}

/// The desired settings of an ACM certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The names that it covers; the first one is its domain name.
    pub names: Vec<Input<String>>,
    /// The algorithm of its key pair, as ACM spells it in requests. Left out when it is the default, as in states of versions
    /// without it.
    #[serde(default = "default_algorithm", skip_serializing_if = "is_default")]
    pub key_algorithm: Input<String>,
    /// Whether ACM validates the names by e-mail instead of by records.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_email: bool,
    /// The tags, including the ownership tags.
    pub tags: Tags,
}

/// The key algorithm of ACM's certificates, unless a request contains another one.
const DEFAULT_ALGORITHM: &str = "RSA_2048";

fn default_algorithm() -> Input<String> {
    Input::from(DEFAULT_ALGORITHM)
}

fn is_default(algorithm: &Input<String>) -> bool {
    *algorithm == default_algorithm()
}

/// What identifies an ACM certificate in AWS.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The ARN.
    pub arn: String,
    /// The name of the CNAME record that validates the first name; empty when ACM validates by e-mail.
    pub validation_name: String,
    /// The value of that record.
    pub validation_value: String,
    /// The names of the CNAME records that validate the other names, by domain. A wildcard has the domain of its parent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub other_validation_names: BTreeMap<String, String>,
    /// The values of those records, by domain.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub other_validation_values: BTreeMap<String, String>,
}

impl Outputs {
    /// The names and values of all records that validate the certificate; none when ACM validates by e-mail.
    pub(crate) fn validations(&self) -> impl Iterator<Item = (&String, &String)> {
        let value = |domain: &String| self.other_validation_values.get(domain);
        let others = self.other_validation_names.iter().filter_map(move |(domain, name)| Some((name, value(domain)?)));
        let first = [(&self.validation_name, &self.validation_value)];
        first.into_iter().filter(|(name, _)| !name.is_empty()).chain(others)
    }
}

impl Kind for Certificate {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "certificate",
        about: "ACM certificate of one region, validated by DNS or by e-mail.",
        id: "the ARN of the certificate",
        outputs: OUTPUTS,
        immutable: &["names", "key_algorithm", "by_email"],
        actions: &[
            "acm:AddTagsToCertificate",
            "acm:DeleteCertificate",
            "acm:DescribeCertificate",
            "acm:ListCertificates",
            "acm:ListTagsForCertificate",
            "acm:RemoveTagsFromCertificate",
            "acm:RequestCertificate",
        ],
        ..KindMeta::DEFAULT
    };
}

impl Component for Certificate {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.arn.clone()
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let Some(first) = spec.names.first().and_then(Input::known) else { return Ok(None) };
        for summary in certificates(aws).await? {
            let same_name = summary.domain_name.as_deref().is_some_and(|name| dns::normal(name) == dns::normal(first));
            let Some(arn) = summary.certificate_arn.filter(|_| same_name) else { continue };
            // Another owner may have a certificate for the same name, which is not a conflict.
            let Some(tags) = none_if_missing(tags_of(aws, &arn).await)? else { continue };
            let detail = if tags::is_ours(aws, &tags) { describe(aws, &arn).await? } else { None };
            let Some(detail) = detail.filter(is_usable) else { continue };
            let same_kind = algorithm(&detail) == spec.key_algorithm && by_email(&detail) == spec.by_email;
            if same_kind && names(&detail, &spec.names) == spec.names {
                // AWS may list and describe a certificate that was deleted a moment ago.
                let Some(outputs) = none_if_missing(validation(aws, &arn).await)? else { continue };
                return Ok(Some(Found::Ours(outputs)));
            }
        }
        Ok(None)
    }

    async fn discover(aws: &Regional, _siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let mut discovered = Vec::new();
        for arn in certificates(aws).await?.into_iter().filter_map(|summary| summary.certificate_arn) {
            let Some(tags) = none_if_missing(tags_of(aws, &arn).await)? else { continue };
            let Some(address) = tags::address_here::<Self>(aws, &tags) else { continue };
            let Some(detail) = describe(aws, &arn).await? else { continue };
            let Some(outputs) = outputs(&arn, &detail) else { continue };
            let spec = reported(&detail, names(&detail, &[]), tags::spec(tags));
            discovered.push(Discovered { key: address.key, spec, outputs });
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let names: Vec<String> = spec.names.iter().map(|name| name.get().clone()).collect();
        let content = content(spec, &names);
        let token = identity::token(aws, &content);
        let arn = request(aws, spec, &names, &token).await?;
        match validation_of_new(aws, &arn).await {
            // For an hour, ACM returns the certificate of a token even if it has been deleted.
            Err(error) if error.is_not_found() => {
                let arn = request(aws, spec, &names, &identity::fresh_token(aws, &content)).await?;
                validation_of_new(aws, &arn).await
            }
            Err(error @ CallError::Failed { .. }) => {
                // A certificate that failed is of no use, and no later run would find it.
                delete(aws, &arn).await?;
                Err(error)
            }
            outputs => outputs,
        }
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let (detail, tags) = futures::join!(describe(aws, &outputs.arn), tags_of(aws, &outputs.arn));
        let (Some(detail), Some(tags)) = (detail?, none_if_missing(tags)?) else { return Ok(None) };
        // A failed certificate covers no names, so that it is replaced.
        let names = if is_usable(&detail) { names(&detail, &spec.names) } else { Vec::new() };
        Ok(Some((reported(&detail, names, tags::spec(tags)), outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let arn = &outputs.arn;
        let set = async |tags: BTreeMap<String, String>| {
            let tags = to_aws(tags)?;
            let send = || aws.acm().add_tags_to_certificate().certificate_arn(arn).set_tags(Some(tags.clone())).send();
            aws.call("acm:AddTagsToCertificate", send).await.map(drop)
        };
        let unset = async |keys: Vec<String>| {
            let keys = keys.iter().map(|key| build_part(Tag::builder().key(key).build()));
            let keys: Vec<Tag> = keys.collect::<Result<_, _>>()?;
            let request = || aws.acm().remove_tags_from_certificate().certificate_arn(arn);
            let send = || request().set_tags(Some(keys.clone())).send();
            aws.call("acm:RemoveTagsFromCertificate", send).await.map(drop)
        };
        TagChange::between(&from.tags, &to.tags).apply(set, unset).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        delete(aws, &outputs.arn).await
    }
}

/// The time limit for ACM to assign the validation record.
const VALIDATION_WITHIN: Duration = Duration::from_secs(5 * 60);
/// How long a certificate may count as in use after it was detached from the last object.
const RELEASED_WITHIN: Duration = Duration::from_secs(20 * 60);

/// All certificates of the region. Without a filter, ACM lists only those with RSA keys of up to 2,048 bits.
pub(crate) async fn certificates(aws: &Regional) -> Result<Vec<CertificateSummary>, CallError> {
    let every_key = KeyAlgorithm::values().iter().map(|name| KeyAlgorithm::from(*name)).collect();
    let filters = Filters::builder().set_key_types(Some(every_key)).build();
    let ask = || async {
        let filters = &filters;
        pages(|next| async move {
            let request =
                || aws.acm().list_certificates().includes(filters.clone()).set_next_token(next.clone()).send();
            let page = aws.call("acm:ListCertificates", request).await?;
            Ok((page.certificate_summary_list, page.next_token))
        })
        .await
    };
    aws.read_once("acm:ListCertificates", ask).await
}

/// The details of a certificate; `None` when this region has no certificate with this ARN.
pub(crate) async fn describe(aws: &Regional, arn: &str) -> Result<Option<CertificateDetail>, CallError> {
    let ask = || async {
        let request = || aws.acm().describe_certificate().certificate_arn(arn).send();
        Ok(none_if_missing(aws.call("acm:DescribeCertificate", request).await)?.and_then(|answer| answer.certificate))
    };
    aws.read_once(&format!("acm:DescribeCertificate of {arn}"), ask).await
}

/// The tags of a certificate.
pub(crate) async fn tags_of(aws: &Regional, arn: &str) -> Result<BTreeMap<String, String>, CallError> {
    let ask = || async {
        let request = || aws.acm().list_tags_for_certificate().certificate_arn(arn).send();
        let tags = aws.call("acm:ListTagsForCertificate", request).await?.tags.unwrap_or_default();
        Ok(tags::reported(tags.into_iter().map(|tag| (tag.key, tag.value.unwrap_or_default()))))
    };
    aws.read_once(&format!("acm:ListTagsForCertificate of {arn}"), ask).await
}

/// Whether a certificate is issued or may still be issued.
pub(crate) fn is_usable(detail: &CertificateDetail) -> bool {
    matches!(detail.status, Some(CertificateStatus::Issued | CertificateStatus::PendingValidation) | None)
}

/// The names that a certificate covers; in the spelling and order of `ours` when they are equal.
pub(crate) fn names(detail: &CertificateDetail, ours: &[Input<String>]) -> Vec<Input<String>> {
    let mut names: Vec<String> = detail.domain_name.iter().cloned().collect();
    for name in detail.subject_alternative_names.iter().flatten() {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    respell(&names, ours)
}

/// The key algorithm of a certificate. ACM reports `RSA-2048` for `RSA_2048`.
pub(crate) fn algorithm(detail: &CertificateDetail) -> Input<String> {
    let reported = detail.key_algorithm.as_ref().map(|algorithm| algorithm.as_str().replace('-', "_"));
    reported.map_or_else(default_algorithm, Input::Known)
}

fn by_email(detail: &CertificateDetail) -> bool {
    let mut options = detail.domain_validation_options.iter().flatten();
    options.any(|option| option.validation_method == Some(ValidationMethod::Email))
}

/// The spec of a certificate as ACM describes it.
fn reported(detail: &CertificateDetail, names: Vec<Input<String>>, tags: Tags) -> Spec {
    Spec { names, key_algorithm: algorithm(detail), by_email: by_email(detail), tags }
}

/// What distinguishes requests for different certificates. The text of a default request never changes, because a request
/// that is repeated with it must have the same token.
fn content(spec: &Spec, names: &[String]) -> String {
    let mut content = names.join(",");
    if !is_default(&spec.key_algorithm) {
        content.extend([" ", spec.key_algorithm.get()]);
    }
    if spec.by_email {
        content.push_str(" by e-mail");
    }
    content
}

fn to_aws(tags: impl IntoIterator<Item = (String, String)>) -> Result<Vec<Tag>, CallError> {
    tags.into_iter().map(|(key, value)| build_part(Tag::builder().key(key).value(value).build())).collect()
}

async fn request(aws: &Regional, spec: &Spec, names: &[String], token: &str) -> Result<String, CallError> {
    let tags = to_aws(tags::plain(&spec.tags))?;
    let (domain, others) = names.split_first().unzip();
    let others = others.map(<[String]>::to_vec).filter(|others| !others.is_empty());
    let request = || {
        let request = aws.acm().request_certificate().set_domain_name(domain.cloned());
        let method = if spec.by_email { ValidationMethod::Email } else { ValidationMethod::Dns };
        let request = request.set_subject_alternative_names(others.clone()).validation_method(method);
        let request = request.key_algorithm(KeyAlgorithm::from(spec.key_algorithm.get().as_str()));
        request.idempotency_token(token).set_tags(Some(tags.clone())).send()
    };
    required(aws.call("acm:RequestCertificate", request).await?.certificate_arn, "a certificate's ARN")
}

/// The domain for which ACM requests a validation record: a wildcard shares the record of its parent.
pub(crate) fn validated_domain(name: &str) -> &str {
    name.strip_prefix("*.").unwrap_or(name)
}

/// The outputs of a certificate, once ACM reports the records that validate all of its names.
fn outputs(arn: &str, detail: &CertificateDetail) -> Option<Outputs> {
    let first = dns::normal(detail.domain_name.as_deref()?);
    if by_email(detail) {
        return Some(Outputs { arn: arn.to_owned(), ..Outputs::default() });
    }
    let mut records = BTreeMap::new();
    for option in detail.domain_validation_options.iter().flatten() {
        let record = option.resource_record.as_ref()?;
        let domain = validated_domain(&dns::normal(&option.domain_name)).to_owned();
        records.insert(domain, (dns::normal(&record.name), dns::normal(&record.value)));
    }
    let (validation_name, validation_value) = records.remove(validated_domain(&first))?;
    let each = || records.iter().map(|(domain, (name, value))| (domain.clone(), name.clone(), value.clone()));
    Some(Outputs {
        arn: arn.to_owned(),
        validation_name,
        validation_value,
        other_validation_names: each().map(|(domain, name, _)| (domain, name)).collect(),
        other_validation_values: each().map(|(domain, _, value)| (domain, value)).collect(),
    })
}

/// [`validation`] of a certificate that may not be visible yet.
async fn validation_of_new(aws: &Regional, arn: &str) -> Result<Outputs, CallError> {
    let wait = || validation(aws, arn);
    aws.retry("the certificate to be visible", Duration::from_secs(30), CallError::is_not_found, wait).await
}

/// Waits until ACM reports the records that validate the certificate.
async fn validation(aws: &Regional, arn: &str) -> Result<Outputs, CallError> {
    let look = || async {
        let request = || aws.acm().describe_certificate().certificate_arn(arn).send();
        let detail = aws.call("acm:DescribeCertificate", request).await?.certificate;
        let detail = required(detail, "a certificate")?;
        if !is_usable(&detail) {
            return Err(failure(arn, &detail));
        }
        Ok(match outputs(arn, &detail) {
            Some(outputs) => Poll::Ready(outputs),
            None => Poll::Pending("a validation record is missing".to_owned()),
        })
    };
    aws.wait("ACM to report the validation records", VALIDATION_WITHIN, look).await
}

/// What the owner of the domains must do before ACM issues or renews a certificate: the steps of `options` that are pending.
pub(crate) fn missing<'a>(options: impl IntoIterator<Item = &'a DomainValidation>) -> Option<String> {
    let is_pending = |option: &&DomainValidation| option.validation_status == Some(DomainStatus::PendingValidation);
    let step = |option: &DomainValidation| match &option.resource_record {
        Some(record) => format!("the record {} CNAME {}", record.name, record.value),
        None if option.validation_method == Some(ValidationMethod::Email) => {
            let addresses = option.validation_emails.as_deref().unwrap_or_default().join(", ");
            format!("an answer to the e-mail that ACM sent to {addresses} for {}", option.domain_name)
        }
        None => format!("the validation of {}", option.domain_name),
    };
    let steps: BTreeSet<String> = options.into_iter().filter(is_pending).map(step).collect();
    Some(steps.into_iter().collect::<Vec<_>>().join("; ")).filter(|steps| !steps.is_empty())
}

/// The error for a certificate that will never be issued, with ACM's reason.
pub(crate) fn failure(arn: &str, detail: &CertificateDetail) -> CallError {
    let status = detail.status.as_ref().map_or("unknown", CertificateStatus::as_str);
    let why = match &detail.failure_reason {
        Some(reason) => format!("it is {status} because of {}", reason.as_str()),
        None => format!("it is {status}"),
    };
    CallError::Failed { what: format!("certificate {arn}"), why }
}

async fn delete(aws: &Regional, arn: &str) -> Result<(), CallError> {
    let request = || aws.acm().delete_certificate().certificate_arn(arn).send();
    let delete = || async { ignore_missing(aws.call("acm:DeleteCertificate", request).await) };
    let in_use = |error: &CallError| error.code() == Some("ResourceInUseException");
    aws.retry("the certificate to be out of use", RELEASED_WITHIN, in_use, delete).await
}
