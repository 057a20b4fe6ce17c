//! Failures and obstacles in words for the user.

use std::collections::BTreeMap;

use crate::apply::{Failure, Impossible, Obstacle, verb};
use crate::aws::{CallError, chain};
use crate::desired::{Address, Desired};
use crate::plan::Action;
use crate::wire::{Diagnostic, Diagnostics, Path};

/// The attribute to blame for a component.
fn blame(desired: &Desired, address: &Address) -> Path {
    desired.get(address).map(|node| node.attribute.clone()).unwrap_or_default()
}

/// What is said with every obstacle: a destroy plans the whole configuration first, and is stopped by it, too.
pub(super) const DESTROY: &str = "A destroy that is stopped by this goes on with -refresh=false.";

/// A cause that many failures may share. They become one diagnostic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    Credentials,
    Clock,
}

impl Cause {
    fn of(error: &CallError) -> Option<Self> {
        if error.is_credentials() {
            return Some(Self::Credentials);
        }
        error.is_clock_skew().then_some(Self::Clock)
    }

    fn summary(self) -> &'static str {
        match self {
            Self::Credentials => "Expired or invalid credentials",
            Self::Clock => "Wrong system clock",
        }
    }

    fn fix(self) -> &'static str {
        match self {
            Self::Credentials => "Renew the credentials and run again.",
            Self::Clock => {
                "AWS rejects requests whose time differs from its own by more than a few minutes. Set the clock of this \
                 machine, for example with NTP, and run again."
            }
        }
    }
}

/// One thing that went wrong.
struct Trouble<'a> {
    /// What was not done.
    what: String,
    error: Option<&'a CallError>,
    /// What became of the rest.
    rest: &'a str,
    /// What to say when nothing else has the same cause.
    alone: Diagnostic,
}

/// One diagnostic for each cause that is shared, with its first error and a list of what it stopped, then all others.
fn by_cause<'a>(troubles: impl IntoIterator<Item = Trouble<'a>>) -> Diagnostics {
    let mut shared: BTreeMap<Cause, (String, &str, Vec<String>)> = BTreeMap::new();
    let mut others = Vec::new();
    for Trouble { what, error, rest, alone } in troubles {
        match error.and_then(|error| Some((Cause::of(error)?, error))) {
            Some((cause, error)) => {
                let (_, _, stopped) = shared.entry(cause).or_insert_with(|| (chain(error), rest, Vec::new()));
                stopped.push(what);
            }
            None => others.push(alone),
        }
    }
    let shared = shared.into_iter().map(|(cause, (error, rest, stopped))| {
        let detail = format!("{error}. Not done because of this: {}. {} {rest}", stopped.join(", "), cause.fix());
        Diagnostic::error(Path::root(), cause.summary(), detail.trim_end())
    });
    shared.chain(others).collect()
}

/// Steps that failed, each with what became of the rest.
pub(super) fn failures<'a>(
    desired: &Desired,
    failures: impl IntoIterator<Item = (&'a Failure, &'a str)>,
) -> Diagnostics {
    by_cause(failures.into_iter().map(|(failed, rest)| Trouble {
        what: format!("{} {}", verb(&failed.action), failed.address),
        error: Some(&failed.error),
        rest,
        alone: failure(desired, failed, rest),
    }))
}

/// Results that contradict the state.
pub(super) fn refused(refused: &[Impossible]) -> Diagnostics {
    let error = |impossible: &Impossible| {
        let detail = format!(
            "AWS was changed, but the result contradicts the state, which does not contain it: {impossible}. This is a bug in \
             the provider. Please report it with the log of this run (TF_LOG_PROVIDER=DEBUG)."
        );
        Diagnostic::error(Path::root(), "Result not recorded", detail)
    };
    refused.iter().map(error).collect()
}

/// What stands in the way of a plan.
pub(super) fn obstacles(desired: &Desired, obstacles: &[Obstacle]) -> Diagnostics {
    by_cause(obstacles.iter().map(|found| {
        let (address, error) = match found {
            Obstacle::Unknown { address, error } => (address, Some(error)),
            Obstacle::Foreign { address, .. } | Obstacle::Refused { address, .. } => (address, None),
        };
        Trouble { what: format!("plan {address}"), error, rest: DESTROY, alone: obstacle(desired, found) }
    }))
}

/// Warnings for the components that a refresh could not read.
pub(super) fn unseen(unseen: &[(Address, CallError)]) -> Diagnostics {
    let troubles = unseen.iter().map(|(address, error)| {
        let detail = format!("Reading {address} failed, so it is taken to be unchanged: {}.", chain(error));
        Trouble {
            what: format!("refresh {address}"),
            error: Some(error),
            rest: "What was not refreshed is taken to be unchanged.",
            alone: Diagnostic::warning(Path::root(), "AWS object not refreshed", detail),
        }
    });
    by_cause(troubles).into_iter().map(as_warning).collect()
}

