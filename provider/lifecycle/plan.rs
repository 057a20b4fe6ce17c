//! Plan: what an apply would come to, with every mistake found that can be found before anything is touched.

use std::collections::BTreeSet;

use super::loaded::Loaded;
use super::{LOOK_TIMEOUT, Planned, Provider, State, ledger_of, report, warnings_of};
use crate::apply::{Engine, Survey};
use crate::desired::{Address, Desired, Owner, Scope};
use crate::ownership::place;
use crate::plan::{Ledger, Plan, PlannedChange, View};
use crate::resources::{Expansion, Prior, Resource};
use crate::schema::Attr;
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

impl Provider {
    /// What an apply of `config` would come to. `prior` is null for a create, `config` for a destroy.
    pub async fn plan(&self, resource: &dyn Resource, prior: State, config: Value) -> (Planned, Diagnostics) {
        let _unanswered = self.pending_acks.unanswered();
        let unchanged = Planned { state: prior.clone(), replaced_by: Vec::new() };
        let planned = match (&prior.value, &config) {
            (Value::Null, Value::Null) => Ok((unchanged.clone(), Vec::new())),
            (_, Value::Null) => self.plan_destroy(resource, &prior),
            (Value::Null, _) => self.plan_create(resource, &prior.private, &config).await,
            _ => self.plan_change(resource, &prior, &config).await,
        };
        planned.unwrap_or_else(|diagnostics| (unchanged, diagnostics))
    }

    fn plan_destroy(&self, resource: &dyn Resource, prior: &State) -> Result<(Planned, Diagnostics), Diagnostics> {
        let ledger = ledger_of(&prior.private)?;
        unprotected(resource, &prior.value)?;
        place::check(&self.aws, &resource.settings(&prior.value)?.owner, &ledger)?;
        let state = State { value: Value::Null, private: prior.private.clone() };
        Ok((Planned { state, replaced_by: Vec::new() }, Vec::new()))
    }

    async fn plan_change(
        &self,
        resource: &dyn Resource,
        prior: &State,
        config: &Value,
    ) -> Result<(Planned, Diagnostics), Diagnostics> {
        let settings = resource.settings(config)?;
        let replaced_by = resource.replaced_by(&prior.value, config);
        if !replaced_by.is_empty() {
            return self.plan_replacement(resource, prior, config, replaced_by).await;
        }
        let engine = self.engine(&settings.owner, LOOK_TIMEOUT);
        let mut loaded = self.load(&engine, resource, prior).await?;
        let mut diagnostics = std::mem::take(&mut loaded.warnings);
        let planned = self.plan_update(resource, prior, config, &loaded).await;
        diagnostics.extend(warnings_of(&loaded.engine));
        // A plan that fails keeps the warnings that came before.
        match planned {
            Ok((planned, warnings)) => {
                diagnostics.extend(warnings);
                Ok((planned, diagnostics))
            }
            Err(errors) => Err(diagnostics.into_iter().chain(errors).collect()),
        }
    }

    async fn plan_update(
        &self,
        resource: &dyn Resource,
        prior: &State,
        config: &Value,
        Loaded { engine, ledger, .. }: &Loaded,
    ) -> Result<(Planned, Diagnostics), Diagnostics> {
        let view = View::made(ledger, engine.kinds());
        let exists = Prior { state: &prior.value, view: &view };
        let mut expansion = self.expand(resource, config, engine, Some(exists))?;
        let unread = std::mem::take(&mut expansion.unread);
        self.check_regions(&expansion.desired, ledger).await?;
        let survey = survey(engine, &expansion.desired, ledger, &Ledger::default()).await?;
        let mut warnings: Diagnostics = adoption(engine.owner(), &survey.adopted).into_iter().collect();
        let protects = |value: &Value| Ok::<_, Diagnostics>(resource.settings(value)?.deletion_protection);
        let as_protected = protects(config)? == protects(&prior.value)?;
        if survey.plan.is_empty() && survey.ledger.imported && as_protected && has_all(&prior.value, config) {
            // AWS does not hold the configuration of an imported resource: as long as it wants what exists, the state stays
            // what the import made it.
            warnings.extend(unneeded(unread, true)?);
            return Ok((Planned { state: prior.clone(), replaced_by: Vec::new() }, warnings));
        }
        let outlook = Outlook { resource, config, engine, expansion: &expansion };
        // An update that does not come to its end is an error; a create may be kept incomplete.
        let private = PlannedChange { adopts: survey.adopted, ..PlannedChange::update(survey.ledger.clone()) };
        let state = outlook.state(&survey.plan, &survey.ledger, Attr::Known(true), &private);
        warnings.extend(unneeded(unread, state.value == prior.value)?);
        Ok((Planned { state, replaced_by: Vec::new() }, warnings))
    }

