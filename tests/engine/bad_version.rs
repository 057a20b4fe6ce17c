//! Versions that fail. Clients keep the version that worked.

use std::collections::BTreeMap;

use multiregion::wire::{Diagnostic, Diagnostics, Value};
use serde_json::{Value as Json, json};
use strict_aws::Options;

use super::world::{Subject, World};

const REGIONS: [&str; 2] = ["us-east-1", "us-west-2"];

/// The statuses of an API that works.
const OK: [&str; 2] = ["200", "200"];

/// A running API.
struct Api {
    world: World,
    subject: Subject,
    protocol: &'static str,
    /// More arguments.
    more: Json,
}

impl Api {
    async fn start(protocol: &'static str) -> Self {
        Self::start_in(World::fast().await, protocol, Json::Null).await
    }

    async fn start_in(world: World, protocol: &'static str, more: Json) -> Self {
        let mut api = Self { world, subject: Subject::new("multiregion_api"), protocol, more };
        let config = api.config(&json!({}));
        api.world.apply(&mut api.subject, &config).await;
        api
    }

    /// The configuration of an API whose function has these environment variables.
    fn config(&self, environment: &Json) -> Value {
        let mut function = self.world.function();
        function["environment"] = environment.clone();
        let regions: BTreeMap<_, _> = REGIONS.map(|region| (region, json!({}))).into();
        let gateway = json!({ "protocol": self.protocol });
        let mut all = json!({ "name": "tested", "regions": regions, "function": function, "gateway": gateway });
        all.as_object_mut().expect("an object").extend(self.more.as_object().cloned().unwrap_or_default());
        self.subject.config(&all)
    }

    /// Applies a function that fails in the way that the in-memory AWS calls `failure`.
    async fn deploy(&mut self, failure: &str) -> Diagnostics {
        self.deploy_with(&json!({ "FAILS": failure })).await
    }

    /// Applies a function with these environment variables.
    async fn deploy_with(&mut self, environment: &Json) -> Diagnostics {
        let config = self.config(environment);
        let (planned, diagnostics) = self.world.plan(&mut self.subject, &config).await;
        assert!(diagnostics.is_empty(), "{diagnostics:#?}");
        let prior = self.subject.state.value.clone();
        let provider = self.world.provider();
        let (state, diagnostics) = provider.apply(self.subject.resource, prior, planned.state, config).await;
        self.subject.state = state;
        diagnostics
    }

    /// The versions to which the aliases point.
    async fn serving(&self) -> Vec<String> {
        let mut versions = Vec::new();
        for region in REGIONS {
            let lambda = self.world.by_hand(region).lambda();
            let alias = lambda.get_alias().function_name("tested").name("live").send().await.expect("an alias");
            versions.push(alias.function_version.expect("a version"));
        }
        versions
    }

    /// The statuses with which the API answers.
    fn statuses(&self) -> [String; 2] {
        REGIONS.map(|region| self.world.status(&self.subject, region))
    }

    /// Applies the function of the beginning, and checks that nothing is left of the others.
    async fn repair(&mut self) {
        let config = self.config(&json!({}));
        self.world.apply(&mut self.subject, &config).await;
        assert_eq!(self.statuses(), OK);
        self.world.apply(&mut self.subject, &Value::Null).await;
        let left = self.world.inventory().await;
        assert!(left.is_empty(), "{:?}", left.keys());
    }
}

fn details(diagnostics: &Diagnostics) -> Vec<&str> {
    diagnostics.iter().filter(|one| one.is_error()).map(|one| one.detail.as_str()).collect()
}

fn restored(diagnostics: &Diagnostics) -> Option<&Diagnostic> {
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

/// The version passes when it is invoked, and fails when the API invokes it.
async fn is_rolled_back(protocol: &'static str) {
    let mut api = Api::start(protocol).await;
    let before = api.serving().await;
    let diagnostics = api.deploy("behind_api").await;
    let explained = |error: &&str| error.contains("status 50") && error.contains("Invoked directly, version 2");
    assert!(details(&diagnostics).iter().any(explained), "{diagnostics:#?}");
    let warning = restored(&diagnostics).expect("a warning");
    assert!(REGIONS.iter().any(|region| warning.detail.contains(&format!("{region}/alias"))), "{warning}");
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
