//! Plan: what an apply would come to, with every mistake found that can be found before anything is touched.

use std::collections::BTreeSet;

use super::held::held;
use super::{LOOK_TIMEOUT, Planned, Provider, State, block, ledger_of, report};
use crate::apply::{Engine, Survey};
use crate::components::Catalog;
use crate::desired::{Desired, Scope};
use crate::package::DiskPackages;
use crate::plan::{Ledger, Plan, View};
use crate::resources::{Context, Expansion, Prior, Resource, Settings};
use crate::schema::Attr;
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

impl Provider {
    /// What an apply of `config` would come to. `prior` is null for a create, `config` for a destroy.
    pub async fn plan(&self, resource: &dyn Resource, prior: State, config: Value) -> (Planned, Diagnostics) {
        let _unanswered = self.unsigned.unanswered();
        let unchanged = Planned { state: prior.clone(), replaced_by: Vec::new() };
        let planned = match (&prior.value, &config) {
            (Value::Null, Value::Null) => Ok(unchanged.clone()),
            (_, Value::Null) => self.plan_destroy(resource, &prior),
            _ => match self.plan_change(resource, &prior, &config).await {
                Ok((planned, warnings)) => return (planned, warnings),
                Err(diagnostics) => Err(diagnostics),
            },
        };
        match planned {
            Ok(planned) => (planned, Vec::new()),
            Err(diagnostics) => (unchanged, diagnostics),
        }
    }

    fn plan_destroy(&self, resource: &dyn Resource, prior: &State) -> Result<Planned, Diagnostics> {
        ledger_of(&prior.private)?;
        unprotected(resource, &prior.value)?;
        Ok(Planned { state: State { value: Value::Null, private: prior.private.clone() }, replaced_by: Vec::new() })
    }

    async fn plan_change(
        &self,
        resource: &dyn Resource,
        prior: &State,
        config: &Value,
    ) -> Result<(Planned, Diagnostics), Diagnostics> {
        let mut expansion = self.expand_again(resource, prior, config)?;
        let unread = std::mem::take(&mut expansion.unread);
        let planned = self.plan_expanded(resource, prior, config, expansion).await?;
        let warnings = unneeded(unread, planned.state.value == prior.value)?;
        Ok((planned, warnings))
    }

    /// What the configuration wants, knowing what there is.
    fn expand_again(&self, resource: &dyn Resource, prior: &State, config: &Value) -> Result<Expansion, Diagnostics> {
        let view = View::made(&ledger_of(&prior.private)?.standing(), &Catalog::default());
        let exists = (prior.value != Value::Null).then_some(Prior { state: &prior.value, view: &view });
        let context = Context { prior: exists, ..self.context(&DiskPackages) };
        block(|| resource.expand(config, &context))
    }

    async fn plan_expanded(
        &self,
        resource: &dyn Resource,
        prior: &State,
        config: &Value,
        expansion: Expansion,
    ) -> Result<Planned, Diagnostics> {
        let Expansion { desired, addresses_known, .. } = expansion;
        let settings = resource.settings(config)?;
        let engine = self.engine(&settings.owner, LOOK_TIMEOUT);
        let outlook = Outlook { resource, config, engine: &engine, desired: &desired, addresses_known };
        if prior.value == Value::Null {
            return self.plan_create(&outlook, &prior.private).await;
        }
        let replaced_by = resource.replaced_by(&prior.value, config);
        if !replaced_by.is_empty() {
            unprotected(resource, &prior.value)?;
            // The host plans once more, with nothing prior; what is in the way will be seen then.
            let old = self.engine(&resource.settings(&prior.value)?.owner, LOOK_TIMEOUT);
            let replaced = held(&old, resource, prior).await?.ledger;
            let private = Ledger { replaces: Some(Box::new(replaced)), ..Ledger::default() };
            let state = outlook.state(&outlook.whole_plan()?, &Ledger::default(), Attr::Unknown, &private);
            return Ok(Planned { state, replaced_by });
        }
        let ledger = held(&engine, resource, prior).await?.ledger;
        self.check_regions(&desired, &ledger).await?;
        let survey = survey(&engine, &desired, &ledger, &Ledger::default()).await?;
        let protects = |settings: &Settings| settings.deletion_protection;
        let as_protected = protects(&settings) == protects(&resource.settings(&prior.value)?);
        if survey.plan.is_empty() && survey.ledger.imported && as_protected && has_all(&prior.value, config) {
            // The configuration of an imported resource is not known to AWS: as long as it wants what there is, the
            // state stays what the import made it.
            return Ok(Planned { state: prior.clone(), replaced_by });
        }
        // An update that does not come to its end is an error; a create may be kept incomplete.
        let state = outlook.state(&survey.plan, &survey.ledger, Attr::Known(true), &survey.ledger);
        Ok(Planned { state, replaced_by })
    }

