//! Mistakes in the arguments of a function, and in the origin of its code.

use super::{AWS_IAM, Function, RegionFunction, Throttle, runtime, settings};
use crate::resources::shared::checks::{Found, arn_parts};
use crate::resources::shared::routes;
use crate::schema;
use crate::wire::{Diagnostic, Path};

/// The longest policy of a user. A role accepts inline policies of 10,240 characters in total, without white space, and the
/// provider adds up to 740: permissions for logs, traces and networks.
///
/// # Source
/// AWS IAM user guide, "IAM and AWS STS quotas".
const MAX_POLICY_CHARACTERS: usize = 9_500;

/// Mistakes in the arguments of the function at `path`. `regions` are the regions that are known, with the function's
/// settings there and the path of these; `may_have_more` is whether there may be others, or other settings.
pub(crate) fn check_arguments(
    function: &Function,
    path: &Path,
    regions: &[(&str, Path, RegionFunction)],
    may_have_more: bool,
    found: &mut Found,
) {
    sources(function, path, regions, may_have_more, found);
    runtime::check(function, path, found);
    permissions(function, path, found);
    rollback(function, path, found);
    scopes(function, path, found);
    settings::environment(function.environment(), &path.attribute("environment"), found);
    let inherit = |(_, _, own): &&(&str, Path, RegionFunction)| own.layers().is_null();
    let names: Vec<&str> = regions.iter().filter(inherit).map(|(name, ..)| *name).collect();
    settings::layers(function.layers(), &path.attribute("layers"), names.iter().copied(), found);
    settings::concurrency(function, path, regions, found);
    if let Some(limit) = function.throttle().known() {
        check_throttle(limit, &path.attribute("throttle"), found);
    }
    let is_image = |(_, _, own): &(&str, Path, RegionFunction)| own.image_uri().known().is_some();
    let may_be_image = may_have_more || regions.iter().any(|(_, _, own)| own.image_uri().is_unknown());
    match regions.iter().any(is_image) {
        true => of_image(function, path, found),
        false if !may_be_image => of_zip(function, path, found),
        false => {}
    }
    in_every_region(regions, found);
}

