//! What resource types share: identity and tags, regions, timeouts, names, checks, and the way to and from attributes.

pub(crate) mod checks;
pub(crate) mod components;
pub(crate) mod dns;
pub(crate) mod found;
pub(crate) mod function;
pub(crate) mod inputs;
pub(crate) mod owned;
pub(crate) mod package;
pub(crate) mod regions;
pub(crate) mod routes;
pub(crate) mod tags;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod timeouts;
pub(crate) mod values;
