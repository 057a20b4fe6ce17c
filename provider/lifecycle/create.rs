//! Create: runs under heartbeats, continues an interrupted create, and rolls back when it fails.

use std::collections::BTreeSet;

use super::apply::{Attempt, errors, plan_again, remove_all, warnings};
use super::plan::{Outlook, adoption, changes, refuse, unsafe_plan};
use super::{Planned, Provider, State, Surroundings, change_of, kept, ledger_of, loaded, losses, report, warnings_of};
use crate::apply::{Engine, Failure, Outcome, Survey};
use crate::aws::{CallError, chain};
use crate::components::ownership as claim;
use crate::desired::{Address, Desired, OwnerId, Phase};
use crate::ownership::hold::{self, Ended, Hold};
use crate::ownership::place;
use crate::plan::{Entry, Kinds, Ledger, Plan, PlannedChange, Reachable, View};
use crate::resources::{Expansion, OnCreateFailure, Resource, Settings};
use crate::schema::Attr;
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

/// The start of a create.
struct Start {
    engine: Engine,
    hold: Hold,
    /// The components that an interrupted create left behind.
    adopted: Ledger,
    desired: Desired,
}

impl Provider {
    /// Plans a create. `private` is empty, or the private state of the resource that the new one replaces.
    pub(super) async fn plan_create(
        &self,
        resource: &dyn Resource,
        private: &[u8],
        config: &Value,
    ) -> Result<(Planned, Diagnostics), Diagnostics> {
        let owner = resource.settings(config).owner;
        let replaces = match private {
            [] => self.refreshed.get(&owner),
            private => Some(ledger_of(private)?),
        };
        let nothing = Ledger::default();
        let gone = replaces.as_ref().unwrap_or(&nothing);
        place::check(&self.aws, &owner, gone)?;
        let base = self.reading(&owner);
        let mut continues = interrupted(&base, gone).await?;
        let referent = self.referent(resource, config).await?;
        let referent = referent.as_ref();
        let (engine, expansion, survey) = loop {
            let engine = continues.clone().map_or_else(|| base.clone(), |owner_id| base.identified(owner_id));
            let (expansion, survey) =
                self.survey_create(resource, config, &engine, (gone, referent), report::IF_DESTROYING).await?;
            if survey.obstacles.is_empty() {
                break (engine, expansion, survey);
            }
            // The first read may have been too early to see the claim of an apply that was just interrupted.
            let now = interrupted(&base, gone).await?;
            if continues.is_some() || now.is_none() {
                return Err(refuse(&expansion.desired, &survey, report::IF_DESTROYING));
            }
            continues = now;
        };
        self.planned_names.record(&owner, &expansion.desired, engine.kinds())?;
        let mut warnings: Diagnostics = adoption(&owner, &survey.adopted).into_iter().collect();
        warnings.extend(report::replaced(&survey));
        warnings.extend(
            replaces.as_ref().filter(|old| old.complete).map(|old| losses::replacement(&owner, old, base.kinds())),
        );
        warnings.extend(warnings_of(&engine));
        // The owner id may differ at apply, so the planned state contains nothing that depends on it.
        let shown = match continues {
            Some(_) => self.expand(resource, config, &base, Surroundings { prior: None, referent })?,
            None => expansion,
        };
        let outlook = Outlook { resource, config, engine: &base, expansion: &shown, is_certain: true };
        let plan = outlook.whole_plan()?;
        // Components of an interrupted create may be gone when the apply starts, because a tainted resource is destroyed first.
        // So the planned state does not contain them, and the apply searches for them again.
        let (ledger, adopts, referent) = (nothing.clone(), survey.adopted, referent.cloned());
        let private = PlannedChange { ledger, replaces, continues, adopts, referent, changes: None };
        let state = outlook.state(&plan, &nothing, Attr::Unknown, private);
        Ok((Planned { state, replaced_by: Vec::new() }, warnings))
    }

