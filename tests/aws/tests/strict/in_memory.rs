//! The same of the AWS in memory, which the same rules stand in front of.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a panic fails the test")]

mod account;
mod acm;
mod apigateway;
mod basics;
mod build;
mod cloudfront;
mod eventual;
mod lambda;
mod route53;
mod snapshots;
mod users;
mod wiring;
mod world;

/// What is behind the rules.
const BACKEND: strict_aws::Backend = strict_aws::Backend::Memory;
