//! Statement in a function's resource policy that allows an API to invoke the alias.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::aws::{CallError, Regional};
use crate::components::lambda::alias::Alias;
use crate::components::support::answer::{ignore_missing, none_if_missing};
use crate::components::{Component, Discovered, Found, Holder, Place, Resolved, Siblings, lambda};
use crate::desired::{Input, Kind, KindMeta};

/// The kind `permission`.
#[derive(Debug)]
pub struct Permission;

/// The desired settings of a permission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The function's name.
    pub function: Input<String>,
    /// The alias' name.
    pub alias: Input<String>,
    /// The statement's id.
    pub statement_id: String,
    /// The id of the API that may invoke the alias.
    pub api_id: Input<String>,
}

/// What identifies a permission in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The function's name.
    pub function: String,
    /// The alias' name.
    pub alias: String,
    /// The statement's id.
    pub statement_id: String,
}

impl Kind for Permission {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "permission",
        about: "Statement in the function's resource policy that allows the API to invoke the alias.",
        id: "the id of the statement",
        immutable: &["function", "alias", "statement_id", "api_id"],
        actions: &["lambda:AddPermission", "lambda:GetPolicy", "lambda:RemovePermission"],
        ..KindMeta::DEFAULT
    };
}

impl Component for Permission {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.statement_id.clone()
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let (Some(function), Some(alias)) = (spec.function.known(), spec.alias.known()) else { return Ok(None) };
        let outputs = outputs(function, alias, &spec.statement_id);
        // A statement has no tags; with our id, in the policy of our function, it is ours.
        let Some(allowed) = allowed(aws, &outputs).await? else { return Ok(None) };
        Ok((spec.api_id.known() == Some(&allowed)).then_some(Found::Ours(outputs)))
    }

    async fn holder(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<Holder, CallError> {
        lambda::holder(aws, &outputs.function).await
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let scope = &aws.address().scope;
        let mut found = Vec::new();
        for (key, alias) in siblings.in_scope::<Alias>(scope) {
            for suffix in ["", REST] {
                let outputs = outputs(&alias.function, &alias.name, &statement_id(aws.owner().name(), suffix));
                let Some(api_id) = allowed(aws, &outputs).await? else { continue };
                let spec = Spec {
                    function: alias.function.as_str().into(),
                    alias: alias.name.as_str().into(),
                    statement_id: outputs.statement_id.clone(),
                    api_id: api_id.into(),
                };
                found.push(Discovered { key: self::key(key.as_deref(), suffix), spec, outputs });
            }
        }
        Ok(found)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let api_id = spec.api_id.get();
        let outputs = outputs(spec.function.get(), spec.alias.get(), &spec.statement_id);
        // Lambda loses statements when several are added to one policy at the same time.
        let _alone = aws.exclusive(&outputs.function).await?;
        match add(aws, &outputs, api_id).await {
            Err(taken) if taken.is_exists() => {}
            added => return added.map(|()| outputs),
        }
        if allowed(aws, &outputs).await?.as_ref() != Some(api_id) {
            // The statement allows the API that the new one replaces.
            remove(aws, &outputs).await?;
            add(aws, &outputs, api_id).await?;
        }
        Ok(outputs)
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let allowed = allowed(aws, outputs).await?;
        Ok(allowed.map(|api_id| (Spec { api_id: api_id.into(), ..spec.clone() }, outputs.clone())))
    }

    async fn update(_: &Regional, outputs: &Outputs, _: &Spec, _: &Resolved<Spec>) -> Result<Outputs, CallError> {
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        let _alone = aws.exclusive(&outputs.function).await?;
        // The replacement has the same id: a statement that allows another API is not the one to delete.
        if allowed(aws, outputs).await?.as_ref() != spec.api_id.known() {
            return Ok(());
        }
        remove(aws, outputs).await
    }
}

/// The suffix of the statement for a REST API.
pub const REST: &str = "rest";

/// The id of the statement of the resource `owner`; `suffix` is empty or [`REST`].
pub fn statement_id(owner: &str, suffix: &str) -> String {
    if suffix.is_empty() { format!("multiregion-{owner}") } else { format!("multiregion-{owner}-{suffix}") }
}

/// The key of the address of a statement for the function with this key.
pub fn key(function: Option<&str>, suffix: &str) -> Option<String> {
    match (function, suffix) {
        (function, "") => function.map(str::to_owned),
        (None, suffix) => Some(suffix.to_owned()),
        (Some(function), suffix) => Some(format!("{function}/{suffix}")),
    }
}

const INVOKE: &str = "lambda:InvokeFunction";
const API_GATEWAY: &str = "apigateway.amazonaws.com";

