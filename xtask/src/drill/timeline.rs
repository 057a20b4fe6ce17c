//! What the clients have seen, and what happened meanwhile.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The response to one request of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sample {
    /// The index of the client.
    pub(super) client: usize,
    /// When the request was sent, from the start.
    pub(super) at: Duration,
    /// The region that responded, or whose address DNS returned.
    pub(super) region: String,
    /// The HTTP status; 0 without a response.
    pub(super) status: u16,
}

impl Sample {
    pub(super) fn is_failure(&self) -> bool {
        self.status != 200
    }
}

/// A finished recording.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Timeline {
    /// The clients, each named after the region that it is near.
    pub(super) clients: Vec<String>,
    /// In the order in which the responses arrived.
    pub(super) samples: Vec<Sample>,
    /// When something happened, and what.
    pub(super) events: Vec<(Duration, String)>,
    /// The length of the recording.
    pub(super) end: Duration,
}

impl Timeline {
    /// The requests of a client.
    pub(super) fn of(&self, client: usize) -> impl Iterator<Item = &Sample> {
        self.samples.iter().filter(move |sample| sample.client == client)
    }

    /// The requests of a client that failed.
    pub(super) fn failures(&self, client: usize) -> impl Iterator<Item = &Sample> {
        self.of(client).filter(|sample| sample.is_failure())
    }
}

/// A recording in progress.
pub(super) struct Recorder {
    begun: Instant,
    timeline: Mutex<Timeline>,
}

impl Recorder {
    /// Starts to record clients near these regions.
    pub(super) fn start(clients: &[&str]) -> Self {
        let clients = clients.iter().map(|client| (*client).to_owned()).collect();
        let timeline = Mutex::new(Timeline { clients, ..Timeline::default() });
        Self { begun: Instant::now(), timeline }
    }

    /// The time since the start.
    pub(super) fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Adds a response.
    pub(super) fn sample(&self, sample: Sample) {
        self.timeline().samples.push(sample);
    }

    /// Adds an event that happens now.
    pub(super) fn event(&self, text: &str) {
        let at = self.now();
        self.timeline().events.push((at, text.to_owned()));
    }

    /// Whether the latest `count` responses to a client since a time are successful and from regions that are `right`.
    pub(super) fn has_arrived(
        &self,
        client: &str,
        since: Duration,
        count: usize,
        right: impl Fn(&str) -> bool,
    ) -> bool {
        let timeline = self.timeline();
        let Some(client) = timeline.clients.iter().position(|name| name == client) else { return false };
        let latest: Vec<&Sample> = timeline.of(client).filter(|sample| sample.at >= since).collect();
        let latest = latest.iter().rev().take(count);
        latest.clone().count() == count && latest.clone().all(|sample| !sample.is_failure() && right(&sample.region))
    }

    /// Ends the recording.
    pub(super) fn finish(self) -> Timeline {
        let end = self.now();
        let timeline = self.timeline.into_inner().unwrap_or_else(PoisonError::into_inner);
        Timeline { end, ..timeline }
    }

    fn timeline(&self) -> MutexGuard<'_, Timeline> {
        self.timeline.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_arrived_after_consecutive_successes() {
        let recorder = Recorder::start(&["a", "b"]);
        let seconds = Duration::from_secs;
        let add = |client: usize, at: u64, region: &str, status: u16| {
            recorder.sample(Sample { client, at: seconds(at), region: region.to_owned(), status });
        };
        let arrived = |since: u64| recorder.has_arrived("a", seconds(since), 2, |region| region == "x");
        add(0, 1, "x", 200);
        add(1, 2, "y", 200);
        assert!(!arrived(0), "one response is not enough");
        add(0, 3, "x", 200);
        assert!(arrived(0) && !arrived(2), "responses before the time do not count");
        add(0, 4, "x", 503);
        assert!(!arrived(0));
        add(0, 5, "y", 200);
        add(0, 6, "x", 200);
        assert!(!arrived(0));
        add(0, 7, "x", 200);
        assert!(arrived(0));
        assert_eq!(recorder.finish().failures(0).count(), 1);
    }
}
