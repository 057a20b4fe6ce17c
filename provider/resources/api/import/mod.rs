//! The configuration of an API that was found in AWS, told from its components.
//!
//! It is enough for a plan that wants the same to keep: every top-level attribute that a configuration could have is
//! there. What AWS does not hold (a source directory, timeouts) is left null or takes its default.

mod function;
mod traffic;

use serde::de::DeserializeOwned;

use crate::components::lambda::function::Function;
use crate::components::logs::claim;
use crate::desired::{Address, AddressOf, Input, Kind, Scope};
use crate::plan::View;
use crate::resources::api::front;
use crate::resources::shared::tags;
use crate::resources::shared::values::{map, object, text};
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

/// The configuration of the API `name`, as far as its components tell it.
pub(super) fn configuration(name: &str, view: &View) -> Value {
    let found = Found { view };
    let regions = found.regions();
    let names = traffic::names(&found, &regions);
    let tags = found.global::<claim::Claim>().map(|spec| tags::written(&spec.tags)).unwrap_or_default();
    let defaults = function::Everywhere::of(&found, &regions);
    let place = |region: &String| {
        let place = traffic::place(&found, region, names.as_ref(), defaults.of_region(&found, region));
        (region.clone(), place)
    };
    object([
        ("name", text(name)),
        ("regions", map(regions.iter().map(place))),
        ("function", defaults.value(&found, &regions)),
        ("gateway", front::imported(&found, &regions)),
        ("domain", names.as_ref().map_or(Value::Null, |names| traffic::domain(&found, &regions, names))),
        ("routing", traffic::routing(&found, &regions, names.as_ref())),
        ("cdn", traffic::cdn(&found)),
        ("tags", map(tags.iter().map(|(key, value)| (key.clone(), text(value))))),
        ("timeouts", object([])),
        ("deletion_protection", Value::Bool(false)),
        ("on_create_failure", text("rollback")),
    ])
}

/// A warning for each name that regions or CloudFront answer to, and that no record leads to.
pub(super) fn unfound(view: &View) -> Diagnostics {
    let lost = traffic::unrecorded(&Found { view });
    let warning = |name: String| {
        let detail = format!(
            "The API answers to {name}, but no public hosted zone of this account has a record of that name that leads to \
             it: the record was deleted, leads elsewhere, or is in a zone of another account. The state does not hold \
             it. The next apply makes it in the zone of domain.zone_id."
        );
        Diagnostic::warning(Path::of("domain"), "Record not found", detail)
    };
    lost.into_iter().map(warning).collect()
}

/// The components that were found, by their types.
pub(super) struct Found<'a> {
    view: &'a View,
}

impl Found<'_> {
    /// The regions in which there is something that runs.
    fn regions(&self) -> Vec<String> {
        let runs = |address: &Address| address.kind == Function::KIND || front::is_api(address);
        let region = |address: &Address| match &address.scope {
            Scope::Region(name) if runs(address) => Some(name.clone()),
            _ => None,
        };
        let mut regions: Vec<String> = self.view.components.keys().filter_map(region).collect();
        regions.sort();
        regions.dedup();
        regions
    }

    /// The spec of the component at `address`.
    pub(super) fn spec<C: Kind<Spec: DeserializeOwned>>(&self, address: &AddressOf<C>) -> Option<C::Spec> {
        self.view.spec(address)
    }

    /// The spec of the only component of its kind in a region.
    pub(super) fn regional<C: Kind<Spec: DeserializeOwned>>(&self, region: &str) -> Option<C::Spec> {
        self.spec(&Address::of::<C>(region))
    }

    /// The spec of the only global component of its kind.
    pub(super) fn global<C: Kind<Spec: DeserializeOwned>>(&self) -> Option<C::Spec> {
        self.spec(&Address::global_of::<C>())
    }

    /// The spec of the only component of its kind in the first region that has one.
    pub(super) fn first<C: Kind<Spec: DeserializeOwned>>(&self, regions: &[String]) -> Option<C::Spec> {
        regions.iter().find_map(|region| self.regional::<C>(region))
    }

    /// Whether there is a component at `address`.
    pub(super) fn has(&self, address: &Address) -> bool {
        self.view.components.contains_key(address)
    }

    /// The components of a kind.
    pub(super) fn all<C: Kind<Spec: DeserializeOwned>>(&self) -> Vec<(Address, C::Spec)> {
        let addresses = self.view.components.keys().filter_map(|address| address.clone().typed::<C>());
        addresses
            .filter_map(|address| Some((self.spec(&address)?, address)))
            .map(|(spec, address)| (address.into(), spec))
            .collect()
    }
}

/// The text of a spec.
fn told(input: &Input<String>) -> Option<String> {
    input.known().cloned()
}