    /// Plans to destroy the whole resource and to create it anew. The host plans the create once more, with nothing prior: what
    /// is in its way shows then.
    async fn plan_replacement(
        &self,
        resource: &dyn Resource,
        prior: &State,
        config: &Value,
        replaced_by: Vec<Path>,
    ) -> Result<(Planned, Diagnostics), Diagnostics> {
        unprotected(resource, &prior.value)?;
        let old = self.engine(&resource.settings(&prior.value)?.owner, LOOK_TIMEOUT);
        let Loaded { ledger, warnings, .. } = self.load(&old, resource, prior).await?;
        let engine = self.engine(&resource.settings(config)?.owner, LOOK_TIMEOUT);
        let expansion = self.expand(resource, config, &engine, None)?;
        let outlook = Outlook { resource, config, engine: &engine, expansion: &expansion };
        let private = PlannedChange { replaces: Some(ledger), ..PlannedChange::default() };
        let state = outlook.state(&outlook.whole_plan()?, &Ledger::default(), Attr::Unknown, &private);
        Ok((Planned { state, replaced_by }, warnings))
    }

    /// A region that the account has not opted in to is told before anything in it is called.
    pub(super) async fn check_regions(&self, desired: &Desired, ledger: &Ledger) -> Result<(), Diagnostics> {
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
pub(super) struct Outlook<'a> {
    pub(super) resource: &'a dyn Resource,
    pub(super) config: &'a Value,
    pub(super) engine: &'a Engine,
    pub(super) expansion: &'a Expansion,
}

impl Outlook<'_> {
    /// The plan of a create that finds nothing.
    pub(super) fn whole_plan(&self) -> Result<Plan, Diagnostics> {
        let plan = Plan::checked(&self.expansion.desired, &Ledger::default(), self.engine.kinds());
        plan.map_err(|mistaken| vec![mistake(&mistaken)])
    }

    /// The state that the host is promised.
    pub(super) fn state(&self, plan: &Plan, ledger: &Ledger, complete: Attr<bool>, private: &PlannedChange) -> State {
        let view = View { complete, ..View::planned(&plan.difference, ledger, self.engine.kinds()) };
        let mut value = self.resource.state(self.config, &view);
        if !self.expansion.addresses_known {
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
    if survey.obstacles.is_empty() { Ok(survey) } else { Err(refuse(desired, &survey)) }
}

/// The obstacles of a survey as errors.
pub(super) fn refuse(desired: &Desired, survey: &Survey) -> Diagnostics {
    report::obstacles(desired, &survey.obstacles)
}

/// The warning that a plan adopts objects; `None` when it adopts none.
pub(super) fn adoption(owner: &Owner, adopted: &BTreeSet<Address>) -> Option<Diagnostic> {
    let names: Vec<String> = adopted.iter().map(ToString::to_string).collect();
    (!names.is_empty()).then(|| {
        let detail = format!(
            "An earlier apply of {owner} was interrupted and left objects that are not in the state: {}. They carry the owner id \
             of this resource, or nothing else of their name exists. This apply adopts them and continues from there.",
            names.join(", ")
        );
        Diagnostic::warning(Path::root(), "AWS objects will be adopted", detail)
    })
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
