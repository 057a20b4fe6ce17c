//! Two resources of one configuration with the same domain name: the plan refuses the second one.

use multiregion::lifecycle::State;
use multiregion::wire::{Diagnostic, Value};
use serde_json::json;

use super::world::{Subject, World};

const SUMMARY: &str = "Domain name is used twice";

/// The error of a plan that a domain name is used twice.
async fn refusal(world: &World, state: &State, config: &Value) -> Option<Diagnostic> {
    let api = Subject::new("multiregion_api");
    let (_, diagnostics) = world.provider().plan(api.resource, state.clone(), config.clone()).await;
    diagnostics.into_iter().find(|one| one.summary == SUMMARY)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_resource_with_a_domain_name_is_refused() {
    let mut world = World::fast().await;
    let mut zone = Subject::new("multiregion_zone");
    let config = zone.config(&json!({ "name": "example.io" }));
    world.apply(&mut zone, &config).await;
    let mut first = Subject::new("multiregion_api");
    let nothing = first.state.clone();
    let api = |name: &str, region: &str, domain: &str| {
        Subject::new("multiregion_api").config(&json!({
            "name": name,
            "regions": { region: {} },
            "function": world.function(),
            "domain": { "name": domain, "zone_id": zone.text("id"), "base_path": name },
        }))
    };
    let (project, report) =
        (api("project", "us-east-1", "api.example.io"), api("report", "us-east-1", "api.example.io"));
    let (elsewhere, other) =
        (api("report", "eu-west-1", "api.example.io"), api("project", "us-east-1", "x.example.io"));

    // A resource may be planned several times, and with changes.
    for _ in 0..2 {
        assert_eq!(refusal(&world, &nothing, &project).await, None);
        let refused = refusal(&world, &nothing, &report).await.expect("the second one is refused");
        for part in ["multiregion_api/report", "multiregion_api/project", "api.example.io", "us-east-1/domain"] {
            assert!(refused.detail.contains(part), "{part} is missing: {}", refused.detail);
        }
    }
    assert_eq!(refusal(&world, &nothing, &elsewhere).await, None, "API Gateway has the name once in each region");
    assert_eq!(refusal(&world, &nothing, &other).await, None);
    assert_eq!(refusal(&world, &nothing, &report).await, None, "the first one has another name now");

    // The name of a resource that exists, and of one that was destroyed.
    world.configure(|_| ()).await;
    world.change(&mut first, &project).await;
    let (_, diagnostics) = world.provider().plan(first.resource, nothing.clone(), report.clone()).await;
    let taken = diagnostics.iter().find(|one| one.detail.starts_with("us-east-1/domain ")).expect("the domain exists");
    for part in ["domain api.example.io in us-east-1", "multiregion_api/project"] {
        assert!(taken.detail.contains(part), "{part} is missing: {}", taken.detail);
    }
    world.change(&mut first, &Value::Null).await;
    assert_eq!(refusal(&world, &nothing, &report).await, None, "its owner is destroyed");
}
