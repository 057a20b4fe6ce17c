//! How strict the local AWS is, and how slow.

use std::time::Duration;

use crate::eventual::Eventual;

/// The account that is worked in when no other is named.
pub const DEFAULT_ACCOUNT: &str = "123456789012";

/// How a [`crate::LocalAws`] behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// What AWS takes its time for.
    pub delays: Delays,
    /// What is added to each AWS API call.
    pub latency: Duration,
    /// Whether calls beyond AWS's published control-plane limits are throttled.
    pub throttle: bool,
    /// The account of [`crate::LocalAws::env`], twelve digits.
    pub account: String,
    /// Whether the accounts have opted into every region, and not only into the first of those that need it.
    pub every_region: bool,
    /// What is behind the strict rules.
    pub backend: Backend,
    /// How far behind AWS may answer; `None` where every read knows of every write.
    pub consistency: Option<Eventual>,
    /// Whether AWS's clock moves only when it is put forward: time is simulated, and requests come by
    /// [`crate::LocalAws::handle`] alone.
    pub stopped: bool,
}

/// What keeps the objects of a [`crate::LocalAws`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Backend {
    /// ministack, an emulator in Python: it runs the code of functions.
    #[default]
    Ministack,
    /// This process: answers in microseconds, has snapshots, and runs no code. A function answers with what it is.
    Memory,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            delays: Delays::default(),
            latency: Duration::ZERO,
            throttle: false,
            account: DEFAULT_ACCOUNT.to_owned(),
            every_region: false,
            backend: Backend::default(),
            consistency: None,
            stopped: false,
        }
    }
}

impl Options {
    /// As strict as ever, but nothing takes time: for measurements.
    pub fn immediate() -> Self {
        Self { delays: Delays::all(Duration::ZERO), ..Self::default() }
    }

    /// The same in this process's memory.
    pub fn in_memory() -> Self {
        Self { backend: Backend::Memory, ..Self::immediate() }
    }
}

/// How long AWS takes until what was asked for is there. Far shorter than AWS's own times: what matters is that there
/// is a time in between.
#[derive(Debug, Clone)]
pub struct Delays {
    /// From CreateRole until Lambda can assume the role.
    pub role_assumable: Duration,
    /// From CreateFunction until the function is Active, and from an update until it is Successful.
    pub function_ready: Duration,
    /// From RequestCertificate until DescribeCertificate tells the validation record.
    pub validation_record: Duration,
    /// From the validation record's being in the zone until the certificate is ISSUED.
    pub certificate_issued: Duration,
    /// From the last use of a certificate until it can be deleted.
    pub certificate_released: Duration,
    /// From a change of records until it is INSYNC.
    pub change_insync: Duration,
    /// From a change of a distribution until it is Deployed.
    pub distribution_deployed: Duration,
}

impl Default for Delays {
    fn default() -> Self {
        Self::all(Duration::from_millis(300))
    }
}

impl Delays {
    /// The same time for everything.
    pub fn all(time: Duration) -> Self {
        Self {
            role_assumable: time,
            function_ready: time,
            validation_record: time,
            certificate_issued: time,
            certificate_released: time,
            change_insync: time,
            distribution_deployed: time,
        }
    }
}
