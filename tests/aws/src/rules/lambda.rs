//! Lambda: roles that cannot be assumed yet, functions that are not active yet.

use serde_json::Value;

use super::cloudfront::edge_functions;
use super::{Context, Verdict, iam};
use crate::edge::lambda;
use crate::message::{ApiError, Response};

/// Rejects functions whose role cannot be assumed, and changes of functions that are not ready.
pub(crate) async fn before(context: &Context<'_>) -> Verdict {
    let operation = context.operation.name.as_str();
    let body = context.request.json();
    if let ("CreateFunction" | "UpdateFunctionConfiguration", Some(role)) = (operation, body["Role"].as_str())
        && !iam::lambda_can_assume(context, role).await?
    {
        let message = "The role defined for the function cannot be assumed by Lambda.";
        return context.refuse(400, "InvalidParameterValueException", message);
    }
    if operation == "DeleteFunction" {
        return edge_functions::before_deletion(context, function_name(context.name(0))).await;
    }
    if matches!(operation, "UpdateFunctionCode" | "UpdateFunctionConfiguration" | "PublishVersion") {
        let name = function_name(context.name(0));
        if context.proxy.timers.is_running(&context.timer("created", name)) {
            let message = "The operation cannot be performed at this time. The function is currently in the following state: Pending";
            return context.refuse(409, "ResourceConflictException", message);
        }
        if context.proxy.timers.is_running(&context.timer("updated", name)) {
            let arn = format!("arn:aws:lambda:{}:{}:function:{name}", context.place.region, context.place.account);
            let message =
                format!("The operation cannot be performed at this time. An update is in progress for resource: {arn}");
            return context.refuse(409, "ResourceConflictException", message);
        }
    }
    Ok(None)
}

/// Records when a function was changed, and sets the states of all functions. ministack uses delays of its own, which
/// tests cannot end early.
pub(crate) fn after(context: &Context<'_>, response: &mut Response) {
    if context.operation.name == "GetPolicy" {
        return keep_own_statements(context, response);
    }
    let mut body = response.as_json();
    let ready = context.proxy.options.delays.function_ready;
    let name = function_name(context.name(0));
    match context.operation.name.as_str() {
        "CreateFunction" => {
            let name = body["FunctionName"].as_str().unwrap_or_default();
            context.proxy.timers.start(&context.timer("created", name), ready);
        }
        "UpdateFunctionCode" | "UpdateFunctionConfiguration" => {
            context.proxy.timers.start(&context.timer("updated", name), ready);
        }
        "GetFunction" | "GetFunctionConfiguration" | "PublishVersion" | "ListFunctions" | "ListVersionsByFunction" => {}
        _ => return,
    }
    keep_code(context, &body);
    each_configuration(&mut body, &|configuration| set_states(context, configuration));
    response.body = body.to_string().into();
}

/// Stores the code of versions in us-east-1, which CloudFront may execute.
fn keep_code(context: &Context<'_>, response: &Value) {
    let operation = context.operation.name.as_str();
    if context.place.region != "us-east-1"
        || !matches!(operation, "CreateFunction" | "UpdateFunctionCode" | "PublishVersion")
    {
        return;
    }
    let name = response["FunctionName"].as_str().unwrap_or_default();
    let key = |version: &str| lambda::code_key(&context.place, name, version);
    let request = context.request.json();
    let zip = request["Code"]["ZipFile"].as_str().or(request["ZipFile"].as_str());
    if let Some(zip) = zip {
        context.proxy.remember(key("$LATEST"), zip);
    }
    let version = response["Version"].as_str().unwrap_or("$LATEST");
    if let Some(zip) = context.proxy.remembered(&key("$LATEST")).filter(|_| version != "$LATEST") {
        context.proxy.remember(key(version), &zip);
    }
}

/// ministack returns the statements of all qualifiers as the function's own policy.
fn keep_own_statements(context: &Context<'_>, response: &mut Response) {
    let mut body = response.as_json();
    let mut policy: Value = serde_json::from_str(body["Policy"].as_str().unwrap_or_default()).unwrap_or_default();
    let is_qualified =
        context.request.query.contains("Qualifier=") || context.name(0) != function_name(context.name(0));
    let Some(statements) = policy["Statement"].as_array_mut().filter(|_| !is_qualified) else { return };
    let own = format!(":function:{}", context.name(0));
    statements.retain(|statement| statement["Resource"].as_str().is_some_and(|resource| resource.ends_with(&own)));
    if statements.is_empty() {
        let message = "No policy is associated with the given resource.";
        let error = ApiError::new(404, "ResourceNotFoundException", message);
        *response = Response::error(&context.service, &error);
        return;
    }
    body["Policy"] = policy.to_string().into();
    response.body = body.to_string().into();
}

/// The function name in a name, a partial or a full ARN, with or without a qualifier.
fn function_name(identifier: &str) -> &str {
    let after_function = identifier.rsplit_once("function:").map_or(identifier, |(_, name)| name);
    after_function.split(':').next().unwrap_or_default()
}

fn each_configuration(body: &mut Value, change: &dyn Fn(&mut Value)) {
    if body.get("FunctionName").is_some() {
        change(body);
    }
    if let Some(configuration) = body.get_mut("Configuration") {
        change(configuration);
    }
    for list in ["Functions", "Versions"] {
        for configuration in body.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            change(configuration);
        }
    }
}

fn set_states(context: &Context<'_>, configuration: &mut Value) {
    if configuration["State"] == "Failed" {
        return;
    }
    let name = configuration["FunctionName"].as_str().unwrap_or_default();
    let is_latest = configuration["Version"].as_str().is_none_or(|version| version == "$LATEST");
    let pending = is_latest && context.proxy.timers.is_running(&context.timer("created", name));
    let updating = is_latest && context.proxy.timers.is_running(&context.timer("updated", name));
    configuration["State"] = if pending { "Pending" } else { "Active" }.into();
    configuration["LastUpdateStatus"] = if pending || updating { "InProgress" } else { "Successful" }.into();
    for reason in ["StateReason", "StateReasonCode"] {
        if let (false, Some(fields)) = (pending, configuration.as_object_mut()) {
            fields.remove(reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn function_names_are_read_from_all_identifiers() {
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:giraffe";
        for identifier in ["giraffe", "giraffe:live", arn, &format!("{arn}:7"), "123456789012:function:giraffe"] {
            assert_eq!(function_name(identifier), "giraffe");
        }
    }
}
