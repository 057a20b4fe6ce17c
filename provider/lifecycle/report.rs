//! Turns failures and obstacles into diagnostics.

use std::collections::BTreeMap;

use crate::apply::{Failure, Impossible, Obstacle, Outcome, Survey, verb};
use crate::aws::{CallError, chain};
use crate::desired::{Address, Desired};
use crate::plan::Action;
use crate::wire::{Diagnostic, Diagnostics, Path};

/// Ends every error of a plan, because the hosts plan the whole configuration before a destroy: an error about a resource that
/// cannot be created stops the destroy of all others.
pub(super) const IF_DESTROYING: &str = "If this stops a destroy, run the destroy with -refresh=false.";

/// The attribute that a component was expanded from.
fn attribute_of(desired: &Desired, address: &Address) -> Path {
    desired.get(address).map(|node| node.attribute.clone()).unwrap_or_default()
}

/// A cause that makes many calls fail. Its failures become one diagnostic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SharedCause {
    Credentials,
    Clock,
    /// This endpoint does not respond.
    Outage(String),
}

impl SharedCause {
    /// The shared cause of an error.
    pub(super) fn of(error: &CallError) -> Option<Self> {
        if error.is_credentials() {
            return Some(Self::Credentials);
        }
        if let CallError::Outage { endpoint, .. } = error {
            return Some(Self::Outage(endpoint.clone()));
        }
        error.is_clock_skew().then_some(Self::Clock)
    }

    fn summary(&self) -> &'static str {
        match self {
            Self::Credentials => "Expired or invalid credentials",
            Self::Clock => "Wrong system clock",
            Self::Outage(_) => "AWS does not respond",
        }
    }

    fn fix(&self) -> &'static str {
        match self {
            Self::Credentials => "Renew the credentials and run again.",
            Self::Outage(_) => "Check the network, wait until the service responds, and run again.",
            Self::Clock => {
                "AWS rejects requests whose time differs from its own by more than a few minutes. Set the clock of this \
                 machine, for example with NTP, and run again."
            }
        }
    }
}

/// One step, read or check that did not succeed.
pub(super) struct Problem<'a> {
    /// Verb and address: `create us-east-1/function`.
    pub(super) action: String,
    pub(super) error: Option<&'a CallError>,
    /// A sentence about the other components, or a hint. Can be empty.
    pub(super) rest: &'a str,
    /// The diagnostic, if the problem has no shared cause.
    pub(super) diagnostic: Diagnostic,
}

/// One diagnostic for each shared cause, with its first error and the actions that it prevented, then all other diagnostics.
pub(super) fn by_cause<'a>(problems: impl IntoIterator<Item = Problem<'a>>) -> Diagnostics {
    let mut shared: BTreeMap<SharedCause, (String, &str, Vec<String>)> = BTreeMap::new();
    let mut others = Vec::new();
    for Problem { action, error, rest, diagnostic } in problems {
        match error.and_then(|error| Some((SharedCause::of(error)?, error))) {
            Some((cause, error)) => {
                let (_, _, prevented) = shared.entry(cause).or_insert_with(|| (chain(error), rest, Vec::new()));
                prevented.push(action);
            }
            None => others.push(diagnostic),
        }
    }
    let shared = shared.into_iter().map(|(cause, (error, rest, prevented))| {
        let detail = format!("{error}. This prevented: {}. {} {rest}", prevented.join(", "), cause.fix());
        Diagnostic::error(Path::root(), cause.summary(), detail.trim_end())
    });
    shared.chain(others).collect()
}

/// The errors of failed steps, each with a sentence about the other components.
pub(super) fn failures<'a>(
    desired: &Desired,
    failures: impl IntoIterator<Item = (&'a Failure, &'a str)>,
) -> Diagnostics {
    by_cause(failures.into_iter().map(|(failed, rest)| Problem {
        action: format!("{} {}", verb(&failed.action), failed.address),
        error: Some(&failed.error),
        rest,
        diagnostic: failure(desired, failed, rest),
    }))
}

/// The errors of results that the journal rejected.
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

/// A warning about the components that a rollback pointed back to their previous targets.
pub(super) fn rolled_back(outcome: &Outcome) -> Option<Diagnostic> {
    if outcome.rolled_back.is_empty() {
        return None;
    }
    let names: Vec<String> = outcome.rolled_back.iter().map(ToString::to_string).collect();
    let detail = format!(
        "The rollout failed after this apply had changed regions for their clients. The provider set these changes back, so that \
         the version and the settings of the last apply serve again: {}. Correct the function or its settings, and run again.",
        names.join(", ")
    );
    Some(Diagnostic::warning(Path::root(), "Previous version restored", detail))
}

