//! An import reconstructs the state from AWS, component by component.

use multiregion::desired::Address;
use multiregion::plan::{Ledger, changed_fields};
use multiregion::wire::{Path, Value};
use serde_json::json;

use super::drift::{OWNER, every_kind, everything};
use super::world::{Subject, World};

#[tokio::test(flavor = "multi_thread")]
async fn an_import_finds_every_component_with_its_spec_and_outputs() {
    let world = World::start().await;
    let (_zone, mut api, config) = every_kind(&world).await;
    world.apply(&mut api, &config).await;
    let before = api.ledger();

    let mut found = Subject::new("multiregion_api");
    world.import(&mut found, OWNER).await;
    let after = found.ledger();
    for (address, entry) in &before.entries {
        let again = after.entries.get(address).unwrap_or_else(|| panic!("{address} was not found"));
        let (_, component) = world.component(OWNER, address);
        let mut differing = changed_fields(&entry.spec, &again.spec, component.meta().uncompared);
        // AWS does not record what a check expected.
        differing.retain(|field| !component.meta().is_check || again.spec.get(field).is_some());
        assert!(differing.is_empty(), "{address} differs in {differing:?}: {:#?} {:#?}", entry.spec, again.spec);
        assert_eq!(again.outputs, entry.outputs, "{address}");
    }
    assert_eq!(addresses(&after), addresses(&before), "the import found other components");

    let (planned, diagnostics) = world.plan(&mut found, &config).await;
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    assert_eq!(planned.state.value, found.state.value, "the plan after an import must be empty");
    // The imported dependencies are enough to delete everything in order.
    world.apply(&mut found, &Value::Null).await;
    assert!(
        world.local.inventory().await.expect("the inventory is taken").keys().iter().all(|key| key.contains("/zone"))
    );
}

/// Creates another tool's public hosted zone.
async fn create_foreign_zone(world: &World, caller_reference: &str, name: &str) {
    let (aws, _) = world.component("stranger", &Address::global("hosted_zone"));
    let request = aws.route53().create_hosted_zone().name(name).caller_reference(caller_reference);
    request.send().await.expect("the zone is created");
}

