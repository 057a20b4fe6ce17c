//! Lambda@Edge functions of a distribution: what CloudFront accepts, and when Lambda deletes a function again.
//!
//! # Source
//! Amazon CloudFront Developer Guide, "Restrictions on Lambda@Edge", "Quotas on Lambda@Edge", "Delete Lambda@Edge functions and
//! replicas"; CloudFront API reference, `InvalidLambdaFunctionAssociation`. The messages are from AWS's answers, as far as they
//! are published.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{ConfigError, all_behaviors, get_xml};
use crate::edge::lambda;
use crate::error::Error;
use crate::message::{ApiError, Response};
use crate::rules::{Context, Verdict, iam, timer};
use crate::upstream::{Lookup, Place};
use crate::xml::Element;

/// The limits of functions at origin events; those at viewer events have lower ones.
const TIMEOUT: u64 = 30;
const VIEWER_TIMEOUT: u64 = 5;
const VIEWER_MEMORY: u64 = 128;
const CODE_BYTES: u64 = 50 * 1024 * 1024;

/// An association: the event and the ARN.
fn associations(config: &Element) -> Vec<(String, String)> {
    let all = all_behaviors(config).flat_map(|behavior| behavior.items_at(&["LambdaFunctionAssociations", "Items"]));
    let text = |item: &Element, name: &str| item.text_at(&[name]).to_owned();
    all.map(|item| (text(item, "EventType"), text(item, "LambdaFunctionARN"))).collect()
}

/// Why CloudFront rejects the functions of a configuration.
pub(super) async fn invalid(context: &Context<'_>, config: &Element) -> Result<Option<ConfigError>, Error> {
    for behavior in all_behaviors(config) {
        let events: Vec<&str> = behavior
            .items_at(&["LambdaFunctionAssociations", "Items"])
            .iter()
            .map(|item| item.text_at(&["EventType"]))
            .collect();
        if events.iter().collect::<BTreeSet<_>>().len() < events.len() {
            return Ok(error("The specified event type is associated with more than one function."));
        }
    }
    for (event, arn) in associations(config) {
        if let Some(message) = violation(context, &event, &arn).await? {
            return Ok(error(&message));
        }
    }
    Ok(None)
}

#[expect(clippy::unnecessary_wraps, reason = "the type of every rule")]
fn error(message: &str) -> Option<ConfigError> {
    Some((400, "InvalidLambdaFunctionAssociation", message.to_owned()))
}

async fn violation(context: &Context<'_>, event: &str, arn: &str) -> Result<Option<String>, Error> {
    let (name, version) = lambda::name_of(arn);
    if version.parse::<u64>().is_err() {
        return Ok(Some(format!(
            "The function ARN must reference a specific function version. (The ARN must end with the version number.) ARN: {arn}"
        )));
    }
    if arn.split(':').nth(3) != Some("us-east-1") {
        return Ok(Some(format!("The function must be in region 'us-east-1'. ARN: {arn}")));
    }
    let place = Place { region: "us-east-1".to_owned(), ..context.place.clone() };
    let Some(held) = lambda::configuration(context.proxy, &place, name, version).await? else {
        return Ok(Some(format!("The function does not exist. ARN: {arn}")));
    };
    if let Some(why) = unsuitable(event, &held) {
        return Ok(Some(format!("{why} Function: {arn}")));
    }
    let role = held["Role"].as_str().unwrap_or_default();
    if !iam::edge_can_assume(context, role).await? {
        return Ok(Some(format!(
            "The function execution role must be assumable with edgelambda.amazonaws.com as well as lambda.amazonaws.com \
             principals. Update the IAM role and try again. Role: {role}"
        )));
    }
    if context.proxy.timers.is_running(&timer(&place, "created", name)) {
        return Ok(Some(format!(
            "The function must be in an Active state. The current state for function {arn} is Pending."
        )));
    }
    Ok(None)
}

