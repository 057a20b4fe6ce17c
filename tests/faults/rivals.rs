//! Two configurations, each with a state of its own, that make an API or a zone of one name: one has it, the other is refused, and
//! nothing is mixed. What a dead one left behind goes over to who comes next, once it is certain that it is dead.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use futures::future::join;
use multiregion::aws::Clock;
use multiregion::wire::{Diagnostic, Value};
use serde_json::{Value as Json, json};
use strict_aws::{Fault, Harm, Inventory};

use super::clock::{Ended, Surroundings, simulate};
use super::compare::{difference, inventory};
use super::host::{Kept, Run};
use super::matrix::runtime;
use super::network::Network;
use super::topologies::{self, Topology};
use super::world::{Moment, Sources, World, config, resource, text};

/// Every how many calls something happens.
const STEP: usize = 4;

/// Without a sign of life for so long, a create is dead.
const LEASE: Duration = Duration::from_secs(25);

/// One of the two: who runs, what they want, what their state holds.
struct Party {
    world: World,
    config: Value,
    kept: Kept,
    /// What AWS holds when they have it.
    end: Inventory,
    /// How many calls that takes when nobody else is there.
    calls: usize,
    /// How many of them come before the host has kept its state.
    told_after: usize,
}

struct Rivals {
    parties: [Party; 2],
    beginning: Moment,
    nothing: Inventory,
}

impl Rivals {
    /// Two who want an API of the same name, and different things.
    async fn of(topology: &Topology, on_create_failure: &str) -> Self {
        let world = World::start(&Arc::new(Sources::new())).await;
        let zone_id = topologies::zone(&world).await;
        let wanted = [("giraffes", 7), ("okapis", 14)].map(|(team, days)| {
            let mut wanted = (topology.config)(&world, &zone_id);
            wanted["tags"] = json!({ "team": team });
            wanted["function"]["log_retention_days"] = json!(days);
            wanted["on_create_failure"] = json!(on_create_failure);
            wanted
        });
        Self::who_want(&world, "multiregion_api", wanted).await
    }

    /// Two who want a zone of the same name, and different things.
    async fn of_zones() -> Self {
        let world = World::start(&Arc::new(Sources::new())).await;
        let wanted = ["giraffes", "okapis"]
            .map(|team| json!({ "name": "giraffe.example", "comment": team, "tags": { "team": team } }));
        Self::who_want(&world, "multiregion_zone", wanted).await
    }

    async fn who_want(world: &World, type_name: &str, wanted: [Json; 2]) -> Self {
        let resource = resource(type_name);
        let parties = wanted.map(|wanted| Party {
            world: world.beside(),
            config: config(resource, &wanted),
            kept: Kept::nothing(resource),
            end: Inventory::default(),
            calls: 0,
            told_after: 0,
        });
        let (beginning, nothing) = (world.moment(), inventory(world).await);
        let mut rivals = Self { parties, beginning, nothing };
        for who in [0, 1] {
            rivals.start_over();
            assert!(rivals.run(who).await.is_well(), "it can be made");
            rivals.parties[who].calls = rivals.parties[who].world.network.count_calls();
            rivals.parties[who].told_after = rivals.parties[who].kept.told_after;
            rivals.parties[who].end = rivals.inventory().await;
        }
        rivals.start_over();
        rivals
    }

    /// Neither has anything.
    fn start_over(&mut self) {
        self.world().restore(&self.beginning);
        for party in &mut self.parties {
            party.kept = Kept::nothing(party.kept.resource);
            party.world.network.take_calls();
        }
    }

    fn world(&self) -> &World {
        &self.parties[0].world
    }

    async fn inventory(&self) -> Inventory {
        inventory(self.world()).await
    }

    async fn run(&mut self, who: usize) -> Run {
        let Party { world, config, kept, .. } = &mut self.parties[who];
        kept.run(world, config).await
    }

    /// Both at the same time: the second begins when the first has made so many calls.
    async fn race(&mut self, head_start: usize) -> [Run; 2] {
        let [first, second] = &mut self.parties;
        let (clock, network, over) = (first.world.clock.clone(), first.world.network.clone(), Cell::new(false));
        let both = Both([first.world.network.clone(), second.world.network.clone()]);
        let begins = poll_fn(|_| match over.get() || network.count_calls() >= head_start {
            true => Poll::Ready(()),
            false => Poll::Pending,
        });
        let one = async {
            let run = first.kept.run_beside(&first.world, &first.config).await;
            over.set(true);
            run
        };
        let other = async {
            begins.await;
            second.kept.run_beside(&second.world, &second.config).await
        };
        match simulate(&clock, &both, join(one, other)).await {
            Ended::Done((one, other)) => [one, other],
            Ended::Killed => unreachable!("each is killed by itself"),
        }
    }

