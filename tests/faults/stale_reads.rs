//! Stale reads: for a while after a write AWS may return the previous state, and the provider must not be misled.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::future::FutureExt;
use multiregion::wire::Value;
use serde_json::Value as Json;

use super::compare::{changed, difference, inventory};
use super::host::{Run, StoredResource};
use super::matrix::runtime;
use super::operations;
use super::scenario::Problems;
use super::topologies::{self, Topology};
use super::world::{Sources, World, config, resource};

/// The number of runs, each with another seed.
const SEEDS: usize = 20;
const THREADS: usize = 2;
/// The operations of every run, each right after the previous one.
const OPERATIONS: [&str; 2] = ["code", "add-region"];

/// An API in an AWS with stale reads.
struct Lifecycle<'a> {
    world: &'a World,
    api: StoredResource,
    problems: Problems,
}

impl Lifecycle<'_> {
    async fn run(&mut self, topology: &Topology) {
        // The zone is created right before the API.
        let zone_id = topologies::zone(self.world).await;
        let baseline = inventory(self.world).await;
        let new = (topology.config)(self.world, &zone_id);
        self.apply("create", &new).await;
        for operation in operations::ALL.iter().filter(|operation| OPERATIONS.contains(&operation.name)) {
            let Some((from, to)) = (operation.change)(self.world, new.clone()) else { continue };
            self.apply(&format!("before {}", operation.name), &from).await;
            self.apply(operation.name, &to).await;
        }
        self.destroy().await;
        self.apply("create again", &new).await;
        self.destroy().await;
        let left = difference(&baseline, &inventory(self.world).await);
        self.problems.unless(left.is_empty(), || format!("left after the destroy: {left:?}"));
    }

    async fn apply(&mut self, what: &str, to: &Json) {
        let to = config(self.api.resource, to);
        let run = self.api.run(self.world, &to).await;
        self.problems.expect_success(what, &run);
        let before = self.api.value.clone();
        let run = self.api.run(self.world, &to).await;
        let differing = changed(&before, &self.api.value);
        self.problems.unless(run == Run::Succeeded { empty: true } && differing.is_empty(), || {
            format!("the plan after {what} is not empty: {run:?}, {differing:?}")
        });
    }

    async fn destroy(&mut self) {
        let run = self.api.run(self.world, &Value::Null).await;
        self.problems.expect_success("the destroy", &run);
    }
}

/// The problems of the run with this seed.
async fn run_seed(sources: &Arc<Sources>, seed: usize) -> Vec<String> {
    let world = World::start(sources).await;
    world.delay_reads(&seed.to_string());
    // The others lack the operations.
    let all: Vec<&Topology> = topologies::ALL.iter().filter(|topology| topology.has_all_operations()).collect();
    let topology = all[seed % all.len()];
    let mut lifecycle = Lifecycle {
        world: &world,
        api: StoredResource::absent(resource("multiregion_api")),
        problems: Problems::default(),
    };
    lifecycle.run(topology).await;
    lifecycle.problems.0.into_iter().map(|problem| format!("seed {seed}, {}: {problem}", topology.name)).collect()
}

/// `MULTIREGION_SEED` selects one seed.
#[test]
fn stale_reads_do_not_mislead_the_provider() {
    let sources = Arc::new(Sources::new());
    let only: Option<usize> = std::env::var("MULTIREGION_SEED").ok().map(|seed| seed.parse().expect("a number"));
    let seeds: Vec<usize> = only.map_or_else(|| (0..SEEDS).collect(), |seed| vec![seed]);
    let run_one = |seed: &usize| {
        let run = AssertUnwindSafe(run_seed(&sources, *seed)).catch_unwind();
        runtime().block_on(run).unwrap_or_else(|_| vec![format!("seed {seed} panics")])
    };
    let run_all = |share: &[usize]| share.iter().flat_map(run_one).collect::<Vec<String>>();
    let problems: Vec<String> = std::thread::scope(|scope| {
        let shares = seeds.chunks(SEEDS.div_ceil(THREADS));
        let threads: Vec<_> = shares.map(|share| scope.spawn(|| run_all(share))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
