//! Create: planned, carried out under heartbeats, continued after an interruption, rolled back when it fails.

use std::collections::BTreeSet;

use super::apply::{Attempt, complaints, plan_again, take_away, warnings};
use super::plan::{Outlook, adoption, mistake, refuse};
use super::{LOOK_TIMEOUT, Planned, Provider, State, change_of, ledger_of, loaded, report, warnings_of};
use crate::apply::{Engine, Failure, Outcome, Survey};
use crate::aws::{CallError, chain};
use crate::components::ownership as claim;
use crate::desired::{Address, Desired, OwnerId, Phase};
use crate::ownership::hold::{self, Ended, Hold};
use crate::ownership::place;
use crate::plan::{Ledger, PlannedChange, View};
use crate::resources::{Expansion, OnCreateFailure, Resource, Settings};
use crate::schema::Attr;
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

/// Where a create starts from.
struct Start {
    engine: Engine,
    hold: Hold,
    /// What an interrupted create left behind.
    adopted: Ledger,
    desired: Desired,
}

impl Provider {
    /// Plans a create. `private` is empty, or holds what the new resource takes the place of.
    pub(super) async fn plan_create(
        &self,
        resource: &dyn Resource,
        private: &[u8],
        config: &Value,
    ) -> Result<(Planned, Diagnostics), Diagnostics> {
        let owner = resource.settings(config)?.owner;
        let replaces = match private {
            [] => self.refreshed.get(&owner),
            private => Some(ledger_of(private)?),
        };
        let nothing = Ledger::default();
        let gone = replaces.as_ref().unwrap_or(&nothing);
        place::check(&self.aws, &owner, gone)?;
        let base = self.engine(&owner, LOOK_TIMEOUT);
        let mut continues = interrupted(&base, gone).await?;
        let (engine, expansion, survey) = loop {
            let engine = continues.clone().map_or_else(|| base.clone(), |owner_id| base.identified(owner_id));
            let (expansion, survey) = self.survey_create(resource, config, &engine, gone).await?;
            if survey.obstacles.is_empty() {
                break (engine, expansion, survey);
            }
            // The first look may have been too early to see the claim of an apply that was interrupted a moment ago.
            let now = interrupted(&base, gone).await?;
            if continues.is_some() || now.is_none() {
                return Err(refuse(&expansion.desired, &survey));
            }
            continues = now;
        };
        let mut warnings: Diagnostics = adoption(&owner, &survey.adopted).into_iter().collect();
        warnings.extend(warnings_of(&engine));
        // The owner id may be another one by then, too: nothing that depends on it is promised.
        let shown = match continues {
            Some(_) => self.expand(resource, config, &base, None)?,
            None => expansion,
        };
        let outlook = Outlook { resource, config, engine: &base, expansion: &shown };
        let plan = outlook.whole_plan()?;
        // What an interrupted create left may be gone when this one begins (a tainted resource is destroyed before): so nothing
        // of it is promised, and it is searched for again then.
        let private = PlannedChange { ledger: nothing.clone(), replaces, continues, adopts: survey.adopted };
        let state = outlook.state(&plan, &nothing, Attr::Unknown, &private);
        Ok((Planned { state, replaced_by: Vec::new() }, warnings))
    }

    async fn survey_create(
        &self,
        resource: &dyn Resource,
        config: &Value,
        engine: &Engine,
        gone: &Ledger,
    ) -> Result<(Expansion, Survey), Diagnostics> {
        let expansion = self.expand(resource, config, engine, None)?;
        self.check_regions(&expansion.desired, &Ledger::default()).await?;
        let survey = engine.survey(&expansion.desired, &Ledger::default(), gone).await;
        Ok((expansion, survey.map_err(|mistaken| vec![mistake(&mistaken)])?))
    }

