//! The check of a plan against AWS: lost objects of our own, objects of other owners, and settings that AWS would reject.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use futures::future::{FutureExt, join_all};
use serde_json::Value as Json;

use super::Engine;
use super::job::dependencies;
use super::journal::{Event, fold};
use crate::aws::{CONSISTENCY_WINDOW, CallError, CoalescedReads, Warning};
use crate::components::{Found, Holder, Problem};
use crate::desired::{Address, Desired, is_open};
use crate::plan::{Change, Entry, Ledger, Mistake, Plan, Reachable};

/// A plan that was checked against AWS.
#[derive(Debug)]
pub struct Survey {
    /// The ledger, with the adopted objects, the regions that do not respond, and the components that are pending for that.
    pub ledger: Ledger,
    /// The part of the desired graph that the plan leads to.
    pub desired: Desired,
    /// Whether the set of pending components is final.
    pub is_certain: bool,
    /// The plan from this ledger to the desired graph.
    pub plan: Plan,
    /// The components that were not in the ledger and are adopted.
    pub adopted: BTreeSet<Address>,
    /// The objects of other owners that the plan replaces, by the component that replaces them.
    pub replaced: BTreeMap<Address, Warning>,
    /// The reasons why the plan cannot be applied.
    pub obstacles: Vec<Obstacle>,
}

/// Why a plan cannot be applied.
#[derive(Debug)]
pub enum Obstacle {
    /// An object with the same identity belongs to another owner.
    Foreign {
        /// The component.
        address: Address,
        /// A description of the owner.
        whose: String,
    },
    /// AWS would reject its settings.
    Refused {
        /// The component.
        address: Address,
        /// Why.
        problem: Problem,
    },
    /// A request to AWS failed.
    Unknown {
        /// The component.
        address: Address,
        /// Why it failed.
        error: CallError,
    },
}

impl Survey {
    /// Whether an obstacle may disappear when AWS is read again.
    fn is_obstructed(&self) -> bool {
        self.obstacles.iter().any(|obstacle| !matches!(obstacle, Obstacle::Unknown { .. }))
    }
}

impl Engine {
    /// Plans the steps from `ledger` to `desired`, adopts objects that an interrupted apply left behind, and finds settings
    /// that AWS would reject. The components of `gone` exist now and are deleted before the apply, so they are no obstacles.
    ///
    /// # Errors
    /// [`Mistake`].
    pub async fn survey(&self, desired: &Desired, ledger: &Ledger, gone: &Ledger) -> Result<Survey, Mistake> {
        let settled = self.settled(ledger);
        if !ledger.complete {
            // Objects that a failed apply created and did not record must be visible, or they would be created twice.
            self.pause_until(settled).await;
        }
        let look = || self.survey_once(desired, ledger, gone);
        // An object that is found may have been deleted a moment ago.
        let is_found = |survey: &Result<Survey, Mistake>| {
            survey.as_ref().is_ok_and(|survey| survey.ledger.entries.len() > ledger.entries.len())
        };
        let survey = self.run.read_until_consistent("the objects found", settled, look, is_found).await?;
        if !survey.is_obstructed() {
            return Ok(survey);
        }
        // Another run may have deleted the obstacle of a create, or created what it lacks, a moment ago. Long after the last
        // apply of an existing resource, one read is enough.
        let patient = if ledger.is_empty() { self.run.clock.now() + CONSISTENCY_WINDOW } else { settled };
        let is_obstructed = |survey: &Result<Survey, Mistake>| survey.as_ref().is_ok_and(Survey::is_obstructed);
        self.run.read_until_consistent("the obstacles", patient, look, is_obstructed).await
    }

    /// Waits for the end of the consistency window after the last apply of `ledger`.
    pub async fn wait_until_consistent(&self, ledger: &Ledger) {
        self.pause_until(self.settled(ledger)).await;
    }

    async fn pause_until(&self, end: Instant) {
        let left = end.saturating_duration_since(self.run.clock.now());
        // The next call notices a cancellation.
        self.run.sleep(left, "the search for the objects of an earlier apply").await.ok();
    }

    async fn survey_once(&self, desired: &Desired, ledger: &Ledger, gone: &Ledger) -> Result<Survey, Mistake> {
        let mut ledger = ledger.clone();
        loop {
            // Boxed, because the compiler limits how deep the types of futures are nested.
            let survey = self.survey_reachable(desired, &ledger, gone).boxed().await?;
            let known = ledger.unreachable.len();
            // A resource that does not exist yet is created as a whole or not at all.
            if !ledger.is_empty() {
                ledger.unreachable.extend(self.unreachable());
            }
            if ledger.unreachable.len() == known {
                return Ok(survey);
            }
        }
    }

    /// The plan of what can be changed while the regions `ledger.unreachable` do not respond.
    ///
    /// # Errors
    /// [`Mistake`].
    pub fn plan(&self, desired: &Desired, ledger: &Ledger) -> Result<(Reachable, Plan), Mistake> {
        let reachable = Reachable::of(desired, ledger, self.home_region(), self.kinds())?;
        let plan = Plan::checked(&reachable.desired, &reachable.ledger, self.kinds())?;
        Ok((reachable, plan))
    }

