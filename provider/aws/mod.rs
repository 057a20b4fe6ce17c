//! AWS: services, clients, credentials, endpoints, limits, errors, waits and coalesced reads.

mod backoff;
mod breaker;
mod clients;
mod clock;
mod coalesce;
mod config;
mod connect;
mod consistency;
mod data_plane;
mod error;
mod failure;
mod http;
mod lease;
mod limits;
mod network;
mod outages;
mod region;
mod regional;
mod run;
mod sender;
mod services;
#[cfg(test)]
pub(crate) mod testing;
mod upload;
mod wait;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

pub use aws_smithy_runtime_api::client::http::SharedHttpConnector;
pub use clock::{Clock, Sleeping, SystemClock};
pub use coalesce::CoalescedReads;
pub use config::{AssumeRole, Config, ConnectError, IgnoredTags, StaticCredentials};
pub(crate) use connect::{DEFAULT_PARALLEL_CALLS, DEFAULT_RETRIES, DEFAULT_SESSION_NAME};
pub use consistency::CONSISTENCY_WINDOW;
pub use error::{BoxError, CallError, chain};
pub use http::HttpAnswer;
pub use lease::Lease;
pub use outages::Outages;
pub use region::{Poll, Region};
pub use regional::{Identity, OwnerContext, Regional};
pub use run::{Run, Warning};
pub use services::{SERVICES, Scope, Service};
pub use tokio_util::sync::CancellationToken;

use crate::desired::RoleSettings;

/// The AWS account of a configured provider: credentials, endpoints, clients, and the limits that all of its calls share.
pub struct Aws {
    home_region: String,
    account_id: String,
    partition: String,
    default_tags: BTreeMap<String, String>,
    ignore_tags: IgnoredTags,
    roles: RoleSettings,
    clients: clients::Clients,
    web: http::Web,
    sender: sender::Sender,
    outages: Arc<outages::Memory>,
    uploads: upload::UploadBudget,
    enabled_regions: tokio::sync::OnceCell<Vec<String>>,
    locks: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    clock: Arc<dyn Clock>,
}

impl Aws {
    /// Tags for every object that takes tags.
    pub fn default_tags(&self) -> &BTreeMap<String, String> {
        &self.default_tags
    }

    /// Settings of every IAM role.
    pub fn roles(&self) -> &RoleSettings {
        &self.roles
    }

    /// Tags that other tools manage.
    pub fn ignored_tags(&self) -> &IgnoredTags {
        &self.ignore_tags
    }

    /// The region that global objects are managed from, and where the claims of new resources are.
    pub fn home_region(&self) -> &str {
        &self.home_region
    }

    /// The account that the credentials belong to.
    pub fn account_id(&self) -> &str {
        &self.account_id
    }

    /// The partition of the account: `aws`, `aws-cn` or `aws-us-gov`.
    pub fn partition(&self) -> &str {
        &self.partition
    }
}
