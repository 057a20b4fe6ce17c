//! Requests to the APIs themselves, as clients send them.

pub mod probe;
