//! AWS's limits on calls, kept by token buckets that slow down when AWS throttles all the same.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::OwnedMutexGuard;

use super::Clock;
use crate::desired::Limit;

const fn limit(operation: &'static str, burst: u32, per_second: f64) -> Limit {
    Limit { operation, burst, per_second }
}

/// Limits on all calls of a service, and on operations that more than one kind calls. Where AWS publishes none (IAM,
/// CloudFront), what its clients get along with.
///
/// # Source
/// "Amazon API Gateway quotas", "Amazon Route 53 quotas", "Lambda quotas" (API requests), "ACM quotas" (API rate
/// quotas: each operation has its own, and there is none for all together), "CloudWatch Logs quotas".
const LIMITS: &[Limit] = &[
    limit("apigateway:*", 40, 10.0),
    limit("route53:*", 50, 10.0),
    limit("lambda:*", 15, 15.0),
    limit("lambda:GetFunction", 100, 100.0),
    limit("lambda:GetPolicy", 15, 15.0),
    limit("acm:AddTagsToCertificate", 5, 5.0),
    limit("acm:DeleteCertificate", 5, 5.0),
    limit("acm:DescribeCertificate", 10, 10.0),
    limit("acm:ListCertificates", 8, 8.0),
    limit("acm:ListTagsForCertificate", 10, 10.0),
    limit("acm:RemoveTagsFromCertificate", 5, 5.0),
    limit("acm:RequestCertificate", 5, 5.0),
    limit("iam:*", 20, 10.0),
    limit("cloudfront:*", 10, 5.0),
    limit("logs:*", 10, 10.0),
];

/// Operations that do not count against the limit on all calls of their service.
const APART: &[&str] = &["lambda:GetFunction", "lambda:GetPolicy"];

/// The share of a limit that is used. A call reaches AWS sooner or later than it was sent; without room for that, one of
/// two calls that are as near to each other as they may be is throttled now and then.
const MARGIN: f64 = 0.98;

/// What throttling leaves of the rate: as much as the AWS SDKs' adaptive mode leaves.
const AFTER_THROTTLING: f64 = 0.7;

/// The rate never falls below this share of the limit.
const LOWEST_SHARE: f64 = 0.05;

/// The time in which a bucket that was slowed down to nothing would have all of its rate again...
const RECOVERY: Duration = Duration::from_secs(300);

/// ...or, where calls are rare, the number of calls that the limit allows in that time.
const RECOVERY_CALLS: f64 = 60.0;

/// Lets calls through as fast as AWS takes them, in the order in which they came.
pub(super) struct Limiter {
    limits: HashMap<&'static str, Limit>,
    began: Instant,
    /// By region and operation.
    buckets: Mutex<HashMap<(String, &'static str), Arc<Bucket>>>,
}

impl Limiter {
    /// Enforces the limits of all services, and `limits` of single operations, in a process that starts `now`.
    pub(super) fn of(limits: impl IntoIterator<Item = Limit>, now: Instant) -> Self {
        Self::new(LIMITS.iter().copied().chain(limits), now)
    }

    /// Keeps no limits.
    pub(super) fn off() -> Self {
        Self::new([], Instant::now())
    }

    fn new(limits: impl IntoIterator<Item = Limit>, began: Instant) -> Self {
        let limits = limits.into_iter().map(|limit| (limit.operation, limit)).collect();
        Self { limits, began, buckets: Mutex::default() }
    }

    /// Waits until it is the turn of a call of `operation` in `region`. Until the turn is taken or given up, no other call
    /// of a bucket that it comes out of is sent.
    pub(super) async fn turn(&self, operation: &'static str, region: &str, clock: &dyn Clock) -> Turn {
        let mut turn = Turn(Vec::new());
        // The operation's own bucket comes first, and stays its own while the service's is waited for: two calls of one
        // operation are never nearer to each other than their own limit says, and hold nobody else up while they wait.
        for bucket in self.buckets_of(operation, region) {
            let queue = Arc::clone(&bucket.queue).lock_owned().await;
            while let Some(wait) = bucket.wait(clock.now()) {
                clock.sleep(wait).await;
            }
            turn.0.push((bucket, queue));
        }
        turn
    }

    /// A call is sent out of turn: those that wait for theirs come later by as much.
    pub(super) fn count(&self, operation: &'static str, region: &str, now: Instant) {
        for bucket in self.buckets_of(operation, region) {
            bucket.level().take(now);
        }
    }

