//! The dependencies of components that were found in AWS, derived from their specs.
//!
//! A found component depends on another one when its spec contains an output of the other: the ARN of a certificate, the id
//! of an API. A deletion follows these dependencies backwards, as it follows those of components that an apply created.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::desired::{Address, Scope};
use crate::plan::{Entry, Kinds};

/// The addresses that each component depends on.
type Dependencies = BTreeMap<Address, BTreeSet<Address>>;

/// Fields of a spec that describe the component itself. They may equal an output of another one by coincidence.
const DESCRIPTIVE: [&str; 3] = ["name", "comment", "tags"];

/// Derives the dependencies of the components in `found`. `order` lists the kinds of their resource, each after those that
/// its spec can refer to, from the claim to the completion marker.
///
/// Guarantees: no component depends on itself, directly or through others. Components of different regions do not depend
/// on each other. Everything depends on the claim, and the completion marker depends on everything.
pub(super) fn derive(found: &[(Address, Entry)], order: &[&str], kinds: &dyn Kinds) -> Dependencies {
    let rank = |address: &Address| order.iter().position(|kind| *kind == address.kind);
    let producers = producers(found, kinds);
    let mut dependencies: Dependencies = found.iter().map(|(address, _)| (address.clone(), BTreeSet::new())).collect();
    let mut reversed: BTreeSet<(&Address, &Address)> = BTreeSet::new();
    for (address, entry) in found {
        for value in values(&entry.spec) {
            let Some(producing) = producers.get(value) else { continue };
            let others = producing.iter().filter(|other| may_refer(address, other));
            let (before, after): (Vec<&Address>, Vec<&Address>) = others.partition(|other| rank(other) < rank(address));
            // A record leads to another one, whose name is no output of its own.
            let refers =
                |other: &Address| !before.is_empty() || (other.kind == address.kind && !producing.contains(address));
            if address.scope == Scope::Global {
                let global = after.iter().filter(|other| other.scope == Scope::Global && refers(other));
                reversed.extend(global.map(|other| (address, *other)));
            }
            dependencies.entry(address.clone()).or_default().extend(before.into_iter().cloned());
        }
    }
    // Global kinds refer to each other both ways: the origin of a distribution is a domain name, to which a record of that
    // name leads; another record leads to the distribution.
    for (address, other) in reversed {
        if !reaches(&dependencies, other, address) {
            dependencies.entry(address.clone()).or_default().insert(other.clone());
        }
    }
    add_ends(&mut dependencies, order);
    dependencies
}

/// The found objects that were replaced, by their position in `found`: those of kinds with
/// [`KindMeta::deferred_deletion`](crate::desired::KindMeta::deferred_deletion) that no other component refers to.
pub(super) fn replaced(found: &[(Address, Entry)], kinds: &dyn Kinds) -> BTreeSet<usize> {
    let is_used = |at: &Address, entry: &Entry| {
        let outputs: BTreeSet<&str> = outputs(at, entry, kinds).collect();
        let others = found.iter().filter(|(other, _)| other != at);
        others.flat_map(|(_, other)| values(&other.spec)).any(|value| outputs.contains(value))
    };
    let all = found.iter().enumerate();
    all.filter(|(_, (at, entry))| kinds.meta(&at.kind).deferred_deletion && !is_used(at, entry))
        .map(|(position, _)| position)
        .collect()
}

/// The components that each output value comes from. Only outputs to which specs refer count.
fn producers<'a>(found: &'a [(Address, Entry)], kinds: &dyn Kinds) -> BTreeMap<&'a str, BTreeSet<&'a Address>> {
    let mut producers: BTreeMap<&str, BTreeSet<&Address>> = BTreeMap::new();
    for (address, entry) in found {
        for text in outputs(address, entry, kinds) {
            producers.entry(text).or_default().insert(address);
        }
    }
    producers
}

/// The texts in the outputs to which specs refer.
fn outputs<'a>(address: &Address, entry: &'a Entry, kinds: &dyn Kinds) -> impl Iterator<Item = &'a str> {
    let held = kinds.meta(&address.kind).outputs.iter().filter_map(|output| entry.outputs.get(output));
    let texts = held.flat_map(|value| value.as_object().into_iter().flatten().map(|(_, entry)| entry).chain([value]));
    texts.filter_map(Json::as_str).filter(|text| !text.is_empty())
}

/// The texts in a spec that may be outputs of other components.
fn values(spec: &Json) -> Vec<&str> {
    let mut texts = Vec::new();
    let fields = spec.as_object().into_iter().flatten();
    fields
        .filter(|(field, _)| !DESCRIPTIVE.contains(&field.as_str()))
        .for_each(|(_, value)| collect(value, &mut texts));
    texts
}

