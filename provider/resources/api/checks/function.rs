//! Mistakes in `function` and `functions`, and in the origin of their code.

use super::{Found, gateway, regions};
use crate::resources::api::config::{Config, Function, Region, function_path};
use crate::resources::api::shape::{Code, Place, Shape, Source, longest_key};
use crate::resources::shared::checks::arn_parts;
use crate::resources::shared::regions::path as region_path;
use crate::schema::{self, Attr};
use crate::wire::{Diagnostic, Diagnostics, Path};

/// The longest policy of a user. A role accepts inline policies of 10,240 characters in total, and the provider adds some.
///
/// # Source
/// AWS IAM user guide, "IAM and AWS STS quotas".
const MAX_POLICY_CHARACTERS: usize = 9_000;

/// Mistakes in `function` and `functions`.
pub(super) fn check(config: &Config, shape: Option<&Shape>, found: &mut Found) {
    names(config, found);
    for (name, function) in config.known_functions() {
        let path = function_path(name);
        sources(config, (name, function), found);
        permissions(function, &path, found);
        regions::environment(function.environment(), &path.attribute("environment"), found);
        let inherit =
            |(_, region): &(&String, &Region)| region.of_function(name).is_ok_and(|own| own.layers().is_null());
        let names: Vec<&str> = config.known_regions().filter(inherit).map(|(name, _)| name.as_str()).collect();
        regions::layers(function.layers(), &path.attribute("layers"), names.iter().copied(), found);
        regions::concurrency(function.reserved_concurrency(), function.provisioned_concurrency(), &path, found);
        if let Some(limit) = function.throttle().known() {
            gateway::throttle(limit, &path.attribute("throttle"), found);
        }
    }
    let Some(shape) = shape else { return };
    for code in &shape.functions {
        in_every_region(shape, code, found);
        match code.source {
            Source::Image if shape.regions.values().any(|place| place.of(code).image_uri().known().is_some()) => {
                of_image(code, found);
            }
            Source::Image => {}
            Source::Local | Source::S3 => of_zip(code, found),
        }
    }
}

/// The keys of `functions`, which are part of names in AWS.
fn names(config: &Config, found: &mut Found) {
    let longest = config.name().map_or(usize::MAX, |api| longest_key(api));
    for name in config.functions().known().into_iter().flat_map(|functions| functions.keys()) {
        let path = function_path(Some(name));
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !name.chars().all(is_word) {
            let detail = format!(
                "{name:?} cannot be part of the name of a Lambda function. Use letters, digits, hyphens and underscores, \
                 starting with a letter."
            );
            found.error(path, "Invalid function name", detail);
        } else if name.len() > longest {
            let detail = format!(
                "{name:?} has {} characters. The name of the function in AWS consists of the name of the API, a hyphen and \
                 this name, which can have at most {longest} characters here. Use a shorter name.",
                name.len()
            );
            found.error(path, "Function name too long", detail);
        } else if name == RESERVED {
            let detail = "The provider uses the name \"image\" for the function of the argument function when its code is a \
                          container image. Use another name.";
            found.error(path, "Reserved function name", detail);
        }
    }
    for (region, settings) in config.known_regions() {
        let functions = config.functions().known();
        for name in settings.functions().known().into_iter().flat_map(|functions| functions.keys()) {
            if config.functions().is_unknown() || functions.is_some_and(|functions| functions.contains_key(name)) {
                continue;
            }
            let path = region_path(region).attribute("functions").key(name);
            let known = functions.into_iter().flat_map(|functions| functions.keys().map(String::as_str));
            let hint = match schema::nearest(name, known, MAX_TYPOS) {
                Some(near) => format!("Did you mean {near:?}?"),
                None => "Add it to functions, or remove it here.".to_owned(),
            };
            found.error(path, "Unknown function", format!("The API has no function {name:?} in functions. {hint}"));
        }
    }
}

/// The key that would give a function the name of the single function's container image.
const RESERVED: &str = "image";

/// The largest edit distance between the name of a function and its misspelling.
const MAX_TYPOS: usize = 3;

