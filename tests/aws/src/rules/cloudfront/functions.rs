//! CloudFront Functions: their associations with behaviors and key value stores, and the status of key value stores.

use super::{ConfigError, all_behaviors, get_xml};
use crate::message::Response;
use crate::rules::{Context, Verdict};
use crate::xml::Element;

const EVENTS: [&str; 2] = ["viewer-request", "viewer-response"];

/// Rejects functions with a key value store that is not ready yet, and the deletion of a function that a distribution uses.
pub(super) async fn before(context: &Context<'_>) -> Verdict {
    if context.operation.name == "DeleteFunction" {
        return delete(context).await;
    }
    let request = context.request.xml();
    let stores = request.items_at(&["FunctionConfig", "KeyValueStoreAssociations", "Items"]);
    let id = |store: &Element| store.text_at(&["KeyValueStoreARN"]).rsplit('/').next().unwrap_or_default().to_owned();
    let is_new = |id: String| context.proxy.timers.is_running(&context.timer("key_value_store", &id));
    if stores.iter().map(id).any(is_new) {
        let message = "The KVS cannot be associated before the resource is provisioned";
        return context.refuse(400, "InvalidArgument", message);
    }
    Ok(None)
}

async fn delete(context: &Context<'_>) -> Verdict {
    let arn = format!("arn:aws:cloudfront::{}:function/{}", context.place.account, context.name(0));
    let all = get_xml(context, "distribution").await?.unwrap_or_default();
    for item in all.items_at(&["Items"]) {
        let path = format!("distribution/{}/config", item.text_at(&["Id"]));
        let Some(config) = get_xml(context, &path).await? else { continue };
        if all_behaviors(&config).any(|behavior| arns(behavior).contains(&arn.as_str())) {
            let message = "The function is associated with one or more distributions. Remove the associations first.";
            return context.refuse(409, "FunctionInUse", message);
        }
    }
    Ok(None)
}

fn associated(behavior: &Element) -> &[Element] {
    behavior.items_at(&["FunctionAssociations", "Items"])
}

fn arns(behavior: &Element) -> Vec<&str> {
    associated(behavior).iter().map(|function| function.text_at(&["FunctionARN"])).collect()
}

/// A behavior has at most one function for each event of viewers, either a CloudFront function that is published, or a
/// function of Lambda@Edge.
///
/// # Source
/// Amazon CloudFront Developer Guide, "Restrictions on edge functions".
pub(super) fn associations(context: &Context<'_>, config: &Element) -> Option<ConfigError> {
    let invalid = |message: String| Some((400, "InvalidFunctionAssociation", message));
    for behavior in all_behaviors(config) {
        let event = |function: &Element| function.text_at(&["EventType"]).to_owned();
        let mut events: Vec<String> = associated(behavior).iter().map(event).collect();
        if let Some(wrong) = events.iter().find(|event| !EVENTS.contains(&event.as_str())) {
            return invalid(format!("The parameter EventType is invalid: {wrong}"));
        }
        let lambda = behavior.items_at(&["LambdaFunctionAssociations", "Items"]).iter().map(event);
        if !events.is_empty() {
            events.extend(lambda.filter(|event| EVENTS.contains(&event.as_str())));
        }
        let count = events.len();
        events.sort();
        events.dedup();
        if events.len() != count {
            return invalid("A behavior has more than one function for an event.".to_owned());
        }
        let memory = context.proxy.upstream.memory();
        for arn in arns(behavior) {
            if memory.viewer_function(&context.place, arn).is_none() {
                return invalid(format!("The function does not exist or is not published: {arn}"));
            }
        }
    }
    None
}

/// Sets the status of key value stores: they become ready a little after their creation.
pub(super) fn after(context: &Context<'_>, response: &mut Response) {
    let mut message = response.as_xml();
    if context.operation.name == "CreateKeyValueStore" {
        let timer = context.timer("key_value_store", message.text_at(&["Id"]));
        context.proxy.timers.start(&timer, context.proxy.options.delays.key_value_store_ready);
    }
    message.each_mut(&mut |element| {
        let timer = context.timer("key_value_store", element.text_at(&["Id"]));
        let is_store = element.name == "KeyValueStore";
        if let (true, Some(status)) = (is_store, element.child_mut("Status")) {
            let is_new = context.proxy.timers.is_running(&timer);
            status.text = if is_new { "PROVISIONING" } else { "READY" }.to_owned();
        }
    });
    if !message.name.is_empty() {
        response.body = message.to_message().into();
    }
}
