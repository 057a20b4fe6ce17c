//! What the strict AWS does that ministack does not, asked by AWS's own SDK.

mod acm;
mod apigateway;
mod basics;
mod build;
mod cloudfront;
mod lambda;
mod route53;
mod users;
mod world;
