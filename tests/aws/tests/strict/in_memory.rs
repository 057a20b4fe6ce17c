//! The same tests with the in-memory AWS behind the same rules, and tests of what only that supports.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a panic fails the test")]

mod account;
mod acm;
mod apigateway;
mod authorizers;
mod basics;
mod cloudfront;
mod dns;
mod edge;
mod edge_functions;
mod fixtures;
mod lambda;
mod only_in_memory;
mod rest;
mod route53;
mod snapshots;
mod stale_reads;
mod traffic;
mod viewer_functions;
mod world;

/// The backend behind the rules.
const BACKEND: strict_aws::Backend = strict_aws::Backend::InMemory;
