//! Versions that fail. Clients keep the version that worked.

use std::collections::BTreeMap;

use multiregion::wire::{Diagnostic, Diagnostics, Value};
use serde_json::{Value as Json, json};
use strict_aws::{Call, Effect, Fault, Options};

use super::world::{Subject, World};

pub(super) const REGIONS: [&str; 2] = ["us-east-1", "us-west-2"];

/// The statuses of an API that works.
pub(super) const OK: [&str; 2] = ["200", "200"];

/// A running API.
pub(super) struct Api {
    pub(super) world: World,
    pub(super) subject: Subject,
    protocol: &'static str,
    /// More arguments.
    pub(super) more: Json,
}

impl Api {
    async fn start(protocol: &'static str) -> Self {
        Self::start_with(protocol, Json::Null).await
    }

    async fn start_with(protocol: &'static str, rollout: Json) -> Self {
        Self::start_in(World::fast().await, protocol, json!({ "rollout": rollout })).await
    }

    pub(super) async fn start_in(world: World, protocol: &'static str, more: Json) -> Self {
        let mut api = Self { world, subject: Subject::new("multiregion_api"), protocol, more };
        let config = api.config(&json!({}));
        api.world.apply(&mut api.subject, &config).await;
        api
    }

    /// The configuration of an API whose function has these environment variables, as JSON.
    fn json(&self, environment: &Json) -> Json {
        let mut function = self.world.function();
        function["environment"] = environment.clone();
        let regions: BTreeMap<_, _> = REGIONS.map(|region| (region, json!({}))).into();
        let gateway = json!({ "protocol": self.protocol });
        let mut all = json!({ "name": "tested", "regions": regions, "function": function, "gateway": gateway });
        all.as_object_mut().expect("an object").extend(self.more.as_object().cloned().unwrap_or_default());
        all
    }

    /// The configuration of an API whose function has these environment variables.
    pub(super) fn config(&self, environment: &Json) -> Value {
        self.subject.config(&self.json(environment))
    }

    /// Applies a function that fails in the way that the in-memory AWS calls `failure`.
    async fn deploy(&mut self, failure: &str) -> Diagnostics {
        self.deploy_with(&json!({ "FAILS": failure })).await
    }

    /// Applies a function with these environment variables.
    pub(super) async fn deploy_with(&mut self, environment: &Json) -> Diagnostics {
        self.apply(&self.config(environment)).await
    }

    async fn apply(&mut self, config: &Value) -> Diagnostics {
        let (planned, diagnostics) = self.world.plan(&mut self.subject, config).await;
        assert!(diagnostics.is_empty(), "{diagnostics:#?}");
        let prior = self.subject.state.value.clone();
        let provider = self.world.provider();
        let (state, diagnostics) = provider.apply(self.subject.resource, prior, planned.state, config.clone()).await;
        self.subject.state = state;
        diagnostics
    }

    /// The versions to which the aliases point.
    pub(super) async fn serving(&self) -> Vec<String> {
        self.serving_of("tested").await
    }

    /// The versions to which the aliases of a function point.
    async fn serving_of(&self, function: &str) -> Vec<String> {
        let mut versions = Vec::new();
        for region in REGIONS {
            let lambda = self.world.by_hand(region).lambda();
            let alias = lambda.get_alias().function_name(function).name("live").send().await.expect("an alias");
            versions.push(alias.function_version.expect("a version"));
        }
        versions
    }

    /// The shares of other versions in the alias of a region.
    pub(super) async fn weights(&self, region: &str) -> Vec<(String, f64)> {
        let lambda = self.world.by_hand(region).lambda();
        let alias = lambda.get_alias().function_name("tested").name("live").send().await.expect("an alias");
        let weights = alias.routing_config.and_then(|routing| routing.additional_version_weights);
        weights.unwrap_or_default().into_iter().collect()
    }

    /// The statuses with which the API answers.
    pub(super) fn statuses(&self) -> [String; 2] {
        REGIONS.map(|region| self.world.status(&self.subject, region))
    }

    /// Applies the function of the beginning, and checks that nothing is left of the others.
    pub(super) async fn repair(&mut self) {
        let config = self.config(&json!({}));
        self.world.apply(&mut self.subject, &config).await;
        assert_eq!(self.statuses(), OK);
        self.world.apply(&mut self.subject, &Value::Null).await;
        let left = self.world.inventory().await;
        assert!(left.is_empty(), "{:?}", left.keys());
    }
}

