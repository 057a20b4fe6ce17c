//! Plan: determines what an apply would do, and finds every error that can be found before anything changes.

use std::collections::BTreeSet;

use super::apply::check_kept_unless_unused;
use super::loaded::Loaded;
use super::{Planned, Provider, State, Surroundings, ledger_of, report, unread, warnings_of};
use super::{kept, losses};
use crate::apply::{Engine, Survey};
use crate::desired::{Address, Desired, Owner, Scope};
use crate::ownership::place;
use crate::plan::{Ledger, Plan, PlannedChange, View, summary};
use crate::resources::{Expansion, Prior, Resource};
use crate::schema::{Attr, first_unknown};
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

impl Provider {
    /// Plans the change from `prior` to `config`. `prior` is null for a create, `config` is null for a destroy.
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
        self.planned_names.forget(&resource.settings(&prior.value).owner);
        check_unprotected(resource, &prior.value)?;
        place::check(&self.aws, &resource.settings(&prior.value).owner, &ledger)?;
        let state = State { value: Value::Null, private: prior.private.clone() };
        Ok((Planned { state, replaced_by: Vec::new() }, Vec::new()))
    }

    async fn plan_change(
        &self,
        resource: &dyn Resource,
        prior: &State,
        config: &Value,
    ) -> Result<(Planned, Diagnostics), Diagnostics> {
        let settings = resource.settings(config);
        let replaced_by = resource.replaced_by(&prior.value, config);
        if !replaced_by.is_empty() {
            return self.plan_replacement(resource, prior, config, replaced_by).await;
        }
        let engine = self.reading(&settings.owner);
        let mut loaded = self.load(&engine, resource, prior).await?;
        let mut diagnostics = std::mem::take(&mut loaded.warnings);
        let planned = self.plan_update(resource, prior, config, &loaded).await;
        diagnostics.extend(warnings_of(&loaded.engine));
        // A failed plan keeps the warnings that came before.
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
        let referent = self.referent(resource, config).await?;
        let surroundings = Surroundings { prior: Some(exists), referent: referent.as_ref() };
        let mut expansion = self.expand(resource, config, engine, surroundings)?;
        let unread = std::mem::take(&mut expansion.unread);
        kept::check(&expansion.desired, ledger, engine.kinds())?;
        self.check_regions(&expansion.desired, ledger, report::IF_DESTROYING).await?;
        let survey = survey(engine, &expansion.desired, ledger, &Ledger::default()).await?;
        self.planned_names.record(engine.owner(), &expansion.desired, engine.kinds())?;
        check_kept_unless_unused(engine, &survey.desired, &survey.plan, &survey.ledger).await?;
        let mut warnings: Diagnostics = adoption(engine.owner(), &survey.adopted).into_iter().collect();
        warnings.extend(report::replaced(&survey));
        warnings.extend(unread::pending(&survey.ledger));
        let protects = |value: &Value| resource.settings(value).deletion_protection;
        if expansion.addresses_known {
            let released = &survey.plan.difference.released;
            let removed = losses::removed_regions(&expansion.desired, &survey.ledger, released, engine.kinds());
            losses::check_unprotected(&removed, protects(config))?;
            warnings.extend(losses::warnings(&removed));
        }
        let keeps_protection = protects(config) == protects(&prior.value);
        let changes_nothing = survey.plan.only_retires() && survey.ledger.pending.is_empty() && keeps_protection;
        if changes_nothing && survey.ledger.imported && has_all(&prior.value, config) {
            // AWS does not store the configuration of an imported resource. As long as the configuration describes what exists,
            // the state stays as the import returned it.
            warnings.extend(missing_files(unread, true)?);
            return Ok((Planned { state: prior.clone(), replaced_by: Vec::new() }, warnings));
        }
        let is_certain = survey.is_certain;
        let outlook = Outlook { resource, config, engine, expansion: &expansion, is_certain };
        // An incomplete update is an error, so the planned state is complete. A create may be kept incomplete.
        let private =
            PlannedChange { adopts: survey.adopted, referent, ..PlannedChange::update(survey.ledger.clone()) };
        let state = outlook.state(&survey.plan, &survey.ledger, Attr::Known(true), private);
        warnings.extend(missing_files(unread, state.value == prior.value)?);
        Ok((Planned { state, replaced_by: Vec::new() }, warnings))
    }

    /// Plans to destroy the whole resource and create it again. The host then plans the create without a prior state, and that
    /// plan finds obstacles.
    async fn plan_replacement(
        &self,
        resource: &dyn Resource,
        prior: &State,
        config: &Value,
        replaced_by: Vec<Path>,
    ) -> Result<(Planned, Diagnostics), Diagnostics> {
        check_unprotected(resource, &prior.value)?;
        let old = self.reading(&resource.settings(&prior.value).owner);
        let Loaded { ledger, warnings, .. } = self.load(&old, resource, prior).await?;
        self.planned_names.forget(old.owner());
        let engine = self.reading(&resource.settings(config).owner);
        let referent = self.referent(resource, config).await?;
        let surroundings = Surroundings { prior: None, referent: referent.as_ref() };
        let expansion = self.expand(resource, config, &engine, surroundings)?;
        kept::check(&expansion.desired, &Ledger::default(), engine.kinds())?;
        self.planned_names.record(engine.owner(), &expansion.desired, engine.kinds())?;
        let outlook = Outlook { resource, config, engine: &engine, expansion: &expansion, is_certain: true };
        let private = PlannedChange { replaces: Some(ledger), ..PlannedChange::default() };
        let state = outlook.state(&outlook.whole_plan()?, &Ledger::default(), Attr::Unknown, private);
        Ok((Planned { state, replaced_by }, warnings))
    }

    /// Refuses new regions that are not enabled in the account, before any call to them. `hint` ends each error.
    pub(super) async fn check_regions(
        &self,
        desired: &Desired,
        ledger: &Ledger,
        hint: &str,
    ) -> Result<(), Diagnostics> {
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
                        "The region {region} is not enabled in account {}. Enable it, which takes a few minutes, or remove it \
                         from `regions`. {hint}",
                        self.aws.account_id()
                    )
                    .trim_end(),
                )
            })
            .collect();
        if diagnostics.is_empty() { Ok(()) } else { Err(diagnostics) }
    }
}

