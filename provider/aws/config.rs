//! The provider's arguments, and why they may not lead to an AWS account.

use std::collections::{BTreeMap, BTreeSet};

use super::{BoxError, SharedHttpConnector};
use crate::desired::RoleSettings;

/// The provider's own arguments. An argument that is `None` gets its value as in every AWS SDK: from the environment, from
/// profiles, and so on.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The region that global objects are managed from, and where the claims of new resources are.
    pub region: Option<String>,
    /// Profile of the shared configuration files.
    pub profile: Option<String>,
    /// Static credentials.
    pub credentials: Option<StaticCredentials>,
    /// One endpoint for all services, such as a local emulator of AWS.
    pub endpoint_url: Option<String>,
    /// Endpoints of single services, by [`Service::name`](super::Service::name). They take precedence over `endpoint_url`.
    pub endpoints: BTreeMap<String, String>,
    /// Whether calls go to AWS's FIPS endpoints.
    pub use_fips: Option<bool>,
    /// Whether calls go to AWS's dual-stack endpoints.
    pub use_dual_stack: Option<bool>,
    /// A role to assume before all other calls.
    pub assume_role: Option<AssumeRole>,
    /// The only accounts that may be used; empty for any.
    pub allowed_account_ids: Vec<String>,
    /// Accounts that must not be used.
    pub forbidden_account_ids: Vec<String>,
    /// Tags for every object that takes tags.
    pub default_tags: BTreeMap<String, String>,
    /// Tags that other tools manage.
    pub ignore_tags: IgnoredTags,
    /// Settings of every IAM role.
    pub roles: RoleSettings,
    /// How many times a call is retried after server errors, lost connections and conflicts; throttling does not count.
    pub max_retries: Option<u32>,
    /// How many calls may be in flight at the same time.
    pub max_parallel_calls: Option<usize>,
    /// Whether calls stay within AWS's published limits. `false` for an emulator that has none.
    pub keep_rate_limits: bool,
    /// The connector for all HTTP requests; `None` for the network. Tests replace it.
    pub network: Option<SharedHttpConnector>,
}

/// Tags that the provider neither compares nor removes, unless the configuration sets them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IgnoredTags {
    /// Their keys.
    pub keys: BTreeSet<String>,
    /// The beginnings of their keys.
    pub key_prefixes: Vec<String>,
}

impl IgnoredTags {
    /// Whether no tag is ignored.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.key_prefixes.is_empty()
    }

    /// Whether the tag with this key is ignored. Ownership tags never are.
    pub fn contains(&self, key: &str) -> bool {
        let is_ours = key.starts_with("multiregion:");
        !is_ours && (self.keys.contains(key) || self.key_prefixes.iter().any(|prefix| key.starts_with(prefix)))
    }
}

/// Credentials from the configuration. `Debug` does not print them.
#[derive(Clone)]
pub struct StaticCredentials {
    /// Access key id.
    pub access_key: String,
    /// Secret access key.
    pub secret_key: String,
    /// Session token of temporary credentials.
    pub token: Option<String>,
}

impl std::fmt::Debug for StaticCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StaticCredentials(..)")
    }
}

/// A role that the provider assumes before all other calls.
#[derive(Debug, Clone)]
pub struct AssumeRole {
    /// ARN of the role.
    pub role_arn: String,
    /// Name of the session; `multiregion` by default.
    pub session_name: Option<String>,
    /// External id that the role's trust policy requires.
    pub external_id: Option<String>,
    /// How long the session is valid, in seconds.
    pub duration_seconds: Option<i64>,
}

/// Why the provider could not connect to an AWS account.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No source of credentials has any.
    #[error("there are no credentials")]
    NoCredentials,
    /// AWS rejects the credentials, or their provider (STS, SSO, a process) refuses to issue temporary ones.
    #[error("AWS does not accept the credentials")]
    Credentials(#[source] BoxError),
    /// The credential provider (STS, SSO, a process) was throttled, unreachable or too slow.
    #[error("the credentials could not be obtained")]
    Unavailable(#[source] BoxError),
    /// An endpoint did not respond, or what responded is not AWS.
    #[error("could not reach AWS at {endpoint}")]
    Unreachable {
        /// The endpoint's URL, or service and region for AWS's own endpoint.
        endpoint: String,
        /// The error of the connection, or the unexpected response.
        #[source]
        source: BoxError,
    },
    /// The file that the environment variable `AWS_CA_BUNDLE` names is unusable.
    #[error("the certificate authorities in {path} could not be read")]
    CaBundle {
        /// The path, as the variable has it.
        path: String,
        /// The error of the file system, or what is wrong with the content.
        #[source]
        source: BoxError,
    },
    /// `allowed_account_ids` or `forbidden_account_ids` excludes the account.
    #[error("the credentials belong to account {account_id}, which is not allowed")]
    WrongAccount {
        /// The account that the credentials belong to.
        account_id: String,
        /// `true` when the account is in `forbidden_account_ids`, `false` when it is not in `allowed_account_ids`.
        forbidden: bool,
    },
}
