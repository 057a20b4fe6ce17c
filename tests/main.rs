//! Integration tests, in one binary so that it is linked once.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unreachable,
    clippy::unwrap_used,
    reason = "a panic fails the test"
)]
#![allow(clippy::too_many_lines, reason = "a test may be one long sequence or table")]

/// The faults harness spends a fifth of its time in the system's allocator.
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
