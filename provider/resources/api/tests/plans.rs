//! From any valid configuration to any other: the plan is safe, and whatever way it is gone, it ends in the second one.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::Value as Json;

use super::super::Api;
use super::super::testing::{config, expand};
use crate::components::Catalog;
use crate::desired::{Address, Desired, Reference, is_open};
use crate::plan::{Action, Change, Entry, Kinds, Ledger, Plan, Scene, Step, change, lint, resolve};
use crate::resources::Resource;

const REGIONS: [&str; 4] = ["us-east-1", "us-west-2", "eu-central-1", "ap-southeast-1"];

/// How many choices make a configuration.
const CHOICES: usize = 28;

/// A configuration made of choices, of which 0 is always the plainest.
fn hcl(choices: &[u8]) -> String {
    let mut choices = choices.iter();
    let mut pick = |of: u8| usize::from(choices.next().map_or(0, |choice| choice % of));
    let (domain, cdn, policy) = (pick(3), pick(3), ["latency", "weighted", "failover"][pick(3)]);
    let most = if policy == "failover" { 2 } else { REGIONS.len() };
    let mut regions = Vec::new();
    for (at, name) in REGIONS.iter().enumerate() {
        let (kind, weight, primary) = (pick(4), pick(3) * 50, pick(2));
        if (kind == 1 && at > 0) || regions.len() == most {
            continue;
        }
        let mut region = vec![format!("weight = {}", weight + 1)];
        let is_first = regions.is_empty();
        region.extend((is_first && (primary == 1 || policy == "failover")).then(|| "primary = true".to_owned()));
        region.extend((kind == 2 && !is_first && policy != "failover").then(|| "traffic = \"drained\"".to_owned()));
        region.extend((kind == 3).then(|| format!("environment = {{ AT = \"{at}\" }}")));
        regions.push(format!("\"{name}\" = {{ {} }}", region.join(", ")));
    }
    let mut hcl = format!("name = \"giraffe\"\nregions = {{ {} }}\n", regions.join(", "));
    let (code, memory, own_role) = (["src", "other"][pick(2)], [128, 256][pick(2)], pick(3));
    let role = if own_role == 1 { ", role_arn = \"arn:aws:iam::123456789012:role/mine\"" } else { "" };
    hcl += &format!(
        "function = {{ source_dir = \"{code}\", handler = \"app.handler\", runtime = \"python3.12\", memory_mb = {memory}{role} }}\n"
    );
    let (regional, base, wildcard, disabled) = (pick(2) == 1, pick(3) == 1, pick(2) == 1, pick(2) == 1);
    if domain > 0 {
        let base = if base && cdn == 0 { ", base_path = \"v1\"" } else { "" };
        hcl += &format!(
            "domain = {{ name = \"api{domain}.example.com\", zone_id = \"Z0123456789\", regional_names = {regional}, \
             certificate = {{ wildcard = {wildcard} }}{base} }}\n"
        );
    }
    let (check, drain) = (pick(3), [60, 0, 300][pick(3)]);
    if domain > 0 && cdn != 1 {
        let check = match check {
            0 => String::new(),
            often => format!(", health_check = {{ path = \"/health\", interval_seconds = {} }}", [30, 10][often - 1]),
        };
        hcl += &format!("routing = {{ policy = \"{policy}\", drain_seconds = {drain}{check} }}\n");
    }
    let (log, route) = (pick(2) == 1, pick(2) == 1);
    let log = if log { ", access_log = {}" } else { "" };
    let routes = if route { "\"GET /a\", \"$default\"" } else { "\"$default\"" };
    let disabled = disabled && domain > 0 && cdn != 1;
    hcl += &format!("gateway = {{ routes = [{routes}], disable_execute_api_endpoint = {disabled}{log} }}\n");
    let (reads, alias) = (pick(2) == 1, pick(2) == 1);
    if cdn > 0 {
        let reads = if reads { ", read_paths = [\"/public/*\"]" } else { "" };
        let alias =
            if alias && domain > 0 { format!(", aliases = [\"api{domain}.example.com\"]") } else { String::new() };
        hcl += &format!("cdn = {{ origin = \"{}\"{reads}{alias} }}\n", ["", "group", "latency"][cdn]);
    }
    hcl
}

