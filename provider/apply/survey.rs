//! What AWS holds already of what a plan wants to make: our own lost objects, other people's, and what would be refused.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use futures::future::join_all;
use serde_json::Value as Json;

use super::Engine;
use super::job::dependencies;
use super::journal::{Event, fold};
use crate::aws::{CONSISTENCY_WINDOW, CallError, CoalescedReads};
use crate::components::{Found, Holder, Problem};
use crate::desired::{Address, Desired, is_open};
use crate::plan::{Change, Entry, Ledger, Mistake, Plan};

/// A plan that has been held against AWS.
#[derive(Debug)]
pub struct Survey {
    /// The ledger, with our own lost objects taken in.
    pub ledger: Ledger,
    /// The plan from there.
    pub plan: Plan,
    /// What the ledger did not know of, and is taken over.
    pub adopted: BTreeSet<Address>,
    /// What stands in its way.
    pub obstacles: Vec<Obstacle>,
}

/// Why a plan cannot be applied.
#[derive(Debug)]
pub enum Obstacle {
    /// An object of the same identity is not ours.
    Foreign {
        /// The component that would be made.
        address: Address,
        /// Whose it looks like.
        whose: String,
    },
    /// AWS would refuse it.
    Refused {
        /// The component.
        address: Address,
        /// Why.
        problem: Problem,
    },
    /// AWS could not be asked.
    Unknown {
        /// The component.
        address: Address,
        /// Why not.
        error: CallError,
    },
}

impl Survey {
    /// Whether something of the kind that may pass stands in its way.
    fn is_obstructed(&self) -> bool {
        self.obstacles.iter().any(|obstacle| !matches!(obstacle, Obstacle::Unknown { .. }))
    }
}

impl Engine {
    /// Plans the way from `ledger` to `desired`, takes in what an apply that died left behind, and finds what would be
    /// refused. What stands in `gone` is there, but will be gone by then: it is in nobody's way.
    ///
    /// # Errors
    /// [`Mistake`].
    pub async fn survey(&self, desired: &Desired, ledger: &Ledger, gone: &Ledger) -> Result<Survey, Mistake> {
        let settled = self.settled(ledger);
        if !ledger.complete {
            // What the apply that failed made, and could not tell, must be seen: AWS would make it twice.
            self.pause_until(settled).await;
        }
        let look = || self.survey_once(desired, ledger, gone);
        // What is found may have been deleted a moment ago.
        let is_found = |survey: &Result<Survey, Mistake>| {
            survey.as_ref().is_ok_and(|survey| survey.ledger.entries.len() > ledger.entries.len())
        };
        let survey = self.run.read_until_consistent("what is found", settled, look, is_found).await?;
        if !survey.is_obstructed() {
            return Ok(survey);
        }
        // What is in the way of a create may have been deleted a moment ago, and what it lacks just created; nobody knows by
        // whom. Long after the last apply of a resource that exists, AWS is believed at once.
        let patient = if ledger.is_empty() { self.run.clock.now() + CONSISTENCY_WINDOW } else { settled };
        let is_obstructed = |survey: &Result<Survey, Mistake>| survey.as_ref().is_ok_and(Survey::is_obstructed);
        self.run.read_until_consistent("what is in the way", patient, look, is_obstructed).await
    }

    /// Waits until AWS shows everything that the last apply of `ledger` did.
    pub async fn wait_until_consistent(&self, ledger: &Ledger) {
        self.pause_until(self.settled(ledger)).await;
    }

    async fn pause_until(&self, end: Instant) {
        let left = end.saturating_duration_since(self.run.clock.now());
        // A cancel is noticed by whatever comes next.
        self.run.sleep(left, "what an apply has made is looked for").await.ok();
    }

