//! Every operation refuses credentials of another account before it reads or changes an object.

use multiregion::lifecycle::{Provider, State};
use multiregion::wire::{Diagnostic, Diagnostics, Value};
use serde_json::json;

use super::world::{Subject, World};

/// An empty account.
const OTHER: &str = "210987654321";

/// One operation: the state after it, and the diagnostics.
type Outcome = (State, Diagnostics);

/// Runs `act` with the credentials of [`OTHER`] and checks that it fails and changes nothing; returns its diagnostics.
async fn assert_changes_nothing(
    world: &World,
    subject: &Subject,
    what: &str,
    act: impl AsyncFnOnce(&Provider) -> Outcome,
) -> Diagnostics {
    let (ours, theirs) = (world.inventory().await, world.local.inventory_of(OTHER).await.expect("an inventory"));
    world.local.clear_calls();
    let (state, diagnostics) = act(&world.provider_of(OTHER).await).await;
    assert!(diagnostics.iter().any(Diagnostic::is_error), "{what}: {diagnostics:#?}");
    assert_eq!(state, subject.state, "{what}: the state has changed");
    assert_eq!(world.inventory().await, ours, "{what}: something changed in the account of the state");
    let now = world.local.inventory_of(OTHER).await.expect("an inventory");
    assert_eq!(now, theirs, "{what}: something changed in the account of the credentials");
    diagnostics
}

/// Checks in addition that the error is "Wrong AWS account" and that the only call was `GetCallerIdentity`.
async fn assert_refused(world: &World, subject: &Subject, what: &str, act: impl AsyncFnOnce(&Provider) -> Outcome) {
    let diagnostics = assert_changes_nothing(world, subject, what, act).await;
    let calls: Vec<String> = world.local.calls().iter().map(strict_aws::Call::name).collect();
    assert_eq!(calls, ["sts:GetCallerIdentity"], "{what}");
    let [error] = &diagnostics[..] else { panic!("{what}: expected one error, got {diagnostics:#?}") };
    assert_eq!(error.summary, "Wrong AWS account", "{what}: {error:?}");
    for account in [world.local.account_id(), OTHER] {
        assert!(error.detail.contains(account), "{what}: no {account} in: {}", error.detail);
    }
}

/// Every operation on an existing resource, each without a refresh before it, as with `-refresh=false`.
async fn assert_every_operation_is_refused(world: &World, subject: &Subject, config: &Value, changed: &Value) {
    let (resource, state) = (subject.resource, &subject.state);
    let prior = || state.value.clone();
    assert_refused(world, subject, "refresh", async |other| other.read(resource, state.clone()).await).await;
    for (what, config) in
        [("plan without changes", config), ("plan of a change", changed), ("plan of a destroy", &Value::Null)]
    {
        assert_refused(world, subject, what, async |other| {
            let (planned, diagnostics) = other.plan(resource, state.clone(), config.clone()).await;
            (planned.state, diagnostics)
        })
        .await;
    }
    let (planned, diagnostics) = world.provider().plan(resource, state.clone(), changed.clone()).await;
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    assert_refused(world, subject, "apply of a change", async |other| {
        other.apply(resource, prior(), planned.state.clone(), changed.clone()).await
    })
    .await;
    let gone = State { value: Value::Null, private: state.private.clone() };
    assert_refused(world, subject, "destroy", async |other| other.apply(resource, prior(), gone, Value::Null).await)
        .await;
}

/// Hosts destroy a tainted resource without its private state.
async fn assert_a_tainted_resource_stays_in_state(world: &World, subject: &Subject) {
    let tainted = Subject { state: State { private: Vec::new(), ..subject.state.clone() }, ..subject.clone() };
    let gone = State { value: Value::Null, private: Vec::new() };
    let destroy =
        async |other: &Provider| other.apply(tainted.resource, tainted.state.value.clone(), gone, Value::Null).await;
    assert_changes_nothing(world, &tainted, "destroy of a tainted resource", destroy).await;
    let refresh = async |other: &Provider| other.read(tainted.resource, tainted.state.clone()).await;
    assert_changes_nothing(world, &tainted, "refresh without private state", refresh).await;
}

async fn assert_import_fails(world: &World, subject: &Subject, name: &str) {
    let nothing = Subject { state: State { value: Value::Null, private: Vec::new() }, ..subject.clone() };
    let import = async |other: &Provider| other.import(subject.resource, name).await;
    let diagnostics = assert_changes_nothing(world, &nothing, "import", import).await;
    assert!(diagnostics.iter().any(|one| one.detail.contains(OTHER)), "no error names the account: {diagnostics:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_on_a_zone_refuse_credentials_of_another_account() {
    let world = World::start().await;
    let mut zone = Subject::new("multiregion_zone");
    let config = zone.config(&json!({ "name": "account.example" }));
    let changed = zone.config(&json!({ "name": "account.example", "comment": "changed" }));
    world.apply(&mut zone, &config).await;
    assert_every_operation_is_refused(&world, &zone, &config, &changed).await;
    assert_a_tainted_resource_stays_in_state(&world, &zone).await;
    assert_import_fails(&world, &zone, "account.example").await;
    world.apply(&mut zone, &Value::Null).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_on_an_api_refuse_credentials_of_another_account() {
    let world = World::start().await;
    let mut api = Subject::new("multiregion_api");
    let wanted = json!({
        "name": "counted",
        "regions": { "us-east-1": { "primary": true }, "us-west-2": {} },
        "function": world.function(),
        "cdn": { "origin": "group" },
    });
    let mut changed = wanted.clone();
    changed["function"]["memory_mb"] = json!(256);
    let (config, changed) = (api.config(&wanted), api.config(&changed));
    world.apply(&mut api, &config).await;
    assert_every_operation_is_refused(&world, &api, &config, &changed).await;
    assert_a_tainted_resource_stays_in_state(&world, &api).await;
    assert_import_fails(&world, &api, "counted").await;
    world.apply(&mut api, &Value::Null).await;
}