/// Why a function cannot run at the edge.
fn unsuitable(event: &str, held: &Value) -> Option<String> {
    let is_empty = |value: &Value| value.as_object().is_none_or(serde_json::Map::is_empty);
    let list_is_empty = |value: &Value| value.as_array().is_none_or(Vec::is_empty);
    let runtime = held["Runtime"].as_str().unwrap_or_default();
    if held["PackageType"] == "Image" {
        return Some("The function cannot have a container image.".to_owned());
    }
    if !runtime.starts_with("nodejs") && !runtime.starts_with("python") {
        return Some(format!("The function has an unsupported runtime: {runtime}."));
    }
    if !is_empty(&held["Environment"]["Variables"]) {
        return Some("The function cannot have environment variables.".to_owned());
    }
    if !list_is_empty(&held["VpcConfig"]["SubnetIds"]) {
        return Some("The function cannot have a VPC configuration.".to_owned());
    }
    if !list_is_empty(&held["Layers"]) {
        return Some("The function cannot have layers.".to_owned());
    }
    if held["Architectures"].as_array().is_some_and(|all| all.iter().any(|one| one != "x86_64")) {
        return Some("The function must use the x86_64 architecture.".to_owned());
    }
    if held["EphemeralStorage"]["Size"].as_u64().is_some_and(|size| size > 512) {
        return Some("The function cannot have more than 512 MB of ephemeral storage.".to_owned());
    }
    let is_viewer = event.starts_with("viewer");
    let too_large = |what: &str, found: u64, most: u64| {
        format!(
            "The function {what} is larger than the maximum allowed for functions that are triggered by a CloudFront event: \
             {found} Max allowed: {most}"
        )
    };
    let number = |name: &str| held[name].as_u64().unwrap_or_default();
    let timeout = if is_viewer { VIEWER_TIMEOUT } else { TIMEOUT };
    if number("Timeout") > timeout {
        return Some(too_large("timeout", number("Timeout"), timeout));
    }
    if is_viewer && number("MemorySize") > VIEWER_MEMORY {
        return Some(too_large("memory", number("MemorySize"), VIEWER_MEMORY));
    }
    let bytes = if is_viewer { CODE_BYTES / 50 } else { CODE_BYTES };
    (number("CodeSize") > bytes).then(|| too_large("code size", number("CodeSize"), bytes))
}

/// Notes when functions of the distribution `id` are no longer associated: AWS removes their replicas some time later.
pub(super) async fn note_removals(context: &Context<'_>, id: &str, after: Option<&Element>) -> Result<(), Error> {
    let before = get_xml(context, &format!("distribution/{id}/config")).await?;
    let names = |config: &Element| -> BTreeSet<String> {
        associations(config).iter().map(|(_, arn)| lambda::name_of(arn).0.to_owned()).collect()
    };
    let before = before.map(|before| names(&before)).unwrap_or_default();
    let after = after.map(names).unwrap_or_default();
    let place = Place { region: "us-east-1".to_owned(), ..context.place.clone() };
    for name in before.difference(&after) {
        let delay = context.proxy.options.delays.replicas_removed;
        context.proxy.timers.start(&timer(&place, "replicas", name), delay);
    }
    Ok(())
}

/// Rejects the deletion of a function, or of one of its versions, that the edge locations still have.
pub(crate) async fn before_deletion(context: &Context<'_>, name: &str) -> Verdict {
    if context.place.region != "us-east-1" {
        return Ok(None);
    }
    if !context.proxy.timers.is_running(&context.timer("replicas", name)) && !is_associated(context, name).await? {
        return Ok(None);
    }
    let arn = format!("arn:aws:lambda:{}:{}:function:{name}", context.place.region, context.place.account);
    let message = format!(
        "Lambda was unable to delete {arn} because it is a replicated function. Please see our documentation for Deleting \
         Lambda@Edge Functions and Replicas."
    );
    let error = ApiError::new(400, "InvalidParameterValueException", message);
    Ok(Some(Response::error("lambda", &error)))
}

async fn is_associated(context: &Context<'_>, name: &str) -> Result<bool, Error> {
    let read = async |path: &str| {
        let path = format!("/2020-05-31/{path}");
        context.proxy.upstream.xml(&context.place.global(), "cloudfront", Lookup::Get(&path)).await
    };
    let all = read("distribution").await?.unwrap_or_default();
    for item in all.items_at(&["Items"]) {
        let config = read(&format!("distribution/{}/config", item.text_at(&["Id"]))).await?.unwrap_or_default();
        if associations(&config).iter().any(|(_, arn)| lambda::name_of(arn).0 == name) {
            return Ok(true);
        }
    }
    Ok(false)
}
