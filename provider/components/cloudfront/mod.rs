//! Amazon CloudFront.

pub mod cache_policy;
pub mod distribution;
pub mod invalidation;
pub mod managed;
pub mod origin_request_policy;
mod policy;
pub mod response_headers_policy;

pub use policy::Selection;
