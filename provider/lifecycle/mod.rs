//! What the host asks of a resource, free of the protocol: read, plan, apply, import, upgrade.
//!
//! Each operation is one file that puts the pure parts (`resources`, `plan`) and the acting one (`apply`) together.

mod apply;
mod create;
mod data;
mod import;
mod loaded;
mod plan;
mod read;
mod report;
mod upgrade;

use std::sync::Arc;
use std::time::Duration;

use crate::apply::Engine;
use crate::aws::{Aws, CancellationToken, Clock, Config, ConnectError, Run, Warning};
use crate::components::{Catalog, REGISTRY};
use crate::desired::Owner;
use crate::ownership::PendingAcks;
use crate::package::DiskPackages;
use crate::plan::{Ledger, PlannedChange, UnreadableLedger};
use crate::resources::{Context, Expansion, Prior, Resource};
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

use loaded::Refreshed;
pub use upgrade::upgrade;

/// How long looking may take: a refresh, the questions of a plan, an import.
const LOOK_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// A configured provider.
#[derive(Clone)]
pub struct Provider {
    /// Its AWS.
    pub aws: Arc<Aws>,
    /// Its time.
    pub clock: Arc<dyn Clock>,
    /// Cancels whatever runs: the host's `StopProvider`.
    pub cancel: CancellationToken,
    refreshed: Refreshed,
    /// Creates whose result the host may not have persisted yet.
    pub pending_acks: PendingAcks,
}

/// Connects to the AWS account that `config` leads to, with AWS's limits on the calls of every kind.
///
/// # Errors
/// [`ConnectError`].
pub async fn connect(config: Config, clock: Arc<dyn Clock>) -> Result<Aws, ConnectError> {
    let limits = REGISTRY.iter().flat_map(|component| component.meta().limits).copied();
    Aws::connect(config, limits, clock).await
}

/// A resource as the host keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The values of its schema; [`Value::Null`] when there is no such resource.
    pub value: Value,
    /// What only we can read.
    pub private: Vec<u8>,
}

/// What a plan answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// The values once it is applied, unknown where only apply will tell; null for a destroy.
    pub state: State,
    /// The attributes because of which the resource must be made anew.
    pub replaced_by: Vec<Path>,
}

impl State {
    /// No resource.
    fn gone() -> Self {
        Self { value: Value::Null, private: Vec::new() }
    }
}

impl Provider {
    /// A provider that works in `aws`, and stops when `cancel` is cancelled.
    pub fn new(aws: Arc<Aws>, clock: Arc<dyn Clock>, cancel: CancellationToken) -> Self {
        Self { aws, clock, cancel, refreshed: Refreshed::default(), pending_acks: PendingAcks::default() }
    }

    /// The same, but stopped by `cancel`.
    #[must_use]
    pub fn cancelled_by(self, cancel: CancellationToken) -> Self {
        Self { cancel, ..self }
    }

    /// An engine for `owner` at the provider's region. The identity that a ledger records takes its place.
    fn engine(&self, owner: &Owner, within: Duration) -> Engine {
        let (deadline, clock) = (self.clock.now() + within, Arc::clone(&self.clock));
        let run = Run::new(owner.clone(), self.aws.home_region(), deadline, self.cancel.clone(), clock);
        Engine::new(Arc::clone(&self.aws), run, Catalog::default())
    }

    /// What the configuration wants, knowing what there is in `prior`.
    fn expand(
        &self,
        resource: &dyn Resource,
        config: &Value,
        engine: &Engine,
        prior: Option<Prior<'_>>,
    ) -> Result<Expansion, Diagnostics> {
        let context = Context {
            owner_id: engine.owner_id(),
            account_id: self.aws.account_id(),
            partition: self.aws.partition(),
            default_tags: self.aws.default_tags(),
            packages: &DiskPackages,
            prior,
        };
        block(|| resource.expand(config, &context))
    }
}

/// Everything that is wrong with the configuration of a resource by itself. Asks no AWS and reads no file.
pub fn validate(resource: &dyn Resource, config: &Value) -> Diagnostics {
    resource.validate(config)
}

/// Reads a package without keeping other calls, a cancel among them, from being answered.
fn block<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}

/// What components reported to the user.
fn warnings_of(engine: &Engine) -> impl Iterator<Item = Diagnostic> + use<> {
    as_diagnostics(engine.take_warnings())
}

fn as_diagnostics(warnings: Vec<Warning>) -> impl Iterator<Item = Diagnostic> {
    warnings.into_iter().map(|warning| Diagnostic::warning(Path::root(), warning.summary, warning.detail))
}

/// The ledger in a resource's private state.
fn ledger_of(private: &[u8]) -> Result<Ledger, Diagnostics> {
    change_of(private).map(PlannedChange::existing)
}

/// What a plan handed to its apply.
fn change_of(private: &[u8]) -> Result<PlannedChange, Diagnostics> {
    PlannedChange::from_private(private).map_err(|why| vec![unreadable(&why)])
}

fn unreadable(why: &UnreadableLedger) -> Diagnostic {
    let way_out = match why {
        UnreadableLedger::Newer(_) => "Use the version of the provider that wrote it, or a newer one.",
        UnreadableLedger::Older(_) => "Destroy the resource with that version and create it anew.",
        UnreadableLedger::Damaged(_) => {
            "Nothing was touched. Take the resource out of the state (`state rm`) and import it by its name: the import \
             finds every object by its owner id."
        }
    };
    Diagnostic::error(
        Path::root(),
        "Unreadable private state",
        format!("The state does not say which AWS objects belong to this resource: {why}. {way_out}"),
    )
}
