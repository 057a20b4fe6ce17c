//! Mistakes in `function`, and in the origin of its code.

use super::{Found, regions};
use crate::resources::api::config::{Config, Function, Region};
use crate::resources::api::shape::{Place, Shape, Source};
use crate::resources::shared::checks::arn_parts;
use crate::resources::shared::regions::path as region_path;
use crate::schema::Attr;
use crate::wire::{Diagnostic, Diagnostics, Path};

/// The longest policy of a user. A role accepts inline policies of 10,240 characters in total, and the provider adds some.
///
/// # Source
/// AWS IAM user guide, "IAM and AWS STS quotas".
const MAX_POLICY_CHARACTERS: usize = 9_000;

/// Mistakes in `function`.
pub(super) fn check(config: &Config, shape: Option<&Shape>, found: &mut Found) {
    let Ok(function) = config.function() else { return };
    sources(config, function, found);
    permissions(function, found);
    regions::environment(function.environment(), &at("environment"), found);
    let inherit = |(_, region): &(&String, &Region)| region.layers().is_null();
    let names: Vec<&str> = config.known_regions().filter(inherit).map(|(name, _)| name.as_str()).collect();
    regions::layers(function.layers(), &at("layers"), names.iter().copied(), found);
    let path = Path::of("function");
    regions::concurrency(function.reserved_concurrency(), function.provisioned_concurrency(), &path, found);
    if let Some(shape) = shape {
        in_every_region(shape, found);
        match shape.function.source {
            Source::Image if shape.regions.values().any(|place| place.config.image_uri().known().is_some()) => {
                of_image(function, found);
            }
            Source::Image => {}
            Source::Local | Source::S3 => of_zip(function, found),
        }
    }
}

fn at(attribute: &str) -> Path {
    Path::of("function").attribute(attribute)
}

/// The code must come from exactly one kind of origin.
fn sources(config: &Config, function: &Function, found: &mut Found) {
    let mut given: Vec<(Path, &str)> = Vec::new();
    // An unknown argument may turn out to be null, so it conflicts with nothing, and no argument is certainly missing.
    let mut may_come = function.source_dir().is_unknown() || function.filename().is_unknown();
    if function.source_dir().known().is_some() {
        given.push((at("source_dir"), "function.source_dir"));
    }
    if function.filename().known().is_some() {
        given.push((at("filename"), "function.filename"));
    }
    for (name, region) in config.known_regions() {
        may_come |= region.s3().is_unknown() || region.image_uri().is_unknown();
        let kinds = [
            ("s3", region.s3().known().is_some(), "s3 of a region"),
            ("image_uri", region.image_uri().known().is_some(), "image_uri of a region"),
        ];
        for (attribute, is_given, what) in kinds {
            if is_given && !given.iter().any(|(_, other)| *other == what) {
                given.push((region_path(name).attribute(attribute), what));
            }
        }
    }
    if let Some((path, what)) = given.get(1) {
        let first = given.first().map_or("", |(_, first)| first);
        let detail = format!(
            "Both {first} and {what} are set, but the code has one origin. Keep one of function.source_dir, \
             function.filename, s3 in every region, and image_uri in every region."
        );
        found.error(path.clone(), "Conflicting function code", detail);
    }
    // A region that is unknown may set it.
    may_come |= !config.regions().is_ok_and(|regions| !regions.values().any(Attr::is_unknown));
    if given.is_empty() && !may_come {
        let detail = "The function has no code. Set one of function.source_dir (a directory), function.filename (a zip file), \
                      s3 in every region, and image_uri in every region.";
        found.error(Path::of("function"), "Missing function code", detail);
    }
    if function.exclude().known().is_some() && function.source_dir().is_null() {
        let detail = "function.exclude applies to the files in function.source_dir, which is not set. Remove exclude.";
        found.error(at("exclude"), "Exclude without a source directory", detail);
    }
}

