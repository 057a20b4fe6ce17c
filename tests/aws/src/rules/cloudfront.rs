//! CloudFront: invalid configurations, certificates of alternate domain names, slow deployments.

mod continuous;
pub(crate) mod edge_functions;
mod functions;
mod invalidation;
mod origin_mtls;
mod policies;
mod settings;
mod takeover;

use std::sync::Arc;

use super::{Context, Verdict, acm};
use crate::error::Error;
use crate::message::{ApiError, Response};
use crate::upstream::{Lookup, Place};
use crate::xml::Element;

const NOT_DISABLED: &str = "The distribution you are trying to delete has not been disabled.";

/// Why a configuration is invalid: status, code, message.
type ConfigError = (u16, &'static str, String);

/// Rejects invalid configurations, and the deletion of a distribution that is not deployed.
pub(crate) async fn before(context: &Context<'_>) -> Verdict {
    match context.operation.name.as_str() {
        "CreateDistribution" | "CreateDistributionWithTags" => {
            let request = context.request.xml();
            let config = request.child("DistributionConfig").unwrap_or(&request);
            if let Some(id) = context.proxy.remembered(&reference(context, config)) {
                let message = format!(
                    "The caller reference that you are using to create a distribution is associated with another \
                     distribution. Already exists: {id}"
                );
                return context.refuse(409, "DistributionAlreadyExists", message);
            }
            check(context, config, "").await
        }
        "UpdateDistribution" => {
            let config = context.request.xml();
            let found = get_xml(context, &format!("distribution/{}/config", context.name(0))).await?;
            let reference = |config: &Element| config.text_at(&["CallerReference"]).to_owned();
            if found.is_some_and(|found| reference(&found) != reference(&config)) {
                return context.refuse(400, "IllegalUpdate", "The caller reference cannot be changed.");
            }
            let mut verdict = check(context, &config, context.name(0)).await?;
            if verdict.is_none() {
                verdict = continuous::update(context, &config).await?;
            }
            if verdict.is_none() {
                edge_functions::note_removals(context, context.name(0), Some(&config)).await?;
            }
            Ok(verdict)
        }
        "DeleteDistribution" => delete(context).await,
        "UpdateDomainAssociation" => takeover::before(context).await,
        name if name.ends_with("ContinuousDeploymentPolicy") => continuous::before(context).await,
        "CreateInvalidation" => invalidation::before(context).await,
        "CreateFunction" | "UpdateFunction" | "DeleteFunction" => functions::before(context).await,
        name if name.ends_with("Policy") => policies::before(context).await,
        _ => Ok(None),
    }
}

async fn get_xml(context: &Context<'_>, path: &str) -> Result<Option<Arc<Element>>, Error> {
    context.proxy.upstream.xml(&context.place, "cloudfront", Lookup::Get(&format!("/2020-05-31/{path}"))).await
}

async fn delete(context: &Context<'_>) -> Verdict {
    let id = context.name(0);
    // A missing or stale ETag is reported first; the backend checks it.
    let path = format!("/2020-05-31/distribution/{id}");
    let current = context.proxy.upstream.lookup(&context.place, "cloudfront", Lookup::Get(&path)).await?;
    let etag = current.header("etag");
    let Some(config) = current.xml().filter(|_| etag == context.request.headers.get("if-match")) else {
        return Ok(None);
    };
    if context.proxy.timers.is_running(&context.timer("distribution", id)) {
        return context.refuse(409, "DistributionNotDisabled", NOT_DISABLED);
    }
    if continuous::policy_of_staging(context, config.text_at(&["DomainName"])).await?.is_some() {
        return context.refuse(409, "StagingDistributionInUse", continuous::IN_USE);
    }
    edge_functions::note_removals(context, id, None).await?;
    let arn = config.text_at(&["DistributionConfig", "ViewerCertificate", "ACMCertificateArn"]);
    if !arn.is_empty() && config.text_at(&["DistributionConfig", "Enabled"]) == "false" {
        acm::release(context, arn);
    }
    Ok(None)
}

/// Checks a configuration for the distribution `id`, which is empty for a new one.
async fn check(context: &Context<'_>, config: &Element, id: &str) -> Verdict {
    let error = match groups(config)
        .or_else(|| behaviors(config))
        .or_else(|| settings::check(config))
        .or_else(|| functions::associations(context, config))
    {
        Some(error) => Some(error),
        None => match policies::missing(context, config).await? {
            Some(error) => Some(error),
            None => match edge_functions::invalid(context, config).await? {
                Some(error) => Some(error),
                None => match origin_mtls::invalid(context, config).await? {
                    Some(error) => Some(error),
                    None => match continuous::invalid(context, config, id).await? {
                        Some(error) => Some(error),
                        None => aliases(context, config, id).await?,
                    },
                },
            },
        },
    };
    Ok(error.map(|(status, code, message)| Response::error("cloudfront", &ApiError::new(status, code, message))))
}

/// An origin group has two existing origins.
fn groups(config: &Element) -> Option<ConfigError> {
    let origins: Vec<&str> =
        config.items_at(&["Origins", "Items"]).iter().map(|origin| origin.text_at(&["Id"])).collect();
    for group in config.items_at(&["OriginGroups", "Items"]) {
        let members = group.items_at(&["Members", "Items"]);
        if members.len() != 2 {
            let message = "The parameter OriginGroup Members must have a quantity of 2.";
            return Some((400, "InvalidArgument", message.to_owned()));
        }
        if members.iter().any(|member| !origins.contains(&member.text_at(&["OriginId"]))) {
            return Some((404, "NoSuchOrigin", NO_ORIGIN.to_owned()));
        }
    }
    None
}

const NO_ORIGIN: &str = "One or more of your origins or origin groups do not exist.";

fn all_behaviors(config: &Element) -> impl Iterator<Item = &Element> {
    config.child("DefaultCacheBehavior").into_iter().chain(config.items_at(&["CacheBehaviors", "Items"]))
}

/// A behavior has an existing target; a target that is an origin group does not allow writes.
fn behaviors(config: &Element) -> Option<ConfigError> {
    let ids = |path: &[&str]| -> Vec<String> {
        config.items_at(path).iter().map(|item| item.text_at(&["Id"]).to_owned()).collect()
    };
    let (origins, groups) = (ids(&["Origins", "Items"]), ids(&["OriginGroups", "Items"]));
    for behavior in all_behaviors(config) {
        let target = behavior.text_at(&["TargetOriginId"]).to_owned();
        if !origins.contains(&target) && !groups.contains(&target) {
            return Some((404, "NoSuchOrigin", NO_ORIGIN.to_owned()));
        }
        let writes = |method: &Element| matches!(method.text.as_str(), "POST" | "PUT" | "PATCH" | "DELETE");
        if groups.contains(&target) && behavior.items_at(&["AllowedMethods", "Items"]).iter().any(writes) {
            let message = "The parameter AllowedMethods cannot include POST, PUT, PATCH, or DELETE for a cached \
                           behavior associated with an origin group.";
            return Some((400, "InvalidArgument", message.to_owned()));
        }
    }
    None
}

/// Alternate domain names need an issued certificate of us-east-1 that covers them, and belong to one distribution
/// only.
async fn aliases(context: &Context<'_>, config: &Element, id: &str) -> Result<Option<ConfigError>, Error> {
    let invalid = |message: &str| Ok(Some((400, "InvalidViewerCertificate", message.to_owned())));
    let arn = config.text_at(&["ViewerCertificate", "ACMCertificateArn"]);
    let names: Vec<&str> = config.items_at(&["Aliases", "Items"]).iter().map(|alias| alias.text.as_str()).collect();
    if arn.is_empty() {
        if names.is_empty() {
            return Ok(None);
        }
        return invalid(
            "To add an alternate domain name (CNAME) to a CloudFront distribution, you must attach a trusted certificate \
             that validates your authorization to use the domain name.",
        );
    }
    let place = Place { region: "us-east-1".to_owned(), ..context.place.clone() };
    let certificate = match arn.split(':').nth(3) {
        Some("us-east-1") => acm::certificate(context, &place, arn).await?,
        _ => None,
    };
    let Some(certificate) = certificate.filter(|found| found["Status"] == "ISSUED" || found["Type"] == "IMPORTED")
    else {
        return invalid(
            "The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, or doesn't include a \
             valid certificate chain.",
        );
    };
    if certificate["KeyAlgorithm"].as_str().is_some_and(|algorithm| algorithm.ends_with("secp384r1")) {
        let message = "The specified SSL certificate has a key algorithm that CloudFront does not support.";
        return Ok(Some((400, "InvalidViewerCertificate", message.to_owned())));
    }
    if certificate["Type"] != "IMPORTED" && names.iter().any(|name| !acm::covers(&certificate, name)) {
        return invalid(
            "The certificate that is attached to your distribution doesn't cover the alternate domain name (CNAME) that \
             you're trying to add.",
        );
    }
    let all = get_xml(context, "distribution").await?.unwrap_or_default();
    let others = all.items_at(&["Items"]).iter().filter(|other| other.text_at(&["Id"]) != id);
    let taken = others
        .flat_map(|other| other.items_at(&["Aliases", "Items"]))
        .any(|alias| names.contains(&alias.text.as_str()));
    let message = "One or more of the CNAMEs you provided are already associated with a different resource.";
    Ok(taken.then(|| (409, "CNAMEAlreadyExists", message.to_owned())))
}

fn reference(context: &Context<'_>, config: &Element) -> String {
    format!("{}/distribution/{}", context.place.account, config.text_at(&["CallerReference"]))
}

/// Records when a distribution was changed, and sets the status of all: ministack deploys immediately.
pub(crate) fn after(context: &Context<'_>, response: &mut Response) {
    match context.operation.name.as_str() {
        "CreateDistribution" | "CreateDistributionWithTags" | "UpdateDistribution" => changed(context, response),
        "GetDistribution" | "ListDistributions" => {
            let mut message = response.as_xml();
            set_status(context, &mut message, response);
        }
        "CreateInvalidation" | "GetInvalidation" => invalidation::after(context, response),
        "UpdateDomainAssociation" => takeover::after(context, response),
        name if name.contains("KeyValueStore") => functions::after(context, response),
        _ => {}
    }
}

fn changed(context: &Context<'_>, response: &mut Response) {
    let mut message = response.as_xml();
    let id = message.text_at(&["Id"]).to_owned();
    let delay = context.proxy.options.delays.distribution_deployed;
    context.proxy.timers.start(&context.timer("distribution", &id), delay);
    if let Some(config) = message.child("DistributionConfig") {
        context.proxy.remember(reference(context, config), &id);
    }
    set_status(context, &mut message, response);
}

fn set_status(context: &Context<'_>, message: &mut Element, response: &mut Response) {
    message.each_mut(&mut |element| {
        let is_distribution = matches!(element.name.as_str(), "Distribution" | "DistributionSummary");
        let timer = context.timer("distribution", element.text_at(&["Id"]));
        if let (true, Some(status)) = (is_distribution, element.child_mut("Status")) {
            let deploying = context.proxy.timers.is_running(&timer);
            status.text = if deploying { "InProgress" } else { "Deployed" }.to_owned();
        }
    });
    response.body = message.to_message().into();
}
