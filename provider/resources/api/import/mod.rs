//! The configuration of an API that was found in AWS, read from its components.
//!
//! The plan of a configuration that describes the same API has nothing to change: every top-level attribute that a
//! configuration can have is set. Attributes that AWS does not hold, such as a source directory or timeouts, are null or
//! have their defaults.

mod cdn;
mod function;
mod traffic;

use super::config::{Config, Timeouts};
use crate::components::lambda::function::Function;
use crate::components::logs::claim::Claim;
use crate::desired::Kind;
use crate::plan::View;
use crate::resources::OnCreateFailure;
use crate::resources::api::front;
use crate::resources::shared::found::FoundComponents;
use crate::resources::shared::inputs;
use crate::resources::shared::tags;
use crate::schema::Attr;
use crate::wire::{Diagnostic, Diagnostics, Path};

/// The configuration of the API `name`, as far as its components show it.
pub(super) fn configuration(name: &str, view: &View) -> Config {
    let found = FoundComponents::new(view);
    let regions = found.regions(&[&[Function::KIND], front::APIS].concat());
    let names = traffic::names(&found, &regions);
    let tags = found.global::<Claim>().map(|spec| tags::written(&spec.tags)).unwrap_or_default();
    let common = function::Common::of(&found, &regions);
    let place = |name: &String| {
        let region = traffic::place(&found, name, names.as_ref(), common.of_region(&found, name));
        (name.clone(), Attr::Known(region))
    };
    Config {
        name: Attr::Known(name.to_owned()),
        regions: Attr::Known(regions.iter().map(place).collect()),
        function: Attr::Known(common.function(&found, &regions)),
        gateway: Attr::Known(front::imported(&found, &regions)),
        domain: names.as_ref().map(|names| traffic::domain(&found, &regions, names)).into(),
        routing: Attr::Known(traffic::routing(&found, &regions, names.as_ref())),
        cdn: cdn::cdn(view, name).into(),
        tags: Attr::Known(inputs::map(tags)),
        timeouts: Attr::Known(Timeouts::default()),
        deletion_protection: Attr::Known(false),
        on_create_failure: Attr::Known(OnCreateFailure::Rollback),
    }
}

/// A warning for each name that regions or CloudFront serve, and that no record leads to.
pub(super) fn unfound(view: &View) -> Diagnostics {
    let names = traffic::unrecorded(&FoundComponents::new(view));
    let warning = |name: String| {
        let detail = format!(
            "The API serves {name}, but no public hosted zone of this account has a record of that name that leads to it. \
             The record was deleted, leads elsewhere, or is in a zone of another account. The state does not contain it, \
             and the next apply creates it in the zone of domain.zone_id."
        );
        Diagnostic::warning(Path::of("domain"), "Record not found", detail)
    };
    names.into_iter().map(warning).collect()
}
