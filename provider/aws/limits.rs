//! AWS's rate limits, enforced by token buckets that slow down when AWS throttles calls all the same.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::OwnedMutexGuard;

use super::Clock;
use super::services::{SERVICES, ServiceLimit};
use crate::desired::Limit;

/// The share of a limit that is used. Calls take different times to reach AWS: without a margin, AWS would now and then
/// throttle one of two calls that follow each other as fast as the limit allows.
const MARGIN: f64 = 0.98;

/// The factor by which throttling reduces the rate: that of the adaptive retry mode of the AWS SDKs.
const AFTER_THROTTLING: f64 = 0.7;

/// The rate never falls below this share of the limit.
const LOWEST_SHARE: f64 = 0.05;

/// The time in which a bucket recovers from a rate of zero to its full rate...
const RECOVERY: Duration = Duration::from_secs(300);

/// ...or, for a low limit, the number of calls that the limit allows in that time.
const RECOVERY_CALLS: f64 = 60.0;

/// Admits calls as fast as AWS accepts them, in the order in which they arrive.
pub(super) struct Limiter {
    /// By operation, or `lambda:*` for all calls of a service.
    limits: HashMap<&'static str, Limit>,
    /// Operations that do not count against the limit on all calls of their service.
    separate: HashSet<&'static str>,
    began: Instant,
    /// By region and operation.
    buckets: Mutex<HashMap<(String, &'static str), Arc<Bucket>>>,
}

impl Limiter {
    /// Enforces the limits of all services, and `limits` of single operations, in a process that starts `now`.
    pub(super) fn of(limits: impl IntoIterator<Item = Limit>, now: Instant) -> Self {
        let limits = limits.into_iter().map(|limit| ServiceLimit { limit, is_separate: false });
        Self::new(SERVICES.iter().flat_map(|service| service.limits).copied().chain(limits), now)
    }

    /// Enforces no limits.
    pub(super) fn off() -> Self {
        Self::new([], Instant::now())
    }

    fn new(all: impl IntoIterator<Item = ServiceLimit>, began: Instant) -> Self {
        let (mut limits, mut separate) = (HashMap::new(), HashSet::new());
        for ServiceLimit { limit, is_separate } in all {
            limits.insert(limit.operation, limit);
            if is_separate {
                separate.insert(limit.operation);
            }
        }
        Self { limits, separate, began, buckets: Mutex::default() }
    }

    /// Waits for the turn of a call of `operation` in `region`. Until the turn is taken or dropped, no other call that counts
    /// against the same limits gets a turn.
    pub(super) async fn turn(&self, operation: &'static str, region: &str, clock: &dyn Clock) -> Turn {
        let mut turn = Turn(Vec::new());
        // The operation's own bucket comes first and is held while the call waits for the service's. So calls of one operation
        // are never closer together than their own limit allows, and do not block other operations while they wait for it.
        for bucket in self.buckets_of(operation, region) {
            let queue = Arc::clone(&bucket.queue).lock_owned().await;
            while let Some(wait) = bucket.wait(clock.now()) {
                clock.sleep(wait).await;
            }
            turn.0.push((bucket, queue));
        }
        turn
    }

    /// Counts a call that is sent out of turn; the calls that wait are delayed accordingly.
    pub(super) fn count(&self, operation: &'static str, region: &str, now: Instant) {
        for bucket in self.buckets_of(operation, region) {
            bucket.level().take(now);
        }
    }

    /// Slows down, since AWS throttled a call that was sent at `sent`: other clients use the account, too.
    pub(super) fn throttled(&self, operation: &'static str, region: &str, sent: Instant, clock: &dyn Clock) {
        if let Some(bucket) = self.buckets_of(operation, region).next() {
            let share = bucket.level().slow_down(sent, clock.now());
            tracing::info!(operation, region, share, "AWS throttled a call: sending calls more slowly");
        }
    }

