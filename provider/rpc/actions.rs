//! ValidateActionConfig, PlanAction, InvokeAction. There is no action.

use super::answer::{Answered, none_of};
use super::protocol::{invoke_action, plan_action, validate_action_config};
use super::service::{Once, once};

const UNKNOWN: &str = "Unknown action";

pub(super) async fn validate(request: validate_action_config::Request) -> Answered<validate_action_config::Response> {
    none_of("ValidateActionConfig", UNKNOWN, request.action_type).await
}

pub(super) async fn plan(request: plan_action::Request) -> Answered<plan_action::Response> {
    none_of("PlanAction", UNKNOWN, request.action_type).await
}

pub(super) async fn invoke(request: invoke_action::Request) -> Answered<Once<invoke_action::Event>> {
    let completed: Answered<invoke_action::event::Completed> =
        none_of("InvokeAction", UNKNOWN, request.action_type).await;
    completed.map(|response| {
        let event = |completed| invoke_action::Event { r#type: Some(invoke_action::event::Type::Completed(completed)) };
        once(response.map(event))
    })
}