    async fn survey_create(
        &self,
        resource: &dyn Resource,
        config: &Value,
        engine: &Engine,
        (gone, referent): (&Ledger, Option<&Ledger>),
        hint: &str,
    ) -> Result<(Expansion, Survey), Diagnostics> {
        let expansion = self.expand(resource, config, engine, Surroundings { prior: None, referent })?;
        kept::check(&expansion.desired, &Ledger::default(), engine.kinds())?;
        self.check_regions(&expansion.desired, &Ledger::default(), hint).await?;
        let survey = engine.survey(&expansion.desired, &Ledger::default(), gone).await;
        Ok((expansion, survey.map_err(|mistake| vec![unsafe_plan(&mistake)])?))
    }

    /// Creates the resource while heartbeats keep its claim alive.
    pub(super) async fn create(
        &self,
        resource: &dyn Resource,
        planned: &State,
        config: &Value,
    ) -> Result<(State, Diagnostics), Diagnostics> {
        let settings = resource.settings(config);
        let base = self.engine(&settings.owner, settings.create_timeout);
        let change = change_of(&planned.private)?;
        let mut continues = change.continues.is_some();
        loop {
            let start = match continues {
                true => self.continued(resource, config, &base, change.referent.as_ref()).await?,
                false => self.fresh(resource, config, &base, change.referent.as_ref()).await?,
            };
            let Start { engine, mut hold, mut adopted, desired } = start;
            let (Reachable { desired, .. }, plan) = plan_again(&desired, &adopted, &engine, &planned.value)?;
            let of_plan = || changes(&plan, &adopted, &change.adopts, &engine);
            adopted.changes = change.changes.clone().unwrap_or_else(of_plan);
            let attempt =
                Attempt { resource, config, engine: &engine, desired: &desired, plan: &plan, ledger: &adopted };
            let ended = hold.run_with_heartbeat(true, async |engine| attempt.run(&engine).await).await;
            if let Ended::Done(outcome) = &ended
                && !continues
                && is_claimed_already(outcome)
            {
                continues = true;
                continue;
            }
            let replaced = change.replaces.as_ref();
            let keep = |address: &Address, outputs: &serde_json::Value| {
                let existed = adopted.entries.get(address).is_some_and(|entry| entry.outputs == *outputs);
                // The destroy before the create released it, after the plan.
                let old = replaced.and_then(|replaced| replaced.entries.get(address));
                let is_retained = |old: &Entry| engine.kinds().is_retained(&address.kind, &old.spec);
                existed || change.adopts.contains(address) || old.is_some_and(is_retained)
            };
            return self.ended(&attempt, &settings, hold, ended, &keep).await;
        }
    }

    async fn fresh(
        &self,
        resource: &dyn Resource,
        config: &Value,
        base: &Engine,
        referent: Option<&Ledger>,
    ) -> Result<Start, Diagnostics> {
        let engine = base.identified(base.mint());
        let desired = self.expand_to_apply(resource, config, &engine, referent).await?;
        Ok(Start { hold: Hold::starting(&engine), engine, adopted: Ledger::default(), desired })
    }

