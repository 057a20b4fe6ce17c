//! The fields of a request, checked as IAM checks them.

use crate::memory::xml_response::is_valid_tag_text;
use crate::message::{ApiError, Request};

/// A boundary is a policy. This account has a policy of every name.
pub(super) fn check_boundary(arn: &str) -> Result<(), ApiError> {
    if arn.starts_with("arn:aws:iam::") && arn.contains(":policy/") {
        return Ok(());
    }
    Err(invalid(&format!("Value '{arn}' at 'permissionsBoundary' is not the ARN of a policy")))
}

/// The error for a field that does not have the form that IAM requires.
pub(super) fn invalid(what: &str) -> ApiError {
    ApiError::new(400, "ValidationError", format!("1 validation error detected: {what}"))
}

/// A field of the form that has to be set.
pub(super) fn required(request: &Request, name: &str) -> Result<String, ApiError> {
    let mut spelled = name.to_owned();
    if let Some(first) = spelled.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    let constraint = "failed to satisfy constraint: Member must not be null";
    request.form(name).ok_or_else(|| invalid(&format!("Value null at '{spelled}' {constraint}")))
}

/// A policy document: JSON with statements.
pub(super) fn document(request: &Request, name: &str) -> Result<String, ApiError> {
    let document = required(request, name)?;
    let malformed = |message: &str| ApiError::new(400, "MalformedPolicyDocument", message);
    let read: serde_json::Value =
        serde_json::from_str(&document).map_err(|_| malformed("This policy contains invalid Json"))?;
    if read.get("Statement").is_none() {
        return Err(malformed("Syntax errors in policy."));
    }
    Ok(document)
}

/// The description, in the characters that IAM accepts.
pub(super) fn description(request: &Request) -> Result<Option<String>, ApiError> {
    let description = request.form("Description");
    let is_fine = |letter: char| matches!(letter, '\t' | '\n' | '\r' | ' '..='~' | '\u{a1}'..='\u{ff}');
    match &description {
        Some(text) if text.chars().count() > 1_000 || !text.chars().all(is_fine) => Err(invalid(
            "Value at 'description' failed to satisfy constraint: Member must satisfy regular expression pattern: \
             [\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]* and have length less than or equal to 1000",
        )),
        _ => Ok(description),
    }
}

/// The values of a numbered list in the form.
pub(super) fn members(request: &Request, name: impl Fn(usize) -> String) -> impl Iterator<Item = String> {
    (1..).map_while(move |n| request.form(&name(n)))
}

/// The tags in the form.
pub(super) fn parse_tags(request: &Request) -> Result<Vec<(String, String)>, ApiError> {
    let keys = members(request, |n| format!("Tags.member.{n}.Key"));
    let value = |n: usize| request.form(&format!("Tags.member.{n}.Value")).unwrap_or_default();
    let tags: Vec<_> = keys.enumerate().map(|(n, key)| (key, value(n + 1))).collect();
    for (key, value) in &tags {
        if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
            return Err(invalid(
                "Value at 'tags' failed to satisfy constraint: keys have 1 to 128 letters, values 256",
            ));
        }
        if !is_valid_tag_text(key) || !is_valid_tag_text(value) {
            return Err(invalid(
                "Value at 'tags' failed to satisfy constraint: Member must satisfy regular expression pattern: \
                 [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*",
            ));
        }
        if key.to_lowercase().starts_with("aws:") {
            let message = "System tags cannot be added/updated by requester.";
            return Err(ApiError::new(400, "InvalidInput", message));
        }
    }
    Ok(tags)
}
