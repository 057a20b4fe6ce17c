//! What belongs to somebody else is told by the plan, and stays untouched.

use multiregion::desired::Address;
use multiregion::wire::Value;
use serde_json::json;

use super::world::{Subject, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_role_a_function_or_an_api_of_somebody_else_is_not_taken() {
    let world = World::start().await;
    let mut api = Subject::new("multiregion_api");
    let config =
        api.config(&json!({ "name": "squatted", "regions": { "us-east-1": {} }, "function": world.function() }));
    world.apply(&mut api, &config).await;
    let made = api.ledger().entries;
    world.apply(&mut api, &Value::Null).await;

    // The function of somebody else needs a role of somebody else, which the first turn leaves behind.
    for address in ["global/role", "us-east-1/function", "us-east-1/http_api"] {
        let address: Address = address.parse().expect("an address");
        let (aws, component) = world.component("somebody", &address);
        let mut spec = made[&address].spec.clone();
        spec["tags"] = json!({ "owner": "somebody else" });
        component.create(&aws, &spec).await.unwrap_or_else(|error| panic!("{address}: {error}"));

        let mut api = Subject::new("multiregion_api");
        let (_, told) = world.plan(&mut api, &config).await;
        let error = told.iter().find(|told| told.detail.starts_with(&address.to_string()));
        let error = error.unwrap_or_else(|| panic!("{address} is not told: {told:#?}"));
        assert_eq!(error.summary, "AWS object exists already");
        assert!(error.detail.contains("owner"), "says whose it looks like: {}", error.detail);
    }
}
