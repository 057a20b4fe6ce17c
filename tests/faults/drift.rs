//! Drift: any object that others delete, and any mutable field that they change, is shown by the plan, which shows
//! nothing else, and corrected by the apply. Covers every component of every topology; new kinds are included
//! automatically.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use multiregion::aws::{CancellationToken, OwnerContext, Regional, Run as AwsRun};
use multiregion::components::{AnyComponent, Catalog};
use multiregion::desired::Address;
use multiregion::lifecycle::Provider;
use multiregion::plan::{Entry, Ledger};
use multiregion::wire::{Diagnostic, Value};
use serde_json::{Value as Json, json};
use strict_aws::Inventory;

use super::clock::{Outcome, simulate};
use super::compare::{difference, inventory};
use super::host::{Run, StoredResource};
use super::operations::remove_region;
use super::topologies::{self, Topology};
use super::traffic::{TrafficMonitor, names};
use super::world::{Moment, World, config, resource, text};

/// Fields that the provider leaves as they are in AWS while the configuration does not set them: other teams attach web ACLs and
/// add headers to a distribution.
const UNMANAGED_WHILE_UNSET: [(&str, &str); 3] =
    [("distribution", "client_certificate_arn"), ("distribution", "origin_headers"), ("distribution", "web_acl_arn")];

/// The result of a drift.
pub(super) enum DriftResult {
    /// The plan showed it and the apply corrected it.
    Corrected,
    /// AWS does not allow this change.
    Impossible,
    /// It was not corrected, with the problems.
    Uncorrected(Vec<String>),
}

/// Tests every drift of the kinds of a topology that are not `known`, and adds these kinds to `tested`. The results by
/// `topology/address/what`.
pub(super) async fn run(
    world: &World,
    topology: &'static Topology,
    known: &BTreeSet<String>,
    tested: &mut BTreeSet<String>,
) -> BTreeMap<String, DriftResult> {
    let deployment = Deployment::create(world, topology).await;
    let ledger = Ledger::from_private(&deployment.api.private).expect("a ledger");
    let mut results = BTreeMap::new();
    for (address, entry) in &ledger.entries {
        let component = Catalog::default().get(&address.kind).expect("a known kind");
        if !component.meta().visible || known.contains(&address.kind) {
            continue;
        }
        tested.insert(address.kind.clone());
        let drift_case = DriftCase { world, deployment: &deployment, ledger: &ledger, address, entry, component };
        results.insert(format!("{}/{address}/deleted", topology.name), drift_case.deleted().await);
        for field in drift_case.mutable_fields() {
            results.insert(format!("{}/{address}/{field}", topology.name), drift_case.changed(&field).await);
        }
    }
    results
}

/// A deployed API and its inventory.
struct Deployment {
    moment: Moment,
    api: StoredResource,
    wanted: Json,
    config: Value,
    inventory: Inventory,
}

impl Deployment {
    async fn create(world: &World, topology: &Topology) -> Self {
        world.reset();
        let wanted = topologies::prepared(world, topology).await;
        let mut api = StoredResource::absent(resource("multiregion_api"));
        let config = config(api.resource, &wanted);
        let run = api.run(world, &config).await;
        assert!(run.succeeded(), "{} is created: {run:?}", topology.name);
        Self { moment: world.moment(), api, wanted, config, inventory: inventory(world).await }
    }
}

struct DriftCase<'a> {
    world: &'a World,
    deployment: &'a Deployment,
    ledger: &'a Ledger,
    address: &'a Address,
    entry: &'a Entry,
    component: &'static dyn AnyComponent,
}

