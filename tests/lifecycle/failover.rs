//! A failover as a client sees it: it resolves the name of the API through DNS and sends requests to the answer.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use strict_aws::tools::clis;
use strict_aws::{Backend, Options, Resolver, region_at};

use super::configs::Config;
use super::stage::Stage;

const NAME: &str = "api.ipgiraffe.com";

/// Health checks every 10 s with two results, 20 times faster than in AWS, and a TTL of 60 s that is 20 times shorter.
const SPEED: u32 = 20;
const CHECKED: &str = r#"policy = "failover", health_check = { path = "/health", interval_seconds = 10, failure_threshold = 2 }, drain_seconds = 1"#;
/// The shortest time until the second failed health check.
const FIRST: Duration = Duration::from_millis(10_000 / SPEED as u64);

#[tokio::test(flavor = "multi_thread")]
async fn clients_follow_the_health_checks_through_dns() {
    for cli in clis().await.expect("a CLI is found or built") {
        let options = Options { health_checkers: Some(SPEED), backend: Backend::Ministack, ..Options::default() };
        a_client_fails_over_and_comes_back(Stage::with(&cli, options).await).await;
    }
}

/// The region whose address DNS returns, and the status and the region of its response.
async fn request(stage: &Stage, resolver: &Resolver) -> (String, u16, String) {
    let address = resolver.address(NAME).await.expect("DNS answers").expect("the name has an address");
    let response = stage.get_at(address, NAME, "/").await;
    let body: serde_json::Value = serde_json::from_str(&response.body).unwrap_or_default();
    let region = body["region"].as_str().unwrap_or_default().to_owned();
    (region_at(address).unwrap_or_default().to_owned(), response.status, region)
}

/// Sends requests until a region responds; returns the time. In between, only the region that fails may answer.
async fn until_served_by(stage: &Stage, resolver: &Resolver, region: &str) -> Duration {
    let began = Instant::now();
    loop {
        let (resolved, status, responded) = request(stage, resolver).await;
        if resolved == region {
            assert_eq!((status, responded.as_str()), (200, region), "the other region serves at once");
            return began.elapsed();
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{region} does not respond: {resolved} {status}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The log ends with the critical path of the API: it begins at the start of the apply, and each step follows the one before.
fn assert_critical_path(log: &str) {
    let mut path: Vec<&str> = log.lines().filter(|line| line.contains("critical path")).collect();
    let start = path.iter().rposition(|line| line.contains("at the start")).expect("a path has a start");
    let path = path.split_off(start);
    let step = |line: &str| line.split("create ").nth(1).and_then(|step| step.split(':').next()).map(str::to_owned);
    assert!(path.len() > 3 && path[0].contains("create global/claim"), "{path:#?}");
    for pair in path.windows(2) {
        let before = step(pair[0]).unwrap_or_else(|| panic!("no step: {}", pair[0]));
        assert!(pair[1].contains(&format!("after create {before}")), "{pair:#?}");
    }
    let end = log.lines().rfind(|line| line.contains("end of the apply")).expect("the log has the end of the apply");
    let requests = end.split("requests=").nth(1).and_then(|rest| rest.split([' ', ':']).next()?.parse::<u32>().ok());
    assert!(requests.is_some_and(|requests| requests > 20), "{end}");
}

async fn a_client_fails_over_and_comes_back(mut stage: Stage) {
    let mut config = Config::latency();
    config.regions = BTreeMap::from([("us-east-1", "{ primary = true }"), ("us-west-2", "{}")]);
    config.routing = Some(CHECKED);
    let log = stage.workspace.dir().join("provider.log");
    stage.workspace.set_env([("TF_LOG_PROVIDER", "INFO".to_owned()), ("TF_LOG_PATH", log.display().to_string())]);
    stage.apply(&config.hcl()).await;
    let log = std::fs::read_to_string(&log).expect("the provider logs");
    assert_critical_path(&log);
    let resolver = stage.aws.resolver_near("us-west-2");
    let served = |region: &str| (region.to_owned(), 200, region.to_owned());
    // The first health checks may have failed, before the API was complete.
    until_served_by(&stage, &resolver, "us-east-1").await;
    assert_eq!(request(&stage, &resolver).await, served("us-east-1"));

    stage.aws.set_down(&["us-east-1"]);
    let (resolved, status, _) = request(&stage, &resolver).await;
    assert_eq!((resolved.as_str(), status), ("us-east-1", 503), "the client has the answer in its cache");
    assert!(until_served_by(&stage, &resolver, "us-west-2").await >= FIRST);

    stage.aws.set_down(&[]);
    assert_eq!(request(&stage, &resolver).await, served("us-west-2"), "the primary is not healthy yet");
    until_served_by(&stage, &resolver, "us-east-1").await;
    // Health checks change nothing that the provider manages.
    stage.assert_nothing_to_do().await;
    stage.destroy().await;
}
