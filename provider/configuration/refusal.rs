//! The diagnostics of a provider that cannot connect to an AWS account.

use crate::aws::{Config, ConnectError, chain};
use crate::wire::{Diagnostic, Path};

/// The diagnostic for a connection with `config` that failed, with the path of the argument that caused the failure.
pub fn refusal(error: &ConnectError, config: &Config) -> Diagnostic {
    match error {
        ConnectError::NoCredentials => no_credentials(config),
        ConnectError::Credentials(_) => Diagnostic::error(
            credentials(config),
            "No valid AWS credentials",
            format!(
                "{}. Renew expired credentials (aws sso login), correct the access key, or use other credentials: access_key \
                 and secret_key, a profile, or the standard environment variables (AWS_ACCESS_KEY_ID, AWS_PROFILE).",
                sentence(error)
            ),
        ),
        ConnectError::Unavailable(_) => Diagnostic::error(
            credentials(config),
            "AWS credentials not available",
            format!(
                "{}. Try again. If this persists, check the source of the credentials: the network and its proxy (HTTPS_PROXY, \
                 AWS_CA_BUNDLE), IAM Identity Center, STS, or the credential_process of the profile.",
                sentence(error)
            ),
        ),
        ConnectError::Unreachable { .. } => Diagnostic::error(
            endpoint(config),
            "AWS endpoint not reachable",
            format!(
                "{}. Check the network and the endpoint, which the arguments endpoint_url and endpoints or the environment \
                 variable AWS_ENDPOINT_URL set. If none of them is set, check the region. If only a proxy has access to the \
                 internet, set the environment variable HTTPS_PROXY. If that proxy inspects TLS, set AWS_CA_BUNDLE to the \
                 file with its certificate authority.",
                sentence(error)
            ),
        ),
        ConnectError::CaBundle { .. } => Diagnostic::error(
            Path::root(),
            "CA bundle not readable",
            format!(
                "{}. The environment variable AWS_CA_BUNDLE has the path of a file with certificates in PEM format. Correct \
                 the path or the file, or remove the variable to trust only the authorities of the operating system.",
                sentence(error)
            ),
        ),
        ConnectError::WrongAccount { account_id, forbidden } => {
            let (argument, problem) = if *forbidden {
                ("forbidden_account_ids", "which is in forbidden_account_ids")
            } else {
                ("allowed_account_ids", "which is not in allowed_account_ids")
            };
            Diagnostic::error(
                Path::of(argument),
                "Wrong AWS account",
                format!(
                    "The credentials belong to account {account_id}, {problem}. Nothing was changed. Use the credentials of \
                     another account, or change {argument}."
                ),
            )
        }
    }
}

