//! The data source `multiregion_traffic`, compared with the responses that clients get while regions are down.

use std::collections::BTreeMap;

use multiregion::data_sources::{self, DataSource};
use multiregion::wire::{Diagnostics, Value, decode_json};
use serde_json::{Value as Json, json};

use super::world::{Subject, World, get};

const NAME: &str = "api.drill.example";
const CLIENTS: [&str; 3] = ["us-east-1", "us-west-2", "eu-west-1"];
const DOWN: [&[&str]; 4] = [&[], &["us-east-1"], &["us-west-2"], &["us-east-1", "us-west-2"]];

fn source() -> &'static dyn DataSource {
    *data_sources::REGISTRY.iter().find(|source| source.type_name() == "multiregion_traffic").unwrap()
}

/// Reads the data source with one client near each of [`CLIENTS`].
async fn read(world: &World, more: &Json) -> Result<Value, Diagnostics> {
    let clients: BTreeMap<&str, Json> = CLIENTS.iter().map(|region| (*region, json!({ "region": region }))).collect();
    let mut config = json!({ "url": format!("https://{NAME}"), "clients": clients });
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let config = decode_json(config.to_string().as_bytes(), &source().schema().ty()).unwrap();
    assert!(source().validate(&config).is_empty());
    let (value, warnings) = world.provider().read_data_source(source(), &config).await?;
    assert!(warnings.is_empty(), "{warnings:#?}");
    Ok(value)
}

fn at<'a>(value: &'a Value, path: &[&str]) -> &'a Value {
    path.iter().fold(value, |value, name| match value {
        Value::Map(entries) => entries.get(*name).unwrap_or_else(|| panic!("{name} is missing: {value:?}")),
        other => panic!("{name} of {other:?}"),
    })
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "none".to_owned(),
        other => panic!("{other:?} is no text"),
    }
}

/// The region that responds with success to a client, or `none`. The path is new each time, so that no cache responds.
fn responding(world: &World, client: &str, path: &str) -> String {
    let address = world.local.endpoint().trim_start_matches("http://").to_owned();
    let answer = get(&address, NAME, path, &format!("x-test-region: {client}\r\n"));
    let status = answer.split(' ').nth(1).unwrap_or_default();
    let region = answer.lines().find_map(|line| line.strip_prefix("x-test-answered-by: "));
    region.filter(|_| status == "200").unwrap_or("none").to_owned()
}

/// Compares the data source with requests, for every set of regions that are down.
async fn compare(world: &World, title: &str) {
    for (number, down) in DOWN.into_iter().enumerate() {
        world.local.clear_calls();
        let value = read(world, &json!({ "down": down })).await.unwrap();
        for call in world.local.calls().iter().filter(|call| call.service != "sts") {
            assert!(source().actions().contains(&call.name().as_str()), "{} is not declared", call.name());
        }
        world.local.set_down(down);
        let mut unserved = Vec::new();
        for client in CLIENTS {
            let answer = at(&value, &["answers", client]);
            let expected = responding(world, client, &format!("/{title}-{number}-{client}"));
            let answered = *at(answer, &["answered"]) == Value::Bool(true);
            let found = if answered { text(at(answer, &["region"])) } else { "none".to_owned() };
            assert_eq!(found, expected, "{title}, {down:?} down, client near {client}: {answer:#?}");
            if !answered {
                unserved.push(client);
            }
        }
        unserved.sort_unstable();
        let unserved = unserved.into_iter().map(|client| Value::String(client.to_owned())).collect();
        assert_eq!(at(&value, &["unserved"]), &Value::List(unserved), "{title}");
        world.local.set_down(&[]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_data_source_predicts_who_responds() {
    let world = World::start().await;
    let mut zone = Subject::new("multiregion_zone");
    let config = zone.config(&json!({ "name": "drill.example" }));
    world.apply(&mut zone, &config).await;
    let mut api = Subject::new("multiregion_api");
    let routing = |policy: &str| json!({ "policy": policy, "health_check": { "path": "/health" }, "drain_seconds": 0 });
    for (title, policy, cdn) in [
        ("latency", "latency", Json::Null),
        ("failover", "failover", Json::Null),
        ("cdn-latency", "latency", json!({ "origin": "latency" })),
        ("cdn-group", "latency", json!({ "origin": "group" })),
    ] {
        let config = api.config(&json!({
            "name": "drill",
            "regions": { "us-east-1": { "primary": true }, "us-west-2": {} },
            "function": world.function(),
            "domain": { "name": NAME, "zone_id": zone.text("id") },
            "routing": if title == "cdn-group" { json!({ "drain_seconds": 0 }) } else { routing(policy) },
            "cdn": cdn,
        }));
        world.change(&mut api, &config).await;
        compare(&world, title).await;
    }

    for (more, summary) in [
        (json!({ "url": "https://api.elsewhere.example" }), "Name without records in the account"),
        (json!({ "url": "https://other.drill.example" }), "Name without records in the account"),
        (json!({ "failing_checks": ["0f4c2f3e"] }), "Unknown health check"),
    ] {
        let errors = read(&world, &more).await.unwrap_err();
        assert_eq!(errors.iter().map(|error| error.summary).collect::<Vec<_>>(), [summary]);
    }
}
