//! Lambda: functions, versions, aliases and policies. Of the code, only the digest is stored.

mod function;
mod policy;
mod settings;
mod versions;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{ApiCall, Outcome, Store, json, no_content, page, text};
use crate::message::ApiError;
use crate::upstream::Place;

/// The functions of all accounts and regions, by name.
#[derive(Debug, Default, Clone)]
pub(super) struct Lambda {
    functions: Store<Function>,
}

#[derive(Debug, Clone)]
struct Function {
    /// The configuration of `$LATEST`, as GetFunctionConfiguration returns it.
    latest: Map<String, Value>,
    /// The location of the code, as GetFunction returns it.
    code: Value,
    tags: BTreeMap<String, Value>,
    /// The configurations of versions by number.
    versions: BTreeMap<u64, Map<String, Value>>,
    /// The number of the last version, even if that was deleted since.
    last_version: u64,
    /// By name.
    aliases: BTreeMap<String, Value>,
    /// Policy statements by qualifier; those of the function itself under the empty qualifier.
    policies: BTreeMap<String, Vec<Value>>,
    reserved: Option<Value>,
    /// By qualifier.
    provisioned: BTreeMap<String, Value>,
    weighted: versions::Requests,
}

/// A function as its callers see it.
#[derive(Debug)]
pub(super) struct Callable<'a> {
    pub(super) name: &'a str,
    /// The configuration of the version that is called.
    pub(super) configuration: &'a Map<String, Value>,
    /// The policy statements that allow calls.
    pub(super) statements: &'a [Value],
    /// Whether its reserved concurrency is zero.
    pub(super) is_disabled: bool,
}

