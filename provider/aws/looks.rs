//! Questions that several components of one resource have for AWS while all of them are looked at: asked once for all.
//!
//! A refresh looks at hundreds of components side by side, and many of them want to know the same: the completion marker is in the
//! claim's tags, every record in the same zone. Whoever has a [`Region`] with [`CoalescedReads`] asks together with the others.
//! Whoever has none asks AWS itself, each time: everything that changes anything, and every wait. So no answer outlives the
//! look that it was asked for, and nobody waits for a change in an answer that was given before.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use super::{CallError, Region};

/// What has been asked and answered during one look at a resource. Within it nothing may be changed.
#[derive(Default)]
pub struct CoalescedReads(Mutex<HashMap<String, Arc<dyn Any + Send + Sync>>>);

/// One question about many things.
struct Question<T> {
    /// Only one asks at a time.
    turn: tokio::sync::Mutex<()>,
    notes: Mutex<Notes<T>>,
}

/// What it is asked about, and what has been answered.
struct Notes<T> {
    asked: BTreeSet<String>,
    answers: BTreeMap<String, Result<T, CallError>>,
}

impl CoalescedReads {
    /// The question of this name.
    fn question<T: Send + 'static>(&self, name: String) -> Arc<Question<T>> {
        let mut questions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let question = questions.entry(name).or_insert_with(|| Arc::new(Question::<T>::default()));
        // A name stands for one type. If it did not, each would ask for itself.
        Arc::clone(question).downcast().unwrap_or_default()
    }
}

impl<T> Default for Question<T> {
    fn default() -> Self {
        let notes = Notes { asked: BTreeSet::new(), answers: BTreeMap::new() };
        Self { turn: tokio::sync::Mutex::default(), notes: Mutex::new(notes) }
    }
}

impl<T> Question<T> {
    fn with<A>(&self, work: impl FnOnce(&mut Notes<T>) -> A) -> A {
        work(&mut self.notes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What has been asked and not been answered yet.
    fn open(&self) -> BTreeSet<String> {
        self.with(|notes| notes.asked.iter().filter(|about| !notes.answers.contains_key(*about)).cloned().collect())
    }
}

impl Region {
    /// The same for a look at many components, which ask together what they ask by [`Self::once`] and
    /// [`Self::together`].
    #[must_use]
    pub fn coalescing(&self, reads: &Arc<CoalescedReads>) -> Self {
        let mut region = self.clone();
        region.reads = Some(Arc::clone(reads));
        region
    }

    /// What `ask` answers: asked once for everybody who looks at the same time and calls the question `what`, in the same
    /// region.
    ///
    /// # Errors
    /// What `ask` fails with; everybody is told.
    pub(crate) async fn once<T, F, R>(&self, what: &str, ask: F) -> Result<T, CallError>
    where
        T: Clone + Default + Send + Sync + 'static,
        F: FnOnce() -> R + Send,
        R: Future<Output = Result<T, CallError>> + Send,
    {
        self.together(what, "", |_| async move { Ok(BTreeMap::from([(String::new(), ask().await?)])) }).await
    }

    /// The object `id`: from one `list` for everybody who looks at the same time and calls the question `what`; by `get`
    /// where nobody else does, and where the list leaves it out, for a list may lag behind.
    ///
    /// # Errors
    /// What `list` and `get` fail with.
    pub(crate) async fn listed<T, L, M, G, S>(
        &self,
        what: &str,
        id: &str,
        list: L,
        get: G,
    ) -> Result<Option<T>, CallError>
    where
        T: Clone + Send + Sync + 'static,
        L: FnOnce() -> M + Send,
        M: Future<Output = Result<BTreeMap<String, T>, CallError>> + Send,
        G: Fn(String) -> S + Send + Sync,
        S: Future<Output = Result<Option<T>, CallError>> + Send,
    {
        let ask = |ids: BTreeSet<String>| async move {
            let mut listed = if ids.len() > 1 { list().await? } else { BTreeMap::new() };
            let mut told = BTreeMap::new();
            for id in ids {
                let object = match listed.remove(&id) {
                    Some(object) => Some(object),
                    None => get(id.clone()).await?,
                };
                told.insert(id, object);
            }
            Ok(told)
        };
        self.together(what, id, ask).await
    }

    /// What `ask` answers about `about`: asked for everybody at once who looks at the same time and calls the question
    /// `what`, in the same region. `ask` is given everything that is asked about; what it leaves out has the default
    /// answer.
    ///
    /// # Errors
    /// What `ask` fails with; everybody whom it asked for is told.
    pub(crate) async fn together<T, F, R>(&self, what: &str, about: &str, ask: F) -> Result<T, CallError>
    where
        T: Clone + Default + Send + Sync + 'static,
        F: FnOnce(BTreeSet<String>) -> R + Send,
        R: Future<Output = Result<BTreeMap<String, T>, CallError>> + Send,
    {
        let Some(reads) = &self.reads else {
            let mut told = ask(BTreeSet::from([about.to_owned()])).await?;
            return Ok(told.remove(about).unwrap_or_default());
        };
        let question = reads.question::<T>(format!("{what} in {}", self.asked_region(what)));
        question.with(|notes| notes.asked.insert(about.to_owned()));
        // The others come to say what they want to know before anybody asks.
        tokio::task::yield_now().await;
        let _turn = question.turn.lock().await;
        if let Some(answer) = question.with(|notes| notes.answers.get(about).cloned()) {
            return answer;
        }
        let open = question.open();
        let told = ask(open.clone()).await;
        question.with(|notes| {
            for about in open {
                let answer = match &told {
                    Ok(told) => Ok(told.get(&about).cloned().unwrap_or_default()),
                    Err(error) => Err(error.clone()),
                };
                notes.answers.insert(about, answer);
            }
            notes.answers.get(about).cloned().unwrap_or_else(|| Ok(T::default()))
        })
    }
}
