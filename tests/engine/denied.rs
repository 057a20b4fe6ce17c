//! A read that AWS denies is an error: a plan that cannot see an object must not show that nothing has changed.

use std::collections::{BTreeMap, BTreeSet};

use multiregion::wire::Diagnostic;
use serde_json::json;
use strict_aws::{Effect, Fault};

use super::drift::{OWNER, every_kind};
use super::permissions::required_actions;
use super::world::{Subject, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_read_is_an_error_that_names_component_and_action() {
    let world = World::start().await;
    let mut api = Subject::new("multiregion_api");
    let config = api.config(
        &json!({ "name": "denied", "regions": { "us-east-1": {}, "us-west-2": {} }, "function": world.function() }),
    );
    world.apply(&mut api, &config).await;
    let cases = [
        ("lambda:GetFunction", "us-west-2/function", "lambda:GetFunction"),
        ("apigateway:GetApi", "us-west-2/http_api", "apigateway:GET"),
        ("iam:GetRole", "global/role", "iam:GetRole"),
    ];
    for (operation, component, action) in cases {
        let before = api.state.clone();
        world.local.inject(Fault::new(Effect::AccessDenied).operation(operation));
        let (state, diagnostics) = world.provider().read(api.resource, before.clone()).await;
        world.local.clear_faults();
        assert_eq!(state, before, "{operation}: the state stays");
        let errors: Vec<&Diagnostic> = diagnostics.iter().filter(|one| one.is_error()).collect();
        let [error] = errors.as_slice() else { panic!("{operation}: {diagnostics:#?}") };
        assert_eq!(error.summary, "Missing IAM permission");
        let names_both =
            error.detail.contains(component) && error.detail.contains(&format!("the IAM action {action}."));
        assert!(names_both, "{operation}: {}", error.detail);
    }
    world.refresh(&mut api).await;
}

/// For each operation, the components of `owner` whose own reads call it.
async fn readers(world: &World, subject: &Subject, owner: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut readers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (address, entry) in subject.ledger().entries {
        let (aws, component) = world.component(owner, &address);
        world.local.clear_calls();
        component.read(&aws, &entry.spec, &entry.outputs).await.expect("the read succeeds");
        for call in world.local.calls() {
            readers.entry(call.name()).or_default().insert(address.to_string());
        }
    }
    readers
}

/// Refuses each operation of a refresh in turn, and returns how many there are.
async fn assert_denials_are_reported(world: &World, subject: &Subject, owner: &str) -> usize {
    let readers = readers(world, subject, owner).await;
    world.wait();
    world.local.clear_calls();
    let (before, diagnostics) = world.provider().read(subject.resource, subject.state.clone()).await;
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    let calls = world.local.calls().into_iter().map(|call| (call.name(), required_actions(&call)));
    // The account id needs no permission.
    let operations: BTreeMap<_, _> = calls.filter(|(_, actions)| !actions.is_empty()).collect();
    for (operation, actions) in &operations {
        world.local.inject(Fault::new(Effect::AccessDenied).operation(operation));
        let (state, diagnostics) = world.provider().read(subject.resource, before.clone()).await;
        world.local.clear_faults();
        assert_eq!(state, before, "{operation}: the state stays");
        let errors = diagnostics.iter().filter(|one| one.summary == "Missing IAM permission" && one.is_error());
        let names = |error: &&Diagnostic| {
            actions.iter().all(|action| error.detail.contains(&format!("the IAM action {action}.")))
        };
        let error = errors.filter(names).map(|error| error.detail.as_str()).next();
        let error = error.unwrap_or_else(|| panic!("{operation} requires {actions:?}: {diagnostics:#?}"));
        for address in readers.get(operation).into_iter().flatten() {
            assert!(error.contains(&format!(" {address},")), "{operation}: no {address} in {error}");
        }
    }
    operations.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_denied_read_of_a_refresh_is_an_error_that_names_the_action() {
    let world = World::start().await;
    let (zone, mut api, config) = every_kind(&world).await;
    world.apply(&mut api, &config).await;
    let mut rest = Subject::new("multiregion_api");
    let config = rest.config(&json!({
        "name": "rest", "regions": { "us-east-1": {} }, "function": world.function(),
        "gateway": { "protocol": "rest", "routes": ["GET /health"], "api_keys": { "generated": {} } },
    }));
    world.apply(&mut rest, &config).await;
    let mut operations = 0;
    for (subject, owner) in [(&zone, "drift.example"), (&api, OWNER), (&rest, "rest")] {
        operations += assert_denials_are_reported(&world, subject, owner).await;
    }
    assert!(operations > 30, "the refreshes call too few operations to prove anything: {operations}");
}
