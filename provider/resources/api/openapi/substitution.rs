//! Replaces the placeholders in one text.

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use super::functions::Functions;
use super::template::Placeholder;
use crate::components::dns_suffix;

/// Prefixes of names that API Gateway itself evaluates in `${…}`.
const EVALUATED: [&str; 4] = ["stageVariables.", "context.", "request.", "response."];

/// The placeholders that every API has.
pub(super) const BUILT_IN: [&str; 3] = ["{region}", "{account}", "{partition}"];

/// How a text uses braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// Braces are placeholders, and an unknown one is a mistake.
    Strict,
    /// A mapping template, whose own language uses braces, too.
    Velocity,
    /// A resource policy, which has policy variables.
    Policy,
    /// Text outside of extensions: only the argument of `Fn::Sub` has placeholders, and only `${…}`.
    Plain,
}

/// What one text may refer to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) context: &'a Context<'a>,
    /// How the text uses braces.
    pub(super) spelling: Spelling,
    /// The variables of `Fn::Sub`, if the text is its argument.
    pub(super) sub: Option<&'a BTreeMap<String, String>>,
    /// Names that are not replaced: the declared variables of a server, the mapped path parameters of an integration.
    pub(super) reserved: &'a BTreeSet<String>,
    /// The parameters of the path, if the text is the URI of an integration.
    pub(super) parameters: &'a BTreeSet<String>,
}

/// Why a placeholder has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// No value has this name.
    Unknown,
    /// `{function.NAME}` names no function.
    UnknownFunction,
    /// `{function}` does not say which of several functions.
    SeveralFunctions,
    /// The name is both a parameter of the path and the name of a value.
    Ambiguous,
}

/// What becomes of one placeholder.
enum Outcome {
    Value(String),
    Keep,
    Fault(Fault),
}

impl Scope<'_> {
    /// The text with values in place of its placeholders, and the placeholders that have none, as they are spelled.
    pub(super) fn replace(&self, text: &str) -> (String, Vec<(String, Fault)>) {
        let (mut replaced, mut faults) = (String::new(), Vec::new());
        let mut rest = text;
        while let Some((before, inner)) = rest.split_once('{') {
            let dollar = before.ends_with('$');
            let quiet = before.ends_with("$!");
            match inner.split_once('}') {
                Some((name, after)) if self.sub.is_some() && dollar && name.starts_with('!') => {
                    // `${!Name}` is how `Fn::Sub` writes `${Name}`.
                    replaced.push_str(before);
                    replaced.extend(["{", name.trim_start_matches('!'), "}"]);
                    rest = after;
                }
                Some((name, after)) if is_name(name) && !quiet => {
                    match self.outcome(name, dollar) {
                        Outcome::Value(value) => {
                            replaced.push_str(if dollar { before.strip_suffix('$').unwrap_or(before) } else { before });
                            replaced.push_str(&value);
                        }
                        outcome => {
                            replaced.push_str(before);
                            replaced.extend(["{", name, "}"]);
                            if let Outcome::Fault(fault) = outcome {
                                faults.push((format!("{}{{{name}}}", if dollar { "$" } else { "" }), fault));
                            }
                        }
                    }
                    rest = after;
                }
                _ => {
                    replaced.push_str(before);
                    replaced.push('{');
                    rest = inner;
                }
            }
        }
        replaced.push_str(rest);
        (replaced, faults)
    }

    fn outcome(&self, name: &str, dollar: bool) -> Outcome {
        if let Some(variables) = self.sub.filter(|_| dollar) {
            return match variables.get(name) {
                Some(value) => Outcome::Value(value.clone()),
                None => self.value(name, true).map_or_else(Outcome::Fault, Outcome::Value),
            };
        }
        if !dollar && self.reserved.contains(name) {
            return Outcome::Keep;
        }
        let value = self.value(name, dollar);
        let is_parameter = !dollar && self.parameters.contains(name);
        match (self.spelling, value) {
            (Spelling::Plain, _) => Outcome::Keep,
            (Spelling::Velocity, _) if dollar && !name.starts_with("AWS::") => Outcome::Keep,
            (Spelling::Velocity, Err(Fault::Unknown)) => Outcome::Keep,
            (_, Err(Fault::Unknown)) if is_parameter => Outcome::Keep,
            (_, _) if is_parameter => Outcome::Fault(Fault::Ambiguous),
            (_, Ok(value)) => Outcome::Value(value),
            (_, Err(_)) if dollar && EVALUATED.iter().any(|prefix| name.starts_with(prefix)) => Outcome::Keep,
            (Spelling::Policy, Err(Fault::Unknown)) if dollar && is_policy_variable(name) => Outcome::Keep,
            (_, Err(fault)) => Outcome::Fault(fault),
        }
    }

    /// The value of a placeholder. `${…}` may also name a function, as in CloudFormation.
    pub(super) fn value(&self, name: &str, dollar: bool) -> Result<String, Fault> {
        let context = self.context;
        let functions = Functions::of(context);
        match name {
            "region" | "AWS::Region" => return Ok(context.region.to_owned()),
            "account" | "AWS::AccountId" => return Ok(context.account.to_owned()),
            "partition" | "AWS::Partition" => return Ok(context.partition.to_owned()),
            "AWS::URLSuffix" => return Ok(dns_suffix(context.partition).to_owned()),
            "function" => {
                let function = functions.single().ok_or(Fault::SeveralFunctions)?;
                return Ok(Placeholder::FunctionArn(function).token());
            }
            _ => {}
        }
        if let Some(value) = context.variables.get(name) {
            return Ok(value.clone());
        }
        if let Some(function) = name.strip_prefix("function.") {
            let function = functions.named(function).ok_or(Fault::UnknownFunction)?;
            return Ok(Placeholder::FunctionArn(function).token());
        }
        let named = |name: &str| functions.named(name).filter(|_| dollar);
        let arn = name.strip_suffix(".Arn").and_then(named).map(Placeholder::FunctionArn);
        arn.or_else(|| named(name).map(Placeholder::FunctionName)).map(|it| it.token()).ok_or(Fault::Unknown)
    }
}

/// Whether a text between braces is the name of a placeholder. Regular expressions, JSON and templates have other texts there.
fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.:-".contains(c))
}

/// Whether a name is a policy variable of IAM, such as `aws:username`.
fn is_policy_variable(name: &str) -> bool {
    name.split_once(':').is_some_and(|(service, key)| !service.is_empty() && !key.starts_with(':'))
}
