//! Amazon CloudFront.

pub mod cache_policy;
pub mod continuous_deployment_policy;
pub mod distribution;
pub mod invalidation;
pub mod key_value_store;
pub mod key_values;
pub mod managed;
pub mod origin_request_policy;
mod policy;
pub mod response_headers_policy;
pub(crate) mod routing;
mod tagging;
pub mod viewer_function;

pub use policy::Selection;

use crate::aws::CallError;

/// Whether an object was changed between our read and our change of it.
fn is_overtaken(error: &CallError) -> bool {
    matches!(error.code(), Some("PreconditionFailed" | "InvalidIfMatchVersion"))
}
