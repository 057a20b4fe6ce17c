//! A clock on which nothing takes time: it moves on when nobody can do anything but wait.

use std::collections::BTreeMap;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use multiregion::aws::{Clock, Sleeping};

/// The time of day at the beginning: some day in 2026.
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
    /// How often the dice were thrown.
    throws: u64,
    /// Who is to be woken when, those of the same time in the order in which they went to sleep.
    waiting: BTreeMap<(Duration, u64), Waker>,
    next: u64,
}

impl Default for SimulatedClock {
    fn default() -> Self {
        Self { began: Instant::now(), sleepers: Arc::default() }
    }
}

impl SimulatedClock {
    /// The time since the beginning.
    pub(super) fn elapsed(&self) -> Duration {
        self.lock().now
    }

    /// It is as late as it was. Nobody may be waiting.
    pub(super) fn return_to(&self, elapsed: Duration) {
        let mut sleepers = self.lock();
        assert!(sleepers.waiting.is_empty(), "somebody is still asleep");
        sleepers.now = elapsed;
        sleepers.throws = 0;
    }

    /// Moves on to the next sleeper's time and wakes it; how far that was, or `None` when nobody sleeps.
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

    /// Other numbers at every throw, and the same ones again from the same moment on.
    fn random_u64(&self) -> u64 {
        let mut sleepers = self.lock();
        sleepers.throws += 1;
        let mut hash = DefaultHasher::new();
        (sleepers.now, sleepers.throws).hash(&mut hash);
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

/// How a simulation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended<T> {
    /// By itself.
    Done(T),
    /// It was killed on the way.
    Killed,
}

/// What a simulation has to know of the world around it.
pub(super) trait Surroundings {
    /// Whether somebody is at work elsewhere, so that time must not move.
    fn is_busy(&self) -> bool;
    /// Whether the process has been killed.
    fn is_killed(&self) -> bool;
    /// Time has moved on.
    fn passed(&self, by: Duration);
}

/// Runs `work` to its end. Whenever it can only wait, time moves on to the next moment at which it need not.
pub(super) async fn simulate<T>(
    clock: &SimulatedClock,
    surroundings: &impl Surroundings,
    work: impl Future<Output = T>,
) -> Ended<T> {
    let mut work = pin!(work);
    // Files are read on another thread, the only one: what it is given last ends last.
    let mut fence: Option<tokio::task::JoinHandle<()>> = None;
    let flag = Arc::new(AtomicBool::new(false));
    std::future::poll_fn(move |context| {
        loop {
            // Who was woken since may give the thread more to read, behind the fence that stands.
            if flag.swap(false, Ordering::SeqCst) {
                fence = None;
            }
            let waker = Waker::from(Arc::new(Woken { flag: Arc::clone(&flag), outer: context.waker().clone() }));
            if let Poll::Ready(outcome) = work.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Poll::Ready(Ended::Done(outcome));
            }
            if surroundings.is_killed() {
                return Poll::Ready(Ended::Killed);
            }
            if flag.load(Ordering::SeqCst) {
                // The runtime wants its turn, or there is more to do; it has been told already.
                return Poll::Pending;
            }
            if surroundings.is_busy() {
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
            let by = clock.skip().expect("somebody is still waiting for something");
            surroundings.passed(by);
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

    struct Nobody;

    impl Surroundings for Nobody {
        fn is_busy(&self) -> bool {
            false
        }

        fn is_killed(&self) -> bool {
            false
        }

        fn passed(&self, _: Duration) {}
    }

    #[tokio::test]
    async fn sleepers_wake_in_the_order_of_their_time() {
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
        simulate(&clock, &Nobody, futures::future::join3(sleep(3600), sleep(60), sleep(7))).await;
        assert_eq!(*order.lock().unwrap(), [(7, 7), (60, 60), (3600, 3600)]);
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}
