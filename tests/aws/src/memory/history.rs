//! Earlier states, for as long as reads may return them.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::Services;
use crate::consistency::EventualConsistency;
use crate::upstream::{ForwardedCall, Place};

/// The states before the latest writes.
#[derive(Debug, Default, Clone)]
pub(super) struct History {
    /// In the order of the writes.
    versions: VecDeque<Version>,
    /// How often each read was made: the result of each repetition is random.
    reads: HashMap<String, u64>,
}

/// The state before a write.
#[derive(Debug, Clone)]
struct Version {
    /// The time of the write.
    replaced_at: Duration,
    /// The service, account and region of the write. It does not affect other reads.
    service: String,
    place: Place,
    services: Services,
}

impl History {
    /// Stores the state before a write that has just been done.
    pub(super) fn record(
        &mut self,
        call: ForwardedCall<'_>,
        consistency: EventualConsistency,
        now: Duration,
        before: Services,
    ) {
        self.versions.retain(|version| version.is_readable(consistency, now));
        let (service, place) = (call.service.to_owned(), call.place.clone());
        self.versions.push_back(Version { replaced_at: now, service, place, services: before });
    }

    /// The earlier state that a read returns; `None` for the current one.
    pub(super) fn stale_state(
        &mut self,
        call: ForwardedCall<'_>,
        consistency: EventualConsistency,
        now: Duration,
    ) -> Option<Services> {
        let ForwardedCall { place, service, operation, request, .. } = call;
        let is_of_call = |version: &&Version| version.service == service && version.place == *place;
        let versions = self.versions.iter().filter(is_of_call).filter(|version| version.is_readable(consistency, now));
        let versions: Vec<&Version> = versions.collect();
        if versions.is_empty() {
            return None;
        }
        let body = String::from_utf8_lossy(&request.body);
        let Place { account, region } = place;
        let (name, path, query) = (&operation.name, &request.path, &request.query);
        let key = format!("{account}/{region}/{service}/{name} {path}?{query}\n{body}");
        let nth = self.reads.entry(key.clone()).or_default();
        *nth += 1;
        let number = consistency.random(&format!("{nth} {key}"));
        let choice = usize::try_from((number >> 1) % (versions.len() as u64)).ok()?;
        let is_current = number.is_multiple_of(2);
        versions.get(choice).filter(|_| !is_current).map(|version| version.services.clone())
    }
}

impl Version {
    fn is_readable(&self, consistency: EventualConsistency, now: Duration) -> bool {
        now < self.replaced_at + consistency.window
    }
}
