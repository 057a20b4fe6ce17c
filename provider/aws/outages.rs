//! The endpoints that do not respond, as one operation sees them. Its other reads there end at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::breaker::{Breaker, Ending};
use super::failure::{Failure, Verdict};
use super::{CallError, CancellationToken, chain};

/// How long an operation relies on what an earlier operation of the same process found: a host refreshes and plans many
/// resources one after the other.
const REMEMBERED: Duration = Duration::from_secs(60);

/// A service in a region, or a global service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EndpointKey {
    /// The name of the service, for messages: `Lambda`.
    pub(super) service: &'static str,
    /// The region; `None` for a global service, which is not a part of any region.
    pub(super) region: Option<String>,
}

impl EndpointKey {
    /// The endpoint, for messages: `Lambda in us-west-2`.
    fn describe(&self) -> String {
        match &self.region {
            Some(region) => format!("{} in {region}", self.service),
            None => self.service.to_owned(),
        }
    }
}

/// What the operations of a process have found most recently: when each endpoint was found to be unreachable, and why.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<BTreeMap<EndpointKey, (Instant, String)>>);

/// The endpoints of one operation.
pub struct Outages {
    memory: Arc<Memory>,
    endpoints: Mutex<BTreeMap<EndpointKey, Arc<Endpoint>>>,
}

/// The health of one endpoint during one operation.
pub(super) struct Endpoint {
    key: EndpointKey,
    state: Mutex<State>,
    /// Cancelled when the endpoint counts as unreachable.
    unreachable: CancellationToken,
    memory: Arc<Memory>,
}

struct State {
    breaker: Breaker,
    reason: String,
    /// How many calls were sent.
    calls: u64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Outages {
    /// The endpoints of an operation that begins at `now`.
    pub(super) fn new(memory: &Arc<Memory>, now: Instant) -> Self {
        let mut remembered = lock(&memory.0);
        remembered.retain(|_, (then, _)| now.saturating_duration_since(*then) < REMEMBERED);
        let endpoint = |(key, (_, reason)): (&EndpointKey, &(Instant, String))| {
            (key.clone(), Arc::new(Endpoint::new(key.clone(), Breaker::open(), reason, memory)))
        };
        let endpoints = remembered.iter().map(endpoint).collect();
        Self { memory: Arc::clone(memory), endpoints: Mutex::new(endpoints) }
    }

    /// The health of an endpoint.
    pub(super) fn endpoint(&self, key: EndpointKey) -> Arc<Endpoint> {
        let mut endpoints = lock(&self.endpoints);
        if let Some(endpoint) = endpoints.get(&key) {
            return Arc::clone(endpoint);
        }
        let in_outage = |other: &Arc<Endpoint>| other.key.region == key.region && other.is_unreachable();
        let breaker = match key.region.is_some() && endpoints.values().any(in_outage) {
            true => Breaker::suspected(),
            false => Breaker::default(),
        };
        let endpoint = Arc::new(Endpoint::new(key.clone(), breaker, "", &self.memory));
        endpoints.insert(key, Arc::clone(&endpoint));
        endpoint
    }

    /// The regions in which a service does not respond, each with the reason.
    pub fn regions(&self) -> BTreeMap<String, String> {
        let endpoints = lock(&self.endpoints);
        let open = endpoints.values().filter(|endpoint| endpoint.is_unreachable());
        open.filter_map(|endpoint| Some((endpoint.key.region.clone()?, lock(&endpoint.state).reason.clone()))).collect()
    }
}

impl Endpoint {
    fn new(key: EndpointKey, breaker: Breaker, reason: &str, memory: &Arc<Memory>) -> Self {
        let unreachable = CancellationToken::new();
        if breaker.is_open() {
            unreachable.cancel();
        }
        let state = Mutex::new(State { breaker, reason: reason.to_owned(), calls: 0 });
        Self { key, state, unreachable, memory: Arc::clone(memory) }
    }

    /// A number for a call.
    pub(super) fn number(&self) -> u64 {
        let mut state = lock(&self.state);
        state.calls += 1;
        state.calls
    }

    /// Whether the endpoint counts as unreachable.
    pub(super) fn is_unreachable(&self) -> bool {
        self.unreachable.is_cancelled()
    }

    /// Whether the service has a control plane in each region.
    pub(super) fn is_regional(&self) -> bool {
        self.key.region.is_some()
    }

    /// Whether the endpoint has responded to a call.
    pub(super) fn has_answered(&self) -> bool {
        lock(&self.state).breaker.has_answered()
    }

