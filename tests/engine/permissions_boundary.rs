//! The permissions boundary of the provider's arguments is that of every role.

use multiregion::wire::Value;
use serde_json::json;

use super::world::{Subject, World};

const BOUNDARY: &str = "arn:aws:iam::123456789012:policy/boundary";

/// The permissions boundary of a role in AWS.
async fn boundary(world: &World, role: &str) -> Option<String> {
    let aws = world.by_hand("us-east-1");
    let role = aws.iam().get_role().role_name(role).send().await.expect("the role exists").role?;
    role.permissions_boundary()?.permissions_boundary_arn().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_has_the_permissions_boundary_of_the_provider() {
    let mut world = World::fast().await;
    let mut api = Subject::new("multiregion_api");
    let functions = json!({ "one": world.function(), "two": world.function() });
    let mut config = json!({ "name": "bounded", "regions": { "us-east-1": {} }, "functions": functions });
    config["functions"]["one"]["routes"] = json!(["GET /one"]);
    config["functions"]["two"]["routes"] = json!(["GET /two"]);
    let config = api.config(&config);
    world.apply(&mut api, &config).await;
    assert_eq!(boundary(&world, "bounded-one").await, None);

    world.configure(|config| config.roles.permissions_boundary_arn = Some(BOUNDARY.to_owned())).await;
    world.apply(&mut api, &config).await;
    for role in ["bounded-one", "bounded-two"] {
        assert_eq!(boundary(&world, role).await.as_deref(), Some(BOUNDARY), "{role}");
    }

    world.configure(|_| ()).await;
    world.apply(&mut api, &config).await;
    assert_eq!(boundary(&world, "bounded-two").await, None);
    world.apply(&mut api, &Value::Null).await;
}