    /// The buckets of an operation: its own, then its service's.
    fn buckets_of(&self, operation: &'static str, region: &str) -> impl Iterator<Item = Arc<Bucket>> {
        let own = self.limits.get(operation);
        let service = operation.split_once(':').filter(|_| !self.separate.contains(operation));
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

/// The turn of a call, which blocks the calls behind it.
pub(super) struct Turn(Vec<(Arc<Bucket>, OwnedMutexGuard<()>)>);

impl Turn {
    /// Counts the call, which is sent now.
    pub(super) fn take(self, now: Instant) {
        for (bucket, _) in &self.0 {
            bucket.level().take(now);
        }
    }
}

/// The token bucket of one limit in one region.
struct Bucket {
    /// Held by the next call; the others queue for it.
    queue: Arc<tokio::sync::Mutex<()>>,
    level: Mutex<Level>,
}

impl Bucket {
    fn level(&self) -> MutexGuard<'_, Level> {
        self.level.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long the next call must wait; `None` when it may be sent.
    fn wait(&self, now: Instant) -> Option<Duration> {
        self.level().wait(now)
    }
}

/// The tokens of a bucket, and how fast they are refilled.
struct Level {
    limit: Limit,
    tokens: f64,
    /// The part of the limit that is used: all of it, until AWS throttles a call.
    share: f64,
    at: Instant,
    slowed_down: Option<Instant>,
}

impl Level {
    /// The bucket of a process that started at `began`. The host runs plan and apply in different processes, so the plan may
    /// have used up the burst of the calls that plans make: these buckets start with a single token.
    fn new(limit: Limit, began: Instant) -> Self {
        let tokens = if is_planned(limit.operation) { 1.0 } else { f64::from(limit.burst) };
        Self { limit, tokens, share: 1.0, at: began, slowed_down: None }
    }

    /// How long to wait for the next token; `None` when there is one.
    fn wait(&mut self, now: Instant) -> Option<Duration> {
        self.refill(now);
        // A token that is missing only a rounding error counts as there; otherwise the wait might never end.
        let missing = Some(1.0 - self.tokens).filter(|missing| *missing > 1e-9)?;
        Some(Duration::from_secs_f64(missing / self.rate()) + Duration::from_micros(1))
    }

    fn rate(&self) -> f64 {
        self.limit.per_second * MARGIN * self.share
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        // Other clients may use as large a share of the burst as of the rate.
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

    /// Reduces the share because a call that was sent at `sent` was throttled, and returns it. Calls that were in flight at
    /// the same time reduce it only once.
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

/// Whether plans make such calls, which only read.
fn is_planned(operation: &str) -> bool {
    let (_, name) = operation.split_once(':').unwrap_or_default();
    ["*", "Describe", "Get", "List"].iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::FakeClock;

    const DOMAINS: ServiceLimit = limit("apigateway:CreateDomainName", 1, 1.0 / 30.0);
    const ALL: ServiceLimit = limit("apigateway:*", 4, 1.0);
    const GET_API: &str = "apigateway:GetApi";
    const REGION: &str = "eu-west-1";

    const fn limit(operation: &'static str, burst: u32, per_second: f64) -> ServiceLimit {
        ServiceLimit { limit: Limit { operation, burst, per_second }, is_separate: false }
    }

    /// A limiter with full buckets: its process has been idle for ten minutes.
    fn rested(limits: impl IntoIterator<Item = ServiceLimit>) -> (Limiter, FakeClock) {
        let clock = FakeClock::default();
        let limiter = Limiter::new(limits, clock.now());
        clock.advance(Duration::from_secs(600));
        (limiter, clock)
    }

    async fn send(limiter: &Limiter, operation: &'static str, region: &str, clock: &FakeClock) {
        limiter.turn(operation, region, clock).await.take(clock.now());
    }

    /// The time in seconds at which each of `calls` is sent.
    async fn seconds_for((limiter, clock): (Limiter, FakeClock), calls: &[(&'static str, &str)]) -> Vec<u64> {
        let (mut at, began) = (Vec::new(), clock.passed());
        for (operation, region) in calls {
            send(&limiter, operation, region, &clock).await;
            at.push((clock.passed() - began).as_secs());
        }
        at
    }

    /// The average time of the next `calls` calls, in seconds.
    async fn pace(limiter: &Limiter, operation: &'static str, calls: u32, clock: &FakeClock) -> f64 {
        let before = clock.passed();
        for _ in 0..calls {
            send(limiter, operation, REGION, clock).await;
        }
        (clock.passed() - before).as_secs_f64() / f64::from(calls)
    }

    #[tokio::test]
    async fn calls_beyond_the_burst_are_sent_at_the_rate() {
        let calls = vec![(GET_API, REGION); 7];
        assert_eq!(seconds_for(rested([ALL]), &calls).await, [0, 0, 0, 0, 1, 2, 3]);
    }

    /// A preceding plan may have used up the burst of reads, but not the burst of other calls.
    #[tokio::test]
    async fn a_new_process_starts_without_a_burst_of_reads() {
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
    async fn a_separate_limit_does_not_count_against_the_limit_of_the_service() {
        let separate = ServiceLimit { is_separate: true, ..limit("lambda:GetFunction", 2, 1.0) };
        let limits = [limit("lambda:*", 1, 1.0), separate];
        let calls = ["lambda:GetFunction", "lambda:GetFunction", "lambda:GetAlias", "lambda:GetFunction"];
        assert_eq!(seconds_for(rested(limits), &calls.map(|operation| (operation, REGION))).await, [0, 0, 0, 1]);
    }

    #[tokio::test]
    async fn a_turn_that_is_dropped_uses_no_token() {
        let (limiter, clock) = rested([DOMAINS]);
        let before = clock.passed();
        drop(limiter.turn("apigateway:CreateDomainName", REGION, &clock).await);
        send(&limiter, "apigateway:CreateDomainName", REGION, &clock).await;
        assert_eq!(clock.passed(), before);
    }

    /// When a call waits between its turn and its request, the next call still keeps its distance from the request.
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
    async fn a_call_without_a_turn_delays_the_next_calls() {
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
    async fn calls_that_are_throttled_together_reduce_the_rate_once() {
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
    async fn the_rate_recovers_slowly_and_not_beyond_the_limit() {
        let (limiter, clock) = rested([ALL]);
        for _ in 0..3 {
            clock.advance(Duration::from_secs(1));
            limiter.throttled(GET_API, REGION, clock.now(), &clock);
        }
        // A third of the rate is left; from zero it would recover in 300 seconds.
        let mut paces = Vec::new();
        for _ in 0..6 {
            paces.push(pace(&limiter, GET_API, 40, &clock).await);
        }
        assert!(paces.windows(2).all(|pair| pair[1] <= pair[0] + 1e-3), "{paces:?}");
        assert!(paces[0] > 1.9 && paces[5] > 1.0 && paces[5] < 1.03, "{paces:?}");
    }

    #[tokio::test]
    async fn the_rate_of_a_rare_call_recovers_slowly() {
        let (limiter, clock) = rested([DOMAINS]);
        limiter.throttled(DOMAINS.limit.operation, REGION, clock.now(), &clock);
        clock.advance(Duration::from_secs(301));
        send(&limiter, DOMAINS.limit.operation, REGION, &clock).await;
        let pace = pace(&limiter, DOMAINS.limit.operation, 4, &clock).await;
        assert!(pace > 32.0, "{pace}: the rate has not recovered completely");
    }

    #[tokio::test]
    async fn the_rate_never_falls_to_zero() {
        let (limiter, clock) = rested([ALL]);
        for _ in 0..100 {
            clock.advance(Duration::from_millis(1));
            limiter.throttled(GET_API, REGION, clock.now(), &clock);
        }
        let pace = pace(&limiter, GET_API, 1, &clock).await;
        assert!((15.0..25.0).contains(&pace), "{pace}");
    }

    #[tokio::test]
    async fn no_call_waits_without_limits() {
        let calls = vec![("apigateway:CreateDomainName", REGION); 100];
        let off = (Limiter::off(), FakeClock::default());
        assert_eq!(seconds_for(off, &calls).await.last(), Some(&0));
    }
}
