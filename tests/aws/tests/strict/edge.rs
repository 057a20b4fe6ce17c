//! CloudFront's edge: what is cached, and what a distribution does with a request.

use aws_sdk_cloudfront::types::builders::DistributionConfigBuilder;
use aws_sdk_cloudfront::types::{
    CachePolicyConfig, CachePolicyCookieBehavior, CachePolicyCookiesConfig, CachePolicyHeaderBehavior,
    CachePolicyHeadersConfig, CachePolicyQueryStringBehavior, CachePolicyQueryStringsConfig, CustomErrorResponse,
    CustomErrorResponses, GeoRestriction, GeoRestrictionType, Headers, InvalidationBatch,
    ParametersInCacheKeyAndForwardedToOrigin, Paths, Restrictions,
};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use std::time::Duration;

use crate::cloudfront::{READS, config, create, group};
use crate::world::{World, error_of};

/// Caches a response without headers for a day, with nothing but the path in the key.
const OPTIMIZED: &str = "658327ea-f89d-4fab-a63d-7e88639e58f6";
/// Caches nothing.
pub(crate) const NO_CACHE: &str = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";
const REGIONS: [&str; 2] = ["us-east-1", "us-west-2"];

/// A response: its status, how CloudFront produced it, and the region in its body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen(pub(crate) u16, String, String);

pub(crate) fn seen(status: u16, x_cache: &str, region: &str) -> Seen {
    Seen(status, x_cache.to_owned(), region.to_owned())
}

