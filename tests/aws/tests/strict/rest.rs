//! REST APIs (API Gateway v1), with both backends: deployments are snapshots, and what AWS refuses.

use aws_sdk_apigateway::primitives::Blob;
use aws_sdk_apigateway::types::{
    ApiStage, EndpointConfiguration, EndpointType, Op, PatchOperation, PutMode, QuotaPeriodType, QuotaSettings,
    ThrottleSettings,
};
use aws_sdk_apigatewayv2::types::RoutingMode;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value as Json, json};

use crate::fixtures::configuration;
use crate::world::{World, error_of};

const VALUE: &str = "0123456789-0123456789";

/// A REST API with a function behind it.
pub(crate) struct Rest {
    pub(crate) world: World,
    api: String,
    pub(crate) host: String,
}

impl Rest {
    pub(crate) async fn start() -> Self {
        let world = World::immediate().await;
        let role = world.role().await;
        world.function(&role).await.unwrap();
        world.permit("giraffe").await;
        let regional = EndpointConfiguration::builder().types(EndpointType::Regional).build();
        let created =
            world.apigateway().create_rest_api().name("giraffe").endpoint_configuration(regional).send().await;
        let api = created.unwrap().id.unwrap();
        let host = format!("{api}.execute-api.us-east-1.amazonaws.com");
        Self { world, api, host }
    }

    pub(crate) async fn put(&self, document: &Json) -> Result<(), (String, String)> {
        let request = self.world.apigateway().put_rest_api().rest_api_id(&self.api).mode(PutMode::Overwrite);
        let result = request.fail_on_warnings(true).body(Blob::new(document.to_string())).send().await;
        if result.is_ok() { Ok(()) } else { Err(error_of!(result)) }
    }

    async fn deploy(&self) -> String {
        self.world.apigateway().create_deployment().rest_api_id(&self.api).send().await.unwrap().id.unwrap()
    }

    async fn move_to(&self, deployment: &str) {
        self.patch_stage(Op::Replace, "/deploymentId", deployment).await.unwrap();
    }

    async fn patch_stage(&self, op: Op, path: &str, value: &str) -> Result<(), (String, String)> {
        let request = self.world.apigateway().update_stage().rest_api_id(&self.api).stage_name("prod");
        let result = request.patch_operations(patch(op, path, value)).send().await;
        if result.is_ok() { Ok(()) } else { Err(error_of!(result)) }
    }

    /// Puts a document, deploys it and lets the stage `prod` serve it.
    pub(crate) async fn serve(&self, document: &Json) {
        self.put(document).await.unwrap();
        let deployment = self.deploy().await;
        let created = self.world.apigateway().create_stage().rest_api_id(&self.api).stage_name("prod");
        if created.deployment_id(&deployment).send().await.is_err() {
            self.move_to(&deployment).await;
        }
    }

    async fn get(&self, path: &str) -> (u16, String) {
        self.send("GET", &self.host, path, &[]).await
    }