/// The errors of obstacles, each of which ends with `hint`.
pub(super) fn obstacles(desired: &Desired, obstacles: &[Obstacle], hint: &str) -> Diagnostics {
    by_cause(obstacles.iter().map(|found| {
        let (address, error) = match found {
            Obstacle::Unknown { address, error } => (address, Some(error)),
            Obstacle::Foreign { address, .. } | Obstacle::Refused { address, .. } => (address, None),
        };
        let diagnostic = obstacle(desired, found, hint);
        Problem { action: format!("plan {address}"), error, rest: hint, diagnostic }
    }))
}

/// A warning for each object of another owner that the plan replaces.
pub(super) fn replaced(survey: &Survey) -> impl Iterator<Item = Diagnostic> + use<'_> {
    survey.replaced.iter().map(|(address, warning)| {
        let path = attribute_of(&survey.desired, address);
        Diagnostic::warning(path, warning.summary, format!("{} ({address})", warning.detail))
    })
}

/// The attribute `status_reason` after an apply: the first failure. `None` if nothing failed.
pub(super) fn reason(outcome: &Outcome) -> Option<String> {
    let more = |others: usize| if others == 0 { String::new() } else { format!(" {others} more failed.") };
    match outcome.failures.as_slice() {
        [first, others @ ..] => {
            let Failure { action, address, error } = first;
            Some(format!("Could not {} {address}: {}.{}", verb(action), chain(error), more(others.len())))
        }
        [] if outcome.cancelled => Some("The apply was cancelled.".to_owned()),
        [] => None,
    }
}

/// A warning about what differs between the components as they were last applied and as they are in AWS.
pub(super) fn drifted(lines: &[String]) -> Option<Diagnostic> {
    /// How many lines the warning shows.
    const MOST: usize = 20;
    let shown = lines.iter().take(MOST).map(|line| format!("- {line}\n")).collect::<String>();
    let more = lines.len().saturating_sub(MOST);
    let more = if more > 0 { format!("- {more} more, which the log shows at INFO\n") } else { String::new() };
    (!lines.is_empty()).then(|| {
        let detail = format!(
            "These settings were changed outside of OpenTofu and Terraform since the last apply:\n\n{shown}{more}\nThe next apply \
             restores the settings of the configuration."
        );
        Diagnostic::warning(Path::root(), "AWS objects have changed", detail)
    })
}

/// The warnings of deletions that AWS carries out only later. A destroyed resource has no state from which a later apply could
/// delete its objects.
pub(super) fn deferred(deferred: &[Failure], is_destroyed: bool) -> Diagnostics {
    let warning = |Failure { address, error, .. }: &Failure| {
        let CallError::Deferred { command, .. } = error else { return None };
        let (summary, rest) = if is_destroyed {
            let rest = "It is no longer in the state. Delete it later with";
            ("AWS object left behind", format!("{rest} `{command}`."))
        } else {
            let rest = "It no longer receives requests, it stays in the state, and a later apply that changes the resource \
                        deletes it.";
            ("AWS object not deleted yet", rest.to_owned())
        };
        Some(Diagnostic::warning(Path::root(), summary, format!("{} ({address}). {rest}", chain(error))))
    };
    deferred.iter().filter_map(warning).collect()
}

/// The same diagnostic as a warning.
pub(super) fn as_warning(diagnostic: Diagnostic) -> Diagnostic {
    Diagnostic::warning(diagnostic.path, diagnostic.summary, diagnostic.detail)
}

/// The error of one obstacle.
fn obstacle(desired: &Desired, obstacle: &Obstacle, hint: &str) -> Diagnostic {
    let (address, summary, detail) = match obstacle {
        Obstacle::Foreign { address, whose } => (
            address,
            "AWS object already exists",
            format!(
                "{address} cannot be created or changed, because AWS already has an object with the same name or identity that \
                 does not belong to this resource: {whose}. The provider does not overwrite it. Choose another name, delete the object, \
                 or import the resource that it belongs to."
            ),
        ),
        Obstacle::Refused { address, problem } => (address, problem.summary, format!("{} ({address})", problem.detail)),
        Obstacle::Unknown { address, error } => (
            address,
            "Could not check existing AWS objects",
            format!("Checking what AWS already has for {address} failed: {}. {}", chain(error), fix(error)),
        ),
    };
    let detail = format!("{detail} {hint}");
    Diagnostic::error(attribute_of(desired, address), summary, detail.trim_end())
}