    /// Plans a create. `private` is empty, or says what the new resource takes the place of.
    async fn plan_create(&self, outlook: &Outlook<'_>, private: &[u8]) -> Result<Planned, Diagnostics> {
        let replaced = match private {
            [] => self.seen.get(outlook.resource, outlook.engine.owner()).map(Box::new),
            private => Some(Box::new(ledger_of(private)?.standing())),
        };
        let nothing = Ledger::default();
        self.check_regions(outlook.desired, &nothing).await?;
        let gone = replaced.as_deref().unwrap_or(&nothing);
        let survey = survey(outlook.engine, outlook.desired, &nothing, gone).await?;
        // What a create that died left behind may be gone when this one begins (a tainted resource is destroyed before):
        // so nothing of it is promised, and it is looked for again then.
        let private = Ledger { replaces: replaced, resumes: !survey.ledger.is_empty(), ..Ledger::default() };
        let state = outlook.state(&outlook.whole_plan()?, &nothing, Attr::Unknown, &private);
        Ok(Planned { state, replaced_by: Vec::new() })
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
                         (it takes a few minutes), or take it out of `regions`. {}",
                        self.aws.account_id(),
                        report::DESTROY
                    ),
                )
            })
            .collect();
        if diagnostics.is_empty() { Ok(()) } else { Err(diagnostics) }
    }
}

/// What a plan is made of, besides what there is.
struct Outlook<'a> {
    resource: &'a dyn Resource,
    config: &'a Value,
    engine: &'a Engine,
    desired: &'a Desired,
    addresses_known: bool,
}

impl Outlook<'_> {
    /// The plan of a create that finds nothing.
    fn whole_plan(&self) -> Result<Plan, Diagnostics> {
        Plan::new(self.desired, &Ledger::default(), self.engine.kinds()).map_err(|mistaken| vec![mistake(&mistaken)])
    }

    /// The state that the host is promised.
    fn state(&self, plan: &Plan, ledger: &Ledger, complete: Attr<bool>, private: &Ledger) -> State {
        let view = View { complete, ..View::planned(&plan.difference, ledger, self.engine.kinds()) };
        let mut value = self.resource.state(self.config, &view);
        if !self.addresses_known {
            hide_components(&mut value);
        }
        State { value, private: private.to_private() }
    }
}

/// Whether a state has every attribute that the configuration sets. The host takes a plan that keeps the state only then:
/// an attribute that was null is planned as the configuration has it.
fn has_all(state: &Value, config: &Value) -> bool {
    let (Value::Map(state), Value::Map(config)) = (state, config) else { return false };
    let is_set = |(_, value): &(&String, &Value)| **value != Value::Null;
    config.iter().filter(is_set).all(|(name, _)| state.get(name).is_some_and(|value| *value != Value::Null))
}

/// The warnings about files that could not be read, when the plan does not need them.
///
/// # Errors
/// The same as errors, when something changes.
fn unneeded(unread: Diagnostics, is_unchanged: bool) -> Result<Diagnostics, Diagnostics> {
    if !is_unchanged && !unread.is_empty() {
        let hint = |error: Diagnostic| Diagnostic { detail: format!("{} {}", error.detail, report::DESTROY), ..error };
        return Err(unread.into_iter().map(hint).collect());
    }
    let warning = |Diagnostic { path, summary, detail, .. }| {
        let detail = format!(
            "{detail} Nothing else of the resource changes, so the plan takes what was deployed from these files to be \
             unchanged. A plan that creates or updates anything needs the files."
        );
        Diagnostic::warning(path, summary, detail)
    };
    Ok(unread.into_iter().map(warning).collect())
}

/// Refuses to destroy what is protected.
pub(super) fn unprotected(resource: &dyn Resource, prior: &Value) -> Result<(), Diagnostics> {
    let settings = resource.settings(prior)?;
    if !settings.deletion_protection {
        return Ok(());
    }
    Err(vec![Diagnostic::error(
        Path::of("deletion_protection"),
        "Resource is protected against deletion",
        format!(
            "{} would be destroyed, but its `deletion_protection` is true. Set it to false, apply, and destroy then.",
            settings.owner
        ),
    )])
}

/// Holds the plan against AWS; every obstacle becomes a diagnostic.
pub(super) async fn survey(
    engine: &Engine,
    desired: &Desired,
    ledger: &Ledger,
    gone: &Ledger,
) -> Result<Survey, Diagnostics> {
    let survey = engine.survey(desired, ledger, gone).await.map_err(|mistaken| vec![mistake(&mistaken)])?;
    if survey.obstacles.is_empty() {
        return Ok(survey);
    }
    Err(survey.obstacles.iter().map(|obstacle| report::obstacle(desired, obstacle)).collect())
}

pub(super) fn mistake(mistake: &crate::plan::Mistake) -> Diagnostic {
    Diagnostic::error(
        Path::root(),
        "No safe plan",
        format!(
            "Nothing was touched: {mistake}. This is a mistake in the provider: please report it with the configuration \
             before this change and after it."
        ),
    )
}

fn hide_components(value: &mut Value) {
    if let Value::Map(attributes) = value
        && let Some(components) = attributes.get_mut("components")
    {
        *components = Value::Unknown;
    }
}
