//! A secret between CloudFront and the regions: no way around CloudFront, and a rotation without a gap.

use super::configs::Config;
use super::stage::Stage;

super::rows![clients_reach_a_rest_api_only_through_cloudfront];

const FIRST: &str = "0123456789abcdefghijklmn";
const SECOND: &str = "nmlkjihgfedcba9876543210";

/// A REST API with these keys, behind a distribution that sends one of them.
fn extra(keys: &[(&str, &str)], sent: &str) -> &'static str {
    let orders = r#"source_dir = "${path.module}/src", handler = "app.handler", runtime = "python3.12""#;
    let keys: Vec<String> = keys.iter().map(|(name, value)| format!("{name} = {{ value = \"{value}\" }}")).collect();
    let text = format!(
        r#"  functions = {{ orders = {{ {orders}, routes = ["GET /orders/{{id}}"], api_key_required = true }} }}
  gateway = {{ protocol = "rest", routes = ["GET /health"], api_keys = {{ {} }} }}
  cdn     = {{ origin = "group", origin_headers = {{ x-api-key = "{sent}" }} }}
"#,
        keys.join(", ")
    );
    text.leak()
}

async fn clients_reach_a_rest_api_only_through_cloudfront(stage: Stage) {
    let mut config = Config::bare(&["us-east-1", "us-west-2"]);
    config.extra = extra(&[("one", FIRST)], FIRST);
    stage.apply(&config.hcl()).await;
    let api = stage.attributes("multiregion_api.this").await;
    let cloudfront = api["distribution"]["domain_name"].as_str().expect("a host").to_owned();
    let url = api["endpoints"]["us-east-1"]["execute_api_url"].as_str().expect("a URL").to_owned();
    let (direct, base) = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).expect("a stage");
    let path = format!("/{base}/orders/7");

    assert_eq!(stage.get(&cloudfront, "/orders/7").await.status, 200);
    assert_eq!(stage.get(direct, &path).await.status, 403, "past CloudFront");
    // A client cannot replace what CloudFront sends.
    let guessed = stage.get_with(&cloudfront, "/orders/7", "x-api-key: guessed-by-a-client-\r\n").await;
    assert_eq!(guessed.status, 200);

    // The rotation: both keys are valid while CloudFront deploys the new one.
    for (keys, sent) in [
        (&[("one", FIRST), ("two", SECOND)][..], FIRST),
        (&[("one", FIRST), ("two", SECOND)], SECOND),
        (&[("two", SECOND)], SECOND),
    ] {
        config.extra = extra(keys, sent);
        stage.apply(&config.hcl()).await;
        assert_eq!(stage.get(&cloudfront, "/orders/7").await.status, 200);
    }
    let old = stage.get_with(direct, &path, &format!("x-api-key: {FIRST}\r\n")).await;
    assert_eq!(old.status, 403, "the old key is no longer valid");
    stage.destroy().await;
}
