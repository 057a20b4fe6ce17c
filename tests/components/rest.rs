//! REST APIs: content, deployments, stages, endpoint, API keys, usage plans and web ACLs.

use multiregion::components::{Found, Holder, REGISTRY};
use serde_json::{Value as Json, json};
use strict_aws::{Effect, Fault, Reply};

use super::acm::{certificate, zone};
use super::{Bench, REGION, at, claim, tags, with};

impl Bench {
    /// Sends a call that the provider does not make; returns the response.
    async fn call(&self, service: &str, method: &str, path: &str, body: &Json) -> Json {
        let scope = format!("{}/20260101/{REGION}/{service}/aws4_request", self.local.account_id());
        let signature = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
        let (path, target) = match service {
            "wafv2" => ("/", format!("AWSWAF_20190729.{path}")),
            _ => (path, String::new()),
        };
        let request = http::Request::builder().method(method).uri(path).header("authorization", signature);
        let request = request.header("x-amz-target", target).body(body.to_string().into_bytes().into()).unwrap();
        match self.local.handle(request).await.reply {
            Reply::Response(response) if response.status().is_success() => {
                serde_json::from_slice(response.body()).unwrap_or_default()
            }
            other => panic!("{method} {path}: {other:?}"),
        }
    }

    /// The status with which a host responds.
    async fn status(&self, host: &str, path: &str) -> u16 {
        let request = http::Request::builder().uri(path).header("host", host).body(Vec::new().into()).unwrap();
        match self.local.handle(request).await.reply {
            Reply::Response(response) => response.status().as_u16(),
            other => panic!("{host}{path}: {other:?}"),
        }
    }
}

fn text(value: &Json) -> &str {
    value.as_str().unwrap()
}

fn api_spec() -> Json {
    json!({ "name": "giraffe", "disable_execute_api_endpoint": false, "tags": tags(&at("rest_api"), "zoo") })
}

/// A document with one method that responds itself, and one that calls a function.
fn document(path: &str) -> Json {
    let mock = json!({ "type": "mock", "requestTemplates": { "application/json": "{\"statusCode\": 200}" } });
    let function = json!({ "type": "aws_proxy", "httpMethod": "POST", "uri": "{function}", "timeoutInMillis": 5_000 });
    let operation = |integration: &Json| json!({ "x-amazon-apigateway-integration": integration, "responses": {} });
    json!({
        "openapi": "3.0.1",
        "info": { "title": "not the name", "version": "1" },
        "paths": {
            path: { "get": operation(&mock) },
            "/{proxy+}": { "x-amazon-apigateway-any-method": operation(&function) },
        },
    })
}

fn definition_spec(api: &Json, document: &Json) -> Json {
    let function = format!("arn:aws:lambda:{REGION}:123456789012:function:giraffe:live");
    let uri = format!("arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function}/invocations");
    json!({ "api_id": api["id"], "document": document.to_string(), "values": { "{function}": uri } })
}

/// Puts content into an API.
async fn define(bench: &Bench, api: &Json, document: &Json) -> Json {
    let (aws, component) = bench.at(&at("rest_definition"));
    let spec = definition_spec(api, document);
    let outputs = component.create(&aws, &spec).await.unwrap();
    bench.expect(&at("rest_definition"), &spec, &outputs).await;
    spec
}

fn deployment_spec(api: &Json, digest: &str) -> Json {
    json!({ "api_id": api["id"], "digest": digest })
}

fn stage_spec(api: &Json, digest: &str) -> Json {
    json!({
        "api_id": api["id"], "name": "prod", "deployment": digest, "throttle": null, "cache": null, "methods": {},
        "access_log": null, "tracing": false, "variables": {}, "tags": tags(&at("rest_stage"), "zoo"),
    })
}

/// Creates an API with a stage `prod` that serves `/health`; returns the outputs of both.
async fn deployed(bench: &Bench) -> (Json, Json) {
    let api = bench.create(&at("rest_api"), &api_spec()).await;
    define(bench, &api, &document("/health")).await;
    bench.create(&at("rest_deployment"), &deployment_spec(&api, "one")).await;
    let stage = bench.create(&at("rest_stage"), &stage_spec(&api, "one")).await;
    (api, stage)
}

