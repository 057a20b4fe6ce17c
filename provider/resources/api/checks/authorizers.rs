//! Mistakes in `gateway.authorizers`, and in the functions that use them.

use super::{Found, each};
use crate::resources::api::config::{Authorizer, AuthorizerKind, Config, Gateway, Protocol, function_path};
use crate::resources::shared::function::{self, AWS_IAM, PayloadFormat};
use crate::schema::{self, Attr, Texts};
use crate::wire::Path;

/// The longest name of an authorizer. API Gateway accepts 128 characters, and the provider adds the kind.
///
/// # Source
/// Amazon API Gateway API reference (v2), "CreateAuthorizer".
const MAX_NAME: usize = 120;

/// Mistakes in authorizers.
pub(super) fn check(config: &Config, found: &mut Found) {
    let Ok(gateway) = config.gateway() else { return };
    let protocol = gateway.protocol();
    for (name, one) in gateway.authorizers().known().into_iter().flatten() {
        let path = Path::of("gateway").attribute("authorizers").key(name);
        self::name(name, &path, found);
        let Some(one) = one.known() else { continue };
        incomplete(one, &path, found);
        issuer(one, &path, found);
        cache(one, &path, found);
        match protocol {
            Ok(Protocol::Http) => in_http_api(one, &path, found),
            Ok(Protocol::Rest) => in_rest_api(one, &path, found),
            Err(_) => {}
        }
        own_function(config, one, &path, found);
    }
    uses(config, &gateway, found);
}

fn name(name: &str, path: &Path, found: &mut Found) {
    if name == AWS_IAM {
        let detail = "The name \"AWS_IAM\" stands for signatures of AWS credentials, for which a function needs no authorizer in \
                      gateway.authorizers. Remove the authorizer, or use another name.";
        found.error(path.clone(), "Reserved authorizer name", detail);
    } else if name.is_empty() || name.len() > MAX_NAME {
        let detail = format!(
            "The name of an authorizer has 1 to {MAX_NAME} characters, but this one has {}. Use another name.",
            name.len()
        );
        found.error(path.clone(), "Invalid authorizer name", detail);
    }
}

/// Each kind of authorizer needs arguments of its own.
fn incomplete(one: &Authorizer, path: &Path, found: &mut Found) {
    let is_empty = |list: &Attr<Texts>| list.known().is_some_and(Vec::is_empty);
    let missing = match one.kind() {
        Ok(AuthorizerKind::Cognito) if one.user_pool_arns().is_null() => "user_pool_arns",
        Ok(AuthorizerKind::Jwt) if one.issuer().is_null() => "issuer",
        Ok(AuthorizerKind::Jwt) if one.audiences().is_null() || is_empty(one.audiences()) => "audiences",
        _ => return,
    };
    let detail = format!("An authorizer of this kind needs {missing}. Set {missing}.");
    found.error(path.attribute(missing), "Incomplete authorizer", detail);
}

/// API Gateway reads the keys of an issuer with TLS.
fn issuer(one: &Authorizer, path: &Path, found: &mut Found) {
    let Some(issuer) = one.issuer().known() else { return };
    let host = issuer.strip_prefix("https://").map(|rest| rest.split('/').next().unwrap_or_default());
    if host.is_none_or(str::is_empty) || issuer.contains(char::is_whitespace) {
        let detail = format!(
            "{issuer:?} cannot be the URL of an issuer, from which API Gateway reads keys with TLS. Use a URL such as \
             \"https://login.example.com/\", exactly as in the claim \"iss\" of the tokens."
        );
        found.error(path.attribute("issuer"), "Invalid issuer", detail);
    }
}

fn in_http_api(one: &Authorizer, path: &Path, found: &mut Found) {
    let fix = match one.kind() {
        Ok(AuthorizerKind::Token) => {
            "An HTTP API has no authorizers of the kind \"token\". Use the kind \"request\", whose function receives the header \
             as an identity source."
        }
        Ok(AuthorizerKind::Cognito) => {
            "An HTTP API has no authorizers of the kind \"cognito\". Use the kind \"jwt\" with the user pool as the issuer: issuer \
             = \"https://cognito-idp.REGION.amazonaws.com/USER_POOL_ID\", and the ids of its app clients as audiences. Or set \
             gateway.protocol = \"rest\"."
        }
        _ => "",
    };
    if !fix.is_empty() {
        found.error(path.attribute("kind"), "Authorizer requires a REST API", fix);
    }
    sources(one, "$request.", "$request.header.Authorization", path, found);
    let is_v1 = *one.payload_format() == Attr::Known(PayloadFormat::V1);
    if is_v1 && one.simple_responses() == Ok(true) {
        let detail = "A function that receives events of the format 1.0 returns an IAM policy. Remove payload_format, or set \
                      simple_responses = false.";
        found.error(path.attribute("simple_responses"), "Simple responses require format 2.0", detail);
    }
}

