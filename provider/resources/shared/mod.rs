//! What resource types share: ownership and tags, timeouts, names, and the values of a state.

pub(crate) mod components;
pub(crate) mod dns;
pub(crate) mod owned;
pub(crate) mod regions;
pub(crate) mod status;
pub(crate) mod tags;
pub(crate) mod timeouts;
pub(crate) mod values;
