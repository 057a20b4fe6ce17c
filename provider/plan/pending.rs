//! What a plan leaves for a later one, because a region does not respond. Pure.
//!
//! Components in such a region stay as they are, and so do those that need a component that cannot be created there. Everything
//! else is planned as always.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::diff::{Cycle, diff};
use super::resolve::{Scene, resolve};
use super::{Change, Difference, Entry, Kinds, Ledger};
use crate::desired::{Address, Desired, Node, Reference, Scope, has_unknown};

/// The part of a desired graph that can be applied while regions do not respond.
#[derive(Debug, Clone)]
pub struct Reachable {
    /// The desired graph. Components that cannot be changed are in it as they are; those that cannot be created are not.
    pub desired: Desired,
    /// The ledger without replaced objects that cannot be deleted.
    pub ledger: Ledger,
    /// The components that differ from the desired graph and stay so.
    pub pending: BTreeSet<Address>,
    /// Whether `pending` is final. A value that is unknown until the apply can turn out to be the current one.
    pub is_certain: bool,
}

/// The components that a plan leaves alone.
#[derive(Default)]
struct Left {
    /// Those that exist and stay as they are.
    kept: BTreeSet<Address>,
    /// Those that do not exist and cannot be created.
    missing: BTreeSet<Address>,
    /// Those of both that could be changed, but need one that cannot be created.
    blocked: BTreeSet<Address>,
    /// Those that exist and cannot be replaced.
    irreplaceable: BTreeSet<Address>,
}

impl Reachable {
    /// The part of `desired` that can be applied while the regions `ledger.unreachable` do not respond.
    ///
    /// # Errors
    /// [`Cycle`].
    pub fn of(desired: &Desired, ledger: &Ledger, home_region: &str, kinds: &dyn Kinds) -> Result<Self, Cycle> {
        if ledger.unreachable.is_empty() {
            let (desired, ledger) = (desired.clone(), Ledger { pending: BTreeSet::new(), ..ledger.clone() });
            return Ok(Self { desired, ledger, pending: BTreeSet::new(), is_certain: true });
        }
        let difference = diff(desired, ledger, kinds)?;
        let mut search =
            Search { desired, ledger, home_region, kinds, difference: &difference, waiting: BTreeSet::new() };
        let left = search.left();
        let changes = |address: &&Address| difference.changes.get(*address).is_none_or(|change| !change.is_keep());
        let pending: BTreeSet<Address> = left.kept.iter().filter(changes).chain(&left.missing).cloned().collect();
        let is_open = |address: &Address| difference.specs.get(address).is_some_and(has_unknown);
        let is_certain = !pending.iter().any(is_open);
        let specs = left.kept.iter().filter_map(|at| Some((at.clone(), ledger.entries.get(at)?.spec.clone())));
        let reachable = desired.keeping(&left.missing, specs.collect());
        let deposed = ledger.deposed.iter().filter(|(address, entry)| !search.holds(address, entry, &left.kept));
        let ledger = Ledger { deposed: deposed.cloned().collect(), pending: pending.clone(), ..ledger.clone() };
        Ok(Self { desired: reachable, ledger, pending, is_certain })
    }
}

struct Search<'a> {
    desired: &'a Desired,
    ledger: &'a Ledger,
    home_region: &'a str,
    kinds: &'a dyn Kinds,
    difference: &'a Difference,
    /// The regions that respond, and in which all changes wait for those that do not.
    waiting: BTreeSet<&'a Scope>,
}

