//! CloudFront: real requests through the distribution, which caches, fails over, and is invalidated when the code changes.

use super::configs::Config;
use super::stage::{HttpResponse, Stage};

super::rows![
    cloudfront_caches_fails_over_and_is_invalidated,
    cloudfront_sends_paths_to_their_regions,
    cloudfront_tries_out_settings_with_some_requests,
];

/// An application that lets CloudFront cache its responses, except to `/private`.
const CACHED: &str = r#"
import json, os

def handler(event, context):
    path = event["rawPath"]
    headers = {key.lower(): value for key, value in event.get("headers", {}).items()}
    body = {
        "region": os.environ["AWS_REGION"],
        "greeting": "Hello",
        "user": headers.get("authorization", "nobody"),
        "verified": headers.get("x-origin-verify", ""),
    }
    control = "private" if path == "/private" else "public, max-age=60"
    return {"statusCode": 200, "headers": {"cache-control": control}, "body": json.dumps(body)}
"#;

/// How CloudFront produced a response (`Hit`, `Miss`, `Error`), and the region that the response names.
fn seen(response: &HttpResponse) -> (String, String) {
    let x_cache = response.header("x-cache").split(' ').next().unwrap_or_default().to_owned();
    (x_cache, text(response, "region"))
}

fn text(response: &HttpResponse, field: &str) -> String {
    let body: serde_json::Value = serde_json::from_str(&response.body).unwrap_or_default();
    body[field].as_str().unwrap_or_default().to_owned()
}

fn pair(x_cache: &str, region: &str) -> (String, String) {
    (x_cache.to_owned(), region.to_owned())
}

async fn host(stage: &Stage) -> String {
    let api = stage.attributes("multiregion_api.this").await;
    api["distribution"]["domain_name"].as_str().expect("a distribution").to_owned()
}

async fn cloudfront_caches_fails_over_and_is_invalidated(stage: Stage) {
    stage.workspace.write("src/app.py", CACHED).expect("the code is written");
    let mut config = Config::bare(&["us-east-1", "us-west-2"]);
    config.extra = r#"
  cdn = {
    origin               = "group"
    group_order          = ["us-west-2", "us-east-1"]
    invalidate_on_change = ["/*"]
    origin_headers       = { x-origin-verify = "shibboleth" }
  }
"#;
    stage.apply(&config.hcl()).await;
    let host = host(&stage).await;
    let first = stage.get(&host, "/a").await;
    assert_eq!(seen(&first), pair("Miss", "us-west-2"), "the first region of the group answers: {first:?}");
    assert_eq!(text(&first, "verified"), "shibboleth", "CloudFront must add the header");
    assert_eq!(seen(&stage.get(&host, "/a").await), pair("Hit", "us-west-2"));

    // Authorization is in the cache key, so that no user receives the response to another.
    for user in ["alice", "bob"] {
        let response = stage.get_as(&host, "/mine", user).await;
        assert_eq!((seen(&response).0.as_str(), text(&response, "user").as_str()), ("Miss", user));
    }
    assert_eq!(text(&stage.get_as(&host, "/mine", "alice").await, "user"), "alice");

    stage.aws.set_down(&["us-west-2"]);
    assert_eq!(seen(&stage.get(&host, "/a").await), pair("Hit", "us-west-2"), "a cached response needs no region");
    for expected in ["Miss", "Miss"] {
        assert_eq!(seen(&stage.get(&host, "/private").await), pair(expected, "us-east-1"), "private is not cached");
    }
    assert_eq!(seen(&stage.get(&host, "/b").await), pair("Miss", "us-east-1"), "the second region must answer");
    assert_eq!(seen(&stage.get(&host, "/b").await), pair("Hit", "us-east-1"));
    stage.aws.set_down(&[]);

    stage.workspace.write("src/app.py", &CACHED.replace("Hello", "Howdy")).expect("the code is changed");
    let changes = stage.changes(&config.hcl()).await;
    assert!(changes.changed.iter().all(|address| !address.contains("distribution")), "{changes:?}");
    stage.aws.clear_calls();
    stage.apply(&config.hcl()).await;
    let invalidations = stage.writes().into_iter().filter(|call| call.starts_with("cloudfront:")).collect::<Vec<_>>();
    assert_eq!(invalidations, ["cloudfront:CreateInvalidation us-east-1"]);
    let fresh = stage.get(&host, "/a").await;
    assert_eq!((seen(&fresh).0.as_str(), text(&fresh, "greeting").as_str()), ("Miss", "Howdy"));

    config.extra = "  cdn = { origin = \"group\", cache = { policy = \"CachingDisabled\" } }\n";
    stage.apply(&config.hcl()).await;
    assert!(stage.components().await.keys().all(|address| !address.contains("policy")), "no policy is left");
    assert_eq!(seen(&stage.get(&host, "/c").await), pair("Miss", "us-east-1"));
    assert_eq!(seen(&stage.get(&host, "/c").await), pair("Miss", "us-east-1"));
    stage.destroy().await;
}

