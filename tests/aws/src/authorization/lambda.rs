//! Functions that authorize requests: called with AWS's events, and their results cached.
//!
//! Sources: Amazon API Gateway developer guide, "Control access to HTTP APIs with AWS Lambda authorizers" and "Use API Gateway
//! Lambda authorizers".

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;

use crate::memory::matches_wildcard;
use crate::proxy::Proxy;
use crate::rest_plane::Function;
use crate::upstream::Place;

/// The results of functions by authorizer and identity, with the times at which they end.
#[derive(Debug, Default)]
pub(crate) struct Results(Mutex<HashMap<String, (Duration, Value)>>);

/// An authorizer that calls a function.
#[derive(Debug)]
pub(crate) struct Authorizer<'a> {
    /// The id of the API.
    pub(crate) api: &'a str,
    /// The id of the authorizer.
    pub(crate) id: &'a str,
    /// The ARN of the function.
    pub(crate) function: &'a str,
    /// How long a result is cached.
    pub(crate) ttl: Duration,
    /// Whether the function returns a Boolean instead of a policy.
    pub(crate) is_simple: bool,
}

/// What a function decides.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Decision {
    /// The request is allowed; the context for the integration.
    Allowed(Value),
    /// It is denied, explicitly or because no statement of the policy matches.
    Denied {
        /// Whether a statement denies it.
        explicitly: bool,
    },
    /// The function raised the error `Unauthorized`.
    Unauthorized,
    /// The function cannot be called, failed, or returned something else.
    Failed,
}

/// The decision about a request for `arn`. `identity` is what identifies the client.
pub(crate) async fn decide(
    proxy: &Proxy,
    place: &Place,
    authorizer: &Authorizer<'_>,
    identity: &[String],
    (arn, event): (&str, &Value),
) -> Decision {
    let key = format!("{}/{}/{}/{}", place.region, authorizer.api, authorizer.id, identity.join("\n"));
    let now = proxy.timers.now();
    let cached = proxy.authorizer_results.0.lock().ok().and_then(|results| results.get(&key).cloned());
    if let Some((_, result)) = cached.filter(|(until, _)| now < *until) {
        return evaluate(&result, authorizer.is_simple, arn);
    }
    let Some(function) = Function::of(place, authorizer.function) else { return Decision::Failed };
    let Place { account, region } = place;
    let source = format!("arn:aws:execute-api:{region}:{account}:{}/authorizers/{}", authorizer.api, authorizer.id);
    if !function.is_permitted(proxy, &source).await {
        return Decision::Failed;
    }
    let result = match function.call(proxy, event).await {
        Ok(Ok(result)) => result,
        Ok(Err(error)) if error["errorMessage"] == "Unauthorized" => return Decision::Unauthorized,
        _ => return Decision::Failed,
    };
    let decision = evaluate(&result, authorizer.is_simple, arn);
    if let Ok(mut results) = proxy.authorizer_results.0.lock()
        && decision != Decision::Failed
        && !authorizer.ttl.is_zero()
    {
        results.insert(key, (now + authorizer.ttl, result));
    }
    decision
}

/// What a result means for a request for `arn`.
fn evaluate(result: &Value, is_simple: bool, arn: &str) -> Decision {
    let context = result["context"].clone();
    if is_simple {
        return match result["isAuthorized"].as_bool() {
            Some(true) => Decision::Allowed(context),
            Some(false) => Decision::Denied { explicitly: true },
            None => Decision::Failed,
        };
    }
    let Some(statements) = result["policyDocument"]["Statement"].as_array() else { return Decision::Failed };
    let any = |patterns: &Value, text: &str| {
        let one = std::slice::from_ref(patterns);
        let patterns = patterns.as_array().map_or(one, Vec::as_slice).iter().filter_map(Value::as_str);
        patterns.into_iter().any(|pattern| matches_wildcard(pattern.as_bytes(), text.as_bytes()))
    };
    let matching =
        |statement: &&Value| any(&statement["Action"], "execute-api:Invoke") && any(&statement["Resource"], arn);
    let effects: Vec<&Value> = statements.iter().filter(matching).map(|statement| &statement["Effect"]).collect();
    if effects.iter().any(|effect| **effect == "Deny") {
        Decision::Denied { explicitly: true }
    } else if effects.is_empty() {
        Decision::Denied { explicitly: false }
    } else {
        Decision::Allowed(context)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_forms_of_results_are_evaluated() {
        let arn = "arn:aws:execute-api:us-east-1:1:abc/$default/GET/a";
        let policy = |effect: &str, resource: &str| {
            let statement = json!({ "Effect": effect, "Action": "execute-api:Invoke", "Resource": resource });
            evaluate(&json!({ "policyDocument": { "Statement": [statement] } }), false, arn)
        };
        let denied = |explicitly| Decision::Denied { explicitly };
        assert_eq!(policy("Allow", "*"), Decision::Allowed(Value::Null));
        assert_eq!(policy("Allow", "arn:aws:execute-api:us-east-1:1:abc/*/GET/b"), denied(false));
        assert_eq!(policy("Deny", arn), denied(true));
        let simple = json!({ "isAuthorized": true, "context": { "user": "me" } });
        assert_eq!(evaluate(&simple, true, arn), Decision::Allowed(json!({ "user": "me" })));
        assert_eq!(evaluate(&json!({ "isAuthorized": false }), true, arn), denied(true));
        assert_eq!(evaluate(&simple, false, arn), Decision::Failed);
        assert_eq!(evaluate(&json!("yes"), true, arn), Decision::Failed);
    }
}
