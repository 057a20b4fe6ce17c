//! Helpers that several kinds share.

pub(crate) mod adoption;
pub(crate) mod answer;
pub(crate) mod creation;
pub(crate) mod deviations;
pub(crate) mod foreign_tags;
pub(crate) mod identity;
pub(crate) mod place;
pub(crate) mod tags;
