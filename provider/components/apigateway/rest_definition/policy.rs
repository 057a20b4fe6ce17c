//! Resource policies in one spelling. Pure.

use serde_json::{Map, Value as Json, json};

/// The policy in one spelling, so that two policies of the same meaning are equal. AWS completes ARNs, writes accounts as
/// ARNs, and may write a single item without its list.
pub(super) fn canonical(policy: &Json) -> Json {
    let mut statements: Vec<Json> = list(&policy["Statement"]).iter().map(statement).collect();
    statements.sort_by_key(Json::to_string);
    json!({ "Version": policy["Version"], "Statement": statements })
}

/// The policy in AWS's answer: JSON in a string whose quotes may be escaped once more.
pub(super) fn reported(text: &str) -> Json {
    let plain = serde_json::from_str(text);
    plain.unwrap_or_else(|_| {
        let unescaped: String = serde_json::from_str(&format!("\"{text}\"")).unwrap_or_default();
        serde_json::from_str(&unescaped).unwrap_or_default()
    })
}

/// The policy as a document for every region has it: AWS completes ARNs with the region, the account and the id of the API.
pub(super) fn of_any_region(mut policy: Json, api_id: &str) -> Json {
    let shorten = |value: &mut Json| {
        let is_own = value.as_str().is_some_and(|arn| arn.contains(&format!(":{api_id}/")));
        if is_own {
            *value = resource(value);
        }
    };
    let statements = match policy.get_mut("Statement") {
        Some(Json::Array(statements)) => statements.as_mut_slice(),
        Some(single) => std::slice::from_mut(single),
        None => &mut [],
    };
    let fields = statements.iter_mut().filter_map(Json::as_object_mut).flatten();
    for (_, value) in fields.filter(|(name, _)| ["Resource", "NotResource"].contains(&name.as_str())) {
        match value {
            Json::Array(items) => items.iter_mut().for_each(shorten),
            single => shorten(single),
        }
    }
    policy
}

fn statement(statement: &Json) -> Json {
    let mut result = Map::new();
    for (name, value) in statement.as_object().into_iter().flatten() {
        let value = match name.as_str() {
            "Resource" | "NotResource" => sorted(list(value).iter().map(resource)),
            "Action" | "NotAction" => sorted(list(value).into_iter()),
            "Principal" | "NotPrincipal" => principal(value),
            "Condition" => condition(value),
            _ => value.clone(),
        };
        result.insert(name.clone(), value);
    }
    Json::Object(result)
}

fn list(value: &Json) -> Vec<Json> {
    match value {
        Json::Null => Vec::new(),
        Json::Array(items) => items.clone(),
        single => vec![single.clone()],
    }
}

fn sorted(items: impl Iterator<Item = Json>) -> Json {
    let mut items: Vec<Json> = items.collect();
    items.sort_by_key(Json::to_string);
    items.dedup();
    Json::Array(items)
}

/// `execute-api:/STAGE/METHOD/PATH`, without region, account and API.
fn resource(value: &Json) -> Json {
    let text = value.as_str().unwrap_or_default();
    let path = text
        .split_once(":execute-api:")
        .and_then(|(_, rest)| rest.splitn(3, ':').nth(2))
        .and_then(|rest| rest.split_once('/').map(|(_, path)| path));
    path.map_or_else(|| value.clone(), |path| format!("execute-api:/{path}").into())
}

fn principal(value: &Json) -> Json {
    let anybody = json!({ "AWS": ["*"] });
    let Some(kinds) = value.as_object() else { return if value == "*" { anybody } else { value.clone() } };
    kinds.iter().map(|(kind, names)| (kind.clone(), sorted(list(names).iter().map(account)))).collect()
}

/// `arn:aws:iam::123456789012:root` is the account `123456789012`.
fn account(value: &Json) -> Json {
    let text = value.as_str().unwrap_or_default();
    let id = text.strip_suffix(":root").and_then(|text| text.rsplit(':').next());
    id.map_or_else(|| value.clone(), Json::from)
}

fn condition(value: &Json) -> Json {
    let operators = value.as_object().into_iter().flatten();
    let keys = |keys: &Json| -> Json {
        let keys = keys.as_object().into_iter().flatten();
        keys.map(|(key, values)| (key.to_lowercase(), sorted(list(values).into_iter()))).collect()
    };
    operators.map(|(operator, conditions)| (operator.clone(), keys(conditions))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_policy_are_equal() {
        let ours = json!({ "Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/prod/*",
            "Condition": { "IpAddress": { "aws:SourceIp": "10.0.0.0/8" } },
        } });
        let theirs = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": ["execute-api:Invoke"],
            "Resource": "arn:aws:execute-api:eu-west-1:123456789012:abc/prod/*",
            "Condition": { "IpAddress": { "aws:SourceIp": ["10.0.0.0/8"] } },
        }] });
        assert_eq!(canonical(&ours), canonical(&theirs));
        let mut other = ours.clone();
        other["Statement"]["Effect"] = "Deny".into();
        assert_ne!(canonical(&ours), canonical(&other));
        let of = |principal: Json| canonical(&json!({ "Statement": [{ "Principal": principal }] }));
        assert_eq!(of(json!({ "AWS": "arn:aws:iam::123456789012:root" })), of(json!({ "AWS": ["123456789012"] })));
    }

    #[test]
    fn only_the_arns_of_the_api_itself_are_shortened() {
        let statement = |resources: Json| json!({ "Effect": "Deny", "Principal": "*", "Resource": resources });
        let arn = "arn:aws:execute-api:eu-west-1:123456789012:abc/prod/*";
        let any = "arn:aws:execute-api:*:*:*/prod/*";
        let reported = json!({ "Statement": [statement(arn.into()), statement(json!([any, arn]))] });
        let short = "execute-api:/prod/*";
        let expected = json!({ "Statement": [statement(short.into()), statement(json!([any, short]))] });
        assert_eq!(of_any_region(reported, "abc"), expected);
        let single = of_any_region(json!({ "Statement": statement(arn.into()) }), "abc");
        assert_eq!(single, json!({ "Statement": statement(short.into()) }));
    }

    #[test]
    fn an_escaped_policy_is_read() {
        let policy = json!({ "Version": "2012-10-17" });
        assert_eq!(reported(&policy.to_string()), policy);
        assert_eq!(reported(&policy.to_string().replace('"', "\\\"")), policy);
        assert_eq!(reported("no"), Json::Null);
    }
}