fn collect<'a>(json: &'a Json, texts: &mut Vec<&'a str>) {
    match json {
        Json::String(text) => texts.push(text),
        Json::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Json::Object(map) => map.values().for_each(|value| collect(value, texts)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// Whether the spec of the component at `address` can refer to `other`: to another kind, in its own region or global. A
/// record can lead to another record.
fn may_refer(address: &Address, other: &Address) -> bool {
    match (address.scope.region(), other.scope.region()) {
        (Some(region), Some(other)) if region != other => false,
        (None, None) => address != other,
        _ => address.kind != other.kind,
    }
}

/// Whether `from` depends on `to`, directly or through others.
fn reaches(dependencies: &Dependencies, from: &Address, to: &Address) -> bool {
    let (mut open, mut seen) = (vec![from], BTreeSet::new());
    while let Some(address) = open.pop() {
        if address == to {
            return true;
        }
        if seen.insert(address) {
            open.extend(dependencies.get(address).into_iter().flatten());
        }
    }
    false
}

/// Makes everything depend on the claim, the first kind in `order`, and the completion marker, the last one, on everything.
fn add_ends(dependencies: &mut Dependencies, order: &[&str]) {
    let of = |kind: Option<&&str>| -> BTreeSet<Address> {
        dependencies.keys().filter(|address| kind.is_some_and(|kind| **kind == address.kind)).cloned().collect()
    };
    let (first, last) = (of(order.first()), of(order.last()));
    let all: BTreeSet<Address> = dependencies.keys().cloned().collect();
    for (address, below) in dependencies.iter_mut() {
        if last.contains(address) {
            below.extend(all.difference(&last).cloned());
        } else if !first.contains(address) {
            below.extend(first.iter().cloned());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::components::{Catalog, REGISTRY};

    /// The components of an API in two regions behind CloudFront, as an import finds them. Specs contain only references.
    fn found() -> Vec<(Address, Entry)> {
        let mut all = vec![
            ("global/claim".to_owned(), json!({ "name": "api/zoo" }), json!({ "log_group": "/zoo", "arn": "claim" })),
            ("global/role".to_owned(), json!({ "name": "zoo" }), json!({ "name": "zoo", "arn": "role" })),
        ];
        let mut sets = json!({});
        for region in ["us-east-1", "us-west-2"] {
            all.extend(region_of(region));
            sets[region] = json!({ "value": {
                "target": format!("{region}.target"), "target_zone_id": format!("{region}.zone"),
                "health_check_id": format!("{region}.check"),
            } });
        }
        let record = |name: &str, sets: Json| {
            let spec = json!({ "zone_id": "Z1", "name": name, "types": ["A"], "sets": sets });
            (format!("global/record/{name}"), spec, json!({ "zone_id": "Z1", "name": name }))
        };
        all.extend([
            (
                "us-east-1/certificate/cdn".to_owned(),
                json!({ "names": ["www.example.com"] }),
                json!({ "arn": "cdn", "validation_name": "_cdn", "validation_value": "cdn." }),
            ),
            (
                "global/validation_record/api.example.com".to_owned(),
                json!({ "zone_id": "Z1", "name": "_x", "value": "x.", "domain": "api.example.com" }),
                json!({ "zone_id": "Z1", "name": "_x" }),
            ),
            ("us-east-1/issued_certificate/cdn".to_owned(), json!({ "arn": "cdn" }), json!({ "arn": "cdn" })),
            (
                "global/distribution".to_owned(),
                json!({
                    "comment": "zoo", "aliases": ["www.example.com"], "certificate_arn": "cdn",
                    "origins": { "latency": { "host": "api.example.com", "path": "" } },
                }),
                json!({ "id": "E1", "domain_name": "d1.cloudfront.net" }),
            ),
            record("api.example.com", sets),
            record("www.example.com", json!({ "cdn": { "value": { "target": "d1.cloudfront.net" } } })),
            (
                "global/completion_marker".to_owned(),
                json!({ "claim_arn": "claim", "regions": ["us-east-1", "us-west-2"] }),
                json!({ "claim_arn": "claim" }),
            ),
        ]);
        all.into_iter()
            .map(|(address, spec, outputs)| {
                let entry = Entry { spec, outputs, depends_on: BTreeSet::new(), uncertain: false, rejected: false };
                (address.parse().unwrap(), entry)
            })
            .collect()
    }

    type Found = (String, Json, Json);

    fn region_of(region: &str) -> Vec<Found> {
        [function_of(region), api_of(region), domain_of(region)].concat()
    }

    fn function_of(region: &str) -> Vec<Found> {
        let of = |name: &str| format!("{region}.{name}");
        let at = |kind: &str, spec: Json, outputs: Json| (format!("{region}/{kind}"), spec, outputs);
        let function = json!("zoo");
        vec![
            at(
                "log_group",
                json!({ "name": "/aws/lambda/zoo" }),
                json!({ "name": "/aws/lambda/zoo", "arn": of("log") }),
            ),
            at("log_group/access", json!({ "name": "/access" }), json!({ "name": "/access", "arn": of("access") })),
            at(
                "function",
                json!({ "name": "zoo", "role_arn": "role", "log_group": "/aws/lambda/zoo", "environment": { "A": "live" } }),
                json!({ "name": "zoo", "arn": of("function") }),
            ),
            at("version", json!({ "function": function }), json!({ "function": "zoo", "number": "1" })),
            at(
                "alias",
                json!({ "function": function, "name": "live", "version": "1" }),
                json!({ "function": "zoo", "name": "live", "arn": of("alias") }),
            ),
            at(
                "provisioned_concurrency",
                json!({ "function": function, "alias": "live", "instances": 1 }),
                json!({ "function": "zoo", "alias": "live" }),
            ),
        ]
    }

    fn api_of(region: &str) -> Vec<Found> {
        let of = |name: &str| format!("{region}.{name}");
        let at = |kind: &str, spec: Json, outputs: Json| (format!("{region}/{kind}"), spec, outputs);
        let (function, api) = (json!("zoo"), of("api"));
        vec![
            at(
                "http_api",
                json!({ "name": "zoo", "tags": { "origin": "api.example.com" } }),
                json!({ "id": api, "endpoint": format!("https://{api}.host"), "host": format!("{api}.host") }),
            ),
            at("execute_api_endpoint", json!({ "api_id": api, "disabled": false }), json!({ "api_id": api })),
            at(
                "integration",
                json!({ "api_id": api, "function_arn": of("alias") }),
                json!({ "api_id": api, "id": of("integration") }),
            ),
            at(
                "route/$default",
                json!({ "api_id": api, "key": "$default", "integration_id": of("integration") }),
                json!({ "api_id": api, "id": of("route") }),
            ),
            at(
                "stage",
                json!({ "api_id": api, "name": "$default", "access_log": { "log_group_arn": of("access") } }),
                json!({ "api_id": api, "name": "$default" }),
            ),
            at(
                "permission",
                json!({ "function": function, "alias": "live", "statement_id": "multiregion-zoo", "api_id": api }),
                json!({ "function": "zoo", "alias": "live", "statement_id": "multiregion-zoo" }),
            ),
        ]
    }

    fn domain_of(region: &str) -> Vec<Found> {
        let of = |name: &str| format!("{region}.{name}");
        let at = |kind: &str, spec: Json, outputs: Json| (format!("{region}/{kind}"), spec, outputs);
        let (api, arn) = (of("api"), of("certificate"));
        vec![
            at(
                "certificate",
                json!({ "names": ["api.example.com"] }),
                json!({ "arn": arn, "validation_name": "_x", "validation_value": "x." }),
            ),
            at("issued_certificate", json!({ "arn": arn, "names": ["api.example.com"] }), json!({ "arn": arn })),
            at(
                "domain",
                json!({ "name": "api.example.com", "certificate_arn": arn }),
                json!({ "name": "api.example.com", "target": of("target"), "zone_id": of("zone") }),
            ),
            at(
                "mapping",
                json!({ "domain": "api.example.com", "api_id": api, "stage": "$default", "base_path": "" }),
                json!({ "domain": "api.example.com", "id": of("mapping") }),
            ),
            at(
                "probe",
                json!({ "endpoint": format!("https://{api}.host"), "host": format!("{api}.host"), "version": "1" }),
                json!({ "host": format!("{api}.host") }),
            ),
            at("health_check", json!({ "host": format!("{api}.host"), "path": "/" }), json!({ "id": of("check") })),
        ]
    }

    fn kinds() -> Vec<&'static str> {
        REGISTRY.iter().map(|component| component.meta().name).collect()
    }

    /// The dependencies in `found` of the component at `address`.
    fn below(found: &[(Address, Entry)], address: &str) -> Vec<String> {
        let all = derive(found, &kinds(), &Catalog::default());
        all[&address.parse().unwrap()].iter().map(ToString::to_string).collect()
    }

    #[test]
    fn dependencies_follow_from_references() {
        let found = found();
        let all = derive(&found, &kinds(), &Catalog::default());
        // The regions are alike, so the snapshot shows only the second one.
        let shown = all.iter().filter(|(address, _)| address.scope.region() != Some("us-east-1"));
        let line = |(address, below): (&Address, &BTreeSet<Address>)| {
            let is_claim = |address: &&Address| address.kind == "claim";
            let below: Vec<String> = below.iter().filter(|below| !is_claim(below)).map(ToString::to_string).collect();
            format!("{address}: {}", below.join(", ")).trim_end().to_owned()
        };
        let shown: Vec<String> = shown.filter(|(address, _)| address.kind != "completion_marker").map(line).collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        global/claim:
        global/distribution: global/record/api.example.com, us-east-1/certificate/cdn, us-east-1/domain, us-east-1/issued_certificate/cdn, us-west-2/domain
        global/record/api.example.com: us-east-1/domain, us-east-1/health_check, us-west-2/domain, us-west-2/health_check
        global/record/www.example.com: global/distribution
        global/role:
        global/validation_record/api.example.com: us-east-1/certificate, us-west-2/certificate
        us-west-2/alias: us-west-2/function, us-west-2/version
        us-west-2/certificate:
        us-west-2/domain: us-west-2/certificate, us-west-2/issued_certificate
        us-west-2/execute_api_endpoint: us-west-2/http_api
        us-west-2/function: global/role, us-west-2/log_group
        us-west-2/health_check: us-west-2/http_api, us-west-2/probe
        us-west-2/http_api:
        us-west-2/integration: us-west-2/alias, us-west-2/http_api
        us-west-2/issued_certificate: us-west-2/certificate
        us-west-2/log_group:
        us-west-2/log_group/access:
        us-west-2/mapping: us-west-2/domain, us-west-2/http_api, us-west-2/stage
        us-west-2/permission: us-west-2/alias, us-west-2/function, us-west-2/http_api
        us-west-2/probe: us-west-2/http_api, us-west-2/version
        us-west-2/provisioned_concurrency: us-west-2/alias, us-west-2/function
        us-west-2/route/$default: us-west-2/http_api, us-west-2/integration
        us-west-2/stage: us-west-2/http_api, us-west-2/log_group/access
        us-west-2/version: us-west-2/function
        ");
    }

    /// A deletion of the record of the secondary regions waits until no client has an answer that leads to it.
    #[test]
    fn a_record_depends_on_the_record_that_it_leads_to() {
        let record = |name: &str, target: &str| {
            let set = json!({ "value": { "target": target, "target_zone_id": "Z1" } });
            let spec = json!({ "zone_id": "Z1", "name": name, "types": ["A"], "sets": { "secondary": set } });
            let outputs = json!({ "zone_id": "Z1", "name": name });
            let entry = Entry { spec, outputs, depends_on: BTreeSet::new(), uncertain: false, rejected: false };
            (format!("global/record/{name}").parse().unwrap(), entry)
        };
        let (leading, led_to) = ("api.example.com", "secondary.api.example.com");
        let found =
            [record(leading, led_to), record(led_to, "us-west-2.target"), record("other.example.com", "target")];
        assert_eq!(below(&found, "global/record/api.example.com"), ["global/record/secondary.api.example.com"]);
        assert_eq!(below(&found, "global/record/secondary.api.example.com"), [""; 0]);
        assert_eq!(below(&found, "global/record/other.example.com"), [""; 0]);
    }

    #[test]
    fn the_claim_comes_first_and_the_completion_marker_last() {
        let found = found();
        assert_eq!(below(&found, "global/claim"), [""; 0]);
        assert!(below(&found, "us-west-2/certificate").contains(&"global/claim".to_owned()));
        assert_eq!(below(&found, "global/completion_marker").len(), found.len() - 1);
    }

    #[test]
    fn regions_do_not_depend_on_each_other() {
        let all = derive(&found(), &kinds(), &Catalog::default());
        for (address, below) in &all {
            let foreign = |other: &&Address| matches!((address.scope.region(), other.scope.region()), (Some(own), Some(other)) if own != other);
            assert_eq!(below.iter().find(foreign), None, "{address}");
        }
    }

    #[test]
    fn dependencies_have_no_cycles() {
        let all = derive(&found(), &kinds(), &Catalog::default());
        for (address, below) in &all {
            assert!(!below.iter().any(|other| reaches(&all, other, address)), "{address}");
        }
    }
}
