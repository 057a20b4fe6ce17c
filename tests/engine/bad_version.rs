//! Versions that fail. Clients keep the version that worked.

use std::collections::BTreeMap;

use multiregion::wire::{Diagnostic, Diagnostics, Value};
use serde_json::{Value as Json, json};

use super::world::{Subject, World};

const REGIONS: [&str; 2] = ["us-east-1", "us-west-2"];

/// The statuses of an API that works.
const OK: [&str; 2] = ["200", "200"];

/// A running API.
struct Api {
    world: World,
    subject: Subject,
    protocol: &'static str,
}

impl Api {
    async fn start(protocol: &'static str) -> Self {
        let mut api = Self { world: World::fast().await, subject: Subject::new("multiregion_api"), protocol };
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
        let all = json!({ "name": "tested", "regions": regions, "function": function, "gateway": gateway });
        self.subject.config(&all)
    }

    /// Applies a function that fails in the way that the in-memory AWS calls `failure`.
    async fn deploy(&mut self, failure: &str) -> Diagnostics {
        let config = self.config(&json!({ "FAILS": failure }));
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
    assert!(details(&diagnostics).iter().any(|error| error.contains("status 50")), "{diagnostics:#?}");
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
