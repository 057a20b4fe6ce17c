//! Apply: the plan's steps, and what the host is told of how they ended.

use std::collections::BTreeSet;

use super::plan::{mistake, survey, unprotected};
use super::{Provider, State, block, held, lease, ledger_of, report};
use crate::apply::{Engine, Failure, Outcome};
use crate::aws::CallError;
use crate::components::Catalog;
use crate::components::claim::{Claim, Phase};
use crate::desired::{Desired, Kind};
use crate::package::DiskPackages;
use crate::plan::{Difference, Kinds, Ledger, Plan, View};
use crate::resources::{OnCreateFailure, Resource, Settings};
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

/// What is said at the end of every error of an update.
const KEPT: &str = "Everything that was done is kept in the state; the next apply goes on from here.";

impl Provider {
    /// Turns `prior` into `planned`. With errors, the state is what was reached.
    pub async fn apply(
        &self,
        resource: &dyn Resource,
        prior: Value,
        planned: State,
        config: Value,
    ) -> (State, Diagnostics) {
        let _unanswered = self.unsigned.unanswered();
        let untouched = State { value: prior.clone(), private: standing(&planned.private) };
        let applied = match (&prior, &planned.value) {
            (_, Value::Null) => self.destroy(resource, &prior, &planned).await,
            _ => self.change(resource, &prior, &planned, &config).await,
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
        unprotected(resource, prior)?;
        let settings = resource.settings(prior)?;
        self.unsigned.sign_off_one(resource, &settings.owner).await;
        let engine = self.engine(&settings.owner, settings.delete_timeout);
        // The host gives no private state to the destroy of a tainted resource.
        let held = State { value: prior.clone(), private: planned.private.clone() };
        let ledger = held::held(&engine, resource, &held).await?.ledger;
        self.seen.forget(resource, &settings.owner);
        let outcome = take_away(&engine, ledger).await;
        if outcome.ledger.is_empty() {
            return Ok((State::gone(), Vec::new()));
        }
        let value = resource.state(prior, &View::made(&outcome.ledger, engine.kinds()));
        let state = State { value, private: outcome.ledger.to_private() };
        Ok((state, complaints(&Desired::default(), &outcome)))
    }

    async fn change(
        &self,
        resource: &dyn Resource,
        prior: &Value,
        planned: &State,
        config: &Value,
    ) -> Result<(State, Diagnostics), Diagnostics> {
        let is_new = *prior == Value::Null;
        let desired = block(|| resource.expand(config, &self.context(&DiskPackages)))?.desired;
        let settings = resource.settings(config)?;
        if !is_new {
            self.unsigned.sign_off_one(resource, &settings.owner).await;
        }
        let within = if is_new { settings.create_timeout } else { settings.update_timeout };
        let engine = self.engine(&settings.owner, within);
        let mut before = ledger_of(&planned.private)?;
        loop {
            let ledger = start(&engine, resource, &desired, &before).await?;
            let plan = Plan::new(&desired, &ledger, engine.kinds()).map_err(|mistaken| vec![mistake(&mistaken)])?;
            as_planned(&plan.difference, &ledger, &engine, &planned.value)?;

            let attempt =
                Attempt { resource, config, engine: &engine, desired: &desired, plan: &plan, ledger: &ledger };
            if !is_new {
                let outcome = attempt.run().await;
                return Ok((attempt.reached(&outcome.ledger), complaints(&desired, &outcome)));
            }
            let run = async |engine: Engine| {
                let attempt = Attempt { engine: &engine, ..attempt };
                let outcome = attempt.run().await;
                let is_taken = !before.resumes && finds_itself_taken(&outcome);
                if is_taken { None } else { Some(create(&attempt, &settings, outcome).await) }
            };
            let (created, pulse) = lease::alive(&engine, resource, before.resumes, run).await?;
            let Some((state, diagnostics)) = created else {
                before.resumes = true;
                continue;
            };
            if let Some(pulse) = pulse.filter(|_| state.value != Value::Null) {
                let phase = if ledger_of(&state.private)?.complete { Phase::Ready } else { Phase::Kept };
                self.unsigned.add(resource, pulse, phase);
            }
            return Ok((state, diagnostics));
        }
    }
}

/// Whether there is a claim that the plan could not see yet: what it stands for is looked at anew, and nothing was made.
fn finds_itself_taken(outcome: &Outcome) -> bool {
    let is_taken =
        |failure: &Failure| failure.address.kind == Claim::KIND && matches!(failure.error, CallError::Foreign { .. });
    outcome.ledger.is_empty() && outcome.failures.iter().any(is_taken)
}

async fn create(attempt: &Attempt<'_>, settings: &Settings, outcome: Outcome) -> (State, Diagnostics) {
    if outcome.is_complete() {
        return (attempt.reached(&outcome.ledger), Vec::new());
    }
    // An error on a create would make the host destroy everything at the next apply and start over. So either nothing
    // is left of it, or it is no error.
    if settings.on_create_failure == OnCreateFailure::Rollback && !outcome.cancelled {
        return roll_back(attempt, settings, outcome).await;
    }
    (attempt.reached(&outcome.ledger), warnings(attempt.desired, &outcome))
}

/// Takes away everything that a failed create made.
async fn roll_back(attempt: &Attempt<'_>, settings: &Settings, outcome: Outcome) -> (State, Diagnostics) {
    let Attempt { resource, config, desired, engine, .. } = attempt;
    let engine = engine.within(settings.delete_timeout);
    let found = held::find_unseen(&engine, *resource, outcome.ledger.clone()).await;
    let taken = take_away(&engine, found.unwrap_or(outcome.ledger)).await;
    let (kept, state) = if taken.ledger.is_empty() {
        ("Everything that this create had made was taken away again; nothing is left.", State::gone())
    } else {
        let value = resource.state(config, &View::made(&taken.ledger, engine.kinds()));
        (
            "What this create had made was taken away again, except what is still in the state.",
            State { value, private: taken.ledger.to_private() },
        )
    };
    let failed = outcome.failures.iter().map(|failure| (failure, kept));
    let failed = failed.chain(taken.failures.iter().map(|failure| (failure, "")));
    (state, report::failures(desired, failed))
}

/// A change under way.
struct Attempt<'a> {
    resource: &'a dyn Resource,
    config: &'a Value,
    engine: &'a Engine,
    desired: &'a Desired,
    plan: &'a Plan,
    ledger: &'a Ledger,
}

