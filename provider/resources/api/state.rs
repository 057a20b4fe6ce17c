//! The state of an API: its configuration, and the attributes that are computed from its components.

use std::collections::BTreeMap;

use super::config::{Config, DistributionOutputs, Endpoint, Outputs, Validation, ValidationRecord, schema};
use super::front;
use super::names::{Names, validated_domains};
use super::shape::Shape;
use crate::components::acm::certificate::{self, Certificate};
use crate::components::apigateway::domain::{self, Domain};
use crate::components::cloudfront::distribution::{self, Distribution};
use crate::components::execute_api::probe::{self, Probe};
use crate::components::lambda::alias::Alias;
use crate::components::lambda::version_check::{self, VersionCheck};
use crate::components::route53::calculated_health_check::{self, CalculatedHealthCheck};
use crate::components::route53::record::{self, Record};
use crate::desired::Address;
use crate::plan::View;
use crate::resources::shared::components;
use crate::resources::shared::function::{Code, serving_version};
use crate::resources::shared::owned::Identity;
use crate::resources::shared::values::{self, entry, output};
use crate::schema::{Attr, Attributes};
use crate::wire::Value;

/// The state of an API. While its shape is unknown, everything that depends on its components is unknown.
pub(super) fn state(config: &Value, view: &View) -> Value {
    let decoded = Config::read(config);
    let id = decoded.name.clone();
    let outputs = match Shape::of(&decoded) {
        Ok(shape) => {
            let endpoint = |region: &String| (region.clone(), Attr::Known(endpoint(&shape, region, view)));
            Outputs {
                id,
                url: url(&shape, view),
                endpoints: Attr::Known(shape.regions.keys().map(endpoint).collect()),
                distribution: distribution(&shape, view),
                validation_records: validation_records(&shape, view),
                health_check_id: match &shape.health_check {
                    Some(check) if check.calculated.is_some() => {
                        output(view, &Address::global_of::<CalculatedHealthCheck>(), calculated_health_check::ID)
                    }
                    _ => Attr::Null,
                },
                api_key_values: front::api_key_values(&shape, view),
                components: Attr::Known(components::of(view)),
            }
        }
        Err(_) => Outputs {
            id,
            url: Attr::Unknown,
            endpoints: Attr::Unknown,
            distribution: if decoded.cdn().is_null() { Attr::Null } else { Attr::Unknown },
            validation_records: if decoded.domain().is_null() { Attr::Null } else { Attr::Unknown },
            health_check_id: Attr::Unknown,
            api_key_values: Attr::Unknown,
            components: Attr::Unknown,
        },
    };
    let computed = outputs.values().into_iter().chain(Identity::of(view).values());
    values::state(config, schema(), computed)
}

fn url(shape: &Shape, view: &View) -> Attr<String> {
    if let Some(names) = &shape.names {
        let alias = names.aliases.first().filter(|_| shape.cdn.is_some());
        return below(names, alias.unwrap_or(&names.name));
    }
    if shape.cdn.is_some() {
        let host: Attr<String> = output(view, &Address::global_of::<Distribution>(), distribution::DOMAIN_NAME);
        return host.map(|host| format!("https://{host}"));
    }
    shape.serving().first().map_or(Attr::Null, |region| front::endpoint(view, region))
}

/// The URL at one of an API's names.
fn below(names: &Names, host: &str) -> Attr<String> {
    match &names.base_path {
        Attr::Known(path) => Attr::Known(format!("https://{host}/{path}")),
        Attr::Null => Attr::Known(format!("https://{host}")),
        Attr::Unknown => Attr::Unknown,
    }
}

fn endpoint(shape: &Shape, region: &str, view: &View) -> Endpoint {
    let regional = shape.names.as_ref().filter(|names| names.regional);
    let version = |code: Option<&Code>| {
        let address = code.map(|code| Address::of::<Alias>(region).maybe_key(code.key()));
        address.map_or(Attr::Null, |address| serving_version(view, &address))
    };
    let versions = shape.functions.iter().filter_map(|code| Some((code.name.clone()?, version(Some(code)))));
    Endpoint {
        execute_api_url: if shape.gateway.disabled { Attr::Null } else { front::endpoint(view, region) },
        pinned_url: regional.map_or(Attr::Null, |names| below(names, &names.of_region(region))),
        domain_target: domain_target(shape, region, view),
        function_version: version(shape.functions.iter().find(|code| code.name.is_none())),
        function_versions: Attr::Known(versions.collect()),
        serving: serving(shape, region, view),
    }
}