impl Search<'_> {
    /// Whether the component's region does not respond, or waits for one.
    fn is_out(&self, address: &Address) -> bool {
        if self.waiting.contains(&address.scope) {
            return true;
        }
        let home = || Some(self.home_region).filter(|_| self.is_home(address));
        address.scope.region().or_else(home).is_some_and(|region| self.ledger.unreachable.contains_key(region))
    }

    /// Whether a global component is managed by calls to the home region. It is ordered around all others, and refers to none.
    fn is_home(&self, address: &Address) -> bool {
        self.kinds.meta(&address.kind).in_home_region
    }

    /// What the plan leaves alone. A component that stays as it is, or keeps a part of its spec behind a shut gate, such as a
    /// distribution or a record, may lead to anything that the plan would delete. Then the regions of those objects stay as they
    /// are, too: a change of the topology waits for all regions.
    fn left(&mut self) -> Left {
        let (desired, ledger) = (self.desired, self.ledger);
        let removed = || ledger.entries.keys().filter(|address| desired.get(address).is_none());
        loop {
            let mut left = self.left_once();
            let exists = |address: &Address| !self.is_home(address) && ledger.entries.contains_key(address);
            if left.blocked.iter().chain(self.gated(&left)).any(exists) {
                let regions = removed().map(|address| &address.scope).filter(|scope| scope.region().is_some());
                let known = self.waiting.len();
                self.waiting.extend(regions);
                if self.waiting.len() > known {
                    continue;
                }
                left.kept.extend(removed().cloned());
            }
            left.kept.extend(removed().filter(|address| self.is_out(address)).cloned());
            self.keep_what_they_use(&mut left);
            self.keep_until_removals(&mut left);
            self.wait_for_removals(&mut left);
            return left;
        }
    }

    /// The components that keep a part of their spec behind a shut gate.
    fn gated<'b>(&'b self, left: &'b Left) -> impl Iterator<Item = &'b Address> {
        let nodes = self.desired.nodes().iter();
        nodes.filter(|(_, node)| !node.waits_for.is_disjoint(&left.missing)).map(|(address, _)| address)
    }

    fn left_once(&self) -> Left {
        let mut left = Left::default();
        for address in &self.difference.order {
            let Some(node) = self.desired.get(address) else { continue };
            let (is_out, is_blocked) = (self.is_out(address), self.is_blocked(address, node, &left));
            if is_blocked && !is_out {
                left.blocked.insert(address.clone());
            }
            if is_out || is_blocked {
                let exists = self.ledger.entries.contains_key(address);
                let set = if exists { &mut left.kept } else { &mut left.missing };
                set.insert(address.clone());
                if matches!(self.difference.changes.get(address), Some(Change::Replace(_))) {
                    left.irreplaceable.insert(address.clone());
                }
            }
        }
        left
    }

    /// Keeps the components that change only after all removals, as long as a global object is not removed: a distribution may
    /// still send requests to the default endpoint that the plan would disable.
    fn keep_until_removals(&self, left: &mut Left) {
        let is_global = |address: &&Address| address.scope.region().is_none() && !self.is_home(address);
        if left.kept.iter().filter(is_global).any(|address| self.desired.get(address).is_none()) {
            let nodes = self.desired.nodes().iter().filter(|(_, node)| node.is_last);
            left.kept.extend(nodes.map(|(at, _)| at).filter(|at| self.ledger.entries.contains_key(at)).cloned());
        }
    }

    /// Keeps the components in the home region, which list the regions of the resource, while objects wait for their deletion.
    fn wait_for_removals(&self, left: &mut Left) {
        if left.kept.iter().all(|address| self.desired.get(address).is_some()) {
            return;
        }
        for address in self.desired.nodes().keys().filter(|address| self.is_home(address)) {
            let set = if self.ledger.entries.contains_key(address) { &mut left.kept } else { &mut left.missing };
            set.insert(address.clone());
        }
    }

    /// Whether a component needs one that cannot be created or replaced, or is changed only after one that does.
    fn is_blocked(&self, address: &Address, node: &Node, left: &Left) -> bool {
        if [&left.missing, &left.irreplaceable, &left.blocked].iter().any(|set| !node.depends_on.is_disjoint(set)) {
            return true;
        }
        if node.waits_for.is_disjoint(&left.missing) {
            return false;
        }
        let previous = self.ledger.entries.get(address).map(|entry| &entry.spec);
        let resolution = resolve(&node.waiting_for(&left.missing), previous, &Gates(&left.missing));
        resolution.opened == 0 && resolution.shut > 0
    }

    /// Keeps the objects that a kept one uses, or one that keeps a part of its spec behind a shut gate, if the plan would delete
    /// or replace them.
    fn keep_what_they_use(&self, left: &mut Left) {
        let mut open: Vec<Address> = left.kept.iter().filter(|address| !self.is_home(address)).cloned().collect();
        open.extend(self.gated(left).cloned());
        while let Some(user) = open.pop() {
            let Some(entry) = self.ledger.entries.get(&user) else { continue };
            for address in &entry.depends_on {
                let Some(used) = self.ledger.entries.get(address) else { continue };
                let goes = match self.difference.changes.get(address) {
                    None | Some(Change::Replace(_)) => true,
                    Some(Change::Keep | Change::Create | Change::Update(_)) => false,
                };
                if goes && self.uses(entry, address, used) && left.kept.insert(address.clone()) {
                    open.push(address.clone());
                }
            }
        }
    }

    /// Whether a replaced object cannot be deleted: its region does not respond, or a kept object uses it.
    fn holds(&self, address: &Address, replaced: &Entry, kept: &BTreeSet<Address>) -> bool {
        let mut users = kept.iter().filter_map(|user| self.ledger.entries.get(user));
        self.is_out(address)
            || users.any(|user| user.depends_on.contains(address) && self.uses(user, address, replaced))
    }

    /// Whether the spec of `user` contains an output of an object. Dependencies that only order steps do not count.
    fn uses(&self, user: &Entry, address: &Address, object: &Entry) -> bool {
        let outputs = self.kinds.meta(&address.kind).outputs.iter().filter_map(|name| object.outputs.get(*name));
        let values: BTreeSet<&str> = outputs.filter_map(Json::as_str).filter(|value| !value.is_empty()).collect();
        contains(&user.spec, &values)
    }
}