    /// AWS throttled a call that was sent at `sent`, all the same: somebody else uses the account too, so the next ones
    /// come slower.
    pub(super) fn throttled(&self, operation: &'static str, region: &str, sent: Instant, clock: &dyn Clock) {
        if let Some(bucket) = self.buckets_of(operation, region).next() {
            let share = bucket.level().slow_down(sent, clock.now());
            tracing::info!(operation, region, share, "AWS throttles: calls come slower");
        }
    }

    /// The buckets of an operation: its own, then its service's.
    fn buckets_of(&self, operation: &'static str, region: &str) -> impl Iterator<Item = Arc<Bucket>> {
        let own = self.limits.get(operation);
        let service = operation.split_once(':').filter(|_| !APART.contains(&operation));
        let service = service.and_then(|(service, _)| self.limits.get(format!("{service}:*").as_str()));
        let both = [own, service].map(|limit| limit.map(|limit| self.bucket(*limit, region)));
        both.into_iter().flatten()
    }

    fn bucket(&self, limit: Limit, region: &str) -> Arc<Bucket> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Bucket { queue: Arc::default(), level: Mutex::new(Level::new(limit, self.began)) });
        Arc::clone(buckets.entry((region.to_owned(), limit.operation)).or_insert_with(new))
    }
}

/// A call's turn to be sent.
pub(super) struct Turn(Vec<(Arc<Bucket>, OwnedMutexGuard<()>)>);

impl Turn {
    /// It is sent now.
    pub(super) fn take(self, now: Instant) {
        for (bucket, _) in &self.0 {
            bucket.level().take(now);
        }
    }
}

/// Who comes next, and when.
struct Bucket {
    /// Held by the call whose turn is next; the others stand in line.
    queue: Arc<tokio::sync::Mutex<()>>,
    level: Mutex<Level>,
}

impl Bucket {
    fn level(&self) -> MutexGuard<'_, Level> {
        self.level.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long to wait until a call may be made; `None` when one may be.
    fn wait(&self, now: Instant) -> Option<Duration> {
        self.level().wait(now)
    }
}

/// How many calls may be made now, and how fast others become free.
struct Level {
    limit: Limit,
    tokens: f64,
    /// The part of the limit that is ours: all of it, until AWS throttles.
    share: f64,
    at: Instant,
    slowed_down: Option<Instant>,
}

impl Level {
    /// The bucket of a process that began then. The host applies in another process than it planned in: what a plan calls
    /// may have been called up to this moment, and the burst is earned by waiting.
    fn new(limit: Limit, began: Instant) -> Self {
        let tokens = if is_planned(limit.operation) { 1.0 } else { f64::from(limit.burst) };
        Self { limit, tokens, share: 1.0, at: began, slowed_down: None }
    }

    /// How long to wait until there is a token; `None` when there is one.
    fn wait(&mut self, now: Instant) -> Option<Duration> {
        self.refill(now);
        // Rounding must not make a token of 0.999… wait for nothing for ever.
        let missing = Some(1.0 - self.tokens).filter(|missing| *missing > 1e-9)?;
        Some(Duration::from_secs_f64(missing / self.rate()) + Duration::from_micros(1))
    }

    fn rate(&self) -> f64 {
        self.limit.per_second * MARGIN * self.share
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        // What others leave of the burst is not known to be more than what they leave of the rate.
        let most = (f64::from(self.limit.burst) * self.share).max(1.0);
        self.tokens = (self.tokens + passed * self.rate()).min(most);
        let recovery = RECOVERY.as_secs_f64().max(RECOVERY_CALLS / self.limit.per_second);
        self.share = (self.share + passed / recovery).min(1.0);
        self.at = now;
    }

    fn take(&mut self, now: Instant) {
        self.refill(now);
        self.tokens -= 1.0;
    }

    /// The share after a call that was sent at `sent` has been throttled. Calls that were on their way together are
    /// throttled together: they slow the bucket down once.
    fn slow_down(&mut self, sent: Instant, now: Instant) -> f64 {
        self.refill(now);
        self.tokens = self.tokens.min(0.0);
        if self.slowed_down.is_none_or(|then| then < sent) {
            self.share = (self.share * AFTER_THROTTLING).max(LOWEST_SHARE);
            self.slowed_down = Some(now);
        }
        self.share
    }
}

