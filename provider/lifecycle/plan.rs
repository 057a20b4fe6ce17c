//! Plan: what an apply would come to, with every mistake found that can be found before anything is touched.

use std::collections::BTreeSet;

use super::{LOOK_TIMEOUT, Planned, Provider, State, ledger_of, report, settings_of};
use crate::apply::{Engine, Survey};
use crate::desired::{Desired, Scope};
use crate::package::DiskPackages;
use crate::plan::{Ledger, View};
use crate::resources::{Expansion, Resource};
use crate::schema::Attr;
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

impl Provider {
    /// What an apply of `config` would come to. `prior` is null for a create, `config` for a destroy.
    pub async fn plan(&self, resource: &dyn Resource, prior: State, config: Value) -> (Planned, Diagnostics) {
        let unchanged = Planned { state: prior.clone(), replaced_by: Vec::new() };
        let planned = match (&prior.value, &config) {
            (Value::Null, Value::Null) => Ok(unchanged.clone()),
            (_, Value::Null) => self.plan_destroy(resource, &prior),
            _ => self.plan_change(resource, &prior, &config).await,
        };
        match planned {
            Ok(planned) => (planned, Vec::new()),
            Err(diagnostics) => (unchanged, diagnostics),
        }
    }

    fn plan_destroy(&self, resource: &dyn Resource, prior: &State) -> Result<Planned, Diagnostics> {
        let settings = settings_of(resource, &prior.value)?;
        ledger_of(&prior.private)?;
        if settings.deletion_protection {
            return Err(vec![Diagnostic::error(
                Path::of("deletion_protection"),
                "Resource is protected against deletion",
                format!(
                    "{} would be destroyed, but its `deletion_protection` is true. Set it to false, apply, and destroy then.",
                    settings.owner
                ),
            )]);
        }
        Ok(Planned { state: State { value: Value::Null, private: prior.private.clone() }, replaced_by: Vec::new() })
    }

    async fn plan_change(
        &self,
        resource: &dyn Resource,
        prior: &State,
        config: &Value,
    ) -> Result<Planned, Diagnostics> {
        let is_new = prior.value == Value::Null;
        let ledger = if is_new { Ledger::default() } else { ledger_of(&prior.private)? };
        let packages = DiskPackages;
        let Expansion { desired, addresses_known } = resource.expand(config, &self.context(&packages))?;
        let settings = resource.settings(config)?;
        let replaced_by = if is_new { Vec::new() } else { resource.replaced_by(&prior.value, config) };
        let engine = self.engine(&settings.owner, LOOK_TIMEOUT);
        if !replaced_by.is_empty() {
            // The host plans once more, with nothing prior; what is in the way will be seen then.
            let state = self.preview(resource, config, &engine, &desired, &Ledger::default(), addresses_known)?;
            return Ok(Planned { state, replaced_by });
        }
        self.check_regions(&desired, &ledger).await?;
        let survey = survey(&engine, &desired, &ledger).await?;
        if survey.plan.is_empty() && survey.ledger.imported {
            // The configuration of an imported resource is not known to AWS: as long as it wants what there is, the
            // state stays what the import made it.
            return Ok(Planned { state: prior.clone(), replaced_by });
        }
        let mut view = View::planned(&survey.plan.difference, &survey.ledger, engine.kinds());
        // An update that does not come to its end is an error; a create may be kept incomplete.
        if !is_new {
            view.complete = Attr::Known(true);
        }
        let mut value = resource.state(config, &view);
        if !addresses_known {
            hide_components(&mut value);
        }
        Ok(Planned { state: State { value, private: survey.ledger.to_private() }, replaced_by })
    }

    fn preview(
        &self,
        resource: &dyn Resource,
        config: &Value,
        engine: &Engine,
        desired: &Desired,
        ledger: &Ledger,
        addresses_known: bool,
    ) -> Result<State, Diagnostics> {
        let difference = crate::plan::diff(desired, ledger, engine.kinds()).map_err(|cycle| vec![mistake(&cycle)])?;
        let mut value = resource.state(config, &View::planned(&difference, ledger, engine.kinds()));
        if !addresses_known {
            hide_components(&mut value);
        }
        Ok(State { value, private: ledger.to_private() })
    }

    /// A region that the account has not opted in to is told before anything in it is called.
    async fn check_regions(&self, desired: &Desired, ledger: &Ledger) -> Result<(), Diagnostics> {
        let known: BTreeSet<&Scope> = ledger.entries.keys().map(|address| &address.scope).collect();
        let new: BTreeSet<&str> = desired
            .nodes()
            .keys()
            .filter(|address| !known.contains(&address.scope))
            .filter_map(|address| address.scope.region())
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        let Some(enabled) = self.aws.enabled_regions().await else { return Ok(()) };
        let disabled = new.into_iter().filter(|region| !enabled.iter().any(|enabled| enabled == region));
        let diagnostics: Diagnostics = disabled
            .map(|region| {
                Diagnostic::error(
                    Path::of("regions").key(region),
                    "Region is not enabled",
                    format!(
                        "Account {} cannot use {region}: it is not enabled there. Enable the region for the account \
                         (it takes a few minutes), or take it out of `regions`.",
                        self.aws.account_id()
                    ),
                )
            })
            .collect();
        if diagnostics.is_empty() { Ok(()) } else { Err(diagnostics) }
    }
}

/// Holds the plan against AWS; every obstacle becomes a diagnostic.
async fn survey(engine: &Engine, desired: &Desired, ledger: &Ledger) -> Result<Survey, Diagnostics> {
    let survey = engine.survey(desired, ledger).await.map_err(|cycle| vec![mistake(&cycle)])?;
    if survey.obstacles.is_empty() {
        return Ok(survey);
    }
    Err(survey.obstacles.iter().map(|obstacle| report::obstacle(desired, obstacle)).collect())
}

pub(super) fn mistake(cycle: &crate::plan::Cycle) -> Diagnostic {
    Diagnostic::error(
        Path::root(),
        "Components wait for each other",
        format!("{cycle}. This is a mistake in the provider: please report it with the configuration."),
    )
}

fn hide_components(value: &mut Value) {
    if let Value::Map(attributes) = value
        && let Some(components) = attributes.get_mut("components")
    {
        *components = Value::Unknown;
    }
}
