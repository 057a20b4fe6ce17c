//! The responses that edge locations have cached, and invalidations. All edge locations share one cache.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use crate::message::Response;
use crate::model::path_matches;

/// The cached responses of all distributions.
#[derive(Debug, Default)]
pub(crate) struct EdgeCache(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<Key, Entry>,
    invalidations: Vec<Invalidation>,
    /// The numbers of requests that a continuous deployment policy has divided, by distribution.
    divided: HashMap<String, u32>,
}

/// What identifies a cached response.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// The id of the distribution.
    pub(super) distribution: String,
    /// The path.
    pub(super) path: String,
    /// Behavior, method, and the parts of the request that the cache policy selects.
    pub(super) rest: String,
}

#[derive(Debug, Clone)]
struct Entry {
    stored: Duration,
    expires: Duration,
    response: Response,
}

#[derive(Debug)]
struct Invalidation {
    distribution: String,
    paths: Vec<String>,
    completes: Duration,
}

impl EdgeCache {
    /// Removes everything.
    pub(crate) fn clear(&self) {
        self.with(|inner| *inner = Inner::default());
    }

    /// Removes the responses for `paths` that are stored before `completes`, as soon as that time is reached.
    pub(crate) fn invalidate(&self, distribution: &str, paths: Vec<String>, completes: Duration) {
        let distribution = distribution.to_owned();
        self.with(|inner| inner.invalidations.push(Invalidation { distribution, paths, completes }));
    }

    /// Whether a request of a distribution goes to the staging distribution, which receives this share of them: every twentieth
    /// one for 0.05.
    pub(super) fn is_for_staging(&self, distribution: &str, share: f64) -> bool {
        self.with(|inner| {
            let before = inner.divided.entry(distribution.to_owned()).or_default();
            let sent = |requests: u32| (f64::from(requests) * share + 1e-6).floor();
            *before += 1;
            sent(*before) > sent(*before - 1)
        })
    }

    /// The cached response and its age.
    pub(super) fn get(&self, key: &Key, now: Duration) -> Option<(Response, Duration)> {
        self.with(|inner| {
            let entry = inner.entries.get(key).filter(|entry| now < entry.expires)?;
            let is_removed = inner.invalidations.iter().any(|invalidation| {
                invalidation.distribution == key.distribution
                    && entry.stored < invalidation.completes
                    && invalidation.completes <= now
                    && invalidation.paths.iter().any(|path| path_matches(path, &key.path))
            });
            (!is_removed).then(|| (entry.response.clone(), now.saturating_sub(entry.stored)))
        })
    }

    /// Stores a response for some time.
    pub(super) fn put(&self, key: Key, response: &Response, now: Duration, time: Duration) {
        if !time.is_zero() {
            let entry = Entry { stored: now, expires: now + time, response: response.clone() };
            self.with(|inner| drop(inner.entries.insert(key, entry)));
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        // No holder of the lock panics in the middle of a change.
        work(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    #[test]
    fn a_response_is_cached_until_it_expires_or_is_invalidated() {
        let cache = EdgeCache::default();
        let at = Duration::from_secs;
        let key = |path: &str| Key { distribution: "E1".to_owned(), path: path.to_owned(), rest: String::new() };
        let response = Response::json(StatusCode::OK, &serde_json::json!({}));
        cache.put(key("/a/b"), &response, at(0), at(60));
        cache.put(key("/none"), &response, at(0), at(0));
        assert_eq!(cache.get(&key("/a/b"), at(30)).unwrap().1, at(30));
        assert!(cache.get(&key("/a/b"), at(60)).is_none() && cache.get(&key("/none"), at(0)).is_none());
        cache.invalidate("E2", vec!["/*".to_owned()], at(40));
        cache.invalidate("E1", vec!["/a/*".to_owned()], at(40));
        assert!(cache.get(&key("/a/b"), at(39)).is_some() && cache.get(&key("/a/b"), at(40)).is_none());
        cache.put(key("/a/b"), &response, at(41), at(60));
        assert!(cache.get(&key("/a/b"), at(42)).is_some());
    }
}
