//! Updates of an existing API change only the objects that they must change.

use std::collections::BTreeSet;
use std::time::Duration;

use super::configs::{Config, DOMAIN};
use super::stage::{APP, Stage};

super::rows![
    code_and_settings_change_only_their_objects,
    regions_are_added_drained_and_removed,
    a_health_check_is_replaced_without_a_gap,
    a_domain_and_a_distribution_are_added_and_removed,
    a_removed_region_is_deleted_after_the_drain_period,
    objects_deleted_in_aws_are_created_again,
];

/// The kinds among these addresses.
fn kinds(addresses: &BTreeSet<String>) -> BTreeSet<&str> {
    addresses.iter().filter_map(|address| address.split('/').nth(1)).collect()
}

async fn code_and_settings_change_only_their_objects(stage: Stage) {
    let mut config = Config::latency();
    stage.apply(&config.hcl()).await;

    stage.workspace.write("src/app.py", &APP.replace("\"Hello\"", "\"Howdy\"")).expect("the code is changed");
    let changes = stage.changes(&config.hcl()).await;
    assert_eq!(kinds(&changes.changed), BTreeSet::from(["alias", "function", "version"]));
    assert!(changes.added.is_empty() && changes.removed.is_empty(), "{changes:?}");
    stage.aws.clear_calls();
    stage.apply(&config.hcl()).await;
    let services: BTreeSet<String> =
        stage.writes().into_iter().map(|call| call[..call.find(':').unwrap_or(0)].to_owned()).collect();
    assert_eq!(services, BTreeSet::from(["lambda".to_owned()]), "new code must change only Lambda");
    assert_eq!(stage.ask_regions("/").await["us-west-2"]["greeting"], "Howdy");

    config.regions.insert("us-west-2", r#"{ environment = { GREETING = "Aloha" } }"#);
    let changes = stage.changes(&config.hcl()).await;
    assert_eq!(kinds(&changes.changed), BTreeSet::from(["alias", "function", "version"]));
    assert!(changes.changed.iter().all(|address| address.starts_with("us-west-2/")), "{changes:?}");
    stage.apply(&config.hcl()).await;
    assert_eq!(stage.ask_regions("/").await["us-west-2"]["greeting"], "Aloha");
    assert_eq!(stage.ask_regions("/").await["us-east-1"]["greeting"], "Howdy");

    config.routing =
        Some(r#"policy = "latency", health_check = { path = "/health", failure_threshold = 5 }, drain_seconds = 1"#);
    let changes = stage.changes(&config.hcl()).await;
    assert_eq!(kinds(&changes.changed), BTreeSet::from(["health_check"]));
    stage.aws.clear_calls();
    stage.apply(&config.hcl()).await;
    assert_eq!(stage.writes().len(), 3, "expected one update for each region");

    config.extra = "  tags = { team = \"giraffe\" }\n";
    stage.apply(&config.hcl()).await;
    stage.destroy().await;
}

async fn regions_are_added_drained_and_removed(stage: Stage) {
    let mut config = Config::latency();
    stage.apply(&config.hcl()).await;

    config.regions.insert("ap-southeast-1", "{}");
    let changes = stage.changes(&config.hcl()).await;
    assert!(changes.added.iter().all(|address| address.starts_with("ap-southeast-1/")), "{changes:?}");
    let others = changes.changed.iter().filter(|address| !address.starts_with("global/"));
    assert_eq!(others.count(), 0, "{changes:?}");
    stage.apply(&config.hcl()).await;
    assert_eq!(stage.ask_regions("/").await.len(), 4);
    assert_eq!(serving(&stage).await.len(), 4);

    config.drained = &["us-west-2"];
    let changes = stage.changes(&config.hcl()).await;
    assert!(changes.changed.contains("global/record/api.ipgiraffe.com") && changes.added.is_empty(), "{changes:?}");
    stage.apply(&config.hcl()).await;
    assert_eq!(stage.ask_regions("/").await.len(), 4, "a drained region must keep running");
    assert_eq!(
        serving(&stage).await,
        BTreeSet::from(["ap-southeast-1", "eu-central-1", "us-east-1"].map(str::to_owned))
    );

    config.regions.remove("eu-central-1");
    stage.aws.clear_calls();
    stage.apply(&config.hcl()).await;
    let writes = stage.writes();
    let record = writes.iter().position(|call| call.starts_with("route53:ChangeResourceRecordSets"));
    let deletion = writes.iter().position(|call| call.contains(":Delete") && call.ends_with("eu-central-1"));
    assert!(record < deletion && record.is_some(), "the record must change first: {writes:#?}");
    assert_eq!(serving(&stage).await, BTreeSet::from(["ap-southeast-1", "us-east-1"].map(str::to_owned)));
    stage.destroy().await;
}

/// The regions to which Route 53 routes the public domain name. Checks that `endpoints` in the state agrees.
async fn serving(stage: &Stage) -> BTreeSet<String> {
    let endpoints = stage.attributes("multiregion_api.this").await["endpoints"].clone();
    let by_state: BTreeSet<String> = endpoints
        .as_object()
        .expect("endpoints is a map")
        .iter()
        .filter(|(_, endpoint)| endpoint["serving"] == true)
        .map(|(region, _)| region.clone())
        .collect();
    let records = stage.records().await;
    let by_aws: BTreeSet<String> =
        records.iter().filter_map(|record| record["set"].as_str().map(str::to_owned)).collect();
    assert_eq!(by_state, by_aws, "`serving` and Route 53 must agree");
    by_aws
}

async fn a_health_check_is_replaced_without_a_gap(stage: Stage) {
    let mut config = Config::latency();
    stage.apply(&config.hcl()).await;
    config.routing =
        Some(r#"policy = "latency", health_check = { path = "/health", interval_seconds = 10 }, drain_seconds = 1"#);
    stage.aws.clear_calls();
    stage.apply(&config.hcl()).await;
    let writes = stage.writes();
    let at = |name: &str| {
        writes.iter().enumerate().filter(|(_, call)| call.starts_with(name)).map(|(at, _)| at).collect::<Vec<_>>()
    };
    let (created, moved, deleted) =
        (at("route53:CreateHealthCheck"), at("route53:ChangeResourceRecordSets"), at("route53:DeleteHealthCheck"));
    assert_eq!((created.len(), moved.len(), deleted.len()), (3, 1, 3), "{writes:#?}");
    assert!(created.last() < moved.first() && moved.last() < deleted.first(), "{writes:#?}");
    stage.destroy().await;
}

async fn a_domain_and_a_distribution_are_added_and_removed(stage: Stage) {
    let mut config = Config::bare(&["us-east-1", "us-west-2"]);
    config.zone = true;
    stage.apply(&config.hcl()).await;
    let distribution = "  cdn = { origin = \"group\" }\n";
    config.extra = distribution;
    stage.apply(&config.hcl()).await;
    let api = stage.attributes("multiregion_api.this").await;
    let host = api["distribution"]["domain_name"].as_str().expect("a distribution").to_owned();
    assert_eq!(stage.get(&host, "/").await.status, 200, "CloudFront must answer");
    assert_eq!(stage.request("POST", &host, "/").await.status, 403, "an origin group must refuse POST");

    config.extra = "";
    config.domain = Some(DOMAIN);
    config.routing = Some(r#"policy = "latency", drain_seconds = 1"#);
    stage.apply(&config.hcl()).await;
    assert_eq!(stage.get("api.ipgiraffe.com", "/").await.status, 200);
    assert_eq!(stage.attributes("multiregion_api.this").await["distribution"], serde_json::Value::Null);

    config.extra = "  cdn = { origin = \"latency\" }\n";
    stage.apply(&config.hcl()).await;
    assert_eq!(stage.get("api.ipgiraffe.com", "/").await.status, 200, "CloudFront must answer for the public name");
    assert_eq!(stage.request("POST", "api.ipgiraffe.com", "/").await.status, 200, "a single origin must accept POST");

    config.extra = "";
    config.domain = None;
    config.routing = None;
    stage.apply(&config.hcl()).await;
    assert!(stage.components().await.keys().all(|address| !address.contains("/domain")));
    stage.destroy().await;
}

async fn objects_deleted_in_aws_are_created_again(stage: Stage) {
    let config = Config::latency();
    stage.apply(&config.hcl()).await;
    let components = stage.components().await;
    let id = |address: &str| components[address]["id"].as_str().expect("an id").to_owned();

    stage
        .delete_in_aws("route53", "us-east-1", &format!("/2013-04-01/healthcheck/{}", id("us-west-2/health_check")))
        .await;
    let changes = stage.changes(&config.hcl()).await;
    let names: BTreeSet<&String> = changes.added.union(&changes.changed).collect();
    let allowed = ["us-west-2/health_check", "global/record/api.ipgiraffe.com"];
    assert!(
        names.iter().all(|name| allowed.contains(&name.as_str())) && changes.added.contains(allowed[0]),
        "{changes:?}"
    );
    stage.apply(&config.hcl()).await;

    let function = format!("/2015-03-31/functions/{}", id("eu-central-1/function"));
    stage.delete_in_aws("lambda", "eu-central-1", &function).await;
    let changes = stage.changes(&config.hcl()).await;
    assert!(changes.added.contains("eu-central-1/function"), "{changes:?}");
    let elsewhere =
        changes.added.iter().chain(&changes.changed).filter(|address| !address.starts_with("eu-central-1/"));
    assert_eq!(elsewhere.count(), 0, "{changes:?}");
    stage.apply(&config.hcl()).await;
    assert_eq!(stage.ask_regions("/").await.len(), 3);
    stage.destroy().await;
}

/// A region's objects are deleted one drain period after the change of the records, also when one apply drains the
/// region and the next one removes it.
async fn a_removed_region_is_deleted_after_the_drain_period(stage: Stage) {
    let mut config = Config::latency();
    config.routing = Some(r#"policy = "latency", drain_seconds = 5"#);
    stage.apply(&config.hcl()).await;
    stage.aws.clear_calls();
    config.drained = &["eu-central-1"];
    stage.apply(&config.hcl()).await;
    config.drained = &[];
    config.regions.remove("eu-central-1");
    stage.apply(&config.hcl()).await;
    let calls = stage.aws.calls();
    let time_of = |operation: &str, region: &str| {
        let call = calls.iter().find(|call| call.name() == operation && call.region == region);
        call.unwrap_or_else(|| panic!("{operation} was not called in {region}")).started
    };
    let withdrawn = time_of("route53:ChangeResourceRecordSets", "us-east-1");
    for operation in ["apigateway:DeleteApiMapping", "apigateway:DeleteDomainName", "lambda:DeleteFunction"] {
        let deleted = time_of(operation, "eu-central-1");
        assert!(deleted >= withdrawn + Duration::from_secs(5), "{operation} came after {:?}", deleted - withdrawn);
    }
    stage.destroy().await;
}
