//! What the strict AWS does that ministack does not, asked by AWS's own SDK.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a panic fails the test")]

mod account;
mod acm;
mod apigateway;
mod basics;
mod build;
mod cloudfront;
mod lambda;
mod route53;
mod users;
mod world;

/// What is behind the rules.
const BACKEND: strict_aws::Backend = strict_aws::Backend::Ministack;
