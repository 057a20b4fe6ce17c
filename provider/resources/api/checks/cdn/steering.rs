//! Mistakes in `cdn.origin = "key_value_store"`.

use super::super::{Found, each};
use crate::components::route53::geography::Location;
use crate::resources::api::config::{Config, Policy};
use crate::resources::api::shape::Shape;
use crate::resources::shared::regions;
use crate::wire::Path;

/// The function can evaluate some of the routing policies.
pub(super) fn check(config: &Config, shape: &Shape, found: &mut Found) {
    if let Policy::Geoproximity | Policy::IpBased = shape.policy {
        let detail = format!(
            "With cdn.origin = \"key_value_store\", a CloudFront function chooses the region, and it has neither the position \
             nor the address blocks of clients for the policy {:?}. Use \"latency\", \"failover\", \"weighted\" or \
             \"geolocation\", or set cdn.origin to \"latency\".",
            shape.policy.as_str()
        );
        found.error(Path::of("routing").attribute("policy"), "Policy not available in CloudFront", detail);
    }
    if shape.policy != Policy::Geolocation {
        return;
    }
    for (name, region) in config.known_regions() {
        let path = regions::path(name).attribute("locations");
        for (path, text) in region.locations().known().into_iter().flat_map(|list| each(list, &path)) {
            if let Some(Location::State(_)) = Location::parse(text) {
                let detail = format!(
                    "With cdn.origin = \"key_value_store\", CloudFront chooses the region by the country of the client, and \
                     {text:?} is a state. Use \"US\", or set cdn.origin to \"latency\"."
                );
                found.error(path, "Location not available in CloudFront", detail);
            }
        }
    }
}
