//! AWS: clients, credentials, endpoints, limits, errors and waits.

mod backoff;
mod clients;
mod clock;
mod connect;
mod error;
mod failure;
mod http;
mod lag;
mod lease;
mod limits;
mod looks;
mod memory;
mod regional;
mod sender;
#[cfg(test)]
pub(crate) mod testing;
mod wait;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::desired::{Owner, OwnerId};

pub use aws_smithy_runtime_api::client::http::SharedHttpConnector;
pub use clock::{Clock, Sleeping, SystemClock};
pub use error::{BoxError, CallError, chain};
pub use http::HttpAnswer;
pub use lag::LAG;
pub use lease::Lease;
pub use looks::Looks;
pub use regional::{Poll, Regional};
pub use tokio_util::sync::CancellationToken;

/// The provider's own arguments, as far as they were given. What is `None` is taken as the AWS SDK takes it: from the
/// environment, profiles and so on.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The home region: where global objects are controlled from. `us-east-1` when nothing says otherwise.
    pub region: Option<String>,
    /// A profile of the shared configuration files.
    pub profile: Option<String>,
    /// Static credentials: access key id, secret access key, session token.
    pub credentials: Option<StaticCredentials>,
    /// One endpoint for every service: a local AWS.
    pub endpoint_url: Option<String>,
    /// Endpoints by service: `lambda`, `logs`, `apigateway`, `acm`, `iam`, `route53`, `cloudfront`, `sts`, `account`, and
    /// `execute_api` for the requests that a probe makes.
    pub endpoints: BTreeMap<String, String>,
    /// A role to assume first.
    pub assume_role: Option<AssumeRole>,
    /// Accounts that may be worked in; empty for any.
    pub allowed_account_ids: Vec<String>,
    /// Accounts that must not be worked in.
    pub forbidden_account_ids: Vec<String>,
    /// Tags for everything that is made.
    pub default_tags: BTreeMap<String, String>,
    /// How often a call is repeated after server errors, lost connections and conflicts; throttling is not counted.
    pub max_retries: Option<u32>,
    /// How many calls may be under way at once.
    pub max_parallel_calls: Option<usize>,
    /// Whether AWS's published limits are kept (`true` unless it is a local AWS).
    pub keep_rate_limits: bool,
    /// What carries requests to AWS and to the APIs; `None` for the network.
    pub network: Option<SharedHttpConnector>,
}

/// Credentials given in the configuration. Never printed.
#[derive(Clone)]
pub struct StaticCredentials {
    /// Access key id.
    pub access_key: String,
    /// Secret access key.
    pub secret_key: String,
    /// Session token.
    pub token: Option<String>,
}

impl std::fmt::Debug for StaticCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StaticCredentials(..)")
    }
}

/// A role that is assumed before anything else.
#[derive(Debug, Clone)]
pub struct AssumeRole {
    /// The role.
    pub role_arn: String,
    /// The session's name.
    pub session_name: Option<String>,
    /// What the role's trust policy asks for.
    pub external_id: Option<String>,
    /// How long the session lasts, in seconds.
    pub duration_seconds: Option<i64>,
}

/// Why the provider's configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// There are none where they were looked for.
    #[error("there are no credentials")]
    NoCredentials,
    /// There are credentials, and AWS does not accept them, or what they should be exchanged for is not to be had.
    #[error("AWS does not accept the credentials")]
    Credentials(#[source] BoxError),
    /// The provider of credentials (STS, SSO, a process) was throttled, unreachable or too slow.
    #[error("the credentials could not be obtained")]
    Unavailable(#[source] BoxError),
    /// An endpoint did not answer, or not as AWS does.
    #[error("{endpoint} does not answer as AWS does")]
    Unreachable {
        /// Which one.
        endpoint: String,
        /// What went wrong on the way.
        #[source]
        source: BoxError,
    },
    /// The credentials belong to an account that must not be worked in.
    #[error("the credentials belong to account {account_id}, which is not allowed")]
    WrongAccount {
        /// The account.
        account_id: String,
        /// Whether it is forbidden, and not merely absent from the allowed ones.
        forbidden: bool,
    },
}

/// The AWS of one configured provider: an account, its credentials and endpoints, the limiter, the clients.
pub struct Aws {
    home_region: String,
    account_id: String,
    partition: String,
    default_tags: BTreeMap<String, String>,
    clients: clients::Clients,
    web: http::Web,
    sender: sender::Sender,
    memory: memory::Memory,
    enabled_regions: tokio::sync::OnceCell<Vec<String>>,
    locks: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    clock: Arc<dyn Clock>,
}

impl Aws {
    /// Tags that go on everything that is made.
    pub fn default_tags(&self) -> &BTreeMap<String, String> {
        &self.default_tags
    }

    /// The region that global objects are controlled from, and the claim is kept in.
    pub fn home_region(&self) -> &str {
        &self.home_region
    }

    /// The account that the credentials belong to.
    pub fn account_id(&self) -> &str {
        &self.account_id
    }

    /// The partition of the home region.
    pub fn partition(&self) -> &str {
        &self.partition
    }
}

/// Which objects that carry the owner's name are the owner's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// None: the resource has no claim yet.
    Unknown,
    /// Those with this owner id.
    Exactly(OwnerId),
    /// All of them: an import looks for an owner id.
    Any,
}

