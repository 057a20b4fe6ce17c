//! The account: its regions, its keys, its limits.

use std::time::Duration;

use aws_sdk_account::types::RegionOptStatus;
use strict_aws::{LocalAws, Options};

use crate::build::configuration;
use crate::world::{World, refusal};

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

    world.go_to("ap-east-1");
    assert_eq!(refusal!(world.lambda().list_functions().send().await).0, "UnrecognizedClientException");
}

#[tokio::test]
async fn keys_that_nobody_gave_out_are_refused() {
    let mut world = World::immediate().await;
    world.use_key("AKIAIOSFODNN7EXAMPLE");
    assert_eq!(refusal!(world.iam().list_roles().send().await).0, "InvalidClientTokenId");
}

#[tokio::test]
async fn accounts_see_nothing_of_each_other() {
    let mut world = World::immediate().await;
    world.role().await;
    world.use_key("210987654321");
    assert!(world.iam().list_roles().send().await.unwrap().roles.is_empty());
    assert!(world.aws.inventory_of("210987654321").await.unwrap().is_empty());
    assert_eq!(world.aws.inventory().await.unwrap().keys(), ["global/iam/role/giraffe"]);
}

#[tokio::test]
async fn limits_are_kept_when_they_are_switched_on() {
    let world = World::start(Options { throttle: true, ..Options::immediate() }).await;
    let zone = world.zone().await;
    let certificate = world.certificate(&zone, "*.a.com").await;
    let make = |name: &str| {
        let domain = world.apigateway().create_domain_name().domain_name(name);
        domain.domain_name_configurations(configuration(&certificate)).send()
    };
    make("one.a.com").await.unwrap();
    assert_eq!(refusal!(make("two.a.com").await).0, "TooManyRequestsException");
    world.aws.advance(Duration::from_secs(31));
    make("two.a.com").await.unwrap();
}

#[tokio::test]
async fn a_local_aws_is_shared_by_runtimes() {
    let aws = LocalAws::start(Options::immediate()).await.unwrap();
    let other = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { assert!(aws.inventory().await.unwrap().is_empty()) });
    });
    other.join().unwrap();
}
