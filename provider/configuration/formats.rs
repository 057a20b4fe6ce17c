//! How single arguments must look. Each function says what is wrong as summary and detail.

use http::Uri;

use crate::aws::SERVICES;
use crate::resources::shared::regions;

/// What is wrong with an argument: a constant summary, and a detail.
pub(super) type Wrong = (&'static str, String);

pub(super) fn filled(text: &str) -> Result<(), Wrong> {
    if text.trim().is_empty() {
        return Err(("Empty argument", "The text is empty. Leave the argument out, or set it to null.".to_owned()));
    }
    Ok(())
}

pub(super) fn region(text: &str) -> Result<(), Wrong> {
    if regions::partition(text).is_some() {
        return Ok(());
    }
    let hint = regions::nearest(text)
        .map_or("Give a code such as us-east-1.".to_owned(), |near| format!("Did you mean {near}?"));
    Err(("Unknown region", format!("AWS has no region {text:?}. {hint}")))
}

pub(super) fn url(text: &str) -> Result<(), Wrong> {
    let wrong = |problem: &str| {
        // The text itself may hold a password.
        Err(("Malformed URL", format!("{problem} Give scheme, host and, where needed, port: http://127.0.0.1:4566.")))
    };
    let Ok(uri) = text.parse::<Uri>() else { return wrong("The text is not a URL.") };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return wrong("The text is not a whole URL: its scheme or its host is missing.");
    };
    match scheme {
        "http" | "https" if authority.as_str().contains('@') => {
            wrong("The URL holds a user's name or password, which AWS does not take.")
        }
        "http" | "https" if uri.query().is_some() => wrong("The URL has a query, which an endpoint cannot have."),
        "http" | "https" => Ok(()),
        _ => wrong("The URL's scheme is neither http nor https."),
    }
}

pub(super) fn service(name: &str) -> Result<(), Wrong> {
    if SERVICES.iter().any(|service| service.name == name) {
        return Ok(());
    }
    let names = SERVICES.iter().map(|service| service.name).collect::<Vec<_>>().join(", ");
    Err(("Unknown service", format!("The provider calls no service named {name:?}. Use one of: {names}.")))
}

pub(super) fn account_id(text: &str) -> Result<(), Wrong> {
    if is_account_id(text) {
        return Ok(());
    }
    let detail = format!("{text:?} is not the id of an AWS account. Give its 12 digits, as text, without hyphens.");
    Err(("Malformed account id", detail))
}

fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

pub(super) fn role_arn(text: &str) -> Result<(), Wrong> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    if let ["arn", partition, "iam", "", account, role] = parts.as_slice()
        && partition.starts_with("aws")
        && is_account_id(account)
        && role.strip_prefix("role/").is_some_and(|name| !name.is_empty() && !name.ends_with('/'))
    {
        return Ok(());
    }
    let detail =
        format!("{text:?} is not the ARN of an IAM role. Give one of the form arn:aws:iam::123456789012:role/name.");
    Err(("Malformed role ARN", detail))
}

/// # Source
/// AWS STS, AssumeRole, `RoleSessionName`.
pub(super) fn session_name(text: &str) -> Result<(), Wrong> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_=,.@+-".contains(&byte);
    if (2..=64).contains(&text.len()) && text.bytes().all(allowed) {
        return Ok(());
    }
    let detail =
        format!("{text:?} cannot name a session. Use 2 to 64 letters, digits and the characters _ = , . @ + and -.");
    Err(("Malformed session name", detail))
}

/// # Source
/// AWS STS, AssumeRole, `DurationSeconds`.
pub(super) fn duration(seconds: i64) -> Result<(), Wrong> {
    if (900..=43_200).contains(&seconds) {
        return Ok(());
    }
    let detail = format!("A session cannot last {seconds} s. Give 900 to 43200, and no more than the role allows.");
    Err(("Duration out of range", detail))
}

pub(super) fn within(number: i64, least: i64, most: i64) -> Result<(), Wrong> {
    if (least..=most).contains(&number) {
        return Ok(());
    }
    Err(("Number out of range", format!("{number} is not between {least} and {most}.")))
}

/// # Source
/// AWS Tagging best practices, "Tag naming limits and requirements".
pub(super) fn tag(key: &str, value: Option<&str>) -> Result<(), Wrong> {
    let wrong = |problem: String| Err(("Malformed tag", format!("{problem} Use another one.")));
    if key.is_empty() || key.chars().count() > 128 {
        return wrong("The key of a tag has 1 to 128 characters.".to_owned());
    }
    if key.to_ascii_lowercase().starts_with("aws:") {
        return wrong(format!("The key {key:?} starts with \"aws:\", which AWS keeps for itself."));
    }
    if key.starts_with("multiregion:") {
        return wrong(format!("The key {key:?} starts with \"multiregion:\", by which this provider knows its own."));
    }
    if value.is_some_and(|value| value.chars().count() > 256) {
        return wrong(format!("The value of the tag {key:?} has more than 256 characters."));
    }
    Ok(())
}

pub(super) fn rate_limits(text: &str) -> Result<(), Wrong> {
    if matches!(text, "aws" | "none") {
        return Ok(());
    }
    Err(("Unknown rate limits", format!("{text:?} is neither \"aws\" nor \"none\".")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_those_that_there_are() {
        for good in ["us-east-1", "ap-southeast-7", "us-gov-west-1", "cn-northwest-1"] {
            assert!(region(good).is_ok(), "{good}");
        }
        for bad in ["", "us", "us-east", "us-east-0", "US-EAST-1", "us-east-1a", "us-foo-1", "Frankfurt"] {
            assert!(region(bad).is_err(), "{bad}");
        }
        assert!(region("us-est-1").is_err_and(|(_, detail)| detail.ends_with("Did you mean us-east-1?")));
    }

    #[test]
    fn role_arns_are_told_from_other_arns() {
        assert!(role_arn("arn:aws-us-gov:iam::123456789012:role/path/name").is_ok());
        for bad in
            ["", "x", "arn:aws:iam::123456789012:user/x", "arn:aws:iam::123456789012:role/", "arn:aws:sts::1:role/x"]
        {
            assert!(role_arn(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn urls_have_scheme_and_host() {
        for good in ["http://127.0.0.1:4566", "https://sts.example.com", "http://localhost/path"] {
            assert!(url(good).is_ok(), "{good}");
        }
        for bad in
            ["", "/", "localhost", "localhost:4566", "ftp://x", "http://", "http://a@b", "http://a/?b", "http://a b"]
        {
            assert!(url(bad).is_err(), "{bad}");
        }
    }
}