/// The code must come from exactly one kind of origin.
fn sources(
    function: &Function,
    path: &Path,
    regions: &[(&str, Path, RegionFunction)],
    may_have_more: bool,
    found: &mut Found,
) {
    let mut given: Vec<(Path, &str)> = Vec::new();
    // An unknown argument may turn out to be null, so it conflicts with nothing, and no argument is certainly missing.
    let mut may_come = may_have_more || function.source_dir().is_unknown() || function.filename().is_unknown();
    if function.source_dir().known().is_some() {
        given.push((path.attribute("source_dir"), "source_dir"));
    }
    if function.filename().known().is_some() {
        given.push((path.attribute("filename"), "filename"));
    }
    for (_, path, own) in regions {
        may_come |= own.s3().is_unknown() || own.image_uri().is_unknown();
        let kinds = [
            ("s3", own.s3().known().is_some(), "s3 of a region"),
            ("image_uri", own.image_uri().known().is_some(), "image_uri of a region"),
        ];
        for (attribute, is_given, what) in kinds {
            if is_given && !given.iter().any(|(_, other)| *other == what) {
                given.push((path.attribute(attribute), what));
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
    if given.is_empty() && !may_come {
        let detail = "The function has no code. Set one of source_dir (a directory), filename (a zip file), s3 in every \
                      region, and image_uri in every region.";
        found.error(path.clone(), "Missing function code", detail);
    }
    if function.exclude().known().is_some() && function.source_dir().is_null() {
        let detail = "exclude applies to the files in source_dir, which is not set. Remove exclude.";
        found.error(path.attribute("exclude"), "Exclude without a source directory", detail);
    }
    if function.symlinks().known().is_some() && function.source_dir().is_null() {
        let detail = "symlinks applies to the links in source_dir, which is not set. Remove symlinks.";
        found.error(path.attribute("symlinks"), "Symlinks without a source directory", detail);
    }
}

/// When one region has code of its own, all must.
fn in_every_region(regions: &[(&str, Path, RegionFunction)], found: &mut Found) {
    let has_image = regions.iter().any(|(_, _, own)| own.image_uri().known().is_some());
    let given =
        |(_, _, own): &(&str, Path, RegionFunction)| own.s3().known().is_some() || own.image_uri().known().is_some();
    if !regions.iter().any(given) {
        return;
    }
    for (region, path, own) in regions {
        let (missing, attribute) = match has_image {
            true => (own.image_uri().is_null(), "image_uri"),
            false => (own.s3().is_null(), "s3"),
        };
        if missing {
            let detail = format!(
                "Other regions set {attribute}, but {region} does not, and a function reads its code only from its own \
                 region. Set {attribute} in {region}, too."
            );
            found.error(path.attribute(attribute), "Function code missing in a region", detail);
        }
    }
}

/// Mistakes in the routes of the function at `path`, which has no routes but its own.
pub(crate) fn check_routes(function: &Function, path: &Path, found: &mut Found) {
    check_has_routes(function, path, found);
    if let Some(keys) = function.routes().known() {
        routes::check(keys, &path.attribute("routes"), found);
    }
}

/// An error when the function at `path` has no routes.
pub(crate) fn check_has_routes(function: &Function, path: &Path, found: &mut Found) {
    if function.routes().is_null() {
        let detail =
            "No request reaches the function, because it has no routes. Set routes, as in routes = [\"GET /items\"].";
        found.error(path.attribute("routes"), "Function without routes", detail);
    }
}

/// Mistakes in the limit of requests at `path`.
pub(crate) fn check_throttle(limit: &Throttle, path: &Path, found: &mut Found) {
    for (attribute, missing) in [("rate", limit.rate().is_null()), ("burst", limit.burst().is_null())] {
        if missing {
            let detail = "Throttling needs both rate, the requests per second, and burst, the requests at the same moment. \
                          Set both.";
            found.error(path.attribute(attribute), "Incomplete throttle", detail);
        }
    }
}

fn of_image(function: &Function, path: &Path, found: &mut Found) {
    let given = [
        ("handler", function.handler().known().is_some()),
        ("runtime", function.runtime().known().is_some()),
        ("layers", function.layers().known().is_some_and(|layers| !layers.is_empty())),
    ];
    for (attribute, _) in given.into_iter().filter(|(_, is_given)| *is_given) {
        let detail = format!("A container image defines its own {attribute}. Remove {attribute}.");
        found.error(path.attribute(attribute), "Argument not supported for images", detail);
    }
}

fn of_zip(function: &Function, path: &Path, found: &mut Found) {
    for (attribute, value) in [("handler", function.handler()), ("runtime", function.runtime())] {
        if value.is_null() {
            let detail = "A function with a zip file needs a handler, such as \"app.handler\", and a runtime, such as \
                          \"python3.13\". Set handler and runtime.";
            let summary = if attribute == "handler" { "Missing handler" } else { "Missing runtime" };
            found.error(path.attribute(attribute), summary, detail);
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
        Ok(json) => match (foreign_character(policy, &json), counted(&json)) {
            (Some(mistake), _) => mistake,
            (None, length) if length > MAX_POLICY_CHARACTERS => format!(
                "The policy has {length} characters without white space, but at most {MAX_POLICY_CHARACTERS} are supported."
            ),
            _ => return,
        },
    };
    let detail = format!(
        "{mistake} Use an IAM policy document, for example with jsonencode({{ Version = \"2012-10-17\", Statement = [ … ] }})."
    );
    found.error(at("policy_json"), "Invalid policy", detail);
}

/// The length of a policy as IAM counts it: without white space.
fn counted(policy: &serde_json::Value) -> usize {
    policy.to_string().chars().filter(|character| !character.is_whitespace()).count()
}

/// What is wrong with the first character of a policy that IAM does not accept.
///
/// # Source
/// AWS IAM API reference, `PutRolePolicy`: a policy document consists of tabs, line breaks, and U+0020 to U+00FF.
fn foreign_character(text: &str, policy: &serde_json::Value) -> Option<String> {
    let is_foreign = |character: &char| *character > '\u{ff}';
    let foreign = policy.to_string().chars().find(is_foreign)?;
    let code = u32::from(foreign);
    // JSON can also spell it as an escape sequence, which has no position of its own here.
    let place = text.lines().enumerate().find_map(|(line, text)| {
        let column = text.chars().position(|character| is_foreign(&character))?;
        Some(format!(" in line {}, column {}", line + 1, column + 1))
    });
    let place = place.unwrap_or_default();
    Some(format!(
        "The policy contains the character {foreign:?} (U+{code:04X}){place}, but IAM accepts only characters up to U+00FF. \
         Replace it."
    ))
}

fn rollback(function: &Function, path: &Path, found: &mut Found) {
    let (Some(back), Ok(kept)) = (function.rollback().known(), function.keep_versions()) else { return };
    if *back >= kept && *back > 0 {
        let detail = format!(
            "rollback = {back} needs {back} versions before the newest one, but keep_versions = {kept} keeps {}. Reduce rollback. \
             A higher keep_versions keeps more versions from the next update on.",
            kept - 1
        );
        found.error(path.attribute("rollback"), "Rollback beyond the kept versions", detail);
    }
}

/// An error when the role of the function at `path` belongs to another account than the credentials.
pub(crate) fn account(function: &Function, path: &Path, account_id: &str) -> Option<Diagnostic> {
    let [.., other, _] = arn_parts(function.role_arn().known()?).filter(|[.., its, _]| *its != account_id)?;
    let detail = format!(
        "The role belongs to account {other}, but the functions are in account {account_id}, and a function can only use a \
         role of its own account. Use a role of account {account_id}, or remove role_arn to let the provider create one."
    );
    Some(Diagnostic::error(path.attribute("role_arn"), "Role in another account", detail))
}

/// An error for the function at `path`, whose authorizer `given` is none of `known`.
pub(crate) fn unknown_authorizer<'a>(
    given: &str,
    known: impl Iterator<Item = &'a str> + Clone,
    path: &Path,
) -> Option<Diagnostic> {
    if known.clone().any(|name| name == given) {
        return None;
    }
    let hint = match schema::nearest(given, known, 3) {
        Some(near) => format!("Did you mean {near:?}?"),
        None => "Add it to gateway.authorizers, or remove it here.".to_owned(),
    };
    let detail = format!("gateway.authorizers has no authorizer {given:?}. {hint}");
    Some(Diagnostic::error(path.attribute("authorizer"), "Unknown authorizer", detail))
}

/// Scopes without an authorizer would have no effect.
fn scopes(function: &Function, path: &Path, found: &mut Found) {
    let given = function.authorization_scopes().known().is_some_and(|scopes| !scopes.is_empty());
    let without = function.authorizer().is_null() || function.authorizer().known().is_some_and(|name| name == AWS_IAM);
    if given && without {
        let detail = "Scopes are parts of a token, which an authorizer checks, but the routes of the function use none. Set \
                      authorizer to an authorizer of tokens, or remove authorization_scopes.";
        found.error(path.attribute("authorization_scopes"), "Scopes without tokens", detail);
    }
}

fn is_role(arn: &str) -> bool {
    let Some([partition, "iam", "", account, resource]) = arn_parts(arn) else { return false };
    !partition.is_empty()
        && account.len() == 12
        && account.chars().all(|c| c.is_ascii_digit())
        && resource.strip_prefix("role/").is_some_and(|name| !name.is_empty())
}