fn outputs(function: &str, alias: &str, statement_id: &str) -> Outputs {
    Outputs { function: function.to_owned(), alias: alias.to_owned(), statement_id: statement_id.to_owned() }
}

/// The source ARN of an API's requests: every stage, every route.
fn source_arn(aws: &Regional, api_id: &str) -> String {
    Place::from(aws).arn("execute-api", &format!("{api_id}/*/*"))
}

async fn add(aws: &Regional, outputs: &Outputs, api_id: &str) -> Result<(), CallError> {
    let (client, source) = (aws.lambda(), source_arn(aws, api_id));
    let send = || {
        client
            .add_permission()
            .function_name(&outputs.function)
            .qualifier(&outputs.alias)
            .statement_id(&outputs.statement_id)
            .action(INVOKE)
            .principal(API_GATEWAY)
            .source_arn(&source)
            .send()
    };
    let attempt = || aws.call("lambda:AddPermission", send);
    let what = format!("permission for API {api_id} to call function {}", outputs.function);
    aws.retry(&what, lambda::PROPAGATION, lambda::is_busy, attempt).await.map(drop)
}

async fn remove(aws: &Regional, outputs: &Outputs) -> Result<(), CallError> {
    let client = aws.lambda();
    let send = || {
        client
            .remove_permission()
            .function_name(&outputs.function)
            .qualifier(&outputs.alias)
            .statement_id(&outputs.statement_id)
            .send()
    };
    let attempt = || aws.call("lambda:RemovePermission", send);
    let what = format!("permission {} of function {}", outputs.statement_id, outputs.function);
    ignore_missing(aws.retry(&what, lambda::PROPAGATION, lambda::is_busy, attempt).await)
}

/// The id of the API that our statement allows; `None` without such a statement. A statement of another form is
/// returned as its own text, which is no id, so that it shows as drift.
pub(crate) async fn allowed(aws: &Regional, outputs: &Outputs) -> Result<Option<String>, CallError> {
    let client = aws.lambda();
    let send = || client.get_policy().function_name(&outputs.function).qualifier(&outputs.alias).send();
    let Some(answer) = none_if_missing(aws.call("lambda:GetPolicy", send).await)? else { return Ok(None) };
    let policy: Json = serde_json::from_str(answer.policy().unwrap_or("{}"))
        .map_err(|error| CallError::Failed { what: "lambda:GetPolicy".to_owned(), why: error.to_string() })?;
    let statements = policy.get("Statement").and_then(Json::as_array).into_iter().flatten();
    let ours = statements.into_iter().find(|statement| at(statement, "/Sid") == Some(outputs.statement_id.as_str()));
    Ok(ours.map(|statement| {
        let api_id = api_of(statement).filter(|api_id| source_of(statement) == Some(source_arn(aws, api_id).as_str()));
        api_id.map_or_else(|| statement.to_string(), str::to_owned)
    }))
}

fn source_of(statement: &Json) -> Option<&str> {
    let like = statement.pointer("/Condition/ArnLike")?.as_object().filter(|like| like.len() == 1)?;
    like.iter().find(|(key, _)| key.eq_ignore_ascii_case("aws:SourceArn")).and_then(|(_, value)| value.as_str())
}

/// The id of the API in a statement that allows API Gateway to invoke the function, and nothing else.
fn api_of(statement: &Json) -> Option<&str> {
    let plain = at(statement, "/Effect") == Some("Allow")
        && at(statement, "/Action") == Some(INVOKE)
        && at(statement, "/Principal/Service") == Some(API_GATEWAY)
        && statement.get("Condition").and_then(Json::as_object).is_some_and(|condition| condition.len() == 1);
    let resource = source_of(statement).filter(|_| plain)?.splitn(6, ':').nth(5)?;
    resource.split_once('/').map(|(api_id, _)| api_id)
}

/// The text at a JSON pointer.
fn at<'a>(statement: &'a Json, pointer: &str) -> Option<&'a str> {
    statement.pointer(pointer).and_then(Json::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_statement_of_our_form_names_an_api() {
        let ours = json!({
            "Sid": "multiregion-giraffe", "Effect": "Allow", "Principal": { "Service": API_GATEWAY },
            "Action": INVOKE, "Resource": "arn:aws:lambda:eu-west-1:123456789012:function:giraffe:live",
            "Condition": { "ArnLike": { "AWS:SourceArn": "arn:aws:execute-api:eu-west-1:123456789012:abc/*/*" } },
        });
        assert_eq!(api_of(&ours), Some("abc"));
        for (key, value) in [("Effect", json!("Deny")), ("Principal", json!("*")), ("Condition", json!({}))] {
            let mut other = ours.clone();
            other[key] = value;
            assert_eq!(api_of(&other), None, "{key}");
        }
    }
}
