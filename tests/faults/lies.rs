//! Replies that lie: for a while after a write AWS tells what was before it, and that misleads nobody.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::future::FutureExt;
use multiregion::wire::Value;
use serde_json::Value as Json;

use super::compare::{changed, difference, inventory};
use super::host::{Kept, Run};
use super::matrix::runtime;
use super::operations;
use super::topologies::{self, Topology};
use super::world::{Sources, World, config, resource};

/// How many lives are led, each among other lies.
const SEEDS: usize = 20;
const THREADS: usize = 2;
/// What is done in every life, one apply right after the other.
const DEEDS: [&str; 2] = ["code", "add-region"];

/// An API in an AWS that lies.
struct Life<'a> {
    world: &'a World,
    api: Kept,
    /// What was not as promised.
    problems: Vec<String>,
}

impl Life<'_> {
    async fn lead(&mut self, topology: &Topology) {
        // The zone is made a moment before the API.
        let zone_id = topologies::zone(self.world).await;
        let nothing = inventory(self.world).await;
        let new = (topology.config)(self.world, &zone_id);
        self.becomes("create", &new).await;
        for operation in operations::ALL.iter().filter(|operation| DEEDS.contains(&operation.name)) {
            let Some((from, to)) = (operation.change)(self.world, new.clone()) else { continue };
            self.becomes(&format!("before {}", operation.name), &from).await;
            self.becomes(operation.name, &to).await;
        }
        self.ends().await;
        self.becomes("create again", &new).await;
        self.ends().await;
        let left = difference(&nothing, &inventory(self.world).await);
        self.unless(left.is_empty(), || format!("left after the destroy: {left:?}"));
    }

    async fn becomes(&mut self, what: &str, to: &Json) {
        let to = config(self.api.resource, to);
        let run = self.api.run(self.world, &to).await;
        self.unless(run.is_well(), || format!("{what} does not end well: {run:?}"));
        let before = self.api.value.clone();
        let run = self.api.run(self.world, &to).await;
        let differing = changed(&before, &self.api.value);
        self.unless(run == Run::Well { empty: true } && differing.is_empty(), || {
            format!("the plan after {what} is not empty: {run:?}, {differing:?}")
        });
    }

    async fn ends(&mut self) {
        let run = self.api.run(self.world, &Value::Null).await;
        self.unless(run.is_well(), || format!("destroy does not end well: {run:?}"));
    }

    fn unless(&mut self, fine: bool, problem: impl FnOnce() -> String) {
        if !fine {
            self.problems.push(problem());
        }
    }
}

/// What was not as promised in the life of this seed.
async fn life(sources: &Arc<Sources>, seed: usize) -> Vec<String> {
    let world = World::start(sources).await;
    world.lie(&seed.to_string());
    let topology = &topologies::ALL[seed % topologies::ALL.len()];
    let mut life = Life { world: &world, api: Kept::nothing(resource("multiregion_api")), problems: Vec::new() };
    life.lead(topology).await;
    life.problems.into_iter().map(|problem| format!("seed {seed}, {}: {problem}", topology.name)).collect()
}

/// `MULTIREGION_SEED` picks one.
#[test]
fn replies_that_lie_mislead_nobody() {
    let sources = Arc::new(Sources::new());
    let only: Option<usize> = std::env::var("MULTIREGION_SEED").ok().map(|seed| seed.parse().expect("a number"));
    let seeds: Vec<usize> = only.map_or_else(|| (0..SEEDS).collect(), |seed| vec![seed]);
    let live_once = |seed: &usize| {
        let life = AssertUnwindSafe(life(&sources, *seed)).catch_unwind();
        runtime().block_on(life).unwrap_or_else(|_| vec![format!("seed {seed} panics")])
    };
    let live = |share: &[usize]| share.iter().flat_map(live_once).collect::<Vec<String>>();
    let problems: Vec<String> = std::thread::scope(|scope| {
        let shares = seeds.chunks(SEEDS.div_ceil(THREADS));
        let threads: Vec<_> = shares.map(|share| scope.spawn(|| live(share))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