/// Whether a plan makes such calls.
fn is_planned(operation: &str) -> bool {
    let (_, name) = operation.split_once(':').unwrap_or_default();
    ["*", "Describe", "Get", "List"].iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::FakeClock;

    const DOMAINS: Limit = limit("apigateway:CreateDomainName", 1, 1.0 / 30.0);
    const ALL: Limit = limit("apigateway:*", 4, 1.0);
    const GET_API: &str = "apigateway:GetApi";
    const REGION: &str = "eu-west-1";

    /// A limiter whose process has been idle for a while.
    fn rested(limits: impl IntoIterator<Item = Limit>) -> (Limiter, FakeClock) {
        let clock = FakeClock::default();
        let limiter = Limiter::new(limits, clock.now());
        clock.advance(Duration::from_secs(600));
        (limiter, clock)
    }

    async fn send(limiter: &Limiter, operation: &'static str, region: &str, clock: &FakeClock) {
        limiter.turn(operation, region, clock).await.take(clock.now());
    }

    /// When each of these calls is sent, in seconds.
    async fn seconds_for((limiter, clock): (Limiter, FakeClock), calls: &[(&'static str, &str)]) -> Vec<u64> {
        let (mut at, began) = (Vec::new(), clock.passed());
        for (operation, region) in calls {
            send(&limiter, operation, region, &clock).await;
            at.push((clock.passed() - began).as_secs());
        }
        at
    }

    /// How many seconds `calls` calls take on average from now on.
    async fn pace(limiter: &Limiter, operation: &'static str, calls: u32, clock: &FakeClock) -> f64 {
        let before = clock.passed();
        for _ in 0..calls {
            send(limiter, operation, REGION, clock).await;
        }
        (clock.passed() - before).as_secs_f64() / f64::from(calls)
    }

    #[tokio::test]
    async fn a_burst_passes_and_then_the_rate_holds() {
        let calls = vec![(GET_API, REGION); 7];
        assert_eq!(seconds_for(rested([ALL]), &calls).await, [0, 0, 0, 0, 1, 2, 3]);
    }

    /// The plan of a moment ago may have used up what there was; what no plan calls is there.
    #[tokio::test]
    async fn a_new_process_earns_its_burst() {
        let limits = [ALL, limit("apigateway:CreateDeployment", 3, 0.2)];
        let new = || {
            let clock = FakeClock::default();
            (Limiter::new(limits, clock.now()), clock)
        };
        assert_eq!(seconds_for(new(), &[(GET_API, REGION); 3]).await, [0, 1, 2]);
        let (limiter, clock) = new();
        clock.advance(Duration::from_secs(2));
        assert_eq!(seconds_for((limiter, clock), &[(GET_API, REGION); 4]).await, [0, 0, 0, 1]);
        let apart = Limiter::new([limits[1]], Instant::now());
        assert_eq!(
            seconds_for((apart, FakeClock::default()), &[("apigateway:CreateDeployment", REGION); 3]).await,
            [0; 3]
        );
    }

    #[tokio::test]
    async fn an_operation_has_its_own_bucket_in_each_region() {
        let calls = [
            ("apigateway:CreateDomainName", REGION),
            ("apigateway:CreateDomainName", "us-east-1"),
            ("apigateway:CreateDomainName", REGION),
            (GET_API, REGION),
        ];
        assert_eq!(seconds_for(rested([DOMAINS, ALL]), &calls).await, [0, 0, 30, 30]);
    }

    #[tokio::test]
    async fn what_counts_apart_uses_nothing_of_its_service_up() {
        let limits = [limit("lambda:*", 1, 1.0), limit("lambda:GetFunction", 2, 1.0)];
        let calls = ["lambda:GetFunction", "lambda:GetFunction", "lambda:GetAlias", "lambda:GetFunction"];
        assert_eq!(seconds_for(rested(limits), &calls.map(|operation| (operation, REGION))).await, [0, 0, 0, 1]);
    }

    #[tokio::test]
    async fn a_turn_that_is_given_up_uses_nothing_up() {
        let (limiter, clock) = rested([DOMAINS]);
        let before = clock.passed();
        drop(limiter.turn("apigateway:CreateDomainName", REGION, &clock).await);
        send(&limiter, "apigateway:CreateDomainName", REGION, &clock).await;
        assert_eq!(clock.passed(), before);
    }

    /// Whoever waits for something else between its turn and its call must not be followed at once.
    #[tokio::test]
    async fn a_token_is_used_up_when_the_call_is_sent() {
        let (limiter, clock) = rested([DOMAINS]);
        let before = clock.passed();
        let turn = limiter.turn("apigateway:CreateDomainName", REGION, &clock).await;
        clock.advance(Duration::from_secs(20));
        turn.take(clock.now());
        send(&limiter, "apigateway:CreateDomainName", REGION, &clock).await;
        assert_eq!((clock.passed() - before).as_secs(), 20 + 30);
    }

    #[tokio::test]
    async fn a_call_out_of_turn_delays_the_next_ones() {
        let (limiter, clock) = rested([DOMAINS]);
        limiter.count("apigateway:CreateDomainName", REGION, clock.now());
        let calls = [("apigateway:CreateDomainName", REGION); 2];
        assert_eq!(seconds_for((limiter, clock), &calls).await, [30, 61]);
    }

    #[tokio::test]
    async fn throttling_empties_the_bucket_and_slows_it_down() {
        let (limiter, clock) = rested([ALL]);
        let before = pace(&limiter, GET_API, 100, &clock).await;
        limiter.throttled(GET_API, REGION, clock.now(), &clock);
        let after = pace(&limiter, GET_API, 10, &clock).await;
        assert!((0.95..1.05).contains(&before), "{before}");
        assert!((1.3..1.5).contains(&after), "{after}: seven tenths of the rate");
    }

    #[tokio::test]
    async fn calls_that_are_throttled_together_slow_down_once() {
        let (limiter, clock) = rested([ALL]);
        let sent = clock.now();
        clock.advance(Duration::from_secs(1));
        for _ in 0..20 {
            limiter.throttled(GET_API, REGION, sent, &clock);
        }
        let once = pace(&limiter, GET_API, 10, &clock).await;
        assert!((1.3..1.5).contains(&once), "{once}");
        limiter.throttled(GET_API, REGION, clock.now(), &clock);
        let twice = pace(&limiter, GET_API, 10, &clock).await;
        assert!((1.7..2.1).contains(&twice), "{twice}: half the rate");
    }

    #[tokio::test]
    async fn the_rate_comes_back_slowly_and_not_beyond_the_limit() {
        let (limiter, clock) = rested([ALL]);
        for _ in 0..3 {
            clock.advance(Duration::from_secs(1));
            limiter.throttled(GET_API, REGION, clock.now(), &clock);
        }
        // A third of the rate is left; in 300 seconds it would come back from nothing.
        let mut paces = Vec::new();
        for _ in 0..6 {
            paces.push(pace(&limiter, GET_API, 40, &clock).await);
        }
        assert!(paces.windows(2).all(|pair| pair[1] <= pair[0] + 1e-3), "{paces:?}");
        assert!(paces[0] > 1.9 && paces[5] > 1.0 && paces[5] < 1.03, "{paces:?}");
    }

    #[tokio::test]
    async fn a_rare_call_recovers_in_its_own_time() {
        let (limiter, clock) = rested([DOMAINS]);
        limiter.throttled(DOMAINS.operation, REGION, clock.now(), &clock);
        clock.advance(Duration::from_secs(301));
        send(&limiter, DOMAINS.operation, REGION, &clock).await;
        let pace = pace(&limiter, DOMAINS.operation, 4, &clock).await;
        assert!(pace > 32.0, "{pace}: not all of the rate is back");
    }

    #[tokio::test]
    async fn the_rate_never_falls_to_nothing() {
        let (limiter, clock) = rested([ALL]);
        for _ in 0..100 {
            clock.advance(Duration::from_millis(1));
            limiter.throttled(GET_API, REGION, clock.now(), &clock);
        }
        let pace = pace(&limiter, GET_API, 1, &clock).await;
        assert!((15.0..25.0).contains(&pace), "{pace}");
    }

    #[tokio::test]
    async fn without_limits_nothing_waits() {
        let calls = vec![("apigateway:CreateDomainName", REGION); 100];
        let off = (Limiter::off(), FakeClock::default());
        assert_eq!(seconds_for(off, &calls).await.last(), Some(&0));
    }
}
