//! The credentials of another account are refused before anything is asked or changed, whatever the operation.

use multiregion::lifecycle::{Provider, State};
use multiregion::wire::{Diagnostic, Diagnostics, Value};
use serde_json::json;

use super::world::{Subject, World};

/// An account that has nothing.
const OTHER: &str = "210987654321";

/// One operation: the state after it, and the diagnostics.
type Outcome = (State, Diagnostics);

/// Does something with the credentials of [`OTHER`]: nothing may come of it. Its diagnostics.
async fn changes_nothing(
    world: &World,
    subject: &Subject,
    what: &str,
    act: impl AsyncFnOnce(&Provider) -> Outcome,
) -> Diagnostics {
    let (ours, theirs) = (world.inventory().await, world.local.inventory_of(OTHER).await.expect("an inventory"));
    world.local.clear_calls();
    let (state, told) = act(&world.provider_of(OTHER).await).await;
    assert!(told.iter().any(Diagnostic::is_error), "{what}: {told:#?}");
    assert_eq!(state, subject.state, "{what}: the state is another one");
    assert_eq!(world.inventory().await, ours, "{what}: something changed in the account of the state");
    let now = world.local.inventory_of(OTHER).await.expect("an inventory");
    assert_eq!(now, theirs, "{what}: something changed in the account of the credentials");
    told
}

/// The same, refused with the reason, before any call but the one that asks whose the credentials are.
async fn is_refused(world: &World, subject: &Subject, what: &str, act: impl AsyncFnOnce(&Provider) -> Outcome) {
    let told = changes_nothing(world, subject, what, act).await;
    let calls: Vec<String> = world.local.calls().iter().map(strict_aws::Call::name).collect();
    assert_eq!(calls, ["sts:GetCallerIdentity"], "{what}");
    let [error] = &told[..] else { panic!("{what}: one error says it all: {told:#?}") };
    assert_eq!(error.summary, "Wrong AWS account", "{what}: {error:?}");
    for account in [world.local.account_id(), OTHER] {
        assert!(error.detail.contains(account), "{what}: {account} is not in {}", error.detail);
    }
}

/// Every operation on a living resource, also as the host does it with -refresh=false.
async fn every_operation_is_refused(world: &World, subject: &Subject, config: &Value, changed: &Value) {
    let (resource, state) = (subject.resource, &subject.state);
    let prior = || state.value.clone();
    is_refused(world, subject, "refresh", async |other| other.read(resource, state.clone()).await).await;
    for (what, config) in
        [("plan without changes", config), ("plan of a change", changed), ("plan of a destroy", &Value::Null)]
    {
        is_refused(world, subject, what, async |other| {
            let (planned, told) = other.plan(resource, state.clone(), config.clone()).await;
            (planned.state, told)
        })
        .await;
    }
    let (planned, told) = world.provider().plan(resource, state.clone(), changed.clone()).await;
    assert!(told.is_empty(), "{told:#?}");
    is_refused(world, subject, "apply of a change", async |other| {
        other.apply(resource, prior(), planned.state.clone(), changed.clone()).await
    })
    .await;
    let gone = State { value: Value::Null, private: state.private.clone() };
    is_refused(world, subject, "destroy", async |other| other.apply(resource, prior(), gone, Value::Null).await).await;
}

/// The host gives no private state to the destroy of a tainted resource.
async fn a_tainted_one_is_not_forgotten(world: &World, subject: &Subject) {
    let tainted = Subject { state: State { private: Vec::new(), ..subject.state.clone() }, ..subject.clone() };
    let gone = State { value: Value::Null, private: Vec::new() };
    let destroy =
        async |other: &Provider| other.apply(tainted.resource, tainted.state.value.clone(), gone, Value::Null).await;
    changes_nothing(world, &tainted, "destroy of a tainted resource", destroy).await;
    let refresh = async |other: &Provider| other.read(tainted.resource, tainted.state.clone()).await;
    changes_nothing(world, &tainted, "refresh without private state", refresh).await;
}

async fn nothing_is_imported(world: &World, subject: &Subject, name: &str) {
    let nothing = Subject { state: State { value: Value::Null, private: Vec::new() }, ..subject.clone() };
    let import = async |other: &Provider| other.import(subject.resource, name).await;
    let told = changes_nothing(world, &nothing, "import", import).await;
    assert!(told.iter().any(|told| told.detail.contains(OTHER)), "the error names the account: {told:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_is_refused_with_the_credentials_of_another_account() {
    let world = World::start().await;
    let mut zone = Subject::new("multiregion_zone");
    let config = zone.config(&json!({ "name": "account.example" }));
    let changed = zone.config(&json!({ "name": "account.example", "comment": "changed" }));
    world.apply(&mut zone, &config).await;
    every_operation_is_refused(&world, &zone, &config, &changed).await;
    a_tainted_one_is_not_forgotten(&world, &zone).await;
    nothing_is_imported(&world, &zone, "account.example").await;
    world.apply(&mut zone, &Value::Null).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_is_refused_with_the_credentials_of_another_account() {
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
    every_operation_is_refused(&world, &api, &config, &changed).await;
    a_tainted_one_is_not_forgotten(&world, &api).await;
    nothing_is_imported(&world, &api, "counted").await;
    world.apply(&mut api, &Value::Null).await;
}