impl Lambda {
    pub(super) fn handle(&mut self, call: &mut ApiCall<'_>) -> Outcome {
        match call.operation.name.as_str() {
            "CreateFunction" => return self.create(call),
            "ListFunctions" => return self.list(call),
            "GetAccountSettings" => {
                let limit = json!({"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000});
                return json(200, &json!({ "AccountLimit": limit, "AccountUsage": {} }));
            }
            "DeleteFunction" => return self.delete(call),
            _ => {}
        }
        let place = call.place;
        let (name, qualifier) = split(call.name(0));
        let (name, qualifier) = (name.to_owned(), qualifier.map(str::to_owned).or(call.query("Qualifier")));
        let arn = function_arn(place, &name);
        let function = self.functions.get_mut(place, &name).ok_or_else(|| not_found(&arn, ""))?;
        let target = FunctionRef { arn, qualifier: qualifier.unwrap_or_default() };
        match call.operation.name.as_str() {
            "GetFunction" => function.get(&target),
            "GetFunctionConfiguration" => json(200, &Value::Object(function.configuration(&target)?.clone())),
            "UpdateFunctionCode" => function.update_code(call, &target),
            "UpdateFunctionConfiguration" => function.update_configuration(call),
            "ListTags" | "TagResource" | "UntagResource" => function.tagging(call),
            "PublishVersion"
            | "ListVersionsByFunction"
            | "CreateAlias"
            | "ListAliases"
            | "GetAlias"
            | "UpdateAlias"
            | "DeleteAlias" => function.version_or_alias(call, &target),
            "AddPermission" | "GetPolicy" | "RemovePermission" => function.policy(call, &target),
            "PutFunctionConcurrency" | "GetFunctionConcurrency" | "DeleteFunctionConcurrency" => {
                function.reserved(call)
            }
            "PutProvisionedConcurrencyConfig"
            | "GetProvisionedConcurrencyConfig"
            | "DeleteProvisionedConcurrencyConfig" => function.provisioned(call, &target),
            _ => Err(call.not_implemented()),
        }
    }

    /// The function of an ARN, with or without a qualifier; `None` when this account and region do not have it.
    pub(super) fn callable(&self, place: &Place, arn: &str) -> Option<Callable<'_>> {
        let rest = arn.strip_prefix(&function_arn(place, ""))?;
        let (name, qualifier) = split(rest);
        let qualifier = qualifier.unwrap_or_default();
        let function = self.functions.get(place, name)?;
        let version = function.aliases.get(qualifier).map_or(qualifier, |alias| function.version_of_alias(alias));
        let target = FunctionRef { arn: function_arn(place, name), qualifier: version.to_owned() };
        let configuration = function.configuration(&target).ok()?;
        Some(Callable {
            name: text_of(configuration, "FunctionName"),
            configuration,
            statements: function.policies.get(qualifier).map_or(&[], Vec::as_slice),
            is_disabled: function.reserved.as_ref().is_some_and(|reserved| *reserved == 0),
        })
    }

    fn list(&self, call: &ApiCall<'_>) -> Outcome {
        let after = call.query("Marker").unwrap_or_default();
        let functions = self.functions.all(call.place).filter(|(name, _)| *name > after.as_str());
        let functions = functions.map(|(_, function)| Value::Object(function.latest.clone())).collect();
        listed("Functions", functions, "FunctionName", call)
    }

    fn delete(&mut self, call: &ApiCall<'_>) -> Outcome {
        let (name, qualifier) = split(call.name(0));
        let qualifier = qualifier.map(str::to_owned).or(call.query("Qualifier"));
        let arn = function_arn(call.place, name);
        let function = self.functions.get_mut(call.place, name).ok_or_else(|| not_found(&arn, ""))?;
        match qualifier.as_deref() {
            None | Some("" | "$LATEST") => {
                self.functions.remove(call.place, name);
                no_content()
            }
            Some(version) => function.delete_version(&arn, version),
        }
    }
}

/// A reference to a function, or to a version or alias of it.
#[derive(Debug)]
struct FunctionRef {
    /// The function's ARN, without a qualifier.
    arn: String,
    /// A version, an alias, or empty.
    qualifier: String,
}

impl FunctionRef {
    /// The ARN with the qualifier.
    fn qualified(&self) -> String {
        if self.qualifier.is_empty() { self.arn.clone() } else { format!("{}:{}", self.arn, self.qualifier) }
    }
}

/// The name and qualifier in a name, a partial or a full ARN.
fn split(identifier: &str) -> (&str, Option<&str>) {
    let rest = identifier.rsplit_once("function:").map_or(identifier, |(_, rest)| rest);
    rest.split_once(':').map_or((rest, None), |(name, qualifier)| (name, Some(qualifier)))
}

/// The ARN of a function, given by its name and a qualifier, which may be empty.
pub(super) fn qualified_arn(place: &Place, (name, qualifier): (&str, &str)) -> String {
    FunctionRef { arn: function_arn(place, name), qualifier: qualifier.to_owned() }.qualified()
}

fn function_arn(place: &Place, name: &str) -> String {
    format!("arn:aws:lambda:{}:{}:function:{name}", place.region, place.account)
}

fn not_found(arn: &str, qualifier: &str) -> ApiError {
    let suffix = if qualifier.is_empty() { String::new() } else { format!(":{qualifier}") };
    ApiError::new(404, "ResourceNotFoundException", format!("Function not found: {arn}{suffix}"))
}

fn text_of<'a>(object: &'a Map<String, Value>, field: &str) -> &'a str {
    object.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// A page of items that are sorted by their marker and begin after the query's marker.
fn listed(list: &str, items: Vec<Value>, marker: &str, call: &ApiCall<'_>) -> Outcome {
    let limit = call.query("MaxItems").and_then(|limit| limit.parse().ok()).unwrap_or(50);
    let (items, next) = page(items, 0, limit);
    let last = items.last().map(|item| text(item, marker).to_owned());
    let mut response = json!({ list: items });
    if let (Some(last), Some(_)) = (last, next) {
        response["NextMarker"] = last.into();
    }
    json(200, &response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_qualifiers_are_read_from_all_identifiers() {
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:giraffe";
        assert_eq!(split("giraffe"), ("giraffe", None));
        assert_eq!(split("giraffe:live"), ("giraffe", Some("live")));
        assert_eq!(split(arn), ("giraffe", None));
        assert_eq!(split(&format!("{arn}:7")), ("giraffe", Some("7")));
    }
}