#[tokio::test]
async fn a_rest_api_is_created_updated_and_deleted() {
    let bench = Bench::start().await;
    let (address, plain) = (at("rest_api"), api_spec());
    let api = bench.create(&address, &plain).await;
    let host = format!("{}.execute-api.{REGION}.amazonaws.com", text(&api["id"]));
    assert_eq!((text(&api["host"]), text(&api["endpoint"])), (&*host, &*format!("https://{host}")));
    assert!(!text(&api["root_resource_id"]).is_empty());
    bench.create_again(&address, &plain, &api).await;
    let tagged = with(&plain, json!({ "tags": tags(&address, "farm") }));
    bench.update(&address, &api, &plain, &tagged).await;

    let edge = json!({ "patchOperations": [
        { "op": "replace", "path": "/endpointConfiguration/types/REGIONAL", "value": "EDGE" },
    ] });
    bench.call("apigateway", "PATCH", &format!("/restapis/{}", text(&api["id"])), &edge).await;
    let drifted = with(&tagged, json!({ "deviations": ["endpointConfiguration"] }));
    bench.expect(&address, &drifted, &api).await;
    bench.update(&address, &api, &drifted, &tagged).await;
    bench.delete(&address, &tagged, &api).await;
}

#[tokio::test]
async fn a_create_whose_reply_is_lost_creates_one_rest_api() {
    let bench = Bench::start().await;
    for operation in ["apigateway:CreateRestApi", "apigateway:CreateDeployment"] {
        bench.local.inject(Fault::new(Effect::ReplyLost).operation(operation).nth(1));
    }
    deployed(&bench).await;
    let calls = |name: &str| bench.local.calls().iter().filter(|call| call.name() == name).count();
    assert_eq!((calls("apigateway:CreateRestApi"), calls("apigateway:CreateDeployment")), (1, 1));
}

#[tokio::test]
async fn a_rest_api_and_a_stage_without_our_tags_are_foreign() {
    let bench = Bench::start().await;
    let (aws, component) = bench.at(&at("rest_api"));
    let theirs = with(&api_spec(), json!({ "tags": { "team": "web" } }));
    let api = component.create(&aws, &theirs).await.unwrap();
    let found = component.find(&aws, &api_spec()).await.unwrap();
    assert!(matches!(&found, Some(Found::Foreign(whose)) if whose.contains("team=web")), "{found:?}");

    define(&bench, &api, &document("/health")).await;
    bench.create(&at("rest_deployment"), &deployment_spec(&api, "one")).await;
    let (aws, component) = bench.at(&at("rest_stage"));
    let theirs = with(&stage_spec(&api, "one"), json!({ "tags": { "team": "web" } }));
    component.create(&aws, &theirs).await.unwrap();
    let error = component.create(&aws, &stage_spec(&api, "one")).await.unwrap_err();
    assert!(error.to_string().contains("does not belong to this resource"), "{error}");
}