    async fn survey_reachable(&self, desired: &Desired, ledger: &Ledger, gone: &Ledger) -> Result<Survey, Mistake> {
        let (reachable, plan) = self.plan(desired, ledger)?;
        let (adopted, replaced, obstacles) = (BTreeSet::new(), BTreeMap::new(), Vec::new());
        let Reachable { desired: wanted, pending, is_certain, .. } = reachable;
        let ledger = Ledger { pending, ..ledger.clone() };
        let mut survey = Survey { ledger, plan, desired: wanted, is_certain, adopted, replaced, obstacles };
        let mut asked: BTreeSet<(Address, String)> = BTreeSet::new();
        let reads = Arc::default();
        // The outputs of a found object resolve references, by which more objects can be found.
        while self.find_lost(&mut survey, gone, &mut asked, &reads).await {
            let (reachable, plan) = self.plan(desired, &survey.ledger)?;
            (survey.plan, survey.desired) = (plan, reachable.desired);
            (survey.ledger.pending, survey.is_certain) = (reachable.pending, reachable.is_certain);
        }
        self.check(&mut survey, &reads).await;
        self.check_holders(&mut survey, &reads).await;
        Ok(survey)
    }

    /// Finds components that the plan would update and whose objects now belong to another owner.
    async fn check_holders(&self, survey: &mut Survey, reads: &Arc<CoalescedReads>) {
        let changes = survey.plan.difference.changes.iter();
        let updated = changes.filter(|(_, change)| matches!(change, Change::Update(_)));
        let entries = updated.filter_map(|(address, _)| Some((address, survey.ledger.entries.get(address)?)));
        let asked = join_all(entries.map(|(address, entry)| async move {
            let holder = match self.kinds().get(&address.kind) {
                Ok(component) => component.holder(&self.shared(address, reads), &entry.spec, &entry.outputs).await,
                Err(error) => Err(error),
            };
            (address.clone(), holder)
        }));
        for (address, holder) in asked.await {
            match holder {
                Ok(Holder::Ours) => {}
                Ok(Holder::Shared(whose) | Holder::Stranger(whose)) => {
                    survey.obstacles.push(Obstacle::Foreign { address, whose });
                }
                Err(error) => survey.obstacles.push(Obstacle::Unknown { address, error }),
            }
        }
    }

    /// Searches for objects that the plan would create. Returns `true` if it adopted one.
    async fn find_lost(
        &self,
        survey: &mut Survey,
        gone: &Ledger,
        asked: &mut BTreeSet<(Address, String)>,
        reads: &Arc<CoalescedReads>,
    ) -> bool {
        let difference = &survey.plan.difference;
        let wanted: Vec<(Address, Json)> = difference
            .specs
            .iter()
            .filter(|(address, _)| difference.changes.get(*address) == Some(&Change::Create))
            .filter(|(address, _)| !gone.entries.contains_key(*address))
            .filter(|(address, spec)| asked.insert(((*address).clone(), spec.to_string())))
            .map(|(address, spec)| (address.clone(), spec.clone()))
            .collect();
        let finds = join_all(wanted.iter().map(|(address, spec)| self.find(address, spec, reads))).await;
        let mut adopted_one = false;
        for ((address, _), found) in wanted.into_iter().zip(finds) {
            match found {
                Ok(None) => {}
                Ok(Some(Found::Foreign(whose))) => survey.obstacles.push(Obstacle::Foreign { address, whose }),
                Ok(Some(Found::InTheWay(problem))) => survey.obstacles.push(Obstacle::Refused { address, problem }),
                Ok(Some(Found::Replaced(warning))) => drop(survey.replaced.insert(address, warning)),
                Ok(Some(Found::Ours(mut entry))) => {
                    tracing::info!(component = %address, "adopting an object that an interrupted apply created");
                    entry.depends_on = survey.desired.get(&address).map(dependencies).unwrap_or_default();
                    if let Err(impossible) =
                        fold(&mut survey.ledger, Event::Adopted { address: address.clone(), entry })
                    {
                        let error = CallError::Malformed(impossible.to_string());
                        survey.obstacles.push(Obstacle::Unknown { address, error });
                        continue;
                    }
                    survey.adopted.insert(address);
                    adopted_one = true;
                }
                Err(error) => survey.obstacles.push(Obstacle::Unknown { address, error }),
            }
        }
        adopted_one
    }

    async fn find(
        &self,
        address: &Address,
        spec: &Json,
        reads: &Arc<CoalescedReads>,
    ) -> Result<Option<Found<Entry>>, CallError> {
        let (aws, component) = (self.shared(address, reads), self.kinds().get(&address.kind)?);
        let outputs = match component.find(&aws, spec).await? {
            None => return Ok(None),
            Some(Found::Foreign(whose)) => return Ok(Some(Found::Foreign(whose))),
            Some(Found::InTheWay(problem)) => return Ok(Some(Found::InTheWay(problem))),
            Some(Found::Replaced(warning)) => return Ok(Some(Found::Replaced(warning))),
            Some(Found::Ours(outputs)) => outputs,
        };
        let Some((spec, outputs)) = component.read(&aws, spec, &outputs).await? else { return Ok(None) };
        let uncertain = is_open(&spec);
        Ok(Some(Found::Ours(Entry { spec, outputs, depends_on: BTreeSet::new(), uncertain, rejected: false })))
    }

    async fn check(&self, survey: &mut Survey, reads: &Arc<CoalescedReads>) {
        let difference = &survey.plan.difference;
        let touched = difference.changes.iter().filter(|(_, change)| !change.is_keep()).map(|(address, _)| address);
        let checks = touched.filter_map(|address| {
            let spec = difference.specs.get(address)?;
            Some(async move {
                let checked = match self.kinds().get(&address.kind) {
                    Ok(component) => component.check(&self.shared(address, reads), spec).await,
                    Err(error) => Err(error),
                };
                (address.clone(), checked)
            })
        });
        for (address, checked) in join_all(checks).await {
            match checked {
                Ok(problems) => {
                    let refused = |problem| Obstacle::Refused { address: address.clone(), problem };
                    survey.obstacles.extend(problems.into_iter().map(refused));
                }
                Err(error) => survey.obstacles.push(Obstacle::Unknown { address, error }),
            }
        }
    }
}
