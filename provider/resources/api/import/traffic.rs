//! How requests come in: told from the APIs, domain names, records and the distribution.

use std::collections::{BTreeMap, BTreeSet};

use super::{Found, told};
use crate::components::acm::certificate::Certificate;
use crate::components::apigateway::domain::Domain;
use crate::components::apigateway::mapping::Mapping;
use crate::components::cloudfront::distribution::{self, Distribution};
use crate::components::route53::health_check::HealthCheck;
use crate::components::route53::record::{self, Record, Routing};
use crate::desired::{Address, Input};
use crate::resources::shared::values::{known, known_list, known_whole, object, text, whole};
use crate::wire::Value;

/// The names of an API, told from its records.
pub(super) struct Names {
    name: String,
    regional: bool,
    /// The record that is routed to the regions.
    shared: Option<record::Spec>,
    /// The hosted zone.
    zone_id: Input<String>,
}

/// The names of an API; `None` when it has no domain.
pub(super) fn names(found: &Found<'_>, regions: &[String]) -> Option<Names> {
    let records = found.all::<Record>();
    let zone_id = records.first().map(|(_, spec)| spec.zone_id.clone())?;
    let (mut aliases, mut shared, mut pinned) = (Vec::new(), None, None);
    for (_, spec) in records {
        let Some(name) = told(&spec.name) else { continue };
        let region = spec.sets.keys().find_map(|set| name.strip_prefix(&format!("{set}.")).map(str::to_owned));
        if spec.sets.contains_key(distribution::KEY) {
            aliases.push(name);
        } else if spec.sets.values().all(|set| set.value.routing == Routing::Simple) && region.is_some() {
            pinned = region;
        } else {
            shared = Some((name, spec));
        }
    }
    let regional = regions.iter().any(|region| found.has(&Address::of::<Domain>(region).key("regional")));
    let own = shared.as_ref().map(|(name, _)| match name.strip_prefix("origin.") {
        Some(name) if aliases.iter().any(|alias| alias == name) => name.to_owned(),
        _ => name.clone(),
    });
    Some(Names {
        name: pinned.or(own).or_else(|| aliases.first().cloned())?,
        regional,
        shared: shared.map(|(_, spec)| spec),
        zone_id,
    })
}

/// The names of custom domain names and of the distribution to which no record leads.
pub(super) fn unrecorded(found: &Found<'_>) -> BTreeSet<String> {
    let domains = found.all::<Domain>().into_iter().map(|(_, spec)| spec.name);
    let aliases = found.global::<Distribution>().map(|spec| spec.aliases).unwrap_or_default();
    let names = domains.chain(aliases).filter_map(|name| told(&name));
    names.filter(|name| !found.has(&Address::global_of::<Record>().key(name))).collect()
}

/// A region: what is particular to its function, and what it gets of the traffic.
pub(super) fn place(found: &Found<'_>, region: &str, names: Option<&Names>, mut all: BTreeMap<String, Value>) -> Value {
    let shared = names.and_then(|names| names.shared.as_ref());
    let routing = shared.and_then(|record| record.sets.get(region)).map(|set| &set.value.routing);
    let drained = shared.is_some() && routing.is_none();
    let (primary, weight) = match routing {
        Some(Routing::Failover { primary: true }) => (Value::Bool(true), Value::Null),
        Some(Routing::Weighted { weight }) => (Value::Null, known_whole(weight)),
        _ => (first_of_group(found, region), Value::Null),
    };
    all.insert("primary".to_owned(), primary);
    all.insert("weight".to_owned(), weight);
    all.insert("traffic".to_owned(), if drained { text("drained") } else { Value::Null });
    Value::Map(all)
}

/// Whether CloudFront asks this region first.
fn first_of_group(found: &Found<'_>, region: &str) -> Value {
    let group = found.global::<Distribution>().and_then(|spec| spec.group);
    if group.is_some_and(|group| group.primary == region) { Value::Bool(true) } else { Value::Null }
}

