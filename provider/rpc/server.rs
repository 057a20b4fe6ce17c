//! What the server keeps between calls: the configured provider, the token that cancels its operations, pending
//! acknowledgements.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::registries::Registries;
use crate::aws::{CancellationToken, Clock, SystemClock};
use crate::lifecycle;
use crate::ownership::PendingAcks;
use crate::wire::{Diagnostic, Diagnostics, Path};

/// Handles the calls of hosts.
pub(crate) struct Server {
    pub(super) registries: Registries,
    configuration: Mutex<Configuration>,
    cancel: Mutex<CancellationToken>,
    clock: Arc<dyn Clock>,
    pending_acks: PendingAcks,
}

/// The provider's configuration.
#[derive(Clone)]
pub(super) enum Configuration {
    /// The host did not configure the provider, or configuring it failed.
    Missing,
    /// This argument is known only after apply.
    Unknown(Path),
    /// The provider is connected to an account.
    Known(lifecycle::Provider),
}

/// Whether an operation can start.
pub(super) enum Readiness {
    /// The provider is configured.
    Ready(lifecycle::Provider),
    /// An argument of the provider is unknown. The diagnostic is the error of an operation that cannot do without.
    NotYet(Diagnostic),
}

impl Server {
    /// A server without configuration.
    pub(crate) fn new(registries: Registries) -> Self {
        Self {
            registries,
            configuration: Mutex::new(Configuration::Missing),
            cancel: Mutex::new(CancellationToken::new()),
            clock: Arc::new(SystemClock),
            pending_acks: PendingAcks::default(),
        }
    }

    /// The clock of every operation.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// The creates whose result the host may not have persisted yet, across all configurations of this process.
    pub(crate) fn pending_acks(&self) -> PendingAcks {
        self.pending_acks.clone()
    }

    /// Replaces the configuration. In debug mode several hosts configure the same process, one after another.
    pub(super) fn configure(&self, configuration: Configuration) {
        *lock(&self.configuration) = configuration;
    }

    /// The token that cancels the operations which start now.
    pub(super) fn cancellation(&self) -> CancellationToken {
        lock(&self.cancel).clone()
    }

    /// Cancels all operations in progress. Later operations are not affected.
    pub(crate) fn stop(&self) {
        std::mem::take(&mut *lock(&self.cancel)).cancel();
    }

    /// The provider, or the reason why it cannot call AWS yet.
    ///
    /// # Errors
    /// The host never configured the provider.
    pub(super) fn readiness(&self) -> Result<Readiness, Diagnostics> {
        match lock(&self.configuration).clone() {
            Configuration::Known(provider) => Ok(Readiness::Ready(provider.cancelled_by(self.cancellation()))),
            Configuration::Unknown(argument) => Ok(Readiness::NotYet(Diagnostic::error(
                Path::root(),
                "Provider configuration not known yet",
                format!(
                    "The provider cannot call AWS yet, because its argument {argument} is known only after apply. Set it \
                     to a value that is known during plan, or first apply the resources that it depends on (-target)."
                ),
            ))),
            Configuration::Missing => Err(vec![Diagnostic::error(
                Path::root(),
                "Provider not configured",
                "This operation calls AWS, but the provider is not configured. If configuring the provider failed, fix \
                 that error first. Otherwise this is a bug in the program that started the provider.",
            )]),
        }
    }

    /// The provider, for an operation that calls AWS.
    ///
    /// # Errors
    /// The provider is not configured, or its configuration is not known yet.
    pub(super) fn provider(&self) -> Result<lifecycle::Provider, Diagnostics> {
        match self.readiness()? {
            Readiness::Ready(provider) => Ok(provider),
            Readiness::NotYet(error) => Err(vec![error]),
        }
    }
}

/// A lock is held only to copy or replace a value, so a panic cannot leave half a value behind.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
