//! The circuit breaker of one endpoint, a service in a region: it decides whether the endpoint responds. Pure.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How long an attempt may take while the endpoint has not responded yet: AWS answers reads within a second.
pub(super) const FIRST_ANSWER: Duration = Duration::from_secs(4);
/// The longest delay between attempts while the endpoint has not responded yet.
pub(super) const FIRST_DELAY: Duration = Duration::from_secs(2);
/// How long an endpoint that has never responded must fail until it counts as unreachable.
const DECISION: Duration = Duration::from_secs(4);
/// How long an endpoint that has responded before must fail until it counts as unreachable.
const SILENCE: Duration = Duration::from_secs(10);
/// How many different calls must fail at an endpoint that has responded before: one object can break one call.
const SILENT_CALLS: usize = 3;
/// How long an endpoint may throttle every call until it counts as unreachable.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many attempts must be throttled, at least.
const THROTTLED_ATTEMPTS: usize = 5;

/// How an attempt of a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The endpoint responded, also with an error that concerns the request.
    Answered,
    /// No response, or a server error.
    Unanswered,
    /// Throttled.
    Throttled,
}

/// The state of one endpoint during one operation. An endpoint that counts as unreachable stays so until the operation ends, so
/// that all components of the operation see the same.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    has_answered: bool,
    is_suspected: bool,
    is_open: bool,
    failures: Option<Failures>,
}

/// The failed attempts since the last answer.
#[derive(Debug)]
struct Failures {
    /// When the first of them began.
    since: Instant,
    /// When the first of them ended.
    first_ended: Instant,
    attempts: usize,
    calls: BTreeSet<u64>,
    /// Whether all of them were throttled.
    only_throttled: bool,
    /// Whether an attempt failed that had begun after another one had ended: the endpoint was tried again.
    is_confirmed: bool,
}

impl Breaker {
    /// An endpoint that does not respond.
    pub(super) fn open() -> Self {
        Self { is_open: true, ..Self::default() }
    }

    /// An endpoint in a region in which another endpoint does not respond: its first failure decides.
    pub(super) fn suspected() -> Self {
        Self { is_suspected: true, ..Self::default() }
    }

    /// Whether the endpoint counts as unreachable.
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Whether the endpoint has responded.
    pub(super) fn has_answered(&self) -> bool {
        self.has_answered
    }

    /// Records the end of an attempt of the call with this number, which lasted from `began` to `now`. Returns whether the
    /// endpoint counts as unreachable from now on, and did not before.
    pub(super) fn record(&mut self, call: u64, ending: Ending, began: Instant, now: Instant) -> bool {
        if self.is_open {
            return false;
        }
        if ending == Ending::Answered {
            (self.has_answered, self.failures) = (true, None);
            return false;
        }
        let failures = self.failures.get_or_insert_with(|| Failures {
            since: began,
            first_ended: now,
            attempts: 0,
            calls: BTreeSet::new(),
            only_throttled: true,
            is_confirmed: false,
        });
        failures.since = failures.since.min(began);
        failures.attempts += 1;
        failures.calls.insert(call);
        failures.only_throttled &= ending == Ending::Throttled;
        failures.is_confirmed |= began >= failures.first_ended && failures.attempts > 1;
        let lasts = now.saturating_duration_since(failures.since);
        self.is_open = if failures.only_throttled {
            !self.has_answered && failures.attempts >= THROTTLED_ATTEMPTS && lasts >= PATIENCE
        } else if self.has_answered {
            failures.calls.len() >= SILENT_CALLS && lasts >= SILENCE
        } else {
            self.is_suspected || (failures.is_confirmed && lasts >= DECISION)
        };
        self.is_open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attempts as (call, ending, began, ended), in seconds. Returns the time at which the breaker opened.
    fn opened(mut breaker: Breaker, attempts: &[(u64, Ending, f64, f64)]) -> Option<f64> {
        let start = Instant::now();
        let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
        let mut opened = None;
        for (call, ending, began, ended) in attempts {
            if breaker.record(*call, *ending, at(*began), at(*ended)) {
                assert_eq!(opened, None, "it opens once");
                opened = Some(*ended);
            }
        }
        assert_eq!(breaker.is_open(), opened.is_some());
        opened
    }

    use Ending::{Answered, Throttled, Unanswered};

    #[test]
    fn an_endpoint_that_never_answers_is_unreachable_after_a_retry_and_a_few_seconds() {
        let refused = [(1, Unanswered, 0.0, 0.0), (2, Unanswered, 0.0, 0.0), (1, Unanswered, 0.4, 0.4)];
        assert_eq!(opened(Breaker::default(), &refused), None, "a fraction of a second is too short");
        let later = [&refused[..], &[(2, Unanswered, 1.5, 1.5), (1, Unanswered, 4.2, 4.2)]].concat();
        assert_eq!(opened(Breaker::default(), &later), Some(4.2));
        let hung = [(1, Unanswered, 0.0, 4.0), (2, Unanswered, 0.1, 4.1), (1, Unanswered, 4.5, 8.5)];
        assert_eq!(opened(Breaker::default(), &hung[..2]), None, "no attempt began after a failure");
        assert_eq!(opened(Breaker::default(), &hung), Some(8.5));
    }

    #[test]
    fn an_endpoint_that_has_answered_is_not_condemned_by_one_bad_call() {
        let mut attempts = vec![(9, Answered, 0.0, 0.1)];
        attempts.extend((1..60).map(|at| (1, Unanswered, f64::from(at), f64::from(at))));
        attempts.extend((1..60).map(|at| (2, Unanswered, f64::from(at), f64::from(at))));
        assert_eq!(opened(Breaker::default(), &attempts), None);
        attempts.push((3, Unanswered, 60.0, 60.0));
        assert_eq!(opened(Breaker::default(), &attempts), Some(60.0));
        attempts.insert(119, (9, Answered, 59.0, 59.0));
        assert_eq!(opened(Breaker::default(), &attempts), None, "an answer in between counts");
    }

    #[test]
    fn throttling_ends_the_patience_only_of_an_endpoint_that_never_answers() {
        let throttled: Vec<_> = (0..8).map(|at| (1, Throttled, f64::from(at) * 2.0, f64::from(at) * 2.0)).collect();
        assert_eq!(opened(Breaker::default(), &throttled), Some(10.0));
        let mut answered = throttled.clone();
        answered.insert(0, (2, Answered, 0.0, 0.0));
        assert_eq!(opened(Breaker::default(), &answered), None);
    }

    #[test]
    fn the_first_failure_decides_in_a_region_that_is_suspected() {
        assert_eq!(opened(Breaker::suspected(), &[(1, Unanswered, 0.0, 4.0)]), Some(4.0));
        assert_eq!(opened(Breaker::suspected(), &[(1, Answered, 0.0, 0.1), (2, Unanswered, 0.0, 4.0)]), None);
        assert!(Breaker::open().is_open());
    }
}
