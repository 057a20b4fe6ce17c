//! The same of the AWS in memory, which the same rules stand in front of.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

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