    /// Records how an attempt of the call with this number ended, which began at `began`.
    pub(super) fn record<T>(&self, call: u64, result: &Result<T, Failure>, began: Instant, now: Instant) {
        let ending = match result {
            Ok(_) => Ending::Answered,
            // Nothing was sent.
            Err(failure) if failure.error.is_credentials() => return,
            Err(failure) => match failure.verdict {
                Verdict::Unclear => Ending::Unanswered,
                Verdict::Throttled => Ending::Throttled,
                Verdict::Final | Verdict::Busy => Ending::Answered,
            },
        };
        let mut state = lock(&self.state);
        if !state.breaker.record(call, ending, began, now) {
            return;
        }
        state.reason = result.as_ref().err().map(|failure| chain(&failure.error)).unwrap_or_default();
        tracing::warn!(endpoint = %self.key.describe(), reason = %state.reason, "the endpoint does not respond");
        lock(&self.memory.0).insert(self.key.clone(), (now, state.reason.clone()));
        self.unreachable.cancel();
    }

    /// Waits until the endpoint counts as unreachable. Returns the error of `operation`, which then makes no sense any more.
    pub(super) async fn outage(&self, operation: &'static str) -> CallError {
        self.unreachable.cancelled().await;
        self.error(operation)
    }

    /// The failure of a call: that of the endpoint, if it counts as unreachable now and did not respond to the call.
    pub(super) fn explain(&self, operation: &'static str, failure: Failure) -> Failure {
        let is_silent = matches!(failure.verdict, Verdict::Unclear | Verdict::Throttled);
        if is_silent && self.is_unreachable() { self.error(operation).into() } else { failure }
    }

    fn error(&self, operation: &'static str) -> CallError {
        CallError::Outage {
            operation,
            endpoint: self.key.describe(),
            region: self.key.region.clone(),
            reason: lock(&self.state).reason.clone(),
        }
    }
}

impl std::fmt::Debug for Outages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outages(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::super::breaker::FIRST_ANSWER;
    use super::super::limits::Limiter;
    use super::super::sender::{Call, Sender};
    use super::*;
    use crate::aws::Clock;
    use crate::aws::testing::{FakeClock, call, run};

    fn lost() -> Failure {
        let (operation, source) = ("lambda:GetFunction", super::super::BoxError::from("connection reset"));
        let (region, endpoint) = ("eu-west-1".to_owned(), "http://localhost".to_owned());
        let error = CallError::Unreachable { operation, region, endpoint, source: source.into() };
        Failure { error, verdict: Verdict::Unclear }
    }

    #[tokio::test]
    async fn calls_to_an_endpoint_that_does_not_respond_end_soon() {
        let (clock, memory) = (FakeClock::default(), Arc::default());
        let (run, sender) = (run(&clock, 600), Sender::new(Limiter::off(), 1, 8));
        let key = |service| EndpointKey { service, region: Some("eu-west-1".to_owned()) };
        let outages = Outages::new(&memory, clock.now());
        let endpoint = outages.endpoint(key("Lambda"));
        let hanging = Call { health: Some(&endpoint), ..call(&run, true) };
        let hangs = std::future::pending::<Result<(), Failure>>;
        let error = sender.send(hanging, hangs).await.unwrap_err().error;
        assert!(error.to_string().contains("because Lambda in eu-west-1 does not respond"), "{error}");
        assert!(clock.passed() < Duration::from_secs(10), "{:?}", clock.passed());
        assert_eq!(outages.regions().into_keys().collect::<Vec<_>>(), ["eu-west-1"]);

        let (passed, next) = (clock.passed(), Outages::new(&memory, clock.now()));
        let endpoint = next.endpoint(key("Lambda"));
        let remembered = Call { health: Some(&endpoint), ..call(&run, true) };
        let error = sender.send(remembered, hangs).await.unwrap_err().error;
        assert!(
            matches!(error, CallError::Outage { .. }) && clock.passed() == passed,
            "the next operation does not wait"
        );

        let endpoint = next.endpoint(key("API Gateway"));
        let suspected = Call { health: Some(&endpoint), ..call(&run, true) };
        sender.send(suspected, hangs).await.unwrap_err();
        assert_eq!(clock.passed() - passed, FIRST_ANSWER, "one attempt decides");
        clock.advance(Duration::from_secs(60));
        assert_eq!(Outages::new(&memory, clock.now()).regions(), [].into());
    }

    #[tokio::test]
    async fn an_endpoint_that_has_responded_gets_the_usual_time() {
        let (clock, memory) = (FakeClock::default(), Arc::default());
        let (run, sender) = (run(&clock, 600), Sender::new(Limiter::off(), 1, 3));
        let outages = Outages::new(&memory, clock.now());
        let endpoint = outages.endpoint(EndpointKey { service: "Lambda", region: Some("eu-west-1".to_owned()) });
        let call = Call { health: Some(&endpoint), ..call(&run, true) };
        let sent = Cell::new(0);
        let answers = || {
            sent.set(sent.get() + 1);
            std::future::ready(if sent.get() == 1 { Ok("done") } else { Err(lost()) })
        };
        assert_eq!(sender.send(call, answers).await.unwrap(), "done");
        let failure = sender.send(call, answers).await.unwrap_err();
        assert!(matches!(failure.error, CallError::Unreachable { .. }), "{}", failure.error);
        assert_eq!((sent.get(), outages.regions()), (5, [].into()), "one bad call does not condemn the region");
    }
}
