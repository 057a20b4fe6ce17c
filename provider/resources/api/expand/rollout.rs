//! The order in which the regions of an API change.

use crate::desired::Rollout;
use crate::resources::api::config::Policy;
use crate::resources::api::shape::Shape;

/// The rollout of an API: one region first, then the others.
pub(super) fn of(shape: &Shape) -> Rollout {
    Rollout::one_first(least_used(shape))
}

/// The region whose failure would affect the fewest clients: one without traffic, else one that is not primary, else the one
/// with the lowest weight. Among equal regions, the first one by name.
fn least_used(shape: &Shape) -> Option<&str> {
    let weight = |region: &str| match shape.policy {
        Policy::Weighted => shape.regions.get(region).and_then(|place| place.config.weight().ok()),
        _ => None,
    };
    let regions = shape.regions.iter();
    let first = regions.min_by_key(|(name, place)| (shape.routes_to(name), place.primary, weight(name), *name));
    first.map(|(name, _)| name.as_str())
}
