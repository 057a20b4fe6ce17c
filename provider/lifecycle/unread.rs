//! Diagnostics about components that could not be read, and about changes that wait for a region.

use std::collections::BTreeMap;

use super::report::{IF_DESTROYING, Problem, SharedCause, as_warning, by_cause};
use crate::aws::{CallError, chain};
use crate::components::Catalog;
use crate::desired::Address;
use crate::plan::{Kinds, Ledger};
use crate::wire::{Diagnostic, Diagnostics, Path};

/// The errors of reads that AWS rejects because of the caller. Without them, a plan would show that nothing has changed.
pub(super) fn refused_reads(unread: &[(Address, CallError)]) -> Diagnostics {
    let refused = unread.iter().filter(|(_, error)| error.is_denied() || error.is_clock_skew());
    let mut by_action: BTreeMap<String, (String, Vec<String>)> = BTreeMap::new();
    let mut others = Vec::new();
    for (address, error) in refused {
        match error {
            CallError::Refused { operation, .. } if SharedCause::of(error).is_none() => {
                let (_, addresses) =
                    by_action.entry(iam_action(operation)).or_insert_with(|| (chain(error), Vec::new()));
                addresses.push(address.to_string());
            }
            error => others.push(Problem {
                action: format!("refresh {address}"),
                error: Some(error),
                rest: IF_DESTROYING,
                diagnostic: Diagnostic::error(Path::root(), "AWS object not refreshed", chain(error)),
            }),
        }
    }
    let missing = by_action.into_iter().map(|(action, (error, addresses))| {
        let detail = format!(
            "A refresh reads {}, which requires the IAM action {action}. The credentials do not allow it: {error}. Nothing was \
             changed. Allow the action, and run again. {IF_DESTROYING}",
            addresses.join(", ")
        );
        Diagnostic::error(Path::root(), "Missing IAM permission", detail)
    });
    missing.chain(by_cause(others)).collect()
}

/// The IAM action that a call requires. Those of API Gateway are named after the HTTP method.
///
/// # Source
/// "Actions, resources, and condition keys for Amazon API Gateway Management", Service Authorization Reference.
fn iam_action(operation: &str) -> String {
    const METHODS: [(&str, &str); 5] =
        [("Get", "GET"), ("Create", "POST"), ("Update", "PATCH"), ("Put", "PUT"), ("Delete", "DELETE")];
    let method = operation.strip_prefix("apigateway:").and_then(|name| {
        METHODS.iter().find(|(verb, _)| name.starts_with(verb)).map(|(_, method)| format!("apigateway:{method}"))
    });
    method.unwrap_or_else(|| operation.to_owned())
}

/// The warning that changes wait, because regions do not respond. `None` if no changes wait.
pub(super) fn pending(ledger: &Ledger) -> Option<Diagnostic> {
    let catalog = Catalog::default();
    let visible = ledger.pending.iter().filter(|address| catalog.meta(&address.kind).visible);
    let names: Vec<String> = visible.map(ToString::to_string).collect();
    (!ledger.pending.is_empty()).then(|| {
        let regions = ledger.unreachable.iter().map(|(region, reason)| format!("{region} does not respond: {reason}."));
        let detail = format!(
            "{} Changes of these objects are pending: {}. No other change waits for them. Objects that are no longer configured \
             stay in the state and are deleted later, too. Apply again when the region responds.",
            regions.collect::<Vec<_>>().join(" "),
            names.join(", ")
        );
        Diagnostic::warning(Path::root(), "Region does not respond", detail)
    })
}