/// API Gateway caches the result of a function by its identity sources.
fn cache(one: &Authorizer, path: &Path, found: &mut Found) {
    let caches = one.cache_seconds().is_ok_and(|seconds| seconds > 0);
    let is_empty = one.identity_sources().known().is_some_and(Vec::is_empty);
    if matches!(one.kind(), Ok(AuthorizerKind::Request)) && caches && is_empty {
        let detail = "API Gateway caches a result by the identity sources, and there are none. Remove identity_sources to use the \
                      header Authorization, or set cache_seconds = 0.";
        found.error(path.attribute("identity_sources"), "Cache without identity sources", detail);
    }
}

fn in_rest_api(one: &Authorizer, path: &Path, found: &mut Found) {
    sources(one, "", "method.request.header.Authorization", path, found);
    if *one.payload_format() == Attr::Known(PayloadFormat::V2) || one.simple_responses() == Ok(true) {
        let attribute = if one.payload_format().known().is_some() { "payload_format" } else { "simple_responses" };
        let detail = format!(
            "A REST API sends events of the format 1.0 to the function, which returns an IAM policy. Remove {attribute}, or set \
             gateway.protocol = \"http\"."
        );
        found.error(path.attribute(attribute), "Authorizer format requires an HTTP API", detail);
    }
}

/// Identity sources are spelled differently in the two kinds of API.
fn sources(one: &Authorizer, prefix: &str, example: &str, path: &Path, found: &mut Found) {
    let Some(sources) = one.identity_sources().known() else { return };
    for (path, source) in each(sources, &path.attribute("identity_sources")) {
        let is_valid = match prefix {
            "" => {
                source.starts_with("method.request.")
                    || source.starts_with("context.")
                    || source.starts_with("stageVariables.")
            }
            prefix => {
                source.starts_with(prefix) || source.starts_with("$context.") || source.starts_with("$stageVariables.")
            }
        };
        if !is_valid {
            let detail = format!("{source:?} is no identity source of this kind of API. Use one such as {example:?}.");
            found.error(path, "Invalid identity source", detail);
        }
    }
}

/// The function of an authorizer exists.
fn own_function(config: &Config, one: &Authorizer, path: &Path, found: &mut Found) {
    let calls = matches!(one.kind(), Ok(AuthorizerKind::Token | AuthorizerKind::Request));
    if !calls || !one.function_arn().is_null() {
        return;
    }
    match (one.function(), config.functions()) {
        (Attr::Null, _) if config.function().is_null() => {
            let detail = "The authorizer calls the function of the argument function, which is not set. Set function to the name \
                          of one of functions, or set function_arn.";
            found.error(path.attribute("function"), "Incomplete authorizer", detail);
        }
        (Attr::Known(name), functions) if !functions.is_unknown() => {
            let known = functions.known().into_iter().flatten().map(|(name, _)| name.as_str());
            if known.clone().any(|known| known == name) {
                return;
            }
            let hint = match schema::nearest(name, known, 3) {
                Some(near) => format!("Did you mean {near:?}?"),
                None => "Add it to functions, or set function_arn.".to_owned(),
            };
            let detail = format!("The API has no function {name:?} in functions. {hint}");
            found.error(path.attribute("function"), "Unknown function", detail);
        }
        _ => {}
    }
}

/// The authorizers that functions name exist, and those with scopes check tokens.
fn uses(config: &Config, gateway: &Gateway, found: &mut Found) {
    if gateway.authorizers().is_unknown() {
        return;
    }
    let known = || gateway.authorizers().known().into_iter().flatten();
    for (name, function) in config.known_functions() {
        let Some(given) = function.authorizer().known().filter(|given| *given != AWS_IAM) else { continue };
        let path = function_path(name);
        let names = known().map(|(name, _)| name.as_str());
        found.0.extend(function::unknown_authorizer(given, names, &path));
        let kind = known().find(|(name, _)| *name == given).and_then(|(_, one)| one.known()?.kind().ok());
        let has_scopes = function.authorization_scopes().known().is_some_and(|scopes| !scopes.is_empty());
        let checks_tokens =
            !matches!(kind, Some(AuthorizerKind::Token | AuthorizerKind::Request | AuthorizerKind::Iam));
        if has_scopes && !checks_tokens {
            let detail = format!(
                "Scopes are parts of a token, which the authorizer {given:?} does not check. Remove authorization_scopes, or use an \
                 authorizer of the kind \"jwt\"."
            );
            found.error(path.attribute("authorization_scopes"), "Scopes without tokens", detail);
        }
    }
}
