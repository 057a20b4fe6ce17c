//! How strict and how slow the local AWS is.

use std::time::Duration;

use crate::consistency::EventualConsistency;

/// The account of an AWS whose options name no other.
pub const DEFAULT_ACCOUNT: &str = "123456789012";

/// The settings of a [`crate::LocalAws`].
#[derive(Debug, Clone)]
pub struct Options {
    /// How long asynchronous operations take.
    pub delays: Delays,
    /// Delay of every AWS API call.
    pub latency: Duration,
    /// Whether calls beyond AWS's published control-plane limits are throttled.
    pub throttle: bool,
    /// The account id in [`crate::LocalAws::env`], twelve digits.
    pub account: String,
    /// Whether accounts have opted in to every region; otherwise only to the first of the opt-in regions.
    pub all_regions: bool,
    /// The backend that holds the objects.
    pub backend: Backend,
    /// How long reads may lag behind writes; `None` makes every read current.
    pub consistency: Option<EventualConsistency>,
    /// How many times faster than in AWS Route 53's checkers send the requests of health checks. With `None` there are no
    /// checkers: a health check has the status of its endpoint at the moment of each answer.
    pub health_checkers: Option<u32>,
    /// Whether only [`crate::LocalAws::advance`] moves AWS's clock. Requests then arrive only through
    /// [`crate::LocalAws::handle`].
    pub manual_clock: bool,
}

/// What holds the objects of a [`crate::LocalAws`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Backend {
    /// ministack, an emulator in Python. Runs the code of functions.
    #[default]
    Ministack,
    /// The in-memory AWS in this process. Responds in microseconds and has snapshots, but runs no code: a function
    /// responds with a description of itself.
    InMemory,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            delays: Delays::default(),
            latency: Duration::ZERO,
            throttle: false,
            account: DEFAULT_ACCOUNT.to_owned(),
            all_regions: false,
            backend: Backend::default(),
            consistency: None,
            health_checkers: None,
            manual_clock: false,
        }
    }
}

impl Options {
    /// All rules, but without delays: for measurements.
    pub fn immediate() -> Self {
        Self { delays: Delays::all(Duration::ZERO), ..Self::default() }
    }

    /// [`Options::immediate`] with the in-memory AWS.
    pub fn in_memory() -> Self {
        Self { backend: Backend::InMemory, ..Self::immediate() }
    }
}

/// How long asynchronous operations take. The defaults are far shorter than in AWS; tests only need the intermediate
/// state to exist.
#[derive(Debug, Clone)]
pub struct Delays {
    /// From CreateRole until Lambda can assume the role.
    pub role_assumable: Duration,
    /// From CreateFunction until the function is Active, and from an update until it is Successful.
    pub function_ready: Duration,
    /// From RequestCertificate until DescribeCertificate returns the validation record.
    pub validation_record: Duration,
    /// From the creation of the validation record until the certificate is ISSUED.
    pub certificate_issued: Duration,
    /// From the end of a certificate's last use until it can be deleted.
    pub certificate_released: Duration,
    /// From a change of records until it is INSYNC.
    pub change_insync: Duration,
    /// From CreateKeyValueStore until the store is READY.
    pub key_value_store_ready: Duration,
    /// From a change of a distribution until it is Deployed.
    pub distribution_deployed: Duration,
    /// From the end of a Lambda@Edge function's last association until Lambda deletes the function.
    pub replicas_removed: Duration,
}

impl Default for Delays {
    fn default() -> Self {
        // Long enough for a destroy on a slow machine to find the replicas.
        Self { replicas_removed: Duration::from_secs(60), ..Self::all(Duration::from_millis(300)) }
    }
}

impl Delays {
    /// The same delay for everything.
    pub fn all(time: Duration) -> Self {
        Self {
            role_assumable: time,
            function_ready: time,
            validation_record: time,
            certificate_issued: time,
            certificate_released: time,
            change_insync: time,
            key_value_store_ready: time,
            distribution_deployed: time,
            replicas_removed: time,
        }
    }
}
