//! Mistakes in `function`, and in where its code comes from.

use super::{Found, RETENTION_DAYS, regions};
use crate::resources::api::config::{Config, Function, Region, region_path};
use crate::resources::api::shape::{Place, Shape, Source};
use crate::schema::Attr;
use crate::wire::{Diagnostic, Diagnostics, Path};

/// The runtimes that Lambda still makes functions of.
///
/// # Source
/// AWS Lambda developer guide, "Supported runtimes".
const RUNTIMES: [&str; 20] = [
    "dotnet10",
    "dotnet8",
    "java11",
    "java17",
    "java21",
    "java25",
    "java8.al2",
    "nodejs20.x",
    "nodejs22.x",
    "nodejs24.x",
    "provided.al2",
    "provided.al2023",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "ruby3.2",
    "ruby3.3",
    "ruby3.4",
];

/// How long the inline policies of a role may be, with room for those that are ours.
const POLICY_CHARACTERS: usize = 9_000;

/// Mistakes in `function`.
pub(super) fn check(config: &Config, shape: Option<&Shape>, found: &mut Found) {
    let Some(function) = config.function.known() else { return };
    sources(config, function, found);
    settings(function, found);
    permissions(function, found);
    regions::environment(&function.environment, &at("environment"), found);
    let inherit = |(_, region): &(&String, &Region)| region.layers.is_null();
    let names: Vec<&str> = config.known_regions().filter(inherit).map(|(name, _)| name.as_str()).collect();
    regions::layers(&function.layers, &at("layers"), names.iter().copied(), found);
    let path = Path::of("function");
    regions::concurrency(&function.reserved_concurrency, &function.provisioned_concurrency, &path, found);
    if let Some(shape) = shape {
        in_every_region(shape, found);
        match shape.function.source {
            Source::Image if shape.regions.values().any(|place| place.config.image_uri.known().is_some()) => {
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

/// The code comes from one kind of place.
fn sources(config: &Config, function: &Function, found: &mut Found) {
    let mut given: Vec<(Path, &str)> = Vec::new();
    // What is unknown may turn out to be null, so it conflicts with nothing; but then nothing is missing either.
    let mut may_come = function.source_dir.is_unknown() || function.filename.is_unknown();
    if function.source_dir.known().is_some() {
        given.push((at("source_dir"), "a directory"));
    }
    if function.filename.known().is_some() {
        given.push((at("filename"), "a zip file"));
    }
    for (name, region) in config.known_regions() {
        may_come |= region.s3.is_unknown() || region.image_uri.is_unknown();
        let kinds =
            [("s3", region.s3.known().is_some(), "S3"), ("image_uri", region.image_uri.known().is_some(), "an image")];
        for (attribute, is_given, what) in kinds {
            if is_given && !given.iter().any(|(_, other)| *other == what) {
                given.push((region_path(name).attribute(attribute), what));
            }
        }
    }
    if let Some((path, what)) = given.get(1) {
        let first = given.first().map_or("", |(_, first)| first);
        let detail = format!(
            "The code is said to come from {first} and from {what}. It is the same everywhere: keep one of \
             function.source_dir, function.filename, s3 in every region, image_uri in every region."
        );
        found.error(path.clone(), "Conflicting function code", detail);
    }
    // A region that is not known yet may be the one that says it.
    may_come |= config.regions.known().is_none_or(|regions| regions.values().any(Attr::is_unknown));
    if given.is_empty() && !may_come {
        let detail = "Nothing says what runs. Set one of function.source_dir (a directory), function.filename (a zip \
                      file), s3 in every region, image_uri in every region.";
        found.error(Path::of("function"), "Missing function code", detail);
    }
    if function.exclude.known().is_some() && function.source_dir.is_null() {
        let detail = "Only a directory is packed by us, so only from source_dir can something be left out.";
        found.error(at("exclude"), "Nothing to exclude from", detail);
    }
}

/// What one region has of its own, all must have.
fn in_every_region(shape: &Shape, found: &mut Found) {
    let given = |place: &Place| place.config.s3.known().is_some() || place.config.image_uri.known().is_some();
    let certain = shape.regions.values().any(given);
    for (name, place) in shape.regions.iter().filter(|_| certain) {
        let (missing, attribute) = match shape.function.source {
            Source::Local => (false, ""),
            Source::S3 => (place.config.s3.is_null(), "s3"),
            Source::Image => (place.config.image_uri.is_null(), "image_uri"),
        };
        if missing {
            let detail = format!(
                "Other regions take their code from {attribute}, but {name} has none: a function reads only from its own \
                 region. Set {attribute} here, too."
            );
            found.error(region_path(name).attribute(attribute), "Function code missing in a region", detail);
        }
    }
}

fn of_image(function: &Function, found: &mut Found) {
    let given = [
        ("handler", function.handler.known().is_some()),
        ("runtime", function.runtime.known().is_some()),
        ("layers", function.layers.known().is_some()),
    ];
    for (attribute, _) in given.into_iter().filter(|(_, is_given)| *is_given) {
        let detail = format!("A container image brings its own {attribute} along. Leave {attribute} out.");
        found.error(at(attribute), "Not for an image", detail);
    }
}

fn of_zip(function: &Function, found: &mut Found) {
    for (attribute, value) in [("handler", &function.handler), ("runtime", &function.runtime)] {
        if value.is_null() {
            let detail = "Lambda must know what to call and in which runtime: set function.handler (\"app.handler\") and \
                          function.runtime (\"python3.12\").";
            let summary = if attribute == "handler" { "Missing handler" } else { "Missing runtime" };
            found.error(at(attribute), summary, detail);
        }
    }
    found.choice(&function.runtime, &at("runtime"), "Unsupported runtime", &RUNTIMES);
}

fn settings(function: &Function, found: &mut Found) {
    found.choice(&function.architecture, &at("architecture"), "Unsupported architecture", &["x86_64", "arm64"]);
    found.range(&function.memory_mb, &at("memory_mb"), "Memory out of range", "memory in MiB", 128..=10_240);
    let (summary, what) = ("Timeout out of range", "a timeout in seconds");
    found.range(&function.timeout_seconds, &at("timeout_seconds"), summary, what, 1..=900);
    let (summary, what) = ("Ephemeral storage out of range", "ephemeral storage in MiB");
    found.range(&function.ephemeral_storage_mb, &at("ephemeral_storage_mb"), summary, what, 512..=10_240);
    let path = at("log_retention_days");
    found.number_of(&function.log_retention_days, &path, "Unsupported log retention", &RETENTION_DAYS);
}

fn permissions(function: &Function, found: &mut Found) {
    if function.role_arn.known().is_some() && function.policy_json.known().is_some() {
        let detail = "A role that is brought along has its own policies; policy_json is for the role that we make. Keep \
                      one of them.";
        found.error(at("role_arn"), "Conflicting permissions", detail);
    }
    if let Some(arn) = function.role_arn.known().filter(|arn| !is_role(arn)) {
        let detail = format!("{arn:?} is not the ARN of a role: arn:aws:iam::123456789012:role/NAME is expected.");
        found.error(at("role_arn"), "Invalid role ARN", detail);
    }
    let Some(policy) = function.policy_json.known() else { return };
    let mistake = match serde_json::from_str::<serde_json::Value>(policy) {
        // The text itself is not repeated: it may hold names that are nobody else's business.
        Err(error) => format!("It is no JSON: line {}, column {}.", error.line(), error.column()),
        Ok(json) if json.get("Statement").is_none() => "It has no \"Statement\".".to_owned(),
        Ok(_) if policy.len() > POLICY_CHARACTERS => {
            format!("It has {} characters; a role takes {POLICY_CHARACTERS} beside ours.", policy.len())
        }
        Ok(_) => return,
    };
    let detail =
        format!("{mistake} Write an IAM policy document, best by jsonencode({{ Version = …, Statement = […] }}).");
    found.error(at("policy_json"), "Invalid policy", detail);
}

/// A role of another account than the one that is worked in.
pub(in crate::resources::api) fn account(config: &Config, account_id: &str) -> Diagnostics {
    let role = config.function.known().and_then(|function| function.role_arn.known());
    let Some(other) = role.and_then(|arn| arn.split(':').nth(4)).filter(|its| *its != account_id) else {
        return Diagnostics::new();
    };
    let detail = format!(
        "The role is of account {other}, and the functions are made in account {account_id}: Lambda runs a function as a \
         role of its own account only. Name a role of account {account_id}, or leave role_arn out to have one made."
    );
    vec![Diagnostic::error(at("role_arn"), "Role of another account", detail)]
}

fn is_role(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let &["arn", partition, "iam", "", account, resource] = parts.as_slice() else { return false };
    !partition.is_empty()
        && account.len() == 12
        && account.chars().all(|c| c.is_ascii_digit())
        && resource.strip_prefix("role/").is_some_and(|name| !name.is_empty())
}
