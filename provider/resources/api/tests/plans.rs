//! Plans from any valid configuration to any other are safe, and reach the second one in every permitted step order.
//!
//! The configurations cover every topology: with and without a domain and CloudFront, HTTP and REST APIs from routes and from
//! documents, one function, several, and none. Their differences are what users change to switch between topologies.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::Value as Json;

use super::super::Api;
use super::super::testing::{config, expand};
use crate::components::Catalog;
use crate::components::lambda::version::Version;
use crate::desired::{Address, Desired, Kind, Reference, Scope, is_open};
use crate::plan::{Action, Change, Entry, Kinds, Ledger, Plan, Reachable, Step, View, change, lint, resolve};
use crate::resources::Resource;
use crate::resources::function::Function;
use crate::resources::shared::testing::{FakePackages, expand_with_referent, parsed};
use crate::resources::shared::values::complete;
use crate::wire::Diagnostic;

const REGIONS: [&str; 4] = ["us-east-1", "us-west-2", "eu-central-1", "ap-southeast-1"];

/// The number of choices that determine a configuration.
const CHOICES: usize = 43;

const POLICIES: [&str; 6] = ["latency", "weighted", "failover", "geolocation", "geoproximity", "ip_based"];

/// The locations of each region: as another region, and as the first one, which has the other clients, too.
const LOCATIONS: [[&str; 2]; 4] =
    [["\"NA\"", "\"NA\", \"*\""], ["\"US-WA\"", "\"*\""], ["\"EU\", \"DE\"", "\"*\""], ["\"AS\"", "\"*\""]];

/// The blocks of each region, in the same way.
const CIDRS: [[&str; 2]; 4] = [
    ["\"10.0.0.0/8\"", "\"10.0.0.0/8\", \"*\""],
    ["\"11.0.0.0/8\"", "\"*\""],
    ["\"12.0.0.0/8\", \"2001:db8::/32\"", "\"*\""],
    ["\"13.0.0.0/8\"", "\"*\""],
];