/// `domain`.
pub(super) fn domain(found: &Found<'_>, regions: &[String], names: &Names) -> Value {
    let mapping = |region: &String| {
        let at = Address::of::<Mapping>(region);
        found.spec(&at).or_else(|| found.spec(&at.key("regional")))
    };
    let base_path = regions.iter().find_map(mapping).and_then(|spec| told(&spec.base_path));
    object([
        ("name", text(&names.name)),
        ("zone_id", known(&names.zone_id)),
        ("regional_names", Value::Bool(names.regional)),
        ("base_path", base_path.filter(|path| !path.is_empty()).map_or(Value::Null, |path| text(&path))),
        ("certificate", certificate(found, regions)),
    ])
}

fn certificate(found: &Found<'_>, regions: &[String]) -> Value {
    let requested = found.all::<Certificate>();
    if !requested.is_empty() {
        let wildcard = requested.iter().any(|(address, spec)| address.key.is_none() && spec.names.len() > 1);
        return object([("wildcard", Value::Bool(wildcard))]);
    }
    let arn = |region: &String| {
        let at = Address::of::<Domain>(region);
        let spec = found.spec(&at).or_else(|| found.spec(&at.key("regional")))?;
        Some((region.clone(), text(&told(&spec.certificate_arn)?)))
    };
    let mut arns: BTreeMap<String, Value> = regions.iter().filter_map(arn).collect();
    let distribution = found.global::<Distribution>();
    if let Some(arn) = distribution.and_then(|spec| told(&spec.certificate_arn?)) {
        arns.entry(distribution::CERTIFICATE_REGION.to_owned()).or_insert_with(|| text(&arn));
    }
    object([("arns", Value::Map(arns))])
}

/// `routing`.
pub(super) fn routing(found: &Found<'_>, regions: &[String], names: Option<&Names>) -> Value {
    let shared = names.and_then(|names| names.shared.as_ref());
    let policy = match shared.and_then(|record| record.sets.values().next()).map(|set| &set.value.routing) {
        Some(Routing::Failover { .. }) => "failover",
        Some(Routing::Weighted { .. }) => "weighted",
        Some(Routing::Latency { .. } | Routing::Simple) | None => "latency",
    };
    let base_path = names.and_then(|_| {
        found.first::<Mapping>(regions).and_then(|spec| told(&spec.base_path)).filter(|path| !path.is_empty())
    });
    let check = found.first::<HealthCheck>(regions).map_or(Value::Null, |spec| {
        let path = told(&spec.path).unwrap_or_default();
        // Asked at a custom domain name, the path is below the base path.
        let below = base_path.and_then(|base| path.strip_prefix(&format!("/{base}")).map(str::to_owned));
        let custom = names.is_some_and(|names| told(&spec.host).is_some_and(|host| host.ends_with(&names.name)));
        object([
            ("path", text(&below.filter(|_| custom).unwrap_or(path))),
            ("interval_seconds", known_whole(&spec.interval_seconds)),
            ("failure_threshold", known_whole(&spec.failure_threshold)),
            ("measure_latency", Value::Bool(spec.measure_latency)),
            ("search_string", spec.search_string.as_ref().map_or(Value::Null, known)),
        ])
    });
    object([("policy", text(policy)), ("health_check", check), ("drain_seconds", whole(60))])
}

/// `cdn`.
pub(super) fn cdn(found: &Found<'_>) -> Value {
    let Some(spec) = found.global::<Distribution>() else { return Value::Null };
    let group = !spec.origins.contains_key("latency");
    let codes = spec.group.as_ref().map(|group| group.status_codes.clone());
    let codes = codes.map(|codes| Value::List(codes.into_iter().map(|code| whole(code.into())).collect()));
    let paths: Vec<Value> = spec.behaviors.iter().map(|(path, _)| text(path)).collect();
    object([
        ("origin", text(if group { "group" } else { "latency" })),
        ("failover_status_codes", codes.unwrap_or(Value::Null)),
        ("read_paths", if paths.is_empty() { Value::Null } else { Value::List(paths) }),
        ("price_class", text(&spec.price_class)),
        ("aliases", known_list(&spec.aliases)),
    ])
}
