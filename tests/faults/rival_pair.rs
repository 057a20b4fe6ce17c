//! Two states that declare the same name, and concurrent runs of them.

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

use super::clock::{Environment, Outcome, simulate};
use super::compare::{difference, inventory};
use super::host::{Run, StoredResource};
use super::network::Network;
use super::topologies::{self, Topology};
use super::world::{HOME, Moment, Sources, World, config, resource, text};

/// One of the two states: its processes, its configuration, and what the host has stored.
pub(super) struct Rival {
    pub(super) world: World,
    pub(super) config: Value,
    pub(super) stored: StoredResource,
    /// The inventory when this state owns the name.
    pub(super) expected: Inventory,
    /// The number of calls that its create makes alone.
    pub(super) calls: usize,
    /// How many of them precede the host's writing of the state.
    pub(super) persisted_after: usize,
}

/// Both states, and where they start.
pub(super) struct Rivals {
    pub(super) pair: [Rival; 2],
    pub(super) beginning: Moment,
    pub(super) baseline: Inventory,
}

impl Rivals {
    /// Two states that declare different APIs of the same name.
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
        Self::of_both(&world, "multiregion_api", wanted).await
    }

    /// Two states that declare different zones of the same name.
    pub(super) async fn of_zones() -> Self {
        let world = World::start(&Arc::new(Sources::new())).await;
        let wanted = ["giraffes", "okapis"]
            .map(|team| json!({ "name": "giraffe.example", "comment": team, "tags": { "team": team } }));
        Self::of_both(&world, "multiregion_zone", wanted).await
    }

    async fn of_both(world: &World, type_name: &str, wanted: [Json; 2]) -> Self {
        let [first, second] = wanted;
        Self::with_homes(world, type_name, [(HOME, first), (HOME, second)]).await
    }

    /// Two states with these home regions and configurations.
    pub(super) async fn with_homes(world: &World, type_name: &str, wanted: [(&'static str, Json); 2]) -> Self {
        let resource = resource(type_name);
        let pair = wanted.map(|(home, wanted)| Rival {
            world: world.separate_process().with_home(home),
            config: config(resource, &wanted),
            stored: StoredResource::absent(resource),
            expected: Inventory::default(),
            calls: 0,
            persisted_after: 0,
        });
        let (beginning, baseline) = (world.moment(), inventory(world).await);
        let mut rivals = Self { pair, beginning, baseline };
        for index in [0, 1] {
            rivals.reset();
            assert!(rivals.run(index).await.succeeded(), "it can be created");
            rivals.pair[index].calls = rivals.pair[index].world.network.count_calls();
            rivals.pair[index].persisted_after = rivals.pair[index].stored.persisted_after;
            rivals.pair[index].expected = rivals.inventory().await;
        }
        rivals.reset();
        rivals
    }

    /// Resets both states and AWS.
    pub(super) fn reset(&mut self) {
        self.world().restore(&self.beginning);
        for rival in &mut self.pair {
            rival.stored = StoredResource::absent(rival.stored.resource);
            rival.world.network.take_calls();
        }
    }

    pub(super) fn world(&self) -> &World {
        &self.pair[0].world
    }

    pub(super) async fn inventory(&self) -> Inventory {
        inventory(self.world()).await
    }

    pub(super) async fn run(&mut self, index: usize) -> Run {
        let Rival { world, config, stored, .. } = &mut self.pair[index];
        stored.run(world, config).await
    }

    /// Runs both concurrently: the second starts when the first has made `head_start` calls.
    pub(super) async fn race(&mut self, head_start: usize) -> [Run; 2] {
        let [first, second] = &mut self.pair;
        let (clock, network, over) = (first.world.clock.clone(), first.world.network.clone(), Cell::new(false));
        let both = BothNetworks([first.world.network.clone(), second.world.network.clone()]);
        let begins = poll_fn(|_| match over.get() || network.count_calls() >= head_start {
            true => Poll::Ready(()),
            false => Poll::Pending,
        });
        let one = async {
            let run = first.stored.run_concurrently(&first.world, &first.config).await;
            over.set(true);
            run
        };
        let other = async {
            begins.await;
            second.stored.run_concurrently(&second.world, &second.config).await
        };
        match simulate(&clock, &both, join(one, other)).await {
            Outcome::Done((one, other)) => [one, other],
            Outcome::Killed => unreachable!("each is killed separately"),
        }
    }

    /// Suspends the first after `asleep` calls; then the second starts, and after `awake` calls of the second, or at
    /// its end, the first resumes.
    pub(super) async fn race_with_suspension(&mut self, asleep: usize, awake: usize) -> [Run; 2] {
        let [first, second] = &mut self.pair;
        let (clock, over) = (first.world.clock.clone(), Cell::new(false));
        let networks = [first.world.network.clone(), second.world.network.clone()];
        let is_asleep = || networks[0].count_calls() >= asleep && networks[1].count_calls() < awake && !over.get();
        let mut one = pin!(first.stored.run_concurrently(&first.world, &first.config));
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
            let run = second.stored.run_concurrently(&second.world, &second.config).await;
            over.set(true);
            run
        });
        let other = poll_fn(|context| {
            let polled = other.as_mut().poll(context);
            alarm.take().into_iter().filter(|_| !is_asleep()).for_each(Waker::wake);
            polled
        });
        // A suspended process does not hold up time.
        let environment = WithSuspended { networks: &networks, is_asleep: &is_asleep };
        match simulate(&clock, &environment, join(one, other)).await {
            Outcome::Done((one, other)) => [one, other],
            Outcome::Killed => unreachable!("nothing is killed"),
        }
    }

    /// Asserts that `winner` owns the name: its objects are complete, and the other state is rejected and changes
    /// nothing.
    pub(super) async fn assert_owned_by(&mut self, winner: usize, what: &str) {
        let loser = 1 - winner;
        assert_eq!(self.pair[loser].stored.value, Value::Null, "{what}: the state of the loser is not empty");
        self.assert_state_of(winner, what).await;
        let advice = format!("import it by the name {:?}", text(&self.pair[loser].config, "name"));
        assert_refused(&self.run(loser).await, &advice, what);
        let Rival { world, stored, .. } = &mut self.pair[loser];
        assert_eq!(
            stored.run(world, &Value::Null).await,
            Run::Succeeded { empty: true },
            "{what}: the loser has nothing to destroy"
        );
        self.assert_state_of(winner, what).await;
        assert_eq!(self.run(winner).await, Run::Succeeded { empty: true }, "{what}: the winner's plan is not empty");
        let Rival { world, stored, .. } = &mut self.pair[winner];
        assert!(stored.run(world, &Value::Null).await.succeeded(), "{what}: the winner destroys it");
        let left = difference(&self.baseline, &self.inventory().await);
        assert!(left.is_empty(), "{what}: left after the destroy: {left:#?}");
    }

    async fn assert_state_of(&self, winner: usize, what: &str) {
        let differing = difference(&self.pair[winner].expected, &self.inventory().await);
        assert!(differing.is_empty(), "{what}: the inventory differs from what the winner created: {differing:#?}");
    }
}

