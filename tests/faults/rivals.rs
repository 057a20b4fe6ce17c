//! Two states that create an API or a zone of the same name: one succeeds, the other is rejected, and no object gets
//! the settings of both. The next run takes over the objects of an interrupted create once its lease has expired.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use multiregion::aws::Clock;
use multiregion::wire::Value;
use strict_aws::{Effect, Fault};

use super::clock::simulate;
use super::compare::difference;
use super::host::Run;
use super::matrix::runtime;
use super::rival_pair::{Rival, Rivals, assert_refused, messages};
use super::topologies::topology;
use super::world::text;

/// The step between the calls at which something happens.
pub(super) const STEP: usize = 4;

/// A create without a heartbeat for this long has been interrupted.
const LEASE: Duration = Duration::from_secs(25);

fn assert_names_the_other_run(run: &Run, what: &str) {
    let refusal = messages(run);
    let known = ["nother apply of this name", "Another apply is in progress", "import it by the name"];
    assert!(known.iter().any(|known| refusal.contains(known)), "{what}: {refusal}");
}

async fn rivals(name: &str) -> Rivals {
    match name {
        "zone" => Rivals::of_zones().await,
        name => Rivals::of(topology(name), "rollback").await,
    }
}

/// Whenever the second run starts.
#[test]
fn one_of_two_concurrent_creates_succeeds() {
    runtime().block_on(async {
        for (name, step) in [("zone", 1), ("one-region", STEP), ("failover", 8 * STEP)] {
            let mut rivals = rivals(name).await;
            let mut winners = BTreeSet::new();
            for head_start in (0..=rivals.pair[0].calls).step_by(step) {
                rivals.reset();
                let what = format!("{name}, {head_start} calls ahead");
                let runs = rivals.race(head_start).await;
                let succeeded: Vec<usize> = (0..2).filter(|index| runs[*index].succeeded()).collect();
                let [winner] = succeeded[..] else { panic!("{what}: {} {}", messages(&runs[0]), messages(&runs[1])) };
                assert_names_the_other_run(&runs[1 - winner], &what);
                winners.insert(winner);
                rivals.assert_owned_by(winner, &what).await;
            }
            assert!(winners.contains(&0), "{name}: the first run never won");
        }
    });
}

/// A resource belongs to its run while that continues with other resources, and to its state afterwards.
#[test]
fn a_resource_belongs_to_its_run_while_that_continues() {
    runtime().block_on(async {
        for name in ["zone", "one-region"] {
            let mut rivals = rivals(name).await;
            rivals.pair[0].world.keeps_running = 10 * LEASE;
            let runs = rivals.race(rivals.pair[0].persisted_after).await;
            assert!(runs[0].succeeded(), "{name}: {}", messages(&runs[0]));
            assert_refused(&runs[1], "Another apply is in progress", name);
            rivals.assert_owned_by(0, name).await;
        }
    });
}

/// For however long it stays incomplete.
#[test]
fn an_incomplete_resource_belongs_to_its_state() {
    runtime().block_on(async {
        let mut rivals = Rivals::of(topology("failover"), "keep").await;
        let aws = Arc::clone(&rivals.world().aws);
        aws.inject(Fault::new(Effect::AccessDenied).operation("lambda:CreateFunction").region("us-west-2"));
        assert!(rivals.run(0).await.succeeded(), "an incomplete create is not an error");
        assert_eq!(text(&rivals.pair[0].stored.value, "status"), "incomplete");
        aws.clear_faults();
        let held = rivals.inventory().await;
        for hours in [0, 1] {
            let world = rivals.world();
            let sleep = world.clock.sleep(Duration::from_secs(hours * 3600));
            simulate(&world.clock, &world.network, sleep).await;
            assert_refused(&rivals.run(1).await, "an incomplete multiregion_api", "while it is incomplete");
            let Rival { world, stored, .. } = &mut rivals.pair[1];
            assert_eq!(
                stored.run(world, &Value::Null).await,
                Run::Succeeded { empty: true },
                "the other state has nothing to destroy"
            );
            assert_eq!(difference(&held, &rivals.inventory().await), Vec::<String>::new(), "nothing has changed");
        }
        assert!(rivals.run(0).await.succeeded(), "the next apply continues");
        assert_eq!(text(&rivals.pair[0].stored.value, "status"), "ready");
        rivals.assert_owned_by(0, "once it is complete").await;
    });
}

