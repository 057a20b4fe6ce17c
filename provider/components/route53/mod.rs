//! Amazon Route 53.

pub(crate) mod dns;
pub mod health_check;
pub mod hosted_zone;
pub mod record;
pub(crate) mod record_sets;
pub mod validation_record;
