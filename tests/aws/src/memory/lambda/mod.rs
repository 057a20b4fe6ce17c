//! Lambda: functions, their versions, aliases and policies. No code is kept, only its digest.

mod function;
mod policy;
mod settings;
mod versions;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Outcome, Question, Shelf, json, no_content, page, text};
use crate::message::Refusal;
use crate::upstream::Place;

/// The functions of all accounts and regions, by name.
#[derive(Debug, Default, Clone)]
pub(super) struct Lambda {
    functions: Shelf<Function>,
}

#[derive(Debug, Clone)]
struct Function {
    /// `$LATEST`'s configuration as GetFunctionConfiguration tells it.
    latest: Map<String, Value>,
    /// Where its code is, as GetFunction tells it.
    code: Value,
    tags: BTreeMap<String, Value>,
    /// Configurations by number.
    versions: BTreeMap<u64, Map<String, Value>>,
    /// The number of the last version, also of one that was deleted since.
    last_version: u64,
    /// By name.
    aliases: BTreeMap<String, Value>,
    /// Statements by qualifier; those of the function itself by an empty one.
    policies: BTreeMap<String, Vec<Value>>,
    reserved: Option<Value>,
    /// By qualifier.
    provisioned: BTreeMap<String, Value>,
}

/// A function as its callers see it.
#[derive(Debug)]
pub(super) struct Callable<'a> {
    pub(super) name: &'a str,
    /// The version that answers.
    pub(super) configuration: &'a Map<String, Value>,
    /// Who may call it.
    pub(super) statements: &'a [Value],
    /// Whether all its concurrency was taken away.
    pub(super) is_switched_off: bool,
}

impl Lambda {
    pub(super) fn answer(&mut self, question: &mut Question<'_>) -> Outcome {
        match question.operation.name.as_str() {
            "CreateFunction" => return self.create(question),
            "ListFunctions" => return self.list(question),
            "GetAccountSettings" => {
                let limit = json!({"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000});
                return json(200, &json!({ "AccountLimit": limit, "AccountUsage": {} }));
            }
            "DeleteFunction" => return self.delete(question),
            _ => {}
        }
        let place = question.place;
        let (name, qualifier) = split(question.name(0));
        let (name, qualifier) = (name.to_owned(), qualifier.map(str::to_owned).or(question.query("Qualifier")));
        let arn = function_arn(place, &name);
        let function = self.functions.get_mut(place, &name).ok_or_else(|| not_found(&arn, ""))?;
        let of = Of { arn, qualifier: qualifier.unwrap_or_default() };
        match question.operation.name.as_str() {
            "GetFunction" => function.get(&of),
            "GetFunctionConfiguration" => json(200, &Value::Object(function.of(&of)?.clone())),
            "UpdateFunctionCode" => function.update_code(question, &of),
            "UpdateFunctionConfiguration" => function.update_configuration(question),
            "ListTags" | "TagResource" | "UntagResource" => function.tagging(question),
            "PublishVersion"
            | "ListVersionsByFunction"
            | "CreateAlias"
            | "ListAliases"
            | "GetAlias"
            | "UpdateAlias"
            | "DeleteAlias" => function.version_or_alias(question, &of),
            "AddPermission" | "GetPolicy" | "RemovePermission" => function.policy(question, &of),
            "PutFunctionConcurrency" | "GetFunctionConcurrency" | "DeleteFunctionConcurrency" => {
                function.reserved(question)
            }
            "PutProvisionedConcurrencyConfig"
            | "GetProvisionedConcurrencyConfig"
            | "DeleteProvisionedConcurrencyConfig" => function.provisioned(question, &of),
            _ => Err(question.not_implemented()),
        }
    }

    /// The function of an ARN, with or without a qualifier; `None` when there is none in this place.
    pub(super) fn callable(&self, place: &Place, arn: &str) -> Option<Callable<'_>> {
        let rest = arn.strip_prefix(&function_arn(place, ""))?;
        let (name, qualifier) = split(rest);
        let qualifier = qualifier.unwrap_or_default();
        let function = self.functions.get(place, name)?;
        let of = Of { arn: function_arn(place, name), qualifier: qualifier.to_owned() };
        let configuration = function.of(&of).ok()?;
        Some(Callable {
            name: text_of(configuration, "FunctionName"),
            configuration,
            statements: function.policies.get(qualifier).map_or(&[], Vec::as_slice),
            is_switched_off: function.reserved.as_ref().is_some_and(|reserved| *reserved == 0),
        })
    }

    fn list(&self, question: &Question<'_>) -> Outcome {
        let after = question.query("Marker").unwrap_or_default();
        let functions = self.functions.all(question.place).filter(|(name, _)| *name > after.as_str());
        let functions = functions.map(|(_, function)| Value::Object(function.latest.clone())).collect();
        listed("Functions", functions, "FunctionName", question)
    }

    fn delete(&mut self, question: &Question<'_>) -> Outcome {
        let (name, qualifier) = split(question.name(0));
        let qualifier = qualifier.map(str::to_owned).or(question.query("Qualifier"));
        let arn = function_arn(question.place, name);
        let function = self.functions.get_mut(question.place, name).ok_or_else(|| not_found(&arn, ""))?;
        match qualifier.as_deref() {
            None | Some("" | "$LATEST") => {
                self.functions.remove(question.place, name);
                no_content()
            }
            Some(version) => function.delete_version(&arn, version),
        }
    }
}

/// What of a function a call is about.
#[derive(Debug)]
struct Of {
    /// The function's ARN, without a qualifier.
    arn: String,
    /// A version, an alias, or nothing.
    qualifier: String,
}

impl Of {
    /// The ARN with the qualifier.
    fn qualified(&self) -> String {
        if self.qualifier.is_empty() { self.arn.clone() } else { format!("{}:{}", self.arn, self.qualifier) }
    }
}

/// Name and qualifier of a name, a partial or a whole ARN.
fn split(identifier: &str) -> (&str, Option<&str>) {
    let rest = identifier.rsplit_once("function:").map_or(identifier, |(_, rest)| rest);
    rest.split_once(':').map_or((rest, None), |(name, qualifier)| (name, Some(qualifier)))
}

fn function_arn(place: &Place, name: &str) -> String {
    format!("arn:aws:lambda:{}:{}:function:{name}", place.region, place.account)
}

fn not_found(arn: &str, qualifier: &str) -> Refusal {
    let suffix = if qualifier.is_empty() { String::new() } else { format!(":{qualifier}") };
    Refusal::new(404, "ResourceNotFoundException", format!("Function not found: {arn}{suffix}"))
}

fn text_of<'a>(object: &'a Map<String, Value>, field: &str) -> &'a str {
    object.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// A page of items, which are sorted by their marker, and of which those up to the query's marker were left out.
fn listed(list: &str, items: Vec<Value>, marker: &str, question: &Question<'_>) -> Outcome {
    let limit = question.query("MaxItems").and_then(|limit| limit.parse().ok()).unwrap_or(50);
    let (items, next) = page(items, 0, limit);
    let last = items.last().map(|item| text(item, marker).to_owned());
    let mut answer = json!({ list: items });
    if let (Some(last), Some(_)) = (last, next) {
        answer["NextMarker"] = last.into();
    }
    json(200, &answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_named_in_many_ways() {
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:giraffe";
        assert_eq!(split("giraffe"), ("giraffe", None));
        assert_eq!(split("giraffe:live"), ("giraffe", Some("live")));
        assert_eq!(split(arn), ("giraffe", None));
        assert_eq!(split(&format!("{arn}:7")), ("giraffe", Some("7")));
    }
}