/// One operation on one resource: who it is for, how long it may take, how it is cancelled.
#[derive(Clone)]
pub struct Run {
    /// The resource that it works on.
    pub owner: Owner,
    /// Which objects of the owner's name are the owner's.
    pub identity: Identity,
    /// The region that the resource's claim is in and its global objects are controlled from.
    pub home_region: String,
    /// When it must have ended.
    pub deadline: Instant,
    /// Cancels it.
    pub cancel: CancellationToken,
    /// Its time.
    pub clock: Arc<dyn Clock>,
    lease: Option<Arc<Lease>>,
    privileged: bool,
    id: String,
    warnings: Arc<Mutex<Vec<Warning>>>,
}

/// What a component reports to the user though its work succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// A constant sentence.
    pub summary: &'static str,
    /// What was found, why, and what to do.
    pub detail: String,
}

impl Run {
    /// A run for `owner`, whose home is `home_region`, that must have ended at `deadline`. No object is its owner's yet.
    pub fn new(
        owner: Owner,
        home_region: &str,
        deadline: Instant,
        cancel: CancellationToken,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let id = format!("{:016x}", clock.chance());
        let (identity, home_region) = (Identity::Unknown, home_region.to_owned());
        let (privileged, warnings) = (false, Arc::default());
        Self { owner, identity, home_region, deadline, cancel, clock, lease: None, privileged, id, warnings }
    }

    /// The same run for the owner with this id, whose home region is in force from then on.
    #[must_use]
    pub fn identified(&self, owner_id: OwnerId) -> Self {
        let home_region = owner_id.home_region().to_owned();
        Self { identity: Identity::Exactly(owner_id), home_region, ..self.clone() }
    }

    /// The same run at another home, where the objects of every owner of this name count.
    #[must_use]
    pub fn searching(&self, home_region: &str) -> Self {
        Self { identity: Identity::Any, home_region: home_region.to_owned(), ..self.clone() }
    }

    /// The same run, which calls AWS only as long as the lease lasts, and can be cancelled by itself.
    #[must_use]
    pub fn under(&self, lease: &Arc<Lease>) -> Self {
        Self { cancel: self.cancel.child_token(), lease: Some(Arc::clone(lease)), ..self.clone() }
    }

    /// The same run, which can be cancelled by itself.
    #[must_use]
    pub fn cancellable(&self) -> Self {
        Self { cancel: self.cancel.child_token(), ..self.clone() }
    }

    /// The same run, whose calls wait for no permit, no turn and no lease: heartbeats, by which the lease is renewed.
    #[must_use]
    pub fn privileged(&self) -> Self {
        Self { privileged: true, ..self.clone() }
    }

    /// The same run with another end.
    #[must_use]
    pub fn until(&self, deadline: Instant) -> Self {
        Self { deadline, ..self.clone() }
    }

    /// Reports something to the user.
    pub fn warn(&self, summary: &'static str, detail: String) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(Warning { summary, detail });
    }

    /// What was reported since the last call of this function.
    pub fn take_warnings(&self) -> Vec<Warning> {
        std::mem::take(&mut self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What tells it from every other run.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The same run, for a last look when it was cancelled or is out of time.
    pub fn aftermath(&self, within: Duration) -> Self {
        Self { deadline: self.clock.now() + within, cancel: CancellationToken::new(), lease: None, ..self.clone() }
    }
}
