//! A log group that Lambda re-created, without tags, after a destroy.

use multiregion::wire::Value;
use serde_json::{Value as Json, json};

use super::world::{Subject, World};

const REGION: &str = "us-east-1";
const GROUP: &str = "/aws/lambda/returning";

/// Creates the log group as Lambda does when a deleted function writes its last log line and its role allows it.
async fn recreate_log_group(world: &World) {
    let logs = world.by_hand(REGION).logs();
    logs.create_log_group().log_group_name(GROUP).send().await.expect("the log group is created");
}

async fn group(world: &World) -> Option<Json> {
    world.inventory().await.objects.get(&format!("{REGION}/logs/log_group/{GROUP}")).cloned()
}

fn config(world: &World, api: &Subject) -> Value {
    let mut function = world.function();
    function["log_retention_days"] = json!(7);
    api.config(&json!({ "name": "returning", "regions": { REGION: {}, "us-west-2": {} }, "function": function }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_group_that_lambda_recreated_is_adopted() {
    let world = World::start().await;
    let mut api = Subject::new("multiregion_api");
    let config = config(&world, &api);
    world.apply(&mut api, &config).await;
    world.apply(&mut api, &Value::Null).await;

    recreate_log_group(&world).await;
    world.change(&mut api, &config).await;
    let adopted = group(&world).await.expect("the log group exists");
    assert_eq!(adopted["retention_days"], 7, "{adopted}");
    assert_eq!(adopted["tags"]["multiregion:address"], "us-east-1/log_group", "{adopted}");
    world.apply(&mut api, &Value::Null).await;
    let left = world.inventory().await;
    assert!(left.is_empty(), "{:?}", left.keys());
}

/// A log group without tags belongs to the function of its name, which is not ours here.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_group_of_an_existing_function_is_not_adopted() {
    let world = World::start().await;
    let mut api = Subject::new("multiregion_api");
    let config = config(&world, &api);
    let hand = world.by_hand(REGION);
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole",
    }] });
    let role = hand.iam().create_role().role_name("somebody").assume_role_policy_document(trust.to_string());
    let role = role.send().await.expect("a role").role.expect("a role").arn;
    super::replaced::create_function(&hand, "returning", &role).await;
    recreate_log_group(&world).await;
    let before = world.inventory().await;

    let (_, diagnostics) = world.plan(&mut api, &config).await;
    let errors: Vec<_> = diagnostics.iter().filter(|one| one.is_error()).map(|one| one.summary).collect();
    assert!(
        errors.iter().all(|summary| *summary == "AWS object already exists") && !errors.is_empty(),
        "{diagnostics:#?}"
    );
    assert_eq!(world.inventory().await, before, "a plan must change nothing");
}