#[tokio::test]
async fn the_content_of_an_api_is_replaced_and_compared() {
    let bench = Bench::start().await;
    let (address, api_address) = (at("rest_definition"), at("rest_api"));
    let api = bench.create(&api_address, &with(&api_spec(), json!({ "disable_execute_api_endpoint": true }))).await;
    let first = define(&bench, &api, &document("/health")).await;
    let outputs = json!({ "api_id": api["id"] });
    bench.create_again(&address, &first, &outputs).await;

    // Everything that an import resets.
    let mut rich = document("/items/{id}");
    rich["x-amazon-apigateway-binary-media-types"] = json!(["image/png", "application/pdf"]);
    rich["x-amazon-apigateway-minimum-compression-size"] = json!(1024);
    rich["x-amazon-apigateway-policy"] = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*",
    }] });
    rich["x-amazon-apigateway-gateway-responses"] = json!({ "THROTTLED": { "statusCode": 503 } });
    rich["x-amazon-apigateway-request-validators"] = json!({ "all": { "validateRequestBody": true } });
    rich["x-amazon-apigateway-request-validator"] = json!("all");
    let authorizer =
        json!({ "type": "request", "authorizerUri": "{function}", "identitySource": "method.request.header.A" });
    rich["components"] = json!({ "securitySchemes": {
        "key": { "type": "apiKey", "name": "x-api-key", "in": "header" },
        "lambda": { "type": "apiKey", "name": "A", "in": "header", "x-amazon-apigateway-authorizer": authorizer },
    } });
    rich["paths"]["/items/{id}"]["get"]["security"] = json!([{ "key": [], "lambda": [] }]);
    let second = definition_spec(&api, &rich);
    bench.update(&address, &outputs, &first, &second).await;
    // Another document is drift, also in what it leaves out.
    let path = format!("/restapis/{}?mode=overwrite", text(&api["id"]));
    let other = json!(text(&first["document"]).replace("{function}", text(&first["values"]["{function}"])));
    bench.call("apigateway", "PUT", &path, &serde_json::from_str(text(&other)).unwrap()).await;
    let (aws, component) = bench.at(&address);
    let (read, _) = component.read(&aws, &second, &outputs).await.unwrap().unwrap();
    let expected = [
        "ANY /{proxy+}: requestValidator",
        "API: binaryMediaTypes",
        "API: minimumCompressionSize",
        "API: policy",
        "GET /health",
        "GET /items/{id}",
        "authorizer lambda",
        "gateway response THROTTLED",
    ];
    assert_eq!(read["deviations"], json!(expected));
    // That document also had another title, and left the endpoint out.
    let body = json!({ "patchOperations": [{ "op": "replace", "path": "/name", "value": "giraffe" }] });
    let api_path = format!("/restapis/{}", text(&api["id"]));
    let reported = bench.call("apigateway", "PATCH", &api_path, &body).await;
    assert_eq!(reported["disableExecuteApiEndpoint"], false);
    bench.update(&address, &outputs, &read, &second).await;
    let reported = bench.call("apigateway", "GET", &api_path, &Json::Null).await;
    assert_eq!((text(&reported["name"]), &reported["disableExecuteApiEndpoint"]), ("giraffe", &json!(false)));

    let mut wrong = document("/health");
    wrong["paths"]["/{proxy+}"]["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"]["uri"] =
        json!("{other}");
    let error = component.update(&aws, &outputs, &second, &definition_spec(&api, &wrong)).await.unwrap_err();
    assert!(error.to_string().contains("Invalid ARN specified in the request"), "{error}");
    bench.expect(&address, &second, &outputs).await;
}

#[tokio::test]
async fn a_stage_moves_to_another_deployment_and_back() {
    let bench = Bench::start().await;
    let (api, stage) = deployed(&bench).await;
    let host = text(&api["host"]).to_owned();
    let [first, second] = ["one", "two"].map(|digest| deployment_spec(&api, digest));
    let [serves_first, serves_second] = ["one", "two"].map(|digest| stage_spec(&api, digest));
    let at_deployment = at("rest_deployment");
    assert_eq!(bench.status(&host, "/prod/health").await, 200);

    // New content has no effect before the stage moves.
    define(&bench, &api, &document("/alive")).await;
    let two = bench.create(&at_deployment, &second).await;
    assert_eq!(bench.status(&host, "/prod/health").await, 200);
    bench.update(&at("rest_stage"), &stage, &serves_first, &serves_second).await;
    assert_eq!(bench.status(&host, "/prod/alive").await, 200);
    assert_ne!(bench.status(&host, "/prod/health").await, 200);
    bench.update(&at("rest_stage"), &stage, &serves_second, &serves_first).await;
    assert_eq!(bench.status(&host, "/prod/health").await, 200);

    // The same content, deployed again by another tool, is not drift.
    let path = format!("/restapis/{}/deployments", text(&api["id"]));
    let body = json!({ "description": "multiregion one", "stageName": "prod" });
    bench.call("apigateway", "POST", &path, &body).await;
    bench.expect(&at("rest_stage"), &serves_first, &stage).await;
    let body = json!({ "description": "by hand", "stageName": "prod" });
    let by_hand = bench.call("apigateway", "POST", &path, &body).await;
    let drifted = with(&serves_first, json!({ "deployment": format!("deployment {}", text(&by_hand["id"])) }));
    bench.expect(&at("rest_stage"), &drifted, &stage).await;
    bench.update(&at("rest_stage"), &stage, &drifted, &serves_first).await;

    bench.delete(&at_deployment, &second, &two).await;
    // A deployment that a stage serves stays.
    let (aws, component) = bench.at(&at_deployment);
    let one = json!({ "api_id": api["id"], "digest": "one" });
    component.delete(&aws, &first, &one).await.unwrap();
    assert_eq!(bench.status(&host, "/prod/health").await, 200);
    bench.delete(&at("rest_stage"), &serves_first, &stage).await;
    bench.delete(&at_deployment, &first, &one).await;
}

