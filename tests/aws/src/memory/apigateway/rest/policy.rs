//! Resource policies of REST APIs, evaluated for a request.
//!
//! Source: AWS, "How API Gateway resource policies affect authorization workflow".

use serde_json::Value;

use crate::memory::matches_wildcard;

/// What a policy says about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Allow,
    Deny,
    /// No statement matches.
    Silent,
}

/// A request as a policy sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller<'a> {
    /// The ARN of the requested method.
    pub(super) arn: &'a str,
    /// The client's IPv4 address.
    pub(super) ip: &'a str,
    /// The account of the signature; `None` for an anonymous request.
    pub(super) account: Option<&'a str>,
}

/// The decision of a policy: an explicit denial counts most.
pub(super) fn evaluate(policy: &Value, caller: Caller<'_>) -> Decision {
    let matching = list(&policy["Statement"]).into_iter().filter(|statement| matches(statement, caller));
    let effects: Vec<&str> = matching.filter_map(|statement| statement["Effect"].as_str()).collect();
    if effects.contains(&"Deny") {
        Decision::Deny
    } else if effects.contains(&"Allow") {
        Decision::Allow
    } else {
        Decision::Silent
    }
}

fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().collect(),
        single => vec![single],
    }
}

fn matches(statement: &Value, caller: Caller<'_>) -> bool {
    let any = |patterns: &Value, text: &str| {
        let patterns = list(patterns);
        patterns.iter().filter_map(|pattern| pattern.as_str()).any(|pattern| {
            // A bare `*` or `execute-api:/…` was completed when the policy was set.
            matches_wildcard(pattern.as_bytes(), text.as_bytes())
        })
    };
    any(&statement["Action"], "execute-api:Invoke")
        && any(&statement["Resource"], caller.arn)
        && is_principal(&statement["Principal"], caller.account)
        && holds(&statement["Condition"], caller.ip)
}

fn is_principal(principal: &Value, account: Option<&str>) -> bool {
    let names = if principal.is_object() { list(&principal["AWS"]) } else { vec![principal] };
    names.iter().filter_map(|name| name.as_str()).any(|name| {
        name == "*" || account.is_some_and(|account| name == account || name == format!("arn:aws:iam::{account}:root"))
    })
}

/// Whether all conditions hold. Conditions on other keys than the source address do not.
fn holds(condition: &Value, ip: &str) -> bool {
    condition.as_object().into_iter().flatten().all(|(operator, keys)| {
        keys.as_object().into_iter().flatten().all(|(key, values)| {
            let is_in = list(values).iter().filter_map(|value| value.as_str()).any(|range| contains(range, ip));
            match operator.as_str() {
                "IpAddress" => key.eq_ignore_ascii_case("aws:SourceIp") && is_in,
                "NotIpAddress" => key.eq_ignore_ascii_case("aws:SourceIp") && !is_in,
                _ => false,
            }
        })
    })
}

/// Whether an IPv4 range in CIDR notation contains an address.
fn contains(range: &str, ip: &str) -> bool {
    let number = |text: &str| text.parse::<std::net::Ipv4Addr>().ok().map(u32::from);
    let (base, bits) = range.split_once('/').unwrap_or((range, "32"));
    let (Some(base), Some(ip), Ok(bits)) = (number(base), number(ip), bits.parse::<u32>()) else { return false };
    let mask = u32::MAX.checked_shl(32 - bits.min(32)).unwrap_or_default();
    base & mask == ip & mask
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_denial_counts_most() {
        let statement = |effect: &str, resource: &str, condition: Value| {
            json!({
                "Effect": effect, "Principal": "*", "Action": "execute-api:Invoke", "Resource": resource,
                "Condition": condition,
            })
        };
        let all = "arn:aws:execute-api:us-east-1:1:abc/*";
        let inside = json!({ "NotIpAddress": { "aws:SourceIp": ["10.0.0.0/8"] } });
        let policy = json!({ "Statement": [
            statement("Allow", all, json!({})),
            statement("Deny", "arn:aws:execute-api:us-east-1:1:abc/*/GET/inside", inside),
        ] });
        let decide = |path: &str, ip: &str| {
            let arn = format!("arn:aws:execute-api:us-east-1:1:abc/prod/GET{path}");
            evaluate(&policy, Caller { arn: &arn, ip, account: None })
        };
        assert_eq!(decide("/outside", "192.0.2.1"), Decision::Allow);
        assert_eq!(decide("/inside", "192.0.2.1"), Decision::Deny);
        assert_eq!(decide("/inside", "10.1.2.3"), Decision::Allow);
        let caller = Caller { arn: "arn:aws:execute-api:us-east-1:1:xyz/prod/GET/", ip: "10.1.2.3", account: None };
        assert_eq!(evaluate(&policy, caller), Decision::Silent);
        assert!(contains("0.0.0.0/0", "192.0.2.1") && !contains("10.0.0.0", "10.0.0.1"));
    }
}
