//! The AWS in memory and ministack behave the same: one life on both, compared after every step.

use std::collections::{BTreeMap, BTreeSet};

use multiregion::wire::Value;
use serde_json::{Value as Json, json};
use strict_aws::{Call, Options};

use super::world::{Subject, World};

/// One of the two, and the resources on it.
struct Twin {
    world: World,
    zone: Subject,
    api: Subject,
}

impl Twin {
    async fn born(options: Options) -> Self {
        let world = World::on(options).await;
        let mut zone = Subject::new("multiregion_zone");
        let config = zone.config(&json!({ "name": "twins.example", "comment": "twins" }));
        world.apply(&mut zone, &config).await;
        Self { world, zone, api: Subject::new("multiregion_api") }
    }

    async fn apply(&mut self, change: impl Fn(&mut Json)) {
        let mut config = json!({
            "name": "twins",
            "regions": { "us-east-1": {}, "us-west-2": { "environment": { "GREETING": "hi" } } },
            "function": self.world.function(),
            "gateway": { "cors": { "allow_origins": ["*"] }, "throttle": { "rate": 10, "burst": 5 }, "access_log": {} },
            "domain": { "name": "api.twins.example", "zone_id": self.zone.text("id"), "regional_names": true },
            "routing": { "policy": "latency", "health_check": { "path": "/health" }, "drain_seconds": 0 },
            "cdn": { "origin": "latency" },
            "tags": { "team": "zoo" },
        });
        change(&mut config);
        let config = self.api.config(&config);
        self.world.apply(&mut self.api, &config).await;
    }

    /// Everything that exists, as text that can be compared line by line.
    async fn inventory(&self) -> BTreeMap<String, String> {
        let inventory = self.world.local.inventory().await.expect("the inventory is taken").normalized();
        let pretty = |value: &Json| serde_json::to_string_pretty(&essence(value)).expect("it is JSON");
        inventory.objects.iter().map(|(key, value)| (key.clone(), pretty(value))).collect()
    }

    /// The calls since the last time: how often each was made that changes something, and which look. How often one
    /// looks is a matter of time.
    fn calls(&self) -> (BTreeMap<String, usize>, BTreeSet<String>) {
        let calls = self.world.local.calls();
        self.world.local.clear_calls();
        let spelled = |call: &Call| format!("{} {}", call.name(), call.error.as_deref().unwrap_or("done"));
        let (writes, reads): (Vec<_>, Vec<_>) = calls.iter().partition(|call| call.writes());
        let mut counted = BTreeMap::new();
        for call in writes {
            *counted.entry(spelled(call)).or_default() += 1;
        }
        (counted, reads.into_iter().map(Call::name).collect())
    }
}

/// Without what stands for nothing, which AWS and the memory tell and ministack leaves out.
fn essence(value: &Json) -> Json {
    let is_nothing = |value: &Json| {
        matches!(value.as_str(), Some("" | "false" | "0" | "none"))
            || [json!(null), json!({}), json!([])].contains(value)
    };
    match value {
        Json::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), essence(value)));
            fields.filter(|(_, value)| !is_nothing(value)).collect()
        }
        Json::Array(items) => items.iter().map(essence).collect(),
        other => other.clone(),
    }
}

async fn are_alike(step: &str, twins: &[Twin; 2]) {
    let [left, right] = [twins[0].inventory().await, twins[1].inventory().await];
    let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    let differing: Vec<_> =
        names.into_iter().filter_map(|name| difference(name, left.get(name), right.get(name))).collect();
    assert!(differing.is_empty(), "after {step}, ministack and the memory differ:\n{}", differing.join("\n\n"));
    assert_eq!(twins[0].calls(), twins[1].calls(), "the calls of {step}");
}

/// The lines that only one of two descriptions has; `None` when they are equal.
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
async fn one_life_is_the_same_on_both() {
    let mut twins = [Twin::born(Options::immediate()).await, Twin::born(Options::in_memory()).await];
    are_alike("the zone", &twins).await;
    type Change = fn(&mut Json);
    let steps: [(&str, Change); 7] = [
        ("create", |_| {}),
        ("a changed setting", |config| config["function"]["memory_mb"] = json!(512)),
        ("a changed environment", |config| config["regions"]["us-east-1"] = json!({"environment": {"ADDED": "yes"}})),
        ("an added region", |config| config["regions"]["eu-central-1"] = json!({})),
        ("a drained region", |config| config["regions"]["us-west-2"]["traffic"] = json!("drained")),
        ("a weighted policy", |config| config["routing"]["policy"] = json!("weighted")),
        ("a changed path and no CORS", |config| {
            config["routing"]["health_check"]["path"] = json!("/alive");
            config["gateway"] = json!({});
        }),
    ];
    for (step, change) in steps {
        for twin in &mut twins {
            twin.apply(change).await;
        }
        are_alike(step, &twins).await;
    }
    for twin in &mut twins {
        twin.world.rewrite();
        twin.apply(|_| {}).await;
    }
    are_alike("changed code", &twins).await;
    for twin in &mut twins {
        twin.world.apply(&mut twin.api, &Value::Null).await;
        twin.world.apply(&mut twin.zone, &Value::Null).await;
        assert!(twin.world.local.inventory().await.expect("the inventory is taken").is_empty());
    }
    are_alike("destroy", &twins).await;
}