impl DriftCase<'_> {
    /// The mutable fields of the object.
    fn mutable_fields(&self) -> Vec<String> {
        let fixed = [self.component.meta().immutable, self.component.meta().uncompared].concat();
        let fields = self.entry.spec.as_object().into_iter().flatten();
        let is_set = |(field, value): &(&String, &Json)| {
            let is_empty = value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty);
            !(is_empty && UNMANAGED_WHILE_UNSET.contains(&(self.address.kind.as_str(), field.as_str())))
        };
        fields
            .filter(is_set)
            .map(|(field, _)| field)
            .filter(|field| !fixed.contains(&field.as_str()))
            .cloned()
            .collect()
    }

    async fn deleted(&self) -> DriftResult {
        let change =
            async |aws: Regional| self.component.delete(&aws, &self.entry.spec, &self.entry.outputs).await.is_ok();
        if self.changes_aws(change).await { self.check_correction().await } else { DriftResult::Impossible }
    }

    async fn changed(&self, field: &str) -> DriftResult {
        // Another tag belongs to others, who may add it: that is no drift.
        let is_drift = |value: &Json| field != "tags" || value.get("changed").is_none();
        for value in alternatives(&self.entry.spec[field]).into_iter().filter(is_drift) {
            let mut spec = self.entry.spec.clone();
            spec[field] = value;
            let change = async |aws: Regional| {
                self.component.update(&aws, &self.entry.outputs, &self.entry.spec, &spec).await.is_ok()
            };
            if self.changes_aws(change).await {
                return self.check_correction().await;
            }
        }
        DriftResult::Impossible
    }

    /// Changes AWS through the component's own calls, outside of any apply. Returns whether the inventory
    /// changed.
    async fn changes_aws(&self, change: impl AsyncFnOnce(Regional) -> bool) -> bool {
        self.world.restore(&self.deployment.moment);
        let ended = simulate(&self.world.clock, &self.world.network, async {
            let provider = self.world.connect().await.expect("AWS responds");
            change(self.regional(&provider)).await
        });
        matches!(ended.await, Outcome::Done(true)) && inventory(self.world).await != self.deployment.inventory
    }

    fn regional(&self, provider: &Provider) -> Regional {
        let clock = Arc::clone(&provider.clock);
        let deadline = clock.now() + Duration::from_secs(600);
        let owner = self.deployment.api.resource.owner(text(&self.deployment.api.value, "name"));
        let run = AwsRun::new(deadline, CancellationToken::new(), clock);
        let owner_id = self.ledger.ownership.clone().expect("a ledger has an owner id").owner_id;
        let context = OwnerContext::new(owner, "us-east-1").identified(owner_id);
        Regional::new(Arc::clone(&provider.aws), Arc::new(run), Arc::new(context), self.address.clone())
    }

    async fn check_correction(&self) -> DriftResult {
        let mut problems = Vec::new();
        let mut api = self.deployment.api.clone();
        let world = self.world;
        match simulate(&world.clock, &world.network, plan(world, &api, &self.deployment.config)).await {
            Outcome::Done(Ok(touched)) => {
                if !touched.contains(&self.address.to_string()) {
                    problems.push(format!("the plan does not show the drift, but {touched:?}"));
                }
                let unrelated = touched.iter().filter(|other| !self.is_related(other)).collect::<Vec<_>>();
                if !unrelated.is_empty() {
                    problems.push(format!("the plan shows unrelated components: {unrelated:?}"));
                }
            }
            Outcome::Done(Err(diagnostics)) => problems.push(format!("the plan failed: {diagnostics:?}")),
            Outcome::Killed => problems.push("the provider was killed".to_owned()),
        }
        let run = api.run(world, &self.deployment.config).await;
        if !run.succeeded() {
            problems.push(format!("the apply failed: {run:?}"));
        }
        let run = api.run(world, &self.deployment.config).await;
        if run != (Run::Succeeded { empty: true }) {
            problems.push(format!("the next plan is not empty: {run:?}"));
        }
        let differing = difference(&self.deployment.inventory, &inventory(world).await);
        if !differing.is_empty() {
            problems.push(format!("the drift is not corrected: {differing:#?}"));
        }
        if problems.is_empty() { DriftResult::Corrected } else { DriftResult::Uncorrected(problems) }
    }

    /// Whether `other` is the drifted component or depends on it.
    fn is_related(&self, other: &str) -> bool {
        other.parse().is_ok_and(|other: Address| self.depends_on(&other))
    }

    fn depends_on(&self, other: &Address) -> bool {
        let entry = self.ledger.entries.get(other);
        other == self.address || entry.is_some_and(|entry| entry.depends_on.iter().any(|next| self.depends_on(next)))
    }
}

