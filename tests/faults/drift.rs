//! Drift: whatever somebody deletes behind our back, or changes in any field that can be set, is named by the plan, alone,
//! and mended by the apply. Over every component of every topology; a new kind joins by itself.

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

use super::clock::{Ended, simulate};
use super::compare::{difference, inventory};
use super::host::{Kept, Run};
use super::operations::remove_region;
use super::topologies::{self, Topology};
use super::traffic::{Watch, names};
use super::world::{Moment, World, config, resource, text};

/// How a drift ended.
pub(super) enum Healing {
    /// As promised.
    Healed,
    /// It never came about: AWS lets nobody do that.
    Refused,
    /// Not as promised.
    Broken(Vec<String>),
}

/// Lets everything drift that can; what came of it, by `topology/address/what`.
pub(super) async fn of(world: &World, topology: &'static Topology) -> BTreeMap<String, Healing> {
    let standing = Standing::make(world, topology).await;
    let ledger = Ledger::from_private(&standing.api.private).expect("a ledger");
    let mut healings = BTreeMap::new();
    for (address, entry) in &ledger.entries {
        let component = Catalog::default().get(&address.kind).expect("a known kind");
        if !component.meta().visible {
            continue;
        }
        let drifting = Drifting { world, standing: &standing, ledger: &ledger, address, entry, component };
        healings.insert(format!("{}/{address}/deleted", topology.name), drifting.deleted().await);
        for field in drifting.fields() {
            healings.insert(format!("{}/{address}/{field}", topology.name), drifting.changed(&field).await);
        }
    }
    healings
}

/// An API that stands, and what there is of it.
struct Standing {
    moment: Moment,
    api: Kept,
    wanted: Json,
    config: Value,
    inventory: Inventory,
}

impl Standing {
    async fn make(world: &World, topology: &Topology) -> Self {
        world.start_over();
        let zone_id = topologies::zone(world).await;
        let mut api = Kept::nothing(resource("multiregion_api"));
        let wanted = (topology.config)(world, &zone_id);
        let config = config(api.resource, &wanted);
        let run = api.run(world, &config).await;
        assert!(run.is_well(), "{} is made: {run:?}", topology.name);
        Self { moment: world.moment(), api, wanted, config, inventory: inventory(world).await }
    }
}

struct Drifting<'a> {
    world: &'a World,
    standing: &'a Standing,
    ledger: &'a Ledger,
    address: &'a Address,
    entry: &'a Entry,
    component: &'static dyn AnyComponent,
}

impl Drifting<'_> {
    /// What may be set on the living object.
    fn fields(&self) -> Vec<String> {
        let fixed = [self.component.meta().immutable, self.component.meta().uncompared].concat();
        let fields = self.entry.spec.as_object().into_iter().flat_map(|spec| spec.keys());
        fields.filter(|field| !fixed.contains(&field.as_str())).cloned().collect()
    }

    async fn deleted(&self) -> Healing {
        let deed =
            async |aws: Regional| self.component.delete(&aws, &self.entry.spec, &self.entry.outputs).await.is_ok();
        if self.came_about(deed).await { self.heals().await } else { Healing::Refused }
    }

    async fn changed(&self, field: &str) -> Healing {
        for value in others(&self.entry.spec[field]) {
            let mut spec = self.entry.spec.clone();
            spec[field] = value;
            let deed = async |aws: Regional| {
                self.component.update(&aws, &self.entry.outputs, &self.entry.spec, &spec).await.is_ok()
            };
            if self.came_about(deed).await {
                return self.heals().await;
            }
        }
        Healing::Refused
    }

    /// Does something to AWS with the component's own means, as somebody else; whether AWS holds anything else after it.
    async fn came_about(&self, deed: impl AsyncFnOnce(Regional) -> bool) -> bool {
        self.world.restore(&self.standing.moment);
        let ended = simulate(&self.world.clock, &self.world.network, async {
            let provider = self.world.connect().await.expect("AWS is there");
            deed(self.regional(&provider)).await
        });
        matches!(ended.await, Ended::Done(true)) && inventory(self.world).await != self.standing.inventory
    }

    fn regional(&self, provider: &Provider) -> Regional {
        let clock = Arc::clone(&provider.clock);
        let deadline = clock.now() + Duration::from_secs(600);
        let owner = self.standing.api.resource.owner(text(&self.standing.api.value, "name"));
        let run = AwsRun::new(deadline, CancellationToken::new(), clock);
        let owner_id = self.ledger.ownership.clone().expect("a ledger has an owner id").owner_id;
        let context = OwnerContext::new(owner, "us-east-1").identified(owner_id);
        Regional::new(Arc::clone(&provider.aws), Arc::new(run), Arc::new(context), self.address.clone())
    }

    async fn heals(&self) -> Healing {
        let mut problems = Vec::new();
        let mut api = self.standing.api.clone();
        let world = self.world;
        match simulate(&world.clock, &world.network, plan(world, &api, &self.standing.config)).await {
            Ended::Done(Ok(touched)) => {
                if !touched.contains(&self.address.to_string()) {
                    problems.push(format!("the plan does not name it, but {touched:?}"));
                }
                let strangers = touched.iter().filter(|other| !self.concerns(other)).collect::<Vec<_>>();
                if !strangers.is_empty() {
                    problems.push(format!("the plan names what has nothing to do with it: {strangers:?}"));
                }
            }
            Ended::Done(Err(told)) => problems.push(format!("it cannot be planned: {told:?}")),
            Ended::Killed => problems.push("it was killed".to_owned()),
        }
        let run = api.run(world, &self.standing.config).await;
        if !run.is_well() {
            problems.push(format!("the apply does not end well: {run:?}"));
        }
        let run = api.run(world, &self.standing.config).await;
        if run != (Run::Well { empty: true }) {
            problems.push(format!("the next plan is not empty: {run:?}"));
        }
        let differing = difference(&self.standing.inventory, &inventory(world).await);
        if !differing.is_empty() {
            problems.push(format!("it is not mended: {differing:#?}"));
        }
        if problems.is_empty() { Healing::Healed } else { Healing::Broken(problems) }
    }

    /// Whether `other` is it, or stands on it and may have to follow.
    fn concerns(&self, other: &str) -> bool {
        other.parse().is_ok_and(|other: Address| self.stands_on(&other))
    }

    fn stands_on(&self, other: &Address) -> bool {
        let entry = self.ledger.entries.get(other);
        other == self.address || entry.is_some_and(|entry| entry.depends_on.iter().any(|next| self.stands_on(next)))
    }
}

