//! An in-memory AWS with a simulated clock, and provider processes that use it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use multiregion::aws::{Aws, CancellationToken, Clock, Config, ConnectError, StaticCredentials, chain};
use multiregion::lifecycle::{self, Provider};
use multiregion::resources::{self, Resource};
use multiregion::wire::{Diagnostic, Diagnostics, Path, Value, decode_json};
use serde_json::{Value as Json, json};
use strict_aws::{Delays, EventualConsistency, LocalAws, Options, Reply, Snapshot};
use tempfile::TempDir;

use super::clock::{SimulatedClock, simulate};
use super::network::Network;

/// How long a change of records takes to reach all of Route 53's servers.
pub(super) const INSYNC: Duration = Duration::from_secs(30);
/// How long resolvers cache the answer of an alias record.
pub(super) const TTL: Duration = Duration::from_secs(60);
/// How long a change of a distribution takes to reach all edges.
pub(super) const DEPLOYED: Duration = Duration::from_secs(180);

/// How long AWS keeps the replicas of a Lambda@Edge function that no distribution uses.
pub(super) const REPLICAS: Duration = Duration::from_secs(4 * 3600);

/// The default home region of provider processes.
pub(super) const HOME: &str = "us-east-1";

/// Web ACLs of another team: their names, regions and scopes.
const WEB_ACLS: [(&str, &str, &str); 5] = [
    ("east", "us-east-1", "REGIONAL"),
    ("east-2", "us-east-1", "REGIONAL"),
    ("west", "us-west-2", "REGIONAL"),
    ("edge", "us-east-1", "CLOUDFRONT"),
    ("edge-2", "us-east-1", "CLOUDFRONT"),
];

/// How long reads may lag behind writes.
const CONSISTENCY_WINDOW: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(super) struct World {
    pub(super) aws: Arc<LocalAws>,
    pub(super) clock: SimulatedClock,
    pub(super) network: Network,
    empty: Moment,
    sources: Arc<Sources>,
    /// The ARNs of the web ACLs by name.
    web_acls: Arc<Mutex<BTreeMap<String, String>>>,
    throttles: bool,
    /// The home region of the processes: the provider's `region`.
    pub(super) home: &'static str,
    /// How long a process keeps running after it has applied its resource, as it does while other resources are in
    /// progress.
    pub(super) keeps_running: Duration,
}

/// A saved state of a world.
#[derive(Clone)]
pub(super) struct Moment {
    aws: Snapshot,
    elapsed: Duration,
}

/// The code of functions, shared by all worlds.
pub(super) struct Sources(TempDir);

impl Sources {
    /// Writes two versions of an application.
    pub(super) fn new() -> Self {
        let sources = tempfile::tempdir().expect("a folder is created");
        for version in ["first", "second"] {
            let folder = sources.path().join(version);
            std::fs::create_dir(&folder).expect("a folder is created");
            let app = format!("def handler(event, context):\n    return {{'statusCode': 200, 'body': '{version}'}}\n");
            std::fs::write(folder.join("app.py"), app).expect("the application is written");
        }
        Self(sources)
    }
}

impl World {
    pub(super) async fn start(sources: &Arc<Sources>) -> Self {
        Self::start_as(sources, false).await
    }

    /// A world that throttles calls beyond AWS's published limits.
    pub(super) async fn start_throttling(sources: &Arc<Sources>) -> Self {
        Self::start_as(sources, true).await
    }

    async fn start_as(sources: &Arc<Sources>, throttles: bool) -> Self {
        let options = Options { delays: delays(), manual_clock: true, throttle: throttles, ..Options::in_memory() };
        let aws = Arc::new(LocalAws::start(options).await.expect("a local AWS starts"));
        let clock = SimulatedClock::default();
        let network = Network::new(Arc::clone(&aws), clock.clone());
        let empty = Moment { aws: aws.snapshot().expect("the AWS is in memory"), elapsed: Duration::ZERO };
        let (sources, web_acls) = (Arc::clone(sources), Arc::default());
        Self { aws, clock, network, empty, sources, web_acls, throttles, home: HOME, keeps_running: Duration::ZERO }
    }

    /// The same AWS and clock for another user's processes, which are killed and counted separately.
    pub(super) fn separate_process(&self) -> Self {
        Self { network: Network::new(Arc::clone(&self.aws), self.clock.clone()), ..self.clone() }
    }

    /// The same world with another home region.
    pub(super) fn with_home(&self, home: &'static str) -> Self {
        Self { home, ..self.clone() }
    }

    /// Deletes everything.
    pub(super) fn reset(&self) {
        self.restore(&self.empty);
    }

    /// Saves the current state.
    pub(super) fn moment(&self) -> Moment {
        Moment { aws: self.aws.snapshot().expect("the AWS is in memory"), elapsed: self.clock.elapsed() }
    }

    /// Restores a saved state and removes all faults.
    pub(super) fn restore(&self, moment: &Moment) {
        self.aws.restore(&moment.aws).expect("the AWS is in memory");
        self.clock.return_to(moment.elapsed);
        self.aws.clear_faults();
        self.aws.clear_calls();
    }

    /// Makes later reads stale at random, seeded with this name.
    pub(super) fn delay_reads(&self, name: &str) {
        // Any function that gives different names different numbers.
        let seed = name.bytes().fold(0, |seed: u64, byte| seed.wrapping_mul(257).wrapping_add(byte.into()));
        self.aws.set_consistency(Some(EventualConsistency { seed, window: CONSISTENCY_WINDOW }));
    }