/// The same as a warning.
pub(super) fn as_warning(told: Diagnostic) -> Diagnostic {
    Diagnostic::warning(told.path, told.summary, told.detail)
}

/// What stands in the way of a plan.
fn obstacle(desired: &Desired, obstacle: &Obstacle) -> Diagnostic {
    let (address, summary, detail) = match obstacle {
        Obstacle::Foreign { address, whose } => (
            address,
            "AWS object exists already",
            format!(
                "{address} cannot be created or changed, because AWS has an object of the same name or identity that does not \
                 belong to this resource: {whose}. The provider does not overwrite it. Choose another name, delete the object, \
                 or import the resource that it belongs to."
            ),
        ),
        Obstacle::Refused { address, problem } => (address, problem.summary, format!("{} ({address})", problem.detail)),
        Obstacle::Unknown { address, error } => (
            address,
            "Could not check existing AWS objects",
            format!("Could not check what AWS already holds for {address}: {}. {}", chain(error), way_out(error)),
        ),
    };
    Diagnostic::error(blame(desired, address), summary, format!("{detail} {DESTROY}"))
}

/// A step that failed.
fn failure(desired: &Desired, failure: &Failure, kept: &str) -> Diagnostic {
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

    fn refused(code: &str, message: &str) -> CallError {
        CallError::Refused {
            operation: "lambda:CreateFunction",
            region: "us-east-1".to_owned(),
            code: code.to_owned(),
            message: message.to_owned(),
            request_id: "7".to_owned(),
        }
    }

    fn failed(region: &str, action: Action, error: CallError) -> Failure {
        Failure { address: Address::regional(region, "function"), action, error }
    }

    #[test]
    fn one_cause_gives_one_error() {
        let expired = || refused("ExpiredTokenException", "The security token included in the request is expired");
        let failed = [
            failed("us-east-1", Action::Create, expired()),
            failed("us-west-2", Action::Create, refused("AccessDenied", "not authorized")),
            failed("eu-west-1", Action::Delete, expired()),
            failed("eu-west-2", Action::Delete, refused("RequestTimeTooSkewed", "too skewed")),
        ];
        let told = failures(&Desired::default(), failed.iter().map(|failure| (failure, "It is kept.")));
        let told: Vec<String> = told.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        Error: Expired or invalid credentials (at ""): lambda:CreateFunction in us-east-1 was refused with ExpiredTokenException: The security token included in the request is expired (request id 7). Not done because of this: create us-east-1/function, delete eu-west-1/function. Renew the credentials and run again. It is kept.
        Error: Wrong system clock (at ""): lambda:CreateFunction in us-east-1 was refused with RequestTimeTooSkewed: too skewed (request id 7). Not done because of this: delete eu-west-2/function. AWS rejects requests whose time differs from its own by more than a few minutes. Set the clock of this machine, for example with NTP, and run again. It is kept.
        Error: AWS object not created (at ""): Creating us-west-2/function failed: lambda:CreateFunction in us-east-1 was refused with AccessDenied: not authorized (request id 7). Allow the action named here to the credentials in use. It is kept.
        "#);
    }

    #[test]
    fn what_is_not_seen_for_one_cause_is_one_warning() {
        let region = |region| (Address::regional(region, "function"), refused("ExpiredToken", "expired"));
        let told = unseen(&[region("us-east-1"), region("us-west-2")]);
        let told: Vec<String> = told.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(told.join("\n"), @r#"Warning: Expired or invalid credentials (at ""): lambda:CreateFunction in us-east-1 was refused with ExpiredToken: expired (request id 7). Not done because of this: refresh us-east-1/function, refresh us-west-2/function. Renew the credentials and run again. What was not refreshed is taken to be unchanged."#);
    }

    #[test]
    fn an_obstacle_of_one_cause_is_one_error() {
        let region = |region| Obstacle::Unknown {
            address: Address::regional(region, "function"),
            error: refused("ExpiredToken", "expired"),
        };
        let foreign = Obstacle::Foreign { address: Address::global("claim"), whose: "it has no tags".to_owned() };
        let told = obstacles(&Desired::default(), &[region("us-east-1"), foreign, region("us-west-2")]);
        let told: Vec<String> = told.iter().map(|told| told.summary.to_owned()).collect();
        assert_eq!(told, ["Expired or invalid credentials", "AWS object exists already"]);
    }
}
