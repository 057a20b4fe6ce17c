//! Tests of the whole: one binary, so that it is linked once.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod components;
mod engine;
mod faults;
mod fuzz;
mod lifecycle;
mod protocol;
mod tidy;
