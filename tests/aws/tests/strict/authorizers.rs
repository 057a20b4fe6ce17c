//! Who may send requests to an API: real tokens, signatures and functions, in two regions.

use aws_sdk_apigatewayv2::types::{AuthorizationType, AuthorizerType, JwtConfiguration};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value as Json, json};
use strict_aws::tools::Issuer;

use crate::rest::{Rest, document};
use crate::world::{World, error_of};

const REGIONS: [&str; 2] = ["us-east-1", "us-west-2"];

/// The identity source of a token.
const HEADER: &str = "$request.header.Authorization";

/// An HTTP API of one region.
struct Api {
    region: &'static str,
    id: String,
    host: String,
    route: String,
}

/// Creates an API with one route in both regions.
async fn apis(world: &mut World) -> Vec<Api> {
    let role = world.role().await;
    let mut apis = Vec::new();
    for region in REGIONS {
        world.set_region(region);
        let id = world.api(&role).await;
        let routes = world.apigatewayv2().get_routes().api_id(&id).send().await.unwrap();
        let route = routes.items()[0].route_id.clone().unwrap();
        apis.push(Api { region, host: format!("{id}.execute-api.{region}.amazonaws.com"), id, route });
    }
    apis
}

/// Sends a request; returns the status, the header `www-authenticate`, and the message or the region that responds.
async fn get(world: &World, host: &str, path: &str, headers: &[(&str, &str)]) -> (u16, String, String) {
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<bytes::Bytes>>();
    let mut request = http::Request::builder().uri(format!("{}{path}", world.aws.endpoint())).header("host", host);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = client.request(request.body(Empty::new()).unwrap()).await.unwrap();
    let challenge = response.headers().get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let fields: Json = serde_json::from_slice(&body).unwrap_or_default();
    let text = fields["message"].as_str().or(fields["region"].as_str()).map(str::to_owned);
    let plain = || String::from_utf8_lossy(&body).split(' ').next().unwrap_or_default().to_owned();
    (status, challenge.unwrap_or_default(), text.unwrap_or_else(plain))
}

/// The status of a request with a token.
async fn with_token(world: &World, api: &Api, token: &str) -> (u16, String, String) {
    get(world, &api.host, "/items", &[("authorization", &format!("Bearer {token}"))]).await
}

/// The same issuer authorizes the requests in every region.
async fn authorize_tokens(world: &mut World, issuer: &Issuer, apis: &[Api]) {
    for api in apis {
        world.set_region(api.region);
        let jwt = JwtConfiguration::builder().issuer(issuer.url()).audience("shop").build();
        let request = world.apigatewayv2().create_authorizer().api_id(&api.id).name("users").identity_source(HEADER);
        let created = request.authorizer_type(AuthorizerType::Jwt).jwt_configuration(jwt).send().await.unwrap();
        let request = world.apigatewayv2().update_route().api_id(&api.id).route_id(&api.route);
        let request = request.authorization_type(AuthorizationType::Jwt).authorization_scopes("read");
        request.authorizer_id(created.authorizer_id.unwrap()).send().await.unwrap();
    }
}

#[tokio::test]
async fn a_token_of_the_issuer_is_accepted_in_every_region() {
    let mut world = World::immediate().await;
    let issuer = Issuer::start("https://login.example.com/").unwrap();
    world.aws.add_issuer(&issuer);
    let apis = apis(&mut world).await;
    authorize_tokens(&mut world, &issuer, &apis).await;
    let valid = json!({ "aud": "shop", "scope": "read write" });
    let with = |more: Json| {
        let mut claims = valid.clone();
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        issuer.token(&claims)
    };
    let other_key = Issuer::start(issuer.url()).unwrap().token(&valid);
    let refused = [
        (with(json!({ "aud": "other" })), "invalid audience"),
        (with(json!({ "exp": 1 })), "expired"),
        (with(json!({ "nbf": 4_102_444_800_u64 })), "not valid yet"),
        (with(json!({ "iss": "https://other.example.com/" })), "issuer"),
        (other_key, "signature"),
        ("hello".to_owned(), "segments"),
    ];
    for api in &apis {
        assert_eq!(with_token(&world, api, &issuer.token(&valid)).await.2, api.region);
        let client_id = issuer.token(&json!({ "client_id": "shop", "scp": ["read"] }));
        assert_eq!(with_token(&world, api, &client_id).await.0, 200);
        for (token, why) in &refused {
            let (status, challenge, message) = with_token(&world, api, token).await;
            assert_eq!((status, &*message), (401, "Unauthorized"), "{why}");
            assert!(challenge.starts_with("Bearer error=\"invalid_token\"") && challenge.contains(why), "{challenge}");
        }
        let (status, challenge, message) = with_token(&world, api, &with(json!({ "scope": "write" }))).await;
        assert_eq!((status, &*message), (403, "Forbidden"));
        assert!(challenge.contains("insufficient_scope"), "{challenge}");
        let missing = get(&world, &api.host, "/items", &[]).await;
        assert_eq!(missing, (401, "Bearer".to_owned(), "Unauthorized".to_owned()));
    }
}

