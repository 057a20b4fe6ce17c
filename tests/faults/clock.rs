//! A simulated clock: it advances when all tasks are waiting.

use std::collections::BTreeMap;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use multiregion::aws::{Clock, Sleeping};

/// The simulated Unix time at the start, in 2026.
const EPOCH: u64 = 1_790_000_000;

/// Simulated time. Clones share it.
#[derive(Clone)]
pub(super) struct SimulatedClock {
    began: Instant,
    sleepers: Arc<Mutex<Sleepers>>,
}

#[derive(Default)]
struct Sleepers {
    now: Duration,
    /// How many random numbers were drawn.
    random_numbers: u64,
    /// Wakers by time; those of equal time in the order in which they started to wait.
    waiting: BTreeMap<(Duration, u64), Waker>,
    next: u64,
}

impl Default for SimulatedClock {
    fn default() -> Self {
        Self { began: Instant::now(), sleepers: Arc::default() }
    }
}

impl SimulatedClock {
    /// The time since the start.
    pub(super) fn elapsed(&self) -> Duration {
        self.lock().now
    }

    /// Resets the clock to an earlier time. No task may be waiting.
    pub(super) fn return_to(&self, elapsed: Duration) {
        let mut sleepers = self.lock();
        assert!(sleepers.waiting.is_empty(), "a task is still waiting");
        sleepers.now = elapsed;
        sleepers.random_numbers = 0;
    }

    /// Advances to the next waiting task and wakes it. Returns by how much, or `None` when no task is waiting.
    fn skip(&self) -> Option<Duration> {
        let (by, waker) = {
            let mut sleepers = self.lock();
            let ((until, _), waker) = sleepers.waiting.pop_first()?;
            let by = until.saturating_sub(sleepers.now);
            sleepers.now += by;
            (by, waker)
        };
        waker.wake();
        Some(by)
    }

    fn lock(&self) -> MutexGuard<'_, Sleepers> {
        self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Instant {
        self.began + self.elapsed()
    }

    fn unix_seconds(&self) -> u64 {
        EPOCH + self.elapsed().as_secs()
    }

    fn sleep(&self, time: Duration) -> Sleeping {
        let until = self.elapsed() + time;
        Box::pin(Sleeper { clock: self.clone(), until, place: None })
    }

    /// A different number at each call, and the same sequence again from the same moment on.
    fn random_u64(&self) -> u64 {
        let mut sleepers = self.lock();
        sleepers.random_numbers += 1;
        let mut hash = DefaultHasher::new();
        (sleepers.now, sleepers.random_numbers).hash(&mut hash);
        hash.finish()
    }
}

struct Sleeper {
    clock: SimulatedClock,
    until: Duration,
    place: Option<u64>,
}

impl Future for Sleeper {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let clock = self.clock.clone();
        let mut sleepers = clock.lock();
        if sleepers.now >= self.until {
            return Poll::Ready(());
        }
        let place = self.place.unwrap_or(sleepers.next);
        sleepers.next = sleepers.next.max(place + 1);
        sleepers.waiting.insert((self.until, place), context.waker().clone());
        self.place = Some(place);
        Poll::Pending
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.clock.lock().waiting.remove(&(self.until, place));
        }
    }
}

/// The outcome of a simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome<T> {
    /// The work ended without a kill.
    Done(T),
    /// The process was killed.
    Killed,
}

/// The environment of a simulation.
pub(super) trait Environment {
    /// Whether a request is being served elsewhere, so that time must not advance.
    fn is_busy(&self) -> bool;
    /// Whether the process has been killed.
    fn is_killed(&self) -> bool;
    /// Called after time has advanced.
    fn advance(&self, by: Duration);
}

/// Runs `work` to its end. Whenever it can only wait, time advances to the next moment at which something happens.
pub(super) async fn simulate<T>(
    clock: &SimulatedClock,
    environment: &impl Environment,
    work: impl Future<Output = T>,
) -> Outcome<T> {
    let mut work = pin!(work);
    // The runtime has a single blocking thread, which reads files in order: when this fence has run, all earlier reads
    // have ended.
    let mut fence: Option<tokio::task::JoinHandle<()>> = None;
    let flag = Arc::new(AtomicBool::new(false));
    std::future::poll_fn(move |context| {
        loop {
            // A task that was woken meanwhile may have queued more reads behind the fence.
            if flag.swap(false, Ordering::SeqCst) {
                fence = None;
            }
            let waker = Waker::from(Arc::new(Woken { flag: Arc::clone(&flag), outer: context.waker().clone() }));
            if let Poll::Ready(outcome) = work.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Poll::Ready(Outcome::Done(outcome));
            }
            if environment.is_killed() {
                return Poll::Ready(Outcome::Killed);
            }
            if flag.load(Ordering::SeqCst) {
                // The runtime has more to do, and has already been notified.
                return Poll::Pending;
            }
            if environment.is_busy() {
                return Poll::Pending;
            }
            let mut behind = fence.take().unwrap_or_else(|| tokio::task::spawn_blocking(|| ()));
            if Pin::new(&mut behind).poll(context).is_pending() {
                fence = Some(behind);
                return Poll::Pending;
            }
            if flag.load(Ordering::SeqCst) {
                continue;
            }
            let by = clock.skip().expect("a task is waiting");
            environment.advance(by);
        }
    })
    .await
}

struct Woken {
    flag: Arc<AtomicBool>,
    outer: Waker,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.flag.store(true, Ordering::SeqCst);
        self.outer.wake_by_ref();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Idle;

    impl Environment for Idle {
        fn is_busy(&self) -> bool {
            false
        }

        fn is_killed(&self) -> bool {
            false
        }

        fn advance(&self, _: Duration) {}
    }

    #[tokio::test]
    async fn sleepers_wake_in_order_of_time() {
        let clock = SimulatedClock::default();
        let order = Mutex::new(Vec::new());
        let sleep = |seconds: u64| {
            let (clock, order) = (&clock, &order);
            async move {
                clock.sleep(Duration::from_secs(seconds)).await;
                order.lock().unwrap().push((seconds, clock.elapsed().as_secs()));
            }
        };
        let began = Instant::now();
        simulate(&clock, &Idle, futures::future::join3(sleep(3600), sleep(60), sleep(7))).await;
        assert_eq!(*order.lock().unwrap(), [(7, 7), (60, 60), (3600, 3600)]);
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}