    /// Creates the resource under heartbeats in its claim.
    pub(super) async fn create(
        &self,
        resource: &dyn Resource,
        planned: &State,
        config: &Value,
    ) -> Result<(State, Diagnostics), Diagnostics> {
        let settings = resource.settings(config)?;
        let base = self.engine(&settings.owner, settings.create_timeout);
        let change = change_of(&planned.private)?;
        let mut continues = change.continues.is_some();
        loop {
            let start = match continues {
                true => self.continued(resource, config, &base).await?,
                false => self.fresh(resource, config, &base)?,
            };
            let Start { engine, mut hold, adopted, desired } = start;
            let plan = plan_again(&desired, &adopted, &engine, &planned.value)?;
            let attempt =
                Attempt { resource, config, engine: &engine, desired: &desired, plan: &plan, ledger: &adopted };
            let ended = hold.run_with_heartbeat(true, async |engine| attempt.run(&engine).await).await;
            if let Ended::Done(outcome) = &ended
                && !continues
                && finds_itself_taken(outcome)
            {
                continues = true;
                continue;
            }
            let keep = |address: &Address, outputs: &serde_json::Value| {
                let was_there = adopted.entries.get(address).is_some_and(|entry| entry.outputs == *outputs);
                was_there || change.adopts.contains(address)
            };
            return self.ended(&attempt, &settings, hold, ended, &keep).await;
        }
    }

    fn fresh(&self, resource: &dyn Resource, config: &Value, base: &Engine) -> Result<Start, Diagnostics> {
        let engine = base.identified(base.mint());
        let desired = self.expand(resource, config, &engine, None)?.desired;
        Ok(Start { hold: Hold::starting(&engine), engine, adopted: Ledger::default(), desired })
    }

    /// Takes over the claim of an interrupted create, with everything that carries its owner id.
    async fn continued(&self, resource: &dyn Resource, config: &Value, base: &Engine) -> Result<Start, Diagnostics> {
        let search_failed = |error: CallError| vec![loaded::search_failed(&error)];
        base.settle().await.map_err(search_failed)?;
        let record = claim::record(&base.regional(&claim::address())).await.map_err(search_failed)?;
        let Some(record) = record else { return self.fresh(resource, config, base) };
        if record.phase != Phase::Creating {
            let (expansion, survey) = self.survey_create(resource, config, base, &Ledger::default()).await?;
            let refused = refuse(&expansion.desired, &survey);
            return Err(if refused.is_empty() { vec![hold::another_run_is_active(base.owner())] } else { refused });
        }
        let engine = base.identified(record.owner_id.clone());
        let hold = match Hold::take_over(&engine, record).await {
            Ok(Some(hold)) => hold,
            Ok(None) => return Err(vec![hold::another_run_is_active(base.owner())]),
            Err(error) => return Err(vec![not_taken_over(&error)]),
        };
        let (expansion, survey) = self.survey_create(resource, config, &engine, &Ledger::default()).await?;
        if !survey.obstacles.is_empty() {
            return Err(refuse(&expansion.desired, &survey));
        }
        let mut adopted = survey.ledger;
        let left_behind = loaded::discover(&engine, resource, BTreeSet::new()).await?;
        adopted.rebuilt = left_behind.rebuilt;
        adopted.take_in(left_behind);
        adopted.ownership = engine.ownership();
        Ok(Start { engine, hold, adopted, desired: expansion.desired })
    }