pub(super) fn details(diagnostics: &Diagnostics) -> Vec<&str> {
    diagnostics.iter().filter(|one| one.is_error()).map(|one| one.detail.as_str()).collect()
}

pub(super) fn restored(diagnostics: &Diagnostics) -> Option<&Diagnostic> {
    diagnostics.iter().find(|one| one.summary == "Previous version restored")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_does_not_start_never_serves() {
    let mut api = Api::start("http").await;
    let before = api.serving().await;
    let diagnostics = api.deploy("initialization").await;
    let mut errors = details(&diagnostics);
    errors.sort_unstable();
    assert_eq!(errors.len(), REGIONS.len(), "{diagnostics:#?}");
    for (error, region) in errors.iter().zip(REGIONS) {
        for part in [region, "version 2", "Runtime.ImportModuleError", "[ERROR] the function failed"] {
            assert!(error.contains(part), "{part} in {error}");
        }
    }
    assert_eq!((api.serving().await, api.statuses()), (before, OK.map(str::to_owned)));
    assert!(restored(&diagnostics).is_none(), "no client has reached the new version");
    api.repair().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_raises_an_exception_never_serves() {
    let mut api = Api::start("rest").await;
    let before = api.serving().await;
    let diagnostics = api.deploy("an exception").await;
    assert!(details(&diagnostics).iter().all(|error| error.contains("ZeroDivisionError")), "{diagnostics:#?}");
    assert_eq!((api.serving().await, api.statuses()), (before, OK.map(str::to_owned)));
    api.repair().await;
}

/// The version passes when it is invoked, and fails when the API invokes it: in the first region, after which the second one
/// does not change.
async fn is_rolled_back(protocol: &'static str) {
    let mut api = Api::start(protocol).await;
    let before = api.serving().await;
    let diagnostics = api.deploy("behind_api").await;
    let explained = |error: &&str| error.contains("status 50") && error.contains("Invoked directly, version 2");
    assert!(details(&diagnostics).iter().any(explained), "{diagnostics:#?}");
    let warning = restored(&diagnostics).expect("a warning");
    let [first, second] = REGIONS;
    assert!(warning.detail.contains(&format!("{first}/alias")), "{warning}");
    let moved = |call: &Call| call.operation == "UpdateAlias" && call.region == second;
    assert!(!api.world.local.calls().iter().any(moved), "the second region waits for the first one");
    assert_eq!((api.serving().await, api.statuses()), (before, OK.map(str::to_owned)));
    // The same version is checked again by the next apply.
    let again = api.deploy("behind_api").await;
    assert!(restored(&again).is_some(), "{again:#?}");
    assert_eq!(api.statuses(), OK);
    api.repair().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_fails_behind_an_http_api_is_rolled_back() {
    is_rolled_back("http").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_fails_behind_a_rest_api_is_rolled_back() {
    is_rolled_back("rest").await;
}

/// The regions of the calls of `operation` since the last call of this function.
pub(super) fn regions_of(operation: &str, api: &Api) -> Vec<String> {
    let calls = api.world.local.calls();
    api.world.local.clear_calls();
    calls.into_iter().filter(|call| call.operation == operation).map(|call| call.region).collect()
}

/// The functions of a region change together or not at all: whichever of their aliases AWS refuses to change, the other one
/// returns to its previous version.
#[tokio::test(flavor = "multi_thread")]
async fn the_functions_of_a_region_are_rolled_back_together() {
    let [first, _] = REGIONS;
    let new = json!({ "GREETING": "hello" });
    for refused in [1, 2] {
        let world = World::fast().await;
        let mut orders = world.function();
        orders["routes"] = json!(["ANY /orders"]);
        let mut api = Api::start_in(world, "http", json!({ "functions": { "orders": orders } })).await;
        let before = [api.serving().await, api.serving_of("tested-orders").await];
        api.more["functions"]["orders"]["environment"] = new.clone();
        api.world.local.clear_calls();
        let refusal = Fault::new(Effect::AccessDenied).operation("lambda:UpdateAlias").region(first);
        api.world.local.inject(refusal.nth(refused));
        let diagnostics = api.deploy_with(&new).await;
        let warning = restored(&diagnostics).unwrap_or_else(|| panic!("alias {refused}: {diagnostics:#?}"));
        assert!(warning.detail.contains(&format!("{first}/alias")), "alias {refused}: {warning}");
        // The refused change counts as one that may have taken effect. Thus both aliases are set back.
        assert_eq!(regions_of("UpdateAlias", &api), [first; 4], "alias {refused}");
        let after = [api.serving().await, api.serving_of("tested-orders").await];
        assert_eq!((after, api.statuses()), (before, OK.map(str::to_owned)), "alias {refused}");
        api.repair().await;
    }
}

/// An authorizer that refuses the clients is removed again from the routes, and never reaches the second region.
#[tokio::test(flavor = "multi_thread")]
async fn a_bad_authorizer_is_rolled_back() {
    let [first, _] = REGIONS;
    let mut api = Api::start_with("http", json!({ "verify": { "requests": 1 } })).await;
    let mut json = api.json(&json!({}));
    let users = json!({ "kind": "jwt", "issuer": "https://issuer.example.com", "audiences": ["shop"] });
    json["gateway"]["authorizers"] = json!({ "users": users });
    json["function"]["authorizer"] = json!("users");
    regions_of("UpdateRoute", &api);
    let diagnostics = api.apply(&api.subject.config(&json)).await;
    assert!(details(&diagnostics).iter().any(|error| error.contains("status 401")), "{diagnostics:#?}");
    assert!(restored(&diagnostics).is_some_and(|warning| warning.detail.contains(&format!("{first}/route"))));
    assert_eq!(regions_of("UpdateRoute", &api), [first, first]);
    assert_eq!(api.statuses(), OK);
    api.repair().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_that_fails_returns_all_requests_to_the_previous_version() {
    let [first, second] = REGIONS;
    let rollout = json!({ "canary_percent": 25, "bake_seconds": 2, "verify": { "requests": 8 } });
    let mut api = Api::start_with("http", rollout).await;
    assert_eq!(regions_of("UpdateAlias", &api), [""; 0], "nothing shifts in a new API");
    let before = api.serving().await;
    let diagnostics = api.deploy("behind_api").await;
    let errors = details(&diagnostics);
    assert!(errors.iter().any(|error| error.contains("request 4 of 8") && error.contains("status 500")), "{errors:?}");
    let warning = restored(&diagnostics).expect("a warning");
    assert!(warning.detail.contains(&format!("{first}/canary")), "{warning}");
    assert_eq!(regions_of("UpdateAlias", &api), [first, first], "the shift and the return");
    assert_eq!((api.serving().await, api.statuses()), (before, OK.map(str::to_owned)));
    // Without weights, no request reaches the bad version.
    for _ in 0..8 {
        assert_eq!(api.statuses(), OK);
    }
    // A version that answers takes the share first, and then all requests.
    let config = api.config(&json!({ "GREETING": "hello" }));
    api.world.apply(&mut api.subject, &config).await;
    assert_eq!(regions_of("UpdateAlias", &api), [first, first, second, second]);
    api.repair().await;
}

/// As after a run that was killed, the weights of a canary are left in AWS. The next apply removes them.
#[tokio::test(flavor = "multi_thread")]
async fn a_canary_that_stopped_ends_with_the_next_apply() {
    let [first, second] = REGIONS;
    let rollout = json!({ "canary_percent": 25, "verify": { "requests": 8 }, "on_failure": "stop" });
    let mut api = Api::start_with("http", rollout).await;
    let before = api.serving().await;
    let diagnostics = api.deploy("behind_api").await;
    assert!(!details(&diagnostics).is_empty() && restored(&diagnostics).is_none(), "{diagnostics:#?}");
    assert_eq!(regions_of("UpdateAlias", &api), [first]);
    assert_eq!(api.serving().await, before);
    assert_eq!(api.weights(first).await, [("2".to_owned(), 0.25)]);
    let config = api.config(&json!({}));
    api.world.apply(&mut api.subject, &config).await;
    for region in [first, second] {
        assert!(api.weights(region).await.is_empty(), "{region}");
    }
    for _ in 0..8 {
        assert_eq!(api.statuses(), OK);
    }
    api.repair().await;
}

/// The domain and the health check of an API in a zone.
fn with_health_check(zone: &Subject) -> Json {
    json!({
        "domain": { "name": "api.tested.example", "zone_id": zone.text("id"), "base_path": "v1" },
        "routing": { "health_check": { "path": "/health", "search_string": "giraffe" }, "drain_seconds": 0 },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_fails_its_health_check_never_serves() {
    let world = World::fast().await;
    let mut zone = Subject::new("multiregion_zone");
    let config = zone.config(&json!({ "name": "tested.example" }));
    world.apply(&mut zone, &config).await;
    let mut api =
        Api { world, subject: Subject::new("multiregion_api"), protocol: "http", more: with_health_check(&zone) };
    let config = api.config(&json!({ "GREETING": "a giraffe" }));
    api.world.apply(&mut api.subject, &config).await;
    let before = api.serving().await;
    for (environment, reason) in [
        (json!({ "GREETING": "a giraffe", "STATUS": "404" }), "expected a status of 200-399"),
        (json!({ "GREETING": "a zebra" }), "search string \"giraffe\""),
    ] {
        let diagnostics = api.deploy_with(&environment).await;
        let errors = details(&diagnostics);
        assert_eq!(errors.len(), REGIONS.len(), "{diagnostics:#?}");
        assert!(errors.iter().all(|error| error.contains(reason)), "{reason} in {diagnostics:#?}");
        assert_eq!((api.serving().await, api.statuses()), (before.clone(), OK.map(str::to_owned)));
    }
    // A path that Route 53 cannot use is not given to the health checks.
    let healthy = json!({ "GREETING": "a giraffe" });
    api.world.local.set_function_status("us-west-2", Some(404));
    api.more["routing"]["health_check"]["path"] = json!("/other");
    let diagnostics = api.deploy_with(&healthy).await;
    assert!(details(&diagnostics).iter().all(|error| error.contains("us-west-2")), "{diagnostics:#?}");
    assert!(!details(&diagnostics).is_empty());
    api.world.local.set_function_status("us-west-2", None);
    let config = api.config(&healthy);
    api.world.apply(&mut api.subject, &config).await;
    api.world.apply(&mut api.subject, &Value::Null).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_create_quotes_the_log_that_its_rollback_deletes() {
    let world = World::fast().await;
    let mut api = Api { world, subject: Subject::new("multiregion_api"), protocol: "http", more: Json::Null };
    let diagnostics = api.deploy("an exception").await;
    let errors = details(&diagnostics);
    for part in ["ZeroDivisionError", "[ERROR] the function failed", "version 1"] {
        assert!(errors.iter().any(|error| error.contains(part)), "{part} in {diagnostics:#?}");
    }
    assert_eq!(api.subject.state.value, Value::Null);
    assert!(api.world.inventory().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_rolled_back_after_a_cancel() {
    let mut api = Api::start_in(World::at_speed(Options::in_memory(), 3).await, "http", Json::Null).await;
    let before = api.serving().await;
    let cancel = api.world.provider().cancel.clone();
    let (diagnostics, ()) = {
        let (lambda, deployed) = (api.world.by_hand(REGIONS[0]).lambda(), before[0].clone());
        let cancelled = async {
            // The alias has moved, and the probe has begun.
            loop {
                let alias = lambda.get_alias().function_name("tested").name("live").send().await.expect("an alias");
                if alias.function_version != Some(deployed.clone()) {
                    break cancel.cancel();
                }
                tokio::task::yield_now().await;
            }
        };
        futures::join!(api.deploy("behind_api"), cancelled)
    };
    assert!(diagnostics.iter().any(|one| one.summary == "Apply cancelled"), "{diagnostics:#?}");
    assert!(restored(&diagnostics).is_some(), "{diagnostics:#?}");
    assert_eq!((api.serving().await, api.statuses()), (before, OK.map(str::to_owned)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_rolled_back_after_the_deadline() {
    let world = World::at_speed(Options::in_memory(), 3).await;
    // The probe would fail after 10 seconds.
    let mut api = Api::start_in(world, "http", json!({ "timeouts": { "update": "9s" } })).await;
    let before = api.serving().await;
    let diagnostics = api.deploy("behind_api").await;
    assert!(restored(&diagnostics).is_some(), "{diagnostics:#?}");
    assert_eq!((api.serving().await, api.statuses()), (before, OK.map(str::to_owned)));
}
