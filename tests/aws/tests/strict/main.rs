//! What the strict AWS does and ministack alone does not, tested with AWS's own SDK.

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
mod rest;
mod route53;
mod traffic;
mod viewer_functions;
mod world;

/// The backend behind the rules.
const BACKEND: strict_aws::Backend = strict_aws::Backend::Ministack;