pub(crate) async fn get(world: &World, host: &str, path: &str, headers: &[(&str, &str)]) -> Seen {
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<bytes::Bytes>>();
    let mut request = http::Request::builder().uri(format!("{}{path}", world.aws.endpoint())).header("host", host);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = client.request(request.body(Empty::new()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    // In the in-memory AWS a function describes itself in JSON; in ministack, the body begins with the region.
    let fields: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = String::from_utf8_lossy(&body);
    let region = fields["region"].as_str().or_else(|| text.split(' ').next()).unwrap_or_default();
    let region = if REGIONS.contains(&region) { region } else { "" };
    let x_cache = parts.headers.get("x-cache").map_or("", |value| value.to_str().unwrap());
    let x_cache = x_cache.split(' ').next().unwrap().to_owned();
    Seen(parts.status.as_u16(), x_cache, region.to_owned())
}

/// An API in both regions; the hosts of the regions.
pub(crate) async fn regions(world: &mut World) -> Vec<String> {
    let role = world.role().await;
    let mut hosts = Vec::new();
    for region in REGIONS {
        world.set_region(region);
        hosts.push(format!("{}.execute-api.{region}.amazonaws.com", world.api(&role).await));
    }
    world.set_region("us-east-1");
    hosts
}

/// A distribution in front of an origin group of both regions; its id and host.
async fn distribution(
    world: &mut World,
    cache_policy: &str,
    change: impl FnOnce(DistributionConfigBuilder) -> DistributionConfigBuilder,
) -> (String, String) {
    let hosts = regions(world).await;
    let names: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let config = config(&names, "group", cache_policy, READS).origin_groups(group(&names));
    let (distribution, _) = create(world, change(config)).await.unwrap();
    (distribution.id, distribution.domain_name)
}

fn policy(name: &str, header: Option<&str>, ttls: [i64; 3]) -> CachePolicyConfig {
    let headers = match header {
        Some(header) => CachePolicyHeadersConfig::builder()
            .header_behavior(CachePolicyHeaderBehavior::Whitelist)
            .headers(Headers::builder().quantity(1).items(header).build().unwrap()),
        None => CachePolicyHeadersConfig::builder().header_behavior(CachePolicyHeaderBehavior::None),
    };
    let cookies = CachePolicyCookiesConfig::builder().cookie_behavior(CachePolicyCookieBehavior::None);
    let strings = CachePolicyQueryStringsConfig::builder().query_string_behavior(CachePolicyQueryStringBehavior::All);
    let key = ParametersInCacheKeyAndForwardedToOrigin::builder()
        .enable_accept_encoding_gzip(true)
        .headers_config(headers.build().unwrap())
        .cookies_config(cookies.build().unwrap())
        .query_strings_config(strings.build().unwrap());
    let [min, default, max] = ttls;
    let config = CachePolicyConfig::builder().name(name).min_ttl(min).default_ttl(default).max_ttl(max);
    config.parameters_in_cache_key_and_forwarded_to_origin(key.build().unwrap()).build().unwrap()
}

async fn create_policy(world: &World, config: CachePolicyConfig) -> String {
    let created = world.cloudfront().create_cache_policy().cache_policy_config(config).send().await.unwrap();
    created.cache_policy.unwrap().id
}

#[tokio::test]
async fn a_cached_response_is_served_while_the_origin_is_down() {
    let mut world = World::immediate().await;
    let (_, host) = distribution(&mut world, OPTIMIZED, |config| config).await;
    assert_eq!(get(&world, &host, "/a", &[]).await, seen(200, "Miss", "us-east-1"));
    world.aws.set_down(&["us-east-1"]);
    assert_eq!(get(&world, &host, "/a", &[]).await, seen(200, "Hit", "us-east-1"));
    assert_eq!(get(&world, &host, "/b", &[]).await, seen(200, "Miss", "us-west-2"), "another path fails over");
    assert_eq!(get(&world, &host, "/b", &[]).await, seen(200, "Hit", "us-west-2"));
    world.aws.advance(Duration::from_secs(86_401));
    assert_eq!(get(&world, &host, "/a", &[]).await, seen(200, "Miss", "us-west-2"), "the response has expired");
}

#[tokio::test]
async fn the_cache_key_is_that_of_the_policy() {
    let mut world = World::immediate().await;
    let policy = create_policy(&world, policy("by-user", Some("Authorization"), [0, 60, 60])).await;
    let (_, host) = distribution(&mut world, &policy, |config| config).await;
    let ask =
        async |path: &str, user: &str| get(&world, &host, path, &[("authorization", user), ("accept", user)]).await.1;
    assert_eq!(ask("/a", "one").await, "Miss");
    assert_eq!((ask("/a", "one").await, ask("/a", "two").await), ("Hit".to_owned(), "Miss".to_owned()));
    assert_eq!((ask("/a?x=1", "one").await, ask("/a?x=1", "one").await), ("Miss".to_owned(), "Hit".to_owned()));
    let cloudfront = world.cloudfront();
    let delete = cloudfront.get_cache_policy().id(&policy).send().await.unwrap().e_tag.unwrap();
    let delete = cloudfront.delete_cache_policy().id(&policy).if_match(delete).send().await;
    assert_eq!(error_of!(delete).0, "CachePolicyInUse");
}

#[tokio::test]
async fn api_gateway_rejects_the_viewers_host() {
    let mut world = World::immediate().await;
    let with_host = "83da9c7e-98b4-4e11-a168-04f0df8e2c65";
    let (_, host) = distribution(&mut world, with_host, |config| config).await;
    assert_eq!(get(&world, &host, "/a", &[]).await, seen(403, "Error", ""));
}

#[tokio::test]
async fn an_invalidation_takes_time_and_is_repeated_by_its_reference() {
    let world = World::slow().await;
    let (created, _) = create(&world, config(&["a.com"], "a.com", OPTIMIZED, READS)).await.unwrap();
    let id = created.id;
    let paths = Paths::builder().quantity(1).items("/*").build().unwrap();
    let batch = |reference: &str, paths: &Paths| {
        InvalidationBatch::builder().caller_reference(reference).paths(paths.clone()).build().unwrap()
    };
    let send = async |batch: InvalidationBatch| {
        world.cloudfront().create_invalidation().distribution_id(&id).invalidation_batch(batch).send().await
    };
    let first = send(batch("one", &paths)).await.unwrap().invalidation.unwrap();
    let again = send(batch("one", &paths)).await.unwrap().invalidation.unwrap();
    assert_eq!((first.status.as_str(), &first.id), ("InProgress", &again.id));
    let other = Paths::builder().quantity(1).items("/a").build().unwrap();
    assert_eq!(error_of!(send(batch("one", &other)).await).0, "InvalidationBatchAlreadyExists");
    world.wait();
    let found = world.cloudfront().get_invalidation().distribution_id(&id).id(&first.id).send().await.unwrap();
    assert_eq!(found.invalidation.unwrap().status, "Completed");
}

#[tokio::test]
async fn a_distribution_restricts_countries_and_replaces_errors() {
    let mut world = World::immediate().await;
    let geo = GeoRestriction::builder().restriction_type(GeoRestrictionType::Blacklist).quantity(1).items("AQ");
    let error = CustomErrorResponse::builder().error_code(500).response_code("503").response_page_path("/sorry");
    let errors = CustomErrorResponses::builder().quantity(1).items(error.build().unwrap()).build().unwrap();
    let (_, host) = distribution(&mut world, OPTIMIZED, |config| {
        let restrictions = Restrictions::builder().geo_restriction(geo.build().unwrap()).build();
        config.restrictions(restrictions).custom_error_responses(errors)
    })
    .await;
    assert_eq!(get(&world, &host, "/sorry", &[("x-test-country", "AT")]).await.0, 200);
    assert_eq!(get(&world, &host, "/sorry", &[("x-test-country", "AQ")]).await, seen(403, "Error", ""));
    assert_eq!(get(&world, &host, "/a", &[("x-test-scheme", "http")]).await, seen(301, "Redirect", ""));
    world.aws.set_function_status("us-east-1", Some(500));
    assert_eq!(get(&world, &host, "/broken", &[]).await, seen(503, "Error", "us-east-1"));
}

#[tokio::test]
async fn invalid_policies_are_rejected() {
    let world = World::immediate().await;
    let create = async |config: CachePolicyConfig| {
        let created = world.cloudfront().create_cache_policy().cache_policy_config(config).send().await;
        error_of!(created)
    };
    for (config, message) in [
        (policy("a b", None, [0, 0, 60]), "The parameter Name contains invalid characters: a b"),
        (policy("a", None, [60, 0, 60]), "The parameter MinTTL, DefaultTTL or MaxTTL is invalid: 60, 0, 60"),
        (
            policy("a", Some("Origin"), [0, 0, 0]),
            "The parameter HeaderBehavior is invalid for policy with caching disabled.",
        ),
        (policy("a", Some("Cookie"), [0, 0, 60]), "The parameter Headers contains Cookie that is not allowed."),
    ] {
        assert_eq!(create(config).await, ("InvalidArgument".to_owned(), message.to_owned()));
    }
}
