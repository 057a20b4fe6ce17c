//! Failures and obstacles in words for the user.

use crate::apply::{Failure, Obstacle};
use crate::aws::{CallError, chain};
use crate::desired::{Address, Desired};
use crate::plan::Action;
use crate::wire::{Diagnostic, Path};

/// The attribute to blame for a component.
fn blame(desired: &Desired, address: &Address) -> Path {
    desired.get(address).map(|node| node.attribute.clone()).unwrap_or_default()
}

/// What is said with every obstacle: a destroy plans the whole configuration first, and is stopped by it, too.
pub(super) const DESTROY: &str = "A destroy that is stopped by this goes on with -refresh=false.";

/// What stands in the way of a plan.
pub(super) fn obstacle(desired: &Desired, obstacle: &Obstacle) -> Diagnostic {
    let (address, summary, detail) = match obstacle {
        Obstacle::Foreign { address, whose } => (
            address,
            "AWS object exists already",
            format!(
                "{address} would be made, but AWS already has an object of that identity which is not of this resource: \
                 {whose}. It is not overwritten. Choose another name, take the object away, or import the resource it \
                 belongs to."
            ),
        ),
        Obstacle::Refused { address, problem } => (address, problem.summary, format!("{} ({address})", problem.detail)),
        Obstacle::Unknown { address, error } => (
            address,
            "AWS could not be asked",
            format!(
                "To plan {address} safely, AWS has to be asked what it already holds. {}. {}",
                chain(error),
                way_out(error)
            ),
        ),
    };
    Diagnostic::error(blame(desired, address), summary, format!("{detail} {DESTROY}"))
}

/// A step that failed.
pub(super) fn failure(desired: &Desired, failure: &Failure, kept: &str) -> Diagnostic {
    let (summary, doing) = match failure.action {
        Action::Create => ("AWS object not created", "Creating"),
        Action::Update(_) => ("AWS object not updated", "Updating"),
        Action::Replace(_) => ("AWS object not replaced", "Replacing"),
        Action::Delete | Action::Retire(_) => ("AWS object not deleted", "Deleting"),
    };
    let Failure { address, error, .. } = failure;
    Diagnostic::error(
        blame(desired, address),
        summary,
        format!("{doing} {address} failed: {}. {} {kept}", chain(error), way_out(error)),
    )
}

fn way_out(error: &CallError) -> &'static str {
    match error {
        CallError::Refused { code, .. } if code.contains("AccessDenied") || code.contains("Unauthorized") => {
            "Allow the action named here to the credentials in use."
        }
        CallError::Refused { .. } => "AWS's own words above say what to change.",
        CallError::Unreachable { .. } => "Check the network and the endpoint, then run again.",
        CallError::Foreign { .. } => "Choose another name, or take that object away.",
        CallError::TimedOut { .. } => {
            "Mend what was last seen, or run again to wait longer; `timeouts` bounds all waits."
        }
        CallError::NotStarted { .. } => "Run again to go on; `timeouts` bounds how long an operation may take.",
        CallError::Failed { .. } => "Mend what AWS names as the reason, then run again.",
        CallError::Cancelled(_) => "Run again to go on.",
        CallError::Malformed(_) => "Use the version of the provider that wrote the state.",
        CallError::Local { .. } => "Make it readable and unchanged between plan and apply, then run again.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_obstacle_to_a_destroy_has_a_way_round() {
        let address = Address::global("claim");
        let foreign = Obstacle::Foreign { address, whose: "it has no other tags".to_owned() };
        let told = obstacle(&Desired::default(), &foreign).detail;
        assert!(told.ends_with("A destroy that is stopped by this goes on with -refresh=false."), "{told}");
        assert_eq!(told.matches("another name").count(), 1, "{told}");
    }
}
