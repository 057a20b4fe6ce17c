//! AWS's limits on calls, kept by token buckets.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Clock;
use crate::components::AnyComponent;

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

/// Limits on all calls of a service. Where AWS publishes none (IAM, CloudFront), what its clients get along with.
///
/// # Source
/// "Amazon API Gateway quotas", "Amazon Route 53 quotas", "Lambda quotas" (API requests), "ACM quotas" (API rate
/// quotas; the lowest of the read operations), "CloudWatch Logs quotas".
const SERVICE_LIMITS: &[Limit] = &[
    Limit { operation: "apigateway:*", burst: 40, per_second: 10.0 },
    Limit { operation: "route53:*", burst: 50, per_second: 10.0 },
    Limit { operation: "lambda:*", burst: 15, per_second: 15.0 },
    Limit { operation: "acm:*", burst: 10, per_second: 8.0 },
    Limit { operation: "iam:*", burst: 20, per_second: 10.0 },
    Limit { operation: "cloudfront:*", burst: 10, per_second: 5.0 },
    Limit { operation: "logs:*", burst: 10, per_second: 10.0 },
];

/// Lets calls through as fast as AWS takes them, in the order in which they came.
pub(super) struct Limiter {
    limits: HashMap<&'static str, Limit>,
    /// By region and operation.
    buckets: Mutex<HashMap<(String, &'static str), SharedBucket>>,
}

type SharedBucket = Arc<tokio::sync::Mutex<Bucket>>;

impl Limiter {
    /// Keeps the limits of all services and of `components`.
    pub(super) fn of(components: &[&dyn AnyComponent]) -> Self {
        let own = components.iter().flat_map(|component| component.limits());
        Self::new(SERVICE_LIMITS.iter().chain(own).copied())
    }

    /// Keeps no limits.
    pub(super) fn off() -> Self {
        Self::new([])
    }

    fn new(limits: impl IntoIterator<Item = Limit>) -> Self {
        Self { limits: limits.into_iter().map(|limit| (limit.operation, limit)).collect(), buckets: Mutex::default() }
    }

    /// Waits until `operation` may be sent in `region`, and counts it as sent.
    ///
    /// The operation's bucket stays locked while the service's is waited for, so that two calls of one operation are
    /// never nearer to each other than their own limit says.
    pub(super) async fn admit(&self, operation: &'static str, region: &str, clock: &dyn Clock) {
        let own = self.bucket(operation, region, clock);
        let service = self.service_limit(operation).and_then(|limit| self.bucket(limit.operation, region, clock));
        match (own, service) {
            (Some(own), Some(service)) => {
                let mut own = own.lock().await;
                own.wait(clock).await;
                let mut service = service.lock().await;
                service.wait(clock).await;
                service.take(clock.now());
                own.take(clock.now());
            }
            (Some(only), None) | (None, Some(only)) => {
                let mut only = only.lock().await;
                only.wait(clock).await;
                only.take(clock.now());
            }
            (None, None) => {}
        }
    }

    /// AWS throttled a call all the same: somebody else uses the account too, so the next ones come slower.
    pub(super) async fn throttled(&self, operation: &'static str, region: &str, clock: &dyn Clock) {
        let bucket = self
            .bucket(operation, region, clock)
            .or_else(|| self.service_limit(operation).and_then(|limit| self.bucket(limit.operation, region, clock)));
        if let Some(bucket) = bucket {
            bucket.lock().await.empty(clock.now());
        }
    }

    fn service_limit(&self, operation: &str) -> Option<&Limit> {
        let (service, _) = operation.split_once(':')?;
        self.limits.get(format!("{service}:*").as_str())
    }

    fn bucket(&self, operation: &'static str, region: &str, clock: &dyn Clock) -> Option<SharedBucket> {
        let limit = *self.limits.get(operation)?;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets
            .entry((region.to_owned(), limit.operation))
            .or_insert_with(|| Arc::new(tokio::sync::Mutex::new(Bucket::full(limit, clock.now()))));
        Some(bucket.clone())
    }
}

/// Calls that may be made now.
struct Bucket {
    limit: Limit,
    tokens: f64,
    at: Instant,
}

impl Bucket {
    fn full(limit: Limit, now: Instant) -> Self {
        Self { limit, tokens: f64::from(limit.burst), at: now }
    }

    /// Waits until there is a token.
    async fn wait(&mut self, clock: &dyn Clock) {
        loop {
            self.refill(clock.now());
            // Rounding must not make a token of 0.999… wait for nothing for ever.
            let missing = 1.0 - self.tokens;
            if missing <= 1e-9 {
                return;
            }
            let wait = Duration::from_secs_f64(missing / self.limit.per_second) + Duration::from_micros(1);
            clock.sleep(wait).await;
        }
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.tokens = (self.tokens + passed * self.limit.per_second).min(f64::from(self.limit.burst));
        self.at = now;
    }

    fn take(&mut self, now: Instant) {
        self.refill(now);
        self.tokens -= 1.0;
    }

    fn empty(&mut self, now: Instant) {
        self.refill(now);
        self.tokens = self.tokens.min(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::FakeClock;

    const DOMAINS: Limit = Limit { operation: "apigateway:CreateDomainName", burst: 1, per_second: 1.0 / 30.0 };
    const ALL: Limit = Limit { operation: "apigateway:*", burst: 4, per_second: 1.0 };

    async fn seconds_for(limiter: &Limiter, calls: &[(&'static str, &str)]) -> Vec<u64> {
        let clock = FakeClock::default();
        let mut at = Vec::new();
        for (operation, region) in calls {
            limiter.admit(operation, region, &clock).await;
            at.push(clock.passed().as_secs());
        }
        at
    }

    #[tokio::test]
    async fn a_burst_passes_and_then_the_rate_holds() {
        let calls = vec![("apigateway:GetApi", "eu-west-1"); 7];
        assert_eq!(seconds_for(&Limiter::new([ALL]), &calls).await, [0, 0, 0, 0, 1, 2, 3]);
    }

    #[tokio::test]
    async fn an_operation_has_its_own_bucket_in_each_region() {
        let calls = [
            ("apigateway:CreateDomainName", "eu-west-1"),
            ("apigateway:CreateDomainName", "us-east-1"),
            ("apigateway:CreateDomainName", "eu-west-1"),
            ("apigateway:GetApi", "eu-west-1"),
        ];
        assert_eq!(seconds_for(&Limiter::new([DOMAINS, ALL]), &calls).await, [0, 0, 30, 30]);
    }

    #[tokio::test]
    async fn throttling_empties_the_bucket() {
        let (limiter, clock) = (Limiter::new([ALL]), FakeClock::default());
        limiter.throttled("apigateway:GetApi", "eu-west-1", &clock).await;
        limiter.admit("apigateway:GetApi", "eu-west-1", &clock).await;
        assert_eq!(clock.passed().as_secs(), 1);
    }

    #[tokio::test]
    async fn without_limits_nothing_waits() {
        let calls = vec![("apigateway:CreateDomainName", "eu-west-1"); 100];
        assert_eq!(seconds_for(&Limiter::off(), &calls).await.last(), Some(&0));
    }
}