    /// Takes over the claim of an interrupted create, with every object that carries its owner id.
    async fn continued(
        &self,
        resource: &dyn Resource,
        config: &Value,
        base: &Engine,
        referent: Option<&Ledger>,
    ) -> Result<Start, Diagnostics> {
        let search_failed = |error: CallError| vec![loaded::search_failed(&error)];
        base.settle().await.map_err(search_failed)?;
        let record = claim::record(&base.regional(&claim::address())).await.map_err(search_failed)?;
        let Some(record) = record else { return self.fresh(resource, config, base, referent).await };
        let found = if referent.is_some() { None } else { self.referent(resource, config).await? };
        let (nothing, referent) = (Ledger::default(), referent.or(found.as_ref()));
        if record.phase != Phase::Creating {
            let (expansion, survey) = self.survey_create(resource, config, base, (&nothing, referent), "").await?;
            let refused = refuse(&expansion.desired, &survey, "");
            return Err(if refused.is_empty() { vec![hold::another_run_is_active(base.owner())] } else { refused });
        }
        let engine = base.identified(record.owner_id.clone());
        let hold = match Hold::take_over(&engine, record).await {
            Ok(Some(hold)) => hold,
            Ok(None) => return Err(vec![hold::another_run_is_active(base.owner())]),
            Err(error) => return Err(vec![not_taken_over(&error)]),
        };
        let (expansion, survey) = self.survey_create(resource, config, &engine, (&nothing, referent), "").await?;
        if !survey.obstacles.is_empty() {
            return Err(refuse(&expansion.desired, &survey, ""));
        }
        if !expansion.missing.is_empty() {
            return Err(expansion.missing);
        }
        let mut adopted = survey.ledger;
        let left_behind = loaded::discover(&engine, resource, BTreeSet::new()).await?;
        adopted.rebuilt = left_behind.rebuilt;
        adopted.take_in(left_behind);
        adopted.ownership = engine.ownership();
        Ok(Start { engine, hold, adopted, desired: expansion.desired })
    }

    /// The state and diagnostics of a create that has ended. `keep` is true for components that this run did not create.
    async fn ended(
        &self,
        attempt: &Attempt<'_>,
        settings: &Settings,
        mut hold: Hold,
        ended: Ended<Outcome>,
        keep: &(dyn Fn(&Address, &serde_json::Value) -> bool + Sync),
    ) -> Result<(State, Diagnostics), Diagnostics> {
        let engine = attempt.engine;
        let outcome = match ended {
            Ended::Lost => return Err(lost(engine)),
            Ended::Failed { done, error } => {
                let failed = hold::heartbeat_failed(engine.owner(), &error);
                // An error makes the host replace the resource, but with `keep` the next apply must continue it.
                let is_kept = settings.on_create_failure == OnCreateFailure::Keep;
                let mut diagnostics = vec![if is_kept { report::as_warning(failed) } else { failed }];
                diagnostics.extend(warnings_of(engine));
                return Ok((attempt.stopped(&done.ledger), diagnostics));
            }
            Ended::Done(outcome) => outcome,
        };
        let complete = outcome.is_complete();
        let rolls_back = settings.on_create_failure == OnCreateFailure::Rollback;
        let has_no_credentials = outcome.failures.iter().any(|failure| failure.error.is_credentials());
        let (state, mut diagnostics) = if complete {
            (attempt.reached(&outcome.ledger), report::deferred(&outcome.deferred, false))
        } else if has_no_credentials && rolls_back {
            // A rollback would fail for the same reason.
            (attempt.stopped(&outcome.ledger), errors(attempt.desired, &outcome))
        } else if rolls_back && !outcome.cancelled {
            // After an error the host would destroy the resource at the next apply and start over. So a create either ends
            // with an error and leaves nothing, or ends with warnings.
            match hold
                .run_with_heartbeat(false, async |engine| roll_back(attempt, settings, &engine, outcome, keep).await)
                .await
            {
                Ended::Done(rolled_back) => rolled_back,
                Ended::Failed { done, .. } => done,
                Ended::Lost => return Err(lost(engine)),
            }
        } else {
            (attempt.reached(&outcome.ledger), warnings(attempt.desired, &outcome))
        };
        diagnostics.extend(warnings_of(engine));
        if state.value != Value::Null {
            self.pending_acks.add(hold, if complete { Phase::Ready } else { Phase::Kept });
        }
        Ok((state, diagnostics))
    }
}

/// The errors of a create whose claim another run has taken over.
fn lost(engine: &Engine) -> Diagnostics {
    warnings_of(engine).chain([hold::taken_over(engine.owner())]).collect()
}