/// The text of an error and its sources, with a capital letter at its beginning.
fn sentence(error: &ConnectError) -> String {
    let text = chain(error);
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

fn no_credentials(config: &Config) -> Diagnostic {
    const SUMMARY: &str = "No AWS credentials";
    match &config.profile {
        Some(profile) => Diagnostic::error(
            Path::of("profile"),
            SUMMARY,
            format!(
                "The profile {profile:?} does not exist in the shared AWS files, or has no credentials there. The files are \
                 ~/.aws/config and ~/.aws/credentials, unless the environment variables AWS_CONFIG_FILE and \
                 AWS_SHARED_CREDENTIALS_FILE name others. Use another profile (aws configure list-profiles lists them), or \
                 remove the argument profile to use the credentials of the environment."
            ),
        ),
        None => Diagnostic::error(
            Path::root(),
            SUMMARY,
            "The provider found no credentials in its arguments, in environment variables, in the shared AWS files, or in the \
             metadata of the instance or container. Set access_key and secret_key, set profile, or use the standard AWS \
             sources: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or aws sso login.",
        ),
    }
}

/// The path of the argument that sets the credentials; the root if no single argument does.
fn credentials(config: &Config) -> Path {
    match (&config.credentials, &config.profile, &config.assume_role) {
        (Some(_), _, None) => Path::of("access_key"),
        (None, Some(_), None) => Path::of("profile"),
        (None, None, Some(_)) => Path::of("assume_role").attribute("role_arn"),
        _ => Path::root(),
    }
}

/// The path of the argument that sets the endpoint of STS, which the provider calls first.
fn endpoint(config: &Config) -> Path {
    if config.endpoints.contains_key("sts") {
        Path::of("endpoints").key("sts")
    } else if config.endpoint_url.is_some() {
        Path::of("endpoint_url")
    } else {
        Path::root()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::{AssumeRole, StaticCredentials};

    fn blamed(error: &ConnectError, config: &Config) -> String {
        let diagnostic = refusal(error, config);
        format!("{:?}: {}", diagnostic.path.to_string(), diagnostic.summary)
    }

    #[test]
    fn credentials_are_reported_at_their_argument() {
        let error = ConnectError::Credentials("ExpiredToken".into());
        let none = Config::default();
        let credentials = StaticCredentials { access_key: "a".into(), secret_key: "b".into(), token: None };
        let keys = Config { credentials: Some(credentials), ..Config::default() };
        let profile = Config { profile: Some("x".into()), ..Config::default() };
        let role = AssumeRole { role_arn: "arn".into(), session_name: None, external_id: None, duration_seconds: None };
        let both = Config { assume_role: Some(role.clone()), ..keys.clone() };
        let role = Config { assume_role: Some(role), ..Config::default() };
        let blamed: Vec<_> = [none, keys, profile, role, both].iter().map(|config| blamed(&error, config)).collect();
        insta::assert_snapshot!(blamed.join("\n"), @r#"
        "": No valid AWS credentials
        "access_key": No valid AWS credentials
        "profile": No valid AWS credentials
        "assume_role.role_arn": No valid AWS credentials
        "": No valid AWS credentials
        "#);
    }

    #[test]
    fn credentials_that_time_out_are_not_invalid() {
        let error = ConnectError::Unavailable("identity resolver timed out after 30s".into());
        let found = refusal(&error, &Config { profile: Some("x".into()), ..Config::default() });
        assert_eq!((found.path, found.summary), (Path::of("profile"), "AWS credentials not available"));
        assert!(
            found.detail.starts_with("The credentials could not be obtained: identity resolver timed out after 30s.")
        );
    }

    #[test]
    fn a_profile_without_credentials_is_named() {
        let profile = Config { profile: Some("nosuch".into()), ..Config::default() };
        let found = refusal(&ConnectError::NoCredentials, &profile);
        assert_eq!(found.path, Path::of("profile"));
        assert!(found.detail.contains("\"nosuch\""), "{found}");
        assert_eq!(blamed(&ConnectError::NoCredentials, &Config::default()), r#""": No AWS credentials"#);
    }

    #[test]
    fn endpoints_are_reported_at_their_argument() {
        let error = ConnectError::Unreachable { endpoint: "http://x".into(), source: "connection refused".into() };
        let all = Config { endpoint_url: Some("http://x".into()), ..Config::default() };
        let one = Config { endpoints: [("sts".into(), "http://x".into())].into(), ..all.clone() };
        assert_eq!(blamed(&error, &Config::default()), r#""": AWS endpoint not reachable"#);
        assert_eq!(blamed(&error, &all), r#""endpoint_url": AWS endpoint not reachable"#);
        assert_eq!(blamed(&error, &one), r#""endpoints[\"sts\"]": AWS endpoint not reachable"#);
        assert!(refusal(&error, &all).detail.starts_with("Could not reach AWS at http://x: connection refused."));
    }

    #[test]
    fn an_unusable_ca_bundle_is_named() {
        let error = ConnectError::CaBundle { path: "/etc/ca.pem".into(), source: "no such file".into() };
        assert_eq!(blamed(&error, &Config::default()), r#""": CA bundle not readable"#);
        let detail = refusal(&error, &Config::default()).detail;
        assert!(detail.starts_with("The certificate authorities in /etc/ca.pem could not be read: no such file."));
    }

    #[test]
    fn wrong_accounts_are_named() {
        let error = |forbidden| ConnectError::WrongAccount { account_id: "123456789012".into(), forbidden };
        assert_eq!(blamed(&error(true), &Config::default()), r#""forbidden_account_ids": Wrong AWS account"#);
        assert_eq!(blamed(&error(false), &Config::default()), r#""allowed_account_ids": Wrong AWS account"#);
        assert!(refusal(&error(false), &Config::default()).detail.contains("123456789012"));
    }
}
