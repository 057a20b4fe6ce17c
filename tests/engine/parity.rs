//! The in-memory AWS and ministack behave alike: the same lifecycle on both, compared after every step.

use std::collections::{BTreeMap, BTreeSet};

use multiregion::wire::Value;
use serde_json::{Value as Json, json};
use strict_aws::{Call, Options};

use super::world::{Subject, World};

/// One of the two backends, and the resources in it.
struct Side {
    world: World,
    zone: Subject,
    api: Subject,
}

impl Side {
    async fn new(options: Options) -> Self {
        let world = World::on(options).await;
        let mut zone = Subject::new("multiregion_zone");
        let config = zone.config(&json!({ "name": "parity.example", "comment": "parity" }));
        world.apply(&mut zone, &config).await;
        Self { world, zone, api: Subject::new("multiregion_api") }
    }

    async fn apply(&mut self, change: impl Fn(&mut Json)) {
        let mut config = json!({
            "name": "parity",
            "regions": { "us-east-1": {}, "us-west-2": { "environment": { "GREETING": "hi" } } },
            "function": self.world.function(),
            "gateway": { "cors": { "allow_origins": ["*"] }, "throttle": { "rate": 10, "burst": 5 }, "access_log": {} },
            "domain": { "name": "api.parity.example", "zone_id": self.zone.text("id"), "regional_names": true },
            "routing": { "policy": "latency", "health_check": { "path": "/health" }, "drain_seconds": 0 },
            "cdn": { "origin": "latency" },
            "tags": { "team": "zoo" },
        });
        change(&mut config);
        let config = self.api.config(&config);
        self.world.apply(&mut self.api, &config).await;
    }

    /// Every object in the account, as text that can be compared line by line.
    async fn inventory(&self) -> BTreeMap<String, String> {
        let inventory = self.world.local.inventory().await.expect("the inventory is taken").normalized();
        let pretty = |value: &Json| serde_json::to_string_pretty(&without_empty(value)).expect("it is JSON");
        inventory.objects.iter().map(|(key, value)| (key.clone(), pretty(value))).collect()
    }

    /// The calls since the last step: how often each write was sent, and which reads were sent. The number of reads
    /// depends on timing.
    fn calls(&self) -> (BTreeMap<String, usize>, BTreeSet<String>) {
        let calls = self.world.local.calls();
        self.world.local.clear_calls();
        let describe = |call: &Call| format!("{} {}", call.name(), call.error.as_deref().unwrap_or("done"));
        let (writes, reads): (Vec<_>, Vec<_>) = calls.iter().partition(|call| call.writes());
        let mut counts = BTreeMap::new();
        for call in writes {
            *counts.entry(describe(call)).or_default() += 1;
        }
        (counts, reads.into_iter().map(Call::name).collect())
    }
}

/// Removes empty values, which AWS and the in-memory AWS return and ministack omits.
fn without_empty(value: &Json) -> Json {
    let is_empty = |value: &Json| {
        matches!(value.as_str(), Some("" | "false" | "0" | "none"))
            || [json!(null), json!({}), json!([])].contains(value)
    };
    match value {
        Json::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), without_empty(value)));
            fields.filter(|(_, value)| !is_empty(value)).collect()
        }
        Json::Array(items) => items.iter().map(without_empty).collect(),
        other => other.clone(),
    }
}

async fn assert_alike(step: &str, sides: &[Side; 2]) {
    let [left, right] = [sides[0].inventory().await, sides[1].inventory().await];
    let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    let differing: Vec<_> =
        names.into_iter().filter_map(|name| difference(name, left.get(name), right.get(name))).collect();
    assert!(
        differing.is_empty(),
        "after {step}, ministack (-) and the in-memory AWS (+) differ:\n{}",
        differing.join("\n\n")
    );
    assert_eq!(sides[0].calls(), sides[1].calls(), "the calls of {step}");
}

/// The lines that only one of two descriptions has, or `None` when the descriptions are equal.
fn difference(name: &str, left: Option<&String>, right: Option<&String>) -> Option<String> {
    if left == right {
        return None;
    }
    let lines = |text: Option<&String>| text.into_iter().flat_map(|text| text.lines()).map(str::to_owned).collect();
    let (left, right): (Vec<String>, Vec<String>) = (lines(left), lines(right));
    let missing = left.iter().filter(|line| !right.contains(line)).map(|line| format!("- {line}"));
    let added = right.iter().filter(|line| !left.contains(line)).map(|line| format!("+ {line}"));
    Some(format!("{name}\n{}", missing.chain(added).collect::<Vec<_>>().join("\n")))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_lifecycle_has_the_same_effects_in_both() {
    let mut sides = [Side::new(Options::immediate()).await, Side::new(Options::in_memory()).await];
    assert_alike("the zone", &sides).await;
    type Change = fn(&mut Json);
    let steps: [(&str, Change); 7] = [
        ("create", |_| {}),
        ("a changed setting", |config| config["function"]["memory_mb"] = json!(512)),
        ("a changed environment", |config| config["regions"]["us-east-1"] = json!({"environment": {"ADDED": "yes"}})),
        ("an added region", |config| config["regions"]["eu-central-1"] = json!({})),
        ("a drained region", |config| config["drained"] = json!(["us-west-2"])),
        ("a weighted policy", |config| config["routing"]["policy"] = json!("weighted")),
        ("a changed path and no CORS", |config| {
            config["routing"]["health_check"]["path"] = json!("/alive");
            config["gateway"] = json!({});
        }),
    ];
    for (step, change) in steps {
        for side in &mut sides {
            side.apply(change).await;
        }
        assert_alike(step, &sides).await;
    }
    for side in &mut sides {
        side.world.rewrite();
        side.apply(|_| {}).await;
    }
    assert_alike("changed code", &sides).await;
    for side in &mut sides {
        side.world.apply(&mut side.api, &Value::Null).await;
        side.world.apply(&mut side.zone, &Value::Null).await;
        assert!(side.world.local.inventory().await.expect("the inventory is taken").is_empty());
    }
    assert_alike("destroy", &sides).await;
}
