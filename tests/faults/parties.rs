//! Two states that declare the same name, and how their runs come across each other.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use futures::future::join;
use multiregion::wire::{Diagnostic, Value};
use serde_json::{Value as Json, json};
use strict_aws::Inventory;

use super::clock::{Ended, Surroundings, simulate};
use super::compare::{difference, inventory};
use super::host::{Kept, Run};
use super::network::Network;
use super::topologies::{self, Topology};
use super::world::{HOME, Moment, Sources, World, config, resource, text};

/// One of the two: who runs, what they want, what their state holds.
pub(super) struct Party {
    pub(super) world: World,
    pub(super) config: Value,
    pub(super) kept: Kept,
    /// What AWS holds when they have it.
    pub(super) end: Inventory,
    /// How many calls that takes when nobody else is there.
    pub(super) calls: usize,
    /// How many of them come before the host has kept its state.
    pub(super) told_after: usize,
}

/// The two of them, and where they begin.
pub(super) struct Rivals {
    pub(super) parties: [Party; 2],
    pub(super) beginning: Moment,
    pub(super) nothing: Inventory,
}

impl Rivals {
    /// Two who want an API of the same name, and different things.
    pub(super) async fn of(topology: &Topology, on_create_failure: &str) -> Self {
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
    pub(super) async fn of_zones() -> Self {
        let world = World::start(&Arc::new(Sources::new())).await;
        let wanted = ["giraffes", "okapis"]
            .map(|team| json!({ "name": "giraffe.example", "comment": team, "tags": { "team": team } }));
        Self::who_want(&world, "multiregion_zone", wanted).await
    }

    async fn who_want(world: &World, type_name: &str, wanted: [Json; 2]) -> Self {
        let [first, second] = wanted;
        Self::at_home(world, type_name, [(HOME, first), (HOME, second)]).await
    }

    /// Two with these home regions who want this.
    pub(super) async fn at_home(world: &World, type_name: &str, wanted: [(&'static str, Json); 2]) -> Self {
        let resource = resource(type_name);
        let parties = wanted.map(|(home, wanted)| Party {
            world: world.beside().at_home_in(home),
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
    pub(super) fn start_over(&mut self) {
        self.world().restore(&self.beginning);
        for party in &mut self.parties {
            party.kept = Kept::nothing(party.kept.resource);
            party.world.network.take_calls();
        }
    }

    pub(super) fn world(&self) -> &World {
        &self.parties[0].world
    }

    pub(super) async fn inventory(&self) -> Inventory {
        inventory(self.world()).await
    }

    pub(super) async fn run(&mut self, who: usize) -> Run {
        let Party { world, config, kept, .. } = &mut self.parties[who];
        kept.run(world, config).await
    }

    /// Both at the same time: the second begins when the first has made so many calls.
    pub(super) async fn race(&mut self, head_start: usize) -> [Run; 2] {
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
    pub(super) async fn sleep(&mut self, asleep: usize, awake: usize) -> [Run; 2] {
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
    pub(super) async fn belongs_to(&mut self, winner: usize, what: &str) {
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
pub(super) fn told(run: &Run) -> String {
    match run {
        Run::Errors(errors) => {
            errors.iter().map(|Diagnostic { summary, detail, .. }| format!("{summary}: {detail}\n")).collect()
        }
        other => format!("{other:?}"),
    }
}

pub(super) fn assert_refused(run: &Run, because: &str, what: &str) {
    assert!(
        matches!(run, Run::Errors(_)) && told(run).contains(because),
        "{what}: {because:?} is not in {}",
        told(run)
    );
}

/// The topology of this name.
pub(super) fn topology(name: &str) -> &'static Topology {
    topologies::ALL.iter().find(|topology| topology.name == name).expect("a known topology")
}
