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

/// DNS leads to the old distribution until its alias has moved, and to the new one afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_of_another_distribution_moves_while_its_clients_are_served() {
    let world = World::start().await;
    let mut zone = Subject::new("multiregion_zone");
    let config = zone.config(&json!({ "name": "named.example" }));
    world.apply(&mut zone, &config).await;
    let (www, zone_id) = ("www.named.example", zone.text("id"));
    let configured = |name: &str, aliases: &[&str], take_over: bool| {
        json!({
            "name": name,
            "regions": { "us-east-1": {}, "us-west-2": {} },
            "function": world.function(),
            "domain": { "name": format!("{name}.named.example"), "zone_id": zone_id },
            "cdn": { "origin": "group", "aliases": aliases, "take_over_aliases": take_over },
            "routing": { "drain_seconds": 0 },
        })
    };
    let (mut old, mut new) = (Subject::new("multiregion_api"), Subject::new("multiregion_api"));
    let of_old = old.config(&configured("old", &["old.named.example", www], false));
    world.apply(&mut old, &of_old).await;
    let before = new.config(&configured("new", &["new.named.example"], false));
    world.apply(&mut new, &before).await;

    let refused = new.config(&configured("new", &["new.named.example", www], false));
    let (_, diagnostics) = world.plan(&mut new, &refused).await;
    let is_refusal = |one: &&multiregion::wire::Diagnostic| one.summary == "Alias of another distribution";
    let refusal = diagnostics.iter().find(is_refusal).expect("the plan is refused");
    assert!(refusal.detail.contains("multiregion_api/old"), "{refusal:?}");

    let taken = new.config(&configured("new", &["new.named.example", www], true));
    let status = async || world.local.status_of(www, www, "/", "us-west-2").await.expect("a response");
    let (mut served, mut statuses) = (0, std::collections::BTreeSet::new());
    let clients = async {
        loop {
            statuses.insert(status().await);
            served += 1;
            // The in-memory AWS answers without waiting.
            tokio::task::yield_now().await;
        }
    };
    let warnings = tokio::select! {
        warnings = world.change(&mut new, &taken) => warnings,
        _ = clients => Default::default(),
    };
    assert!(served > 0 && statuses.into_iter().eq([200]), "a client was not served");
    let summaries: Vec<&str> = warnings.iter().map(|one| one.summary).collect();
    assert_eq!(summaries, ["Alias moved from another distribution"]);
    world.apply(&mut new, &taken).await;

    // The old distribution no longer has the name, and its configuration does not take it back.
    world.wait();
    let (state, _) = world.provider().read(old.resource, old.state.clone()).await;
    let (_, diagnostics) = world.provider().plan(old.resource, state, of_old.clone()).await;
    assert!(diagnostics.iter().any(|one| one.summary == "Alias of another distribution"), "{diagnostics:#?}");
    world.change(&mut old, &Value::Null).await;
    assert_eq!(status().await, 200, "the record leads to the new distribution");
    world.apply(&mut new, &Value::Null).await;
}