/// The owner id of a create that was interrupted or is still running. `None` if the claim belongs to `gone`, the resource that
/// is destroyed before.
async fn interrupted(engine: &Engine, gone: &Ledger) -> Result<Option<OwnerId>, Diagnostics> {
    // An unknown name is empty.
    if engine.owner().name().is_empty() {
        return Ok(None);
    }
    let record = claim::record(&engine.regional(&claim::address())).await;
    let record = record.map_err(|error| vec![claim_unknown(engine, &error)])?;
    let is_gone = |owner_id: &OwnerId| gone.ownership.as_ref().is_some_and(|gone| gone.owner_id == *owner_id);
    let creating = record.filter(|record| record.phase == Phase::Creating).map(|record| record.owner_id);
    Ok(creating.filter(|owner_id| !is_gone(owner_id)))
}

fn claim_unknown(engine: &Engine, error: &CallError) -> Diagnostic {
    let detail = format!(
        "The claim {} in {} could not be read, so the provider cannot determine whether the name is in use: {}. Nothing was \
         changed. {}",
        claim::log_group_of(engine.owner()),
        engine.home_region(),
        chain(error),
        report::IF_DESTROYING
    );
    Diagnostic::error(Path::of("name"), "Claim could not be read", detail)
}

fn not_taken_over(error: &CallError) -> Diagnostic {
    let detail = format!(
        "The claim of an interrupted create could not be taken over: {}. Nothing was changed. Apply again to continue.",
        chain(error)
    );
    Diagnostic::error(Path::of("name"), "Interrupted create not continued", detail)
}

/// Whether the create failed because of a claim that the plan did not see, before it created anything.
fn is_claimed_already(outcome: &Outcome) -> bool {
    let is_taken =
        |failure: &Failure| failure.address == claim::address() && matches!(failure.error, CallError::Foreign { .. });
    outcome.ledger.is_empty() && outcome.failures.iter().any(is_taken)
}

/// Deletes everything that a failed create has created, but nothing that it adopted.
async fn roll_back(
    attempt: &Attempt<'_>,
    settings: &Settings,
    engine: &Engine,
    outcome: Outcome,
    keep: &(dyn Fn(&Address, &serde_json::Value) -> bool + Sync),
) -> (State, Diagnostics) {
    let Attempt { resource, config, desired, .. } = attempt;
    let engine = engine.within(settings.delete_timeout);
    let (found, unsearched) = match loaded::find_unseen(&engine, *resource, outcome.ledger.clone()).await {
        Ok(found) => (found, Vec::new()),
        // The ledger records what is still to be searched for.
        Err(diagnostics) => (outcome.ledger, diagnostics),
    };
    let (adopted, created) = found.divided(|address, entry| keep(address, &entry.outputs));
    let plan = Plan::delete_all(&created, engine.kinds());
    let deleted = remove_all(&engine, &plan, created).await;
    let kept_adopted = !adopted.is_empty();
    let mut left = deleted.ledger;
    left.take_in(adopted);
    let (kept, state) = if left.is_empty() {
        ("The rollback deleted everything that this create had created; nothing is left.", State::gone())
    } else {
        let value = resource.state(config, &View::made(&left, engine.kinds()));
        let kept = match kept_adopted {
            true => {
                "The rollback deleted everything that this create had created. The state contains what an earlier create had \
                 left behind."
            }
            false => {
                "The rollback deleted everything that this create had created, except for the objects that the other errors \
                 name, which are in the state."
            }
        };
        (kept, State { value, private: left.to_private() })
    };
    let failed = outcome.failures.iter().map(|failure| (failure, kept));
    let failed = failed.chain(deleted.failures.iter().map(|failure| (failure, "")));
    let mut diagnostics = report::failures(desired, failed);
    diagnostics.extend(report::refused(&outcome.refused));
    diagnostics.extend(report::refused(&deleted.refused));
    diagnostics.extend(report::deferred(&deleted.deferred, true));
    diagnostics.extend(unsearched.into_iter().map(report::as_warning));
    (state, diagnostics)
}