/// What a valid configuration wants.
fn wanted(choices: &[u8]) -> Option<(String, Desired)> {
    let hcl = hcl(choices);
    let config = config(&hcl);
    if !Api.validate(&config).is_empty() {
        return None;
    }
    expand(&config).ok().map(|expansion| (hcl, expansion.desired))
}

struct Pair {
    from: (String, Desired),
    to: (String, Desired),
}

impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "from\n{}to\n{}", self.from.0, self.to.0)
    }
}

/// Two valid configurations; of the choices of the second, most are those of the first.
fn pairs() -> impl Strategy<Value = Pair> {
    let choices = || prop::collection::vec(0..12u8, CHOICES);
    let differs = prop_oneof![
        3 => prop::collection::vec(prop::bool::weighted(0.1), CHOICES),
        1 => prop::collection::vec(prop::bool::weighted(0.7), CHOICES),
    ];
    (choices(), choices(), differs).prop_filter_map("both are valid", |(from, other, differs)| {
        let to: Vec<u8> = (0..CHOICES).map(|at| if differs[at] { other[at] } else { from[at] }).collect();
        Some(Pair { from: wanted(&from)?, to: wanted(&to)? })
    })
}

/// Chooses the next of several steps that may begin.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % sides
    }
}

/// An AWS that is nothing but a ledger. Outputs that do not follow from a spec are new for every object, and have a `#`.
struct Model {
    kinds: Catalog,
    /// The outputs that others refer to, by kind.
    outputs: BTreeMap<String, BTreeSet<String>>,
    ledger: Ledger,
    made: usize,
}

impl Scene for Model {
    fn output(&self, reference: &Reference) -> Option<Json> {
        self.ledger.entries.get(&reference.address)?.outputs.get(&reference.output).cloned()
    }

    fn is_ready(&self, address: &Address) -> bool {
        self.ledger.entries.contains_key(address)
    }
}

impl Model {
    fn new(pair: &Pair) -> Self {
        let mut outputs = BTreeMap::new();
        for (_, desired) in [&pair.from, &pair.to] {
            desired.nodes().values().for_each(|node| references(&node.spec, &mut outputs));
        }
        let kinds = Catalog::default().in_account("aws", "123456789012");
        Self { kinds, outputs, ledger: Ledger::default(), made: 0 }
    }

    fn plan(&self, desired: &Desired) -> Plan {
        Plan::checked(desired, &self.ledger, &self.kinds).unwrap_or_else(|mistake| panic!("{mistake}"))
    }

    /// Goes the way of the plan: of the steps that may begin, any is the next.
    fn go(&mut self, plan: &Plan, desired: &Desired, dice: &mut Dice) -> Result<(), String> {
        let mut done = BTreeSet::new();
        while done.len() < plan.steps.len() {
            let may_begin = |step: &Step| step.after.keys().chain(&step.waits_for).all(|before| done.contains(before));
            let ready: Vec<usize> =
                (0..plan.steps.len()).filter(|at| !done.contains(at) && may_begin(&plan.steps[*at])).collect();
            let next = ready[dice.throw(ready.len())];
            done.insert(next);
            let step = &plan.steps[next];
            self.step(step, desired)?;
            if let Some(harm) = self.harm() {
                return Err(format!("after {:?} of {}: {harm}", step.action, step.address));
            }
        }
        for (address, node) in desired.nodes() {
            let Some(entry) = self.ledger.entries.get_mut(address) else { return Err(format!("{address} is missing")) };
            entry.depends_on = node.depends_on.union(&node.waits_for).cloned().collect();
            let told = plan.difference.specs.get(address).and_then(Json::as_object);
            for field in self.kinds.meta(&address.kind).uncompared {
                if let (Some(spec), Some(value)) = (entry.spec.as_object_mut(), told.and_then(|told| told.get(*field)))
                {
                    spec.insert((*field).to_owned(), value.clone());
                }
            }
        }
        Ok(())
    }

