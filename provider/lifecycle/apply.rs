//! Apply: carries out a plan and returns the state that was reached.

use std::collections::BTreeSet;

use super::loaded::Loaded;
use super::plan::{self, check_unprotected, unsafe_plan};
use super::{Provider, State, change_of, report, unread, warnings_of};
use crate::apply::{Engine, Failure, Outcome};
use crate::aws::chain;
use crate::components::Catalog;
use crate::desired::{Address, Desired, Scope};
use crate::ownership::place;
use crate::plan::{Action, Difference, Entry, Kinds, Ledger, Plan, PlannedChange, Reachable, Step, View};
use crate::resources::Resource;
use crate::resources::shared::components;
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

/// Ends every error of an update and a destroy.
const CONTINUES: &str = "The state contains everything that was done, and the next apply continues from there.";

impl Provider {
    /// Changes the resource from `prior` to `planned`. If that fails, returns the state that was reached, with errors.
    pub async fn apply(
        &self,
        resource: &dyn Resource,
        prior: Value,
        planned: State,
        config: Value,
    ) -> (State, Diagnostics) {
        let _unanswered = self.pending_acks.unanswered();
        let untouched = State { value: prior.clone(), private: existing(&planned.private) };
        let applied = match (&prior, &planned.value) {
            (_, Value::Null) => self.destroy(resource, &prior, &planned).await,
            (Value::Null, _) => self.create(resource, &planned, &config).await,
            _ => self.update(resource, &planned, &config).await,
        };
        applied.unwrap_or_else(|diagnostics| {
            let state = if untouched.value == Value::Null { State::gone() } else { untouched };
            (state, diagnostics)
        })
    }

    async fn destroy(
        &self,
        resource: &dyn Resource,
        prior: &Value,
        planned: &State,
    ) -> Result<(State, Diagnostics), Diagnostics> {
        check_unprotected(resource, prior)?;
        let settings = resource.settings(prior);
        let engine = self.engine(&settings.owner, settings.delete_timeout);
        // A host passes no private state to the destroy of a tainted resource.
        let state = State { value: prior.clone(), private: planned.private.clone() };
        let Loaded { engine, ledger, mut warnings } = self.load(&engine, resource, &state).await?;
        self.pending_acks.acknowledge(&settings.owner).await;
        check_unused(&engine.noticing_outages(), &ledger).await?;
        self.refreshed.forget(&settings.owner);
        let plan = Plan::destroy(&ledger, engine.kinds());
        let outcome = remove_all(&engine, &plan, ledger).await;
        warnings.extend(warnings_of(&engine));
        warnings.extend(report::deferred(&outcome.deferred, true));
        if outcome.ledger.is_empty() {
            return Ok((State::gone(), warnings));
        }
        let value = resource.state(prior, &View::made(&outcome.ledger, engine.kinds()));
        let state = State { value, private: outcome.ledger.to_private() };
        warnings.extend(errors(&Desired::default(), &outcome));
        Ok((state, warnings))
    }

    async fn update(
        &self,
        resource: &dyn Resource,
        planned: &State,
        config: &Value,
    ) -> Result<(State, Diagnostics), Diagnostics> {
        let settings = resource.settings(config);
        let PlannedChange { mut ledger, adopts, referent, changes, .. } = change_of(&planned.private)?;
        let engine = self.engine(&settings.owner, settings.update_timeout);
        let engine = place::identified(&engine, &self.aws, &ledger)?;
        self.pending_acks.acknowledge(&settings.owner).await;
        let desired = self.expand_to_apply(resource, config, &engine, referent.as_ref()).await?;
        let (Reachable { desired, pending, .. }, plan) = plan_again(&desired, &ledger, &engine, &planned.value)?;
        check_kept_unless_unused(&engine.noticing_outages(), &desired, &plan, &ledger).await?;
        ledger.changes = changes.unwrap_or_else(|| plan::changes(&plan, &ledger, &adopts, &engine));
        ledger.pending = pending;
        let attempt = Attempt { resource, config, engine: &engine, desired: &desired, plan: &plan, ledger: &ledger };
        let outcome = attempt.run(&engine).await;
        let mut diagnostics: Diagnostics = warnings_of(&engine).collect();
        diagnostics.extend(report::deferred(&outcome.deferred, false));
        diagnostics.extend(unread::pending(&ledger));
        diagnostics.extend(errors(&desired, &outcome));
        Ok((attempt.reached(&outcome.ledger), diagnostics))
    }
}