    /// What the host is given when a create has ended. `keep` holds of what this run did not create.
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
            Ended::Lost => return Err(vec![hold::taken_over(engine.owner())]),
            Ended::Failed { done, error } => {
                let failed = hold::heartbeat_failed(engine.owner(), &error);
                // An error makes the host replace the resource; who keeps what exists wants the next apply to continue.
                let is_kept = settings.on_create_failure == OnCreateFailure::Keep;
                let mut diagnostics = vec![if is_kept { report::as_warning(failed) } else { failed }];
                diagnostics.extend(warnings_of(engine));
                return Ok((attempt.kept(&done.ledger), diagnostics));
            }
            Ended::Done(outcome) => outcome,
        };
        let complete = outcome.is_complete();
        let rolls_back = settings.on_create_failure == OnCreateFailure::Rollback;
        let has_no_credentials = outcome.failures.iter().any(|failure| failure.error.is_credentials());
        let (state, mut diagnostics) = if complete {
            (attempt.reached(&outcome.ledger), Vec::new())
        } else if has_no_credentials && rolls_back {
            // A rollback would fail for the same reason.
            (attempt.kept(&outcome.ledger), complaints(attempt.desired, &outcome))
        } else if rolls_back && !outcome.cancelled {
            // An error on a create makes the host destroy everything at the next apply and start over. So either nothing is
            // left of it, or it is no error.
            match hold
                .run_with_heartbeat(false, async |engine| roll_back(attempt, settings, &engine, outcome, keep).await)
                .await
            {
                Ended::Done(rolled_back) => rolled_back,
                Ended::Failed { done, .. } => done,
                Ended::Lost => return Err(vec![hold::taken_over(engine.owner())]),
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

/// The owner id of an interrupted create, or of one that is under way; `None` when the claim is of what is `gone` by then.
async fn interrupted(engine: &Engine, gone: &Ledger) -> Result<Option<OwnerId>, Diagnostics> {
    // The name is not known yet.
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
        "The claim {} in {} could not be read, so whether the name is in use is not known: {}. Nothing was changed. {}",
        claim::log_group_of(engine.owner()),
        engine.home_region(),
        chain(error),
        report::DESTROY
    );
    Diagnostic::error(Path::of("name"), "Claim could not be read", detail)
}

fn not_taken_over(error: &CallError) -> Diagnostic {
    let detail = format!(
        "The claim of an interrupted create could not be taken over: {}. Nothing was changed. Run again to continue.",
        chain(error)
    );
    Diagnostic::error(Path::of("name"), "Interrupted create not continued", detail)
}

/// Whether there is a claim that the plan could not see yet: nothing was created, and the claim is read again.
fn finds_itself_taken(outcome: &Outcome) -> bool {
    let is_taken =
        |failure: &Failure| failure.address == claim::address() && matches!(failure.error, CallError::Foreign { .. });
    outcome.ledger.is_empty() && outcome.failures.iter().any(is_taken)
}

/// Deletes everything that a failed create has created, and nothing that it adopted.
async fn roll_back(
    attempt: &Attempt<'_>,
    settings: &Settings,
    engine: &Engine,
    outcome: Outcome,
    keep: &(dyn Fn(&Address, &serde_json::Value) -> bool + Sync),
) -> (State, Diagnostics) {
    let Attempt { resource, config, desired, .. } = attempt;
    let engine = engine.within(settings.delete_timeout);
    let found = loaded::find_unseen(&engine, *resource, outcome.ledger.clone()).await;
    let (adopted, created) = found.unwrap_or(outcome.ledger).divided(|address, entry| keep(address, &entry.outputs));
    let taken = take_away(&engine, created).await;
    let kept_adopted = !adopted.is_empty();
    let mut left = taken.ledger;
    left.take_in(adopted);
    let (kept, state) = if left.is_empty() {
        ("Everything that this create had created was deleted again; nothing is left.", State::gone())
    } else {
        let value = resource.state(config, &View::made(&left, engine.kinds()));
        let kept = match kept_adopted {
            true => {
                "What this create had created was deleted again; what an earlier create had left behind is in the state."
            }
            false => {
                "What this create had created was deleted again, but for what the other errors name; that is in the state."
            }
        };
        (kept, State { value, private: left.to_private() })
    };
    let failed = outcome.failures.iter().map(|failure| (failure, kept));
    let failed = failed.chain(taken.failures.iter().map(|failure| (failure, "")));
    (state, report::failures(desired, failed))
}