#[tokio::test]
async fn a_deployment_is_adopted() {
    let bench = Bench::start().await;
    let (api, stage) = deployed(&bench).await;
    let outputs = json!({ "api_id": api["id"], "digest": "one" });
    bench.create_again(&at("rest_deployment"), &deployment_spec(&api, "one"), &outputs).await;
    bench.create_again(&at("rest_stage"), &stage_spec(&api, "one"), &stage).await;
    assert_eq!(stage["arn"], format!("arn:aws:apigateway:{REGION}::/restapis/{}/stages/prod", text(&api["id"])));
}

#[tokio::test]
async fn the_settings_of_a_stage_are_changed() {
    let bench = Bench::start().await;
    let (api, stage) = deployed(&bench).await;
    let (address, plain) = (at("rest_stage"), stage_spec(&api, "one"));
    let throttle = |rate: &str, burst: i64| json!({ "rate": rate, "burst": burst });
    let log = |format: &str| {
        let arn = format!("arn:aws:logs:{REGION}:123456789012:log-group:/giraffe/access");
        json!({ "log_group_arn": arn, "format": format })
    };
    let first = with(
        &plain,
        json!({
            "throttle": throttle("10.50", 20), "variables": { "a": "1", "b": "2" }, "tracing": true,
            "methods": { "GET /health": { "throttle": throttle("1", 2), "caching": null } },
            "tags": tags(&address, "farm"),
        }),
    );
    let caching = json!({ "enabled": false, "ttl_seconds": 300, "encrypted": false });
    let second = with(
        &first,
        json!({
            "cache": { "size_gb": "0.5", "ttl_seconds": 60, "encrypted": true }, "variables": { "b": "3" },
            "methods": {
                "GET /health": { "throttle": null, "caching": caching },
                "ANY /{proxy+}": { "throttle": throttle("5", 5), "caching": null },
            },
        }),
    );
    let third = with(&plain, json!({ "cache": { "size_gb": "1.6", "ttl_seconds": 60, "encrypted": false } }));
    let mut before = &plain;
    for after in [&first, &second, &third, &plain, &second, &plain] {
        bench.update(&address, &stage, before, after).await;
        before = after;
    }

    // Access logs need the account's role.
    let logged = with(&plain, json!({ "access_log": log("$context.requestId") }));
    let (aws, component) = bench.at(&address);
    let problems = component.check(&aws, &logged).await.unwrap();
    assert_eq!(
        problems.iter().map(|problem| problem.summary).collect::<Vec<_>>(),
        ["API Gateway has no CloudWatch role"]
    );
    assert!(component.check(&aws, &plain).await.unwrap().is_empty());
    let role = json!({ "patchOperations": [
        { "op": "replace", "path": "/cloudwatchRoleArn", "value": "arn:aws:iam::123456789012:role/logs" },
    ] });
    bench.call("apigateway", "PATCH", "/account", &role).await;
    assert!(component.check(&aws, &logged).await.unwrap().is_empty());
    bench.update(&address, &stage, &plain, &logged).await;
    let other = with(&logged, json!({ "access_log": log("$context.requestId $context.status") }));
    bench.update(&address, &stage, &logged, &other).await;
    bench.update(&address, &stage, &other, &plain).await;

    // A setting of another tool is drift, unless it only logs.
    let path = format!("/restapis/{}/stages/prod", text(&api["id"]));
    let set = |name: &str, value: &str| json!({ "patchOperations": [{ "op": "replace", "path": format!("/~1health/GET/{name}"), "value": value }] });
    bench.call("apigateway", "PATCH", &path, &set("logging/loglevel", "ERROR")).await;
    bench.expect(&address, &plain, &stage).await;
    bench.call("apigateway", "PATCH", &path, &set("throttling/burstLimit", "7")).await;
    let methods = json!({ "GET /health": { "throttle": { "rate": "10000", "burst": 7 }, "caching": null } });
    let drifted = with(&plain, json!({ "methods": methods }));
    bench.expect(&address, &drifted, &stage).await;
    bench.update(&address, &stage, &drifted, &plain).await;
}