/// The networks of both states, which share one clock.
struct BothNetworks([Network; 2]);

impl Environment for BothNetworks {
    fn is_busy(&self) -> bool {
        self.0.iter().any(Environment::is_busy)
    }

    /// Each process is killed separately.
    fn is_killed(&self) -> bool {
        false
    }

    fn advance(&self, by: Duration) {
        self.0[0].advance(by);
    }
}

/// [`BothNetworks`], of which the first may be suspended.
struct WithSuspended<'a> {
    networks: &'a [Network; 2],
    is_asleep: &'a dyn Fn() -> bool,
}

impl Environment for WithSuspended<'_> {
    fn is_busy(&self) -> bool {
        self.networks.iter().skip(usize::from((self.is_asleep)())).any(Environment::is_busy)
    }

    fn is_killed(&self) -> bool {
        false
    }

    fn advance(&self, by: Duration) {
        self.networks[0].advance(by);
    }
}

/// The text of a run's errors.
pub(super) fn messages(run: &Run) -> String {
    match run {
        Run::Failed(errors) => {
            errors.iter().map(|Diagnostic { summary, detail, .. }| format!("{summary}: {detail}\n")).collect()
        }
        other => format!("{other:?}"),
    }
}

pub(super) fn assert_refused(run: &Run, because: &str, what: &str) {
    assert!(
        matches!(run, Run::Failed(_)) && messages(run).contains(because),
        "{what}: {because:?} is not in {}",
        messages(run)
    );
}
