//! The contents of a claim: the progress of the create of its resource, and the run that works on it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::OwnerId;

/// The progress of the create of a claim's resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// A create is in progress, or was interrupted, or has ended and its host may not have persisted the state yet.
    Creating,
    /// A state contains the resource, and some of its objects are missing.
    Kept,
    /// A state contains the resource, and all of its objects exist.
    Ready,
}

impl Phase {
    /// Its name in the claim.
    pub fn name(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Kept => "kept",
            Self::Ready => "ready",
        }
    }

    /// The phase of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Creating, Self::Kept, Self::Ready].into_iter().find(|phase| phase.name() == name)
    }
}

/// One heartbeat: the time at which a run wrote it, and the time until the next one. Written as `1790000000 10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Heartbeat {
    /// When it was written, in seconds since 1970 by the run's own clock.
    pub at: u64,
    /// The time until the next one, in seconds.
    pub interval: u64,
}

impl Heartbeat {
    /// How long after this heartbeat another run must wait before it may take over the claim. One heartbeat may be lost, and the
    /// next one may be late.
    pub fn lease(self) -> Duration {
        Duration::from_millis(self.interval.max(1) * 2500)
    }
}

impl fmt::Display for Heartbeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.at, self.interval)
    }
}

impl FromStr for Heartbeat {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (at, interval) = text.split_once(' ').unwrap_or((text, "10"));
        Ok(Self { at: at.parse()?, interval: interval.parse()? })
    }
}

/// A claim as AWS holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRecord {
    /// The owner id that was minted with it.
    pub owner_id: OwnerId,
    /// The progress of its create.
    pub phase: Phase,
    /// The run that created it or took it over.
    pub run: String,
    /// That run's last heartbeat.
    pub heartbeat: Heartbeat,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_is_parsed_from_its_own_text() {
        let heartbeat = Heartbeat { at: 1_790_000_000, interval: 60 };
        assert_eq!(heartbeat.to_string().parse(), Ok(heartbeat));
        assert_eq!(heartbeat.lease(), Duration::from_secs(150));
    }

    #[test]
    fn a_phase_is_found_by_its_name() {
        assert_eq!(Phase::named("ready"), Some(Phase::Ready));
        assert_eq!(Phase::named("half"), None);
    }
}
