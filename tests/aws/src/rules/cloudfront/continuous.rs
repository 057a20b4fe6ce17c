//! CloudFront: continuous deployment, in which a policy sends some requests of a distribution to a staging distribution.
//!
//! Sources: AWS, Amazon CloudFront Developer Guide, "Quotas and other considerations for continuous deployment"; CloudFront API
//! reference; messages as users have reported them.

use std::sync::Arc;

use super::{ConfigError, get_xml};
use crate::error::Error;
use crate::rules::{Context, Verdict};
use crate::xml::Element;

/// The message of `StagingDistributionInUse`.
pub(super) const IN_USE: &str = "The specified staging distribution is currently used by a continuous deployment policy. \
                                 Please the update policy before deleting.";

const DNS_NAMES: [&str; 2] = ["StagingDistributionDnsNames", "Items"];
const POLICY: [&str; 1] = ["ContinuousDeploymentPolicyId"];

/// Rejects invalid policies, and the deletion of a policy that a distribution uses.
pub(super) async fn before(context: &Context<'_>) -> Verdict {
    let operation = context.operation.name.as_str();
    if operation.starts_with("Get") {
        return Ok(None);
    }
    if operation.starts_with("Delete") {
        for (_, config) in all(context).await? {
            if config.text_at(&POLICY) == context.name(0) {
                let message =
                    "You cannot delete a continuous deployment policy that is associated with a primary distribution.";
                return context.refuse(409, "ContinuousDeploymentPolicyInUse", message);
            }
        }
        return Ok(None);
    }
    let config = context.request.xml();
    if let Some(message) = traffic(&config) {
        return context.refuse(400, "InvalidArgument", message);
    }
    let name = config.items_at(&DNS_NAMES).first().map_or("", |item| item.text.as_str());
    if !all(context).await?.iter().any(|(found, config)| found == name && is_staging(config)) {
        let message = format!("The specified staging distribution does not exist: {name}");
        return context.refuse(400, "InvalidArgument", message);
    }
    match policy_of_staging(context, name).await? {
        Some(id) if id != context.name(0) => {
            let message = "A continuous deployment policy for this staging distribution already exists.";
            context.refuse(409, "StagingDistributionInUse", message)
        }
        _ => Ok(None),
    }
}

fn traffic(config: &Element) -> Option<String> {
    let traffic = config.child("TrafficConfig")?;
    match (traffic.text_at(&["Type"]), traffic.child("SingleWeightConfig"), traffic.child("SingleHeaderConfig")) {
        ("SingleWeight", Some(share), None) => {
            let weight: f64 = share.text_at(&["Weight"]).parse().unwrap_or(-1.0);
            let seconds = |name: &str| share.text_at(&["SessionStickinessConfig", name]).parse::<i64>().ok();
            let (idle, maximum) = (seconds("IdleTTL"), seconds("MaximumTTL"));
            let is_valid = |seconds: Option<i64>| seconds.is_none_or(|seconds| (300..=3_600).contains(&seconds));
            // The SDK sends 0.15 as a number of 32 bits.
            let wrong = !(0.0..=0.150_001).contains(&weight) || !is_valid(idle) || !is_valid(maximum) || idle > maximum;
            wrong.then(|| "The parameter SingleWeightConfig is invalid.".to_owned())
        }
        ("SingleHeader", None, Some(header)) => {
            let wrong = !header.text_at(&["Header"]).to_lowercase().starts_with("aws-cf-cd-");
            wrong.then(|| "The parameter Header must start with aws-cf-cd-.".to_owned())
        }
        _ => Some("The parameter TrafficConfig is invalid.".to_owned()),
    }
}