/// Whichever call was its last, up to the last one before the host has persisted the state. The next run turns it into
/// what its own configuration declares.
#[test]
fn the_next_run_takes_over_an_interrupted_create() {
    runtime().block_on(async {
        for name in ["zone", "one-region"] {
            let mut rivals = rivals(name).await;
            let persisted_after = rivals.pair[0].persisted_after;
            for k in (1..persisted_after).step_by(STEP).chain([persisted_after]) {
                rivals.reset();
                let what = format!("{name}, killed after {k} calls");
                rivals.world().network.kill_after(k);
                assert_eq!(rivals.run(0).await, Run::Killed, "{what}");
                let (died, is_begun) = (rivals.world().clock.elapsed(), rivals.inventory().await != rivals.baseline);
                let run = rivals.run(1).await;
                assert!(run.succeeded(), "{what}: {}", messages(&run));
                let waited = rivals.world().clock.elapsed() - died;
                assert!(!is_begun || waited >= LEASE, "{what}: after {waited:?} the create may still have been active");
                rivals.assert_owned_by(1, &what).await;
            }
        }
    });
}

/// Of two runs that find an interrupted create, one continues. A run that was already waiting when it was killed succeeds
/// too.
#[test]
fn one_of_two_runs_takes_over_an_interrupted_create() {
    runtime().block_on(async {
        let mut rivals = Rivals::of(topology("one-region"), "rollback").await;
        let calls = rivals.pair[0].calls;
        for (k, head_start) in
            (calls / 3..calls).step_by(4 * STEP).flat_map(|k| [(k, 0), (k, 1), (k, k / 2), (k, 2 * k)])
        {
            rivals.reset();
            let what = format!("killed after {k} calls, the second run {head_start} calls later");
            rivals.world().network.kill_after(k);
            assert_eq!(rivals.run(0).await, Run::Killed, "{what}");
            rivals.world().network.take_calls();
            rivals.pair[1].world.network.take_calls();
            let runs = rivals.race(head_start).await;
            let succeeded: Vec<usize> = (0..2).filter(|index| runs[*index].succeeded()).collect();
            let [winner] = succeeded[..] else { panic!("{what}: {} {}", messages(&runs[0]), messages(&runs[1])) };
            rivals.assert_owned_by(winner, &what).await;

            rivals.reset();
            rivals.world().network.kill_after(k);
            let [dead, next] = rivals.race(head_start.min(k - 1)).await;
            assert_eq!(dead, Run::Killed, "{what}");
            if !next.succeeded() {
                assert_refused(&next, "apply", &what);
                let run = rivals.run(1).await;
                assert!(run.succeeded(), "{what}: {}", messages(&run));
            }
            rivals.assert_owned_by(1, &what).await;
        }
    });
}

/// One machine is suspended, another run continues, the first machine resumes: one of them succeeds in the end, and
/// nothing is mixed.
#[test]
fn a_suspended_create_does_not_continue_after_a_takeover() {
    runtime().block_on(async {
        let mut rivals = Rivals::of(topology("one-region"), "rollback").await;
        let calls = rivals.pair[0].calls;
        let mut winners = BTreeSet::new();
        for (asleep, awake) in (1..calls).step_by(2 * STEP).flat_map(|k| [(k, usize::MAX), (k, calls / 2), (k, calls)])
        {
            rivals.reset();
            let what = format!("asleep after {asleep} calls, awake after {awake} of the other");
            let runs = rivals.race_with_suspension(asleep, awake).await;
            let succeeded: Vec<usize> = (0..2).filter(|index| runs[*index].succeeded()).collect();
            let [winner] = succeeded[..] else { panic!("{what}: {} {}", messages(&runs[0]), messages(&runs[1])) };
            if !messages(&runs[1 - winner]).contains("Another apply has taken over the create") {
                assert_names_the_other_run(&runs[1 - winner], &what);
            }
            winners.insert(winner);
            rivals.assert_owned_by(winner, &what).await;
        }
        assert_eq!(winners, BTreeSet::from([0, 1]), "a long suspension loses, a short one does not");
    });
}
