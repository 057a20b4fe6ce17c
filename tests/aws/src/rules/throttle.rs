//! AWS's published control-plane limits, as token buckets. Switched on by [`crate::Options::throttle`].

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use super::Context;
use crate::fault;
use crate::message::Refusal;

/// The operations of a service that share a bucket, how many calls fit in it, and the time for one to become free.
struct Limit {
    service: &'static str,
    /// Empty for all.
    operations: &'static [&'static str],
    /// Whether each operation has a bucket of its own.
    each: bool,
    burst: f64,
    refill: Duration,
}

const fn limit(
    service: &'static str,
    operations: &'static [&'static str],
    each: bool,
    burst: f64,
    refill_ms: u64,
) -> Limit {
    Limit { service, operations, each, burst, refill: Duration::from_millis(refill_ms) }
}

/// Sources: AWS, "Amazon API Gateway quotas" (control plane); "Route 53 quotas" (maximums on API requests); "Lambda
/// quotas" (Lambda API requests); "ACM quotas" (API rate quotas).
const LIMITS: &[Limit] = &[
    limit("apigateway", &["CreateDomainName", "UpdateDomainName", "DeleteDomainName"], true, 1.0, 30_000),
    limit("apigateway", &["CreateDeployment"], true, 1.0, 5_000),
    limit("apigateway", &[], false, 40.0, 100),
    limit("route53", &["CreateHealthCheck"], true, 50.0, 2_000),
    limit("route53", &[], false, 50.0, 100),
    limit("lambda", &["GetFunction"], true, 100.0, 10),
    limit("lambda", &["GetPolicy"], true, 15.0, 67),
    limit("lambda", &["Invoke"], true, f64::INFINITY, 1),
    limit("lambda", &[], false, 15.0, 67),
    limit("acm", &["RequestCertificate", "DeleteCertificate"], true, 5.0, 200),
    limit("acm", &["DescribeCertificate", "ListCertificates"], true, 10.0, 100),
];

/// The buckets by account, region, service and operation.
#[derive(Debug, Default)]
pub(crate) struct Limits(Mutex<Buckets>);

/// What is left in the buckets.
pub(crate) type Buckets = HashMap<String, Bucket>;

impl Limits {
    /// As full as they are now.
    pub(crate) fn buckets(&self) -> Buckets {
        self.0.lock().map(|buckets| buckets.clone()).unwrap_or_default()
    }

    /// Makes them as full as they were.
    pub(crate) fn set_buckets(&self, full: Buckets) {
        if let Ok(mut buckets) = self.0.lock() {
            *buckets = full;
        }
    }
}

/// How full a bucket is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket {
    /// Calls that may be made at once.
    free: f64,
    /// When that was so.
    at: Duration,
}

/// Whether the call is one too many. A refused call uses nothing up.
pub(crate) fn refused(context: &Context<'_>) -> Option<Refusal> {
    if !context.proxy.options.throttle {
        return None;
    }
    let now = context.proxy.timers.now();
    let operation = context.operation.name.as_str();
    let mut buckets = context.proxy.limits.0.lock().ok()?;
    for limit in LIMITS.iter().filter(|limit| limit.service == context.service) {
        if !limit.operations.is_empty() && !limit.operations.contains(&operation) {
            continue;
        }
        let what = if limit.each { operation } else { "" };
        let place = &context.place;
        let key = format!("{}/{}/{}/{what}", place.account, place.region, limit.service);
        let bucket = buckets.entry(key).or_insert(Bucket { free: limit.burst, at: now });
        let refilled = now.saturating_sub(bucket.at).as_secs_f64() / limit.refill.as_secs_f64();
        bucket.free = (bucket.free + refilled).min(limit.burst);
        bucket.at = now;
        if bucket.free < 1.0 {
            return Some(fault::throttled(&context.service));
        }
        bucket.free -= 1.0;
        // Lambda's calls are counted once; the others count against all together too.
        if context.service == "lambda" {
            return None;
        }
    }
    None
}