/// The inputs of a planned state, besides the ledger.
pub(super) struct Outlook<'a> {
    pub(super) resource: &'a dyn Resource,
    pub(super) config: &'a Value,
    pub(super) engine: &'a Engine,
    pub(super) expansion: &'a Expansion,
    /// Whether the set of pending components is final.
    pub(super) is_certain: bool,
}

impl Outlook<'_> {
    /// The plan of a create that finds no existing components.
    pub(super) fn whole_plan(&self) -> Result<Plan, Diagnostics> {
        let plan = Plan::checked(&self.expansion.desired, &Ledger::default(), self.engine.kinds());
        plan.map_err(|mistake| vec![unsafe_plan(&mistake)])
    }

    /// The planned state.
    pub(super) fn state(
        &self,
        plan: &Plan,
        ledger: &Ledger,
        complete: Attr<bool>,
        mut private: PlannedChange,
    ) -> State {
        private.changes = self.changes(plan, ledger, &private.adopts);
        let changes = private.changes.clone().map_or(Attr::Unknown, Attr::Known);
        let mut view = View { complete, changes, ..View::planned(&plan.difference, ledger, self.engine.kinds()) };
        if !self.is_certain || (!self.expansion.addresses_known && !ledger.unreachable.is_empty()) {
            view.pending = Attr::Unknown;
        }
        let mut value = self.resource.state(self.config, &view);
        if !self.expansion.addresses_known {
            hide_components(&mut value);
        }
        State { value, private: private.to_private() }
    }

    /// The attribute `changes`. `None` if the host may plan again with other values before it applies: it accepts no other
    /// value of an attribute then.
    fn changes(&self, plan: &Plan, ledger: &Ledger, adopted: &BTreeSet<Address>) -> Option<Vec<String>> {
        // The lines of a create contain no values, and no adoptions: the host plans again before the apply, and may find others.
        let has_values = !ledger.entries.is_empty();
        let none = BTreeSet::new();
        let adopted = if has_values { adopted } else { &none };
        let is_open = has_values && first_unknown(&self.resource.schema().attributes, self.config).is_some();
        let is_known = self.expansion.addresses_known && !is_open;
        is_known.then(|| changes(plan, ledger, adopted, self.engine))
    }
}

