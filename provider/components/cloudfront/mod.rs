//! Amazon CloudFront.

pub mod distribution;
