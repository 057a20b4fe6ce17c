//! The formats of single arguments. Each function returns the summary and the detail of a mistake.

use http::Uri;

use crate::resources::shared::checks::arn_parts;
use crate::resources::shared::tags;

/// A mistake in an argument: a constant summary and a detail.
pub(super) type Mistake = (&'static str, String);

pub(super) fn filled(text: &str) -> Result<(), Mistake> {
    if text.trim().is_empty() {
        return Err(("Empty argument", "The text is empty. Remove the argument, or set it to null.".to_owned()));
    }
    Ok(())
}

pub(super) fn url(text: &str) -> Result<(), Mistake> {
    let wrong = |problem: &str| {
        // The message does not repeat the URL, which may contain a password.
        Err((
            "Invalid URL",
            format!("{problem} Use a scheme, a host and optionally a port, as in http://127.0.0.1:4566."),
        ))
    };
    let Ok(uri) = text.parse::<Uri>() else { return wrong("The text is not a URL.") };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return wrong("The URL has no scheme or no host.");
    };
    match scheme {
        "http" | "https" if authority.as_str().contains('@') => {
            wrong("The URL contains a user name or a password, which AWS does not support.")
        }
        "http" | "https" if uri.query().is_some() => wrong("The URL has a query, which an endpoint does not support."),
        "http" | "https" => Ok(()),
        _ => wrong("The scheme of the URL is neither http nor https."),
    }
}

pub(super) fn account_id(text: &str) -> Result<(), Mistake> {
    if is_account_id(text) {
        return Ok(());
    }
    let detail = format!("{text:?} is not the id of an AWS account. Use a text of 12 digits without hyphens.");
    Err(("Invalid account id", detail))
}

fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

pub(super) fn role_arn(text: &str) -> Result<(), Mistake> {
    if let Some((account, name)) = iam_name(text, "role/")
        && is_account_id(account)
        && !name.ends_with('/')
    {
        return Ok(());
    }
    let detail = format!("{text:?} is not the ARN of an IAM role, such as arn:aws:iam::123456789012:role/NAME.");
    Err(("Invalid role ARN", detail))
}

/// The ARN of an IAM policy, of the account or managed by AWS.
pub(super) fn policy_arn(text: &str) -> Result<(), Mistake> {
    if let Some((account, name)) = iam_name(text, "policy/")
        && (is_account_id(account) || account == "aws")
        && !name.ends_with('/')
    {
        return Ok(());
    }
    let detail = format!("{text:?} is not the ARN of an IAM policy, such as arn:aws:iam::123456789012:policy/NAME.");
    Err(("Invalid policy ARN", detail))
}

/// # Source
/// AWS IAM API reference, `CreateRole`, `Path`.
pub(super) fn role_path(text: &str) -> Result<(), Mistake> {
    let is_valid = text.starts_with('/')
        && text.ends_with('/')
        && text.len() <= 512
        && text.chars().all(|character| ('!'..='~').contains(&character));
    if is_valid {
        return Ok(());
    }
    let detail = format!(
        "{text:?} is not the path of an IAM role. A path begins and ends with a slash, as in \"/teams/web/\", and has at most \
         512 characters, without spaces."
    );
    Err(("Invalid role path", detail))
}

/// The account and the name in the ARN of an object of IAM whose resource begins with `kind`.
fn iam_name<'a>(arn: &'a str, kind: &str) -> Option<(&'a str, &'a str)> {
    let [partition, "iam", "", account, resource] = arn_parts(arn)? else { return None };
    let name = resource.strip_prefix(kind).filter(|name| !name.is_empty())?;
    partition.starts_with("aws").then_some((account, name))
}

/// # Source
/// AWS STS, AssumeRole, `RoleSessionName`.
pub(super) fn session_name(text: &str) -> Result<(), Mistake> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_=,.@+-".contains(&byte);
    if (2..=64).contains(&text.len()) && text.bytes().all(allowed) {
        return Ok(());
    }
    let detail = format!(
        "{text:?} is not a name for a session. Use 2 to 64 letters, digits and the characters _ = , . @ + and -."
    );
    Err(("Invalid session name", detail))
}

pub(super) fn tag(key: &str, value: Option<&str>) -> Result<(), Mistake> {
    tags::mistake(key, value).map_or(Ok(()), |mistake| Err(("Invalid tag", mistake.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

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