    fn step(&mut self, step: &Step, desired: &Desired) -> Result<(), String> {
        let address = &step.address;
        match &step.action {
            Action::Delete => drop(self.ledger.entries.remove(address)),
            Action::Retire(old) => self.ledger.deposed.retain(|(other, entry)| other != address || entry != &**old),
            Action::Create | Action::Update(_) | Action::Replace(_) => {
                let node = desired.get(address).ok_or_else(|| format!("{address} is made and not wanted"))?;
                let entry = self.ledger.entries.get(address).cloned();
                let resolution = resolve(&node.spec, entry.as_ref().map(|entry| &entry.spec), self);
                if resolution.shut > 0 || is_open(&resolution.spec) {
                    return Err(format!("{address} is made before what it refers to: {}", resolution.spec));
                }
                let spec = resolution.spec;
                let change = entry.as_ref().map(|entry| change(&entry.spec, &spec, address, &self.kinds));
                let outputs = match (&change, &entry) {
                    (Some(Change::Keep | Change::Update(_)), Some(entry)) => entry.outputs.clone(),
                    _ => self.outputs_of(address, &spec),
                };
                let depends_on = node.depends_on.union(&node.waits_for).cloned().collect();
                let made = Entry { spec, outputs, depends_on, uncertain: false };
                if matches!(change, Some(Change::Replace(_))) {
                    self.ledger.deposed.extend(entry.map(|entry| (address.clone(), entry)));
                }
                self.ledger.entries.insert(address.clone(), made);
            }
        }
        Ok(())
    }

    fn outputs_of(&mut self, address: &Address, spec: &Json) -> Json {
        self.made += 1;
        let foreseen = self.kinds.foreseen(address, spec);
        let mut outputs = foreseen.and_then(|json| json.as_object().cloned()).unwrap_or_default();
        outputs.insert("which".to_owned(), self.made.into());
        for name in self.outputs.get(&address.kind).into_iter().flatten() {
            outputs.entry(name.clone()).or_insert_with(|| format!("{address}.{name}#{}", self.made).into());
        }
        Json::Object(outputs)
    }

    fn living(&self, kind: &str) -> impl Iterator<Item = (&Address, &Entry)> {
        let deposed = self.ledger.deposed.iter().map(|(address, entry)| (address, entry));
        self.ledger.entries.iter().chain(deposed).filter(move |(address, _)| kind.is_empty() || address.kind == kind)
    }

    /// Who is not served at this moment, or would not be.
    fn harm(&self) -> Option<String> {
        let mut alive = BTreeSet::new();
        self.living("").for_each(|(_, entry)| texts(&entry.outputs, &mut alive));
        for (address, entry) in self.living("") {
            let mut named = BTreeSet::new();
            texts(&entry.spec, &mut named);
            if let Some(gone) = named.iter().find(|text| text.contains('#') && !alive.contains(*text)) {
                return Some(format!("{address} refers to {gone}, which is gone"));
            }
        }
        self.ledger
            .entries
            .iter()
            .filter(|(address, _)| address.kind == "record")
            .find_map(|(address, record)| {
                let sets = record.spec["sets"].as_object()?;
                sets.values().find_map(|set| self.dead_end(set)).map(|why| format!("{address} leads nowhere: {why}"))
            })
            .or_else(|| self.closed_door())
    }