/// The error of one failed step.
fn failure(desired: &Desired, failure: &Failure, rest: &str) -> Diagnostic {
    let (summary, doing) = match failure.action {
        Action::Create | Action::Record => ("AWS object not created", "Creating"),
        Action::Update(_) => ("AWS object not updated", "Updating"),
        Action::Replace(_) => ("AWS object not replaced", "Replacing"),
        Action::Release => ("AWS object not released", "Releasing"),
        Action::Delete | Action::Retire(_) => ("AWS object not deleted", "Deleting"),
    };
    let Failure { address, error, .. } = failure;
    let detail = format!("{doing} {address} failed: {}. {} {rest}", chain(error), fix(error));
    Diagnostic::error(attribute_of(desired, address), summary, detail.trim_end())
}

/// What the user can do about an error.
fn fix(error: &CallError) -> &'static str {
    match error {
        CallError::Refused { code, .. } if code.contains("AccessDenied") || code.contains("Unauthorized") => {
            "Allow the credentials to perform this action, and run again."
        }
        CallError::Refused { .. } => "Correct the setting that AWS names, and run again.",
        CallError::Unreachable { .. } | CallError::Outage { .. } => {
            "Check the network and the endpoint, and run again."
        }
        CallError::Foreign { .. } => "Choose another name, or delete that object.",
        CallError::TimedOut { .. } => {
            "Fix the condition that was last seen, or run again to wait longer. `timeouts` limits all waits."
        }
        CallError::NotStarted { .. } => "Run again to continue. `timeouts` limits how long an operation may take.",
        CallError::Failed { .. } => "Fix the cause that AWS reports, and run again.",
        CallError::Deferred { .. } | CallError::Cancelled(_) => "Run again to continue.",
        CallError::Malformed(_) => "Use the version of the provider that wrote the state.",
        CallError::Local { .. } => "Make it readable, leave it unchanged between plan and apply, and run again.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_obstacle_of_a_plan_mentions_the_destroy() {
        let address = Address::global("claim");
        let foreign = Obstacle::Foreign { address, whose: "it has no other tags".to_owned() };
        let detail = obstacle(&Desired::default(), &foreign, IF_DESTROYING).detail;
        assert!(
            detail.ends_with("belongs to. If this stops a destroy, run the destroy with -refresh=false."),
            "{detail}"
        );
        assert_eq!(detail.matches("another name").count(), 1, "{detail}");
        let detail = obstacle(&Desired::default(), &foreign, "").detail;
        assert!(detail.ends_with("belongs to."), "{detail}");
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
        let errors = failures(&Desired::default(), failed.iter().map(|failure| (failure, "It is kept.")));
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(errors.join("\n"), @r#"
        Error: Expired or invalid credentials (at ""): lambda:CreateFunction in us-east-1 was refused with ExpiredTokenException: The security token included in the request is expired (request id 7). This prevented: create us-east-1/function, delete eu-west-1/function. Renew the credentials and run again. It is kept.
        Error: Wrong system clock (at ""): lambda:CreateFunction in us-east-1 was refused with RequestTimeTooSkewed: too skewed (request id 7). This prevented: delete eu-west-2/function. AWS rejects requests whose time differs from its own by more than a few minutes. Set the clock of this machine, for example with NTP, and run again. It is kept.
        Error: AWS object not created (at ""): Creating us-west-2/function failed: lambda:CreateFunction in us-east-1 was refused with AccessDenied: not authorized (request id 7). Allow the credentials to perform this action, and run again. It is kept.
        "#);
    }

    #[test]
    fn one_cause_of_many_obstacles_gives_one_error() {
        let region = |region| Obstacle::Unknown {
            address: Address::regional(region, "function"),
            error: refused("ExpiredToken", "expired"),
        };
        let foreign = Obstacle::Foreign { address: Address::global("claim"), whose: "it has no tags".to_owned() };
        let found = [region("us-east-1"), foreign, region("us-west-2")];
        let errors = obstacles(&Desired::default(), &found, "");
        let summaries: Vec<&str> = errors.iter().map(|error| error.summary).collect();
        assert_eq!(summaries, ["Expired or invalid credentials", "AWS object already exists"]);
    }
}
