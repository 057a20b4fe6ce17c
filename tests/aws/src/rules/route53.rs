//! Route 53: what ministack writes that AWS would not.

use super::Context;
use crate::error::Error;
use crate::message::Answer;
use crate::xml::Element;

/// Mends the answer.
pub(crate) async fn after(context: &Context<'_>, answer: &mut Answer) -> Result<(), Error> {
    if context.operation.name.contains("HealthCheck") && answer.status.is_success() {
        mend_health_checks(answer);
    }
    Ok(())
}

/// ministack writes booleans as Python does, and the SDKs cannot read that; and it writes blank regions and children,
/// which AWS does not have.
fn mend_health_checks(answer: &mut Answer) {
    let Some(mut message) = Element::parse(&answer.body) else { return };
    message.each_mut(&mut |element| {
        if element.text == "True" || element.text == "False" {
            element.text = element.text.to_lowercase();
        }
        if matches!(element.name.as_str(), "Regions" | "ChildHealthChecks") {
            element.children.retain(|item| !item.text.is_empty());
        }
        if element.name == "HealthCheckConfig" {
            element.children.retain(|child| {
                !matches!(child.name.as_str(), "Regions" | "ChildHealthChecks") || !child.children.is_empty()
            });
        }
    });
    answer.body = message.to_message().into();
}
