//! The schema of the provider's own arguments.

use std::sync::LazyLock;

use crate::aws::SERVICES;
use crate::schema::{Attribute, Mode, Schema};
use crate::wire::Type;

/// The description of `endpoints`, which lists the services.
static ENDPOINTS: LazyLock<String> = LazyLock::new(|| {
    let names: Vec<String> = SERVICES.iter().map(|service| format!("`{}` ({})", service.name, service.title)).collect();
    format!("Endpoint URLs of single services, which take precedence over `endpoint_url`. Keys: {}.", names.join(", "))
});

/// The provider's own arguments. All are optional: without any, the AWS SDK finds its way as every AWS tool does.
pub fn schema() -> Schema {
    Schema {
        version: 0,
        description: "Makes one HTTP API live in many AWS regions. Without arguments, credentials, region and endpoints \
                      are taken from the usual environment variables and profiles of AWS.",
        attributes: [credentials(), endpoints(), accounts(), behaviour()].concat(),
    }
}

fn credentials() -> Vec<Attribute> {
    vec![
        Attribute::string(
            "region",
            Mode::Optional,
            "Region from which global objects are controlled. The regions of an API are named in the API itself. \
             Default: `AWS_REGION`, the profile's region, or `us-east-1`.",
        ),
        Attribute::string(
            "profile",
            Mode::Optional,
            "Profile of the shared configuration and credentials files. Default: `AWS_PROFILE`, or `default`.",
        ),
        Attribute::string("access_key", Mode::Optional, "Access key id. Needs `secret_key`."),
        Attribute::string("secret_key", Mode::Optional, "Secret access key. Needs `access_key`.").sensitive(),
        Attribute::string("token", Mode::Optional, "Session token of temporary credentials. Needs `access_key`.")
            .sensitive(),
        Attribute::object(
            "assume_role",
            Mode::Optional,
            "Role to assume with the credentials before anything else is done.",
            vec![
                Attribute::string("role_arn", Mode::Required, "ARN of the role."),
                Attribute::string(
                    "session_name",
                    Mode::Optional,
                    "Name of the session, as it appears in CloudTrail. Default: `multiregion`.",
                ),
                Attribute::string("external_id", Mode::Optional, "External id that the role's trust policy asks for."),
                Attribute::number(
                    "duration_seconds",
                    Mode::Optional,
                    "How long the session's credentials are good for, in seconds: 900 to 43200. Default: AWS's, 3600.",
                ),
            ],
        ),
    ]
}

fn endpoints() -> Vec<Attribute> {
    vec![
        Attribute::string(
            "endpoint_url",
            Mode::Optional,
            "URL that every service is called at instead of its own: a local AWS. Default: `AWS_ENDPOINT_URL`.",
        ),
        Attribute::map("endpoints", Type::String, Mode::Optional, ENDPOINTS.as_str()),
    ]
}

fn accounts() -> Vec<Attribute> {
    let ids = || Type::String;
    vec![
        Attribute::list(
            "allowed_account_ids",
            ids(),
            Mode::Optional,
            "Accounts that may be worked in. Any other is refused before anything is touched. Not together with \
             `forbidden_account_ids`.",
        ),
        Attribute::list(
            "forbidden_account_ids",
            ids(),
            Mode::Optional,
            "Accounts that must not be worked in. They are refused before anything is touched. Not together with \
             `allowed_account_ids`.",
        ),
    ]
}

fn behaviour() -> Vec<Attribute> {
    vec![
        Attribute::map(
            "default_tags",
            Type::String,
            Mode::Optional,
            "Tags for every AWS object that takes tags. Tags of a resource go before them.",
        ),
        Attribute::number(
            "max_retries",
            Mode::Optional,
            "How often a call is repeated after server errors, lost connections and conflicts: 0 to 100. Throttled calls are \
             repeated until the operation's timeout. Default: 8.",
        ),
        Attribute::number(
            "max_parallel_calls",
            Mode::Optional,
            "How many AWS calls may be under way at once: 1 to 1000. Default: 64.",
        ),
        Attribute::string(
            "rate_limits",
            Mode::Optional,
            "`aws` keeps the limits that AWS publishes for its control planes, so that they are not hit. `none` does \
             not, for a local AWS that has none. Default: `aws`.",
        ),
    ]
}
