//! A read that AWS denies is an error: a plan that cannot see an object must not show that nothing has changed.

use multiregion::wire::Diagnostic;
use serde_json::json;
use strict_aws::{Effect, Fault};

use super::world::{Subject, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_read_is_an_error_that_names_component_and_action() {
    let world = World::start().await;
    let mut api = Subject::new("multiregion_api");
    let config = api.config(
        &json!({ "name": "denied", "regions": { "us-east-1": {}, "us-west-2": {} }, "function": world.function() }),
    );
    world.apply(&mut api, &config).await;
    let cases = [
        ("lambda:GetFunction", "us-west-2/function", "lambda:GetFunction"),
        ("apigateway:GetApi", "us-west-2/http_api", "apigateway:GET"),
        ("iam:GetRole", "global/role", "iam:GetRole"),
    ];
    for (operation, component, action) in cases {
        let before = api.state.clone();
        world.local.inject(Fault::new(Effect::AccessDenied).operation(operation));
        let (state, diagnostics) = world.provider().read(api.resource, before.clone()).await;
        world.local.clear_faults();
        assert_eq!(state, before, "{operation}: the state stays");
        let errors: Vec<&Diagnostic> = diagnostics.iter().filter(|one| one.is_error()).collect();
        let [error] = errors.as_slice() else { panic!("{operation}: {diagnostics:#?}") };
        assert_eq!(error.summary, "Missing IAM permission");
        let names_both =
            error.detail.contains(component) && error.detail.contains(&format!("the IAM action {action}."));
        assert!(names_both, "{operation}: {}", error.detail);
    }
    world.refresh(&mut api).await;
}
