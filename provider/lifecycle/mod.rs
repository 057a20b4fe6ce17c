//! The operations of a resource, independent of the protocol: read, plan, apply, import, upgrade. And the read of a data source.
//!
//! Each operation is one file. It connects the pure rooms `resources` and `plan` with `apply`, which calls AWS.

mod apply;
mod create;
mod data;
mod import;
mod kept;
mod loaded;
mod losses;
mod names;
mod plan;
mod read;
mod reference;
mod report;
mod unread;
mod upgrade;

use std::sync::Arc;
use std::time::Duration;

use crate::apply::Engine;
use crate::aws::{Aws, CancellationToken, Clock, Config, ConnectError, OwnerContext, Run, Warning};
use crate::components::{Catalog, REGISTRY};
use crate::desired::{Desired, Owner};
use crate::ownership::PendingAcks;
use crate::package::DiskPackages;
use crate::plan::{Ledger, PlannedChange, UnreadableLedger, View};
use crate::resources::{Context, Expansion, Prior, Resource};
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

use loaded::Refreshed;
use names::PlannedNames;
pub use upgrade::upgrade;

/// How long an operation that only reads may take: a refresh, the reads of a plan, an import, a data source.
const READ_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// A configured provider.
#[derive(Clone)]
pub struct Provider {
    /// The account that it works in.
    pub aws: Arc<Aws>,
    /// The clock of all operations.
    pub clock: Arc<dyn Clock>,
    /// Cancels all operations: `StopProvider`.
    pub cancel: CancellationToken,
    refreshed: Refreshed,
    planned_names: PlannedNames,
    /// Creates whose result the host may not have persisted yet.
    pub pending_acks: PendingAcks,
}

/// Connects to the AWS account of `config`, with AWS's limits on the calls of every kind.
///
/// # Errors
/// [`ConnectError`].
pub async fn connect(config: Config, clock: Arc<dyn Clock>) -> Result<Aws, ConnectError> {
    let limits = REGISTRY.iter().flat_map(|component| component.meta().limits).copied();
    Aws::connect(config, limits, clock).await
}

/// The state of a resource, as the host stores it.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The attributes. [`Value::Null`] if the resource does not exist.
    pub value: Value,
    /// The private state: a ledger or a planned change, which only the provider reads.
    pub private: Vec<u8>,
}

/// The result of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// The planned state. Attributes that are known only after apply are unknown; null for a destroy.
    pub state: State,
    /// The attributes whose change replaces the resource.
    pub replaced_by: Vec<Path>,
}

impl State {
    /// The state of a resource that does not exist.
    fn gone() -> Self {
        Self { value: Value::Null, private: Vec::new() }
    }
}

impl Provider {
    /// A provider whose operations are cancelled by `cancel`.
    pub fn new(aws: Arc<Aws>, clock: Arc<dyn Clock>, cancel: CancellationToken) -> Self {
        Self {
            aws,
            clock,
            cancel,
            refreshed: Refreshed::default(),
            planned_names: PlannedNames::default(),
            pending_acks: PendingAcks::default(),
        }
    }

    /// The same provider, with operations that are cancelled by `cancel`.
    #[must_use]
    pub fn cancelled_by(self, cancel: CancellationToken) -> Self {
        Self { cancel, ..self }
    }

    /// An engine for `owner` with the provider's region as home region, until a ledger provides an owner id.
    fn engine(&self, owner: &Owner, within: Duration) -> Engine {
        let (deadline, clock) = (self.clock.now() + within, Arc::clone(&self.clock));
        let run = Run::new(deadline, self.cancel.clone(), clock);
        let context = OwnerContext::new(owner.clone(), self.aws.home_region());
        Engine::new(Arc::clone(&self.aws), run, context, Catalog::default())
    }

    /// An engine for an operation on `owner` that only reads. It does not wait for regions that do not respond.
    fn reading(&self, owner: &Owner) -> Engine {
        self.engine(owner, READ_TIMEOUT).noticing_outages()
    }

    /// Expands a configuration. `prior` is the resource that an update changes; `referent` is the resource that the
    /// configuration refers to.
    fn expand(
        &self,
        resource: &dyn Resource,
        config: &Value,
        engine: &Engine,
        surroundings: Surroundings<'_>,
    ) -> Result<Expansion, Diagnostics> {
        self.in_context(engine, surroundings, |context| resource.expand(config, context))
    }

    /// Runs work of a resource type that may read files.
    fn in_context<T>(
        &self,
        engine: &Engine,
        Surroundings { prior, referent }: Surroundings<'_>,
        work: impl FnOnce(&Context<'_>) -> T,
    ) -> T {
        let referent = referent.map(|ledger| View::made(ledger, engine.kinds()));
        let context = Context {
            owner_id: engine.owner_id(),
            account_id: self.aws.account_id(),
            partition: self.aws.partition(),
            default_tags: self.aws.default_tags(),
            roles: self.aws.roles(),
            packages: &DiskPackages,
            prior,
            referent: referent.as_ref(),
        };
        block(|| work(&context))
    }

    /// The components of a configuration that is applied: the resource that it refers to must exist.
    async fn expand_to_apply(
        &self,
        resource: &dyn Resource,
        config: &Value,
        engine: &Engine,
        planned: Option<&Ledger>,
    ) -> Result<Desired, Diagnostics> {
        // The objects that the plan found are used, so that the apply does what was planned.
        let found = if planned.is_some() { None } else { self.referent(resource, config).await? };
        let surroundings = Surroundings { prior: None, referent: planned.or(found.as_ref()) };
        let expansion = self.expand(resource, config, engine, surroundings)?;
        if expansion.missing.is_empty() { Ok(expansion.desired) } else { Err(expansion.missing) }
    }
}

/// The resources that an expansion depends on.
#[derive(Default)]
struct Surroundings<'a> {
    /// The resource as it is now, in the plan of an update.
    prior: Option<Prior<'a>>,
    /// The objects of the resource that the configuration refers to.
    referent: Option<&'a Ledger>,
}

/// Checks the configuration of a resource without AWS. Makes no calls and reads no files.
pub fn validate(resource: &dyn Resource, config: &Value) -> Diagnostics {
    resource.validate(config)
}

/// Runs work that reads files, without blocking other calls, such as a cancel.
fn block<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}

/// The warnings that components reported.
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

/// The change that a plan passed to its apply.
fn change_of(private: &[u8]) -> Result<PlannedChange, Diagnostics> {
    PlannedChange::from_private(private).map_err(|why| vec![unreadable(&why)])
}

fn unreadable(why: &UnreadableLedger) -> Diagnostic {
    let fix = match why {
        UnreadableLedger::Newer(_) => "Use the version of the provider that wrote it, or a newer one.",
        UnreadableLedger::Older(_) => "Destroy the resource with that version, and create it again with this one.",
        UnreadableLedger::Damaged(_) => {
            "Nothing was changed. Remove the resource from the state (`state rm`) and import it by its name: the import \
             finds every object by its owner id."
        }
    };
    Diagnostic::error(
        Path::root(),
        "Unreadable private state",
        format!("The private state, which lists the AWS objects of the resource, cannot be read: {why}. {fix}"),
    )
}
