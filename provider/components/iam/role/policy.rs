//! IAM policy documents.

use percent_encoding::percent_decode_str;
use serde_json::{Value as Json, json};

/// The trust policy that allows `services` to assume a role.
pub(super) fn trust(services: &[String]) -> Json {
    let principal = json!({ "Service": services });
    let statement = json!({ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" });
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

/// The services that a trust policy allows to assume a role; in the order of `applied` when they are equal. Any other
/// policy is returned as its own text, which is not the name of a service, so that it shows as drift.
pub(super) fn trusted(document: &str, applied: &[String]) -> Vec<String> {
    let document: Json = serde_json::from_str(document).unwrap_or_default();
    let mut services = match document.pointer("/Statement/0/Principal/Service") {
        Some(Json::String(service)) => vec![service.clone()],
        Some(Json::Array(services)) => services.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    if !same(&trust(&services), &document) {
        return vec![document.to_string()];
    }
    let (mut ours, mut theirs) = (applied.to_vec(), services.clone());
    ours.sort();
    theirs.sort();
    if ours == theirs {
        services = applied.to_vec();
    }
    services
}

/// Whether two documents are equivalent.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    match (serde_json::from_str::<Json>(one), serde_json::from_str::<Json>(other)) {
        (Ok(one), Ok(other)) => same(&one, &other),
        _ => one == other,
    }
}

/// Equality in which a value and a list of that one value are the same, as they are for IAM.
fn same(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Object(one), Json::Object(other)) => {
            one.len() == other.len() && one.iter().all(|(key, value)| other.get(key).is_some_and(|it| same(value, it)))
        }
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Json::Array(list), single) | (single, Json::Array(list)) => {
            matches!(list.as_slice(), [one] if same(one, single))
        }
        _ => one == other,
    }
}

/// Decodes the percent-encoding in which IAM returns policy documents.
pub(super) fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_decoded() {
        assert_eq!(decoded("%7B%22a%22%3A%20%22%C3%A9%22%7D"), r#"{"a": "é"}"#);
        assert_eq!(decoded("100%"), "100%");
        assert_eq!(decoded("%zz"), "%zz");
    }

    #[test]
    fn services_keep_the_applied_order() {
        let services = ["lambda.amazonaws.com".to_owned(), "edgelambda.amazonaws.com".to_owned()];
        let reversed = [services[1].clone(), services[0].clone()];
        assert_eq!(trusted(&trust(&reversed).to_string(), &services), services);
        assert_eq!(trusted(&trust(&services[..1]).to_string(), &[]), services[..1]);
        let single = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole",
            "Principal":{"Service":"lambda.amazonaws.com"}}}"#;
        assert!(is_same(single, &trust(&services[..1]).to_string()));
    }

    #[test]
    fn additional_trust_is_drift() {
        let mut document = trust(&["lambda.amazonaws.com".to_owned()]);
        document["Statement"][0]["Principal"]["AWS"] = "*".into();
        assert_eq!(trusted(&document.to_string(), &[]), [document.to_string()]);
    }
}