async fn cloudfront_sends_paths_to_their_regions(stage: Stage) {
    stage.workspace.write("src/app.py", CACHED).expect("the code is written");
    let mut config = Config::bare(&["us-east-1", "us-west-2", "eu-central-1"]);
    config.extra = r#"
  cdn = {
    origin = "group"
    behaviors = {
      "/west/*"   = { group = ["us-west-2", "us-east-1"], cache = { key = { headers = [], cookies = [], query_strings = [] } } }
      "/east/*"   = { region = "us-east-1", response_headers = { set = { X-Served-By = "edge" }, remove = ["Server"] } }
      "/orders/*" = { writes = true }
    }
    geo_restriction = { block = ["AQ"] }
    error_responses = { "503" = { cache_seconds = 0 } }
  }
"#;
    stage.apply(&config.hcl()).await;
    let host = host(&stage).await;
    assert_eq!(seen(&stage.get(&host, "/a").await), pair("Miss", "eu-central-1"));
    assert_eq!(seen(&stage.get(&host, "/west/a").await), pair("Miss", "us-west-2"));
    let anonymous = stage.get_as(&host, "/west/a?x=1", "alice").await;
    assert_eq!(seen(&anonymous), pair("Hit", "us-west-2"), "the query string is not in the key");
    let anonymous = stage.get_as(&host, "/west/b", "alice").await;
    assert_ne!(text(&anonymous, "user"), "alice", "a header that is not in the key does not reach the API");
    let east = stage.get(&host, "/east/a").await;
    assert_eq!((seen(&east), east.header("x-served-by").as_str()), (pair("Miss", "us-east-1"), "edge"));

    for (path, allowed) in [("/orders/1", 200), ("/a", 403), ("/west/a", 403)] {
        assert_eq!(stage.request("POST", &host, path).await.status, allowed, "POST {path}");
    }
    stage.aws.set_down(&["eu-central-1", "us-west-2"]);
    assert_eq!(stage.request("POST", &host, "/orders/1").await.status, 503, "a write must not fail over");
    assert_eq!(seen(&stage.get(&host, "/west/c").await), pair("Miss", "us-east-1"));
    assert_eq!(seen(&stage.get(&host, "/c").await), pair("Miss", "us-east-1"));
    stage.aws.set_down(&[]);
    stage.destroy().await;
}

async fn cloudfront_tries_out_settings_with_some_requests(stage: Stage) {
    const PREVIEW: &str = "aws-cf-cd-preview: on\r\n";
    let config = |settings: &str| {
        let mut config = Config::bare(&["us-east-1", "us-west-2"]);
        config.extra = "  cdn = { SETTINGS }\n";
        let settings = format!("\n    origin = \"group\"\n    http_version = \"http2\"\n{settings}  ");
        config.hcl().replace(" SETTINGS ", &settings)
    };
    let behavior = |name: &str| {
        format!("    behaviors = {{ \"/*\" = {{ response_headers = {{ set = {{ X-Served-By = \"{name}\" }} }} }} }}\n")
    };
    let header = "header = { name = \"aws-cf-cd-preview\", value = \"on\" }";
    let staged = format!("{}    staging = {{\n{header}\n{}    }}\n", behavior("first"), behavior("second"));
    stage.apply(&config(&staged)).await;
    let host = host(&stage).await;
    let served_by = async |headers: &str| stage.get_with(&host, "/a", headers).await.header("x-served-by");
    assert_eq!((served_by("").await.as_str(), served_by(PREVIEW).await.as_str()), ("first", "second"));

    let share = staged.replace(header, "percent = 10");
    stage.apply(&config(&share)).await;
    let mut names = Vec::new();
    for _ in 0..20 {
        names.push(served_by("").await);
    }
    assert_eq!(names.iter().filter(|name| *name == "second").count(), 2, "{names:?}");

    stage.apply(&config(&behavior("second"))).await;
    assert_eq!((served_by("").await.as_str(), served_by(PREVIEW).await.as_str()), ("second", "second"));
    let components = stage.components().await;
    assert!(
        components.keys().all(|address| !address.contains("staging") && !address.contains("deployment")),
        "{components:?}"
    );
    stage.destroy().await;
}