fn domain_target(shape: &Shape, region: &str, view: &View) -> Attr<String> {
    let shared = shape.names.as_ref().is_some_and(|names| names.in_all_regions().is_some());
    let address = Address::of::<Domain>(region);
    output(view, &if shared { address } else { address.key(domain::REGIONAL) }, domain::TARGET)
}

/// Whether a region receives requests: the configuration sends it some, it has answered its probe, and the record or the
/// distribution that leads to it exists.
fn serving(shape: &Shape, region: &str, view: &View) -> Attr<bool> {
    if !shape.routes_to(region) {
        return Attr::Known(false);
    }
    let shared = shape.names.as_ref().and_then(|names| names.shared.as_ref());
    let has_records = shape.names.as_ref().is_some_and(|names| names.zone_id.is_some());
    let in_private = shape.names.as_ref().is_some_and(|names| names.private_zone_id.is_some());
    let record = |key: &str| Some(view.output(&Address::global_of::<Record>().key(key), record::NAME));
    let sender = match shared {
        Some(name) if has_records => record(name),
        Some(name) if in_private => record(&record::private_key(name)),
        _ => shape.cdn.as_ref().map(|_| view.output(&Address::global_of::<Distribution>(), distribution::ID)),
    };
    let probe = |key: Option<&str>| view.output(&Address::of::<Probe>(region).maybe_key(key), probe::HOST);
    let check = |key: Option<&str>| match shape.needs_client_certificate() {
        true => view.output(&Address::of::<VersionCheck>(region).maybe_key(key), version_check::FUNCTION),
        false => probe(key),
    };
    let mut seen: Vec<Value> = shape.functions.iter().map(|code| check(code.key())).chain(sender).collect();
    if shape.functions.is_empty() && !shape.needs_client_certificate() {
        seen.push(probe(None));
    }
    if seen.contains(&Value::Null) {
        Attr::Known(false)
    } else if seen.contains(&Value::Unknown) {
        Attr::Unknown
    } else {
        Attr::Known(true)
    }
}

fn distribution(shape: &Shape, view: &View) -> Attr<DistributionOutputs> {
    if shape.cdn.is_none() {
        return Attr::Null;
    }
    let address = Address::global_of::<Distribution>();
    Attr::Known(DistributionOutputs {
        id: output(view, &address, distribution::ID),
        domain_name: output(view, &address, distribution::DOMAIN_NAME),
    })
}

/// The records that validate the requested certificates, by domain.
fn validation_records(shape: &Shape, view: &View) -> Attr<BTreeMap<String, Attr<ValidationRecord>>> {
    let is_requested = |names: &&Names| names.arns.is_none() && names.validation == Validation::Dns;
    let Some(names) = shape.names.as_ref().filter(is_requested) else { return Attr::Null };
    let at = |region: &str, key| Address::of::<Certificate>(region).maybe_key(key);
    let regions = shape.regions.keys().take(1).filter(|_| names.in_regions());
    let regional = regions.map(|region| (at(region, None), names.on_certificate()));
    let cdn = shape.cdn.iter().map(|_| {
        let region = distribution::CERTIFICATE_REGION;
        (at(region, Some(distribution::KEY)), names.on_cdn_certificate())
    });
    let mut records = BTreeMap::new();
    for (address, names) in regional.chain(cdn) {
        for (position, domain) in validated_domains(&names).into_iter().enumerate() {
            let record = || match position {
                0 => ValidationRecord {
                    name: output(view, &address, certificate::VALIDATION_NAME),
                    value: output(view, &address, certificate::VALIDATION_VALUE),
                },
                _ => ValidationRecord {
                    name: entry(view, &address, certificate::OTHER_VALIDATION_NAMES, &domain),
                    value: entry(view, &address, certificate::OTHER_VALIDATION_VALUES, &domain),
                },
            };
            records.entry(domain.clone()).or_insert_with(|| Attr::Known(record()));
        }
    }
    Attr::Known(records)
}
