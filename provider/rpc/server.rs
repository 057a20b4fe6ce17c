//! What is kept between calls: the configured provider, and what cancels its operations.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::aws::{CancellationToken, Clock, SystemClock};
use crate::lifecycle;
use crate::ownership::PendingAcks;
use crate::resources::{REGISTRY, Resource};
use crate::wire::{Diagnostic, Diagnostics, Path};

/// Answers the host's calls.
pub(crate) struct Server {
    configured: Mutex<Configured>,
    cancel: Mutex<CancellationToken>,
    clock: Arc<dyn Clock>,
    pending_acks: PendingAcks,
}

/// How far the provider's configuration is.
#[derive(Clone)]
pub(super) enum Configured {
    /// The host did not configure it, or could not.
    Not,
    /// This argument is known only after apply.
    Later(Path),
    /// An account was reached.
    Known(lifecycle::Provider),
}

/// What an operation works with.
pub(super) enum Readiness {
    /// A configured provider.
    Ready(lifecycle::Provider),
    /// The provider's configuration is not wholly known yet; the diagnostic says so, as an error.
    Later(Diagnostic),
}

impl Server {
    pub(crate) fn new() -> Self {
        Self {
            configured: Mutex::new(Configured::Not),
            cancel: Mutex::new(CancellationToken::new()),
            clock: Arc::new(SystemClock),
            pending_acks: PendingAcks::default(),
        }
    }

    /// What every operation's time is told by.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// What was made, and the host may not have kept yet: also by a provider that was configured before.
    pub(crate) fn pending_acks(&self) -> PendingAcks {
        self.pending_acks.clone()
    }

    /// Replaces the configuration: a host in debug mode comes more than once.
    pub(super) fn configure(&self, configured: Configured) {
        *lock(&self.configured) = configured;
    }

    /// What cancels the operations that begin now.
    pub(super) fn cancellation(&self) -> CancellationToken {
        lock(&self.cancel).clone()
    }

    /// Cancels the operations under way, and none that come after.
    pub(crate) fn stop(&self) {
        std::mem::take(&mut *lock(&self.cancel)).cancel();
    }

    /// The provider, or why it cannot work yet.
    ///
    /// # Errors
    /// When the host never configured it.
    pub(super) fn readiness(&self) -> Result<Readiness, Diagnostics> {
        match lock(&self.configured).clone() {
            Configured::Known(provider) => Ok(Readiness::Ready(provider.cancelled_by(self.cancellation()))),
            Configured::Later(argument) => Ok(Readiness::Later(Diagnostic::error(
                Path::root(),
                "Provider configuration not known yet",
                format!(
                    "The provider's argument {argument} is known only after apply, so that AWS cannot be asked yet. \
                     Give it a value that is known while planning, or apply what it comes from first (-target)."
                ),
            ))),
            Configured::Not => Err(vec![Diagnostic::error(
                Path::root(),
                "Provider not configured",
                "This operation needs AWS, and the provider was not configured. That is a mistake of the program that \
                 started the provider, unless configuring it failed: then mend what it said first.",
            )]),
        }
    }

    /// The provider, for an operation that is nothing without AWS.
    ///
    /// # Errors
    /// Why it cannot work yet.
    pub(super) fn provider(&self) -> Result<lifecycle::Provider, Diagnostics> {
        match self.readiness()? {
            Readiness::Ready(provider) => Ok(provider),
            Readiness::Later(diagnostic) => Err(vec![diagnostic]),
        }
    }
}

/// A lock is only held to take a value out or put one in: what a panic leaves behind is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The resource type of this name.
///
/// # Errors
/// When there is none.
pub(super) fn resource(type_name: &str) -> Result<&'static dyn Resource, Diagnostics> {
    REGISTRY.iter().copied().find(|resource| resource.type_name() == type_name).ok_or_else(|| {
        let names: Vec<_> = REGISTRY.iter().map(|resource| resource.type_name()).collect();
        unknown("Unknown resource type", type_name, &names)
    })
}

/// That there is no such thing as `name`, and what there is.
pub(super) fn unknown(summary: &'static str, name: &str, names: &[&str]) -> Diagnostics {
    let offer = match names {
        [] => "It has none of that kind.".to_owned(),
        names => format!("It has: {}.", names.join(", ")),
    };
    let detail = format!(
        "This version of the provider has nothing named {name:?}. {offer} Correct the name, or use a version of the \
         provider that has it."
    );
    vec![Diagnostic::error(Path::root(), summary, detail)]
}
