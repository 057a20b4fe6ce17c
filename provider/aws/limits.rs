//! AWS's limits on calls, kept by token buckets.

/// How often one operation may be called.
///
/// The bucket is one per account, region and operation (all of a service with `*`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// Service and operation as in an IAM action: `apigateway:CreateDomainName`, `route53:*`.
    pub operation: &'static str,
    /// How many calls may be made at once after a pause.
    pub burst: u32,
    /// How many calls become free again in a second.
    pub per_second: f64,
}
