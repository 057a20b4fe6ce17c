//! Requests of clients: which region responds.

use aws_sdk_route53::types::{
    ChangeAction, HealthCheckConfig, HealthCheckType, ResourceRecordSetFailover, ResourceRecordSetRegion,
};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::cloudfront::{READS, config, create, group};
use crate::fixtures::alias;
use crate::world::World;

/// Sends a request from a client near a region; returns the status, and the body or the responding region and path.
pub(crate) async fn send(world: &World, client_region: &str, method: &str, host: &str, path: &str) -> (u16, String) {
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<bytes::Bytes>>();
    let request = http::Request::builder()
        .method(method)
        .uri(format!("{}{path}", world.aws.endpoint()))
        .header("host", host)
        .header("x-test-region", client_region)
        .body(Empty::new())
        .unwrap();
    let response = client.request(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    // In the in-memory AWS a function describes itself in JSON.
    let fields: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    match (fields["region"].as_str(), fields["path"].as_str()) {
        (Some(region), Some(path)) => (status, format!("{region} {path}")),
        _ => (status, String::from_utf8_lossy(&body).into_owned()),
    }
}

pub(crate) fn ok(text: &str) -> (u16, String) {
    (200, text.to_owned())
}

const REGIONS: [&str; 2] = ["us-east-1", "us-west-2"];

/// Creates an API in both regions; returns the host of each.
pub(crate) async fn two_regions(world: &mut World) -> Vec<String> {
    let role = world.role().await;
    let mut hosts = Vec::new();
    for region in REGIONS {
        world.set_region(region);
        hosts.push(format!("{}.execute-api.{region}.amazonaws.com", world.api(&role).await));
    }
    hosts
}

/// The same with one domain name, and a record with a health check per region.
pub(crate) async fn with_records(world: &mut World, failover: bool) -> Vec<String> {
    let hosts = two_regions(world).await;
    world.set_region("us-east-1");
    let zone = world.zone().await;
    for (host, region) in hosts.iter().zip(REGIONS) {
        world.set_region(region);
        let certificate = world.certificate(&zone, "api.a.com").await;
        let target = world.domain("api.a.com", &certificate, host.split('.').next().unwrap()).await;
        let check = HealthCheckConfig::builder()
            .r#type(HealthCheckType::Https)
            .fully_qualified_domain_name(host)
            .resource_path("/health")
            .build()
            .unwrap();
        let check =
            world.route53().create_health_check().caller_reference(region).health_check_config(check).send().await;
        let set =
            alias("api.a.com", &target).set_identifier(region).health_check_id(check.unwrap().health_check.unwrap().id);
        let set = match (failover, region) {
            (false, region) => set.region(ResourceRecordSetRegion::from(region)),
            (true, "us-east-1") => set.failover(ResourceRecordSetFailover::Primary),
            (true, _) => set.failover(ResourceRecordSetFailover::Secondary),
        };
        world.change(&zone, ChangeAction::Create, vec![set.build().unwrap()]).await.unwrap();
    }
    hosts
}

#[tokio::test]
async fn each_region_responds_on_its_own_host() {
    let mut world = World::immediate().await;
    let hosts = two_regions(&mut world).await;
    assert_eq!(send(&world, "us-east-1", "GET", &hosts[0], "/a").await, ok("us-east-1 /a"));
    assert_eq!(send(&world, "us-east-1", "GET", &hosts[1], "/a").await, ok("us-west-2 /a"));
    let wrong = hosts[0].replace("us-east-1", "us-west-2");
    assert_eq!(send(&world, "us-east-1", "GET", &wrong, "/a").await.0, 403);
}

#[tokio::test]
async fn the_nearest_healthy_region_responds() {
    let mut world = World::immediate().await;
    with_records(&mut world, false).await;
    assert_eq!(send(&world, "eu-west-1", "GET", "api.a.com", "/a").await, ok("us-east-1 /a"));
    assert_eq!(send(&world, "us-west-1", "GET", "api.a.com", "/a").await, ok("us-west-2 /a"));
    world.aws.set_down(&["us-west-2"]);
    assert_eq!(send(&world, "us-west-1", "GET", "api.a.com", "/a").await, ok("us-east-1 /a"));
    assert_eq!(send(&world, "us-west-1", "GET", "other.a.com", "/a").await.0, 502);
}

#[tokio::test]
async fn the_secondary_responds_when_the_primary_is_down() {
    let mut world = World::immediate().await;
    with_records(&mut world, true).await;
    assert_eq!(send(&world, "us-west-2", "GET", "api.a.com", "/").await, ok("us-east-1 /"));
    world.aws.set_down(&["us-east-1"]);
    assert_eq!(send(&world, "us-west-2", "GET", "api.a.com", "/").await, ok("us-west-2 /"));
}

#[tokio::test]
async fn an_origin_group_fails_over_for_reads() {
    let mut world = World::immediate().await;
    let hosts = two_regions(&mut world).await;
    let names: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let config = config(&names, "group", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", READS).origin_groups(group(&names));
    let (distribution, _) = create(&world, config).await.unwrap();
    let host = distribution.domain_name;
    assert_eq!(send(&world, "us-west-2", "GET", &host, "/a").await, ok("us-east-1 /a"));
    world.aws.set_function_status("us-east-1", Some(500));
    assert_eq!(send(&world, "us-west-2", "GET", &host, "/broken").await.0, 500);
    world.aws.set_function_status("us-east-1", None);
    assert_eq!(send(&world, "us-west-2", "POST", &host, "/a").await.0, 403);
    world.aws.set_down(&["us-east-1"]);
    assert_eq!(send(&world, "us-west-2", "GET", &host, "/a").await, ok("us-west-2 /a"));
}

#[tokio::test]
async fn a_distribution_with_a_latency_origin_responds_from_the_nearest_region() {
    let mut world = World::immediate().await;
    with_records(&mut world, false).await;
    world.set_region("us-east-1");
    let no_cache = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";
    let (distribution, _) = create(&world, config(&["api.a.com"], "api.a.com", no_cache, READS)).await.unwrap();
    let host = distribution.domain_name;
    assert_eq!(send(&world, "us-west-1", "GET", &host, "/a").await, ok("us-west-2 /a"));
    assert_eq!(send(&world, "eu-west-1", "GET", &host, "/a").await, ok("us-east-1 /a"));
    assert_eq!(send(&world, "eu-west-1", "GET", "other.cloudfront.net", "/a").await.0, 502);
}

#[tokio::test]
async fn a_base_path_is_removed() {
    let world = World::immediate().await;
    let (zone, role) = (world.zone().await, world.role().await);
    let api = world.api(&role).await;
    let certificate = world.certificate(&zone, "api.a.com").await;
    let target = world.domain("api.a.com", &certificate, &api).await;
    let client = world.apigatewayv2();
    let mapping = client.get_api_mappings().domain_name("api.a.com").send().await.unwrap().items.unwrap().remove(0);
    let id = mapping.api_mapping_id.unwrap();
    let update = client.update_api_mapping().domain_name("api.a.com").api_mapping_id(id).api_id(&api);
    update.api_mapping_key("v1").send().await.unwrap();
    let set = alias("api.a.com", &target).build().unwrap();
    world.change(&zone, ChangeAction::Create, vec![set]).await.unwrap();
    assert_eq!(send(&world, "us-east-1", "GET", "api.a.com", "/v1/a").await, ok("us-east-1 /a"));
    assert_eq!(send(&world, "us-east-1", "GET", "api.a.com", "/a").await.0, 403);
}

#[tokio::test]
async fn the_inventory_contains_everything() {
    let mut world = World::immediate().await;
    assert!(world.aws.inventory().await.unwrap().is_empty());
    with_records(&mut world, false).await;
    let first = world.aws.inventory().await.unwrap();
    for wanted in
        ["global/iam/role/giraffe", "us-west-2/lambda/function/giraffe", "us-east-1/apigateway/domain/api.a.com"]
    {
        assert!(first.objects.contains_key(wanted), "{wanted} is not in {:#?}", first.keys());
    }
    // The same resources in another AWS have other ids and are otherwise equal.
    let mut other = World::immediate().await;
    with_records(&mut other, false).await;
    let second = other.aws.inventory().await.unwrap();
    assert_ne!(first, second);
    assert_eq!(first.normalized(), second.normalized());
}
