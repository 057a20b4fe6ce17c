//! Whether the host is still there. One that was killed says no word, and cannot store what it would be told; another run
//! of it may already be at work on the same objects.

use std::time::Duration;

use tokio::sync::watch;

use crate::aws::Clock;

/// How often the signs of a host that has gone are looked for.
const CHECK: Duration = Duration::from_secs(1);
/// A host connects as soon as it has read the handshake line.
const FIRST_CONNECTION: Duration = Duration::from_secs(60);
/// How long a host may be without a connection, though it keeps one for its life.
const WITHOUT_CONNECTION: Duration = Duration::from_secs(5);

/// The process that started this one, by its id.
#[derive(Debug, Clone, Copy)]
pub struct Parent(u32);

impl Parent {
    /// The parent at this moment: to be taken before anything else, because later it may be the one that adopts orphans.
    pub fn now() -> Self {
        Self(parent_id())
    }

    /// Whether the parent has ended, as far as the system tells.
    pub(super) fn has_ended(self) -> bool {
        parent_id() != self.0
    }
}

#[cfg(unix)]
fn parent_id() -> u32 {
    std::os::unix::process::parent_id()
}

/// Children are not given another parent there.
#[cfg(not(unix))]
fn parent_id() -> u32 {
    0
}

/// Whether the reader of the pipe with the handshake line has gone: hosts keep it for their life.
#[cfg(unix)]
fn is_unread() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let output = std::io::stdout();
    let mut signs = [PollFd::new(&output, PollFlags::empty())];
    let answer = poll(&mut signs, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
    answer.is_ok() && signs[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
}

/// Not known there without writing to it.
#[cfg(not(unix))]
fn is_unread() -> bool {
    false
}

/// The host's connections. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Presence(watch::Sender<Connections>);

#[derive(Default)]
struct Connections {
    open: usize,
    /// Whether there ever was one.
    any: bool,
    /// Whether the host has opened a stream that it keeps for its life: with such a stream, no gRPC library closes the
    /// connection of a living host because it is idle.
    is_kept: bool,
}

/// A connection of the host's, until this is dropped.
pub(super) struct Connected(Presence);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.0.send_modify(|connections| connections.open -= 1);
    }
}

impl Presence {
    /// The host has connected.
    pub(super) fn connected(&self) -> Connected {
        self.0.send_modify(|connections| {
            connections.open += 1;
            connections.any = true;
        });
        Connected(self.clone())
    }

    /// The host keeps its connection from now on as long as it lives.
    pub(super) fn keeps_connection(&self) {
        self.0.send_modify(|connections| connections.is_kept = true);
    }

    /// Whether there is a connection.
    pub(super) fn is_connected(&self) -> bool {
        self.0.borrow().open > 0
    }

    /// Waits until the host has gone; the sign by which that is known.
    pub(super) async fn gone(&self, parent: Parent, clock: &dyn Clock) -> &'static str {
        tokio::select! {
            sign = self.processes_gone(parent, clock) => sign,
            sign = self.connections_gone(clock) => sign,
        }
    }

    async fn processes_gone(&self, parent: Parent, clock: &dyn Clock) -> &'static str {
        loop {
            if parent.has_ended() {
                return "its process has ended";
            }
            if is_unread() && !self.is_connected() {
                return "it has closed its end of the standard output";
            }
            clock.sleep(CHECK).await;
        }
    }

    async fn connections_gone(&self, clock: &dyn Clock) -> &'static str {
        let mut connections = self.0.subscribe();
        if within(FIRST_CONNECTION, clock, connections.wait_for(|connections| connections.any)).await.is_none() {
            return "it has not connected";
        }
        loop {
            // The sender lives as long as `self`: no wait fails.
            let _ = connections.wait_for(|connections| connections.is_kept && connections.open == 0).await;
            let returns = connections.wait_for(|connections| connections.open > 0);
            if within(WITHOUT_CONNECTION, clock, returns).await.is_none() {
                return "it has closed its connection";
            }
        }
    }
}

/// What `wait` comes to, if it does so in `time`.
pub(super) async fn within<T>(time: Duration, clock: &dyn Clock, wait: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        done = wait => Some(done),
        () = async { clock.sleep(time).await } => None,
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::aws::testing::FakeClock;

    /// After how many seconds the host is taken to have gone; `None` when it is taken to be there.
    fn seconds_until_gone(presence: &Presence) -> Option<u64> {
        let clock = FakeClock::default();
        presence.connections_gone(&clock).now_or_never()?;
        Some(clock.passed().as_secs())
    }

    #[test]
    fn a_host_that_never_connects_has_gone() {
        assert_eq!(seconds_until_gone(&Presence::default()), Some(60));
    }

    #[test]
    fn a_host_that_keeps_its_connection_may_be_idle() {
        let presence = Presence::default();
        let connection = presence.connected();
        presence.keeps_connection();
        assert_eq!(seconds_until_gone(&presence), None);
        drop(connection);
        assert_eq!(seconds_until_gone(&presence), Some(5));
    }

    /// Its library closes what is idle, and connects again with its next call.
    #[test]
    fn a_host_that_keeps_no_connection_may_come_back() {
        let presence = Presence::default();
        drop(presence.connected());
        assert_eq!(seconds_until_gone(&presence), None);
    }

    #[test]
    fn a_host_that_connects_again_is_there() {
        let (presence, clock) = (Presence::default(), FakeClock::stopped());
        presence.keeps_connection();
        drop(presence.connected());
        let mut gone = Box::pin(presence.connections_gone(&clock));
        assert!(gone.as_mut().now_or_never().is_none());
        let _connection = presence.connected();
        assert!(gone.now_or_never().is_none());
        assert_eq!(seconds_until_gone(&presence), None);
    }
}
