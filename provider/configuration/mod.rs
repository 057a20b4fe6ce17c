//! The provider's own arguments: their declaration, their mistakes, and the resulting configuration.

mod arguments;
mod formats;
mod refusal;

pub use arguments::schema;
pub use refusal::refusal;

use crate::aws::Config;
use crate::schema::first_unknown;
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

/// The configuration of a provider.
#[derive(Debug, Clone)]
pub enum Settings {
    /// All arguments are known.
    Known(Box<Config>),
    /// The argument at this path is known only after apply, so that the provider cannot connect to AWS yet.
    Unknown(Path),
}

/// All mistakes in a configuration of the provider. Unknown values are not mistakes.
pub fn validate(config: &Value) -> Diagnostics {
    arguments::read(config).1
}

/// Reads a configuration of the provider.
///
/// # Errors
/// The mistakes that [`validate`] finds.
pub fn read(config: &Value) -> Result<Settings, Diagnostics> {
    let (arguments, diagnostics) = arguments::read(config);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(diagnostics);
    }
    Ok(match first_unknown(&schema().attributes, config) {
        Some(path) => Settings::Unknown(path),
        None => Settings::Known(Box::new(arguments.config())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::decode_json;

    fn value(json: &str) -> Value {
        // The host completes a configuration to every attribute of the schema.
        let mut complete: serde_json::Map<String, serde_json::Value> =
            schema().attributes.iter().map(|attribute| (attribute.name.to_owned(), serde_json::Value::Null)).collect();
        complete.extend(serde_json::from_str::<serde_json::Map<_, _>>(json).unwrap());
        if let Some(role) = complete.get_mut("assume_role").and_then(|role| role.as_object_mut()) {
            for name in ["role_arn", "session_name", "external_id", "duration_seconds"] {
                role.entry(name).or_insert(serde_json::Value::Null);
            }
        }
        decode_json(serde_json::Value::Object(complete).to_string().as_bytes(), &schema().ty()).unwrap()
    }

    fn wrong(json: &str) -> String {
        let found = validate(&value(json));
        found.iter().map(|one| format!("{}: {}", one.path, one.summary)).collect::<Vec<_>>().join("\n")
    }

    fn known(json: &str) -> Config {
        match read(&value(json)) {
            Ok(Settings::Known(config)) => *config,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_argument_is_optional() {
        for empty in [Value::Null, value("{}")] {
            let Ok(Settings::Known(config)) = read(&empty) else { panic!() };
            assert!(config.region.is_none() && config.credentials.is_none() && config.keep_rate_limits);
        }
    }

    #[test]
    fn every_argument_arrives() {
        let config = known(
            r#"{ "region": "eu-central-1", "profile": "work", "access_key": "AKIA", "secret_key": "s", "token": "t",
                 "endpoint_url": "http://127.0.0.1:4566", "endpoints": { "sts": "https://sts.local/", "iam": null },
                 "assume_role": { "role_arn": "arn:aws:iam::123456789012:role/x/y", "session_name": "me",
                                  "external_id": "ours", "duration_seconds": 900 },
                 "allowed_account_ids": ["123456789012"], "default_tags": { "team": "a" },
                 "ignore_tags": { "keys": ["CreatedBy"], "key_prefixes": ["platform:"] },
                 "permissions_boundary_arn": "arn:aws:iam::123456789012:policy/limits/boundary",
                 "role_path": "/teams/web/", "use_fips_endpoint": true, "use_dualstack_endpoint": false,
                 "max_retries": 3, "max_parallel_calls": 5, "rate_limits": "none" }"#,
        );
        assert_eq!(config.region.as_deref(), Some("eu-central-1"));
        assert_eq!(config.profile.as_deref(), Some("work"));
        let credentials = config.credentials.unwrap();
        assert_eq!((credentials.access_key.as_str(), credentials.secret_key.as_str()), ("AKIA", "s"));
        assert_eq!(credentials.token.as_deref(), Some("t"));
        assert_eq!(config.endpoint_url.as_deref(), Some("http://127.0.0.1:4566"));
        assert_eq!(config.endpoints, [("sts".to_owned(), "https://sts.local/".to_owned())].into());
        let role = config.assume_role.unwrap();
        assert_eq!(role.role_arn, "arn:aws:iam::123456789012:role/x/y");
        assert_eq!((role.session_name.as_deref(), role.external_id.as_deref()), (Some("me"), Some("ours")));
        assert_eq!(role.duration_seconds, Some(900));
        assert_eq!(config.allowed_account_ids, ["123456789012"]);
        assert_eq!(config.default_tags, [("team".to_owned(), "a".to_owned())].into());
        assert!(config.ignore_tags.contains("CreatedBy") && config.ignore_tags.contains("platform:cost"));
        assert!(!config.ignore_tags.contains("team"));
        assert_eq!(config.roles.path.as_deref(), Some("/teams/web/"));
        assert_eq!((config.use_fips, config.use_dual_stack), (Some(true), Some(false)));
        let boundary = config.roles.permissions_boundary_arn.as_deref();
        assert_eq!(boundary, Some("arn:aws:iam::123456789012:policy/limits/boundary"));
        assert_eq!((config.max_retries, config.max_parallel_calls), (Some(3), Some(5)));
        assert!(!config.keep_rate_limits);
    }

    #[test]
    fn credentials_come_whole() {
        insta::assert_snapshot!(wrong(r#"{ "access_key": "AKIA" }"#), @"access_key: Incomplete credentials");
        insta::assert_snapshot!(wrong(r#"{ "secret_key": "s" }"#), @"secret_key: Incomplete credentials");
        insta::assert_snapshot!(wrong(r#"{ "token": "t" }"#), @"token: Incomplete credentials");
    }

    #[test]
    fn mistakes_are_reported_at_their_path() {
        insta::assert_snapshot!(
            wrong(
                r#"{ "region": "Frankfurt", "profile": "", "endpoint_url": "localhost:4566",
                     "endpoints": { "sts": "ftp://x", "s3": "http://x" },
                     "assume_role": { "role_arn": "arn:aws:iam::1:role/x", "session_name": "a b", "duration_seconds": 1 },
                     "allowed_account_ids": ["123456789012", "12"], "default_tags": { "aws:x": "y", "": "" },
                     "max_retries": -1, "max_parallel_calls": 0, "rate_limits": "some" }"#
            ),
            @r#"
        assume_role.duration_seconds: Number out of range
        endpoints["s3"]: Unsupported key
        max_retries: Number out of range
        max_parallel_calls: Number out of range
        rate_limits: Unsupported value
        region: Unknown region
        profile: Empty argument
        endpoint_url: Invalid URL
        endpoints["sts"]: Invalid URL
        assume_role.role_arn: Invalid role ARN
        assume_role.session_name: Invalid session name
        allowed_account_ids[1]: Invalid account id
        default_tags[""]: Invalid tag
        default_tags["aws:x"]: Invalid tag
        "#
        );
        insta::assert_snapshot!(wrong(r#"{ "max_retries": 1.5 }"#), @"max_retries: Not a whole number");
        insta::assert_snapshot!(
            wrong(r#"{ "permissions_boundary_arn": "arn:aws:iam::123456789012:role/boundary" }"#),
            @"permissions_boundary_arn: Invalid policy ARN"
        );
        for path in ["", "/", "/a/"] {
            let expected = if path.is_empty() { Err(()) } else { Ok(()) };
            assert_eq!(formats::role_path(path).map_err(drop), expected, "{path:?}");
        }
        insta::assert_snapshot!(wrong(r#"{ "role_path": "teams/web" }"#), @"role_path: Invalid role path");
        insta::assert_snapshot!(wrong(r#"{ "allowed_account_ids": [null] }"#), @"allowed_account_ids[0]: Missing value");
    }

    #[test]
    fn accounts_are_allowed_or_forbidden() {
        insta::assert_snapshot!(
            wrong(r#"{ "allowed_account_ids": ["123456789012"], "forbidden_account_ids": ["123456789013"] }"#),
            @"forbidden_account_ids: Accounts both allowed and forbidden"
        );
    }

    #[test]
    fn no_secret_is_repeated() {
        let url = "http://me:hunter2@127.0.0.1";
        let found = validate(&value(&format!(r#"{{ "endpoint_url": "{url}" }}"#)));
        assert_eq!(found[0].summary, "Invalid URL");
        assert!(!found[0].detail.contains("hunter2"), "{}", found[0].detail);
    }

    #[test]
    fn unknown_arguments_are_not_mistakes() {
        for name in schema().attributes.iter().map(|attribute| attribute.name) {
            let Value::Map(mut attributes) = value("{}") else { panic!() };
            attributes.insert(name.to_owned(), Value::Unknown);
            let config = Value::Map(attributes);
            assert_eq!(validate(&config), [], "{name}");
            assert!(matches!(read(&config), Ok(Settings::Unknown(path)) if path == Path::of(name)), "{name}");
        }
        for (argument, unknown, path) in [
            ("secret_key", Value::Unknown, Path::of("secret_key")),
            ("endpoints", Value::Map([("sts".to_owned(), Value::Unknown)].into()), Path::of("endpoints").key("sts")),
        ] {
            let access_key = if argument == "secret_key" { r#"{ "access_key": "AKIA" }"# } else { "{}" };
            let Value::Map(mut attributes) = value(access_key) else { panic!() };
            attributes.insert(argument.to_owned(), unknown);
            let config = Value::Map(attributes);
            assert_eq!(validate(&config), []);
            assert!(matches!(read(&config), Ok(Settings::Unknown(found)) if found == path), "{path}");
        }
    }

    #[test]
    fn every_argument_is_described() {
        assert!(schema().attributes.iter().all(|attribute| attribute.documentation().ends_with(['.', '`'])));
    }
}
