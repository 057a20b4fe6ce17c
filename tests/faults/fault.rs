//! The faults of the matrix.

use std::collections::BTreeMap;

use strict_aws::{Call, Effect, Fault as InjectedFault};

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

    /// The faults at each call of an operation, without those that cannot have other results than the rest. The first fault
    /// at a call follows the first one at the previous call of that name. `start` is the number of the operation, so that
    /// calls that come once get other first faults in other operations.
    pub(super) fn at_each(calls: &[Call], start: usize) -> Vec<Vec<Self>> {
        let mut repeated: BTreeMap<String, usize> = BTreeMap::new();
        let faults = calls.iter().enumerate().map(|(at, call)| {
            let nth = repeated.entry(call.name()).or_insert(start);
            *nth += 1;
            let precedes_write = calls.get(at + 1).is_none_or(Call::writes);
            let mut faults: Vec<Self> =
                Self::ALL.into_iter().filter(|fault| fault.differs(call, precedes_write, *nth)).collect();
            let first = *nth % faults.len();
            faults.rotate_left(first);
            faults
        });
        faults.collect()
    }

    /// Whether the fault can have another result than the other faults at a call, and the same fault at the calls around it.
    fn differs(self, call: &Call, precedes_write: bool, nth: usize) -> bool {
        match self {
            // The provider handles both in the same way: it retries a call that has done nothing.
            Self::ServerError => nth.is_multiple_of(2),
            Self::Throttled => !nth.is_multiple_of(2),
            // A lost answer to a read is like a read that has done nothing.
            Self::ReplyLost => call.writes(),
            // Between two writes nothing changes but the time: the process is killed at the beginning and the end of it.
            Self::Killed => call.writes() || precedes_write,
            Self::Denied | Self::Hangs | Self::Expired => true,
        }
    }

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