/// Builds a configuration from choices. Choice 0 is always the simplest option.
fn hcl(choices: &[u8]) -> String {
    let mut choices = choices.iter();
    let mut pick = |of: u8| usize::from(choices.next().map_or(0, |choice| choice % of));
    let (domain, cdn, policy) = (pick(3), pick(4), POLICIES[pick(6)]);
    // The latency-routed origin needs a domain.
    let domain = if cdn == 2 { domain.max(1) } else { domain };
    let (mut regions, mut serving, mut drained) = (Vec::new(), Vec::new(), Vec::new());
    for (at, name) in REGIONS.iter().enumerate() {
        let (kind, weight, primary) = (pick(4), pick(3) * 50, pick(2));
        if kind == 1 && at > 0 {
            continue;
        }
        let mut region = vec![format!("weight = {}", weight + 1)];
        let is_first = regions.is_empty();
        region.extend((is_first && (primary == 1 || policy == "failover")).then(|| "primary = true".to_owned()));
        region.extend(
            (policy == "geolocation").then(|| format!("locations = [{}]", LOCATIONS[at][usize::from(is_first)])),
        );
        region.extend((policy == "ip_based").then(|| format!("cidrs = [{}]", CIDRS[at][usize::from(is_first)])));
        region.extend((kind == 3).then(|| format!("environment = {{ AT = \"{at}\" }}")));
        if kind == 2 && !is_first { &mut drained } else { &mut serving }.push(format!("\"{name}\""));
        regions.push(format!("\"{name}\" = {{ {} }}", region.join(", ")));
    }
    let mut hcl = format!("drained = [{}]\n", drained.join(", "));
    let (code, memory, own_role) = (["src", "other"][pick(2)], [128, 256][pick(2)], pick(3));
    let role = if own_role == 1 { ", role_arn = \"arn:aws:iam::123456789012:role/mine\"" } else { "" };
    let function = format!(
        "source_dir = \"{code}\", handler = \"app.handler\", runtime = \"python3.12\", memory_mb = {memory}{role}"
    );
    let (regional, base, wildcard, disabled) = (pick(2) == 1, pick(3) == 1, pick(2) == 1, pick(2) == 1);
    if domain > 0 {
        let base = if base && cdn == 0 { ", base_path = \"v1\"" } else { "" };
        let certificate = if wildcard { ", certificate = { wildcard = true }" } else { "" };
        hcl += &format!(
            "domain = {{ name = \"api{domain}.example.com\", zone_id = \"Z0123456789\", regional_names = {regional}{certificate}{base} }}\n"
        );
    }
    let (check, drain) = (pick(4), [60, 0, 300][pick(3)]);
    let over_regions = if pick(2) == 1 { ", calculated = { threshold = 1 }" } else { "" };
    if cdn == 3 {
        hcl += &format!("routing = {{ policy = \"{policy}\" }}\n");
    } else if domain > 0 && cdn != 1 {
        let check = match check {
            0 => String::new(),
            3 => ", health_check = { path = \"/\", protocol = \"tcp\" }".to_owned(),
            often => {
                format!(", health_check = {{ path = \"/\", interval_seconds = {}{over_regions} }}", [30, 10][often - 1])
            }
        };
        hcl += &format!("routing = {{ policy = \"{policy}\", drain_seconds = {drain}{check} }}\n");
    }
    let (log, route) = (pick(2) == 1, pick(2) == 1);
    let disabled = disabled && domain > 0 && cdn != 1 && cdn != 3;
    let mut gateway =
        format!("disable_execute_api_endpoint = {disabled}{}", if log { ", access_log = {}" } else { "" });
    let (reads, alias, invalidates) = (pick(4), pick(2) == 1, pick(2) == 1);
    if cdn > 0 {
        let mut reads = [
            "",
            ", read_paths = [\"/public/*\"]",
            ", behaviors = { \"/a/*\" = { cache = { key = { headers = [] } } }, \"/b\" = { writes = true } }",
            ", read_paths = [\"/a\"], cache = { key = { cookies = [] } }, behaviors = { \"/b\" = { region = \"us-east-1\", response_headers = { remove = [\"a\"] } } }",
        ][reads]
            .to_owned();
        if invalidates {
            reads += ", invalidate_on_change = [\"/*\"]";
        }
        if cdn == 1 && serving.len() > 2 {
            reads += &format!(", group_order = [{}]", serving[..2].join(", "));
        }
        let alias =
            if alias && domain > 0 { format!(", aliases = [\"api{domain}.example.com\"]") } else { String::new() };
        hcl +=
            &format!("cdn = {{ origin = \"{}\"{reads}{alias} }}\n", ["", "group", "latency", "key_value_store"][cdn]);
    }
    let front = front(&mut pick, &function, route);
    gateway += &front.gateway;
    hcl += [
        "",
        "rollout = { waves = [[\"us-east-1\"]], bake_seconds = 5, verify = {} }\n",
        "rollout = { bake_seconds = 5, canary_percent = 10, verify = {}, alarms = { \"us-east-1\" = [\"errors\"] } }\n",
    ][pick(3)];
    // CloudFront has a staging distribution only without HTTP/3.
    let staging = [
        "",
        "staging = { percent = 5, behaviors = { \"/new/*\" = { region = \"us-east-1\" } } }, ",
        "staging = { percent = 5, read_paths = [\"/new/*\"], cache = { default_ttl_seconds = 5 } }, ",
        "staging = { header = { name = \"aws-cf-cd-x\", value = \"1\" }, connection = { attempts = 1 } }, ",
    ][pick(4)];
    if !staging.is_empty() {
        hcl = hcl.replace("cdn = { ", &format!("cdn = {{ http_version = \"http2\", {staging}"));
    }
    let web_acl = if front.web_acl { WEB_ACL } else { "" };
    format!(
        "name = \"giraffe\"\nregions = {{ {} }}\n{}{hcl}gateway = {{ {gateway} }}\n",
        regions.join(", ").replace("\"us-east-1\" = { ", &format!("\"us-east-1\" = {{ {web_acl}")),
        front.functions
    )
}

/// The setting of a web ACL in the first region.
const WEB_ACL: &str = "web_acl_arn = \"arn:aws:wafv2:us-east-1:123456789012:regional/webacl/acl/1\", ";

/// The functions of a configuration, and the part of its gateway that depends on them.
struct Front {
    /// `function` and `functions`.
    functions: String,
    /// Arguments of `gateway`, each after a comma.
    gateway: String,
    /// Whether the first region has a web ACL.
    web_acl: bool,
}