#[tokio::test]
async fn the_endpoint_of_a_rest_api_is_disabled_by_a_deployment() {
    let bench = Bench::start().await;
    let (api, stage) = deployed(&bench).await;
    let host = text(&api["host"]).to_owned();
    let address = at("rest_endpoint");
    let spec =
        |disabled: bool| json!({ "api_id": api["id"], "stage": "prod", "disabled": disabled, "drain_seconds": 0 });
    let outputs = json!({ "api_id": api["id"] });
    bench.create_again(&address, &spec(false), &outputs).await;
    assert_eq!(bench.status(&host, "/prod/health").await, 200);

    let start = std::time::Instant::now();
    let drained = with(&spec(true), json!({ "drain_seconds": 1 }));
    bench.update(&address, &outputs, &spec(false), &drained).await;
    assert!(start.elapsed() >= std::time::Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!(bench.status(&host, "/prod/health").await, 403);
    // The content is still the same.
    bench.expect(&at("rest_stage"), &stage_spec(&api, "one"), &stage).await;
    // New content keeps the endpoint disabled.
    define(&bench, &api, &document("/alive")).await;
    bench.create(&at("rest_deployment"), &deployment_spec(&api, "two")).await;
    bench.update(&at("rest_stage"), &stage, &stage_spec(&api, "one"), &stage_spec(&api, "two")).await;
    assert_eq!(bench.status(&host, "/prod/alive").await, 403);
    bench.expect(&address, &spec(true), &outputs).await;

    // A change that was not deployed has no effect yet, and is not done.
    let change = json!({ "patchOperations": [
        { "op": "replace", "path": "/disableExecuteApiEndpoint", "value": "false" },
    ] });
    bench.call("apigateway", "PATCH", &format!("/restapis/{}", text(&api["id"])), &change).await;
    assert_eq!(bench.status(&host, "/prod/alive").await, 403);
    let (aws, component) = bench.at(&address);
    for wanted in [true, false] {
        let (read, _) = component.read(&aws, &spec(wanted), &outputs).await.unwrap().unwrap();
        assert_eq!(read["disabled"], !wanted);
    }
    bench.update(&address, &outputs, &spec(true), &spec(false)).await;
    assert_eq!(bench.status(&host, "/prod/alive").await, 200);
    let path = format!("/restapis/{}/deployments", text(&api["id"]));
    let deployments = bench.call("apigateway", "GET", &path, &Json::Null).await;
    let descriptions: Vec<&str> =
        deployments["item"].as_array().unwrap().iter().map(|deployment| text(&deployment["description"])).collect();
    assert_eq!(descriptions.iter().filter(|text| text.contains(" two")).collect::<Vec<_>>(), [&"multiregion two"]);
}

const VALUE: &str = "0123456789-0123456789";

fn key_spec(value: &str) -> Json {
    json!({ "name": "partner", "value": value, "enabled": true, "tags": tags(&at("api_key/partner"), "zoo") })
}

#[tokio::test]
async fn an_api_key_is_created_rotated_and_deleted() {
    let bench = Bench::start().await;
    let (address, first) = (at("api_key/partner"), key_spec(VALUE));
    let key = bench.create(&address, &first).await;
    assert!(!text(&key["id"]).contains(VALUE));
    bench.create_again(&address, &first, &key).await;
    let disabled = with(&first, json!({ "name": "other", "enabled": false, "tags": tags(&address, "farm") }));
    bench.update(&address, &key, &first, &disabled).await;
    bench.update(&address, &key, &disabled, &first).await;

    // A new value is a new key, beside the old one.
    let second = key_spec(&VALUE.replace('-', "+"));
    let new = bench.create(&address, &second).await;
    assert_ne!(new, key);
    bench.expect(&address, &first, &key).await;
    bench.delete(&address, &first, &key).await;
    bench.expect(&address, &second, &new).await;

    // Without the digest in the description, the value itself is compared.
    let change = json!({ "patchOperations": [{ "op": "replace", "path": "/description", "value": "by hand" }] });
    bench.call("apigateway", "PATCH", &format!("/apikeys/{}", text(&new["id"])), &change).await;
    bench.create_again(&address, &second, &new).await;
    bench.delete(&address, &second, &new).await;
}

#[tokio::test]
async fn a_value_that_another_key_has_is_refused() {
    let bench = Bench::start().await;
    let (aws, component) = bench.at(&at("api_key/partner"));
    let theirs = with(&key_spec(VALUE), json!({ "tags": { "team": "web" } }));
    component.create(&aws, &theirs).await.unwrap();
    let error = component.create(&aws, &key_spec(VALUE)).await.unwrap_err().to_string();
    assert!(error.contains("another API key in eu-central-1 has the same value"), "{error}");
    assert!(!error.contains(VALUE), "{error}");

    for (value, count) in [("too-short", 1), (VALUE, 0), (&*"x".repeat(129), 1)] {
        let problems = component.check(&aws, &key_spec(value)).await.unwrap();
        assert_eq!(problems.len(), count, "{problems:?}");
        assert!(problems.iter().all(|problem| !problem.detail.contains(value)), "{problems:?}");
    }
    for call in bench.local.calls() {
        assert!(!call.path.contains("includeValues=true"), "{call:?}");
    }
}

#[tokio::test]
async fn a_usage_plan_and_its_keys_are_created_updated_and_deleted() {
    let bench = Bench::start().await;
    let (api, _) = deployed(&bench).await;
    let address = at("usage_plan/partner");
    let stages = json!([{ "api_id": api["id"], "stage": "prod" }]);
    let spec = json!({
        "name": "partner", "stages": stages, "quota": { "limit": 1000, "period": "DAY" },
        "throttle": { "rate": "10.50", "burst": 20 }, "tags": tags(&address, "zoo"),
    });
    let plan = bench.create(&address, &spec).await;
    let key = bench.create(&at("api_key/partner"), &key_spec(VALUE)).await;
    let member = json!({ "plan_id": plan["id"], "key_id": key["id"] });
    let in_plan = bench.create(&at("usage_plan_key/partner"), &member).await;
    bench.create_again(&at("usage_plan_key/partner"), &member, &in_plan).await;
    bench.create_again(&address, &spec, &plan).await;
    let changed = with(
        &spec,
        json!({ "name": "other", "quota": null, "throttle": { "rate": "5", "burst": 5 }, "tags": tags(&address, "farm") }),
    );
    bench.update(&address, &plan, &spec, &changed).await;
    bench.delete(&at("usage_plan_key/partner"), &member, &in_plan).await;
    // AWS refuses to delete a plan with stages.
    bench.delete(&address, &changed, &plan).await;
}

/// Creates a regional web ACL; returns its ARN.
async fn web_acl(bench: &Bench, name: &str) -> Json {
    let body = json!({ "Name": name, "Scope": "REGIONAL", "DefaultAction": { "Allow": {} }, "VisibilityConfig": {
        "SampledRequestsEnabled": false, "CloudWatchMetricsEnabled": false, "MetricName": name,
    } });
    bench.call("wafv2", "POST", "CreateWebACL", &body).await["Summary"]["ARN"].clone()
}

#[tokio::test]
async fn a_web_acl_is_associated_changed_and_disassociated() {
    let bench = Bench::start().await;
    let (_, stage) = deployed(&bench).await;
    let (first, second) = (web_acl(&bench, "first").await, web_acl(&bench, "second").await);
    let address = at("web_acl_association");
    let spec = |web_acl: &Json| json!({ "resource_arn": stage["arn"], "web_acl_arn": web_acl });
    let outputs = bench.create(&address, &spec(&first)).await;
    bench.create_again(&address, &spec(&first), &outputs).await;
    bench.update(&address, &outputs, &spec(&first), &spec(&second)).await;

    // Another tool has replaced the web ACL: it is not ours any more.
    let (aws, component) = bench.at(&address);
    let holder = component.holder(&aws, &spec(&first), &outputs).await.unwrap();
    assert!(matches!(&holder, Holder::Stranger(whose) if whose.contains("/second/")), "{holder:?}");
    let error = component.create(&aws, &spec(&first)).await.unwrap_err();
    assert!(error.to_string().contains("does not belong to this resource"), "{error}");
    assert_eq!(component.holder(&aws, &spec(&second), &outputs).await.unwrap(), Holder::Ours);
    bench.delete(&address, &spec(&second), &outputs).await;
    let missing = json!({ "resource_arn": stage["arn"], "web_acl_arn": text(&first).replace("first", "none") });
    let error = component.create(&aws, &missing).await.unwrap_err();
    assert_eq!(error.code(), Some("WAFNonexistentItemException"), "{error}");
}

#[tokio::test]
async fn a_rest_api_is_mapped_to_a_custom_domain_name() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let certificate = certificate(&bench, &zone, &["api.example.com"]).await;
    let (api, _) = deployed(&bench).await;
    let name = "api.example.com";
    let domain = json!({ "name": name, "certificate_arn": certificate["arn"], "tags": tags(&at("domain"), "zoo") });
    let domain = bench.create(&at("domain"), &domain).await;
    let mapping = json!({ "domain": name, "api_id": api["id"], "stage": "prod", "base_path": "v1" });
    bench.create(&at("mapping"), &mapping).await;
    let request = |path: &str| {
        let request = http::Request::builder().uri(path).header("host", name);
        request.header("x-connect-to", text(&domain["target"])).body(Vec::new().into()).unwrap()
    };
    for (path, expected) in [("/v1/health", 200), ("/health", 403)] {
        let Reply::Response(response) = bench.local.handle(request(path)).await.reply else { panic!("{path}") };
        assert_eq!(response.status().as_u16(), expected, "{path}");
    }
    let (aws, component) = bench.at(&at("rest_stage"));
    let stage = json!({ "api_id": api["id"], "name": "prod", "arn": "" });
    let error = component.delete(&aws, &stage_spec(&api, "one"), &stage).await.unwrap_err();
    assert!(error.to_string().contains("api.example.com"), "{error}");
}