/// When one region has code of its own, all must.
fn in_every_region(shape: &Shape, found: &mut Found) {
    let given = |place: &Place| place.config.s3().known().is_some() || place.config.image_uri().known().is_some();
    let certain = shape.regions.values().any(given);
    for (name, place) in shape.regions.iter().filter(|_| certain) {
        let (missing, attribute) = match shape.function.source {
            Source::Local => (false, ""),
            Source::S3 => (place.config.s3().is_null(), "s3"),
            Source::Image => (place.config.image_uri().is_null(), "image_uri"),
        };
        if missing {
            let detail = format!(
                "Other regions set {attribute}, but {name} does not, and a function reads its code only from its own region. \
                 Set {attribute} in {name}, too."
            );
            found.error(region_path(name).attribute(attribute), "Function code missing in a region", detail);
        }
    }
}

fn of_image(function: &Function, found: &mut Found) {
    let given = [
        ("handler", function.handler().known().is_some()),
        ("runtime", function.runtime().known().is_some()),
        ("layers", function.layers().known().is_some()),
    ];
    for (attribute, _) in given.into_iter().filter(|(_, is_given)| *is_given) {
        let detail = format!("A container image defines its own {attribute}. Remove function.{attribute}.");
        found.error(at(attribute), "Argument not supported for images", detail);
    }
}

fn of_zip(function: &Function, found: &mut Found) {
    for (attribute, value) in [("handler", function.handler()), ("runtime", function.runtime())] {
        if value.is_null() {
            let detail = "A function with a zip file needs a handler, such as \"app.handler\", and a runtime, such as \
                          \"python3.13\". Set function.handler and function.runtime.";
            let summary = if attribute == "handler" { "Missing handler" } else { "Missing runtime" };
            found.error(at(attribute), summary, detail);
        }
    }
}

fn permissions(function: &Function, found: &mut Found) {
    if function.role_arn().known().is_some() && function.policy_json().known().is_some() {
        let detail = "policy_json is for the role that the provider creates, but role_arn names an existing role, which has \
                      policies of its own. Remove one of them.";
        found.error(at("role_arn"), "Conflicting permissions", detail);
    }
    if let Some(arn) = function.role_arn().known().filter(|arn| !is_role(arn)) {
        let detail = format!("{arn:?} is not the ARN of an IAM role, such as arn:aws:iam::123456789012:role/NAME.");
        found.error(at("role_arn"), "Invalid role ARN", detail);
    }
    let Some(policy) = function.policy_json().known() else { return };
    let mistake = match serde_json::from_str::<serde_json::Value>(policy) {
        // The message does not repeat the policy, which may contain confidential names.
        Err(error) => format!("The policy is not valid JSON: line {}, column {}.", error.line(), error.column()),
        Ok(json) if json.get("Statement").is_none() => "The policy has no \"Statement\".".to_owned(),
        Ok(_) if policy.len() > MAX_POLICY_CHARACTERS => {
            format!("The policy has {} characters, but at most {MAX_POLICY_CHARACTERS} are supported.", policy.len())
        }
        Ok(_) => return,
    };
    let detail = format!(
        "{mistake} Use an IAM policy document, for example with jsonencode({{ Version = \"2012-10-17\", Statement = [ … ] }})."
    );
    found.error(at("policy_json"), "Invalid policy", detail);
}

/// A role that belongs to another account than the credentials.
pub(in crate::resources::api) fn account(config: &Config, account_id: &str) -> Diagnostics {
    let role = config.function().ok().and_then(|function| function.role_arn().known());
    let Some([.., other, _]) = role.and_then(|arn| arn_parts(arn)).filter(|[.., its, _]| *its != account_id) else {
        return Diagnostics::new();
    };
    let detail = format!(
        "The role belongs to account {other}, but the functions are in account {account_id}, and a function can only use a \
         role of its own account. Use a role of account {account_id}, or remove role_arn to let the provider create one."
    );
    vec![Diagnostic::error(at("role_arn"), "Role in another account", detail)]
}

fn is_role(arn: &str) -> bool {
    let Some([partition, "iam", "", account, resource]) = arn_parts(arn) else { return false };
    !partition.is_empty()
        && account.len() == 12
        && account.chars().all(|c| c.is_ascii_digit())
        && resource.strip_prefix("role/").is_some_and(|name| !name.is_empty())
}