    async fn survey_once(&self, desired: &Desired, ledger: &Ledger, gone: &Ledger) -> Result<Survey, Mistake> {
        let plan = Plan::checked(desired, ledger, self.kinds())?;
        let (adopted, obstacles) = (BTreeSet::new(), Vec::new());
        let mut survey = Survey { ledger: ledger.clone(), plan, adopted, obstacles };
        let mut asked: BTreeSet<(Address, String)> = BTreeSet::new();
        let looks = Arc::default();
        // What was found makes references known, by which more can be found.
        while self.find_lost(desired, &mut survey, gone, &mut asked, &looks).await {
            survey.plan = Plan::checked(desired, &survey.ledger, self.kinds())?;
        }
        self.check(&mut survey, &looks).await;
        self.check_holders(&mut survey, &looks).await;
        Ok(survey)
    }

    /// Finds what would be changed and is somebody else's by now.
    async fn check_holders(&self, survey: &mut Survey, looks: &Arc<CoalescedReads>) {
        let changes = survey.plan.difference.changes.iter();
        let updated = changes.filter(|(_, change)| matches!(change, Change::Update(_)));
        let entries = updated.filter_map(|(address, _)| Some((address, survey.ledger.entries.get(address)?)));
        let asked = join_all(entries.map(|(address, entry)| async move {
            let holder = match self.kinds().get(&address.kind) {
                Ok(component) => component.holder(&self.shared(address, looks), &entry.spec, &entry.outputs).await,
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

    /// CoalescedReads for objects that are planned to be made; `true` when a lost one of ours was taken in.
    async fn find_lost(
        &self,
        desired: &Desired,
        survey: &mut Survey,
        gone: &Ledger,
        asked: &mut BTreeSet<(Address, String)>,
        looks: &Arc<CoalescedReads>,
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
        let finds = join_all(wanted.iter().map(|(address, spec)| self.find(address, spec, looks))).await;
        let mut taken = false;
        for ((address, _), found) in wanted.into_iter().zip(finds) {
            match found {
                Ok(None) => {}
                Ok(Some(Found::Foreign(whose))) => survey.obstacles.push(Obstacle::Foreign { address, whose }),
                Ok(Some(Found::Ours(mut entry))) => {
                    tracing::info!(component = %address, "adopting what an interrupted apply of this owner id left behind");
                    entry.depends_on = desired.get(&address).map(dependencies).unwrap_or_default();
                    if let Err(impossible) =
                        fold(&mut survey.ledger, Event::Adopted { address: address.clone(), entry })
                    {
                        let error = CallError::Malformed(impossible.to_string());
                        survey.obstacles.push(Obstacle::Unknown { address, error });
                        continue;
                    }
                    survey.adopted.insert(address);
                    taken = true;
                }
                Err(error) => survey.obstacles.push(Obstacle::Unknown { address, error }),
            }
        }
        taken
    }

    async fn find(
        &self,
        address: &Address,
        spec: &Json,
        looks: &Arc<CoalescedReads>,
    ) -> Result<Option<Found<Entry>>, CallError> {
        let (aws, component) = (self.shared(address, looks), self.kinds().get(&address.kind)?);
        let outputs = match component.find(&aws, spec).await? {
            None => return Ok(None),
            Some(Found::Foreign(whose)) => return Ok(Some(Found::Foreign(whose))),
            Some(Found::Ours(outputs)) => outputs,
        };
        let Some((spec, outputs)) = component.read(&aws, spec, &outputs).await? else { return Ok(None) };
        let uncertain = is_open(&spec);
        Ok(Some(Found::Ours(Entry { spec, outputs, depends_on: BTreeSet::new(), uncertain })))
    }

    async fn check(&self, survey: &mut Survey, looks: &Arc<CoalescedReads>) {
        let difference = &survey.plan.difference;
        let touched = difference.changes.iter().filter(|(_, change)| !change.is_keep()).map(|(address, _)| address);
        let checks = touched.filter_map(|address| {
            let spec = difference.specs.get(address)?;
            Some(async move {
                let checked = match self.kinds().get(&address.kind) {
                    Ok(component) => component.check(&self.shared(address, looks), spec).await,
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