#[tokio::test]
async fn an_authorizer_of_a_route_cannot_be_deleted() {
    let mut world = World::immediate().await;
    let issuer = Issuer::start("https://login.example.com/").unwrap();
    let apis = apis(&mut world).await;
    authorize_tokens(&mut world, &issuer, &apis).await;
    let api = apis.last().unwrap();
    let client = world.apigatewayv2();
    let authorizer = client.get_authorizers().api_id(&api.id).send().await.unwrap().items()[0].clone();
    let id = authorizer.authorizer_id.unwrap();
    let refused = error_of!(client.delete_authorizer().api_id(&api.id).authorizer_id(&id).send().await);
    assert_eq!(refused.0, "ConflictException");
    let open = client.update_route().api_id(&api.id).route_id(&api.route).authorization_type(AuthorizationType::None);
    open.send().await.unwrap();
    client.delete_authorizer().api_id(&api.id).authorizer_id(&id).send().await.unwrap();

    let route = client.update_route().api_id(&api.id).route_id(&api.route).authorizer_id(&id);
    let refused = error_of!(route.authorization_type(AuthorizationType::Jwt).send().await);
    assert_eq!(refused.0, "BadRequestException", "{}", refused.1);
    let jwt = JwtConfiguration::builder().issuer("http://login.example.com").audience("shop").build();
    let request = client.create_authorizer().api_id(&api.id).name("insecure").identity_source(HEADER);
    let refused = error_of!(request.authorizer_type(AuthorizerType::Jwt).jwt_configuration(jwt).send().await);
    assert_eq!(refused.0, "BadRequestException", "{}", refused.1);
}

#[tokio::test]
async fn a_signature_is_valid_in_the_region_for_which_it_was_made() {
    let mut world = World::immediate().await;
    let apis = apis(&mut world).await;
    for api in &apis {
        world.set_region(api.region);
        let request = world.apigatewayv2().update_route().api_id(&api.id).route_id(&api.route);
        request.authorization_type(AuthorizationType::AwsIam).send().await.unwrap();
    }
    for api in &apis {
        for region in REGIONS {
            let signed = world.aws.signed_headers(&api.host, "/items?a=b", region);
            let headers: Vec<(&str, &str)> = signed.iter().map(|(name, value)| (&**name, &**value)).collect();
            let (status, ..) = get(&world, &api.host, "/items?a=b", &headers).await;
            assert_eq!(status, if region == api.region { 200 } else { 403 }, "{region} in {}", api.region);
            assert_eq!(get(&world, &api.host, "/other", &headers).await.0, 403, "the signature covers the path");
        }
        assert_eq!(get(&world, &api.host, "/items", &[]).await.0, 403, "no signature");
    }
}

#[tokio::test]
async fn a_function_authorizes_requests_and_its_results_are_cached() {
    let mut world = World::immediate().await;
    let apis = apis(&mut world).await;
    let api = &apis[0];
    world.set_region(api.region);
    let role = world.iam().get_role().role_name("giraffe").send().await.unwrap().role.unwrap().arn;
    let gate = world.gate(&role).await;
    let client = world.apigatewayv2();
    let uri = format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{gate}/invocations");
    let request = client.create_authorizer().api_id(&api.id).name("gate").authorizer_type(AuthorizerType::Request);
    let request = request.authorizer_uri(uri).authorizer_payload_format_version("2.0").enable_simple_responses(true);
    let created = request.identity_source("$request.header.X-Key").send().await.unwrap();
    let request = client.update_route().api_id(&api.id).route_id(&api.route);
    let request = request.authorization_type(AuthorizationType::Custom);
    request.authorizer_id(created.authorizer_id.unwrap()).send().await.unwrap();

    let ask = async |key: &'static str| get(&world, &api.host, "/items", &[("x-key", key)]).await.0;
    assert_eq!(ask("open").await, 500, "API Gateway has no permission");
    world.permit("gate").await;
    assert_eq!((ask("open").await, ask("other").await), (200, 403));
    assert_eq!(get(&world, &api.host, "/items", &[]).await.0, 401, "no identity");

    world.accept("other").await;
    assert_eq!((ask("open").await, ask("other").await), (200, 403), "the results are cached");
    world.aws.advance(std::time::Duration::from_secs(301));
    assert_eq!((ask("open").await, ask("other").await), (403, 200));
}