impl Attempt<'_> {
    async fn run(&self) -> Outcome {
        self.engine.apply(self.desired, self.plan, self.ledger.clone()).await
    }

    /// The state when this is what was made. What was planned and not made stays in sight, without an id.
    fn reached(&self, made: &Ledger) -> State {
        let planned = View::planned(&self.plan.difference, self.ledger, self.engine.kinds());
        let view = View::made(made, self.engine.kinds()).with_missing(planned);
        State { value: self.resource.state(self.config, &view), private: made.to_private() }
    }
}

/// The private state of what exists as long as nothing was touched.
fn standing(private: &[u8]) -> Vec<u8> {
    Ledger::from_private(private).map_or_else(|_| private.to_vec(), |ledger| ledger.standing().to_private())
}

/// Where an apply starts from: what a create that died left behind is taken in now, also what is not wanted any more.
async fn start(
    engine: &Engine,
    resource: &dyn Resource,
    desired: &Desired,
    planned: &Ledger,
) -> Result<Ledger, Diagnostics> {
    if !planned.resumes {
        return Ok(Ledger { replaces: None, ..planned.clone() });
    }
    engine.settle().await.map_err(|error| vec![held::unseen(&error)])?;
    lease::take_over(engine, resource).await?;
    let mut ledger = survey(engine, desired, &Ledger::default(), &Ledger::default()).await?.ledger;
    let left_behind = held::discover(engine, resource, BTreeSet::new()).await?;
    ledger.rebuilt = left_behind.rebuilt;
    ledger.take_in(left_behind);
    Ok(ledger)
}

async fn take_away(engine: &Engine, ledger: Ledger) -> Outcome {
    let plan = Plan::destroy(&ledger, engine.kinds());
    engine.apply(&Desired::default(), &plan, ledger).await
}

/// Refuses to apply something else than what the user has agreed to: a source directory that was changed since.
fn as_planned(difference: &Difference, ledger: &Ledger, engine: &Engine, planned: &Value) -> Result<(), Diagnostics> {
    let now = View::planned(difference, ledger, engine.kinds()).components_value();
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
        "Something changed between plan and apply",
        format!(
            "What would be applied is not what was planned for {}: a file of the function, or another input, has changed \
             since. Nothing was touched. Plan again.",
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

fn complaints(desired: &Desired, outcome: &Outcome) -> Diagnostics {
    let mut diagnostics = report::failures(desired, outcome.failures.iter().map(|failure| (failure, KEPT)));
    if outcome.cancelled {
        let detail = format!("{}{KEPT}", names("Not begun", outcome));
        diagnostics.push(Diagnostic::error(Path::root(), "Apply was cancelled", detail));
    }
    diagnostics
}

/// The failures of a create whose parts are kept: warnings, for an error would have the host destroy them.
fn warnings(desired: &Desired, outcome: &Outcome) -> Diagnostics {
    let kept = "What was made is kept, `status` is \"incomplete\", and the next apply goes on.";
    let failures = report::failures(desired, outcome.failures.iter().map(|failure| (failure, kept)));
    let mut diagnostics: Diagnostics = failures.into_iter().map(report::as_warning).collect();
    if !outcome.not_begun.is_empty() {
        let summary = if outcome.cancelled { "Apply was cancelled" } else { "Resource is incomplete" };
        diagnostics.push(Diagnostic::warning(Path::root(), summary, format!("{}{kept}", names("Not made", outcome))));
    }
    diagnostics
}

/// What was not begun, of what `components` shows; nothing when these are waits and checks only.
fn names(what: &str, outcome: &Outcome) -> String {
    let catalog = Catalog::default();
    let visible = outcome.not_begun.iter().filter(|address| catalog.visible(&address.kind));
    let names: Vec<String> = visible.map(ToString::to_string).collect();
    if names.is_empty() { String::new() } else { format!("{what}: {}. ", names.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desired::Address;

    #[test]
    fn only_what_a_user_can_see_is_named() {
        let outcome = |addresses: &[Address]| Outcome {
            ledger: Ledger::default(),
            failures: Vec::new(),
            not_begun: addresses.to_vec(),
            cancelled: true,
        };
        let (function, probe) = (Address::regional("us-east-1", "function"), Address::regional("us-east-1", "probe"));
        assert_eq!(names("Not made", &outcome(&[probe.clone(), function])), "Not made: us-east-1/function. ");
        assert_eq!(names("Not made", &outcome(&[probe])), "");
    }
}