/// Whether one of the texts occurs in a spec.
fn contains(json: &Json, texts: &BTreeSet<&str>) -> bool {
    match json {
        Json::String(text) => texts.contains(text.as_str()),
        Json::Array(items) => items.iter().any(|item| contains(item, texts)),
        Json::Object(map) => map.values().any(|value| contains(value, texts)),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

/// The gates that stay shut, because these components cannot be created.
struct Gates<'a>(&'a BTreeSet<Address>);

impl Scene for Gates<'_> {
    fn output(&self, _: &Reference) -> Option<Json> {
        None
    }

    fn is_ready(&self, address: &Address) -> bool {
        !self.0.contains(address)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::desired::{AddressOf, Kind, KindMeta};
    use crate::plan::testing::{self, Facts};
    use crate::plan::{Action, Plan, View};
    use crate::wire::Path;

    /// A regional object.
    struct Local;
    /// A global object.
    struct Shared;
    /// A global object that is in the home region.
    struct Home;

    impl Kind for Local {
        type Spec = Json;
        const META: KindMeta = KindMeta { name: "local", outputs: &["id"], immutable: &["fixed"], ..KindMeta::DEFAULT };
    }

    impl Kind for Shared {
        type Spec = Json;
        const META: KindMeta =
            KindMeta { name: "shared", global: true, outputs: &["id"], immutable: &["fixed"], ..KindMeta::DEFAULT };
    }

    impl Kind for Home {
        type Spec = Json;
        const META: KindMeta = KindMeta { name: "home", global: true, in_home_region: true, ..KindMeta::DEFAULT };
    }

    const KNOWN: Facts = Facts(&[&Local::META, &Shared::META, &Home::META]);

    const HOME: &str = "us-east-1";

    fn local(region: &str, key: &str) -> AddressOf<Local> {
        Address::of(region).key(key)
    }

    fn shared(key: &str) -> AddressOf<Shared> {
        Address::global_of().key(key)
    }

    fn id_of(address: impl Into<Address>) -> Json {
        json!({ "$ref": address.into(), "output": "id" })
    }

    /// A role; in each region an API, which uses the role, and a probe of the API; a record that leads to every region that
    /// passes its probe; and a marker in the home region. `version` is a setting of each API.
    fn api(regions: &[&str], version: u32) -> Desired {
        with_role(regions, version, &json!({}))
    }

    fn with_role(regions: &[&str], version: u32, role: &Json) -> Desired {
        let mut desired = Desired::default();
        let home = desired.add(Address::global_of::<Home>(), Path::root(), &json!({ "regions": regions }));
        desired.add(shared("role"), Path::root(), role);
        let mut sets = serde_json::Map::new();
        for region in regions {
            let spec = json!({ "role": id_of(shared("role")), "version": version });
            desired.add(local(region, "api"), Path::root(), &spec);
            let probe = json!({ "api": id_of(local(region, "api")) });
            desired.add(local(region, "probe"), Path::root(), &probe);
            let ready = Address::from(local(region, "probe"));
            sets.insert((*region).to_owned(), json!({ "$ready": [ready], "value": id_of(local(region, "api")) }));
        }
        desired.add(shared("record"), Path::root(), &json!({ "sets": sets }));
        desired.order_last(&home);
        desired
    }

    /// The ledger after `desired` was applied.
    fn applied(desired: &Desired) -> Ledger {
        testing::applied(desired, &KNOWN, |address| json!({ "id": format!("id of {address}") }))
    }

    /// The plan to `desired` while these regions do not respond: its steps, and the pending components.
    fn planned(desired: &Desired, ledger: &Ledger, regions: &[&str]) -> (Vec<String>, Vec<String>) {
        let unreachable = regions.iter().map(|region| ((*region).to_owned(), "silence".to_owned())).collect();
        let ledger = Ledger { unreachable, ..ledger.clone() };
        let reachable = Reachable::of(desired, &ledger, HOME, &KNOWN).unwrap();
        let plan = Plan::checked(&reachable.desired, &reachable.ledger, &KNOWN).unwrap();
        let view = View::planned(&plan.difference, &reachable.ledger, &KNOWN);
        for address in &reachable.pending {
            assert!(view.components.contains_key(address), "{address} is shown");
        }
        let steps = plan.steps.iter().map(|step| {
            let sign = match step.action {
                Action::Create => '+',
                Action::Update(_) => '~',
                Action::Replace(_) => '±',
                Action::Record => '·',
                Action::Delete => '-',
                Action::Release => '○',
                Action::Retire(_) => '⊖',
            };
            format!("{sign} {}", step.address)
        });
        (steps.collect(), reachable.pending.iter().map(ToString::to_string).collect())
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    const BOTH: [&str; 2] = ["us-east-1", "us-west-2"];

    #[test]
    fn changes_in_a_region_that_does_not_respond_are_pending() {
        let ledger = applied(&api(&BOTH, 1));
        let (steps, pending) = planned(&api(&BOTH, 2), &ledger, &["us-west-2"]);
        assert_eq!(steps, texts(&["~ us-east-1/local/api"]));
        assert_eq!(pending, texts(&["us-west-2/local/api"]));
        assert_eq!(planned(&api(&BOTH, 1), &ledger, &["us-west-2"]), (Vec::new(), Vec::new()), "nothing differs");
        assert_eq!(planned(&api(&BOTH, 2), &ledger, &["eu-west-1"]).1, Vec::<String>::new(), "another region");
    }

    #[test]
    fn a_removed_region_loses_its_record_and_keeps_its_objects() {
        let ledger = applied(&api(&BOTH, 1));
        let (steps, pending) = planned(&api(&BOTH[..1], 1), &ledger, &["us-west-2"]);
        assert_eq!(steps, texts(&["~ global/shared/record"]));
        assert_eq!(pending, texts(&["global/home", "us-west-2/local/api", "us-west-2/local/probe"]));
    }

    #[test]
    fn a_region_is_removed_without_the_home_region() {
        let ledger = applied(&api(&BOTH, 1));
        let (steps, pending) = planned(&api(&BOTH[..1], 1), &ledger, &["us-east-1"]);
        let expected = ["~ global/shared/record", "- us-west-2/local/api", "- us-west-2/local/probe"];
        assert_eq!(steps, texts(&expected));
        assert_eq!(pending, texts(&["global/home"]));
    }

    #[test]
    fn a_component_that_needs_a_missing_one_waits_and_a_gate_stays_shut() {
        let mut ledger = applied(&api(&BOTH[..1], 1));
        let (steps, pending) = planned(&api(&BOTH, 1), &ledger, &["us-west-2"]);
        assert_eq!(steps, Vec::<String>::new(), "the record keeps its set");
        assert_eq!(pending, texts(&["global/home", "us-west-2/local/api", "us-west-2/local/probe"]));
        // An interrupted apply: the API is lost, and the record still leads to it.
        ledger = applied(&api(&BOTH, 1));
        ledger.entries.retain(|address, _| address.scope.region() != Some("us-west-2"));
        let (steps, _) = planned(&api(&BOTH, 1), &ledger, &["us-west-2"]);
        assert_eq!(steps, Vec::<String>::new(), "the record keeps both sets");
        // The record of the only region.
        let (steps, pending) = planned(&api(&["us-west-2"], 1), &Ledger::default(), &["us-west-2"]);
        assert_eq!(steps, texts(&["+ global/shared/role"]));
        assert!(pending.contains(&"global/shared/record".to_owned()), "{pending:?}");
    }

    #[test]
    fn an_object_that_a_pending_one_uses_is_neither_replaced_nor_deleted() {
        let ledger = applied(&api(&BOTH, 1));
        let desired = with_role(&BOTH, 1, &json!({ "fixed": "another" }));
        let (steps, pending) = planned(&desired, &ledger, &[]);
        assert!(steps.contains(&"± global/shared/role".to_owned()) && pending.is_empty(), "{steps:?}");
        let (steps, pending) = planned(&desired, &ledger, &["us-west-2"]);
        assert_eq!(steps, Vec::<String>::new());
        assert!(pending.contains(&"global/shared/role".to_owned()), "{pending:?}");
    }

    #[test]
    fn a_component_that_needs_one_that_cannot_be_replaced_waits() {
        let with = |fixed: &str, ttl: u32| {
            let mut desired = Desired::default();
            for region in BOTH {
                desired.add(local(region, "api"), Path::root(), &json!({ "fixed": fixed }));
            }
            let apis: Vec<Json> = BOTH.iter().map(|region| id_of(local(region, "api"))).collect();
            desired.add(shared("distribution"), Path::root(), &json!({ "of": apis, "ttl": ttl }));
            desired
        };
        let ledger = applied(&with("old", 1));
        let (steps, pending) = planned(&with("new", 2), &ledger, &["us-west-2"]);
        assert_eq!(steps, Vec::<String>::new(), "the distribution leads to the old API of us-east-1, too");
        assert!(pending.contains(&"global/shared/distribution".to_owned()), "{pending:?}");
        let (steps, _) = planned(&with("old", 2), &ledger, &["us-west-2"]);
        assert_eq!(steps, texts(&["~ global/shared/distribution"]), "nothing is replaced");
    }

    #[test]
    fn a_component_that_changes_after_all_removals_waits_for_those_that_wait() {
        // With a distribution, a record leads to it, and the endpoints are open. Without it, the record leads to a domain in each
        // region, and the endpoints are shut.
        let with = |has_distribution: bool| {
            let mut desired = Desired::default();
            for region in BOTH {
                desired.add(local(region, "api"), Path::root(), &json!({}));
                let spec = json!({ "api": id_of(local(region, "api")), "open": has_distribution });
                let endpoint = desired.add(local(region, "endpoint"), Path::root(), &spec);
                desired.order_after_removals(&endpoint);
            }
            let mut sets = serde_json::Map::new();
            if has_distribution {
                let spec = json!({ "origin": id_of(local("us-west-2", "api")) });
                desired.add(shared("distribution"), Path::root(), &spec);
                sets.insert("all".to_owned(), json!({ "value": id_of(shared("distribution")) }));
            } else {
                for region in BOTH {
                    let spec = json!({ "api": id_of(local(region, "api")) });
                    desired.add(local(region, "domain"), Path::root(), &spec);
                    let domain = Address::from(local(region, "domain"));
                    let set = json!({ "$ready": [domain], "value": id_of(local(region, "domain")) });
                    sets.insert(region.to_owned(), set);
                }
            }
            desired.add(shared("record"), Path::root(), &json!({ "sets": sets }));
            desired
        };
        let ledger = applied(&with(true));
        let shut = "~ us-west-2/local/endpoint".to_owned();
        let (steps, pending) = planned(&with(false), &ledger, &["us-east-1"]);
        assert!(!steps.contains(&"- global/shared/distribution".to_owned()) && !steps.contains(&shut), "{steps:?}");
        assert!(pending.contains(&"us-west-2/local/endpoint".to_owned()), "{pending:?}");
        assert!(planned(&with(false), &ledger, &[]).0.contains(&shut));
    }

    #[test]
    fn a_replaced_object_in_a_region_that_does_not_respond_is_deleted_later() {
        let desired = api(&BOTH, 1);
        let mut ledger = applied(&desired);
        let address = Address::from(local("us-west-2", "api"));
        let old = Entry { outputs: json!({ "id": "old" }), ..ledger.entries[&address].clone() };
        ledger.deposed.push((address, old));
        assert_eq!(planned(&desired, &ledger, &["us-west-2"]).0, Vec::<String>::new());
        assert_eq!(planned(&desired, &ledger, &[]).0, texts(&["⊖ us-west-2/local/api"]));
    }

    #[test]
    fn whether_a_value_changes_is_uncertain_while_it_is_unknown() {
        let ledger = applied(&api(&BOTH, 1));
        let unreachable = [("us-west-2".to_owned(), String::new())].into();
        let ledger = Ledger { unreachable, ..ledger };
        let mut desired = api(&BOTH, 1);
        assert!(Reachable::of(&desired, &ledger, HOME, &KNOWN).unwrap().is_certain);
        let spec = json!({ "role": id_of(shared("role")), "version": { "$unknown": true } });
        desired.add(local("us-west-2", "api2"), Path::root(), &spec);
        assert!(!Reachable::of(&desired, &ledger, HOME, &KNOWN).unwrap().is_certain);
    }
}