/// The attribute `changes` after `plan` is applied to `ledger`. If no component changes, that of the last apply.
pub(super) fn changes(plan: &Plan, ledger: &Ledger, adopted: &BTreeSet<Address>, engine: &Engine) -> Vec<String> {
    let lines = summary(&plan.difference, ledger, adopted, engine.kinds());
    if lines.is_empty() { ledger.changes.clone() } else { lines }
}

/// Whether a state has every attribute that the configuration sets. Only then does the host accept a plan that keeps the state:
/// an attribute that was null must be planned as configured.
fn has_all(state: &Value, config: &Value) -> bool {
    let (Value::Map(state), Value::Map(config)) = (state, config) else { return false };
    let is_set = |(_, value): &(&String, &Value)| **value != Value::Null;
    config.iter().filter(is_set).all(|(name, _)| state.get(name).is_some_and(|value| *value != Value::Null))
}

/// Reports files that are missing: as warnings if nothing changes, so that the plan does not need them.
///
/// # Errors
/// The same as errors if something changes.
fn missing_files(unread: Diagnostics, is_unchanged: bool) -> Result<Diagnostics, Diagnostics> {
    if !is_unchanged && !unread.is_empty() {
        let hint =
            |error: Diagnostic| Diagnostic { detail: format!("{} {}", error.detail, report::IF_DESTROYING), ..error };
        return Err(unread.into_iter().map(hint).collect());
    }
    let warning = |Diagnostic { path, summary, detail, .. }| {
        let detail = format!(
            "{detail} Nothing else of the resource changes, so the plan assumes that the deployed code is unchanged. A plan that \
             creates or updates anything needs the files."
        );
        Diagnostic::warning(path, summary, detail)
    };
    Ok(unread.into_iter().map(warning).collect())
}

/// Refuses to destroy a resource with deletion protection.
pub(super) fn check_unprotected(resource: &dyn Resource, prior: &Value) -> Result<(), Diagnostics> {
    let settings = resource.settings(prior);
    if !settings.deletion_protection {
        return Ok(());
    }
    Err(vec![Diagnostic::error(
        Path::of("deletion_protection"),
        "Resource is protected against deletion",
        format!(
            "The plan destroys {}, but its `deletion_protection` is true. To destroy it, set the attribute to false and apply first.",
            settings.owner
        ),
    )])
}

/// Compares the plan with AWS. Every obstacle becomes an error.
pub(super) async fn survey(
    engine: &Engine,
    desired: &Desired,
    ledger: &Ledger,
    gone: &Ledger,
) -> Result<Survey, Diagnostics> {
    let survey = engine.survey(desired, ledger, gone).await.map_err(|mistake| vec![unsafe_plan(&mistake)])?;
    if survey.obstacles.is_empty() { Ok(survey) } else { Err(refuse(desired, &survey, report::IF_DESTROYING)) }
}

/// The obstacles of a survey as errors, each of which ends with `hint`.
pub(super) fn refuse(desired: &Desired, survey: &Survey, hint: &str) -> Diagnostics {
    report::obstacles(desired, &survey.obstacles, hint)
}

/// The warning that a plan adopts objects. `None` if it adopts none.
pub(super) fn adoption(owner: &Owner, adopted: &BTreeSet<Address>) -> Option<Diagnostic> {
    let names: Vec<String> = adopted.iter().map(ToString::to_string).collect();
    (!names.is_empty()).then(|| {
        let detail = format!(
            "These objects exist and are not in the state: {}. They carry the owner id of {owner}, because an earlier apply was \
             interrupted, or have no owner id, because AWS re-created them or `retain_logs` kept them. This apply adopts them and \
             continues from there.",
            names.join(", ")
        );
        Diagnostic::warning(Path::root(), "AWS objects will be adopted", detail)
    })
}

/// The error that the planner found no safe order.
pub(super) fn unsafe_plan(mistake: &crate::plan::Mistake) -> Diagnostic {
    Diagnostic::error(
        Path::root(),
        "No safe plan",
        format!(
            "The provider found no safe order: {mistake}. Nothing was changed. This is a bug in the provider: please report it \
             with the configuration before and after this change."
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
