//! What befalls one AWS call.

use strict_aws::{Fault as Trouble, Harm};

use super::world::World;

/// The ways in which a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// 500 before anything was done.
    ServerError,
    /// Throttled, in the service's own words.
    Throttled,
    /// Done, but the reply is lost.
    ReplyLost,
    /// Done, and the process killed there.
    Killed,
    /// Refused, as is every later call of the operation, until the operator repairs it.
    Denied,
    /// No answer comes until the caller gives up.
    Hangs,
    /// The session expires: this call and every later one is refused, until the user renews the credentials.
    Expired,
}

impl Fault {
    /// All of them.
    pub(super) const ALL: [Self; 7] =
        [Self::ServerError, Self::Throttled, Self::ReplyLost, Self::Killed, Self::Denied, Self::Hangs, Self::Expired];

    /// How it is called in the name of a run.
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

    /// Whether the run that it befalls has to end well all the same.
    pub(super) fn is_outlasted(self) -> bool {
        matches!(self, Self::ServerError | Self::Throttled | Self::ReplyLost)
    }

    /// Sets it on the nth AWS call from now on.
    pub(super) fn set(self, world: &World, n: usize) {
        let harm = match self {
            Self::Killed => return world.network.kill_after(n),
            Self::ServerError => Harm::ServerError,
            Self::Throttled => Harm::Throttled,
            Self::ReplyLost => Harm::ReplyLost,
            Self::Denied => Harm::AccessDenied,
            Self::Hangs => Harm::Hangs,
            Self::Expired => Harm::ExpiredToken,
        };
        let trouble = Trouble::new(harm);
        world.aws.fault(match self {
            Self::Denied => trouble.nth(n).lasting(),
            Self::Expired => trouble.from_nth(n),
            _ => trouble.nth(n),
        });
    }
}
