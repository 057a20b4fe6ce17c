//! The configuration of an API that was found in AWS, read from its components.
//!
//! The plan of a configuration that describes the same API has nothing to change: every top-level attribute that a
//! configuration can have is set. Attributes that AWS does not hold, such as a source directory or timeouts, are null or
//! have their defaults.

mod cdn;
mod routing;
mod traffic;

use std::collections::BTreeMap;

use super::config::{Config, Region, Timeouts};
use crate::components::lambda::function::Function;
use crate::components::logs::claim::Claim;
use crate::desired::Kind;
use crate::plan::View;
use crate::resources::OnCreateFailure;
use crate::resources::api::front;
use crate::resources::shared::found::FoundComponents;
use crate::resources::shared::function::RegionFunction;
use crate::resources::shared::function::import::{self, Common};
use crate::resources::shared::inputs;
use crate::resources::shared::tags;
use crate::schema::{Attr, TextSet};
use crate::wire::{Diagnostic, Diagnostics, Path};

/// The configuration of the API `name`, as far as its components show it.
pub(super) fn configuration(name: &str, view: &View) -> Config {
    let found = FoundComponents::new(view);
    let regions = found.regions(&[&[Function::KIND], front::APIS].concat());
    let names = traffic::names(&found, &regions);
    let tags = found.global::<Claim>().map(|spec| tags::written(&spec.tags)).unwrap_or_default();
    let functions = import::all(&found, &regions);
    let mut drained = Vec::new();
    let places = regions.iter().map(|name| {
        let (region, is_drained) = routing::place(&found, name, names.as_ref(), of_region(&functions, &found, name));
        drained.extend(is_drained.then(|| name.clone()));
        (name.clone(), Attr::Known(region))
    });
    let places = places.collect();
    let arguments = |one: &Common| front::imported_function(&found, &regions, one);
    let named = functions.iter().filter_map(|one| Some((one.name()?.clone(), Attr::Known(arguments(one)))));
    let named: BTreeMap<_, _> = named.collect();
    Config {
        name: Attr::Known(name.to_owned()),
        regions: Attr::Known(places),
        drained: Attr::Known(TextSet(drained.into_iter().map(Attr::Known).collect())),
        function: functions.iter().find(|one| one.name().is_none()).map(arguments).into(),
        functions: if named.is_empty() { Attr::Null } else { Attr::Known(named) },
        gateway: Attr::Known(front::imported(&found, &regions)),
        domain: names.as_ref().map(|names| traffic::domain(&found, &regions, names)).into(),
        routing: Attr::Known(routing::routing(&found, &regions, names.as_ref())),
        cdn: cdn::cdn(view, name).into(),
        rollout: Attr::Null,
        tags: Attr::Known(inputs::map(tags)),
        timeouts: Attr::Known(Timeouts::default()),
        deletion_protection: Attr::Known(false),
        retain_logs: Attr::Known(import::retain_logs(&found)),
        on_create_failure: Attr::Known(OnCreateFailure::Rollback),
    }
}

/// The part of a region that describes its functions.
fn of_region(all: &[Common], found: &FoundComponents<'_>, region: &str) -> Region {
    let mut place = Region::default();
    let mut named = BTreeMap::new();
    for common in all {
        let own = common.of_region(found, region);
        match common.name() {
            // All functions of a region are in one VPC.
            Some(_) if own == (RegionFunction { vpc: own.vpc.clone(), ..RegionFunction::default() }) => {
                place.vpc = own.vpc
            }
            Some(name) => {
                place.vpc = own.vpc.clone();
                named.insert(name.clone(), Attr::Known(RegionFunction { vpc: Attr::Null, ..own }));
            }
            None => {
                place = Region {
                    environment: own.environment,
                    layers: own.layers,
                    s3: own.s3,
                    image_uri: own.image_uri,
                    vpc: own.vpc,
                    reserved_concurrency: own.reserved_concurrency,
                    provisioned_concurrency: own.provisioned_concurrency,
                    ..place
                }
            }
        }
    }
    Region { functions: if named.is_empty() { Attr::Null } else { Attr::Known(named) }, ..place }
}

/// A warning for each name that regions or CloudFront serve, and that no record leads to, and for an OpenAPI document.
pub(super) fn unfound(view: &View) -> Diagnostics {
    let found = FoundComponents::new(view);
    let names = traffic::unrecorded(&found);
    let warning = |name: String| {
        let detail = format!(
            "The API serves {name}, but no public hosted zone of this account has a record of that name that leads to it. \
             The record was deleted, leads elsewhere, or is in a zone of another account. The state does not contain it, \
             and the next apply creates it in the zone of domain.zone_id."
        );
        Diagnostic::warning(Path::of("domain"), "Record not found", detail)
    };
    let undescribed = front::is_undescribed(&found).then(|| {
        let detail = "The content of the REST APIs does not follow from routes: it was made from an OpenAPI document, which AWS \
                      does not store, has settings that AWS reports in another spelling, such as a resource policy, or was changed \
                      since the last apply. The next apply deploys the definition of the configuration again.";
        Diagnostic::warning(Path::of("gateway").attribute("openapi"), "OpenAPI document not found", detail)
    });
    names.into_iter().map(warning).chain(undescribed).collect()
}
