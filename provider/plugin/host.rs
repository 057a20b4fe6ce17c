//! Detects that the host is gone. A host that was killed sends no shutdown request and cannot store results, and its next run
//! may already work on the same objects.

use std::time::Duration;

use tokio::sync::watch;

use crate::aws::Clock;

/// How often the parent process and standard output are checked.
const CHECK: Duration = Duration::from_secs(1);
/// How long a host may take to connect. Hosts connect as soon as they have read the handshake line.
const FIRST_CONNECTION: Duration = Duration::from_secs(60);
/// How long a host that keeps a connection open may be without one.
const WITHOUT_CONNECTION: Duration = Duration::from_secs(5);

/// The id of the process that started this one.
#[derive(Debug, Clone, Copy)]
pub struct Parent(u32);

impl Parent {
    /// The current parent. Call this first: when the host exits, another process becomes the parent.
    pub fn now() -> Self {
        Self(parent_id())
    }

    /// Whether the parent has ended. Always `false` on systems that do not assign a new parent.
    pub(super) fn has_ended(self) -> bool {
        parent_id() != self.0
    }
}

#[cfg(unix)]
fn parent_id() -> u32 {
    std::os::unix::process::parent_id()
}

/// On these systems a process keeps its parent id when the parent ends.
#[cfg(not(unix))]
fn parent_id() -> u32 {
    0
}

/// Whether standard output has no reader. Hosts keep the pipe, which carries the handshake line, open while they live.
#[cfg(unix)]
fn is_output_closed() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let output = std::io::stdout();
    let mut polled = [PollFd::new(&output, PollFlags::empty())];
    let result = poll(&mut polled, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
    result.is_ok() && polled.iter().any(|output| output.revents().intersects(PollFlags::ERR | PollFlags::HUP))
}

/// These systems show it only to a writer.
#[cfg(not(unix))]
fn is_output_closed() -> bool {
    false
}

/// The host's connections. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Presence(watch::Sender<Connections>);

#[derive(Default)]
struct Connections {
    open: usize,
    /// Whether a connection was ever open.
    any: bool,
    /// Whether the host has opened a stream that it keeps open while it runs. No gRPC library closes a connection with an
    /// open stream as idle.
    is_kept: bool,
}

/// Counts one open connection until it is dropped.
pub(super) struct Connected(Presence);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.0.send_modify(|connections| connections.open -= 1);
    }
}

impl Presence {
    /// Records a new connection.
    pub(super) fn connected(&self) -> Connected {
        self.0.send_modify(|connections| {
            connections.open += 1;
            connections.any = true;
        });
        Connected(self.clone())
    }

    /// Records that the host keeps a connection open from now on.
    pub(super) fn keeps_connection(&self) {
        self.0.send_modify(|connections| connections.is_kept = true);
    }

    /// Whether a connection is open.
    pub(super) fn is_connected(&self) -> bool {
        self.0.borrow().open > 0
    }

    /// Waits until the host is gone. Returns the reason, as a clause for the log.
    pub(super) async fn gone(&self, parent: Parent, clock: &dyn Clock) -> &'static str {
        tokio::select! {
            reason = self.process_gone(parent, clock) => reason,
            reason = self.connections_gone(clock) => reason,
        }
    }

    async fn process_gone(&self, parent: Parent, clock: &dyn Clock) -> &'static str {
        loop {
            if parent.has_ended() {
                return "its process has ended";
            }
            if is_output_closed() && !self.is_connected() {
                return "it closed the pipe of standard output";
            }
            clock.sleep(CHECK).await;
        }
    }

    async fn connections_gone(&self, clock: &dyn Clock) -> &'static str {
        let mut connections = self.0.subscribe();
        if within(FIRST_CONNECTION, clock, connections.wait_for(|connections| connections.any)).await.is_none() {
            return "it did not connect";
        }
        loop {
            // No wait fails, because the sender lives as long as `self`.
            let _ = connections.wait_for(|connections| connections.is_kept && connections.open == 0).await;
            let returns = connections.wait_for(|connections| connections.open > 0);
            if within(WITHOUT_CONNECTION, clock, returns).await.is_none() {
                return "it closed its connection";
            }
        }
    }
}

/// The result of `wait`; `None` if it does not end within `time`.
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

    /// After how many seconds the host counts as gone; `None` if it never does.
    fn seconds_until_gone(presence: &Presence) -> Option<u64> {
        let clock = FakeClock::default();
        presence.connections_gone(&clock).now_or_never()?;
        Some(clock.passed().as_secs())
    }

    #[test]
    fn a_host_that_never_connects_is_gone() {
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

    /// Its gRPC library closes an idle connection, and connects again for the next call.
    #[test]
    fn a_host_that_keeps_no_connection_may_come_back() {
        let presence = Presence::default();
        drop(presence.connected());
        assert_eq!(seconds_until_gone(&presence), None);
    }

    #[test]
    fn a_host_that_connects_again_is_not_gone() {
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
