//! `domain` and `cdn`, read from the APIs, domain names, records and the distribution.

use std::collections::{BTreeMap, BTreeSet};

use crate::components::acm::certificate;
use crate::components::apigateway::domain;
use crate::components::apigateway::mapping::Mapping;
use crate::components::cloudfront::distribution::{self, Distribution};
use crate::components::route53::record::{self, Record, Routing};
use crate::desired::{Address, Input};
use crate::resources::api::config::{Certificate, Domain};
use crate::resources::shared::found::FoundComponents;
use crate::resources::shared::inputs::{attr, map};
use crate::schema::Attr;

/// The names of an API, as its records show them.
pub(super) struct Names {
    pub(super) name: String,
    regional: bool,
    /// The record that Route 53 routes to the regions.
    pub(super) shared: Option<record::Spec>,
    /// The record that Route 53 routes to the secondary regions, with nested failover.
    pub(super) secondary: Option<record::Spec>,
    /// The id of the hosted zone.
    zone_id: Input<String>,
}

/// The names of an API; `None` when it has no domain.
pub(super) fn names(found: &FoundComponents<'_>, regions: &[String]) -> Option<Names> {
    let records = found.all::<Record>();
    let zone_id = records.first().map(|(_, spec)| spec.zone_id.clone())?;
    let nested: BTreeSet<String> = records
        .iter()
        .filter(|(_, spec)| spec.sets.contains_key(record::SECONDARY))
        .filter_map(|(_, spec)| spec.name.known().map(|name| record::secondary_name(name)))
        .collect();
    let (mut aliases, mut shared, mut pinned, mut secondary) = (Vec::new(), None, None, None);
    for (_, spec) in records {
        let Some(name) = spec.name.known().cloned() else { continue };
        if nested.contains(&name) {
            secondary = Some(spec);
            continue;
        }
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
        secondary,
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
