//! API Gateway v2.

use aws_sdk_acm::primitives::Blob;
use aws_sdk_apigatewayv2::types::MutualTlsAuthenticationInput;

use crate::fixtures::configuration;
use crate::world::{World, error_of};

#[tokio::test]
async fn a_domain_name_needs_a_suitable_certificate() {
    let mut world = World::immediate().await;
    let zone = world.zone().await;
    let make = |world: &World, arn: &str| {
        let domain = world.apigatewayv2().create_domain_name().domain_name("api.a.com");
        domain.domain_name_configurations(configuration(arn)).send()
    };
    let pending = world.request_certificate("api.a.com").await;
    let (code, message) = error_of!(make(&world, &pending).await);
    assert_eq!(code, "BadRequestException");
    assert!(message.contains("PENDING_VALIDATION"), "{message}");

    let another = world.certificate(&zone, "b.a.com").await;
    assert!(error_of!(make(&world, &another).await).1.contains("does not match"));

    world.validate(&zone, &pending).await;
    world.set_region("us-west-2");
    assert!(error_of!(make(&world, &pending).await).1.contains("must be in 'us-west-2'"));
    world.set_region("us-east-1");
    make(&world, &pending).await.unwrap();
}

#[tokio::test]
async fn mutual_tls_needs_a_trust_store_in_s3_and_proof_of_control() {
    let world = World::immediate().await;
    let create = async |arn: &str, ownership: Option<&str>, truststore: &str| {
        let mut configuration = configuration(arn);
        configuration.ownership_verification_certificate_arn = ownership.map(str::to_owned);
        let mutual_tls = MutualTlsAuthenticationInput::builder().truststore_uri(truststore).build();
        let domain = world.apigatewayv2().create_domain_name().domain_name("api.a.com");
        domain.domain_name_configurations(configuration).mutual_tls_authentication(mutual_tls).send().await
    };
    let zone = world.zone().await;
    let issued = world.certificate(&zone, "api.a.com").await;
    let request = world.acm().import_certificate().certificate(Blob::new("a")).private_key(Blob::new("b"));
    let imported = request.send().await.unwrap().certificate_arn.unwrap();
    let uri = "s3://truststore/authorities.pem";
    for (arn, ownership, truststore) in [
        (&issued, None, "https://truststore/authorities.pem"),
        (&issued, None, "s3://truststore"),
        (&imported, None, uri),
    ] {
        assert_eq!(error_of!(create(arn, ownership, truststore).await).0, "BadRequestException", "{truststore}");
    }
    create(&imported, Some(&issued), uri).await.unwrap();
}

#[tokio::test]
async fn an_integration_with_a_route_cannot_be_deleted() {
    let world = World::immediate().await;
    let role = world.role().await;
    let api = world.api(&role).await;
    let client = world.apigatewayv2();
    let route = client.get_routes().api_id(&api).send().await.unwrap().items.unwrap().remove(0);
    let integration = route.target.unwrap().replace("integrations/", "");
    let delete = || client.delete_integration().api_id(&api).integration_id(&integration).send();
    let (code, message) = error_of!(delete().await);
    assert_eq!(code, "ConflictException");
    assert!(message.contains(route.route_id.as_deref().unwrap()), "{message}");
    client.delete_route().api_id(&api).route_id(route.route_id.unwrap()).send().await.unwrap();
    delete().await.unwrap();
    assert_eq!(error_of!(delete().await).0, "NotFoundException");
}

#[tokio::test]
async fn a_mapped_api_cannot_be_deleted() {
    let world = World::immediate().await;
    let (zone, role) = (world.zone().await, world.role().await);
    let api = world.api(&role).await;
    let certificate = world.certificate(&zone, "api.a.com").await;
    world.domain("api.a.com", &certificate, &api).await;
    let client = world.apigatewayv2();
    let delete = || client.delete_api().api_id(&api).send();
    assert_eq!(error_of!(delete().await).0, "BadRequestException");
    client.delete_domain_name().domain_name("api.a.com").send().await.unwrap();
    delete().await.unwrap();
}

#[tokio::test]
async fn routes_and_stages_are_unique() {
    let world = World::immediate().await;
    let role = world.role().await;
    let api = world.api(&role).await;
    let client = world.apigatewayv2();
    assert_eq!(error_of!(client.create_route().api_id(&api).route_key("$default").send().await).0, "ConflictException");
    assert_eq!(
        error_of!(client.create_stage().api_id(&api).stage_name("$default").send().await).0,
        "ConflictException"
    );
}

#[tokio::test]
async fn an_api_returns_its_current_tags() {
    let world = World::immediate().await;
    let client = world.apigatewayv2();
    let created = client.create_api().name("a").protocol_type("HTTP".into()).tags("a", "1").send().await.unwrap();
    let api = created.api_id.unwrap();
    let arn = format!("arn:aws:apigateway:us-east-1::/apis/{api}");
    client.tag_resource().resource_arn(&arn).tags("a", "2").tags("b", "3").send().await.unwrap();
    let tags = client.get_api().api_id(&api).send().await.unwrap().tags.unwrap();
    assert_eq!((tags["a"].as_str(), tags["b"].as_str()), ("2", "3"));
    let listed = client.get_apis().send().await.unwrap().items.unwrap().remove(0);
    assert_eq!(listed.tags, Some(tags));
}
