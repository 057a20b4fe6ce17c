//! The topologies under test. Each is tested with all operations.

use serde_json::{Value as Json, json};

use super::host::StoredResource;
use super::world::{World, config, resource, text};

/// The zone of all domains.
pub(super) const ZONE: &str = "faults.example";

/// A topology.
pub(super) struct Topology {
    pub(super) name: &'static str,
    /// Its configuration, given the id of the zone.
    pub(super) config: fn(&World, &str) -> Json,
}

pub(super) const ALL: &[Topology] = &[
    Topology { name: "one-region", config: one_region },
    Topology { name: "failover", config: failover },
    Topology { name: "latency", config: latency },
    Topology { name: "cdn-group", config: cdn_group },
    Topology { name: "key-value-store", config: key_value_store },
];

/// The topology of this name.
pub(super) fn topology(name: &str) -> &'static Topology {
    ALL.iter().find(|topology| topology.name == name).expect("a known topology")
}

/// Creates the zone; returns its id.
pub(super) async fn zone(world: &World) -> String {
    let mut zone = StoredResource::absent(resource("multiregion_zone"));
    let run = zone.run(world, &config(zone.resource, &json!({ "name": ZONE }))).await;
    assert!(run.succeeded(), "the zone is created: {run:?}");
    text(&zone.value, "id").to_owned()
}

fn one_region(world: &World, _: &str) -> Json {
    json!({ "name": "giraffe", "regions": { "us-east-1": {} }, "function": world.function() })
}

fn failover(world: &World, zone_id: &str) -> Json {
    json!({
        "name": "giraffe",
        "regions": { "us-east-1": { "primary": true }, "us-west-2": {} },
        "function": world.function(),
        "domain": { "name": format!("api.{ZONE}"), "zone_id": zone_id },
        "routing": { "policy": "failover", "health_check": { "path": "/health" } },
    })
}

fn latency(world: &World, zone_id: &str) -> Json {
    json!({
        "name": "giraffe",
        "regions": { "us-east-1": {}, "us-west-2": {}, "eu-central-1": {} },
        "function": world.function(),
        "domain": { "name": format!("api.{ZONE}"), "zone_id": zone_id, "regional_names": true },
        "routing": { "policy": "latency", "health_check": { "path": "/health" } },
    })
}

fn cdn_group(world: &World, _: &str) -> Json {
    json!({
        "name": "giraffe",
        "regions": { "us-east-1": { "primary": true }, "us-west-2": {} },
        "function": world.function(),
        "cdn": { "origin": "group", "failover_status_codes": [502, 503, 504] },
    })
}

fn key_value_store(world: &World, _: &str) -> Json {
    json!({
        "name": "giraffe",
        "regions": { "us-east-1": { "primary": true }, "us-west-2": {} },
        "function": world.function(),
        "cdn": { "origin": "key_value_store" },
    })
}