/// A document whose operations require one security scheme each.
fn protected(schemes: &[(&str, Json, Json)]) -> Json {
    let paths: Vec<(String, &Json)> = schemes.iter().map(|(name, _, scopes)| (format!("/{name}"), scopes)).collect();
    let operations: Vec<(&str, &str)> = paths.iter().map(|(path, _)| ("get", path.as_str())).collect();
    let mut document = document(&operations);
    for (name, scheme, scopes) in schemes {
        document["paths"][format!("/{name}")]["get"]["security"] = json!([{ (*name): scopes }]);
        document["components"]["securitySchemes"][*name] = scheme.clone();
    }
    document
}

fn scheme(kind: &str, authorizer: &Json) -> Json {
    json!({
        "type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": kind,
        "x-amazon-apigateway-authorizer": authorizer,
    })
}

#[tokio::test]
async fn a_rest_api_has_the_same_authorizers() {
    let rest = Rest::start().await;
    let pool = Issuer::start("https://cognito-idp.us-west-2.amazonaws.com/us-west-2_abc").unwrap();
    let login = Issuer::start("https://login.example.com/").unwrap();
    rest.world.aws.add_issuer(&pool);
    rest.world.aws.add_issuer(&login);
    let role = rest.world.iam().get_role().role_name("giraffe").send().await.unwrap().role.unwrap().arn;
    let gate = rest.world.gate(&role).await;
    rest.world.permit("gate").await;
    let uri = format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{gate}/invocations");
    let arn = "arn:aws:cognito-idp:us-west-2:123456789012:userpool/us-west-2_abc";
    let token = json!({ "type": "token", "authorizerUri": uri, "identityValidationExpression": "[a-z]+" });
    let request = json!({ "type": "request", "authorizerUri": uri, "identitySource": "method.request.header.X-Key" });
    let cognito = json!({ "type": "cognito_user_pools", "providerARNs": [arn] });
    let jwt = json!({ "type": "jwt", "identitySource": "method.request.header.Authorization", "jwtConfiguration": {
        "issuers": [{ "issuer": login.url(), "audiences": ["shop"] }],
    } });
    let iam = json!({ "type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4" });
    rest.serve(&protected(&[
        ("token", scheme("custom", &token), json!([])),
        ("request", scheme("custom", &request), json!([])),
        ("pool", scheme("cognito_user_pools", &cognito), json!([])),
        ("scoped", scheme("cognito_user_pools", &cognito), json!(["orders/read"])),
        ("jwt", scheme("jwt", &jwt), json!([])),
        ("iam", iam, json!([])),
    ]))
    .await;

    let ask = async |path: &str, headers: &[(&str, &str)]| {
        rest.send("GET", &rest.host, &format!("/prod/{path}"), headers).await
    };
    let unauthorized = (401, "Unauthorized".to_owned());
    assert_eq!(ask("token", &[("authorization", "open")]).await.0, 200);
    let denied = (403, "User is not authorized to access this resource with an explicit deny".to_owned());
    assert_eq!(ask("token", &[("authorization", "other")]).await, denied);
    assert_eq!(ask("token", &[("authorization", "OPEN")]).await, unauthorized, "the token does not match the pattern");
    assert_eq!(ask("token", &[]).await, unauthorized);
    assert_eq!(ask("request", &[("x-key", "open")]).await.0, 200);
    assert_eq!(ask("request", &[("authorization", "open")]).await, unauthorized, "no identity");

    let id = pool.token(&json!({ "aud": "client", "token_use": "id" }));
    let access = pool.token(&json!({ "client_id": "client", "token_use": "access", "scope": "orders/read" }));
    let other = login.token(&json!({ "aud": "shop" }));
    let old = pool.token(&json!({ "aud": "client", "token_use": "id", "exp": 1 }));
    assert_eq!(
        (ask("pool", &[("authorization", &id)]).await.0, ask("scoped", &[("authorization", &access)]).await.0),
        (200, 200)
    );
    assert_eq!(ask("pool", &[("authorization", &other)]).await, unauthorized);
    assert_eq!(ask("scoped", &[("authorization", &id)]).await, unauthorized);
    assert_eq!(ask("pool", &[("authorization", &old)]).await, (401, "The incoming token has expired".to_owned()));
    assert_eq!(ask("jwt", &[("authorization", &other)]).await.0, 200);
    assert_eq!(ask("jwt", &[("authorization", &id)]).await, unauthorized);

    let missing = (403, "Missing Authentication Token".to_owned());
    assert_eq!(ask("iam", &[]).await, missing);
    for (region, expected) in [("us-east-1", 200), ("us-west-2", 403)] {
        let signed = rest.world.aws.signed_headers(&rest.host, "/prod/iam", region);
        let headers: Vec<(&str, &str)> = signed.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(ask("iam", &headers).await.0, expected, "{region}");
    }
}
