//! Requests to the APIs themselves, as clients send them.

mod cause;
pub mod expected;
pub mod probe;
