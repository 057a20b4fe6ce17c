//! What was forgotten is found again, object by object, as it was.

use multiregion::desired::Address;
use multiregion::plan::{Ledger, changed_fields};
use multiregion::wire::{Path, Value};

use super::drift::{OWNER, everything};
use super::world::{Subject, World};

#[tokio::test(flavor = "multi_thread")]
async fn an_import_finds_every_component_as_it_was() {
    let world = World::start().await;
    let (_zone, mut api, config) = everything(&world).await;
    world.apply(&mut api, &config).await;
    let before = api.ledger();

    let mut found = Subject::new("multiregion_api");
    world.import(&mut found, OWNER).await;
    let after = found.ledger();
    for (address, entry) in &before.entries {
        let again = after.entries.get(address).unwrap_or_else(|| panic!("{address} was not found"));
        let (_, component) = world.component(OWNER, address);
        let differing = changed_fields(&entry.spec, &again.spec, component.meta().uncompared);
        assert!(differing.is_empty(), "{address} differs in {differing:?}: {:#?} {:#?}", entry.spec, again.spec);
        assert_eq!(again.outputs, entry.outputs, "{address}");
    }
    assert_eq!(addresses(&after), addresses(&before), "nothing else is found");

    let (planned, told) = world.plan(&mut found, &config).await;
    assert!(told.is_empty(), "{told:#?}");
    assert_eq!(planned.state.value, found.state.value, "the plan after an import is empty");
    // What the import says of the order is enough to take everything away again.
    world.apply(&mut found, &Value::Null).await;
    assert!(
        world.local.inventory().await.expect("the inventory is taken").keys().iter().all(|key| key.contains("/zone"))
    );
}

/// A public zone of another tool.
async fn decoy(world: &World, key: &str, name: &str) {
    let (aws, _) = world.component("stranger", &Address::global("hosted_zone"));
    let request = aws.route53().create_hosted_zone().name(name).caller_reference(key);
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
async fn an_import_finds_the_zone_by_the_records_in_it() {
    let world = World::start().await;
    let (_zone, mut api, config) = everything(&world).await;
    world.apply(&mut api, &config).await;
    for (key, name) in [("child", "api.drift.example"), ("first", "drift.example"), ("second", "drift.example")] {
        decoy(&world, key, name).await;
    }
    let mut found = Subject::new("multiregion_api");
    world.import(&mut found, OWNER).await;
    assert_eq!(addresses(&found.ledger()), addresses(&api.ledger()));
    let zone_id = |subject: &Subject| attribute(attribute(&subject.state.value, "domain"), "zone_id").clone();
    assert_eq!(zone_id(&found), zone_id(&api));
    let (planned, told) = world.plan(&mut found, &config).await;
    assert!(told.is_empty(), "{told:#?}");
    assert_eq!(planned.state.value, found.state.value, "the plan after an import is empty");
    world.apply(&mut found, &Value::Null).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_an_import_does_not_find_is_told() {
    let world = World::start().await;
    let (_zone, mut api, config) = everything(&world).await;
    world.apply(&mut api, &config).await;
    let name = "origin.api.drift.example";
    let address = Address::global("record").key(name);
    let entry = api.ledger().entries[&address].clone();
    let (aws, component) = world.component(OWNER, &address);
    component.delete(&aws, &entry.spec, &entry.outputs).await.expect("the record is deleted");

    let mut found = Subject::new("multiregion_api");
    let (state, told) = world.provider().import(found.resource, OWNER).await;
    let [warning] = &told[..] else { panic!("{told:#?}") };
    assert!(!warning.is_error() && warning.detail.contains(name), "{warning}");
    assert_eq!((warning.summary, &warning.path), ("Record not found", &Path::of("domain")));
    found.state = state;
    world.apply(&mut found, &config).await;
    world.apply(&mut found, &Value::Null).await;
}

/// The host refuses a plan that keeps null where the configuration has a value.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_import_did_not_find_is_planned_as_configured() {
    let world = World::start().await;
    let (_zone, mut api, config) = everything(&world).await;
    world.apply(&mut api, &config).await;
    let mut found = Subject::new("multiregion_api");
    world.import(&mut found, OWNER).await;
    // As if the zone had not been found.
    let mut ledger = found.ledger();
    ledger.entries.retain(|address, _| address.kind != "record");
    let Value::Map(attributes) = &mut found.state.value else { panic!("the state is an object") };
    attributes.insert("domain".to_owned(), Value::Null);
    found.state.private = ledger.to_private();

    let (planned, told) = world.plan(&mut found, &config).await;
    let [warning] = &told[..] else { panic!("{told:#?}") };
    assert_eq!(warning.summary, "AWS objects will be adopted");
    assert_eq!(attribute(&planned.state.value, "domain"), attribute(&config, "domain"));
    world.change(&mut found, &config).await;
    world.apply(&mut found, &Value::Null).await;
}

fn addresses(ledger: &Ledger) -> Vec<String> {
    ledger.entries.keys().map(ToString::to_string).collect()
}