    pub(crate) async fn send(&self, method: &str, host: &str, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let client = Client::builder(TokioExecutor::new()).build_http::<Empty<bytes::Bytes>>();
        let mut request = http::Request::builder().method(method).uri(format!("{}{path}", self.world.aws.endpoint()));
        for (name, value) in [("host", host)].iter().chain(headers) {
            request = request.header(*name, *value);
        }
        let response = client.request(request.body(Empty::new()).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        // In the in-memory AWS a function describes itself in JSON.
        let fields: Json = serde_json::from_slice(&body).unwrap_or_default();
        match (fields["region"].as_str(), fields["path"].as_str(), fields["message"].as_str()) {
            (Some(region), Some(path), _) => (status, format!("{region} {path}")),
            (_, _, Some(message)) => (status, message.to_owned()),
            _ => (status, String::from_utf8_lossy(&body).into_owned()),
        }
    }
}

fn patch(op: Op, path: &str, value: &str) -> PatchOperation {
    PatchOperation::builder().op(op).path(path).value(value).build()
}

fn function_uri() -> String {
    let function = "arn:aws:lambda:us-east-1:123456789012:function:giraffe";
    format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations")
}

/// An operation that calls the function.
fn operation() -> Json {
    let integration = json!({ "type": "aws_proxy", "httpMethod": "POST", "uri": function_uri() });
    json!({ "responses": {}, "x-amazon-apigateway-integration": integration })
}

/// A document with these operations: `("get", "/items")`.
pub(crate) fn document(operations: &[(&str, &str)]) -> Json {
    let mut paths = json!({});
    for (method, path) in operations {
        paths[*path][*method] = operation();
    }
    json!({ "openapi": "3.0.1", "info": { "title": "giraffe", "version": "1" }, "paths": paths })
}

fn ok(text: &str) -> (u16, String) {
    (200, text.to_owned())
}

#[tokio::test]
async fn a_stage_serves_its_deployment_and_not_the_current_resources() {
    let rest = Rest::start().await;
    rest.serve(&document(&[("get", "/a")])).await;
    assert_eq!(rest.get("/prod/a").await, ok("us-east-1 /a"));
    let first = rest.world.apigateway().get_stage().rest_api_id(&rest.api).stage_name("prod").send().await.unwrap();
    rest.put(&document(&[("get", "/b")])).await.unwrap();
    assert_eq!(rest.get("/prod/a").await, ok("us-east-1 /a"));
    let missing = (403, "Missing Authentication Token".to_owned());
    assert_eq!(rest.get("/prod/b").await, missing);
    let second = rest.deploy().await;
    rest.move_to(&second).await;
    assert_eq!((rest.get("/prod/a").await, rest.get("/prod/b").await), (missing, ok("us-east-1 /b")));
    rest.move_to(&first.deployment_id.unwrap()).await;
    assert_eq!(rest.get("/prod/a").await, ok("us-east-1 /a"));
    assert_eq!(rest.get("/beta/a").await, (403, "Forbidden".to_owned()));
}

#[tokio::test]
async fn the_most_specific_method_responds() {
    let rest = Rest::start().await;
    let any = "x-amazon-apigateway-any-method";
    rest.serve(&document(&[(any, "/{proxy+}"), ("get", "/items/{id}"), ("post", "/items/all")])).await;
    for (method, path) in [("GET", "/items/7"), ("GET", "/items/all"), ("POST", "/items/all"), ("DELETE", "/x/y")] {
        let found = rest.send(method, &rest.host, &format!("/prod{path}"), &[]).await;
        assert_eq!(found, ok(&format!("us-east-1 {path}")), "{method} {path}");
    }
    assert_eq!(rest.get("/prod").await.0, 403, "a greedy variable needs a segment");
}

#[tokio::test]
async fn a_function_needs_a_permission_for_the_api() {
    let rest = Rest::start().await;
    rest.serve(&document(&[("get", "/a")])).await;
    let client = rest.world.lambda();
    client.remove_permission().function_name("giraffe").statement_id("gateway").send().await.unwrap();
    let permit = async |api: &str| {
        let request = client.add_permission().function_name("giraffe").statement_id("gateway");
        let request = request.action("lambda:InvokeFunction").principal("apigateway.amazonaws.com");
        request.source_arn(format!("arn:aws:execute-api:us-east-1:123456789012:{api}/*/*")).send().await.unwrap();
    };
    assert_eq!(rest.get("/prod/a").await, (500, "Internal server error".to_owned()));
    permit("another").await;
    assert_eq!(rest.get("/prod/a").await.0, 500);
    client.remove_permission().function_name("giraffe").statement_id("gateway").send().await.unwrap();
    permit(&rest.api).await;
    assert_eq!(rest.get("/prod/a").await, ok("us-east-1 /a"));
}

#[tokio::test]
async fn a_disabled_endpoint_takes_effect_with_a_deployment() {
    let rest = Rest::start().await;
    rest.serve(&document(&[("get", "/a")])).await;
    let disable = patch(Op::Replace, "/disableExecuteApiEndpoint", "true");
    rest.world.apigateway().update_rest_api().rest_api_id(&rest.api).patch_operations(disable).send().await.unwrap();
    assert_eq!(rest.get("/prod/a").await, ok("us-east-1 /a"));
    let deployment = rest.deploy().await;
    rest.move_to(&deployment).await;
    assert_eq!(rest.get("/prod/a").await, (403, "Forbidden".to_owned()));
    // A document that says nothing about the endpoint enables it.
    rest.serve(&document(&[("get", "/a")])).await;
    assert_eq!(rest.get("/prod/a").await, ok("us-east-1 /a"));
}

#[tokio::test]
async fn the_resource_policy_is_enforced() {
    let rest = Rest::start().await;
    let mut document = document(&[("get", "/a"), ("get", "/b")]);
    let condition = json!({ "NotIpAddress": { "aws:SourceIp": ["10.0.0.0/8"] } });
    let statement = |effect: &str, resource: &str, condition: &Json| {
        let action = "execute-api:Invoke";
        json!({ "Effect": effect, "Principal": "*", "Action": action, "Resource": resource, "Condition": condition })
    };
    document["x-amazon-apigateway-policy"] = json!({ "Version": "2012-10-17", "Statement": [
        statement("Allow", "execute-api:/*", &json!({})),
        statement("Deny", "execute-api:/prod/GET/b", &condition),
    ] });
    rest.serve(&document).await;
    assert_eq!(rest.get("/prod/a").await, ok("us-east-1 /a"));
    let (status, message) = rest.get("/prod/b").await;
    assert!(status == 403 && message.ends_with("with an explicit deny"), "{status} {message}");
    let inside = rest.send("GET", &rest.host, "/prod/b", &[("x-test-source-ip", "10.1.2.3")]).await;
    assert_eq!(inside, ok("us-east-1 /b"));
}

#[tokio::test]
async fn an_api_key_needs_a_plan_of_the_stage() {
    let rest = Rest::start().await;
    let client = rest.world.apigateway();
    let mut document = document(&[("get", "/a"), ("get", "/open")]);
    document["components"] =
        json!({ "securitySchemes": { "key": { "type": "apiKey", "name": "x-api-key", "in": "header" } } });
    document["paths"]["/a"]["get"]["security"] = json!([{ "key": [] }]);
    rest.serve(&document).await;
    assert_eq!(rest.get("/prod/open").await, ok("us-east-1 /open"));
    let call = async |value: &str| rest.send("GET", &rest.host, "/prod/a", &[("x-api-key", value)]).await;
    let forbidden = (403, "Forbidden".to_owned());
    assert_eq!(rest.get("/prod/a").await, forbidden);

    let create = |value: &str| client.create_api_key().name("k").value(value).enabled(true).send();
    assert_eq!(error_of!(create("short").await).0, "BadRequestException");
    let key = create(VALUE).await.unwrap().id.unwrap();
    assert_eq!(error_of!(create(VALUE).await), ("ConflictException".to_owned(), "API Key already exists".to_owned()));
    assert!(client.get_api_key().api_key(&key).send().await.unwrap().value.is_none());
    assert_eq!(call(VALUE).await, forbidden, "the key is in no plan");

    let stage = ApiStage::builder().api_id(&rest.api).stage("prod").build();
    let unknown = ApiStage::builder().api_id(&rest.api).stage("beta").build();
    let refused = client.create_usage_plan().name("p").api_stages(unknown).send().await;
    assert_eq!(error_of!(refused).0, "NotFoundException");
    let quota = QuotaSettings::builder().limit(3).period(QuotaPeriodType::Day).build();
    let plan = client.create_usage_plan().name("p").api_stages(stage).quota(quota).send().await.unwrap().id.unwrap();
    let join = || client.create_usage_plan_key().usage_plan_id(&plan).key_id(&key).key_type("API_KEY").send();
    join().await.unwrap();
    assert_eq!(error_of!(join().await).0, "ConflictException");
    assert_eq!(call(VALUE).await, ok("us-east-1 /a"));
    assert_eq!(call("wrong").await, forbidden);
    let enable = async |value: &str| {
        let change = patch(Op::Replace, "/enabled", value);
        client.update_api_key().api_key(&key).patch_operations(change).send().await.unwrap();
    };
    enable("false").await;
    assert_eq!(call(VALUE).await, forbidden, "the key is disabled");
    enable("true").await;
    assert_eq!((call(VALUE).await.0, call(VALUE).await.0), (200, 200));
    assert_eq!(call(VALUE).await, (429, "Limit Exceeded".to_owned()));

    let delete = || client.delete_usage_plan().usage_plan_id(&plan).send();
    assert!(error_of!(delete().await).1.contains("because there are API Stages associated with it"));
    let leave = patch(Op::Remove, "/apiStages", &format!("{}:prod", rest.api));
    client.update_usage_plan().usage_plan_id(&plan).patch_operations(leave).send().await.unwrap();
    assert_eq!(call(VALUE).await, forbidden, "the plan has no stage");
    delete().await.unwrap();
    client.delete_api_key().api_key(&key).send().await.unwrap();
}

#[tokio::test]
async fn requests_are_throttled_by_plan_and_stage() {
    let rest = Rest::start().await;
    let client = rest.world.apigateway();
    let mut document = document(&[("get", "/a"), ("get", "/open")]);
    document["components"] =
        json!({ "securitySchemes": { "key": { "type": "apiKey", "name": "x-api-key", "in": "header" } } });
    document["paths"]["/a"]["get"]["security"] = json!([{ "key": [] }]);
    document["x-amazon-apigateway-gateway-responses"] = json!({ "THROTTLED": {
        "statusCode": 503, "responseParameters": { "gatewayresponse.header.retry-after": "'1'" },
    } });
    rest.serve(&document).await;
    let key = client.create_api_key().name("k").value(VALUE).enabled(true).send().await.unwrap().id.unwrap();
    let stage = ApiStage::builder().api_id(&rest.api).stage("prod").build();
    let throttle = ThrottleSettings::builder().rate_limit(0.001).burst_limit(1).build();
    let plan = client.create_usage_plan().name("p").api_stages(stage).throttle(throttle).send().await.unwrap();
    let join = client.create_usage_plan_key().usage_plan_id(plan.id.unwrap()).key_id(&key).key_type("API_KEY");
    join.send().await.unwrap();
    let call = async || rest.send("GET", &rest.host, "/prod/a", &[("x-api-key", VALUE)]).await.0;
    assert_eq!((call().await, call().await), (200, 503), "the gateway response is customized");

    rest.patch_stage(Op::Replace, "/~1open/GET/throttling/burstLimit", "1").await.unwrap();
    rest.patch_stage(Op::Replace, "/~1open/GET/throttling/rateLimit", "0.001").await.unwrap();
    assert_eq!((rest.get("/prod/open").await.0, rest.get("/prod/open").await.0), (200, 503));
}

#[tokio::test]
async fn a_custom_domain_name_leads_to_a_stage() {
    let rest = Rest::start().await;
    rest.serve(&document(&[("get", "/a")])).await;
    let zone = rest.world.zone().await;
    let certificate = rest.world.certificate(&zone, "api.a.com").await;
    let client = rest.world.apigatewayv2();
    let domain = client.create_domain_name().domain_name("api.a.com").routing_mode(RoutingMode::ApiMappingOnly);
    let domain = domain.domain_name_configurations(configuration(&certificate)).send().await.unwrap();
    let target = domain.domain_name_configurations.unwrap()[0].api_gateway_domain_name.clone().unwrap();
    let map = |api: &str, stage: &str| {
        client.create_api_mapping().domain_name("api.a.com").api_id(api).stage(stage).api_mapping_key("v1").send()
    };
    assert_eq!(error_of!(map("none", "prod").await).0, "NotFoundException");
    assert_eq!(error_of!(map(&rest.api, "beta").await).0, "BadRequestException");
    let mapping = map(&rest.api, "prod").await.unwrap().api_mapping_id.unwrap();
    let call = async |path: &str| rest.send("GET", "api.a.com", path, &[("x-connect-to", &target)]).await;
    // In the payload format 1.0, the path contains the base path.
    assert_eq!(call("/v1/a").await, ok("us-east-1 /v1/a"));
    assert_eq!(call("/a").await.0, 403);

    let rest_client = rest.world.apigateway();
    let delete = || rest_client.delete_rest_api().rest_api_id(&rest.api).send();
    assert!(error_of!(delete().await).1.ends_with("in your domains: api.a.com"));
    let stage = rest_client.delete_stage().rest_api_id(&rest.api).stage_name("prod").send().await;
    assert_eq!(error_of!(stage).0, "BadRequestException");
    client.delete_api_mapping().domain_name("api.a.com").api_mapping_id(mapping).send().await.unwrap();
    delete().await.unwrap();
}

#[tokio::test]
async fn documents_that_aws_refuses_are_refused() {
    let rest = Rest::start().await;
    let with = |change: &dyn Fn(&mut Json)| {
        let mut document = document(&[("get", "/a")]);
        change(&mut document);
        document
    };
    let integration = |document: &mut Json, field: &str, value: Json| {
        document["paths"]["/a"]["get"]["x-amazon-apigateway-integration"][field] = value;
    };
    for (document, expected) in [
        (json!({}), "Invalid OpenAPI input."),
        (with(&|document| integration(document, "uri", json!("{function}"))), "Invalid ARN specified in the request"),
        (
            with(&|document| integration(document, "uri", json!(function_uri().replace(":function:", ":layer:")))),
            "Invalid function ARN or invalid uri",
        ),
        (with(&|document| integration(document, "httpMethod", json!(""))), "HttpMethod must be non-empty"),
        (with(&|document| integration(document, "type", json!("lambda"))), "Enumeration value for type"),
        (with(&|document| integration(document, "timeoutInMillis", json!(10))), "between 50 ms and 29000 ms"),
        (with(&|document| document["paths"]["/{a+}/b"]["get"] = operation()), "greedy path variable"),
        (with(&|document| document["paths"]["/a b"]["get"] = operation()), "path part only allow"),
        (
            with(&|document| {
                document["paths"]["/x/{a}"]["get"] = operation();
                document["paths"]["/x/{b}"]["get"] = operation();
            }),
            "only one unique variable path part is allowed",
        ),
        (
            with(&|document| document["x-amazon-apigateway-gateway-responses"] = json!({ "NONE": {} })),
            "Invalid gateway response type",
        ),
        (with(&|document| document["x-amazon-apigateway-policy"] = json!({})), "Invalid policy document"),
        (with(&|document| document["x-amazon-apigateway-request-validator"] = json!("x")), "Invalid request validator"),
    ] {
        let (code, message) = rest.put(&document).await.unwrap_err();
        assert_eq!(code, "BadRequestException");
        assert!(message.contains(expected), "{message} instead of {expected}");
    }
}

#[tokio::test]
async fn deployments_and_stages_refer_to_each_other() {
    let rest = Rest::start().await;
    let client = rest.world.apigateway();
    let deploy = || client.create_deployment().rest_api_id(&rest.api).send();
    assert_eq!(error_of!(deploy().await).1, "The REST API doesn't contain any methods");
    let mut open = document(&[("get", "/a")]);
    open["paths"]["/a"]["get"] = json!({ "responses": {} });
    rest.put(&open).await.unwrap();
    assert_eq!(error_of!(deploy().await).1, "No integration defined for method");

    rest.serve(&document(&[("get", "/a")])).await;
    let stage = client.get_stage().rest_api_id(&rest.api).stage_name("prod").send().await.unwrap();
    let used = stage.deployment_id.unwrap();
    let create = |deployment: &str, name: &str| {
        client.create_stage().rest_api_id(&rest.api).stage_name(name).deployment_id(deployment).send()
    };
    assert_eq!(error_of!(create(&used, "prod").await).0, "ConflictException");
    assert_eq!(error_of!(create("none", "beta").await).0, "BadRequestException");
    assert_eq!(error_of!(create(&used, "$default").await).0, "BadRequestException");
    assert_eq!(rest.patch_stage(Op::Replace, "/deploymentId", "none").await.unwrap_err().0, "BadRequestException");
    let delete = || client.delete_deployment().rest_api_id(&rest.api).deployment_id(&used).send();
    assert_eq!(error_of!(delete().await).1, "Active stages pointing to this deployment must be moved or deleted");
    client.delete_stage().rest_api_id(&rest.api).stage_name("prod").send().await.unwrap();
    delete().await.unwrap();
    assert_eq!(error_of!(delete().await).0, "NotFoundException");
}

#[tokio::test]
async fn the_settings_of_a_stage_are_checked() {
    let rest = Rest::start().await;
    rest.serve(&document(&[("get", "/a")])).await;
    for (path, value, expected) in [
        ("/none", "x", "Invalid method setting path"),
        ("/~1a/GET/throttling/none", "1", "Invalid method setting path"),
        ("/*/*/caching/ttlInSeconds", "3601", "between 0 and 3600"),
        ("/cacheClusterSize", "2", "Invalid cache cluster size"),
        ("/accessLogSettings/format", "$context.requestId", "CloudWatch Logs role ARN must be set"),
    ] {
        let (code, message) = rest.patch_stage(Op::Replace, path, value).await.unwrap_err();
        assert_eq!(code, "BadRequestException");
        assert!(message.contains(expected), "{path}: {message}");
    }
    let role = patch(Op::Replace, "/cloudwatchRoleArn", "arn:aws:iam::123456789012:role/logs");
    rest.world.apigateway().update_account().patch_operations(role).send().await.unwrap();
    let (_, message) = rest.patch_stage(Op::Replace, "/accessLogSettings/format", "x").await.unwrap_err();
    assert!(message.contains("$context.requestId"), "{message}");
}

#[tokio::test]
async fn lists_have_pages_and_objects_have_tags() {
    let rest = Rest::start().await;
    let client = rest.world.apigateway();
    let paths: Vec<String> = (0..30).map(|n| format!("/p{n}")).collect();
    rest.put(&document(&paths.iter().map(|path| ("get", path.as_str())).collect::<Vec<_>>())).await.unwrap();
    let first = client.get_resources().rest_api_id(&rest.api).embed("methods").send().await.unwrap();
    let second =
        client.get_resources().rest_api_id(&rest.api).position(first.position().unwrap()).send().await.unwrap();
    // The resource `/` is one of them.
    assert_eq!((first.items().len(), second.items().len(), second.position()), (25, 6, None));
    let methods = first.items()[1].resource_methods().unwrap();
    assert_eq!(methods["GET"].method_integration().unwrap().uri(), Some(&*function_uri()));

    let arn = format!("arn:aws:apigateway:us-east-1::/restapis/{}", rest.api);
    client.tag_resource().resource_arn(&arn).tags("a", "1").tags("b", "2").send().await.unwrap();
    client.untag_resource().resource_arn(&arn).tag_keys("a").send().await.unwrap();
    let tags = client.get_rest_api().rest_api_id(&rest.api).send().await.unwrap().tags.unwrap();
    assert_eq!(tags.into_iter().collect::<Vec<_>>(), [("b".to_owned(), "2".to_owned())]);

    let found = rest.world.aws.inventory().await.unwrap();
    let key = format!("us-east-1/apigateway/rest_api/{}", rest.api);
    assert!(found.objects.contains_key(&key) && found.objects.contains_key(&format!("{key}/resources/p7")));
    client.delete_rest_api().rest_api_id(&rest.api).send().await.unwrap();
    let found = rest.world.aws.inventory().await.unwrap();
    assert!(!found.keys().iter().any(|key| key.contains("rest_api")), "{:#?}", found.keys());
}
