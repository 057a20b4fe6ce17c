//! `domain` and `cdn`, read from the APIs, domain names, records and the distribution.

use std::collections::{BTreeMap, BTreeSet};

use crate::components::acm::certificate;
use crate::components::apigateway::domain;
use crate::components::apigateway::mapping::Mapping;
use crate::components::cloudfront::distribution::{self, Distribution};
use crate::components::route53::record::{self, Record, Routing};
use crate::desired::{Address, Input};
use crate::resources::api::config::{Certificate, Domain, KeyAlgorithm, MutualTls, Validation};
use crate::resources::shared::found::FoundComponents;
use crate::resources::shared::inputs::{attr, list, map};
use crate::schema::Attr;

/// The names of an API, as its records, custom domain names and certificates show them.
pub(super) struct Names {
    pub(super) name: String,
    additional: Vec<String>,
    regional: bool,
    /// The record of `name` that Route 53 routes to the regions.
    pub(super) shared: Option<record::Spec>,
    /// The record that Route 53 routes to the secondary regions, with nested failover.
    pub(super) secondary: Option<record::Spec>,
    /// The id of the hosted zone; `None` when the API has no records.
    zone_id: Option<Input<String>>,
    /// The id of the private hosted zone.
    private_zone_id: Option<Input<String>>,
}

/// The records of an API, by what they lead to.
#[derive(Default)]
struct Records {
    /// The names that CloudFront serves.
    aliases: Vec<String>,
    /// The parent of the regional names.
    pinned: Option<String>,
    /// Those that Route 53 routes to the regions, by name.
    routed: BTreeMap<String, record::Spec>,
    /// Those that Route 53 routes to the secondary regions, by name.
    secondary: BTreeMap<String, record::Spec>,
}

impl Records {
    fn of(all: Vec<(Address, record::Spec)>) -> Self {
        let is_nested = |spec: &&record::Spec| spec.sets.contains_key(record::SECONDARY);
        let parents = all.iter().map(|(_, spec)| spec).filter(is_nested);
        let nested: BTreeSet<String> =
            parents.filter_map(|spec| spec.name.known().map(|name| record::secondary_name(name))).collect();
        let mut records = Self::default();
        for (_, spec) in all {
            let Some(name) = spec.name.known().cloned() else { continue };
            let region = spec.sets.keys().find_map(|set| name.strip_prefix(&format!("{set}.")).map(str::to_owned));
            if nested.contains(&name) {
                records.secondary.insert(name, spec);
            } else if spec.sets.contains_key(distribution::KEY) {
                records.aliases.push(name);
            } else if spec.sets.values().all(|set| set.value.routing == Routing::Simple) && region.is_some() {
                records.pinned = region;
            } else {
                records.routed.insert(name, spec);
            }
        }
        records
    }
}

/// The names of an API; `None` when it has no domain. An API whose records are at another DNS service has custom domain names
/// and aliases only.
pub(super) fn names(found: &FoundComponents<'_>, regions: &[String]) -> Option<Names> {
    let (private, mut all): (Vec<_>, Vec<_>) = found.all::<Record>().into_iter().partition(|(_, spec)| spec.private);
    let zone_of = |records: &[(Address, record::Spec)]| records.first().map(|(_, spec)| spec.zone_id.clone());
    let (zone_id, private_zone_id) = (zone_of(&all), zone_of(&private));
    if all.is_empty() {
        all = private;
    }
    let Records { mut aliases, pinned, mut routed, mut secondary } = Records::of(all);
    let served = found.global::<Distribution>().map(|spec| spec.aliases).unwrap_or_default();
    let served = served.iter().filter_map(|alias| alias.known().cloned()).filter(|alias| !aliases.contains(alias));
    let unrecorded: Vec<String> = served.collect();
    aliases.extend(unrecorded);
    let domains = domains(found, regions);
    let shared = domains.shared.or_else(|| routed.keys().next().cloned());
    let own = shared.as_ref().map(|name| match name.strip_prefix("origin.") {
        Some(name) if aliases.iter().any(|alias| alias == name) => name.to_owned(),
        _ => name.clone(),
    });
    let certified = certified(found, regions);
    let first = certified.first().filter(|name| aliases.contains(name)).or_else(|| aliases.first());
    let name = domains.parent.or(pinned).or(own).or_else(|| first.cloned())?;
    let secondary = shared.as_ref().and_then(|shared| secondary.remove(&record::secondary_name(shared)));
    let shared = shared.and_then(|shared| routed.remove(&shared));
    let others: BTreeSet<String> =
        routed.into_keys().chain(domains.additional).filter(|other| *other != name).collect();
    let is_additional = |other: &&String| (aliases.contains(other) || others.contains(*other)) && **other != name;
    let mut additional: Vec<String> = certified.iter().filter(is_additional).cloned().collect();
    let uncertified: Vec<String> = others.into_iter().filter(|name| !additional.contains(name)).collect();
    additional.extend(uncertified);
    Some(Names { name, additional, regional: domains.regional, shared, secondary, zone_id, private_zone_id })
}

