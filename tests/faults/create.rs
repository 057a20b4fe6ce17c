//! A create that fails, and the check that the next apply continues it.

use std::sync::Arc;

use multiregion::wire::Value;
use serde_json::json;
use strict_aws::{Call, Inventory};

use super::compare::{difference, inventory};
use super::host::{Run, StoredResource};
use super::topologies::{self, topology};
use super::world::{Moment, Sources, World, config, resource};

/// A resource to create, and a fault-free create of it.
pub(super) struct Create {
    pub(super) world: World,
    beginning: Moment,
    /// The inventory without the resource.
    baseline: Inventory,
    pub(super) to: Value,
    /// The resource in the host's state before the create: absent.
    pub(super) stored: StoredResource,
    /// The inventory after a fault-free create.
    expected: Inventory,
    /// The calls of a fault-free create.
    pub(super) calls: Vec<Call>,
}

impl Create {
    /// The create of a zone, or of an API with the topology of this name.
    pub(super) async fn of(name: &str, on_create_failure: &str) -> Self {
        let world = World::start(&Arc::new(Sources::new())).await;
        let (type_name, wanted) = if name == "zone" {
            ("multiregion_zone", json!({ "name": "create.example" }))
        } else {
            let zone_id = topologies::zone(&world).await;
            let mut wanted = (topology(name).config)(&world, &zone_id);
            wanted["on_create_failure"] = json!(on_create_failure);
            ("multiregion_api", wanted)
        };
        let stored = StoredResource::absent(resource(type_name));
        let to = config(stored.resource, &wanted);
        let (beginning, baseline) = (world.moment(), inventory(&world).await);
        world.network.take_calls();
        assert!(stored.clone().run(&world, &to).await.succeeded(), "{name} can be created");
        let (calls, expected) = (world.network.take_calls(), inventory(&world).await);
        Self { world, beginning, baseline, to, stored, expected, calls }
    }

    /// Restores the world before the create.
    pub(super) fn reset(&self) {
        self.world.restore(&self.beginning);
        self.world.network.take_calls();
    }

    /// The problems after a failed create: an absent state must mean that nothing is left, the next apply must reach the
    /// result of a fault-free create, the plan after it must be empty, and a destroy must leave nothing.
    pub(super) async fn problems_after(&self, stored: &mut StoredResource) -> Vec<String> {
        let (world, mut problems) = (&self.world, Vec::new());
        if stored.value == Value::Null {
            let left = difference(&self.baseline, &inventory(world).await);
            problems.extend(left.into_iter().map(|left| format!("missing from the state: {left}")));
        }
        let run = stored.run(world, &self.to).await;
        if !run.succeeded() {
            problems.push(format!("the next apply failed: {run:?}"));
        }
        let run = stored.run(world, &self.to).await;
        if run != (Run::Succeeded { empty: true }) {
            problems.push(format!("the plan after it is not empty: {run:?}"));
        }
        problems.extend(difference(&self.expected, &inventory(world).await));
        let run = stored.run(world, &Value::Null).await;
        if !run.succeeded() {
            problems.push(format!("the destroy failed: {run:?}"));
        }
        let left = difference(&self.baseline, &inventory(world).await);
        problems.extend(left.into_iter().map(|left| format!("left after the destroy: {left}")));
        problems
    }
}
