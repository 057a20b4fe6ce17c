//! A plan fails when an object that it would create already exists and belongs to another owner.

use multiregion::desired::Address;
use multiregion::wire::Value;
use serde_json::json;

use super::world::{Subject, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_role_function_or_api_of_another_owner_is_not_adopted() {
    let world = World::start().await;
    let mut api = Subject::new("multiregion_api");
    let config =
        api.config(&json!({ "name": "squatted", "regions": { "us-east-1": {} }, "function": world.function() }));
    world.apply(&mut api, &config).await;
    let created = api.ledger().entries;
    world.apply(&mut api, &Value::Null).await;

    // The other owner's function uses the other owner's role, which the first iteration created.
    for address in ["global/role", "us-east-1/function", "us-east-1/http_api"] {
        let address: Address = address.parse().expect("an address");
        let (aws, component) = world.component("somebody", &address);
        let mut spec = created[&address].spec.clone();
        spec["tags"] = json!({ "owner": "somebody else" });
        component.create(&aws, &spec).await.unwrap_or_else(|error| panic!("{address}: {error}"));

        let mut api = Subject::new("multiregion_api");
        let (_, diagnostics) = world.plan(&mut api, &config).await;
        let error = diagnostics.iter().find(|one| one.detail.starts_with(&address.to_string()));
        let error = error.unwrap_or_else(|| panic!("no error for {address}: {diagnostics:#?}"));
        assert_eq!(error.summary, "AWS object already exists");
        assert!(error.detail.contains("owner"), "the owner tag is missing: {}", error.detail);
    }
}
