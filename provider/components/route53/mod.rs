//! Amazon Route 53.

pub mod alarm_health_check;
pub mod calculated_health_check;
pub mod checks;
pub(crate) mod cidr;
pub mod cidr_collection;
pub mod cidr_location;
pub(crate) mod dns;
pub(crate) mod geography;
pub mod health_check;
pub mod hosted_zone;
pub mod record;
pub(crate) mod record_owners;
pub(crate) mod record_problems;
pub(crate) mod record_sets;
pub(crate) mod replaced;
pub(crate) mod routing;
pub mod routing_control_health_check;
pub mod validation_record;
pub(crate) mod visibility;
