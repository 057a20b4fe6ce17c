//! The state machine of one run's hold on a claim: stage × event → next stage and actions. Pure.
//!
//! The driver executes the actions and reports their results as further events. A pair that [`Stage::after`] does not list
//! changes nothing, either because the event is irrelevant in that stage or because the driver cannot report it.

/// How a run relates to the claim of its resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The run found the claim of an interrupted create. The run of that create may be active, so its heartbeat is watched.
    Watching,
    /// The run has written its own id to that claim. Another run may do the same: the last write wins.
    Contending,
    /// The run has not created its claim yet, or has not read it.
    Starting,
    /// The run holds the claim and may call AWS. It does not read the claim, because no other run takes a claim over before
    /// its lease expires.
    Holding,
    /// The lease expired: the process was suspended, or its heartbeats failed. The run calls nothing until it has read its
    /// claim.
    Suspended,
    /// The run has read its claim after a suspension. Another run may have found the lease expired and be about to write.
    Confirming,
    /// The create has ended and its host has persisted the state.
    Released,
    /// Another run holds the claim.
    Lost,
    /// AWS refuses the heartbeats, or they failed for too long.
    Failed,
}

/// What the driver reports.
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
    /// The claim names this run, and its phase shows that the create is over.
    SawFinished,
    /// The claim names the run of the interrupted create, with the heartbeat that is known.
    SawPrevious,
    /// The claim names the run of the interrupted create, with a later heartbeat: that run is active.
    SawPreviousAlive,
    /// The claim names another run, or the interrupted create is over.
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
    /// The create has ended, so its claim exists.
    WorkEnded,
    /// The host has persisted the state.
    HostPersisted,
}

/// What the driver does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Read the claim.
    Read,
    /// Write a heartbeat of this run.
    Renew,
    /// Extend the lease: the run may call AWS.
    ExtendLease,
    /// Wait until a run that found the lease expired has written its next heartbeat.
    Wait,
    /// Write the phase that the create has reached.
    WritePhase,
    /// Stop the run, which leaves everything to the run that holds the claim.
    Stop,
}

use Action::{ExtendLease, Read, Renew, Stop, Wait, WritePhase};
use Event::*;
use Stage::*;

impl Stage {
    /// The stage after `event`, and the actions that the driver executes.
    pub fn after(self, event: Event) -> (Self, &'static [Action]) {
        match (self, event) {
            // An interrupted create is taken over when its run has been silent for the duration of its lease.
            (Watching, WaitEnded) => (Contending, &[Renew]),
            (Watching | Contending, SawOwn) => (Holding, &[ExtendLease]),
            (Watching, SawPreviousAlive | SawNothing | SawOther) => (Lost, &[Stop]),
            (Contending, SawNothing | SawFinished | SawOther | WaitEnded) => (Lost, &[Stop]),
            (Contending, CallRefused) => (Failed, &[Stop]),

            // A claim of another run existed before, and creating this run's claim fails.
            (Starting, HeartbeatDue) => (Starting, &[Read]),
            (Starting, SawNothing | SawOther | SawFinished) => (Starting, &[ExtendLease]),
            (Starting, SawOwn) => (Holding, &[Renew]),
            (Starting, WorkEnded) => (Holding, &[]),

            (Holding, HeartbeatDue) => (Holding, &[Renew]),
            (Holding, Renewed) => (Holding, &[ExtendLease]),
            (Holding, HostPersisted) => (Released, &[WritePhase]),

            // After a suspension the run reads the claim twice before it continues.
            (Starting | Holding, LeaseExpired) => (Suspended, &[]),
            (Suspended, HeartbeatDue) => (Suspended, &[Read]),
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

    /// Whether no event changes the stage.
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

    /// Every pair and its result; `-` changes nothing.
    #[test]
    fn every_stage_and_event_has_the_result_of_the_table() {
        let mut table = String::new();
        for stage in STAGES {
            for event in EVENTS {
                let (next, actions) = stage.after(event);
                let unchanged = next == stage && actions.is_empty();
                let result = if unchanged { "-".to_owned() } else { format!("{next:?} {actions:?}") };
                table.push_str(&format!("{stage:?} + {event:?}: {result}\n"));
            }
        }
        assert_eq!(table, include_str!("protocol.txt"), "the table is provider/ownership/protocol.txt");
    }

    #[test]
    fn final_stages_never_change() {
        for stage in STAGES.into_iter().filter(|stage| stage.is_final()) {
            assert!(EVENTS.iter().all(|event| stage.after(*event) == (stage, &[][..])), "{stage:?}");
        }
    }

    #[test]
    fn a_run_stops_when_it_sees_another_run() {
        // The stages that read the claim. A run that is starting has no claim to lose.
        for stage in [Watching, Contending, Suspended, Confirming] {
            let (next, actions) = stage.after(SawOther);
            assert_eq!((next, actions), (Lost, &[Stop][..]), "{stage:?}");
        }
    }

    #[test]
    fn only_a_read_or_written_claim_extends_the_lease() {
        for stage in STAGES {
            for event in EVENTS {
                let extends = stage.after(event).1.contains(&ExtendLease);
                let is_current = matches!(event, SawNothing | SawOwn | SawFinished | SawOther | Renewed);
                assert!(!extends || is_current, "{stage:?} + {event:?}");
            }
        }
    }

    #[test]
    fn only_a_run_that_holds_the_claim_writes_the_phase() {
        for stage in STAGES {
            for event in EVENTS {
                let writes = stage.after(event).1.contains(&WritePhase);
                assert_eq!(writes, (stage, event) == (Holding, HostPersisted), "{stage:?} + {event:?}");
            }
        }
    }
}
