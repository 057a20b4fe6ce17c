//! Accounts: regions, access keys, limits.

use std::time::Duration;

use aws_sdk_account::types::RegionOptStatus;
use strict_aws::{LocalAws, Options};

use crate::fixtures::configuration;
use crate::world::{World, error_of};

#[tokio::test]
async fn not_all_regions_are_enabled() {
    let mut world = World::immediate().await;
    let regions = world.account().list_regions().send().await.unwrap().regions.unwrap();
    let status = |name: &str| {
        let region = regions.iter().find(|region| region.region_name.as_deref() == Some(name)).unwrap();
        region.region_opt_status.clone().unwrap()
    };
    assert_eq!(status("us-west-2"), RegionOptStatus::EnabledByDefault);
    assert_eq!(status("ap-east-1"), RegionOptStatus::Disabled);
    let enabled = world.account().list_regions().region_opt_status_contains(RegionOptStatus::Enabled).send().await;
    assert_eq!(enabled.unwrap().regions.unwrap().len(), 1);

    world.set_region("ap-east-1");
    assert_eq!(error_of!(world.lambda().list_functions().send().await).0, "UnrecognizedClientException");
}

#[tokio::test]
async fn unknown_access_keys_are_rejected() {
    let mut world = World::immediate().await;
    world.set_access_key("AKIAIOSFODNN7EXAMPLE");
    assert_eq!(error_of!(world.iam().list_roles().send().await).0, "InvalidClientTokenId");
}

#[tokio::test]
async fn accounts_are_isolated() {
    let mut world = World::immediate().await;
    world.role().await;
    world.set_access_key("210987654321");
    assert!(world.iam().list_roles().send().await.unwrap().roles.is_empty());
    assert!(world.aws.inventory_of("210987654321").await.unwrap().is_empty());
    assert_eq!(world.aws.inventory().await.unwrap().keys(), ["global/iam/role/giraffe"]);
}

#[tokio::test]
async fn calls_beyond_the_limits_are_throttled() {
    let world = World::start(Options { throttle: true, ..Options::immediate() }).await;
    let zone = world.zone().await;
    let certificate = world.certificate(&zone, "*.a.com").await;
    let make = |name: &str| {
        let domain = world.apigatewayv2().create_domain_name().domain_name(name);
        domain.domain_name_configurations(configuration(&certificate)).send()
    };
    make("one.a.com").await.unwrap();
    assert_eq!(error_of!(make("two.a.com").await).0, "TooManyRequestsException");
    world.aws.advance(Duration::from_secs(31));
    make("two.a.com").await.unwrap();
}

#[tokio::test]
async fn a_local_aws_can_be_shared_by_runtimes() {
    let aws = LocalAws::start(Options::immediate()).await.unwrap();
    let other = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { assert!(aws.inventory().await.unwrap().is_empty()) });
    });
    other.join().unwrap();
}
