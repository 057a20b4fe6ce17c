//! API Gateway's own endpoint is disabled and enabled on a running API without a failed request.

use std::sync::{Arc, Mutex};

use multiregion::wire::Value;
use serde_json::{Value as Json, json};
use strict_aws::{Effect, Fault};

use super::world::{self, Subject, World};

/// Sends requests to the hosts that users and Route 53's health checks use at the moment.
#[derive(Clone)]
struct Prober {
    /// The local AWS, as `host:port`.
    address: String,
    account: String,
    /// Hosts that users call.
    hosts: Vec<String>,
    /// The requests that failed.
    failures: Arc<Mutex<Vec<String>>>,
}

impl Prober {
    fn get(&self, host: &str, path: &str, authorization: &str) -> String {
        world::get(&self.address, host, path, authorization)
    }

    /// The hosts that Route 53's health checks call.
    fn checked_hosts(&self) -> Vec<String> {
        let scope = format!("{}/20260101/us-east-1/route53/aws4_request", self.account);
        let signed = format!("Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0\r\n");
        let list = self.get("127.0.0.1", "/2013-04-01/healthcheck", &signed);
        let names = list.split("<FullyQualifiedDomainName>").skip(1);
        names.filter_map(|rest| rest.split('<').next()).map(str::to_owned).collect()
    }

    /// Records a failure for every host that does not answer now.
    fn probe(&self, when: &str) {
        let checked = self.checked_hosts();
        for host in self.hosts.iter().chain(&checked) {
            let answer = self.get(host, "/health", "");
            // A health check may have got another host since it was listed.
            let is_in_use = || self.hosts.contains(host) || self.checked_hosts().contains(host);
            if !answer.starts_with("HTTP/1.1 200") && is_in_use() {
                let status = answer.lines().next().unwrap_or_default();
                self.failures
                    .lock()
                    .expect("the lock is not poisoned")
                    .push(format!("after {when}: {host} returned {status}"));
            }
        }
    }

    fn status(&self, host: &str) -> String {
        self.get(host, "/health", "").split(' ').nth(1).unwrap_or_default().to_owned()
    }
}

/// A running API with a prober that calls it after every write.
struct ProbedApi {
    world: World,
    zone: Subject,
    api: Subject,
    prober: Prober,
}

impl ProbedApi {
    async fn start() -> Self {
        let world = World::start().await;
        let mut zone = Subject::new("multiregion_zone");
        let config = zone.config(&json!({ "name": "door.example" }));
        world.apply(&mut zone, &config).await;
        let prober = Prober {
            address: world.local.endpoint().trim_start_matches("http://").to_owned(),
            account: world.local.account_id().to_owned(),
            hosts: Vec::new(),
            failures: Arc::default(),
        };
        Self { world, zone, api: Subject::new("multiregion_api"), prober }
    }

    fn config(&self, disabled: bool, regional_names: bool, settings: &Json) -> Value {
        let mut config = json!({
            "name": "doors",
            "regions": { "us-east-1": {}, "us-west-2": {} },
            "function": self.world.function(),
            "gateway": { "disable_execute_api_endpoint": disabled },
            "domain": {
                "name": "api.door.example", "zone_id": self.zone.text("id"), "regional_names": regional_names,
            },
        });
        for (name, value) in settings.as_object().expect("an object") {
            config[name] = value.clone();
        }
        self.api.config(&config)
    }

    /// Applies while the prober runs; afterwards API Gateway's endpoint of each region must return `status`.
    async fn apply(&mut self, config: &Value, status: &str) {
        let prober = self.prober.clone();
        // The prober only reads, so it does not trigger itself.
        let probe = move |call: &strict_aws::Call| {
            if call.writes() {
                tokio::task::block_in_place(|| prober.probe(&format!("{} in {}", call.name(), call.region)));
            }
        };
        self.world.local.inject(Fault::new(Effect::Hook(Arc::new(probe))));
        self.world.apply(&mut self.api, config).await;
        self.world.local.clear_faults();
        let failures = std::mem::take(&mut *self.prober.failures.lock().expect("the lock is not poisoned"));
        assert!(failures.is_empty(), "{failures:#?}");
        for region in ["us-east-1", "us-west-2"] {
            let api = self.api.ledger().entries[&format!("{region}/http_api").parse().expect("an address")].clone();
            let host = api.outputs["host"].as_str().expect("a host").to_owned();
            assert_eq!(self.prober.status(&host), status, "{host}");
        }
    }

    async fn end(mut self) {
        self.world.apply(&mut self.api, &Value::Null).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_checks_move_before_the_endpoint_is_disabled_and_after_it_is_enabled() {
    let mut probed = ProbedApi::start().await;
    let routing =
        json!({ "routing": { "policy": "latency", "health_check": { "path": "/health" }, "drain_seconds": 0 } });
    let (enabled, disabled) = (probed.config(false, true, &routing), probed.config(true, true, &routing));
    probed.apply(&enabled, "200").await;
    probed.prober.hosts = vec!["api.door.example".to_owned(), "us-west-2.api.door.example".to_owned()];
    probed.apply(&disabled, "404").await;
    probed.apply(&enabled, "200").await;
    probed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cloudfront_moves_before_the_endpoint_is_disabled_and_after_it_is_enabled() {
    let mut probed = ProbedApi::start().await;
    let cdn = json!({ "cdn": { "origin": "group" }, "routing": { "drain_seconds": 0 } });
    let (enabled, disabled) = (probed.config(false, false, &cdn), probed.config(true, true, &cdn));
    probed.apply(&enabled, "200").await;
    probed.prober.hosts = vec!["api.door.example".to_owned()];
    probed.apply(&disabled, "404").await;
    probed.apply(&enabled, "200").await;
    probed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_is_created_with_a_disabled_endpoint() {
    let mut probed = ProbedApi::start().await;
    let routing = json!({ "routing": { "health_check": { "path": "/health" }, "drain_seconds": 0 } });
    let disabled = probed.config(true, true, &routing);
    probed.apply(&disabled, "404").await;
    let calls = probed.world.local.calls();
    let refused = calls.iter().any(|call| call.name() == "apigateway:UpdateApi" && call.status >= 300);
    assert!(!refused, "{calls:#?}");
    probed.end().await;
}