    /// The folder with the `first` or `second` version of the function's code.
    pub(super) fn source(&self, version: &str) -> PathBuf {
        self.sources.0.path().join(version)
    }

    /// The `function` block of every configuration.
    pub(super) fn function(&self) -> Json {
        json!({ "source_dir": self.source("first"), "handler": "app.handler", "runtime": "python3.12" })
    }

    /// Creates the web ACLs of another team.
    pub(super) async fn create_web_acls(&self) {
        for (name, region, scope) in WEB_ACLS {
            let visibility =
                json!({ "SampledRequestsEnabled": false, "CloudWatchMetricsEnabled": false, "MetricName": name });
            let body = json!({
                "Name": name, "Scope": scope, "DefaultAction": { "Allow": {} }, "VisibilityConfig": visibility,
            });
            let request = http::Request::post("/").header("x-amz-target", "AWSWAF_20190729.CreateWebACL");
            let created = self.send("wafv2", region, request, &body).await;
            let arn = created["Summary"]["ARN"].as_str().expect("an ARN").to_owned();
            self.web_acls.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), arn);
        }
    }

    /// Deletes a Lambda@Edge function after AWS has removed its replicas: the command in the warning of a destroy.
    pub(super) async fn delete_edge_function(&self, name: &str) {
        let request = http::Request::delete(format!("/2015-03-31/functions/{name}"));
        self.send("lambda", HOME, request, &Json::Null).await;
    }

    /// The values of all API keys in a region.
    pub(super) async fn api_keys(&self, region: &str) -> Vec<String> {
        let request = http::Request::get("/apikeys?includeValues=true");
        let keys = self.send("apigateway", region, request, &Json::Null).await;
        let keys = keys["item"].as_array().expect("a list").iter();
        keys.map(|key| key["value"].as_str().expect("a value").to_owned()).collect()
    }

    /// Lets time pass while no process runs.
    pub(super) async fn pass(&self, time: Duration) {
        simulate(&self.clock, &self.network, self.clock.sleep(time)).await;
    }

    /// Sends a request of another tool. The answer must be a success.
    async fn send(&self, service: &str, region: &str, request: http::request::Builder, body: &Json) -> Json {
        let place = format!("{}/20260101/{region}/{service}/aws4_request", self.aws.account_id());
        let signature = format!("AWS4-HMAC-SHA256 Credential={place}, SignedHeaders=host, Signature=0");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = request.header("authorization", signature).body(body.into_bytes().into());
        match self.aws.handle(request.expect("a request")).await.reply {
            Reply::Response(response) if response.status().is_success() => {
                serde_json::from_slice(response.body()).unwrap_or_default()
            }
            other => panic!("{service} in {region}: {other:?}"),
        }
    }

    /// The ARN of a web ACL of [`World::create_web_acls`].
    pub(super) fn web_acl(&self, name: &str) -> String {
        let web_acls = self.web_acls.lock().unwrap_or_else(PoisonError::into_inner);
        web_acls.get(name).cloned().expect("the web ACLs have been created")
    }

    /// Starts a configured provider process. Where AWS throttles, it respects the limits.
    pub(super) async fn connect(&self) -> Result<Provider, Diagnostics> {
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        match self.account(self.throttles).await {
            Ok(aws) => Ok(Provider::new(Arc::new(aws), clock, CancellationToken::new())),
            Err(error) => Err(vec![Diagnostic::error(Path::root(), "AWS is not reachable", chain(&error))]),
        }
    }

    /// A connection to AWS for a new process.
    pub(super) async fn account(&self, keep_rate_limits: bool) -> Result<Aws, ConnectError> {
        let config = Config {
            region: Some(self.home.to_owned()),
            credentials: Some(StaticCredentials {
                access_key: self.aws.account_id().to_owned(),
                secret_key: "secret".to_owned(),
                token: None,
            }),
            endpoint_url: Some(self.aws.endpoint()),
            network: Some(self.network.connector()),
            keep_rate_limits,
            ..Config::default()
        };
        lifecycle::connect(config, Arc::new(self.clock.clone())).await
    }
}

/// Delays close to those of AWS, which only simulated time can afford.
fn delays() -> Delays {
    Delays {
        role_assumable: Duration::from_secs(8),
        function_ready: Duration::from_secs(4),
        validation_record: Duration::from_secs(6),
        certificate_issued: Duration::from_secs(40),
        certificate_released: Duration::from_secs(60),
        change_insync: INSYNC,
        key_value_store_ready: Duration::from_secs(5),
        distribution_deployed: DEPLOYED,
        replicas_removed: REPLICAS,
    }
}

/// The resource type of this name.
pub(super) fn resource(type_name: &str) -> &'static dyn Resource {
    let found = resources::REGISTRY.iter().find(|resource| resource.type_name() == type_name);
    *found.expect("a known resource")
}

/// A configuration from JSON; computed attributes are null, as the host sends them.
pub(super) fn config(resource: &dyn Resource, json: &Json) -> Value {
    decode_json(json.to_string().as_bytes(), &resource.schema().ty()).expect("a configuration")
}

/// A string attribute of a value.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    match value {
        Value::Map(attributes) => match attributes.get(name) {
            Some(Value::String(text)) => text,
            other => panic!("{name} is {other:?}"),
        },
        other => panic!("the value is {other:?}"),
    }
}