/// Builds the functions, and the API that calls them: an HTTP or a REST API, from routes or from a document. `function` are the
/// arguments of a function; with `route`, it has another route beside the one for all requests.
fn front(pick: &mut impl FnMut(u8) -> usize, function: &str, route: bool) -> Front {
    let (layout, is_rest, has_document) = (pick(4), pick(2) == 1, pick(3) == 1);
    let (secured, keys, throttled) = (pick(4), pick(4), pick(2) == 1);
    let (stage, cached, web_acl, payload) = (pick(2), pick(2) == 1, pick(2) == 1, pick(2) == 1);
    // A document has functions, and names them.
    let has_document = has_document && [0, 2].contains(&layout);
    let mut own = function.to_owned();
    own += if throttled { ", throttle = { rate = 5, burst = 10 }" } else { "" };
    own += if payload && !is_rest { ", payload_format = \"1.0\"" } else { "" };
    if is_rest {
        own += if [1, 2].contains(&secured) { ", authorizer = \"users\"" } else { "" };
        own += if keys == 2 { ", api_key_required = true" } else { "" };
    }
    let all = if route { "\"GET /a\", \"$default\"" } else { "\"$default\"" };
    let routes = |routes: &str| if has_document { String::new() } else { format!(", routes = [{routes}]") };
    let functions = match layout {
        0 => format!("function = {{ {own}{} }}\n", routes(all)),
        1 => format!(
            "function = {{ {function}{} }}\nfunctions = {{ orders = {{ {own}, routes = [\"ANY /orders/{{path+}}\"] }} }}\n",
            routes(all)
        ),
        2 => format!(
            "functions = {{ orders = {{ {own}{} }}, reports = {{ {function}{} }} }}\n",
            routes(all),
            routes("\"GET /reports\"")
        ),
        _ => String::new(),
    };
    let mut gateway = String::new();
    if has_document {
        gateway += &format!(", openapi = \"{}\"", document(layout, route).replace('"', "\\\""));
    }
    if is_rest {
        let cache = if cached { ", cache = { size_gb = \"0.5\" }" } else { "" };
        gateway += &format!(", protocol = \"rest\", rest = {{ stage_name = \"{}\"{cache} }}", ["live", "next"][stage]);
        gateway += match secured {
            0 => "",
            1 => ", authorizers = { users = { kind = \"iam\" } }",
            _ => {
                ", authorizers = { users = { kind = \"cognito\", user_pool_arns = [\"arn:aws:cognito-idp:{region}:123456789012:userpool/x\"] } }"
            }
        };
        gateway += [
            "",
            ", api_keys = { partner = { value = \"0123456789abcdefghij\" } }",
            ", api_keys = { partner = { value = \"abcdefghij0123456789\", quota = { limit = 1000 } } }",
            ", api_keys = { partner = {}, other = { value_wo = \"abcdefghij0123456789\", value_wo_version = 1 } }",
        ][keys];
    }
    Front { functions, gateway, web_acl: web_acl && is_rest }
}

