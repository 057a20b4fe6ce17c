//! The kinds of AWS objects: one folder per service, one file per kind.

pub mod acm;
pub mod apigateway;
mod catalog;
pub mod cloudfront;
pub mod cloudwatch;
mod component;
mod erased;
pub mod execute_api;
#[cfg(test)]
mod fields;
pub mod iam;
pub mod lambda;
pub mod logs;
mod registry;
pub mod route53;
mod support;
pub mod traffic;
pub mod wafv2;

pub use catalog::Catalog;
pub(crate) use component::output_keys;
pub use component::{
    ADDRESS_TAG, Component, Discovered, Found, Holder, OWNER_ID_TAG, OWNER_TAG, Problem, Siblings, Tags,
};
pub use erased::{AnyComponent, AnyDiscovered, AnyFound, Resolved};
pub use registry::REGISTRY;
pub use support::deviations::Deviations;
pub(crate) use support::foreign_tags;
pub use support::place::Place;
pub(crate) use support::place::dns_suffix;

/// The claims of all resources, as the ownership protocol uses them.
pub mod ownership {
    pub use super::logs::claim::{FIRST_HEARTBEAT_INTERVAL, address, finish, log_group_of, record, renew};
}
