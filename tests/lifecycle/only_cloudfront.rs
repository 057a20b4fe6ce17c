//! A secret between CloudFront and the regions: no way around CloudFront, and a rotation without a gap.

use super::configs::Config;
use super::stage::Stage;

super::rows![clients_reach_a_rest_api_only_through_cloudfront, clients_reach_an_http_api_only_through_cloudfront,];

const FIRST: &str = "0123456789abcdefghijklmn";
const SECOND: &str = "nmlkjihgfedcba9876543210";

/// The steps of a rotation: the secrets that the regions accept, and the one that CloudFront sends.
const ROTATION: [(&[&str], &str); 4] =
    [(&[FIRST], FIRST), (&[FIRST, SECOND], FIRST), (&[FIRST, SECOND], SECOND), (&[SECOND], SECOND)];

/// The function that authorizes requests of CloudFront, as in the guide.
const GATE: &str = r#"
import hmac, os

def handler(event, context):
    given = event["identitySource"][0]
    accepted = os.environ["SECRETS"].split()
    return {"isAuthorized": any(hmac.compare_digest(given, secret) for secret in accepted)}
"#;

const APP: &str = r#"source_dir = "${path.module}/src", handler = "app.handler", runtime = "python3.12""#;

/// A REST API with these keys, behind a distribution that sends one of them.
fn rest(accepted: &[&str], sent: &str) -> String {
    let key = |value: &&str| format!("{} = {{ value = \"{value}\" }}", if *value == FIRST { "one" } else { "two" });
    let keys: Vec<String> = accepted.iter().map(key).collect();
    format!(
        r#"  functions = {{ orders = {{ {APP}, routes = ["GET /orders/{{id}}"], api_key_required = true }} }}
  gateway = {{ protocol = "rest", routes = ["GET /health"], api_keys = {{ {} }} }}
  cdn     = {{ origin = "group", origin_headers = {{ x-api-key = "{sent}" }} }}
"#,
        keys.join(", ")
    )
}

/// An HTTP API whose function accepts these secrets, behind a distribution that sends one of them.
fn http(accepted: &[&str], sent: &str) -> String {
    let secrets = accepted.join(" ");
    format!(
        r#"  functions = {{
    gate   = {{ source_dir = "${{path.module}}/gate", handler = "app.handler", runtime = "python3.12", environment = {{ SECRETS = "{secrets}" }} }}
    orders = {{ {APP}, routes = ["GET /orders/{{id}}"], authorizer = "cloudfront" }}
  }}
  gateway = {{
    routes      = ["GET /health"]
    authorizers = {{
      cloudfront = {{ kind = "request", function = "gate", header = "x-origin-verify", simple_responses = true, cache_seconds = 0 }}
    }}
  }}
  cdn = {{ origin = "group", origin_headers = {{ x-origin-verify = "{sent}" }} }}
"#
    )
}

async fn clients_reach_a_rest_api_only_through_cloudfront(stage: Stage) {
    rotate(&stage, "x-api-key", 403, rest).await;
}

async fn clients_reach_an_http_api_only_through_cloudfront(stage: Stage) {
    stage.workspace.write("gate/app.py", GATE).expect("the function is written");
    rotate(&stage, "x-origin-verify", 401, http).await;
}

/// Rotates the secret in the header `name`. After each step CloudFront is answered, a client that calls a region directly is
/// refused (with the status `anonymous`, if it sends no secret), and a health check still succeeds.
async fn rotate(stage: &Stage, name: &str, anonymous: u16, configured: fn(&[&str], &str) -> String) {
    let mut config = Config::bare(&["us-east-1", "us-west-2"]);
    for (accepted, sent) in ROTATION {
        config.extra = configured(accepted, sent).leak();
        stage.apply(&config.hcl()).await;
        let api = stage.attributes("multiregion_api.this").await;
        let cloudfront = api["distribution"]["domain_name"].as_str().expect("a host").to_owned();
        assert_eq!(stage.get(&cloudfront, "/orders/7").await.status, 200, "{accepted:?}");
        // A client cannot replace what CloudFront sends.
        let guessed = format!("{name}: guessed-by-a-client-\r\n");
        assert_eq!(stage.get_with(&cloudfront, "/orders/7", &guessed).await.status, 200);

        for region in ["us-east-1", "us-west-2"] {
            let url = api["endpoints"][region]["execute_api_url"].as_str().expect("a URL");
            let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
            let (host, base) = rest.split_once('/').unwrap_or((rest, ""));
            let base = if base.is_empty() { String::new() } else { format!("/{base}") };
            let path = format!("{base}/orders/7");
            assert_eq!(stage.get(host, &path).await.status, anonymous, "past CloudFront to {region}");
            assert_eq!(stage.get_with(host, &path, &guessed).await.status, 403, "past CloudFront to {region}");
            assert_eq!(stage.get(host, &format!("{base}/health")).await.status, 200, "the checkers of {region}");
            for secret in [FIRST, SECOND] {
                // While CloudFront deploys a change, its edge locations send one or the other.
                let expected = if accepted.contains(&secret) { 200 } else { 403 };
                let status = stage.get_with(host, &path, &format!("{name}: {secret}\r\n")).await.status;
                assert_eq!(status, expected, "{secret} in {region}, which accepts {accepted:?}");
            }
        }
    }
    stage.destroy().await;
}
