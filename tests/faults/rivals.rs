//! Two configurations, each with a state of its own, that make an API or a zone of one name: one has it, the other is refused, and
//! nothing is mixed. What a dead one left behind goes over to who comes next, once it is certain that it is dead.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use multiregion::aws::Clock;
use multiregion::wire::Value;
use strict_aws::{Fault, Harm};

use super::clock::simulate;
use super::compare::difference;
use super::host::Run;
use super::matrix::runtime;
use super::parties::{Party, Rivals, assert_refused, told, topology};
use super::world::text;

/// Every how many calls something happens.
pub(super) const STEP: usize = 4;

/// Without a sign of life for so long, a create is dead.
const LEASE: Duration = Duration::from_secs(25);

fn assert_knows_of_another(run: &Run, what: &str) {
    let refusal = told(run);
    let known = ["nother apply of this name", "Another apply is under way", "import it by the name"];
    assert!(known.iter().any(|known| refusal.contains(known)), "{what}: {refusal}");
}

async fn rivals(name: &str) -> Rivals {
    match name {
        "zone" => Rivals::of_zones().await,
        name => Rivals::of(topology(name), "rollback").await,
    }
}

/// Whenever the second begins.
#[test]
fn of_two_creates_one_wins() {
    runtime().block_on(async {
        for (name, step) in [("zone", 1), ("one-region", STEP), ("failover", 8 * STEP)] {
            let mut rivals = rivals(name).await;
            let mut winners = BTreeSet::new();
            for head_start in (0..=rivals.parties[0].calls).step_by(step) {
                rivals.start_over();
                let what = format!("{name}, {head_start} calls ahead");
                let runs = rivals.race(head_start).await;
                let well: Vec<usize> = (0..2).filter(|who| runs[*who].is_well()).collect();
                let [winner] = well[..] else { panic!("{what}: {} {}", told(&runs[0]), told(&runs[1])) };
                assert_knows_of_another(&runs[1 - winner], &what);
                winners.insert(winner);
                rivals.belongs_to(winner, &what).await;
            }
            assert!(winners.contains(&0), "{name}: who begins earlier wins");
        }
    });
}

/// What is made belongs to its run for as long as that goes on with other resources, and to its state after that.
#[test]
fn what_is_made_is_nobody_elses_while_its_run_goes_on() {
    runtime().block_on(async {
        for name in ["zone", "one-region"] {
            let mut rivals = rivals(name).await;
            rivals.parties[0].world.stays = 10 * LEASE;
            let runs = rivals.race(rivals.parties[0].told_after).await;
            assert!(runs[0].is_well(), "{name}: {}", told(&runs[0]));
            assert_refused(&runs[1], "Another apply is under way", name);
            rivals.belongs_to(0, name).await;
        }
    });
}

/// However long it stays so.
#[test]
fn what_is_kept_incomplete_belongs_to_its_state() {
    runtime().block_on(async {
        let mut rivals = Rivals::of(topology("failover"), "keep").await;
        let aws = Arc::clone(&rivals.world().aws);
        aws.fault(Fault::new(Harm::AccessDenied).operation("lambda:CreateFunction").region("us-west-2"));
        assert!(rivals.run(0).await.is_well(), "what is kept is no error");
        assert_eq!(text(&rivals.parties[0].kept.value, "status"), "incomplete");
        aws.clear_faults();
        let held = rivals.inventory().await;
        for hours in [0, 1] {
            let world = rivals.world();
            let sleep = world.clock.sleep(Duration::from_secs(hours * 3600));
            simulate(&world.clock, &world.network, sleep).await;
            assert_refused(&rivals.run(1).await, "an incomplete multiregion_api", "while it is incomplete");
            let Party { world, kept, .. } = &mut rivals.parties[1];
            assert_eq!(kept.run(world, &Value::Null).await, Run::Well { empty: true }, "nothing of it is theirs");
            assert_eq!(difference(&held, &rivals.inventory().await), Vec::<String>::new(), "nothing is touched");
        }
        assert!(rivals.run(0).await.is_well(), "it goes on");
        assert_eq!(text(&rivals.parties[0].kept.value, "status"), "ready");
        rivals.belongs_to(0, "once it is complete").await;
    });
}

