//! The state machine of one run's hold on a claim: stages × events → next stage and actions. Pure.
//!
//! The run that drives it executes the actions and reports what came of them as further events. What is not in
//! [`Stage::after`] changes nothing.

/// Where a run stands with the claim of its resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The claim of an interrupted create was found. Its run may be alive, so its heartbeat is watched.
    Watching,
    /// The run has written its own name into that claim. Another run may do the same: the last one written wins.
    Contending,
    /// The run has not created its claim yet, or has not seen it.
    Starting,
    /// The run holds the claim and may call AWS.
    Holding,
    /// The lease expired: the process was suspended, or its heartbeats failed. It calls nothing until it has read its claim.
    Suspended,
    /// The run has read its claim after a suspension. A run that took it for dead may be about to write.
    Confirming,
    /// The create has ended and its host has persisted the state.
    Released,
    /// Another run holds the claim.
    Lost,
    /// AWS refuses the heartbeats, or they failed for too long.
    Failed,
}

/// What a run learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The next heartbeat is due.
    HeartbeatDue,
    /// The wait that an action began has ended.
    WaitEnded,
    /// There is no claim.
    SawNothing,
    /// The claim names this run.
    SawOwn,
    /// The claim names this run, and says that its create is over.
    SawFinished,
    /// The claim names the run of the interrupted create, with the heartbeat that is known.
    SawPrevious,
    /// The claim names the run of the interrupted create, with a later heartbeat: it is alive.
    SawPreviousAlive,
    /// The claim names another run.
    SawOther,
    /// A heartbeat was written.
    Renewed,
    /// A call on the claim failed for a reason that may pass.
    CallFailed,
    /// AWS refuses calls on the claim: a permission is missing, or the credentials expired.
    CallRefused,
    /// No call on the claim has succeeded for two minutes.
    SilentTooLong,
    /// The lease expired.
    LeaseExpired,
    /// The create came to its end, so its claim exists.
    WorkEnded,
    /// The host has persisted the state.
    HostPersisted,
}

/// What a run does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Read the claim.
    Read,
    /// Write a heartbeat of this run.
    Renew,
    /// Extend the lease: the run may call AWS.
    ExtendLease,
    /// Wait until a run that took this one for dead has written its next heartbeat.
    Wait,
    /// Write the phase that the create has reached.
    WritePhase,
    /// Stop the run: nothing that another run holds is touched.
    Stop,
}

use Action::{ExtendLease, Read, Renew, Stop, Wait, WritePhase};
use Event::*;
use Stage::*;

impl Stage {
    /// The next stage after `event`, and what is to be done.
    pub fn after(self, event: Event) -> (Self, &'static [Action]) {
        match (self, event) {
            // An interrupted create is taken over once its run has been silent for the time of its lease.
            (Watching, SawPrevious) => (Watching, &[]),
            (Watching, WaitEnded) => (Contending, &[Renew]),
            (Watching, SawOwn) => (Holding, &[ExtendLease]),
            (Watching | Contending, SawPreviousAlive | SawNothing | SawFinished | SawOther) => (Lost, &[Stop]),
            (Watching | Contending, CallRefused) => (Failed, &[Stop]),
            (Contending, SawOwn) => (Holding, &[ExtendLease]),
            (Contending, WaitEnded) => (Lost, &[Stop]),

            // Whoever holds the claim at the start had it before: creating it will tell.
            (Starting, HeartbeatDue) => (Starting, &[Read]),
            (Starting, SawNothing | SawOther | SawFinished | SawPrevious) => (Starting, &[ExtendLease]),
            (Starting, SawOwn) => (Holding, &[Renew]),
            (Starting, WorkEnded) => (Holding, &[]),

            (Holding, HeartbeatDue) => (Holding, &[Renew]),
            (Holding, Renewed) => (Holding, &[ExtendLease]),
            (Holding, SawOther) => (Lost, &[Stop]),
            (Holding, HostPersisted) => (Released, &[WritePhase]),

            // Whoever was suspended reads the claim twice before it goes on.
            (Starting | Holding, LeaseExpired) => (Suspended, &[]),
            (Suspended, HeartbeatDue | HostPersisted) => (Suspended, &[Read]),
            (Suspended, SawOwn) => (Confirming, &[Renew, Wait]),
            (Suspended, SawNothing | SawFinished) => (Confirming, &[Wait]),
            (Confirming, HeartbeatDue) => (Suspended, &[Read]),
            (Confirming, WaitEnded) => (Confirming, &[Read]),
            (Confirming, SawOwn | SawFinished) => (Holding, &[ExtendLease]),
            (Confirming, SawNothing) => (Starting, &[ExtendLease]),
            (Suspended | Confirming, SawOther) => (Lost, &[Stop]),

            (Starting | Holding | Suspended | Confirming, CallRefused | SilentTooLong) => (Failed, &[Stop]),
            (stage, _) => (stage, &[]),
        }
    }

    /// Whether nothing changes any more.
    pub fn is_final(self) -> bool {
        matches!(self, Released | Lost | Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAGES: [Stage; 9] = [Watching, Contending, Starting, Holding, Suspended, Confirming, Released, Lost, Failed];
    const EVENTS: [Event; 15] = [
        HeartbeatDue,
        WaitEnded,
        SawNothing,
        SawOwn,
        SawFinished,
        SawPrevious,
        SawPreviousAlive,
        SawOther,
        Renewed,
        CallFailed,
        CallRefused,
        SilentTooLong,
        LeaseExpired,
        WorkEnded,
        HostPersisted,
    ];

    /// Every pair, with what it leads to; `-` changes nothing.
    #[test]
    fn every_stage_answers_every_event() {
        let mut table = String::new();
        for stage in STAGES {
            for event in EVENTS {
                let (next, actions) = stage.after(event);
                let unchanged = next == stage && actions.is_empty();
                let result = if unchanged { "-".to_owned() } else { format!("{next:?} {actions:?}") };
                table.push_str(&format!("{stage:?} + {event:?}: {result}\n"));
            }
        }
        assert_eq!(table, include_str!("protocol.txt"), "provider/ownership/protocol.txt is the table of record");
    }

    #[test]
    fn a_final_stage_stays() {
        for stage in STAGES.into_iter().filter(|stage| stage.is_final()) {
            assert!(EVENTS.iter().all(|event| stage.after(*event) == (stage, &[][..])), "{stage:?}");
        }
    }

    #[test]
    fn nobody_calls_aws_after_another_run_was_seen() {
        for stage in STAGES.into_iter().filter(|stage| !stage.is_final() && *stage != Starting) {
            let (next, actions) = stage.after(SawOther);
            assert_eq!((next, actions), (Lost, &[Stop][..]), "{stage:?}");
        }
    }

    #[test]
    fn the_lease_is_extended_only_by_who_read_or_wrote_the_claim() {
        for stage in STAGES {
            for event in EVENTS {
                let extends = stage.after(event).1.contains(&ExtendLease);
                let learned = matches!(event, SawNothing | SawOwn | SawFinished | SawPrevious | SawOther | Renewed);
                assert!(!extends || learned, "{stage:?} + {event:?}");
            }
        }
    }

    #[test]
    fn the_phase_is_written_only_by_who_holds_the_claim() {
        for stage in STAGES {
            for event in EVENTS {
                let writes = stage.after(event).1.contains(&WritePhase);
                assert_eq!(writes, (stage, event) == (Holding, HostPersisted), "{stage:?} + {event:?}");
            }
        }
    }
}
