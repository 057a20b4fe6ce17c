//! What the in-memory AWS does like AWS, and ministack does not: unchanged functions get no new version, revisions are
//! checked, and an API responds only when all its parts are connected.

use aws_sdk_lambda::types::AliasRoutingConfiguration;

use crate::fixtures::package;
use crate::traffic::send;
use crate::world::{World, error_of};

#[tokio::test]
async fn an_unchanged_function_gets_no_new_version() {
    let world = World::immediate().await;
    let role = world.role().await;
    world.function(&role).await.unwrap();
    let client = world.lambda();
    let publish = async || client.publish_version().function_name("giraffe").send().await.unwrap().version.unwrap();
    assert_eq!(publish().await, "1");
    client.update_function_code().function_name("giraffe").zip_file(package()).send().await.unwrap();
    assert_eq!(publish().await, "1");
    client.update_function_configuration().function_name("giraffe").timeout(9).send().await.unwrap();
    assert_eq!(publish().await, "2");

    let alias = |version: &str| client.create_alias().function_name("giraffe").name("live").function_version(version);
    assert_eq!(error_of!(alias("7").send().await).0, "ResourceNotFoundException");
    alias("1").send().await.unwrap();
    let delete = client.delete_function().function_name("giraffe").qualifier("1");
    assert_eq!(error_of!(delete.send().await).0, "ResourceConflictException");
}

#[tokio::test]
async fn a_weighted_alias_sends_a_share_of_the_requests_to_another_version() {
    let world = World::immediate().await;
    let role = world.role().await;
    world.function(&role).await.unwrap();
    let client = world.lambda();
    let publish = async || client.publish_version().function_name("giraffe").send().await.unwrap();
    publish().await;
    client.update_function_configuration().function_name("giraffe").timeout(9).send().await.unwrap();
    publish().await;
    client.create_alias().function_name("giraffe").name("live").function_version("1").send().await.unwrap();
    let shift = |weights: &[(&str, f64)]| {
        let weights = weights.iter().map(|(version, weight)| ((*version).to_owned(), *weight)).collect();
        let routing = AliasRoutingConfiguration::builder().set_additional_version_weights(Some(weights)).build();
        client.update_alias().function_name("giraffe").name("live").routing_config(routing).send()
    };
    for wrong in [&[("1", 0.5)][..], &[("$LATEST", 0.5)], &[("2", 1.5)], &[("2", 0.1), ("3", 0.1)]] {
        assert_eq!(error_of!(shift(wrong).await).0, "InvalidParameterValueException", "{wrong:?}");
    }
    assert_eq!(error_of!(shift(&[("7", 0.5)]).await).0, "ResourceNotFoundException");
    shift(&[("2", 0.25)]).await.unwrap();
    let mut versions = Vec::new();
    for _ in 0..8 {
        let answer = client.invoke().function_name("giraffe").qualifier("live").send().await.unwrap();
        let answer: serde_json::Value = serde_json::from_slice(answer.payload.unwrap().as_ref()).unwrap();
        let body: serde_json::Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        versions.push(body["version"].as_str().unwrap().to_owned());
    }
    assert_eq!(versions, ["1", "1", "1", "2", "1", "1", "1", "2"]);
    shift(&[]).await.unwrap();
    let alias = client.get_alias().function_name("giraffe").name("live").send().await.unwrap();
    assert!(alias.routing_config.is_none(), "{alias:?}");
}

#[tokio::test]
async fn an_update_of_another_revision_is_rejected() {
    let world = World::immediate().await;
    let role = world.role().await;
    world.function(&role).await.unwrap();
    let client = world.lambda();
    let alias = client.create_alias().function_name("giraffe").name("live").function_version("$LATEST");
    let revision = alias.send().await.unwrap().revision_id.unwrap();
    let update = |revision: &str| {
        client.update_alias().function_name("giraffe").name("live").description("x").revision_id(revision).send()
    };
    update(&revision).await.unwrap();
    assert_eq!(error_of!(update(&revision).await).0, "PreconditionFailedException");
}

#[tokio::test]
async fn an_api_responds_only_when_all_its_parts_are_connected() {
    let world = World::immediate().await;
    let role = world.role().await;
    let api = world.api(&role).await;
    let host = format!("{api}.execute-api.us-east-1.amazonaws.com");
    let status = async || send(&world, "us-east-1", "GET", &host, "/a").await.0;
    assert_eq!(status().await, 200);

    world.lambda().remove_permission().function_name("giraffe").statement_id("gateway").send().await.unwrap();
    assert_eq!(status().await, 500, "no permission allows calling the function");

    let client = world.apigatewayv2();
    let closed = client.update_api().api_id(&api).disable_execute_api_endpoint(true).send();
    closed.await.unwrap();
    assert_eq!(status().await, 404, "its own endpoint is disabled");
    client.update_api().api_id(&api).disable_execute_api_endpoint(false).send().await.unwrap();

    let routes = client.get_routes().api_id(&api).send().await.unwrap().items.unwrap();
    let id = routes[0].route_id.as_deref().unwrap();
    client.update_route().api_id(&api).route_id(id).route_key("GET /b").send().await.unwrap();
    assert_eq!(status().await, 404, "no route matches");
}
