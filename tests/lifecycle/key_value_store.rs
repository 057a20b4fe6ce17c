//! CloudFront with a function that chooses a region: real requests of clients in several places, and drains that change only
//! the routing table.

use serde_json::Value as Json;

use super::configs::Config;
use super::stage::Stage;

super::rows![a_function_chooses_the_region, a_function_chooses_the_region_of_the_country];

const REGIONS: [&str; 3] = ["us-east-1", "eu-central-1", "ap-northeast-1"];

async fn host(stage: &Stage) -> String {
    let api = stage.attributes("multiregion_api.this").await;
    api["distribution"]["domain_name"].as_str().expect("a distribution").to_owned()
}

/// The status of a request, and the region that answers.
async fn answer(stage: &Stage, method: &str, host: &str, client: &str) -> (u16, String) {
    let response = stage.request_with(method, host, "/a", &format!("x-test-{client}\r\n")).await;
    let body: Json = serde_json::from_str(&response.body).unwrap_or_default();
    (response.status, body["region"].as_str().unwrap_or_default().to_owned())
}

/// Checks which region answers clients, for requests that read and for those that write.
async fn expect(stage: &Stage, host: &str, rows: &[(&str, &str)]) {
    for (client, region) in rows {
        for method in ["GET", "POST"] {
            assert_eq!(answer(stage, method, host, client).await, (200, (*region).to_owned()), "{method} {client}");
        }
    }
}

async fn drained(stage: &Stage, config: &Config) {
    let changes = stage.changes(&config.hcl()).await;
    assert_eq!(changes.changed.iter().collect::<Vec<_>>(), ["global/key_values"], "{changes:?}");
    assert!(changes.added.is_empty() && changes.removed.is_empty(), "{changes:?}");
    stage.aws.clear_calls();
    stage.apply(&config.hcl()).await;
    assert_eq!(stage.writes(), ["cloudfront-keyvaluestore:UpdateKeys us-east-1"], "an apply that only writes keys");
}

async fn a_function_chooses_the_region(stage: Stage) {
    let mut config = Config::bare(&REGIONS);
    config.extra = "  cdn = { origin = \"key_value_store\" }\n";
    stage.apply(&config.hcl()).await;
    let host = host(&stage).await;
    let (america, europe, asia) = ("region: us-west-2", "region: eu-west-1", "region: ap-southeast-2");
    expect(&stage, &host, &[(america, "us-east-1"), (europe, "eu-central-1"), (asia, "ap-northeast-1")]).await;

    // A region that fails: requests that read are repeated in the next one.
    stage.aws.set_down(&["eu-central-1"]);
    assert_eq!(answer(&stage, "GET", &host, europe).await, (200, "us-east-1".to_owned()));
    assert_eq!(answer(&stage, "POST", &host, europe).await.0, 503, "a write must not fail over");
    config.drained = &["eu-central-1"];
    drained(&stage, &config).await;
    expect(&stage, &host, &[(america, "us-east-1"), (europe, "us-east-1"), (asia, "ap-northeast-1")]).await;
    stage.aws.set_down(&[]);
    config.drained = &[];
    drained(&stage, &config).await;
    expect(&stage, &host, &[(europe, "eu-central-1")]).await;

    // A region is added and removed: the function and the distribution know it before and after the table.
    config.regions.insert("us-west-2", "{}");
    stage.apply(&config.hcl()).await;
    expect(&stage, &host, &[(america, "us-west-2"), (europe, "eu-central-1")]).await;
    config.regions.remove("us-west-2");
    stage.apply(&config.hcl()).await;
    expect(&stage, &host, &[(america, "us-east-1")]).await;

    // Another origin, and back.
    config.extra = "  cdn = { origin = \"group\", group_order = [\"us-east-1\", \"eu-central-1\"] }\n";
    config.regions.remove("ap-northeast-1");
    stage.apply(&config.hcl()).await;
    let kinds = ["key_value_store", "key_values", "viewer_function"];
    assert!(stage.components().await.keys().all(|address| !kinds.iter().any(|kind| address.ends_with(kind))));
    config.extra = "  cdn = { origin = \"key_value_store\" }\n  routing = { policy = \"weighted\" }\n";
    config.regions.insert("us-east-1", "{ weight = 0 }");
    stage.apply(&config.hcl()).await;
    expect(&stage, &host, &[(america, "eu-central-1"), (europe, "eu-central-1")]).await;
    config.regions.insert("us-east-1", "{}");
    config.regions.insert("eu-central-1", "{ weight = 0 }");
    drained(&stage, &config).await;
    expect(&stage, &host, &[(america, "us-east-1"), (europe, "us-east-1")]).await;
    stage.destroy().await;
}

async fn a_function_chooses_the_region_of_the_country(stage: Stage) {
    let mut config = Config::bare(&[]);
    config.regions.insert("us-east-1", "{ locations = [\"*\"] }");
    config.regions.insert("eu-central-1", "{ locations = [\"EU\"] }");
    config.regions.insert("ap-northeast-1", "{ locations = [\"JP\", \"KR\"] }");
    config.extra = "  cdn = { origin = \"key_value_store\" }\n  routing = { policy = \"geolocation\" }\n";
    stage.apply(&config.hcl()).await;
    let host = host(&stage).await;
    let rows = [("country: DE", "eu-central-1"), ("country: JP", "ap-northeast-1"), ("country: BR", "us-east-1")];
    expect(&stage, &host, &rows).await;
    config.drained = &["ap-northeast-1"];
    drained(&stage, &config).await;
    expect(&stage, &host, &[("country: DE", "eu-central-1"), ("country: JP", "us-east-1")]).await;
    stage.destroy().await;
}