/// Plans again with the values that are known now.
///
/// # Errors
/// No safe plan exists, or an input has changed since the user approved the plan.
pub(super) fn plan_again(
    desired: &Desired,
    ledger: &Ledger,
    engine: &Engine,
    planned: &Value,
) -> Result<(Reachable, Plan), Diagnostics> {
    let (reachable, plan) = engine.plan(desired, ledger).map_err(|mistake| vec![unsafe_plan(&mistake)])?;
    check_as_planned(&plan.difference, &reachable.ledger, engine, planned)?;
    Ok((reachable, plan))
}

/// One attempt to create or update a resource.
pub(super) struct Attempt<'a> {
    pub(super) resource: &'a dyn Resource,
    pub(super) config: &'a Value,
    pub(super) engine: &'a Engine,
    pub(super) desired: &'a Desired,
    pub(super) plan: &'a Plan,
    pub(super) ledger: &'a Ledger,
}

impl Attempt<'_> {
    pub(super) async fn run(&self, engine: &Engine) -> Outcome {
        let mut outcome = engine.apply(self.desired, self.plan, self.ledger.clone()).await;
        outcome.ledger.reason = report::reason(&outcome);
        outcome
    }

    /// The state of a create that was stopped. Empty if nothing was created.
    pub(super) fn stopped(&self, made: &Ledger) -> State {
        if made.is_empty() { State::gone() } else { self.reached(made) }
    }

    /// The state with the components that were created. Planned components that were not created are listed without an id.
    pub(super) fn reached(&self, made: &Ledger) -> State {
        let planned = View::planned(&self.plan.difference, self.ledger, self.engine.kinds());
        let view = View::made(made, self.engine.kinds()).with_missing(planned);
        State { value: self.resource.state(self.config, &view), private: made.to_private() }
    }
}

/// The private state of the existing components, when nothing was changed.
fn existing(private: &[u8]) -> Vec<u8> {
    if private.is_empty() {
        return Vec::new();
    }
    Ledger::from_private(private).map_or_else(|_| private.to_vec(), |ledger| ledger.to_private())
}

/// Refuses to destroy objects to which other resources have added parts.
async fn check_unused(engine: &Engine, ledger: &Ledger) -> Result<(), Diagnostics> {
    let users = users(engine, ledger).await?;
    if users.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "Other resources have added parts to the AWS objects of {}, and AWS would delete these parts, too: {}. Nothing was \
         changed. Destroy these resources first.",
        engine.owner(),
        users.into_iter().collect::<Vec<_>>().join(", ")
    );
    Err(vec![Diagnostic::error(Path::root(), "AWS objects are in use", detail)])
}

/// Refuses an update that deletes objects to which other resources have added parts, in a region that stays. In a region that
/// is removed, the parts lose their traffic together with the region.
pub(super) async fn check_kept_unless_unused(
    engine: &Engine,
    desired: &Desired,
    plan: &Plan,
    ledger: &Ledger,
) -> Result<(), Diagnostics> {
    // Every region that stays has a check that it must pass before it receives traffic.
    let is_check = |address: &&Address| engine.kinds().meta(&address.kind).is_check;
    let staying: BTreeSet<&Scope> = desired.nodes().keys().filter(is_check).map(|address| &address.scope).collect();
    let goes = |step: &&Step| matches!(step.action, Action::Delete | Action::Replace(_));
    let going = plan.steps.iter().filter(goes).map(|step| &step.address).filter(|at| staying.contains(&at.scope));
    let entries = going.filter_map(|address| Some((address.clone(), ledger.entries.get(address)?.clone()))).collect();
    let going = Ledger { entries, ..Ledger::default() };
    let users = users(engine, &going).await?;
    if users.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "This change replaces AWS objects of {} to which other resources have added parts, and AWS would delete these parts \
         with the objects, so that their requests would no longer be answered: {}. Nothing was changed. Destroy these \
         resources first, or undo the change.",
        engine.owner(),
        users.into_iter().collect::<Vec<_>>().join(", ")
    );
    Err(vec![Diagnostic::error(Path::root(), "AWS objects are in use", detail)])
}

/// The resources of other owners that have added parts to the objects of `ledger`.
async fn users(engine: &Engine, ledger: &Ledger) -> Result<BTreeSet<String>, Diagnostics> {
    engine.users(ledger).await.map_err(|error| {
        let detail = format!(
            "The provider could not determine whether other resources use the AWS objects of {}: {}. Nothing was changed. Fix \
             the cause and run again.",
            engine.owner(),
            chain(&error)
        );
        vec![Diagnostic::error(Path::root(), "Use of AWS objects could not be checked", detail)]
    })
}

