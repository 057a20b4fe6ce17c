//! What the in-memory AWS does like AWS, and ministack does not: unchanged functions get no new version, revisions are
//! checked, and an API responds only when all its parts are connected.

use aws_sdk_cloudfront::types::{Aliases, DistributionResourceId, HttpVersion, ViewerCertificate};
use aws_sdk_lambda::types::AliasRoutingConfiguration;
use aws_sdk_route53::types::{AliasTarget, ChangeAction, ResourceRecord, ResourceRecordSet, RrType};
use hickory_proto::rr::RecordType;

use crate::cloudfront::{READS, config, create};
use crate::edge::NO_CACHE;
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

#[tokio::test]
async fn a_distribution_has_an_https_record_with_its_versions_of_http() {
    let world = World::immediate().await;
    let zone = world.zone().await;
    for (version, expected) in [
        (HttpVersion::Http2and3, Some("cdn.a.com. 60 1 . alpn=h2,h3,")),
        (HttpVersion::Http2, Some("cdn.a.com. 60 1 . alpn=h2,")),
        (HttpVersion::Http11, None),
    ] {
        let config = config(&["b.com"], "b.com", NO_CACHE, READS).caller_reference(version.as_str());
        let (distribution, _) = create(&world, config.http_version(version)).await.unwrap();
        let alias = AliasTarget::builder().hosted_zone_id("Z2FDTNDATAQYW2").dns_name(distribution.domain_name);
        let set = ResourceRecordSet::builder().name("cdn.a.com").r#type(RrType::Https);
        let set = set.alias_target(alias.evaluate_target_health(false).build().unwrap()).build().unwrap();
        world.change(&zone, ChangeAction::Upsert, vec![set]).await.unwrap();
        let answer = world.aws.resolver_near("us-east-1").query("cdn.a.com", RecordType::HTTPS).await.unwrap();
        let first = answer.answers.first().map(|record| format!("{} {} {}", record.name, record.ttl, record.data));
        assert_eq!(first.as_deref(), expected);
    }
}

#[tokio::test]
async fn a_name_moves_to_another_distribution_at_once() {
    let world = World::immediate().await;
    let zone = world.zone().await;
    let certificate = world.certificate(&zone, "www.a.com").await;
    let with = |reference: &str, names: &[&str], certificate: Option<&str>| {
        let aliases = Aliases::builder().quantity(names.len() as i32);
        let aliases = aliases.set_items(Some(names.iter().map(|name| (*name).to_owned()).collect())).build().unwrap();
        let certificate = certificate.map(|arn| ViewerCertificate::builder().acm_certificate_arn(arn).build());
        let config = config(&["b.com"], "b.com", NO_CACHE, READS).aliases(aliases).set_viewer_certificate(certificate);
        config.caller_reference(reference)
    };
    let (source, _) = create(&world, with("source", &["www.a.com"], Some(&certificate))).await.unwrap();
    let (bare, _) = create(&world, with("bare", &[], None)).await.unwrap();
    let (target, e_tag) = create(&world, with("target", &[], Some(&certificate))).await.unwrap();
    let client = world.cloudfront();
    let send = |id: &str, if_match: &str| {
        let resource = DistributionResourceId::builder().distribution_id(id).build();
        let request = client.update_domain_association().domain("www.a.com").target_resource(resource);
        request.if_match(if_match).send()
    };
    assert_eq!(error_of!(send("E1", &e_tag).await).0, "EntityNotFound");
    assert_eq!(error_of!(send(&bare.id, &e_tag).await).0, "IllegalUpdate", "the certificate must cover the name");
    let (code, message) = error_of!(send(&target.id, &e_tag).await);
    assert_eq!((code.as_str(), message.as_str()), ("IllegalUpdate", "Invalid or missing alias DNS TXT records."));
    let value = ResourceRecord::builder().value(format!("\"{}\"", target.domain_name)).build().unwrap();
    let proof = ResourceRecordSet::builder().name("_www.a.com").r#type(RrType::Txt).ttl(60).resource_records(value);
    world.change(&zone, ChangeAction::Create, vec![proof.build().unwrap()]).await.unwrap();
    assert_eq!(error_of!(send(&target.id, "stale").await).0, "PreconditionFailed");
    send(&target.id, &e_tag).await.unwrap();

    let aliases = async |id: &str| {
        let config = client.get_distribution_config().id(id).send().await.unwrap().distribution_config.unwrap();
        config.aliases.and_then(|aliases| aliases.items).unwrap_or_default()
    };
    assert_eq!((aliases(&source.id).await, aliases(&target.id).await), (vec![], vec!["www.a.com".to_owned()]));
}
