//! The configuration of an attached function that was found in AWS, read from its components.

use super::{Config, Timeouts};
use crate::components::apigateway::integration::Integration;
use crate::components::lambda::function::Function as Lambda;
use crate::components::logs::claim::Claim;
use crate::desired::Kind;
use crate::plan::View;
use crate::resources::OnCreateFailure;
use crate::resources::shared::found::FoundComponents;
use crate::resources::shared::function::import;
use crate::resources::shared::function::{Function, RegionFunction};
use crate::resources::shared::inputs::{attr, list, map};
use crate::resources::shared::owned::ATTACHED_TO_TAG;
use crate::resources::shared::tags;
use crate::schema::{Attr, Attributes};
use crate::wire::Value;

/// The configuration of the function `name`, as far as its components show it. Its authorizer is one of `api`, the components of
/// the API that it is attached to.
pub(super) fn configuration(name: &str, view: &View, api: &View) -> Value {
    let found = FoundComponents::new(view);
    let regions = found.regions(&[Lambda::KIND]);
    let claim = found.global::<Claim>();
    let attached_to = claim.as_ref().and_then(|claim| claim.tags.get(ATTACHED_TO_TAG)?.known().cloned());
    let attached_to = attached_to.and_then(|owner| owner.split_once('/').map(|(_, api)| api.to_owned()));
    let common = import::all(&found, &regions).into_iter().next();
    let own = |region: &String| {
        let own = common.as_ref()?.of_region(&found, region);
        (own != RegionFunction::default()).then(|| (region.clone(), Attr::Known(own)))
    };
    let own: std::collections::BTreeMap<_, _> = regions.iter().filter_map(own).collect();
    let integration = found.all::<Integration>().into_iter().next();
    let routed = import::routed(&found, &FoundComponents::new(api), &regions, None);
    let arguments = common.map(|common| Function {
        routes: list(routed.routes),
        authorizer: routed.authorizer,
        authorization_scopes: routed.scopes,
        ..common.function(&found, &regions)
    });
    let config = Config {
        name: Attr::Known(name.to_owned()),
        api: attached_to.into(),
        function: arguments.into(),
        regions: if own.is_empty() { Attr::Null } else { Attr::Known(own) },
        gateway_timeout_ms: integration.map_or(Attr::Null, |(_, spec)| attr(&spec.timeout_ms)),
        tags: Attr::Known(map(claim.map(|claim| tags::written(&claim.tags)).unwrap_or_default())),
        timeouts: Attr::Known(Timeouts::default()),
        deletion_protection: Attr::Known(false),
        retain_logs: Attr::Known(import::retain_logs(&found)),
        on_create_failure: Attr::Known(OnCreateFailure::Rollback),
    };
    Value::Map(config.values())
}
