//! AWS's published control-plane limits as token buckets. Enabled by [`crate::Options::throttle`].

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use super::Context;
use crate::calls::Call;
use crate::fault;
use crate::message::ApiError;

/// A limit: the operations that share a bucket, its size, and how many calls it regains in a second.
struct Limit {
    service: &'static str,
    /// Empty means all operations.
    operations: &'static [&'static str],
    /// Whether each operation has its own bucket.
    each: bool,
    burst: f64,
    per_second: f64,
}

const fn limit(
    service: &'static str,
    operations: &'static [&'static str],
    each: bool,
    burst: f64,
    per_second: f64,
) -> Limit {
    Limit { service, operations, each, burst, per_second }
}

/// Sources: AWS, "Amazon API Gateway quotas" (control plane); "Route 53 quotas" (maximums on API requests); "Lambda
/// quotas" (Lambda API requests); "ACM quotas" (API rate quotas).
const LIMITS: &[Limit] = &[
    limit("apigateway", &["CreateDomainName", "UpdateDomainName", "DeleteDomainName"], true, 1.0, 1.0 / 30.0),
    limit("apigateway", &["CreateDeployment"], true, 1.0, 0.2),
    limit("apigateway", &["CreateRestApi"], true, 1.0, 1.0 / 3.0),
    limit("apigateway", &["DeleteRestApi"], true, 1.0, 1.0 / 30.0),
    limit("apigateway", &["PutRestApi"], true, 1.0, 1.0),
    limit("apigateway", &["UpdateAccount", "UpdateUsagePlan"], true, 1.0, 1.0 / 20.0),
    limit("apigateway", &["CreateApiKey", "DeleteApiKey"], true, 5.0, 5.0),
    limit("apigateway", &["GetResources"], true, 5.0, 2.5),
    limit("apigateway", &[], false, 40.0, 10.0),
    limit("route53", &["CreateHealthCheck"], true, 50.0, 0.5),
    limit("route53", &[], false, 50.0, 10.0),
    limit("lambda", &["GetFunction"], true, 100.0, 100.0),
    limit("lambda", &["GetPolicy"], true, 15.0, 15.0),
    limit("lambda", &["Invoke"], true, f64::INFINITY, 1000.0),
    limit("lambda", &[], false, 15.0, 15.0),
    limit("acm", &["RequestCertificate", "DeleteCertificate"], true, 5.0, 5.0),
    limit("acm", &["AddTagsToCertificate", "RemoveTagsFromCertificate"], true, 5.0, 5.0),
    limit("acm", &["DescribeCertificate", "ListTagsForCertificate"], true, 10.0, 10.0),
    limit("acm", &["ListCertificates"], true, 8.0, 8.0),
];

/// The limits that apply to a call, each with the name of its bucket.
fn limits_on(service: &str, operation: &str) -> impl Iterator<Item = (&'static Limit, String)> {
    let counts = move |limit: &&Limit| {
        limit.service == service && (limit.operations.is_empty() || limit.operations.contains(&operation))
    };
    let bucket = move |limit: &'static Limit| (limit, if limit.each { operation.to_owned() } else { String::new() });
    // A Lambda call counts against one limit; calls to other services also count against the service's total.
    LIMITS.iter().filter(counts).take(if service == "lambda" { 1 } else { usize::MAX }).map(bucket)
}

/// The shortest time in which AWS accepts these calls, and the bucket that determines it.
pub fn shortest_time(calls: &[Call]) -> (Duration, String) {
    let mut buckets: HashMap<String, (f64, &Limit)> = HashMap::new();
    for call in calls {
        for (limit, bucket) in limits_on(&call.service, &call.operation) {
            let key = format!("{}/{}/{}/{bucket}", call.account, call.region, limit.service);
            buckets.entry(key).or_insert((0.0, limit)).0 += 1.0;
        }
    }
    let time = |(calls, limit): (f64, &Limit)| ((calls - limit.burst) / limit.per_second).max(0.0);
    let times = buckets.into_iter().map(|(key, bucket)| (time(bucket), key));
    let (seconds, key) = times.max_by(|one, other| one.0.total_cmp(&other.0)).unwrap_or_default();
    (Duration::from_secs_f64(seconds), key)
}

/// The buckets by account, region, service and operation.
#[derive(Debug, Default)]
pub(crate) struct Limits(Mutex<Buckets>);

/// The state of the buckets.
pub(crate) type Buckets = HashMap<String, Bucket>;

impl Limits {
    /// The current state of the buckets.
    pub(crate) fn buckets(&self) -> Buckets {
        self.0.lock().map(|buckets| buckets.clone()).unwrap_or_default()
    }

    /// Restores the state of the buckets.
    pub(crate) fn set_buckets(&self, full: Buckets) {
        if let Ok(mut buckets) = self.0.lock() {
            *buckets = full;
        }
    }
}

/// The state of a bucket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket {
    /// Calls that can be made at once.
    free: f64,
    /// The time of that count.
    at: Duration,
}

/// The rounding error of sums of fractions.
const ROUNDING: f64 = 1e-9;

/// An error if the call exceeds a limit. A rejected call consumes nothing.
pub(crate) fn rejection(context: &Context<'_>) -> Option<ApiError> {
    if !context.proxy.options.throttle {
        return None;
    }
    let now = context.proxy.timers.now();
    let operation = context.operation.name.as_str();
    let mut buckets = context.proxy.limits.0.lock().ok()?;
    let (place, mut counted) = (&context.place, Vec::new());
    for (limit, bucket) in limits_on(&context.service, operation) {
        let key = format!("{}/{}/{}/{bucket}", place.account, place.region, limit.service);
        let bucket = buckets.entry(key.clone()).or_insert(Bucket { free: limit.burst, at: now });
        let refilled = now.saturating_sub(bucket.at).as_secs_f64() * limit.per_second;
        bucket.free = (bucket.free + refilled).min(limit.burst);
        bucket.at = now;
        if bucket.free < 1.0 - ROUNDING {
            return Some(fault::throttled(&context.service));
        }
        counted.push(key);
    }
    for key in counted {
        buckets.entry(key).and_modify(|bucket| bucket.free -= 1.0);
    }
    None
}
