//! Mistakes in settings that only one kind of API has.

use std::collections::BTreeMap;

use super::Found;
use crate::components::apigateway::api_key::LENGTH;
use crate::resources::api::config::{ApiKey, Config, Gateway, Protocol, Rest, function_path};
use crate::resources::shared::checks::arn_parts;
use crate::resources::shared::function::{PayloadFormat, check_throttle};
use crate::resources::shared::regions;
use crate::schema::Attr;
use crate::wire::Path;

/// Mistakes in the settings of REST APIs.
pub(super) fn check(config: &Config, found: &mut Found) {
    let Ok(gateway) = config.gateway() else { return };
    match gateway.protocol() {
        Ok(Protocol::Http) => only_in_rest(config, &gateway, found),
        Ok(Protocol::Rest) => not_in_rest(config, found),
        Err(_) => {}
    }
    keys(&gateway, found);
    if let Some(rest) = gateway.rest().known() {
        settings(rest, found);
    }
    for (region, settings) in config.known_regions() {
        if let Some(arn) = settings.web_acl_arn().known() {
            web_acl(region, arn, found);
        }
    }
}

fn at(attribute: &str) -> Path {
    Path::of("gateway").attribute(attribute)
}

fn only_in_rest(config: &Config, gateway: &Gateway, found: &mut Found) {
    let mut given = Vec::new();
    if gateway.rest().known().is_some() {
        given.push(at("rest"));
    }
    if gateway.api_keys().known().is_some() {
        given.push(at("api_keys"));
    }
    for (name, function) in config.known_functions() {
        let path = function_path(name);
        if function.api_key_required() == Ok(true) {
            given.push(path.attribute("api_key_required"));
        }
    }
    let regions = config.known_regions().filter(|(_, region)| region.web_acl_arn().known().is_some());
    given.extend(regions.map(|(name, _)| regions::path(name).attribute("web_acl_arn")));
    for path in given {
        let detail = "HTTP APIs do not support this setting. Remove it, or set gateway.protocol = \"rest\".";
        found.error(path, "Setting requires a REST API", detail);
    }
}

fn not_in_rest(config: &Config, found: &mut Found) {
    for (name, function) in config.known_functions() {
        if *function.payload_format() == Attr::Known(PayloadFormat::V2) {
            let detail = "A REST API sends events of the format 1.0 to functions. Remove payload_format, or set \
                          gateway.protocol = \"http\".";
            found.error(function_path(name).attribute("payload_format"), "Payload format requires an HTTP API", detail);
        }
    }
}

/// No message contains the value of a key.
fn keys(gateway: &Gateway, found: &mut Found) {
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, key) in gateway.api_keys().known().into_iter().flatten() {
        let path = at("api_keys").key(name);
        let Some(key) = key.known() else { continue };
        source(name, key, &path, found);
        for (attribute, value) in [("value", key.value()), ("value_wo", key.value_wo())] {
            let Some(value) = value.known() else { continue };
            let length = value.chars().count();
            if !LENGTH.contains(&length) {
                let detail = format!(
                    "The value of the API key {name:?} has {length} characters, but an API key has {} to {}. Use a longer or \
                     shorter random value.",
                    LENGTH.start(),
                    LENGTH.end()
                );
                found.error(path.attribute(attribute), "Invalid API key", detail);
            } else if let Some(other) = names.insert(value, name).filter(|other| other != name) {
                let detail = format!(
                    "The API keys {other:?} and {name:?} have the same value, but a value identifies one key. Use another value \
                     for one of them."
                );
                found.error(path.attribute(attribute), "Duplicate API key", detail);
            }
        }
        if let Some(limit) = key.throttle().known() {
            check_throttle(limit, &path.attribute("throttle"), found);
        }
    }
}

/// Mistakes in where the value of a key comes from.
fn source(name: &str, key: &ApiKey, path: &Path, found: &mut Found) {
    // An unknown argument may turn out to be null.
    let is_write_only = key.value_wo().known().is_some();
    let is_given = key.value().known().is_some();
    if is_write_only && is_given {
        let detail = format!(
            "The API key {name:?} has both value and value_wo, but a key has one value. Remove value, so that the state does not \
             contain it, or remove value_wo."
        );
        found.error(path.attribute("value_wo"), "Conflicting API key values", detail);
    }
    if is_write_only && key.value_wo_version().is_null() {
        let detail = format!(
            "The API key {name:?} has value_wo without value_wo_version. A write-only value is not stored, so only the version \
             shows when it changes. Add value_wo_version = 1."
        );
        found.error(path.attribute("value_wo"), "Write-only value without a version", detail);
    }
    if key.value_wo_version().known().is_some() && key.value_wo().is_null() {
        let detail = format!(
            "The API key {name:?} has value_wo_version without value_wo. Set value_wo, or remove value_wo_version."
        );
        found.error(path.attribute("value_wo_version"), "Version without a write-only value", detail);
    }
    if key.generation.known().is_some() && (is_write_only || is_given) {
        let detail = format!(
            "The value of the API key {name:?} is not generated, so generation has no effect. Remove generation, or remove \
             the value."
        );
        found.error(path.attribute("generation"), "API key value is not generated", detail);
    }
}

fn settings(rest: &Rest, found: &mut Found) {
    let path = at("rest");
    let is_stage = |name: &String| {
        (1..=128).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
    };
    if let Some(name) = rest.stage_name().ok().filter(|name| !is_stage(name)) {
        let detail =
            format!("{name:?} cannot be the name of a stage. Use 1 to 128 letters, digits, hyphens and underscores.");
        found.error(path.attribute("stage_name"), "Invalid stage name", detail);
    }
    let is_policy = |text: &String| {
        serde_json::from_str::<serde_json::Value>(text).is_ok_and(|policy| policy.get("Statement").is_some())
    };
    if rest.policy_json().known().is_some_and(|text| !is_policy(text)) {
        let detail = "The resource policy is not a policy document in JSON with a \"Statement\". Use jsonencode({ Version = \
                      \"2012-10-17\", Statement = [ … ] }).";
        found.error(path.attribute("policy_json"), "Invalid resource policy", detail);
    }
}

fn web_acl(region: &str, arn: &str, found: &mut Found) {
    let path = regions::path(region).attribute("web_acl_arn");
    match arn_parts(arn) {
        Some([_, "wafv2", its, _, resource]) if resource.starts_with("regional/webacl/") => {
            if its != region {
                let detail = format!(
                    "The web ACL is in {its}, but the REST API of {region} needs a web ACL of its own region. Use the ARN of a \
                     web ACL in {region}."
                );
                found.error(path, "Web ACL in another region", detail);
            }
        }
        Some([_, "wafv2", _, _, resource]) if resource.starts_with("global/webacl/") => {
            let detail = "The web ACL has the scope CLOUDFRONT, but an API needs one of the scope REGIONAL. Create a regional \
                          web ACL in the region of the API.";
            found.error(path, "Web ACL of the wrong scope", detail);
        }
        _ => {
            let detail = format!(
                "{arn:?} is not the ARN of a web ACL, such as arn:aws:wafv2:{region}:123456789012:regional/webacl/NAME/ID."
            );
            found.error(path, "Invalid web ACL ARN", detail);
        }
    }
}
