//! What was forgotten is found again, object by object, as it was.

use multiregion::plan::{Ledger, changed_fields};
use multiregion::wire::Value;

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
        let differing = changed_fields(&entry.spec, &again.spec, component.uncompared());
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

fn addresses(ledger: &Ledger) -> Vec<String> {
    ledger.entries.keys().map(ToString::to_string).collect()
}