    /// Why a record set answers nobody.
    fn dead_end(&self, set: &Json) -> Option<String> {
        let set = set.get("value").unwrap_or(set);
        if self.living("distribution").any(|(_, entry)| entry.outputs["domain_name"] == set["target"]) {
            return None;
        }
        let Some((at, domain)) = self.living("domain").find(|(_, domain)| domain.outputs["target"] == set["target"])
        else {
            return Some(format!("nothing is at {}", set["target"]));
        };
        let leads = |(other, mapping): (&Address, &Entry)| {
            other.scope == at.scope && mapping.spec["domain"] == domain.outputs["name"]
        };
        let is_mapped = self.living("mapping").any(leads);
        let checks = |(_, check): &(&Address, &Entry)| check.outputs["id"] == set["health_check_id"];
        let is_asked = self.living("health_check").find(checks).map(|(_, check)| &check.spec["host"]);
        match is_asked.filter(|host| self.closed_hosts().contains(host)) {
            Some(host) => Some(format!("its health check asks {host}, which is closed")),
            None => (!is_mapped).then(|| format!("{at} is mapped to no API")),
        }
    }

    /// A distribution that asks at an endpoint that is closed.
    fn closed_door(&self) -> Option<String> {
        let (_, distribution) = self.ledger.entries.iter().find(|(address, _)| address.kind == "distribution")?;
        let origins = distribution.spec["origins"].as_object()?;
        let closed = self.closed_hosts();
        let host = origins.values().map(|origin| &origin["host"]).find(|host| closed.contains(host))?;
        Some(format!("the distribution asks {host}, which is closed"))
    }

    /// The hosts of the APIs whose own endpoints are closed.
    fn closed_hosts(&self) -> Vec<&Json> {
        let closed: Vec<&Json> = self
            .living("execute_api_endpoint")
            .filter(|(_, endpoint)| endpoint.spec["disabled"] == true)
            .map(|(_, endpoint)| &endpoint.spec["api_id"])
            .collect();
        let apis = self.living("http_api").filter(|(_, api)| closed.contains(&&api.outputs["id"]));
        apis.map(|(_, api)| &api.outputs["host"]).filter(|host| !host.is_null()).collect()
    }
}

fn references(json: &Json, outputs: &mut BTreeMap<String, BTreeSet<String>>) {
    if let Ok(Reference { address, output }) = serde_json::from_value(json.clone()) {
        outputs.entry(address.kind).or_default().insert(output);
        return;
    }
    match json {
        Json::Object(map) => map.values().for_each(|value| references(value, outputs)),
        Json::Array(items) => items.iter().for_each(|item| references(item, outputs)),
        _ => {}
    }
}

fn texts<'a>(json: &'a Json, all: &mut BTreeSet<&'a str>) {
    match json {
        Json::String(text) => drop(all.insert(text)),
        Json::Object(map) => map.values().for_each(|value| texts(value, all)),
        Json::Array(items) => items.iter().for_each(|item| texts(item, all)),
        _ => {}
    }
}

/// Whether `after` still comes after `before` by some way; where `before` has to succeed, by one of such steps alone.
fn comes_after(plan: &Plan, before: usize, after: usize, succeeds: bool) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![after]);
    while let Some(at) = open.pop() {
        let step = &plan.steps[at];
        let others = step.waits_for.iter().filter(|_| !succeeds);
        open.extend(step.after.keys().chain(others).filter(|other| seen.insert(**other)));
    }
    seen.contains(&before)
}

