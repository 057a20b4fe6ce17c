//! The attributes of traffic, read from the APIs, domain names, records and the distribution.

use std::collections::{BTreeMap, BTreeSet};

use super::cdn;
use crate::components::acm::certificate;
use crate::components::apigateway::domain;
use crate::components::apigateway::mapping::Mapping;
use crate::components::cloudfront::distribution::{self, Distribution};
use crate::components::route53::health_check;
use crate::components::route53::record::{self, Record, Routing};
use crate::desired::{Address, Input};
use crate::resources::api::config::Traffic;
use crate::resources::api::config::{self, Certificate, Domain, HealthCheck, Policy, Region};
use crate::resources::shared::found::FoundComponents;
use crate::resources::shared::inputs::{attr, map};
use crate::schema::Attr;

/// The names of an API, as its records show them.
pub(super) struct Names {
    name: String,
    regional: bool,
    /// The record that Route 53 routes to the regions.
    shared: Option<record::Spec>,
    /// The id of the hosted zone.
    zone_id: Input<String>,
}

/// The names of an API; `None` when it has no domain.
pub(super) fn names(found: &FoundComponents<'_>, regions: &[String]) -> Option<Names> {
    let records = found.all::<Record>();
    let zone_id = records.first().map(|(_, spec)| spec.zone_id.clone())?;
    let (mut aliases, mut shared, mut pinned) = (Vec::new(), None, None);
    for (_, spec) in records {
        let Some(name) = spec.name.known().cloned() else { continue };
        let region = spec.sets.keys().find_map(|set| name.strip_prefix(&format!("{set}.")).map(str::to_owned));
        if spec.sets.contains_key(distribution::KEY) {
            aliases.push(name);
        } else if spec.sets.values().all(|set| set.value.routing == Routing::Simple) && region.is_some() {
            pinned = region;
        } else {
            shared = Some((name, spec));
        }
    }
    let regional = regions.iter().any(|region| found.has(&Address::of::<domain::Domain>(region).key("regional")));
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

/// The names that custom domain names and the distribution serve, and to which no record leads.
pub(super) fn unrecorded(found: &FoundComponents<'_>) -> BTreeSet<String> {
    let domains = found.all::<domain::Domain>().into_iter().map(|(_, spec)| spec.name);
    let aliases = found.global::<Distribution>().map(|spec| spec.aliases).unwrap_or_default();
    let names = domains.chain(aliases).filter_map(|name| name.known().cloned());
    names.filter(|name| !found.has(&Address::global_of::<Record>().key(name))).collect()
}

/// A region: `region` with the part that describes its traffic.
pub(super) fn place(found: &FoundComponents<'_>, name: &str, names: Option<&Names>, region: Region) -> Region {
    let shared = names.and_then(|names| names.shared.as_ref());
    let routing = shared.and_then(|record| record.sets.get(name)).map(|set| &set.value.routing);
    let drained = shared.is_some() && routing.is_none();
    let (primary, weight) = match routing {
        Some(Routing::Failover { primary: true }) => (true, Attr::Null),
        Some(Routing::Weighted { weight }) => (false, attr(weight)),
        _ => (cdn::is_first_of_group(found, name), Attr::Null),
    };
    Region {
        primary: Some(true).filter(|_| primary).into(),
        traffic: Some(Traffic::Drained).filter(|_| drained).into(),
        weight,
        ..region
    }
}

/// `domain`.
pub(super) fn domain(found: &FoundComponents<'_>, regions: &[String], names: &Names) -> Domain {
    let mapping = |region: &String| {
        let at = Address::of::<Mapping>(region);
        found.spec(&at).or_else(|| found.spec(&at.key("regional")))
    };
    let base_path = regions.iter().find_map(mapping).and_then(|spec| spec.base_path.known().cloned());
    Domain {
        name: Attr::Known(names.name.clone()),
        zone_id: attr(&names.zone_id),
        regional_names: Attr::Known(names.regional),
        base_path: base_path.filter(|path| !path.is_empty()).into(),
        certificate: Attr::Known(certificate(found, regions)),
    }
}

fn certificate(found: &FoundComponents<'_>, regions: &[String]) -> Certificate {
    let requested = found.all::<certificate::Certificate>();
    if !requested.is_empty() {
        let wildcard = requested.iter().any(|(address, spec)| address.key.is_none() && spec.names.len() > 1);
        return Certificate { wildcard: Attr::Known(wildcard), arns: Attr::Null };
    }
    let arn = |region: &String| {
        let at = Address::of::<domain::Domain>(region);
        let spec = found.spec(&at).or_else(|| found.spec(&at.key("regional")))?;
        Some((region.clone(), spec.certificate_arn.known().cloned()?))
    };
    let mut arns: BTreeMap<String, String> = regions.iter().filter_map(arn).collect();
    let distribution = found.global::<Distribution>();
    if let Some(arn) = distribution.and_then(|spec| spec.certificate_arn?.known().cloned()) {
        arns.entry(distribution::CERTIFICATE_REGION.to_owned()).or_insert(arn);
    }
    Certificate { wildcard: Attr::Null, arns: Attr::Known(map(arns)) }
}

/// `routing`.
pub(super) fn routing(found: &FoundComponents<'_>, regions: &[String], names: Option<&Names>) -> config::Routing {
    let shared = names.and_then(|names| names.shared.as_ref());
    let policy = match shared.and_then(|record| record.sets.values().next()).map(|set| &set.value.routing) {
        Some(Routing::Failover { .. }) => Policy::Failover,
        Some(Routing::Weighted { .. }) => Policy::Weighted,
        Some(Routing::Latency { .. } | Routing::Simple) | None => Policy::Latency,
    };
    let base_path = names.and_then(|_| {
        found.first::<Mapping>(regions).and_then(|spec| spec.base_path.known().cloned()).filter(|path| !path.is_empty())
    });
    let check = found.first::<health_check::HealthCheck>(regions).map(|spec| {
        let path = spec.path.known().cloned().unwrap_or_default();
        // At a custom domain name, the path is below the base path.
        let below = base_path.and_then(|base| path.strip_prefix(&format!("/{base}")).map(str::to_owned));
        let custom = names.is_some_and(|names| spec.host.known().is_some_and(|host| host.ends_with(&names.name)));
        HealthCheck {
            path: Attr::Known(below.filter(|_| custom).unwrap_or(path)),
            interval_seconds: attr(&spec.interval_seconds),
            failure_threshold: attr(&spec.failure_threshold),
            measure_latency: Attr::Known(spec.measure_latency),
            search_string: spec.search_string.as_ref().map_or(Attr::Null, attr),
        }
    });
    let drain_seconds = config::Routing::default().drain_seconds().ok().into();
    config::Routing { policy: Attr::Known(policy), health_check: check.into(), drain_seconds }
}
