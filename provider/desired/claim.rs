//! What a claim says: how far the create of its resource is, and which run is at work on it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::OwnerId;

/// How far the create of a claim's resource is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// A create is under way, or it ended and its host may not have persisted the state yet, or it was interrupted.
    Creating,
    /// A state holds the resource, and some of it is missing.
    Kept,
    /// A state holds the resource, and all of it exists.
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

/// One heartbeat: when a run was alive, and when its next heartbeat is due at the latest. Written as `1790000000 10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Heartbeat {
    /// When it was written, in seconds since 1970 by the run's own clock.
    pub at: u64,
    /// The time until the next one, in seconds.
    pub interval: u64,
}

impl Heartbeat {
    /// How long a run may be silent after this heartbeat before another one may take its place: one heartbeat may be lost, and
    /// the next one late.
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
    /// How far its create is.
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
