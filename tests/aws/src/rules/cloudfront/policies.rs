//! CloudFront: invalid policies, missing policies, and the deletion of a policy that is in use.

use super::{ConfigError, all_behaviors, get_xml};
use crate::distribution::texts;
use crate::error::Error;
use crate::rules::{Context, Verdict};
use crate::xml::Element;

/// How many headers, cookies or query strings a policy accepts each.
const MAX_NAMES: usize = 10;

/// Fields of a behavior, paths of the API, and names of the kinds of policies.
const KINDS: [(&str, &str, &str); 3] = [
    ("CachePolicyId", "cache-policy", "CachePolicy"),
    ("OriginRequestPolicyId", "origin-request-policy", "OriginRequestPolicy"),
    ("ResponseHeadersPolicyId", "response-headers-policy", "ResponseHeadersPolicy"),
];

/// Rejects invalid policies, and the deletion of a policy that is in use.
pub(super) async fn before(context: &Context<'_>) -> Verdict {
    let operation = context.operation.name.as_str();
    let Some((field, _, kind)) = KINDS.into_iter().find(|(_, _, kind)| operation.ends_with(kind)) else {
        return Ok(None);
    };
    if operation.starts_with("Delete") {
        return delete(context, field, kind).await;
    }
    if operation.starts_with("Get") {
        return Ok(None);
    }
    let config = context.request.xml();
    let error = name(&config).or_else(|| match kind {
        "CachePolicy" => cache_policy(&config),
        "OriginRequestPolicy" => origin_request_policy(&config),
        _ => response_headers_policy(&config),
    });
    match error {
        Some(message) => context.refuse(400, "InvalidArgument", message),
        None => Ok(None),
    }
}

async fn delete(context: &Context<'_>, field: &str, kind: &str) -> Verdict {
    let all = get_xml(context, "distribution").await?.unwrap_or_default();
    for item in all.items_at(&["Items"]) {
        let path = format!("distribution/{}/config", item.text_at(&["Id"]));
        let Some(config) = get_xml(context, &path).await? else { continue };
        if all_behaviors(&config).any(|behavior| behavior.text_at(&[field]) == context.name(0)) {
            let message = "Cannot delete the policy because it is attached to one or more cache behaviors.";
            return context.refuse(409, &format!("{kind}InUse"), message);
        }
    }
    Ok(None)
}

/// The first policy of a configuration that does not exist.
pub(super) async fn missing(context: &Context<'_>, config: &Element) -> Result<Option<ConfigError>, Error> {
    for behavior in all_behaviors(config) {
        for (field, path, kind) in KINDS {
            let id = behavior.text_at(&[field]);
            if !id.is_empty() && get_xml(context, &format!("{path}/{id}")).await?.is_none() {
                let code = match kind {
                    "CachePolicy" => "NoSuchCachePolicy",
                    "OriginRequestPolicy" => "NoSuchOriginRequestPolicy",
                    _ => "NoSuchResponseHeadersPolicy",
                };
                return Ok(Some((404, code, format!("The specified policy does not exist: {id}"))));
            }
        }
    }
    Ok(None)
}

fn name(config: &Element) -> Option<String> {
    let name = config.text_at(&["Name"]);
    let valid = (1..=128).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if !valid {
        return Some(format!("The parameter Name contains invalid characters: {name}"));
    }
    let comment = config.text_at(&["Comment"]);
    (comment.len() > 128).then(|| "The parameter Comment is too long.".to_owned())
}

/// The times to live are in order, and a policy that caches nothing has an empty key.
fn cache_policy(config: &Element) -> Option<String> {
    let seconds = |name: &str| config.text_at(&[name]).parse::<i64>().ok();
    let min = seconds("MinTTL").unwrap_or_default();
    let max = seconds("MaxTTL").unwrap_or(31_536_000.max(min));
    let default = seconds("DefaultTTL").unwrap_or(86_400.clamp(min.min(max), max));
    if min < 0 || max < min || default < min || default > max {
        return Some(format!("The parameter MinTTL, DefaultTTL or MaxTTL is invalid: {min}, {default}, {max}"));
    }
    let key = config.child("ParametersInCacheKeyAndForwardedToOrigin")?;
    let sets = [
        ("HeaderBehavior", ["HeadersConfig", "HeaderBehavior"]),
        ("CookieBehavior", ["CookiesConfig", "CookieBehavior"]),
        ("QueryStringBehavior", ["QueryStringsConfig", "QueryStringBehavior"]),
    ];
    for (parameter, path) in sets {
        if max == 0 && key.text_at(&path) != "none" {
            return Some(format!("The parameter {parameter} is invalid for policy with caching disabled."));
        }
    }
    for parameter in ["EnableAcceptEncodingGzip", "EnableAcceptEncodingBrotli"] {
        if max == 0 && key.text_at(&[parameter]) == "true" {
            return Some(format!("The parameter {parameter} is invalid for policy with caching disabled."));
        }
    }
    if !["none", "whitelist"].contains(&key.text_at(&["HeadersConfig", "HeaderBehavior"])) {
        return Some("The parameter HeaderBehavior is invalid.".to_owned());
    }
    names(key, &["accept-encoding", "cookie"])
}

fn origin_request_policy(config: &Element) -> Option<String> {
    let behavior = config.text_at(&["HeadersConfig", "HeaderBehavior"]);
    // Authorization is forwarded only with all other headers, or in the cache key.
    let denied: &[&str] = if behavior == "whitelist" { &["authorization", "accept-encoding", "cookie"] } else { &[] };
    names(config, denied)
}

fn names(config: &Element, denied: &[&str]) -> Option<String> {
    let lists = [("HeadersConfig", "Headers"), ("CookiesConfig", "Cookies"), ("QueryStringsConfig", "QueryStrings")];
    for (part, list) in lists {
        let names = texts(config, &[part, list, "Items"]);
        if names.len() > MAX_NAMES {
            return Some(format!("The parameter {list} contains too many items."));
        }
        if list == "Headers"
            && let Some(name) = names.iter().find(|name| denied.contains(&name.to_lowercase().as_str()))
        {
            return Some(format!("The parameter Headers contains {name} that is not allowed."));
        }
        if names.iter().any(|name| name.is_empty() || name.contains(char::is_whitespace)) {
            return Some(format!("The parameter {list} contains an invalid name."));
        }
    }
    None
}

fn response_headers_policy(config: &Element) -> Option<String> {
    const NOT_CUSTOM: [&str; 6] = [
        "strict-transport-security",
        "x-frame-options",
        "x-content-type-options",
        "referrer-policy",
        "content-security-policy",
        "access-control-allow-origin",
    ];
    let parts = ["CorsConfig", "SecurityHeadersConfig", "ServerTimingHeadersConfig"];
    let custom = config.items_at(&["CustomHeadersConfig", "Items"]);
    let removed = config.items_at(&["RemoveHeadersConfig", "Items"]);
    if custom.is_empty() && removed.is_empty() && parts.iter().all(|part| config.child(part).is_none()) {
        return Some("The policy must contain at least one header.".to_owned());
    }
    let wrong = custom.iter().map(|header| header.text_at(&["Header"]));
    let wrong = wrong.map(str::to_lowercase).find(|name| NOT_CUSTOM.contains(&name.as_str()));
    wrong.map(|name| format!("The parameter CustomHeaders contains {name} that is a security or CORS header."))
}
