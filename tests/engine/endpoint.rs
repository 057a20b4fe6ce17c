//! API Gateway's own endpoint, closed and opened on a living API: nobody who still asks there hits a closed door.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use multiregion::wire::Value;
use serde_json::{Value as Json, json};
use strict_aws::{Effect, Fault};

use super::world::{Subject, World};

/// Asks what is asked on the way to an API, as everybody does who has the addresses of this moment.
#[derive(Clone)]
struct Prober {
    /// The local AWS.
    address: String,
    account: String,
    /// Hosts that users ask.
    hosts: Vec<String>,
    complaints: Arc<Mutex<Vec<String>>>,
}

impl Prober {
    fn get(&self, host: &str, path: &str, authorization: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("the local AWS answers");
        let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{authorization}\r\n");
        stream.write_all(head.as_bytes()).expect("the request is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the answer is text");
        answer
    }

    /// The hosts that Route 53's health checks ask.
    fn checked(&self) -> Vec<String> {
        let scope = format!("{}/20260101/us-east-1/route53/aws4_request", self.account);
        let signed = format!("Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0\r\n");
        let list = self.get("127.0.0.1", "/2013-04-01/healthcheck", &signed);
        let names = list.split("<FullyQualifiedDomainName>").skip(1);
        names.filter_map(|rest| rest.split('<').next()).map(str::to_owned).collect()
    }

    /// Complains of every host that does not answer now.
    fn look(&self, when: &str) {
        let checked = self.checked();
        for host in self.hosts.iter().chain(&checked) {
            let answer = self.get(host, "/health", "");
            // A check may have moved on since it was looked at.
            let is_asked = || self.hosts.contains(host) || self.checked().contains(host);
            if !answer.starts_with("HTTP/1.1 200") && is_asked() {
                let status = answer.lines().next().unwrap_or_default();
                self.complaints.lock().expect("nobody panicked").push(format!("after {when}: {host} says {status}"));
            }
        }
    }

    fn status(&self, host: &str) -> String {
        self.get(host, "/health", "").split(' ').nth(1).unwrap_or_default().to_owned()
    }
}

/// A living API, with a prober that looks at it after every call that changes something.
struct Living {
    world: World,
    zone: Subject,
    api: Subject,
    prober: Prober,
}

impl Living {
    async fn start() -> Self {
        let world = World::start().await;
        let mut zone = Subject::new("multiregion_zone");
        let config = zone.config(&json!({ "name": "door.example" }));
        world.apply(&mut zone, &config).await;
        let prober = Prober {
            address: world.local.endpoint().trim_start_matches("http://").to_owned(),
            account: world.local.account_id().to_owned(),
            hosts: Vec::new(),
            complaints: Arc::default(),
        };
        Self { world, zone, api: Subject::new("multiregion_api"), prober }
    }

    fn config(&self, disabled: bool, regional_names: bool, more: &Json) -> Value {
        let mut config = json!({
            "name": "doors",
            "regions": { "us-east-1": {}, "us-west-2": {} },
            "function": self.world.function(),
            "gateway": { "disable_execute_api_endpoint": disabled },
            "domain": {
                "name": "api.door.example", "zone_id": self.zone.text("id"), "regional_names": regional_names,
            },
        });
        for (name, value) in more.as_object().expect("an object") {
            config[name] = value.clone();
        }
        self.api.config(&config)
    }

    /// Applies while the prober looks; afterwards the regions' own endpoints answer with `status`.
    async fn apply(&mut self, config: &Value, status: &str) {
        let prober = self.prober.clone();
        // What asks AWS on its own account only looks, so this does not go round in circles.
        let look = move |call: &strict_aws::Call| {
            if call.writes() {
                tokio::task::block_in_place(|| prober.look(&format!("{} in {}", call.name(), call.region)));
            }
        };
        self.world.local.inject(Fault::new(Effect::Hook(Arc::new(look))));
        self.world.apply(&mut self.api, config).await;
        self.world.local.clear_faults();
        let complaints = std::mem::take(&mut *self.prober.complaints.lock().expect("nobody panicked"));
        assert!(complaints.is_empty(), "{complaints:#?}");
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
async fn health_checks_move_before_the_endpoint_closes_and_after_it_opens() {
    let mut living = Living::start().await;
    let routing =
        json!({ "routing": { "policy": "latency", "health_check": { "path": "/health" }, "drain_seconds": 0 } });
    let (open, closed) = (living.config(false, true, &routing), living.config(true, true, &routing));
    living.apply(&open, "200").await;
    living.prober.hosts = vec!["api.door.example".to_owned(), "us-west-2.api.door.example".to_owned()];
    living.apply(&closed, "404").await;
    living.apply(&open, "200").await;
    living.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cloudfront_moves_before_the_endpoint_closes_and_after_it_opens() {
    let mut living = Living::start().await;
    let cdn = json!({ "cdn": { "origin": "group" }, "routing": { "drain_seconds": 0 } });
    let (open, closed) = (living.config(false, false, &cdn), living.config(true, true, &cdn));
    living.apply(&open, "200").await;
    living.prober.hosts = vec!["api.door.example".to_owned()];
    living.apply(&closed, "404").await;
    living.apply(&open, "200").await;
    living.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_is_made_with_a_closed_endpoint() {
    let mut living = Living::start().await;
    let routing = json!({ "routing": { "health_check": { "path": "/health" }, "drain_seconds": 0 } });
    let closed = living.config(true, true, &routing);
    living.apply(&closed, "404").await;
    let calls = living.world.local.calls();
    let opened = calls.iter().any(|call| call.name() == "apigateway:UpdateApi" && call.status >= 300);
    assert!(!opened, "{calls:#?}");
    living.end().await;
}
