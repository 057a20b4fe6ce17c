//! The faults of the matrix.

use strict_aws::{Effect, Fault as InjectedFault};

use super::world::World;

/// A way in which an AWS call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Status 500; nothing was done.
    ServerError,
    /// Throttled with the service's error code; nothing was done.
    Throttled,
    /// Done, but the reply is lost.
    ReplyLost,
    /// Done, and the process is killed.
    Killed,
    /// Access denied, also for every later call of the operation, until the operator grants it.
    Denied,
    /// No response arrives until the caller's timeout.
    Hangs,
    /// The session has expired: this call and every later one is rejected until the user renews the credentials.
    Expired,
}

impl Fault {
    /// All faults.
    pub(super) const ALL: [Self; 7] =
        [Self::ServerError, Self::Throttled, Self::ReplyLost, Self::Killed, Self::Denied, Self::Hangs, Self::Expired];

    /// Its part of the name of a run.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ServerError => "500",
            Self::Throttled => "throttled",
            Self::ReplyLost => "reply-lost",
            Self::Killed => "killed",
            Self::Denied => "denied",
            Self::Hangs => "hangs",
            Self::Expired => "expired",
        }
    }

    /// Whether a run with this fault must succeed, because the provider retries.
    pub(super) fn is_retried(self) -> bool {
        matches!(self, Self::ServerError | Self::Throttled | Self::ReplyLost)
    }

    /// Injects the fault into the nth AWS call from now on.
    pub(super) fn inject(self, world: &World, n: usize) {
        let effect = match self {
            Self::Killed => return world.network.kill_after(n),
            Self::ServerError => Effect::ServerError,
            Self::Throttled => Effect::Throttled,
            Self::ReplyLost => Effect::ReplyLost,
            Self::Denied => Effect::AccessDenied,
            Self::Hangs => Effect::Hangs,
            Self::Expired => Effect::ExpiredToken,
        };
        let injected = InjectedFault::new(effect);
        world.aws.inject(match self {
            Self::Denied => injected.nth(n).lasting(),
            Self::Expired => injected.from_nth(n),
            _ => injected.nth(n),
        });
    }
}
