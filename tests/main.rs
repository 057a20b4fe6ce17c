//! Integration tests, in one binary so that it is linked once.

#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

/// The faults harness spends a fifth of its time in the system's allocator.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod components;
mod engine;
mod faults;
mod fuzz;
mod lifecycle;
mod protocol;
mod tidy;
