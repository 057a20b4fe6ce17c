//! CloudFront Functions and key value stores.

use aws_sdk_cloudfront::primitives::Blob;
use aws_sdk_cloudfront::types::builders::DistributionConfigBuilder;
use aws_sdk_cloudfront::types::{
    EventType, FunctionAssociation, FunctionAssociations, FunctionConfig, FunctionRuntime, KeyValueStoreAssociation,
    KeyValueStoreAssociations,
};

use crate::cloudfront::{READS, config, create};
use crate::traffic::{ok, send, two_regions};
use crate::world::{World, error_of};

const NO_CACHE: &str = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";

/// Settings of a function, with a key value store if `store_arn` is not empty.
fn settings(store_arn: &str) -> FunctionConfig {
    let config = FunctionConfig::builder().comment("giraffe").runtime(FunctionRuntime::CloudfrontJs20);
    let store = KeyValueStoreAssociation::builder().key_value_store_arn(store_arn).build().unwrap();
    let stores = KeyValueStoreAssociations::builder().quantity(1).items(store).build().unwrap();
    let stores = Some(stores).filter(|_| !store_arn.is_empty());
    config.set_key_value_store_associations(stores).build().unwrap()
}

/// Creates a function without publishing it; returns its ARN and its ETag.
async fn function(world: &World, code: &str) -> (String, String) {
    let request = world.cloudfront().create_function().name("giraffe").function_config(settings(""));
    let created = request.function_code(Blob::new(code)).send().await.unwrap();
    let metadata = created.function_summary.unwrap().function_metadata.unwrap();
    (metadata.function_arn, created.e_tag.unwrap())
}

/// A distribution whose requests go through a function to the first host, unless it chooses another one.
fn with_function(hosts: &[String], arn: &str, event: EventType) -> DistributionConfigBuilder {
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let config = config(&hosts, hosts[0], NO_CACHE, READS);
    let mut behavior = config.get_default_cache_behavior().clone().unwrap();
    let function = FunctionAssociation::builder().function_arn(arn).event_type(event).build().unwrap();
    behavior.function_associations = Some(FunctionAssociations::builder().quantity(1).items(function).build().unwrap());
    config.default_cache_behavior(behavior)
}

#[tokio::test]
async fn a_published_function_chooses_the_origin_of_each_request() {
    let mut world = World::immediate().await;
    let hosts = two_regions(&mut world).await;
    world.set_region("us-east-1");
    let code = format!(
        "import cf from 'cloudfront';\nfunction handler(event) {{\n\
         if (cf.edgeLocation.region === 'us-west-2') {{ cf.selectRequestOriginById('{}'); }}\n\
         if (event.request.uri === '/missing') {{ cf.selectRequestOriginById('missing'); }}\n\
         if (event.request.uri === '/own') {{ return {{ statusCode: 204 }}; }}\n\
         return event.request; }}",
        hosts[1]
    );
    let (arn, etag) = function(&world, &code).await;
    let created = create(&world, with_function(&hosts, &arn, EventType::ViewerRequest)).await;
    assert_eq!(error_of!(created).0, "InvalidFunctionAssociation", "the function is not published");
    let publish = || world.cloudfront().publish_function().name("giraffe").if_match(&etag).send();
    publish().await.unwrap();
    let created = create(&world, with_function(&hosts, &arn, EventType::OriginRequest)).await;
    assert_eq!(error_of!(created).0, "InvalidFunctionAssociation", "functions only see viewers");

    let (distribution, _) = create(&world, with_function(&hosts, &arn, EventType::ViewerRequest)).await.unwrap();
    let host = distribution.domain_name;
    assert_eq!(send(&world, "us-east-1", "GET", &host, "/a").await, ok("us-east-1 /a"));
    assert_eq!(send(&world, "us-west-1", "GET", &host, "/a").await, ok("us-west-2 /a"));
    assert_eq!(send(&world, "us-east-1", "GET", &host, "/own").await.0, 204);
    assert_eq!(send(&world, "us-east-1", "GET", &host, "/missing").await.0, 503, "there is no such origin");
    let delete = world.cloudfront().delete_function().name("giraffe").if_match(&etag).send().await;
    assert_eq!(error_of!(delete).0, "FunctionInUse");
}

#[tokio::test]
async fn a_function_gets_a_key_value_store_once_it_is_ready() {
    let world = World::slow().await;
    let client = world.cloudfront();
    let created = client.create_key_value_store().name("giraffe").send().await.unwrap();
    let store = created.key_value_store.unwrap();
    assert_eq!(store.status.as_deref(), Some("PROVISIONING"));
    let (name, code) = ("giraffe", Blob::new("function handler(event) { return event.request; }"));
    let create = || {
        let request = client.create_function().name(name).function_config(settings(&store.arn));
        request.function_code(code.clone()).send()
    };
    let (code, message) = error_of!(create().await);
    assert_eq!(code, "InvalidArgument");
    assert!(message.contains("cannot be associated before the resource is provisioned"), "{message}");
    world.wait();
    let found = client.describe_key_value_store().name(name).send().await.unwrap();
    assert_eq!(found.key_value_store.unwrap().status.as_deref(), Some("READY"));
    create().await.unwrap();
    let delete = client.delete_key_value_store().name(name).if_match(found.e_tag.unwrap()).send().await;
    assert_eq!(error_of!(delete).0, "CannotDeleteEntityWhileInUse");
}