/// Warnings for the components that a refresh could not read.
pub(super) fn not_refreshed(unread: &[(Address, CallError)]) -> Diagnostics {
    let (out, unread): (Vec<_>, Vec<_>) = unread.iter().partition(|(_, error)| error.outage().is_some());
    let mut regions: BTreeMap<&str, (&str, Vec<String>)> = BTreeMap::new();
    for (address, error) in out {
        let Some((region, reason)) = error.outage() else { continue };
        regions.entry(region).or_insert_with(|| (reason, Vec::new())).1.push(address.to_string());
    }
    let regions = regions.into_iter().map(|(region, (reason, addresses))| {
        let detail = format!(
            "{region} does not respond: {reason}. These components were not refreshed, and are assumed to be unchanged: {}.",
            addresses.join(", ")
        );
        Diagnostic::warning(Path::root(), "Region not refreshed", detail)
    });
    let problems = unread.into_iter().map(|(address, error)| {
        let detail = format!("Reading {address} failed, so it is assumed to be unchanged: {}.", chain(error));
        Problem {
            action: format!("refresh {address}"),
            error: Some(error),
            rest: "Objects that were not refreshed are assumed to be unchanged.",
            diagnostic: Diagnostic::warning(Path::root(), "AWS object not refreshed", detail),
        }
    });
    regions.chain(by_cause(problems).into_iter().map(as_warning)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(operation: &'static str, code: &str, message: &str) -> CallError {
        CallError::Refused {
            operation,
            region: "us-east-1".to_owned(),
            code: code.to_owned(),
            message: message.to_owned(),
            request_id: "7".to_owned(),
        }
    }

    fn function(region: &str) -> Address {
        Address::regional(region, "function")
    }

    fn outage(region: Option<&str>) -> CallError {
        CallError::Outage {
            operation: "lambda:GetFunction",
            endpoint: "Lambda in us-west-2".to_owned(),
            region: region.map(str::to_owned),
            reason: "the connection was refused".to_owned(),
        }
    }

    fn text(diagnostics: impl IntoIterator<Item = Diagnostic>) -> String {
        diagnostics.into_iter().map(|one| one.to_string()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_region_that_does_not_respond_gives_one_warning() {
        let unread = [
            (Address::global("record"), outage(None)),
            (function("us-west-2"), outage(Some("us-west-2"))),
            (Address::regional("us-west-2", "alias"), outage(Some("us-west-2"))),
        ];
        insta::assert_snapshot!(text(not_refreshed(&unread)), @r#"
        Warning: Region not refreshed (at ""): us-west-2 does not respond: the connection was refused. These components were not refreshed, and are assumed to be unchanged: us-west-2/function, us-west-2/alias.
        Warning: AWS does not respond (at ""): lambda:GetFunction was not completed, because Lambda in us-west-2 does not respond: the connection was refused. This prevented: refresh global/record. Check the network, wait until the service responds, and run again. Objects that were not refreshed are assumed to be unchanged.
        "#);
        assert!(refused_reads(&unread).is_empty());
    }

    #[test]
    fn a_missing_permission_is_an_error_that_names_action_and_components() {
        let denied = |operation| refused(operation, "AccessDeniedException", "not authorized");
        let unread = [
            (function("us-east-1"), denied("lambda:GetFunction")),
            (function("us-west-2"), denied("lambda:GetFunction")),
            (Address::regional("us-west-2", "http_api"), denied("apigateway:GetApi")),
            (Address::global("role"), refused("iam:GetRole", "ExpiredToken", "expired")),
        ];
        insta::assert_snapshot!(text(refused_reads(&unread)), @r#"
        Error: Missing IAM permission (at ""): A refresh reads us-west-2/http_api, which requires the IAM action apigateway:GET. The credentials do not allow it: apigateway:GetApi in us-east-1 was refused with AccessDeniedException: not authorized (request id 7). Nothing was changed. Allow the action, and run again. If this stops a destroy, run the destroy with -refresh=false.
        Error: Missing IAM permission (at ""): A refresh reads us-east-1/function, us-west-2/function, which requires the IAM action lambda:GetFunction. The credentials do not allow it: lambda:GetFunction in us-east-1 was refused with AccessDeniedException: not authorized (request id 7). Nothing was changed. Allow the action, and run again. If this stops a destroy, run the destroy with -refresh=false.
        Error: Expired or invalid credentials (at ""): iam:GetRole in us-east-1 was refused with ExpiredToken: expired (request id 7). This prevented: refresh global/role. Renew the credentials and run again. If this stops a destroy, run the destroy with -refresh=false.
        "#);
    }

    #[test]
    fn a_pending_change_is_a_warning() {
        let mut ledger = Ledger::default();
        assert_eq!(pending(&ledger), None);
        ledger.pending = [function("us-west-2"), Address::regional("us-west-2", "probe")].into();
        ledger.unreachable = [("us-west-2".to_owned(), "the connection was refused".to_owned())].into();
        insta::assert_snapshot!(text(pending(&ledger)), @r#"Warning: Region does not respond (at ""): us-west-2 does not respond: the connection was refused. Changes of these objects are pending: us-west-2/function. No other change waits for them. Objects that are no longer configured stay in the state and are deleted later, too. Apply again when the region responds."#);
    }
}