    /// The first is suspended after `asleep` calls; meanwhile the second begins, and after `awake` calls of its own, or
    /// at its end, the first wakes up.
    async fn sleep(&mut self, asleep: usize, awake: usize) -> [Run; 2] {
        let [first, second] = &mut self.parties;
        let (clock, over) = (first.world.clock.clone(), Cell::new(false));
        let networks = [first.world.network.clone(), second.world.network.clone()];
        let is_asleep = || networks[0].count_calls() >= asleep && networks[1].count_calls() < awake && !over.get();
        let mut one = pin!(first.kept.run_beside(&first.world, &first.config));
        let alarm = Cell::new(None);
        let one = poll_fn(|context| {
            if !is_asleep() {
                return one.as_mut().poll(context);
            }
            alarm.set(Some(context.waker().clone()));
            Poll::Pending
        });
        let begins = poll_fn(|_| if is_asleep() { Poll::Ready(()) } else { Poll::Pending });
        let mut other = pin!(async {
            begins.await;
            let run = second.kept.run_beside(&second.world, &second.config).await;
            over.set(true);
            run
        });
        let other = poll_fn(|context| {
            let polled = other.as_mut().poll(context);
            alarm.take().into_iter().filter(|_| !is_asleep()).for_each(Waker::wake);
            polled
        });
        // Whoever sleeps holds up no time.
        let surroundings = Sleepy { networks: &networks, is_asleep: &is_asleep };
        match simulate(&clock, &surroundings, join(one, other)).await {
            Ended::Done((one, other)) => [one, other],
            Ended::Killed => unreachable!("nobody is killed"),
        }
    }

    /// The promise once `winner` has the name: it is theirs alone, and the other is told so and changes nothing.
    async fn belongs_to(&mut self, winner: usize, what: &str) {
        let loser = 1 - winner;
        assert_eq!(self.parties[loser].kept.value, Value::Null, "{what}: the state of the loser holds something");
        self.holds(winner, what).await;
        let advice = format!("import it by the name {:?}", text(&self.parties[loser].config, "name"));
        assert_refused(&self.run(loser).await, &advice, what);
        let Party { world, kept, .. } = &mut self.parties[loser];
        assert_eq!(kept.run(world, &Value::Null).await, Run::Well { empty: true }, "{what}: the loser destroys");
        self.holds(winner, what).await;
        assert_eq!(self.run(winner).await, Run::Well { empty: true }, "{what}: the winner's plan is not empty");
        let Party { world, kept, .. } = &mut self.parties[winner];
        assert!(kept.run(world, &Value::Null).await.is_well(), "{what}: the winner destroys");
        let left = difference(&self.nothing, &self.inventory().await);
        assert!(left.is_empty(), "{what}: left after the destroy: {left:#?}");
    }

    async fn holds(&self, winner: usize, what: &str) {
        let differing = difference(&self.parties[winner].end, &self.inventory().await);
        assert!(differing.is_empty(), "{what}: AWS holds something else than the winner made: {differing:#?}");
    }
}

/// Whose time moves on together.
struct Both([Network; 2]);

impl Surroundings for Both {
    fn is_busy(&self) -> bool {
        self.0.iter().any(Surroundings::is_busy)
    }

    /// Each of them dies for itself.
    fn is_killed(&self) -> bool {
        false
    }

    fn passed(&self, by: Duration) {
        self.0[0].passed(by);
    }
}

/// The same while the first may sleep.
struct Sleepy<'a> {
    networks: &'a [Network; 2],
    is_asleep: &'a dyn Fn() -> bool,
}

impl Surroundings for Sleepy<'_> {
    fn is_busy(&self) -> bool {
        self.networks.iter().skip(usize::from((self.is_asleep)())).any(Surroundings::is_busy)
    }

    fn is_killed(&self) -> bool {
        false
    }

    fn passed(&self, by: Duration) {
        self.networks[0].passed(by);
    }
}

/// What an error says.
fn told(run: &Run) -> String {
    match run {
        Run::Errors(errors) => {
            errors.iter().map(|Diagnostic { summary, detail, .. }| format!("{summary}: {detail}\n")).collect()
        }
        other => format!("{other:?}"),
    }
}

fn assert_refused(run: &Run, because: &str, what: &str) {
    assert!(
        matches!(run, Run::Errors(_)) && told(run).contains(because),
        "{what}: {because:?} is not in {}",
        told(run)
    );
}

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

fn topology(name: &str) -> &'static Topology {
    topologies::ALL.iter().find(|topology| topology.name == name).expect("a known topology")
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