/// Destroys every component of `ledger`. Objects that AWS deletes only later leave the ledger: nothing would ever delete them
/// from there.
pub(super) async fn remove_all(engine: &Engine, plan: &Plan, ledger: Ledger) -> Outcome {
    let mut outcome = engine.apply(&Desired::default(), plan, ledger).await;
    if !outcome.deferred.is_empty() {
        let Outcome { ledger, failures, not_begun, .. } = &mut outcome;
        ledger.deposed.retain(|(address, entry)| {
            let is_it = |old: &Entry| old.outputs == entry.outputs;
            let has_failed = |failure: &Failure| {
                failure.address == *address && matches!(&failure.action, Action::Retire(old) if is_it(old))
            };
            failures.iter().any(has_failed) || not_begun.contains(address)
        });
    }
    outcome
}

/// Refuses to apply anything but the plan that the user approved. A source directory, for example, can change meanwhile.
fn check_as_planned(
    difference: &Difference,
    ledger: &Ledger,
    engine: &Engine,
    planned: &Value,
) -> Result<(), Diagnostics> {
    let now = components::value(&View::planned(difference, ledger, engine.kinds()));
    let (Value::Map(now), Some(Value::Map(then))) = (&now, attribute(planned, "components")) else { return Ok(()) };
    let changed = then.iter().filter(|(address, then)| {
        let revision = |entry: Option<&Value>| entry.and_then(|entry| attribute(entry, "revision")).cloned();
        let (then, now) = (revision(Some(then)), revision(now.get(*address)));
        !matches!(then, Some(Value::Unknown)) && !matches!(now, Some(Value::Unknown)) && then != now
    });
    let changed: Vec<&str> = changed.map(|(address, _)| address.as_str()).collect();
    if changed.is_empty() {
        return Ok(());
    }
    Err(vec![Diagnostic::error(
        Path::root(),
        "Inputs changed between plan and apply",
        format!(
            "The planned changes of {} are out of date, because a file of the function or another input has changed. Nothing \
             was applied. Create a new plan.",
            changed.join(", ")
        ),
    )])
}

fn attribute<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Map(attributes) => attributes.get(name),
        _ => None,
    }
}

/// The errors of an apply that is incomplete.
pub(super) fn errors(desired: &Desired, outcome: &Outcome) -> Diagnostics {
    let mut diagnostics = report::failures(desired, outcome.failures.iter().map(|failure| (failure, CONTINUES)));
    diagnostics.extend(report::refused(&outcome.refused));
    diagnostics.extend(report::rolled_back(outcome));
    if outcome.cancelled {
        let detail = format!("{}{CONTINUES}", not_started(outcome));
        diagnostics.push(Diagnostic::error(Path::root(), "Apply cancelled", detail));
    }
    diagnostics
}

/// The failures of a create that keeps its components, as warnings: an error would make the host destroy them.
pub(super) fn warnings(desired: &Desired, outcome: &Outcome) -> Diagnostics {
    let kept = "The created components are kept, `status` is \"incomplete\", and the next apply continues.";
    let mut failures = report::failures(desired, outcome.failures.iter().map(|failure| (failure, kept)));
    failures.extend(report::refused(&outcome.refused));
    failures.extend(report::rolled_back(outcome));
    let mut diagnostics: Diagnostics = failures.into_iter().map(report::as_warning).collect();
    if !outcome.not_begun.is_empty() {
        let summary = if outcome.cancelled { "Apply cancelled" } else { "Resource is incomplete" };
        diagnostics.push(Diagnostic::warning(Path::root(), summary, format!("{}{kept}", not_started(outcome))));
    }
    diagnostics
}

/// A sentence that names the components that were not started. Waits and checks, which `components` does not show, are left
/// out.
fn not_started(outcome: &Outcome) -> String {
    let catalog = Catalog::default();
    let visible = outcome.not_begun.iter().filter(|address| catalog.meta(&address.kind).visible);
    let names: Vec<String> = visible.map(ToString::to_string).collect();
    if names.is_empty() { String::new() } else { format!("Not started: {}. ", names.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desired::Address;

    #[test]
    fn only_visible_components_are_named() {
        let outcome = |addresses: &[Address]| Outcome {
            ledger: Ledger::default(),
            failures: Vec::new(),
            deferred: Vec::new(),
            refused: Vec::new(),
            not_begun: addresses.to_vec(),
            rolled_back: Vec::new(),
            cancelled: true,
        };
        let (function, probe) = (Address::regional("us-east-1", "function"), Address::regional("us-east-1", "probe"));
        assert_eq!(not_started(&outcome(&[probe.clone(), function])), "Not started: us-east-1/function. ");
        assert_eq!(not_started(&outcome(&[probe])), "");
    }
}
