//! A bad version in the second of three waves, while clients send requests: only clients of that wave see errors, and all
//! regions return to the previous version. The process can be killed at any call.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};
use strict_aws::Call;

use super::host::{Run, StoredResource};
use super::matrix::runtime;
use super::topologies::{self, topology};
use super::traffic::{TrafficMonitor, names};
use super::world::{Sources, World, config, resource};

/// The waves, with one region each.
const WAVES: [&str; 3] = ["eu-central-1", "us-west-2", "us-east-1"];

/// The region whose new version fails.
const BAD: &str = WAVES[1];

/// A region near the clients that [`BAD`] answers.
const NEAR_BAD: &str = "ap-southeast-2";

/// How long clients may see errors: the time for which a probe may fail, and the calls of the rollback.
const LONGEST_OUTAGE: Duration = Duration::from_secs(12);

/// A running API with a rollout of three waves.
struct Rollout {
    world: World,
    api: Json,
    stored: StoredResource,
}

impl Rollout {
    async fn start() -> Self {
        Self::start_with(json!({ "waves": WAVES.map(|region| [region]), "verify": { "requests": 2 } })).await
    }

    async fn start_with(settings: Json) -> Self {
        let world = World::start(&Arc::new(Sources::new())).await;
        let zone_id = topologies::zone(&world).await;
        let mut api = (topology("latency").config)(&world, &zone_id);
        api["rollout"] = settings;
        let mut stored = StoredResource::absent(resource("multiregion_api"));
        let run = stored.run(&world, &config(stored.resource, &api)).await;
        assert!(run.succeeded(), "{run:?}");
        world.network.take_calls();
        Self { world, api, stored }
    }

    /// The second version of the code, which fails behind the API of a region if `fails`.
    fn second(&self, fails: bool) -> Json {
        let mut api = self.api.clone();
        api["function"]["source_dir"] = json!(self.world.source("second"));
        if fails {
            api["regions"][BAD]["environment"] = json!({ "FAILS": "behind_api" });
        }
        api
    }

    async fn apply(&mut self, api: &Json) -> Run {
        self.stored.run(&self.world, &config(self.stored.resource, api)).await
    }
}

/// The changes of aliases: region and time, in order.
fn moves(calls: &[Call]) -> Vec<(String, Duration)> {
    let moves = calls.iter().filter(|call| call.operation == "UpdateAlias");
    moves.map(|call| (call.region.clone(), call.ended)).collect()
}

#[test]
fn a_bad_version_in_the_second_wave_does_not_reach_the_other_clients() {
    runtime().block_on(async {
        let mut rollout = Rollout::start().await;
        rollout.world.network.monitor(Some(TrafficMonitor::for_change()));
        let bad = rollout.second(true);
        let run = rollout.apply(&bad).await;
        assert!(matches!(run, Run::Failed(_)), "{run:?}");
        let served = names(&rollout.world.aws).await;
        let outages = rollout.world.network.monitor(None).expect("the monitor").outages(&served);
        assert!(!outages.is_empty(), "clients of {BAD} see errors until the rollback");
        for outage in &outages {
            let who = outage.split(" after ").next().unwrap_or_default();
            assert!(who.contains(BAD) || who.ends_with(NEAR_BAD), "{outage}");
        }

        let moves = moves(&rollout.world.network.take_calls());
        let regions: Vec<&str> = moves.iter().map(|(region, _)| region.as_str()).collect();
        let (forward, mut back) = (regions[..2].to_vec(), regions[2..].to_vec());
        back.sort_unstable();
        assert_eq!((forward, back), (vec![WAVES[0], BAD], vec![WAVES[0], BAD]), "{moves:?}");
        let last = moves.iter().map(|(_, ended)| *ended).max().expect("a move");
        assert!(last - moves[1].1 <= LONGEST_OUTAGE, "{moves:?}");

        // Nobody sees an error while the corrected version reaches all regions.
        rollout.world.network.monitor(Some(TrafficMonitor::for_change()));
        let good = rollout.second(false);
        let run = rollout.apply(&good).await;
        assert!(run.succeeded(), "{run:?}");
        let outages = rollout.world.network.monitor(None).expect("the monitor").outages(&served);
        assert!(outages.is_empty(), "{outages:?}");
        let moves = self::moves(&rollout.world.network.take_calls());
        let regions: Vec<&str> = moves.iter().map(|(region, _)| region.as_str()).collect();
        assert_eq!(regions, WAVES);
        assert_eq!(rollout.apply(&good).await, Run::Succeeded { empty: true });
    });
}

/// All regions are in one wave. Those whose canaries have answered wait for the bake time when another one fails.
#[test]
fn a_canary_that_fails_ends_the_others_of_its_wave() {
    runtime().block_on(async {
        let settings = json!({ "waves": [], "canary_percent": 25, "bake_seconds": 60, "verify": { "requests": 4 } });
        let mut rollout = Rollout::start_with(settings).await;
        let bad = rollout.second(true);
        let run = rollout.apply(&bad).await;
        assert!(matches!(run, Run::Failed(_)), "{run:?}");
        let moves = moves(&rollout.world.network.take_calls());
        let mut regions: Vec<&str> = moves.iter().map(|(region, _)| region.as_str()).collect();
        regions.sort_unstable();
        assert_eq!(regions, [WAVES[0], WAVES[0], WAVES[2], WAVES[2], BAD, BAD], "a shift and a return: {moves:?}");
        let (first, last) = (moves[0].1, moves[moves.len() - 1].1);
        assert!(last - first <= LONGEST_OUTAGE, "{moves:?}");

        let good = rollout.second(false);
        let run = rollout.apply(&good).await;
        assert!(run.succeeded(), "{run:?}");
        let moves = self::moves(&rollout.world.network.take_calls());
        assert_eq!(moves.len(), 2 * WAVES.len(), "a share, and then all requests: {moves:?}");
        assert!(moves[5].1 - moves[0].1 >= Duration::from_secs(60), "{moves:?}");
        assert_eq!(rollout.apply(&good).await, Run::Succeeded { empty: true });
    });
}

/// How many calls lie between two kills.
const STEP: usize = 7;

#[test]
fn a_rollout_or_rollback_that_is_killed_is_continued() {
    runtime().block_on(async {
        let mut rollout = Rollout::start().await;
        let (moment, stored) = (rollout.world.moment(), rollout.stored.clone());
        let (bad, good) = (rollout.second(true), rollout.second(false));
        rollout.apply(&bad).await;
        let calls = rollout.world.network.take_calls();
        let first = calls.iter().position(Call::writes).expect("a change");
        for k in (first..=calls.len()).step_by(STEP) {
            rollout.world.restore(&moment);
            rollout.stored = stored.clone();
            rollout.world.network.kill_after(k);
            let run = rollout.apply(&bad).await;
            assert!(!run.succeeded(), "killed after {k}: {run:?}");
            let run = rollout.apply(&good).await;
            assert!(run.succeeded(), "killed after {k}: {run:?}");
            assert_eq!(rollout.apply(&good).await, Run::Succeeded { empty: true }, "killed after {k}");
            for region in WAVES {
                let name = format!("{region}.api.{}", topologies::ZONE);
                let status = rollout.world.aws.status_of(&name, &name, "/health", region).await.expect("a response");
                assert_eq!(status, 200, "{region}, killed after {k}");
            }
        }
    });
}