/// Goes from nothing to the first, to the second, and back to nothing. Planning itself refuses what the lint refuses.
fn there_and_back(pair: &Pair, seed: u64) -> Result<(), TestCaseError> {
    let (mut model, mut dice) = (Model::new(pair), Dice(seed));
    for (_, desired) in [&pair.from, &pair.to] {
        let plan = model.plan(desired);
        let gone = model.go(&plan, desired, &mut dice);
        prop_assert_eq!(gone, Ok(()), "{:?}", &pair);
        prop_assert!(model.ledger.deposed.is_empty());
        prop_assert!(model.ledger.entries.keys().eq(desired.nodes().keys()));
        prop_assert_eq!(model.plan(desired).steps, vec![], "{:?}", &pair);
    }
    let destroy = Plan::destroy(&model.ledger, &model.kinds);
    prop_assert_eq!(lint(&destroy, None, &model.ledger, &model.kinds), Ok(()));
    prop_assert_eq!(model.go(&destroy, &Desired::default(), &mut dice), Ok(()));
    prop_assert!(model.ledger.is_empty());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn any_way_from_any_configuration_to_any_other_is_safe(pair in pairs(), seed in any::<u64>()) {
        there_and_back(&pair, seed)?;
    }

    /// There is nothing in an order that could be left out: whatever one step waits for, and by no other way would wait for.
    #[test]
    fn a_plan_that_lacks_an_order_is_refused(pair in pairs(), seed in any::<u64>()) {
        let (mut model, mut dice) = (Model::new(&pair), Dice(seed));
        let first = model.plan(&pair.from.1);
        model.go(&first, &pair.from.1, &mut dice).map_err(TestCaseError::fail)?;
        let whole = model.plan(&pair.to.1);
        let orders: Vec<(usize, usize, bool)> = whole.steps.iter().enumerate().flat_map(|(at, step)| {
            let after = step.after.keys().map(move |before| (*before, at, true));
            after.chain(step.waits_for.iter().map(move |before| (*before, at, false)))
        }).collect();
        for _ in 0..orders.len().min(20) {
            let (before, at, succeeds) = orders[dice.throw(orders.len())];
            let mut plan = whole.clone();
            if succeeds {
                plan.steps[at].after.remove(&before);
            } else {
                plan.steps[at].waits_for.remove(&before);
            }
            let refused = lint(&plan, Some(&pair.to.1), &model.ledger, &model.kinds).is_err();
            prop_assert!(
                refused || comes_after(&plan, before, at, succeeds),
                "{} need not wait for {}? {:?}",
                plan.steps[at].address, plan.steps[before].address, pair
            );
        }
    }
}

#[test]
fn most_choices_make_a_valid_configuration() {
    let mut dice = Dice(1);
    let choices =
        |dice: &mut Dice| -> Vec<u8> { (0..CHOICES).map(|_| u8::try_from(dice.throw(12)).unwrap()).collect() };
    let valid = (0..200).filter(|_| wanted(&choices(&mut dice)).is_some()).count();
    assert!(valid > 100, "{valid} of 200");
}

/// Whoever is asked at API Gateway's own endpoints has turned to custom domain names before they are closed.
#[test]
fn endpoints_close_after_cloudfront_has_turned_away() {
    let hcl = |gateway: bool, more: &str| {
        format!(
            "name = \"giraffe\"\nregions = {{ \"us-east-1\" = {{}}, \"us-west-2\" = {{}} }}\n\
             function = {{ source_dir = \"src\", handler = \"app.handler\", runtime = \"python3.12\" }}\n\
             gateway = {{ disable_execute_api_endpoint = {gateway} }}\n{more}\n"
        )
    };
    let domain = |regional| {
        format!("domain = {{ name = \"api.example.com\", zone_id = \"Z1\", regional_names = {regional} }}\n")
    };
    let latency = "cdn = { origin = \"latency\", read_paths = [\"/public/*\"] }";
    let cases = [
        // It asks an origin group of the endpoints, and goes; it asks one endpoint, and is changed.
        (domain(false) + "cdn = { origin = \"group\" }", domain(false)),
        (domain(false) + latency, domain(true) + latency),
    ];
    for (from, to) in cases {
        let wanted = |hcl: String| {
            let config = config(&hcl);
            assert_eq!(Api.validate(&config), []);
            let desired = expand(&config).unwrap().desired;
            (hcl, desired)
        };
        let pair = Pair { from: wanted(hcl(false, &from)), to: wanted(hcl(true, &to)) };
        (0..50).for_each(|seed| there_and_back(&pair, seed).unwrap());
    }
}
