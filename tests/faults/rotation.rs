//! The rotation of a write-only API key, killed at every call: at any time all regions accept the old value, or all accept the
//! new one, and the next apply completes the rotation.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use strict_aws::Call;

use super::host::{Run, StoredResource};
use super::matrix::runtime;
use super::world::{Sources, World, config, resource};

const REGIONS: [&str; 2] = ["us-east-1", "us-west-2"];
const FIRST: &str = "first-c4n4ry-0123456789";
const SECOND: &str = "second-c4n4ry-0123456789";

/// An API with this value of its key.
fn api(world: &World, value: &str, version: u8) -> Json {
    let key = json!({ "value_wo": value, "value_wo_version": version });
    json!({
        "name": "giraffe",
        "regions": { REGIONS[0]: {}, REGIONS[1]: {} },
        "function": world.function(),
        "gateway": { "protocol": "rest", "routes": ["GET /items"], "api_keys": { "partner": key } },
    })
}

/// The values that every region accepts.
async fn common(world: &World) -> BTreeSet<String> {
    let [east, west] = REGIONS.map(|region| world.api_keys(region));
    let (east, west): (BTreeSet<_>, BTreeSet<_>) = (east.await.into_iter().collect(), west.await.into_iter().collect());
    &east & &west
}

fn assert_absent(stored: &StoredResource, what: &str) {
    let state = format!("{:?} {}", stored.value, String::from_utf8_lossy(&stored.private));
    assert!(!state.contains("c4n4ry"), "{what}: the state contains a write-only value: {state}");
}

#[test]
fn a_rotation_that_is_killed_is_continued_without_a_gap() {
    runtime().block_on(async {
        let world = World::start(&Arc::new(Sources::new())).await;
        let mut stored = StoredResource::absent(resource("multiregion_api"));
        let old = config(stored.resource, &api(&world, FIRST, 1));
        let new = config(stored.resource, &api(&world, SECOND, 2));
        let run = stored.run(&world, &old).await;
        assert!(run.succeeded(), "{run:?}");
        let (moment, before) = (world.moment(), stored.clone());
        world.network.take_calls();
        let run = stored.run(&world, &new).await;
        assert!(run.succeeded(), "{run:?}");
        let calls = world.network.take_calls();
        let first = calls.iter().position(Call::writes).expect("a change");
        for k in first..=calls.len() {
            let what = format!("killed after call {k} of {}", calls.len());
            world.restore(&moment);
            stored = before.clone();
            world.network.kill_after(k);
            assert_eq!(stored.run(&world, &new).await, Run::Killed, "{what}");
            assert!(!common(&world).await.is_empty(), "{what}: no value is accepted in all regions");
            assert_absent(&stored, &what);

            let run = stored.run(&world, &new).await;
            assert!(run.succeeded(), "{what}: {run:?}");
            for region in REGIONS {
                assert_eq!(world.api_keys(region).await, [SECOND], "{what}, {region}");
            }
            assert_absent(&stored, &what);
            assert_eq!(stored.run(&world, &new).await, Run::Succeeded { empty: true }, "{what}");
        }
    });
}