/// Somebody takes a region out of its name behind our back, and a user takes it out of the configuration then: who remembers
/// the name is answered all the same. What is wrong with that.
pub(super) async fn of_a_region_that_goes(world: &World, topology: &'static Topology) -> Vec<String> {
    // Whoever looks has to know where the name led before.
    world.network.watch(Some(Watch::over_a_change()));
    let standing = Standing::make(world, topology).await;
    let ledger = Ledger::from_private(&standing.api.private).expect("a ledger");
    let (_, less) = remove_region(world, standing.wanted.clone()).expect("there is a region more");
    let gone = |region: &str| less["regions"].get(region).is_none();
    let (address, entry) = ledger
        .entries
        .iter()
        .find(|(_, entry)| entry.spec["sets"].as_object().is_some_and(|sets| sets.len() > 1))
        .expect("a name of all");
    let component = Catalog::default().get(&address.kind).expect("a known kind");
    let drifting = Drifting { world, standing: &standing, ledger: &ledger, address, entry, component };
    let mut spec = entry.spec.clone();
    spec["sets"].as_object_mut().expect("sets").retain(|region, _| !gone(region));
    assert_ne!(spec, entry.spec, "it leads to the region that goes");
    let deed = async |aws: Regional| component.update(&aws, &entry.outputs, &entry.spec, &spec).await.is_ok();
    assert!(drifting.came_about(deed).await, "somebody takes it out");
    let mut api = standing.api.clone();
    let run = api.run(world, &config(api.resource, &less)).await;
    assert!(run.is_well(), "{run:?}");
    let wanted = names(&world.aws).await;
    world.network.watch(None).expect("somebody watched").holes(&wanted)
}

/// The components that a plan touches.
async fn plan(world: &World, api: &Kept, config: &Value) -> Result<BTreeSet<String>, Vec<Diagnostic>> {
    let provider = world.connect().await?;
    let (state, told) = provider.read(api.resource, api.state()).await;
    if told.iter().any(Diagnostic::is_error) {
        return Err(told);
    }
    let (planned, told) = provider.plan(api.resource, state.clone(), config.clone()).await;
    if told.iter().any(Diagnostic::is_error) {
        return Err(told);
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

/// Other values of the same kind, one of which AWS may take.
fn others(value: &Json) -> Vec<Json> {
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
            let more = items.iter().flat_map(|item| others(item).into_iter().take(1)).next();
            let mut more = items.iter().cloned().chain(more).collect::<Vec<_>>();
            more.dedup();
            vec![json!(more), json!(fewer)]
        }
        Json::Object(fields) => {
            let mut more = fields.clone();
            more.insert("changed".to_owned(), json!("yes"));
            // A record that leads elsewhere was cut over: it is somebody else's, and no drift.
            let inner = fields.iter().filter(|(name, _)| !name.starts_with("target")).flat_map(|(name, value)| {
                others(value).into_iter().map(move |other| {
                    let mut fields = fields.clone();
                    fields.insert(name.clone(), other);
                    Json::Object(fields)
                })
            });
            std::iter::once(Json::Object(more)).chain(inner).collect()
        }
    }
}