/// What is wrong with a configuration that is a staging distribution or uses a policy.
pub(super) async fn invalid(context: &Context<'_>, config: &Element, id: &str) -> Result<Option<ConfigError>, Error> {
    if is_staging(config) && !config.items_at(&["Aliases", "Items"]).is_empty() {
        let message = "A staging distribution cannot have alternate domain names.".to_owned();
        return Ok(Some((400, "InvalidArgument", message)));
    }
    let policy = config.text_at(&POLICY);
    if policy.is_empty() {
        return Ok(None);
    }
    if get_xml(context, &format!("continuous-deployment-policy/{policy}")).await?.is_none() {
        let message = "The continuous deployment policy doesn't exist.".to_owned();
        return Ok(Some((404, "NoSuchContinuousDeploymentPolicy", message)));
    }
    if is_staging(config) || id.is_empty() || config.text_at(&["HttpVersion"]).contains('3') {
        let message = "Continuous deployment is not supported for this distribution.".to_owned();
        return Ok(Some((400, "InvalidArgument", message)));
    }
    Ok(None)
}

/// Rejects changes that CloudFront does not accept from a staging distribution, or from one that uses a policy.
pub(super) async fn update(context: &Context<'_>, config: &Element) -> Verdict {
    let held = get_xml(context, &format!("distribution/{}", context.name(0))).await?;
    let Some(before) = held.as_ref().and_then(|held| held.child("DistributionConfig")) else { return Ok(None) };
    if is_staging(before) != is_staging(config) {
        return context.refuse(400, "IllegalUpdate", "The parameter Staging cannot be changed.");
    }
    let name = held.as_ref().map_or("", |held| held.text_at(&["DomainName"]));
    if is_staging(before)
        && config.text_at(&["Enabled"]) == "false"
        && policy_of_staging(context, name).await?.is_some()
    {
        return context.refuse(409, "StagingDistributionInUse", IN_USE);
    }
    if before.text_at(&POLICY).is_empty() {
        return Ok(None);
    }
    if config.at(&POLICY).is_none() {
        let message = "Continuous deployment policy is not included in the update.";
        return context.refuse(400, "IllegalUpdate", message);
    }
    let certificate = |config: &Element| {
        let text = |name: &str| config.text_at(&["ViewerCertificate", name]).to_owned();
        let arn = text("ACMCertificateArn");
        (!arn.is_empty()).then(|| (arn, text("MinimumProtocolVersion")))
    };
    let has_web_acl = |config: &Element| !config.text_at(&["WebACLId"]).is_empty();
    let has_http3 = |config: &Element| config.text_at(&["HttpVersion"]).contains('3');
    if certificate(before) != certificate(config)
        || has_web_acl(before) != has_web_acl(config)
        || has_http3(before) != has_http3(config)
    {
        let message = "You cannot change this setting while the distribution has a continuous deployment policy.";
        return context.refuse(400, "IllegalUpdate", message);
    }
    Ok(None)
}

/// The id of the policy that sends requests to the staging distribution with this domain name.
pub(super) async fn policy_of_staging(context: &Context<'_>, name: &str) -> Result<Option<String>, Error> {
    let all = get_xml(context, "continuous-deployment-policy").await?.unwrap_or_default();
    let policies = all.items_at(&["Items"]).iter().filter_map(|item| item.child("ContinuousDeploymentPolicy"));
    let names = |policy: &&Element| {
        let config = policy.child("ContinuousDeploymentPolicyConfig");
        config.is_some_and(|config| config.items_at(&DNS_NAMES).iter().any(|item| item.text == name))
    };
    let mut found = policies.filter(names);
    Ok(found.next().map(|policy| policy.text_at(&["Id"]).to_owned()))
}

/// The domain names and settings of all distributions.
async fn all(context: &Context<'_>) -> Result<Vec<(String, Arc<Element>)>, Error> {
    let list = get_xml(context, "distribution").await?.unwrap_or_default();
    let mut all = Vec::new();
    for item in list.items_at(&["Items"]) {
        let config = get_xml(context, &format!("distribution/{}/config", item.text_at(&["Id"]))).await?;
        all.extend(config.map(|config| (item.text_at(&["DomainName"]).to_owned(), config)));
    }
    Ok(all)
}

fn is_staging(config: &Element) -> bool {
    config.text_at(&["Staging"]) == "true"
}
