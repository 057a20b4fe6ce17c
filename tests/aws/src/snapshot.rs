//! Snapshots of an in-memory AWS.

use std::collections::{BTreeSet, HashMap};

use crate::error::Error;
use crate::memory;
use crate::proxy::Proxy;
use crate::rules::throttle::Buckets;
use crate::timers::Moment;
use crate::upstream::{Place, Upstream};

/// The state of an in-memory [`crate::LocalAws`] at one moment. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Snapshot {
    state: memory::State,
    moment: Moment,
    remembered: HashMap<String, String>,
    places: BTreeSet<Place>,
    buckets: Buckets,
}

impl Snapshot {
    pub(crate) fn take(proxy: &Proxy) -> Result<Self, Error> {
        let Upstream::InMemory(memory) = &proxy.upstream else { return Err(Error::NoSnapshots) };
        Ok(Self {
            state: memory.state(),
            moment: proxy.timers.moment(),
            remembered: proxy.known.lock().map(|known| known.clone()).unwrap_or_default(),
            places: proxy.places.lock().map(|places| places.clone()).unwrap_or_default(),
            buckets: proxy.limits.buckets(),
        })
    }

    pub(crate) fn restore(&self, proxy: &Proxy) -> Result<(), Error> {
        let Upstream::InMemory(memory) = &proxy.upstream else { return Err(Error::NoSnapshots) };
        memory.set_state(self.state.clone());
        proxy.timers.return_to(&self.moment);
        if let Ok(mut remembered) = proxy.known.lock() {
            remembered.clone_from(&self.remembered);
        }
        if let Ok(mut places) = proxy.places.lock() {
            places.clone_from(&self.places);
        }
        proxy.limits.set_buckets(self.buckets.clone());
        proxy.edge.clear();
        Ok(())
    }
}
