//! The mistakes in a configuration that the schema does not show. No check calls AWS, and an unknown value is not a mistake.
//!
//! A check of one argument reads [`Config`]. A check of several arguments together reads [`Shape`], which exists only when
//! the arguments that decide which objects there are are known.

mod authorizers;
mod cdn;
mod definition;
mod function;
mod gateway;
mod health;
mod mutual_tls;
pub(super) mod partition;
mod probe;
mod regions;
mod rest;
mod rollout;
mod routes;
mod routing;
mod traffic;

use std::collections::BTreeMap;

use super::config::Config;
use super::shape::Shape;
use crate::resources::shared::checks::{Found, each};
use crate::resources::shared::tags::{self, Bearer};
use crate::wire::{Diagnostics, Path};

/// The mistakes in `config`, except those in its package. `shape` is its shape, when that is known; `default_tags` are the
/// provider's.
pub(super) fn check(config: &Config, shape: Option<&Shape>, default_tags: &BTreeMap<String, String>) -> Diagnostics {
    let mut found = Found::default();
    name(config, &mut found);
    regions::check(config, shape, &mut found);
    function::check(config, shape, &mut found);
    gateway::check(config, shape, &mut found);
    rest::check(config, &mut found);
    authorizers::check(config, &mut found);
    definition::check(config, shape, &mut found);
    routes::check(config, shape, &mut found);
    routing::check(config, shape, &mut found);
    health::check(config, shape, &mut found);
    probe::check(config, shape, &mut found);
    traffic::check(config, shape, &mut found);
    mutual_tls::check(config, shape, &mut found);
    cdn::check(config, shape, &mut found);
    rollout::check(config, shape, &mut found);
    let has_health_check = shape.is_some_and(Shape::has_own_health_checks);
    let bearer = if has_health_check { Bearer::HealthCheck } else { Bearer::Usual };
    found.0.extend(tags::check(config.tags(), default_tags, bearer, &Path::of("tags")));
    found.0
}

fn name(config: &Config, found: &mut Found) {
    let Ok(name) = config.name() else { return };
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let valid = (1..=40).contains(&name.len())
        && name.chars().all(allowed)
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-');
    if !valid {
        let detail = format!(
            "{name:?} cannot be the name of an API, because Lambda, IAM and API Gateway objects carry it. Use 1 to 40 lower \
             case letters, digits and hyphens. The first character must be a letter, and the last one must not be a hyphen."
        );
        found.error(Path::of("name"), "Invalid name", detail);
    }
}