/// Others remove a region from a record, and then the user removes it from the configuration: clients with a cached
/// answer must be served throughout. Returns the outages.
pub(super) async fn removed_region(world: &World, topology: &'static Topology) -> Vec<String> {
    // The monitor needs the previous target of the name.
    world.network.monitor(Some(TrafficMonitor::for_change()));
    let deployment = Deployment::create(world, topology).await;
    let ledger = Ledger::from_private(&deployment.api.private).expect("a ledger");
    let (_, less) = remove_region(world, deployment.wanted.clone()).expect("another region");
    let gone = |region: &str| less["regions"].get(region).is_none();
    let (address, entry) = ledger
        .entries
        .iter()
        .find(|(_, entry)| entry.spec["sets"].as_object().is_some_and(|sets| sets.len() > 1))
        .expect("a record of all regions");
    let component = Catalog::default().get(&address.kind).expect("a known kind");
    let drift_case = DriftCase { world, deployment: &deployment, ledger: &ledger, address, entry, component };
    let mut spec = entry.spec.clone();
    spec["sets"].as_object_mut().expect("sets").retain(|region, _| !gone(region));
    assert_ne!(spec, entry.spec, "the record leads to the removed region");
    let change = async |aws: Regional| component.update(&aws, &entry.outputs, &entry.spec, &spec).await.is_ok();
    assert!(drift_case.changes_aws(change).await, "the region is removed from the record");
    let mut api = deployment.api.clone();
    let run = api.run(world, &config(api.resource, &less)).await;
    assert!(run.succeeded(), "{run:?}");
    let wanted = names(&world.aws).await;
    world.network.monitor(None).expect("a monitor").outages(&wanted)
}

#[test]
fn clients_with_a_cached_answer_are_served_after_others_withdraw_a_region() {
    super::matrix::runtime().block_on(async {
        let world = World::start(&Arc::new(super::world::Sources::new())).await;
        let latency = topologies::topology("latency");
        assert_eq!(removed_region(&world, latency).await, Vec::<String>::new());
    });
}

/// The components that a plan changes.
async fn plan(world: &World, api: &StoredResource, config: &Value) -> Result<BTreeSet<String>, Vec<Diagnostic>> {
    let provider = world.connect().await?;
    let (state, diagnostics) = provider.read(api.resource, api.state()).await;
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(diagnostics);
    }
    let (planned, diagnostics) = provider.plan(api.resource, state.clone(), config.clone()).await;
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(diagnostics);
    }
    let (before, after) = (components(&state.value), components(&planned.state.value));
    let addresses = before.keys().chain(after.keys()).collect::<BTreeSet<_>>();
    Ok(addresses.into_iter().filter(|address| before.get(*address) != after.get(*address)).cloned().collect())
}

fn components(value: &Value) -> BTreeMap<String, Value> {
    match value {
        Value::Map(attributes) => match attributes.get("components") {
            Some(Value::Map(components)) => components.clone(),
            _ => BTreeMap::new(),
        },
        _ => BTreeMap::new(),
    }
}

/// Alternative values of the same type, of which AWS may accept one.
fn alternatives(value: &Json) -> Vec<Json> {
    match value {
        Json::Null => vec![json!(true), json!(3), json!("other"), json!({}), json!([])],
        Json::Bool(flag) => vec![json!(!flag)],
        Json::Number(number) => {
            let number = number.as_i64().unwrap_or(1);
            [number + 1, number * 2, number + 64, number - 1, 1, 30].iter().map(|number| json!(number)).collect()
        }
        Json::String(text) => vec![json!(format!("{text}x")), json!(format!("/other{text}")), json!("other")],
        Json::Array(items) => {
            let mut fewer = items.clone();
            fewer.pop();
            let more = items.iter().flat_map(|item| alternatives(item).into_iter().take(1)).next();
            let mut more = items.iter().cloned().chain(more).collect::<Vec<_>>();
            more.dedup();
            vec![json!(more), json!(fewer)]
        }
        Json::Object(fields) => {
            let mut more = fields.clone();
            more.insert("changed".to_owned(), json!("yes"));
            // A record with another target was switched to another owner, which is not drift.
            let inner = fields.iter().filter(|(name, _)| !name.starts_with("target")).flat_map(|(name, value)| {
                alternatives(value).into_iter().map(move |other| {
                    let mut fields = fields.clone();
                    fields.insert(name.clone(), other);
                    Json::Object(fields)
                })
            });
            std::iter::once(Json::Object(more)).chain(inner).collect()
        }
    }
}
