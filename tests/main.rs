//! Tests of the whole: one binary, so that it is linked once.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

/// A fifth of what the faults harness does is to ask for memory and to give it back.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod components;
mod docs;
mod engine;
mod faults;
mod fuzz;
mod lifecycle;
mod protocol;
mod tidy;
