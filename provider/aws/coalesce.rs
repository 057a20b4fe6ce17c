//! Coalesced reads: one AWS request that serves several components of a resource.
//!
//! A refresh reads hundreds of components concurrently, and many of them need the same data: the claim's tags, the records of
//! a zone. Regions with the same [`CoalescedReads`] share their requests and the results. Regions without one, which change
//! an object or wait for a change, send requests of their own. So no result outlives the refresh that requested it, and no
//! wait gets a result from before the change.

use std::any::{Any, TypeId};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::{BoxFuture, FutureExt};

use super::{CallError, Region};

/// The requests and results of one refresh, or of one pass of a plan over AWS. Nothing may be changed meanwhile.
#[derive(Default)]
pub struct CoalescedReads(Mutex<HashMap<Key, Arc<dyn Any + Send + Sync>>>);

/// The type of the results, and the request's name and region.
type Key = (TypeId, String);

/// One request for many keys.
struct Batch<T> {
    /// Held while a request is in flight.
    request: tokio::sync::Mutex<()>,
    reads: Mutex<Reads<T>>,
}

/// The keys that were requested, and the results so far.
struct Reads<T> {
    requested: BTreeSet<String>,
    results: BTreeMap<String, Result<T, CallError>>,
}

impl CoalescedReads {
    /// The batch of this name, with results of this type.
    fn batch<T: Send + 'static>(&self, name: String) -> Arc<Batch<T>> {
        let mut batches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let batch = batches.entry((TypeId::of::<T>(), name)).or_insert_with(|| Arc::new(Batch::<T>::default()));
        // The type is part of the key: this never falls back to the default.
        Arc::clone(batch).downcast().unwrap_or_default()
    }
}

impl<T> Default for Batch<T> {
    fn default() -> Self {
        let reads = Reads { requested: BTreeSet::new(), results: BTreeMap::new() };
        Self { request: tokio::sync::Mutex::default(), reads: Mutex::new(reads) }
    }
}

impl<T: Clone + Default> Batch<T> {
    fn with<A>(&self, work: impl FnOnce(&mut Reads<T>) -> A) -> A {
        work(&mut self.reads.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The result for `key`: from an earlier request, or from one for all keys that have been requested since.
    async fn get(&self, key: &str, read: ReadMany<'_, T>) -> Result<T, CallError> {
        self.with(|reads| reads.requested.insert(key.to_owned()));
        // Other components add their keys before the first of them sends the request.
        tokio::task::yield_now().await;
        let _request = self.request.lock().await;
        if let Some(result) = self.with(|reads| reads.results.get(key).cloned()) {
            return result;
        }
        let open: BTreeSet<String> = self
            .with(|reads| reads.requested.iter().filter(|key| !reads.results.contains_key(*key)).cloned().collect());
        let results = read(open.clone()).await;
        self.with(|reads| {
            for key in open {
                let result = match &results {
                    Ok(results) => Ok(results.get(&key).cloned().unwrap_or_default()),
                    Err(error) => Err(error.clone()),
                };
                reads.results.insert(key, result);
            }
            reads.results.get(key).cloned().unwrap_or_else(|| Ok(T::default()))
        })
    }
}

/// Sends one request for many keys.
type ReadMany<'a, T> =
    Box<dyn FnOnce(BTreeSet<String>) -> BoxFuture<'a, Result<BTreeMap<String, T>, CallError>> + Send + 'a>;

impl Region {
    /// The same region, whose coalesced reads share their requests with all that use the same `reads`.
    #[must_use]
    pub fn coalescing(&self, reads: &Arc<CoalescedReads>) -> Self {
        Self { reads: Some(Arc::clone(reads)), ..self.clone() }
    }

    /// The result of `read`. All coalesced reads with this `request` name and region share one request and its result.
    ///
    /// # Errors
    /// The error of `read`.
    pub(crate) fn read_once<'a, T, F, R>(&'a self, request: &'a str, read: F) -> BoxFuture<'a, Result<T, CallError>>
    where
        T: Clone + Default + Send + Sync + 'static,
        F: FnOnce() -> R + Send + 'a,
        R: Future<Output = Result<T, CallError>> + Send + 'a,
    {
        self.read_batched(request, "", |_| async move { Ok(BTreeMap::from([(String::new(), read().await?)])) })
    }

    /// The object `id`. When several ids are read, `list` reads them all in one request; `get` reads a single one, and those
    /// that the list does not contain, since lists may lag behind.
    ///
    /// # Errors
    /// The error of `list` or `get`.
    pub(crate) fn read_listed<'a, T, L, M, G, S>(
        &'a self,
        request: &'a str,
        id: &'a str,
        list: L,
        get: G,
    ) -> BoxFuture<'a, Result<Option<T>, CallError>>
    where
        T: Clone + Send + Sync + 'static,
        L: FnOnce() -> M + Send + 'a,
        M: Future<Output = Result<BTreeMap<String, T>, CallError>> + Send + 'a,
        G: Fn(String) -> S + Send + Sync + 'a,
        S: Future<Output = Result<Option<T>, CallError>> + Send + 'a,
    {
        self.read_batched(request, id, |ids: BTreeSet<String>| async move {
            let mut listed = if ids.len() > 1 { list().await? } else { BTreeMap::new() };
            let mut objects = BTreeMap::new();
            for id in ids {
                let object = match listed.remove(&id) {
                    Some(object) => Some(object),
                    None => get(id.clone()).await?,
                };
                objects.insert(id, object);
            }
            Ok(objects)
        })
    }

    /// The result for `key`. `read` gets the keys of all coalesced reads with this `request` name and region, and returns
    /// their results; a key that it leaves out has the default result.
    ///
    /// # Errors
    /// The error of `read`, which all of these reads return.
    pub(crate) fn read_batched<'a, T, F, R>(
        &'a self,
        request: &'a str,
        key: &'a str,
        read: F,
    ) -> BoxFuture<'a, Result<T, CallError>>
    where
        T: Clone + Default + Send + Sync + 'static,
        F: FnOnce(BTreeSet<String>) -> R + Send + 'a,
        R: Future<Output = Result<BTreeMap<String, T>, CallError>> + Send + 'a,
    {
        let read: ReadMany<'a, T> = Box::new(|keys| read(keys).boxed());
        self.read_boxed(request, key, read).boxed()
    }

    async fn read_boxed<T>(&self, request: &str, key: &str, read: ReadMany<'_, T>) -> Result<T, CallError>
    where
        T: Clone + Default + Send + Sync + 'static,
    {
        match &self.reads {
            Some(reads) => {
                let batch = reads.batch::<T>(format!("{request} in {}", self.region_of(request)));
                batch.get(key, read).await
            }
            None => Ok(read(BTreeSet::from([key.to_owned()])).await?.remove(key).unwrap_or_default()),
        }
    }
}