/// The custom domain names of an API.
#[derive(Default)]
struct Domains {
    shared: Option<String>,
    additional: BTreeSet<String>,
    regional: bool,
    /// The parent of the regional names.
    parent: Option<String>,
}

fn domains(found: &FoundComponents<'_>, regions: &[String]) -> Domains {
    let mut domains = Domains::default();
    let in_regions =
        |address: &Address| address.scope.region().is_some_and(|name| regions.iter().any(|own| own == name));
    for (address, spec) in found.all::<domain::Domain>().into_iter().filter(|(address, _)| in_regions(address)) {
        let Some(name) = spec.name.known().cloned() else { continue };
        match (address.key.as_deref(), address.scope.region()) {
            (None, _) => domains.shared = Some(name),
            (Some(domain::REGIONAL), Some(region)) => {
                domains.regional = true;
                domains.parent = name.strip_prefix(&format!("{region}.")).map(str::to_owned);
            }
            _ => drop(domains.additional.insert(name)),
        }
    }
    domains
}

/// The names on the certificate that was requested for the regions, or else on the one for CloudFront.
fn certified(found: &FoundComponents<'_>, regions: &[String]) -> Vec<String> {
    let for_cdn = || {
        let region = Address::of::<certificate::Certificate>(distribution::CERTIFICATE_REGION);
        found.spec(&region.key(distribution::KEY))
    };
    let spec = found.first::<certificate::Certificate>(regions).or_else(for_cdn);
    spec.into_iter().flat_map(|spec| spec.names).filter_map(|name| name.known().cloned()).collect()
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
        found.spec(&at).or_else(|| found.spec(&at.key(domain::REGIONAL)))
    };
    let base_path = regions.iter().find_map(mapping).and_then(|spec| spec.base_path.known().cloned());
    Domain {
        name: Attr::Known(names.name.clone()),
        additional_names: list(names.additional.clone()),
        zone_id: names.zone_id.as_ref().map_or(Attr::Null, attr),
        private_zone_id: names.private_zone_id.as_ref().map_or(Attr::Null, attr),
        replaces: Attr::Known(false),
        regional_names: Attr::Known(names.regional),
        base_path: base_path.filter(|path| !path.is_empty()).into(),
        certificate: Attr::Known(certificate(found, regions, &names.name)),
        mutual_tls: regions.iter().find_map(|region| mutual_tls(found, region)).into(),
    }
}

/// Mutual TLS of a region's custom domain names.
pub(super) fn mutual_tls(found: &FoundComponents<'_>, region: &str) -> Option<MutualTls> {
    let at = Address::of::<domain::Domain>(region);
    let spec = found.spec(&at).or_else(|| found.spec(&at.key(domain::REGIONAL)))?;
    let held = spec.mutual_tls?;
    Some(MutualTls {
        truststore_uri: attr(&held.truststore_uri),
        truststore_version: held.truststore_version.as_ref().map_or(Attr::Null, attr),
        ownership_certificate_arn: held.ownership_certificate_arn.as_ref().map_or(Attr::Null, attr),
    })
}

fn certificate(found: &FoundComponents<'_>, regions: &[String], name: &str) -> Certificate {
    let certified = certified(found, regions);
    if !certified.is_empty() {
        let requested = found.all::<certificate::Certificate>();
        let first = requested.first().map(|(_, spec)| spec);
        return Certificate {
            wildcard: Attr::Known(certified.contains(&format!("*.{name}"))),
            arns: Attr::Null,
            key_algorithm: first.and_then(|spec| KeyAlgorithm::parse(spec.key_algorithm.known()?)).into(),
            validation: first.map(|spec| if spec.by_email { Validation::Email } else { Validation::Dns }).into(),
        };
    }
    let arn = |region: &String| {
        let at = Address::of::<domain::Domain>(region);
        let spec = found.spec(&at).or_else(|| found.spec(&at.key(domain::REGIONAL)))?;
        Some((region.clone(), spec.certificate_arn.known().cloned()?))
    };
    let mut arns: BTreeMap<String, String> = regions.iter().filter_map(arn).collect();
    let distribution = found.global::<Distribution>();
    if let Some(arn) = distribution.and_then(|spec| spec.certificate_arn?.known().cloned()) {
        arns.entry(distribution::CERTIFICATE_REGION.to_owned()).or_insert(arn);
    }
    Certificate { arns: Attr::Known(map(arns)), ..Certificate::default() }
}