/// A document for one function, or for two.
fn document(layout: usize, route: bool) -> String {
    let operation =
        |of: &str| if layout == 2 { format!(r#"{{"get":{{"tags":["{of}"]}}}}"#) } else { r#"{"get":{}}"#.to_owned() };
    let (orders, reports) = (operation("orders"), operation("reports"));
    let more = if route { format!(r#","/a":{orders}"#) } else { String::new() };
    format!(r#"{{"openapi":"3.0.1","paths":{{"/":{orders},"/reports":{reports}{more}}}}}"#)
}

/// The configuration and its components, or `None` if it is invalid.
fn expand_valid(choices: &[u8]) -> Option<(String, Desired)> {
    let hcl = hcl(choices);
    let config = config(&hcl);
    if Api.validate(&config).iter().any(Diagnostic::is_error) {
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

/// Two valid configurations that usually have most of their choices in common.
fn pairs() -> impl Strategy<Value = Pair> {
    let choices = || prop::collection::vec(0..12u8, CHOICES);
    let differs = prop_oneof![
        3 => prop::collection::vec(prop::bool::weighted(0.1), CHOICES),
        1 => prop::collection::vec(prop::bool::weighted(0.7), CHOICES),
    ];
    (choices(), choices(), differs).prop_filter_map("both are valid", |(from, other, differs)| {
        let to: Vec<u8> = (0..CHOICES).map(|at| if differs[at] { other[at] } else { from[at] }).collect();
        Some(Pair { from: expand_valid(&from)?, to: expand_valid(&to)? })
    })
}

/// Random number generator that picks the next of several ready steps.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % limit
    }
}

/// Simulates AWS with a ledger.
///
/// Outputs that the provider cannot predict from the spec are unique to each object and contain a `#`.
struct Model {
    kinds: Catalog,
    /// The outputs that other components refer to, by kind.
    outputs: BTreeMap<String, BTreeSet<String>>,
    ledger: Ledger,
    created: usize,
    /// The hosts that have answered a probe.
    probed: BTreeSet<String>,
    /// The routes that every HTTP API must have while it receives requests, with their regions.
    routes: BTreeSet<(Scope, String)>,
    /// The outputs of the resource that the modelled one refers to.
    referent: BTreeSet<String>,
}

impl Model {
    fn new(pair: &Pair) -> Self {
        Self::of(&[&pair.from.1, &pair.to.1])
    }

    fn of(all: &[&Desired]) -> Self {
        let mut outputs = BTreeMap::new();
        for desired in all {
            desired.nodes().values().for_each(|node| references(&node.spec, &mut outputs));
        }
        let kinds = Catalog::default().in_account("aws", "123456789012");
        Self {
            kinds,
            outputs,
            ledger: Ledger::default(),
            created: 0,
            probed: BTreeSet::new(),
            routes: BTreeSet::new(),
            referent: BTreeSet::new(),
        }
    }

    fn plan(&self, desired: &Desired) -> Plan {
        Plan::checked(desired, &self.ledger, &self.kinds).unwrap_or_else(|mistake| panic!("{mistake}"))
    }

    /// Executes the steps of a plan, and picks any of the ready steps as the next one.
    fn apply(&mut self, plan: &Plan, desired: &Desired, random: &mut Random) -> Result<(), String> {
        self.routes = self.lasting_routes(desired);
        let mut done = BTreeSet::new();
        while done.len() < plan.steps.len() {
            let is_ready = |step: &Step| step.after.keys().chain(&step.waits_for).all(|before| done.contains(before));
            let ready: Vec<usize> =
                (0..plan.steps.len()).filter(|at| !done.contains(at) && is_ready(&plan.steps[*at])).collect();
            let next = ready[random.below(ready.len())];
            done.insert(next);
            let step = &plan.steps[next];
            self.execute(step, desired)?;
            if let Some(outage) = self.outage() {
                return Err(format!("after {:?} of {}: {outage}", step.action, step.address));
            }
        }
        for (address, node) in desired.nodes().iter().filter(|(_, node)| !node.is_kept) {
            let Some(entry) = self.ledger.entries.get_mut(address) else { return Err(format!("{address} is missing")) };
            entry.depends_on = node.depends_on.union(&node.waits_for).cloned().collect();
            let planned = plan.difference.specs.get(address).and_then(Json::as_object);
            for field in self.kinds.meta(&address.kind).uncompared {
                if let (Some(spec), Some(value)) =
                    (entry.spec.as_object_mut(), planned.and_then(|planned| planned.get(*field)))
                {
                    spec.insert((*field).to_owned(), value.clone());
                }
            }
        }
        Ok(())
    }

    fn execute(&mut self, step: &Step, desired: &Desired) -> Result<(), String> {
        let address = &step.address;
        match &step.action {
            Action::Delete | Action::Release => drop(self.ledger.entries.remove(address)),
            Action::Retire(old) => self.ledger.deposed.retain(|(other, entry)| other != address || entry != &**old),
            Action::Create | Action::Record | Action::Update(_) | Action::Replace(_) => {
                let node = desired.get(address).ok_or_else(|| format!("{address} is created but not desired"))?;
                let entry = self.ledger.entries.get(address).cloned();
                let resolution = resolve(&node.spec, entry.as_ref().map(|entry| &entry.spec), &self.ledger);
                // While a region does not respond, gates wait for components that cannot be created.
                let may_be_shut = node.waits_for.iter().any(|awaited| desired.get(awaited).is_none());
                if (resolution.shut > 0 && !may_be_shut) || is_open(&resolution.spec) {
                    return Err(format!(
                        "{address} is created before an object that it refers to: {}",
                        resolution.spec
                    ));
                }
                let spec = resolution.spec;
                self.check_order(address, &spec, desired)?;
                let change = entry.as_ref().map(|entry| change(&entry.spec, &spec, address, &self.kinds));
                let outputs = match (&change, &entry) {
                    (Some(Change::Keep | Change::Update(_)), Some(entry)) => entry.outputs.clone(),
                    _ => self.new_outputs(address, &spec),
                };
                let depends_on = node.depends_on.union(&node.waits_for).cloned().collect();
                let new_entry = Entry { spec, outputs, depends_on, uncertain: false, rejected: false };
                if matches!(change, Some(Change::Replace(_))) {
                    self.ledger.deposed.extend(entry.map(|entry| (address.clone(), entry)));
                }
                self.ledger.entries.insert(address.clone(), new_entry);
            }
        }
        Ok(())
    }

    /// The routes of HTTP APIs that exist both before and after an update to `desired`. Where only one of the two has an HTTP
    /// API, all of its routes.
    fn lasting_routes(&self, desired: &Desired) -> BTreeSet<(Scope, String)> {
        let of = |addresses: Vec<&Address>| -> (BTreeSet<Scope>, BTreeSet<(Scope, String)>) {
            let routes = addresses.iter().filter(|at| at.kind == "route");
            let routes = routes.filter_map(|at| Some((at.scope.clone(), at.key.clone()?))).collect();
            (addresses.iter().filter(|at| at.kind == "http_api").map(|at| at.scope.clone()).collect(), routes)
        };
        let (before, old) = of(self.ledger.entries.keys().collect());
        let (after, new) = of(desired.nodes().keys().collect());
        let lasts = |(scope, key): &(Scope, String)| {
            let both = (scope.clone(), key.clone());
            (!before.contains(scope) || old.contains(&both)) && (!after.contains(scope) || new.contains(&both))
        };
        old.union(&new).filter(|route| lasts(route)).cloned().collect()
    }

    /// Checks that a custom domain name leads to an API only after the API has answered a probe. If the default endpoints are
    /// disabled, the probe itself uses the name.
    fn check_order(&mut self, address: &Address, spec: &Json, desired: &Desired) -> Result<(), String> {
        if address.kind == "probe" {
            self.probed.extend(spec["host"].as_str().map(str::to_owned));
        }
        let is_endpoint = |at: &&Address| at.kind.ends_with("_endpoint") && at.scope == address.scope;
        let endpoint = desired.nodes().iter().find(|(at, _)| is_endpoint(at)).map(|(_, node)| &node.spec["disabled"]);
        // An endpoint that waits for a region that does not respond is disabled later.
        if address.kind != "mapping" || endpoint.is_none_or(|disabled| *disabled == true) {
            return Ok(());
        }
        let host =
            self.apis().find(|(_, api)| api.outputs["id"] == spec["api_id"]).map(|(_, api)| &api.outputs["host"]);
        match host.and_then(Json::as_str).filter(|host| !self.probed.contains(*host)) {
            Some(host) => Err(format!("{address} leads to {host}, which has answered no probe")),
            None => Ok(()),
        }
    }

    /// The APIs of both protocols.
    fn apis(&self) -> impl Iterator<Item = (&Address, &Entry)> {
        self.objects("http_api").chain(self.objects("rest_api"))
    }

    /// Describes why requests to an API would fail.
    fn api_failure(&self, id: &Json) -> Option<String> {
        let Some((at, _)) = self.apis().find(|(_, api)| api.outputs["id"] == *id) else {
            return Some(format!("there is no API {id}"));
        };
        let has = |kind: &str| self.objects(kind).any(|(_, part)| part.spec["api_id"] == *id);
        if at.kind == "rest_api" {
            let definition = self.objects("rest_definition").find(|(_, definition)| definition.spec["api_id"] == *id);
            let Some((_, definition)) = definition.filter(|_| has("rest_stage")) else {
                return Some(format!("{at} has no stage or no definition"));
            };
            let mut named = BTreeSet::new();
            texts(&definition.spec["values"], &mut named);
            let aliases = self
                .objects("alias")
                .filter(|(_, alias)| alias.outputs["arn"].as_str().is_some_and(|arn| named.contains(arn)));
            let refused = aliases.map(|(alias, _)| alias).find(|alias| !self.is_permitted(id, alias));
            return refused.map(|alias| format!("{at} may not call {alias}"));
        }
        if !has("stage") {
            return Some(format!("{at} has no stage"));
        }
        let missing = self.routes.iter().filter(|(scope, _)| *scope == at.scope).find(|(_, key)| {
            let is_route = |route: &Entry| route.spec["api_id"] == *id && route.spec["key"] == **key;
            !self.objects("route").any(|(_, route)| is_route(route) && self.may_call(id, &route.spec["integration_id"]))
        });
        missing.map(|(_, key)| format!("{at} has no route {key} to a function that it may call"))
    }

    /// Whether the API may call the function behind an integration.
    fn may_call(&self, api_id: &Json, integration_id: &Json) -> bool {
        let integration = self.objects("integration").find(|(_, one)| one.outputs["id"] == *integration_id);
        let alias = |arn: &Json| self.objects("alias").find(|(_, alias)| alias.outputs["arn"] == *arn);
        let alias = integration.and_then(|(_, one)| alias(&one.spec["function_arn"]));
        alias.is_some_and(|(at, _)| self.is_permitted(api_id, at))
    }

    /// Whether the policy of the function with the alias `at` lets the API call it.
    fn is_permitted(&self, api_id: &Json, at: &Address) -> bool {
        let function = self.ledger.entries.get(at).map(|alias| &alias.spec["function"]);
        let allows =
            |permission: &Entry| permission.spec["api_id"] == *api_id && Some(&permission.spec["function"]) == function;
        self.objects("permission").any(|(own, permission)| own.scope == at.scope && allows(permission))
    }

    fn new_outputs(&mut self, address: &Address, spec: &Json) -> Json {
        self.created += 1;
        let foreseen = self.kinds.foreseen(address, spec);
        let mut outputs = foreseen.and_then(|json| json.as_object().cloned()).unwrap_or_default();
        outputs.insert("which".to_owned(), self.created.into());
        for name in self.outputs.get(&address.kind).into_iter().flatten() {
            outputs.entry(name.clone()).or_insert_with(|| format!("{address}.{name}#{}", self.created).into());
        }
        Json::Object(outputs)
    }

    fn objects(&self, kind: &str) -> impl Iterator<Item = (&Address, &Entry)> {
        let deposed = self.ledger.deposed.iter().map(|(address, entry)| (address, entry));
        self.ledger.entries.iter().chain(deposed).filter(move |(address, _)| kind.is_empty() || address.kind == kind)
    }

    /// Describes a dangling reference, or a record or distribution whose requests would fail now.
    fn outage(&self) -> Option<String> {
        let mut alive: BTreeSet<&str> = self.referent.iter().map(String::as_str).collect();
        self.objects("").for_each(|(_, entry)| texts(&entry.outputs, &mut alive));
        for (address, entry) in self.objects("") {
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
                sets.values()
                    .find_map(|set| self.target_failure(set))
                    .map(|reason| format!("{address} has no working target: {reason}"))
            })
            .or_else(|| self.origin_failure())
    }

    /// Describes why requests to the target of a record set would fail.
    fn target_failure(&self, set: &Json) -> Option<String> {
        let set = set.get("value").unwrap_or(set);
        if self.objects("distribution").any(|(_, entry)| entry.outputs["domain_name"] == set["target"]) {
            return None;
        }
        // The record sets of the other record have targets of their own.
        if self.objects("record").any(|(_, entry)| entry.outputs["name"] == set["target"]) {
            return None;
        }
        let Some((at, domain)) = self.objects("domain").find(|(_, domain)| domain.outputs["target"] == set["target"])
        else {
            return Some(format!("no domain has the target {}", set["target"]));
        };
        let maps_domain = |(other, mapping): &(&Address, &Entry)| {
            other.scope == at.scope && mapping.spec["domain"] == domain.outputs["name"]
        };
        let Some((_, mapping)) = self.objects("mapping").find(maps_domain) else {
            return Some(format!("{at} has no API mapping"));
        };
        let is_assigned = |(_, check): &(&Address, &Entry)| check.outputs["id"] == set["health_check_id"];
        let checked_host = self.objects("health_check").find(is_assigned).map(|(_, check)| &check.spec["host"]);
        match checked_host.filter(|host| self.disabled_hosts().contains(host)) {
            Some(host) => Some(format!("its health check uses {host}, which is disabled")),
            None => self.api_failure(&mapping.spec["api_id"]),
        }
    }

    /// Describes a distribution with an origin that does not answer.
    fn origin_failure(&self) -> Option<String> {
        let (_, distribution) = self.ledger.entries.iter().find(|(address, _)| address.kind == "distribution")?;
        let origins = distribution.spec["origins"].as_object()?;
        origins.values().map(|origin| &origin["host"]).find_map(|host| {
            let reason = self.host_failure(host)?;
            Some(format!("the distribution uses {host}: {reason}"))
        })
    }

    /// Describes why requests to a host would fail: a default endpoint, or a name with a record.
    fn host_failure(&self, host: &Json) -> Option<String> {
        if self.disabled_hosts().contains(&host) {
            return Some("it is disabled".to_owned());
        }
        if let Some((_, api)) = self.apis().find(|(_, api)| api.outputs["host"] == *host) {
            return self.api_failure(&api.outputs["id"]);
        }
        let has_record =
            self.ledger.entries.values().any(|entry| entry.spec["name"] == *host && entry.spec.get("sets").is_some());
        (!has_record).then(|| "it has no record".to_owned())
    }

    /// The hosts of the APIs whose default endpoints are disabled.
    fn disabled_hosts(&self) -> Vec<&Json> {
        let disabled: Vec<&Json> = self
            .objects("execute_api_endpoint")
            .chain(self.objects("rest_endpoint"))
            .filter(|(_, endpoint)| endpoint.spec["disabled"] == true)
            .map(|(_, endpoint)| &endpoint.spec["api_id"])
            .collect();
        let apis = self.apis().filter(|(_, api)| disabled.contains(&&api.outputs["id"]));
        apis.map(|(_, api)| &api.outputs["host"]).filter(|host| !host.is_null()).collect()
    }
}

fn references(json: &Json, outputs: &mut BTreeMap<String, BTreeSet<String>>) {
    if let Ok(Reference { address, output, .. }) = serde_json::from_value(json.clone()) {
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

/// Whether `after` is transitively ordered after `before`. With `succeeds`, counts only orderings that require the
/// earlier step to succeed.
fn is_ordered(plan: &Plan, before: usize, after: usize, succeeds: bool) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![after]);
    while let Some(at) = open.pop() {
        let step = &plan.steps[at];
        let others = step.waits_for.iter().filter(|_| !succeeds);
        open.extend(step.after.keys().chain(others).filter(|other| seen.insert(**other)));
    }
    seen.contains(&before)
}

/// Creates the first configuration, updates it to the second and back to the first, and destroys it. Planning fails if the lint
/// rejects the plan.
fn apply_and_destroy(pair: &Pair, seed: u64) -> Result<(), TestCaseError> {
    let (mut model, mut random) = (Model::new(pair), Random(seed));
    for (hcl, desired) in [&pair.from, &pair.to, &pair.from] {
        // A switch is never a replacement of the whole resource.
        prop_assert_eq!(Api.replaced_by(&config(&pair.from.0), &config(hcl)), vec![]);
        // So is the plan from a ledger that was rebuilt from AWS, which does not report what a record led to before.
        let rebuilt = Ledger { rebuilt: Some(0), ..model.ledger.clone() };
        let from_rebuilt = Plan::checked(desired, &rebuilt, &model.kinds);
        prop_assert!(from_rebuilt.is_ok(), "{:?}: {:?}", from_rebuilt.err(), &pair);
        let plan = model.plan(desired);
        let applied = model.apply(&plan, desired, &mut random);
        prop_assert_eq!(applied, Ok(()), "{:?}", &pair);
        prop_assert!(only_versions_stay(&model.ledger), "{:?}", model.ledger.deposed);
        prop_assert!(model.ledger.entries.keys().eq(desired.nodes().keys()));
        prop_assert_eq!(model.plan(desired).steps, vec![], "{:?}", &pair);
    }
    let destroy = Plan::destroy(&model.ledger, &model.kinds);
    prop_assert_eq!(lint(&destroy, None, &model.ledger, &model.kinds), Ok(()));
    prop_assert_eq!(model.apply(&destroy, &Desired::default(), &mut random), Ok(()));
    prop_assert!(model.ledger.is_empty());
    Ok(())
}

/// Updates the API while a region does not respond, and again after that.
fn update_during_an_outage(pair: &Pair, region: &str, seed: u64) -> Result<(), TestCaseError> {
    let (mut model, mut random) = (Model::new(pair), Random(seed));
    let first = model.plan(&pair.from.1);
    prop_assert_eq!(model.apply(&first, &pair.from.1, &mut random), Ok(()));
    model.ledger.unreachable = [(region.to_owned(), String::new())].into();
    // A second plan deletes objects that were in use until the end of the first.
    for repetition in 0..3 {
        let reachable = Reachable::of(&pair.to.1, &model.ledger, REGIONS[0], &model.kinds);
        let reachable = reachable.map_err(|cycle| TestCaseError::fail(cycle.to_string()))?;
        let plan = Plan::checked(&reachable.desired, &reachable.ledger, &model.kinds);
        let plan = plan.map_err(|mistake| TestCaseError::fail(format!("{mistake} {pair:?}")))?;
        let is_home = |step: &Step| model.kinds.meta(&step.address.kind).in_home_region && region == REGIONS[0];
        let calls = |step: &&Step| step.address.scope.region() == Some(region) || is_home(step);
        prop_assert_eq!(plan.steps.iter().find(calls), None, "{:?}", pair);
        prop_assert!(repetition < 2 || plan.is_empty(), "{:#?} {:?}", plan.steps, pair);
        let applied = model.apply(&plan, &reachable.desired, &mut random);
        prop_assert_eq!(applied, Ok(()), "without {}: {:?}", region, pair);
    }
    model.ledger.unreachable.clear();
    let plan = model.plan(&pair.to.1);
    prop_assert_eq!(model.apply(&plan, &pair.to.1, &mut random), Ok(()), "after the outage: {:?}", pair);
    prop_assert!(only_versions_stay(&model.ledger), "{:?}", model.ledger.deposed);
    prop_assert!(model.ledger.entries.keys().eq(pair.to.1.nodes().keys()));
    prop_assert_eq!(model.plan(&pair.to.1).steps, vec![], "{:?}", pair);
    Ok(())
}

/// A function that is attached to the API as it is.
fn attached(api: &Ledger) -> Desired {
    let hcl = "name = \"reports\"\napi = \"giraffe\"\nfunction = { source_dir = \"src\", handler = \"app.handler\", \
               runtime = \"python3.12\", routes = [\"GET /attached\"] }";
    let config = complete(&parsed(hcl), &Function.schema().ty());
    let view = View::made(api, &Catalog::default());
    expand_with_referent(&Function, &config, &BTreeMap::new(), &FakePackages, (None, Some(&view))).unwrap().desired
}

/// The texts in the outputs of all objects.
fn outputs(ledger: &Ledger) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    ledger.entries.values().for_each(|entry| texts(&entry.outputs, &mut all));
    all.into_iter().map(str::to_owned).collect()
}

/// Updates an HTTP API to which a function is attached, and then the function.
fn update_beneath_an_attached_function(pair: &Pair, seed: u64) -> Result<(), TestCaseError> {
    let is_http = |desired: &Desired| desired.nodes().keys().any(|address| address.kind == "http_api");
    if !is_http(&pair.from.1) || !is_http(&pair.to.1) {
        return Ok(());
    }
    let (mut api, mut random) = (Model::new(pair), Random(seed));
    let mut function: Option<Model> = None;
    for (_, desired) in [&pair.from, &pair.to, &pair.from] {
        let plan = api.plan(desired);
        let regions = |ledger: &Ledger| -> BTreeSet<Scope> {
            ledger
                .entries
                .keys()
                .filter(|address| address.kind == "http_api")
                .map(|address| address.scope.clone())
                .collect()
        };
        let before = regions(&api.ledger);
        prop_assert_eq!(api.apply(&plan, desired, &mut random), Ok(()), "{:?}", pair);
        let kept: BTreeSet<Scope> = before.intersection(&regions(&api.ledger)).cloned().collect();
        let attached = attached(&api.ledger);
        let model = function.get_or_insert_with(|| Model::of(&[&attached]));
        model.referent = outputs(&api.ledger);
        // The parts in a region that the API left are gone with it, and a probe is a request of the past.
        let exists = |at: &Address| at.scope.region().is_none() || kept.contains(&at.scope) && at.kind != "probe";
        model.ledger.entries.retain(|address, _| exists(address));
        prop_assert_eq!(model.outage(), None, "{:?}", pair);
        let plan = model.plan(&attached);
        let moves = |step: &Step| {
            kept.contains(&step.address.scope) && ["route", "integration"].contains(&step.address.kind.as_str())
        };
        prop_assert_eq!(plan.steps.iter().find(|step| moves(step)), None, "{:?}", pair);
        prop_assert_eq!(model.apply(&plan, &attached, &mut random), Ok(()), "{:?}", pair);
        prop_assert_eq!(model.plan(&attached).steps, vec![], "{:?}", pair);
    }
    Ok(())
}

/// Whether nothing is left of replaced objects, except for the versions that functions keep.
fn only_versions_stay(ledger: &Ledger) -> bool {
    ledger.deposed.iter().all(|(address, _)| address.kind == Version::KIND && ledger.entries.contains_key(address))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn update_between_any_two_configurations_is_safe_in_any_order(pair in pairs(), seed in any::<u64>()) {
        apply_and_destroy(&pair, seed)?;
    }

    /// A region that does not respond is not called, traffic is served throughout, and the next update completes the first.
    #[test]
    fn update_during_an_outage_is_safe_and_completed_later(pair in pairs(), region in 0..4_usize, seed in any::<u64>()) {
        update_during_an_outage(&pair, REGIONS[region], seed)?;
    }

    /// An update of an HTTP API keeps everything that an attached function refers to, in every region that stays. The function then
    /// follows the regions of the API.
    #[test]
    fn attached_function_survives_any_update_of_its_api(pair in pairs(), seed in any::<u64>()) {
        update_beneath_an_attached_function(&pair, seed)?;
    }

    /// The lint detects every removed ordering, except one that the remaining orderings imply.
    #[test]
    fn plan_without_a_required_ordering_is_rejected(pair in pairs(), seed in any::<u64>()) {
        let (mut model, mut random) = (Model::new(&pair), Random(seed));
        let first = model.plan(&pair.from.1);
        model.apply(&first, &pair.from.1, &mut random).map_err(TestCaseError::fail)?;
        let whole = model.plan(&pair.to.1);
        let orderings: Vec<(usize, usize, bool)> = whole.steps.iter().enumerate().flat_map(|(at, step)| {
            let after = step.after.keys().map(move |before| (*before, at, true));
            after.chain(step.waits_for.iter().map(move |before| (*before, at, false)))
        }).collect();
        for _ in 0..orderings.len().min(20) {
            let (before, at, succeeds) = orderings[random.below(orderings.len())];
            let mut plan = whole.clone();
            if succeeds {
                plan.steps[at].after.remove(&before);
            } else {
                plan.steps[at].waits_for.remove(&before);
            }
            let rejected = lint(&plan, Some(&pair.to.1), &model.ledger, &model.kinds).is_err();
            prop_assert!(
                rejected || is_ordered(&plan, before, at, succeeds),
                "the lint accepts a plan in which {} does not wait for {}: {:?}",
                plan.steps[at].address, plan.steps[before].address, pair
            );
        }
    }
}

#[test]
fn most_choices_result_in_a_valid_configuration() {
    let mut random = Random(1);
    let choices =
        |random: &mut Random| -> Vec<u8> { (0..CHOICES).map(|_| u8::try_from(random.below(12)).unwrap()).collect() };
    let valid = (0..200).filter(|_| expand_valid(&choices(&mut random)).is_some()).count();
    assert!(valid > 100, "only {valid} of 200 are valid");
}

/// CloudFront stops using API Gateway's default endpoints before the plan disables them.
#[test]
fn endpoints_are_disabled_after_cloudfront_stops_using_them() {
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
        // The first case deletes a distribution with an origin group. The second updates an origin of a distribution.
        (domain(false) + "cdn = { origin = \"group\" }", domain(false)),
        (domain(false) + latency, domain(true) + latency),
    ];
    for (from, to) in cases {
        let desired = |hcl: String| {
            let config = config(&hcl);
            assert_eq!(Api.validate(&config), []);
            let desired = expand(&config).unwrap().desired;
            (hcl, desired)
        };
        let pair = Pair { from: desired(hcl(false, &from)), to: desired(hcl(true, &to)) };
        (0..50).for_each(|seed| apply_and_destroy(&pair, seed).unwrap());
    }
}