/// At whatever call it died, the last one before its host has kept its state among them. Who takes it over makes of it what
/// they want.
#[test]
fn a_dead_create_goes_over_to_who_comes_next() {
    runtime().block_on(async {
        for name in ["zone", "one-region"] {
            let mut rivals = rivals(name).await;
            let told_after = rivals.parties[0].told_after;
            for k in (1..told_after).step_by(STEP).chain([told_after]) {
                rivals.start_over();
                let what = format!("{name}, dead after {k} calls");
                rivals.world().network.kill_after(k);
                assert_eq!(rivals.run(0).await, Run::Killed, "{what}");
                let (died, is_begun) = (rivals.world().clock.elapsed(), rivals.inventory().await != rivals.nothing);
                let run = rivals.run(1).await;
                assert!(run.is_well(), "{what}: {}", told(&run));
                let waited = rivals.world().clock.elapsed() - died;
                assert!(!is_begun || waited >= LEASE, "{what}: after {waited:?} it may still have been alive");
                rivals.belongs_to(1, &what).await;
            }
        }
    });
}

/// Of two who find a dead one, one goes on. The one who watches while it dies does not lose sight of it either.
#[test]
fn of_two_heirs_one_wins() {
    runtime().block_on(async {
        let mut rivals = Rivals::of(topology("one-region"), "rollback").await;
        let calls = rivals.parties[0].calls;
        for (k, head_start) in
            (calls / 3..calls).step_by(4 * STEP).flat_map(|k| [(k, 0), (k, 1), (k, k / 2), (k, 2 * k)])
        {
            rivals.start_over();
            let what = format!("dead after {k} calls, the second heir {head_start} calls later");
            rivals.world().network.kill_after(k);
            assert_eq!(rivals.run(0).await, Run::Killed, "{what}");
            rivals.world().network.take_calls();
            rivals.parties[1].world.network.take_calls();
            let runs = rivals.race(head_start).await;
            let well: Vec<usize> = (0..2).filter(|who| runs[*who].is_well()).collect();
            let [winner] = well[..] else { panic!("{what}: {} {}", told(&runs[0]), told(&runs[1])) };
            rivals.belongs_to(winner, &what).await;

            rivals.start_over();
            rivals.world().network.kill_after(k);
            let [dead, heir] = rivals.race(head_start.min(k - 1)).await;
            assert_eq!(dead, Run::Killed, "{what}");
            if !heir.is_well() {
                assert_refused(&heir, "apply", &what);
                let run = rivals.run(1).await;
                assert!(run.is_well(), "{what}: {}", told(&run));
            }
            rivals.belongs_to(1, &what).await;
        }
    });
}

/// The lid is closed, somebody else goes on, the lid is opened: one of them has it in the end, and nothing is mixed.
#[test]
fn who_was_suspended_does_not_go_on() {
    runtime().block_on(async {
        let mut rivals = Rivals::of(topology("one-region"), "rollback").await;
        let calls = rivals.parties[0].calls;
        let mut winners = BTreeSet::new();
        for (asleep, awake) in (1..calls).step_by(2 * STEP).flat_map(|k| [(k, usize::MAX), (k, calls / 2), (k, calls)])
        {
            rivals.start_over();
            let what = format!("asleep after {asleep} calls, awake after {awake} of the other");
            let runs = rivals.sleep(asleep, awake).await;
            let well: Vec<usize> = (0..2).filter(|who| runs[*who].is_well()).collect();
            let [winner] = well[..] else { panic!("{what}: {} {}", told(&runs[0]), told(&runs[1])) };
            if !told(&runs[1 - winner]).contains("Another apply has taken over") {
                assert_knows_of_another(&runs[1 - winner], &what);
            }
            winners.insert(winner);
            rivals.belongs_to(winner, &what).await;
        }
        assert_eq!(winners, BTreeSet::from([0, 1]), "who sleeps long loses, who sleeps a moment does not");
    });
}
