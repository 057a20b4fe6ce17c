//! What was, for as long as reads may still tell of it.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::Services;
use crate::eventual::Eventual;
use crate::upstream::{Forward, Place};

/// The states before the latest writes.
#[derive(Debug, Default, Clone)]
pub(super) struct Past {
    /// In the order of the writes.
    versions: VecDeque<Version>,
    /// How often each question was asked: every time is another chance.
    asked: HashMap<String, u64>,
}

/// What was before a write.
#[derive(Debug, Clone)]
struct Version {
    /// When the write was.
    until: Duration,
    /// The service and the place that were written to. A read elsewhere has nothing to do with it.
    service: String,
    place: Place,
    services: Services,
}

impl Past {
    /// Keeps what was before a write that has just been done.
    pub(super) fn keep(&mut self, call: Forward<'_>, eventual: Eventual, now: Duration, before: Services) {
        self.versions.retain(|version| version.is_told(eventual, now));
        let (service, place) = (call.service.to_owned(), call.place.clone());
        self.versions.push_back(Version { until: now, service, place, services: before });
    }

    /// What a read tells of; `None` for what is.
    pub(super) fn choose(&mut self, call: Forward<'_>, eventual: Eventual, now: Duration) -> Option<Services> {
        let Forward { place, service, operation, request, .. } = call;
        let is_of_call = |version: &&Version| version.service == service && version.place == *place;
        let versions = self.versions.iter().filter(is_of_call).filter(|version| version.is_told(eventual, now));
        let versions: Vec<&Version> = versions.collect();
        if versions.is_empty() {
            return None;
        }
        let body = String::from_utf8_lossy(&request.body);
        let Place { account, region } = place;
        let (name, path, query) = (&operation.name, &request.path, &request.query);
        let question = format!("{account}/{region}/{service}/{name} {path}?{query}\n{body}");
        let nth = self.asked.entry(question.clone()).or_default();
        *nth += 1;
        let number = eventual.roll(&format!("{nth} {question}"));
        let choice = usize::try_from((number >> 1) % (versions.len() as u64)).ok()?;
        let tells_truth = number.is_multiple_of(2);
        versions.get(choice).filter(|_| !tells_truth).map(|version| version.services.clone())
    }
}

impl Version {
    fn is_told(&self, eventual: Eventual, now: Duration) -> bool {
        now < self.until + eventual.window
    }
}