/// The code must come from exactly one kind of origin.
fn sources(config: &Config, (name, function): (Option<&str>, &Function), found: &mut Found) {
    let path = function_path(name);
    let mut given: Vec<(Path, &str)> = Vec::new();
    // An unknown argument may turn out to be null, so it conflicts with nothing, and no argument is certainly missing.
    let mut may_come = function.source_dir().is_unknown() || function.filename().is_unknown();
    if function.source_dir().known().is_some() {
        given.push((path.attribute("source_dir"), "source_dir"));
    }
    if function.filename().known().is_some() {
        given.push((path.attribute("filename"), "filename"));
    }
    for (region, settings) in config.known_regions() {
        let Ok(own) = settings.of_function(name) else {
            may_come = true;
            continue;
        };
        may_come |= own.s3().is_unknown() || own.image_uri().is_unknown();
        let kinds = [
            ("s3", own.s3().known().is_some(), "s3 of a region"),
            ("image_uri", own.image_uri().known().is_some(), "image_uri of a region"),
        ];
        for (attribute, is_given, what) in kinds {
            if is_given && !given.iter().any(|(_, other)| *other == what) {
                given.push((in_region(region, name).attribute(attribute), what));
            }
        }
    }
    if let Some((path, what)) = given.get(1) {
        let first = given.first().map_or("", |(_, first)| first);
        let detail = format!(
            "Both {first} and {what} are set, but the code has one origin. Keep one of source_dir, filename, s3 in every \
             region, and image_uri in every region."
        );
        found.error(path.clone(), "Conflicting function code", detail);
    }
    // A region that is unknown may set it.
    may_come |= !config.regions().is_ok_and(|regions| !regions.values().any(Attr::is_unknown));
    if given.is_empty() && !may_come {
        let detail = "The function has no code. Set one of source_dir (a directory), filename (a zip file), s3 in every \
                      region, and image_uri in every region.";
        found.error(path.clone(), "Missing function code", detail);
    }
    if function.exclude().known().is_some() && function.source_dir().is_null() {
        let detail = "exclude applies to the files in source_dir, which is not set. Remove exclude.";
        found.error(path.attribute("exclude"), "Exclude without a source directory", detail);
    }
}

/// The path of the settings of a function in a region.
fn in_region(region: &str, name: Option<&str>) -> Path {
    let path = region_path(region);
    name.map_or_else(|| path.clone(), |name| path.attribute("functions").key(name))
}

/// When one region has code of its own, all must.
fn in_every_region(shape: &Shape, code: &Code, found: &mut Found) {
    let given = |place: &Place| {
        let own = place.of(code);
        own.s3().known().is_some() || own.image_uri().known().is_some()
    };
    let certain = shape.regions.values().any(given);
    for (region, place) in shape.regions.iter().filter(|_| certain) {
        let own = place.of(code);
        let (missing, attribute) = match code.source {
            Source::Local => (false, ""),
            Source::S3 => (own.s3().is_null(), "s3"),
            Source::Image => (own.image_uri().is_null(), "image_uri"),
        };
        if missing {
            let detail = format!(
                "Other regions set {attribute}, but {region} does not, and a function reads its code only from its own \
                 region. Set {attribute} in {region}, too."
            );
            let path = in_region(region, code.key()).attribute(attribute);
            found.error(path, "Function code missing in a region", detail);
        }
    }
}

fn of_image(code: &Code, found: &mut Found) {
    let function = &code.config;
    let given = [
        ("handler", function.handler().known().is_some()),
        ("runtime", function.runtime().known().is_some()),
        ("layers", function.layers().known().is_some()),
    ];
    for (attribute, _) in given.into_iter().filter(|(_, is_given)| *is_given) {
        let detail = format!("A container image defines its own {attribute}. Remove {attribute}.");
        let path = function_path(code.key()).attribute(attribute);
        found.error(path, "Argument not supported for images", detail);
    }
}

fn of_zip(code: &Code, found: &mut Found) {
    let function = &code.config;
    for (attribute, value) in [("handler", function.handler()), ("runtime", function.runtime())] {
        if value.is_null() {
            let detail = "A function with a zip file needs a handler, such as \"app.handler\", and a runtime, such as \
                          \"python3.13\". Set handler and runtime.";
            let summary = if attribute == "handler" { "Missing handler" } else { "Missing runtime" };
            found.error(function_path(code.key()).attribute(attribute), summary, detail);
        }
    }
}

fn permissions(function: &Function, path: &Path, found: &mut Found) {
    let at = |attribute: &str| path.attribute(attribute);
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

/// An error for each role that belongs to another account than the credentials.
pub(in crate::resources::api) fn account(config: &Config, account_id: &str) -> Diagnostics {
    let foreign = config.known_functions().filter_map(|(name, function)| {
        let [.., other, _] = arn_parts(function.role_arn().known()?).filter(|[.., its, _]| *its != account_id)?;
        let detail = format!(
            "The role belongs to account {other}, but the functions are in account {account_id}, and a function can only use \
             a role of its own account. Use a role of account {account_id}, or remove role_arn to let the provider create one."
        );
        Some(Diagnostic::error(function_path(name).attribute("role_arn"), "Role in another account", detail))
    });
    foreign.collect()
}

fn is_role(arn: &str) -> bool {
    let Some([partition, "iam", "", account, resource]) = arn_parts(arn) else { return false };
    !partition.is_empty()
        && account.len() == 12
        && account.chars().all(|c| c.is_ascii_digit())
        && resource.strip_prefix("role/").is_some_and(|name| !name.is_empty())
}
