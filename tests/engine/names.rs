//! Several names of one API in a public and in a private hosted zone: created, imported and moved.

use aws_sdk_route53::types::{Vpc, VpcRegion};
use multiregion::wire::Value;
use serde_json::{Value as Json, json};

use super::world::{Subject, World};

/// A private hosted zone of the account; returns its id.
async fn private_zone(world: &World, name: &str) -> String {
    let vpc = Vpc::builder().vpc_id("vpc-1").vpc_region(VpcRegion::UsEast1).build();
    let request = world.by_hand("us-east-1").route53().create_hosted_zone().name(name).caller_reference("by hand");
    let zone = request.vpc(vpc).send().await.expect("it is created").hosted_zone.expect("a zone");
    zone.id.trim_start_matches("/hostedzone/").to_owned()
}

/// The number of record sets in a zone, without those of every zone.
async fn record_sets(world: &World, zone_id: &str) -> usize {
    let objects = world.inventory().await.objects;
    let prefix = format!("global/route53/record/{zone_id}/");
    objects.keys().filter(|key| key.starts_with(&prefix)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_zone_beside_the_public_one_is_filled_imported_and_emptied() {
    let world = World::start().await;
    let mut zone = Subject::new("multiregion_zone");
    let config = zone.config(&json!({ "name": "named.example" }));
    world.apply(&mut zone, &config).await;
    let (public, private) = (zone.text("id"), private_zone(&world, "named.example").await);
    let mut api = Subject::new("multiregion_api");
    let configured = |domain: Json| {
        json!({
            "name": "named",
            "regions": { "us-east-1": { "primary": true }, "us-west-2": {}, "eu-central-1": {} },
            "function": world.function(),
            "domain": domain,
            "routing": { "policy": "failover", "health_check": { "path": "/health" }, "drain_seconds": 0 },
        })
    };
    let names = json!(["www.named.example", "*.tenants.named.example"]);
    let both = configured(json!({
        "name": "api.named.example", "additional_names": names, "zone_id": public, "private_zone_id": private,
        "regional_names": true,
    }));
    let both = api.config(&both);
    world.apply(&mut api, &both).await;
    // A and AAAA of two failover records and two latency records for each of three names, and of three regional names.
    assert_eq!(record_sets(&world, &private).await, 2 * (3 * 4 + 3));

    let mut again = Subject::new("multiregion_api");
    world.import(&mut again, "named").await;
    let (planned, diagnostics) = world.plan(&mut again, &both).await;
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    assert_eq!(planned.state.value, again.state.value, "the plan after the import must be empty");

    let public_only = api.config(&configured(json!({ "name": "api.named.example", "zone_id": public })));
    world.apply(&mut api, &public_only).await;
    assert_eq!(record_sets(&world, &private).await, 0);

    let refused = api.config(&configured(json!({
        "name": "api.named.example", "zone_id": private, "private_zone_id": public,
    })));
    let (_, diagnostics) = world.plan(&mut api, &refused).await;
    let summaries: Vec<&str> = diagnostics.iter().map(|one| one.summary).collect();
    assert!(
        summaries.contains(&"Hosted zone is private") && summaries.contains(&"Hosted zone is public"),
        "{summaries:?}"
    );
    world.apply(&mut api, &Value::Null).await;
}

/// The provider and Route 53's checkers have no client certificate.
#[tokio::test(flavor = "multi_thread")]
async fn an_api_behind_mutual_tls_is_probed_and_serves_clients_with_a_certificate() {
    let world = World::start().await;
    let mut zone = Subject::new("multiregion_zone");
    let config = zone.config(&json!({ "name": "named.example" }));
    world.apply(&mut zone, &config).await;
    let mut api = Subject::new("multiregion_api");
    let mut configured = json!({
        "name": "named",
        "regions": { "us-east-1": {}, "us-west-2": { "mutual_tls": { "truststore_uri": "s3://west/authorities.pem" } } },
        "function": world.function(),
        "gateway": { "disable_execute_api_endpoint": true },
        "domain": {
            "name": "api.named.example", "zone_id": zone.text("id"), "regional_names": true,
            "mutual_tls": { "truststore_uri": "s3://east/authorities.pem" },
        },
        "routing": { "policy": "latency", "health_check": { "protocol": "tcp" }, "drain_seconds": 0 },
    });
    let config = api.config(&configured);
    world.apply(&mut api, &config).await;
    let invoked = world.local.calls().iter().filter(|call| call.name() == "lambda:Invoke").count();
    assert_eq!(invoked, 2);
    let name = "api.named.example";
    assert_eq!(world.local.status_of(name, name, "/", "us-west-2").await.expect("a response"), 502);

    world.rewrite();
    world.local.clear_calls();
    world.apply(&mut api, &config).await;
    let invoked = world.local.calls().iter().filter(|call| call.name() == "lambda:Invoke").count();
    assert_eq!(invoked, 2, "new code must be probed again");
    let mut again = Subject::new("multiregion_api");
    world.import(&mut again, "named").await;
    let (planned, diagnostics) = world.plan(&mut again, &config).await;
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    assert_eq!(planned.state.value, again.state.value, "the plan after the import must be empty");

    configured["domain"]["mutual_tls"] = Json::Null;
    configured["regions"] = json!({ "us-east-1": {}, "us-west-2": {} });
    let config = api.config(&configured);
    world.apply(&mut api, &config).await;
    assert_eq!(world.local.status_of(name, name, "/", "us-west-2").await.expect("a response"), 200);
    world.apply(&mut api, &Value::Null).await;
}