/// An attribute of a state.
fn attribute<'a>(state: &'a Value, name: &str) -> &'a Value {
    match state {
        Value::Map(attributes) => &attributes[name],
        other => panic!("the state is {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_finds_the_zone_that_holds_the_records() {
    let world = World::start().await;
    let (_zone, mut api, config) = everything(&world).await;
    world.apply(&mut api, &config).await;
    for (key, name) in [("child", "api.drift.example"), ("first", "drift.example"), ("second", "drift.example")] {
        create_foreign_zone(&world, key, name).await;
    }
    let mut found = Subject::new("multiregion_api");
    world.import(&mut found, OWNER).await;
    assert_eq!(addresses(&found.ledger()), addresses(&api.ledger()));
    let zone_id = |subject: &Subject| attribute(attribute(&subject.state.value, "domain"), "zone_id").clone();
    assert_eq!(zone_id(&found), zone_id(&api));
    let (planned, diagnostics) = world.plan(&mut found, &config).await;
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    assert_eq!(planned.state.value, found.state.value, "the plan after an import must be empty");
    world.apply(&mut found, &Value::Null).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_warns_about_a_missing_record() {
    let world = World::start().await;
    let (_zone, mut api, config) = everything(&world).await;
    world.apply(&mut api, &config).await;
    let name = "origin.api.drift.example";
    let address = Address::global("record").key(name);
    let entry = api.ledger().entries[&address].clone();
    let (aws, component) = world.component(OWNER, &address);
    component.delete(&aws, &entry.spec, &entry.outputs).await.expect("the record is deleted");

    let mut found = Subject::new("multiregion_api");
    let (state, diagnostics) = world.provider().import(found.resource, OWNER).await;
    let [warning] = &diagnostics[..] else { panic!("{diagnostics:#?}") };
    assert!(!warning.is_error() && warning.detail.contains(name), "{warning}");
    assert_eq!((warning.summary, &warning.path), ("Record not found", &Path::of("domain")));
    found.state = state;
    world.apply(&mut found, &config).await;
    world.apply(&mut found, &Value::Null).await;
}

/// Hosts refuse a plan that keeps null where the configuration has a value.
#[tokio::test(flavor = "multi_thread")]
async fn attributes_that_an_import_did_not_find_are_planned_as_configured() {
    let world = World::start().await;
    let (_zone, mut api, config) = everything(&world).await;
    world.apply(&mut api, &config).await;
    let mut found = Subject::new("multiregion_api");
    world.import(&mut found, OWNER).await;
    // As if the import had not found the zone.
    let mut ledger = found.ledger();
    ledger.entries.retain(|address, _| address.kind != "record");
    let Value::Map(attributes) = &mut found.state.value else { panic!("the state is an object") };
    attributes.insert("domain".to_owned(), Value::Null);
    found.state.private = ledger.to_private();

    let (planned, diagnostics) = world.plan(&mut found, &config).await;
    let [warning] = &diagnostics[..] else { panic!("{diagnostics:#?}") };
    assert_eq!(warning.summary, "AWS objects will be adopted");
    assert_eq!(attribute(&planned.state.value, "domain"), attribute(&config, "domain"));
    world.change(&mut found, &config).await;
    world.apply(&mut found, &Value::Null).await;
}

/// A REST API from routes, with functions, authorizers and settings that only its methods show.
fn rest(world: &World) -> Value {
    let mut orders = world.function();
    for (name, value) in [
        ("routes", json!(["ANY /orders/{path+}", "GET /orders"])),
        ("throttle", json!({ "rate": 5, "burst": 10 })),
        ("api_key_required", json!(true)),
        ("authorizer", json!("gate")),
    ] {
        orders[name] = value;
    }
    let mut signed = world.function();
    (signed["routes"], signed["authorizer"]) = (json!(["POST /signed/{id}"]), json!("AWS_IAM"));
    let mut users = world.function();
    (users["routes"], users["authorizer"]) = (json!(["GET /users/{id}"]), json!("users"));
    users["authorization_scopes"] = json!(["users/read"]);
    let issuer = json!({ "kind": "jwt", "issuer": "https://login.example.com/", "audiences": ["shop", "app"] });
    let gateway = json!({
        "protocol": "rest",
        "timeout_ms": 5_000,
        "ip_address_type": "dualstack",
        "rest": {
            "binary_media_types": ["image/png"],
            "minimum_compression_bytes": 1024,
            "policy_json": json!({ "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": ["execute-api:/live/*"],
            }] }).to_string(),
        },
        "cors": {
            "allow_origins": ["https://www.shop.example", "http://localhost:3000"],
            "allow_methods": ["GET", "POST"],
            "allow_headers": ["content-type", "x-token"],
            "expose_headers": ["etag"],
            "allow_credentials": true,
            "max_age_seconds": 600,
        },
        "api_keys": { "partner": {} },
        "authorizers": {
            "gate": { "kind": "token", "function": "gate", "header": "X-Token", "cache_seconds": 60 },
            "users": issuer,
        },
    });
    let all = json!({
        "name": "shop",
        "regions": { "us-east-1": {}, "us-west-2": {} },
        "function": world.function(),
        "functions": { "orders": orders, "signed": signed, "users": users, "gate": world.function() },
        "gateway": gateway,
    });
    Subject::new("multiregion_api").config(&all)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_finds_the_routes_and_settings_of_a_rest_api() {
    let world = World::start().await;
    let (mut shop, config) = (Subject::new("multiregion_api"), rest(&world));
    world.apply(&mut shop, &config).await;
    let mut found = Subject::new("multiregion_api");
    world.import(&mut found, "shop").await;
    let (planned, diagnostics) = world.plan(&mut found, &config).await;
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    assert_eq!(planned.state.value, found.state.value, "the plan after an import must be empty");

    // The import knows the content, so that a change by hand is corrected.
    let address = Address::regional("us-west-2", "rest_definition");
    let entry = found.ledger().entries[&address].clone();
    let document = entry.spec["document"].as_str().expect("the import found the document").to_owned();
    let mut changed = entry.spec.clone();
    changed["document"] = json!(document.replace("1024", "2048"));
    let (aws, component) = world.component("shop", &address);
    component.update(&aws, &entry.outputs, &entry.spec, &changed).await.expect("the API is changed");
    let mut found = Subject::new("multiregion_api");
    world.import(&mut found, "shop").await;
    let (planned, diagnostics) = world.plan(&mut found, &config).await;
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    assert_ne!(planned.state.value, found.state.value, "the plan must correct the change");
    world.apply(&mut found, &config).await;
    world.apply(&mut found, &Value::Null).await;
    assert!(world.inventory().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_warns_that_it_does_not_find_a_document() {
    let world = World::start().await;
    let mut shop = Subject::new("multiregion_api");
    let document = r#"{ "openapi": "3.0.1", "paths": { "/orders": { "get": { "description": "Orders" } } } }"#;
    let config = shop.config(&json!({
        "name": "shop", "regions": { "us-east-1": {} }, "function": world.function(),
        "gateway": { "protocol": "rest", "openapi": document },
    }));
    world.apply(&mut shop, &config).await;
    let (state, diagnostics) = world.provider().import(shop.resource, "shop").await;
    let [warning] = &diagnostics[..] else { panic!("{diagnostics:#?}") };
    assert_eq!((warning.is_error(), warning.summary), (false, "OpenAPI document not found"));
    assert_eq!(warning.path.to_string(), "gateway.openapi");
    shop.state = state;
    world.apply(&mut shop, &config).await;
    world.apply(&mut shop, &Value::Null).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_of_an_attached_function_finds_the_authorizer_of_its_api() {
    let world = World::start().await;
    let (mut shop, mut reports) = (Subject::new("multiregion_api"), Subject::new("multiregion_function"));
    let issuer = json!({ "kind": "jwt", "issuer": "https://login.example.com/", "audiences": ["shop"] });
    let api = shop.config(&json!({
        "name": "shop", "regions": { "us-east-1": {}, "us-west-2": {} }, "function": world.function(),
        "gateway": { "authorizers": { "users": issuer } },
    }));
    world.apply(&mut shop, &api).await;
    let mut function = world.function();
    for (name, value) in [
        ("routes", json!(["GET /reports"])),
        ("authorizer", json!("users")),
        ("authorization_scopes", json!(["reports/read"])),
    ] {
        function[name] = value;
    }
    let config = reports.config(&json!({ "name": "reports", "api": "shop", "function": function }));
    world.apply(&mut reports, &config).await;
    let mut found = Subject::new("multiregion_function");
    world.import(&mut found, "reports").await;
    let of = |name: &str| attribute(attribute(&found.state.value, "function"), name).clone();
    assert_eq!(of("authorizer"), Value::String("users".to_owned()));
    assert_eq!(of("authorization_scopes"), Value::List(vec![Value::String("reports/read".to_owned())]));
    let (planned, diagnostics) = world.plan(&mut found, &config).await;
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    assert_eq!(planned.state.value, found.state.value, "the plan after an import must be empty");
    world.apply(&mut found, &Value::Null).await;
    world.apply(&mut shop, &Value::Null).await;
}

fn addresses(ledger: &Ledger) -> Vec<String> {
    ledger.entries.keys().map(ToString::to_string).collect()
}