#[tokio::test]
async fn everything_of_a_rest_api_is_discovered() {
    let bench = Bench::start().await;
    bench.create("global/claim", &claim(&[REGION])).await;
    let (api, stage) = deployed(&bench).await;
    let deployed_again = deployment_spec(&api, "two");
    bench.create(&at("rest_deployment"), &deployed_again).await;
    let plan = json!({
        "name": "partner", "stages": [{ "api_id": api["id"], "stage": "prod" }],
        "quota": { "limit": 10, "period": "WEEK" }, "throttle": null, "tags": tags(&at("usage_plan/partner"), "zoo"),
    });
    let plan_outputs = bench.create(&at("usage_plan/partner"), &plan).await;
    let key = bench.create(&at("api_key/partner"), &key_spec(VALUE)).await;
    let member = json!({ "plan_id": plan_outputs["id"], "key_id": key["id"] });
    bench.create(&at("usage_plan_key/partner"), &member).await;
    let association = json!({ "resource_arn": stage["arn"], "web_acl_arn": web_acl(&bench, "first").await });
    bench.create(&at("web_acl_association"), &association).await;

    let kinds: Vec<&str> = REGISTRY.iter().map(|component| component.meta().name).collect();
    let ledger = bench.engine().discover(&kinds, Default::default()).await.unwrap();
    let definition = json!({ "api_id": api["id"], "document": "", "values": {} });
    let endpoint = json!({ "api_id": api["id"], "stage": "prod", "disabled": false, "drain_seconds": 0 });
    for (address, spec) in [
        ("rest_api", api_spec()),
        ("rest_definition", definition),
        ("rest_deployment", deployment_spec(&api, "one")),
        ("rest_stage", stage_spec(&api, "one")),
        ("rest_endpoint", endpoint),
        ("api_key/partner", key_spec(VALUE)),
        ("usage_plan/partner", plan),
        ("usage_plan_key/partner", member),
        ("web_acl_association", association),
    ] {
        let entry =
            ledger.entries.get(&at(address).parse().unwrap()).unwrap_or_else(|| panic!("{address} is not found"));
        let mut found = entry.spec.clone();
        // What an import reads the routes from.
        let content = found.as_object_mut().unwrap().remove("content");
        assert_eq!(content.is_some(), address == "rest_definition");
        assert_eq!(found, spec, "{address}");
    }
    let deposed: Vec<&Json> = ledger.deposed.iter().map(|(_, entry)| &entry.spec).collect();
    assert_eq!(deposed, [&deployed_again], "the deployment that no stage serves");
}
