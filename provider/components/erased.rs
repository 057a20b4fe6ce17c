//! The trait object that the engine uses: specs and outputs as JSON.

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::ops::Deref;
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::support::foreign_tags;
use super::{Component, Found, Holder, Place, Problem, Siblings};
use crate::aws::{CallError, Regional};
use crate::desired::{KindMeta, is_open};

/// A spec in which every [`Input`](crate::desired::Input) is known.
#[derive(Debug, Clone)]
pub struct Resolved<S>(S);

impl<S: DeserializeOwned> Resolved<S> {
    /// Reads the JSON of a spec without references.
    ///
    /// # Errors
    /// [`CallError::Malformed`] when a value is unknown, or the JSON is not such a spec.
    pub fn new(json: &Json) -> Result<Self, CallError> {
        if is_open(json) {
            return Err(CallError::Malformed("a spec still refers to something that does not exist".to_owned()));
        }
        parse(json).map(Self)
    }
}

impl<S> Deref for Resolved<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.0
    }
}

pub(super) fn parse<T: DeserializeOwned>(json: &Json) -> Result<T, CallError> {
    T::deserialize(json).map_err(|error| CallError::Malformed(error.to_string()))
}

pub(super) fn print<T: serde::Serialize>(value: &T) -> Result<Json, CallError> {
    serde_json::to_value(value).map_err(|error| CallError::Malformed(error.to_string()))
}

/// [`Found`] with outputs as JSON.
pub type AnyFound = Found<Json>;

/// [`Discovered`](super::Discovered) with spec and outputs as JSON.
pub struct AnyDiscovered {
    /// The key of the object's address.
    pub key: Option<String>,
    /// The object's spec.
    pub spec: Json,
    /// The object's outputs.
    pub outputs: Json,
}

/// A [`Component`] with its types erased. Every method does what the method of the same name does there.
pub trait AnyComponent: Send + Sync {
    /// [`Kind::META`](crate::desired::Kind::META).
    fn meta(&self) -> &'static KindMeta;
    /// The names of the spec's fields.
    #[cfg(test)]
    fn fields(&self) -> &'static [&'static str];
    /// [`Component::id`]; `None` when the JSON is not outputs of this kind.
    fn id(&self, outputs: &Json) -> Option<String>;
    /// [`Component::foreseen`].
    fn foreseen(&self, place: &Place<'_>, spec: &Json) -> Option<Json>;
    /// [`Component::drain_period`].
    fn drain_period(&self, spec: &Json) -> Duration;
    /// [`Component::is_retained`].
    fn is_retained(&self, spec: &Json) -> bool;
    /// [`Component::domain_names`].
    fn domain_names(&self, spec: &Json) -> Vec<String>;
    /// [`Component::check`].
    fn check<'a>(&'a self, aws: &'a Regional, spec: &'a Json) -> BoxFuture<'a, Result<Vec<Problem>, CallError>>;
    /// [`Component::find`].
    fn find<'a>(&'a self, aws: &'a Regional, spec: &'a Json) -> BoxFuture<'a, Result<Option<AnyFound>, CallError>>;
    /// [`Component::holder`].
    fn holder<'a>(
        &'a self,
        aws: &'a Regional,
        spec: &'a Json,
        outputs: &'a Json,
    ) -> BoxFuture<'a, Result<Holder, CallError>>;
    /// [`Component::users`].
    fn users<'a>(&'a self, aws: &'a Regional, outputs: &'a Json) -> BoxFuture<'a, Result<BTreeSet<String>, CallError>>;
    /// [`Component::discover`].
    fn discover<'a>(
        &'a self,
        aws: &'a Regional,
        siblings: &'a Siblings,
    ) -> BoxFuture<'a, Result<Vec<AnyDiscovered>, CallError>>;
    /// [`Component::create`].
    fn create<'a>(&'a self, aws: &'a Regional, spec: &'a Json) -> BoxFuture<'a, Result<Json, CallError>>;
    /// [`Component::read`] of a discovered object. It has all tags that `ignore_tags` does not exclude, because no spec shows
    /// which of them are ours.
    fn read_discovered<'a>(
        &'a self,
        aws: &'a Regional,
        spec: &'a Json,
        outputs: &'a Json,
    ) -> BoxFuture<'a, Result<Option<(Json, Json)>, CallError>>;
    /// [`Component::read`], without the tags that `spec` does not have.
    fn read<'a>(
        &'a self,
        aws: &'a Regional,
        spec: &'a Json,
        outputs: &'a Json,
    ) -> BoxFuture<'a, Result<Option<(Json, Json)>, CallError>>;
    /// [`Component::update`].
    fn update<'a>(
        &'a self,
        aws: &'a Regional,
        outputs: &'a Json,
        from: &'a Json,
        to: &'a Json,
    ) -> BoxFuture<'a, Result<Json, CallError>>;
    /// [`Component::release`].
    fn release<'a>(
        &'a self,
        aws: &'a Regional,
        spec: &'a Json,
        outputs: &'a Json,
    ) -> BoxFuture<'a, Result<(), CallError>>;
    /// [`Component::delete`].
    fn delete<'a>(
        &'a self,
        aws: &'a Regional,
        spec: &'a Json,
        outputs: &'a Json,
    ) -> BoxFuture<'a, Result<(), CallError>>;
    /// [`Component::restore`].
    fn restore<'a>(
        &'a self,
        aws: &'a Regional,
        spec: &'a Json,
        outputs: &'a Json,
        replaced: &'a Json,
    ) -> BoxFuture<'a, Result<(), CallError>>;
}

/// A component whose spec and outputs are converted from and to JSON.
pub(super) struct Erased<C>(PhantomData<fn() -> C>);

impl<C> Erased<C> {
    pub(super) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<C: Component> AnyComponent for Erased<C> {
    fn meta(&self) -> &'static KindMeta {
        const { &C::META }
    }

    #[cfg(test)]
    fn fields(&self) -> &'static [&'static str] {
        super::fields::of::<C::Spec>()
    }

    fn id(&self, outputs: &Json) -> Option<String> {
        parse(outputs).ok().map(|outputs| C::id(&outputs))
    }

    fn foreseen(&self, place: &Place<'_>, spec: &Json) -> Option<Json> {
        print(&C::foreseen(place, &parse(spec).ok()?)?).ok()
    }

    fn drain_period(&self, spec: &Json) -> Duration {
        parse(spec).map_or(Duration::ZERO, |spec| C::drain_period(&spec))
    }

    fn is_retained(&self, spec: &Json) -> bool {
        parse(spec).is_ok_and(|spec| C::is_retained(&spec))
    }

    fn domain_names(&self, spec: &Json) -> Vec<String> {
        parse(spec).map_or_else(|_| Vec::new(), |spec| C::domain_names(&spec))
    }

    fn check<'a>(&'a self, aws: &'a Regional, spec: &'a Json) -> BoxFuture<'a, Result<Vec<Problem>, CallError>> {
        async move { C::check(aws, &parse(spec)?).await }.boxed()
    }

    fn find<'a>(&'a self, aws: &'a Regional, spec: &'a Json) -> BoxFuture<'a, Result<Option<AnyFound>, CallError>> {
        async move {
            Ok(match C::find(aws, &parse(spec)?).await? {
                Some(Found::Ours(outputs)) => Some(Found::Ours(print(&outputs)?)),
                Some(Found::Foreign(whose)) => Some(Found::Foreign(whose)),
                Some(Found::InTheWay(problem)) => Some(Found::InTheWay(problem)),
                Some(Found::Replaced(warning)) => Some(Found::Replaced(warning)),
                None => None,
            })
        }
        .boxed()
    }

    fn holder<'a>(
        &'a self,
        aws: &'a Regional,
        spec: &'a Json,
        outputs: &'a Json,
    ) -> BoxFuture<'a, Result<Holder, CallError>> {
        async move { C::holder(aws, &parse(spec)?, &parse(outputs)?).await }.boxed()
    }

    fn users<'a>(&'a self, aws: &'a Regional, outputs: &'a Json) -> BoxFuture<'a, Result<BTreeSet<String>, CallError>> {
        async move { C::users(aws, &parse(outputs)?).await }.boxed()
    }

    fn discover<'a>(
        &'a self,
        aws: &'a Regional,
        siblings: &'a Siblings,
    ) -> BoxFuture<'a, Result<Vec<AnyDiscovered>, CallError>> {
        async move {
            let erase = |found: super::Discovered<C>| {
                let (spec, outputs) = (print(&found.spec)?, print(&found.outputs)?);
                Ok(AnyDiscovered { key: found.key, spec, outputs })
            };
            C::discover(aws, siblings).await?.into_iter().map(erase).collect()
        }
        .boxed()
    }

    fn create<'a>(&'a self, aws: &'a Regional, spec: &'a Json) -> BoxFuture<'a, Result<Json, CallError>> {
        async move { print(&C::create(aws, &Resolved::new(spec)?).await?) }.boxed()
    }

    fn read_discovered<'a>(
        &'a self,
        aws: &'a Regional,
        spec: &'a Json,
        outputs: &'a Json,
    ) -> BoxFuture<'a, Result<Option<(Json, Json)>, CallError>> {
        async move {
            let Some((spec, outputs)) = C::read(aws, &parse(spec)?, &parse(outputs)?).await? else { return Ok(None) };
            let mut spec = print(&spec)?;
            foreign_tags::drop_ignored(&mut spec, aws.ignored_tags());
            Ok(Some((spec, print(&outputs)?)))
        }
        .boxed()
    }

    fn read<'a>(
        &'a self,
        aws: &'a Regional,
        spec: &'a Json,
        outputs: &'a Json,
    ) -> BoxFuture<'a, Result<Option<(Json, Json)>, CallError>> {
        async move {
            match foreign_tags::read::<C>(aws, &parse(spec)?, &parse(outputs)?).await? {
                Some((spec, outputs)) => Ok(Some((print(&spec)?, print(&outputs)?))),
                None => Ok(None),
            }
        }
        .boxed()
    }

    fn update<'a>(
        &'a self,
        aws: &'a Regional,
        outputs: &'a Json,
        from: &'a Json,
        to: &'a Json,
    ) -> BoxFuture<'a, Result<Json, CallError>> {
        async move { print(&C::update(aws, &parse(outputs)?, &parse(from)?, &Resolved::new(to)?).await?) }.boxed()
    }

    fn release<'a>(
        &'a self,
        aws: &'a Regional,
        spec: &'a Json,
        outputs: &'a Json,
    ) -> BoxFuture<'a, Result<(), CallError>> {
        async move { C::release(aws, &parse(spec)?, &parse(outputs)?).await }.boxed()
    }

    fn delete<'a>(
        &'a self,
        aws: &'a Regional,
        spec: &'a Json,
        outputs: &'a Json,
    ) -> BoxFuture<'a, Result<(), CallError>> {
        async move { C::delete(aws, &parse(spec)?, &parse(outputs)?).await }.boxed()
    }

    fn restore<'a>(
        &'a self,
        aws: &'a Regional,
        spec: &'a Json,
        outputs: &'a Json,
        replaced: &'a Json,
    ) -> BoxFuture<'a, Result<(), CallError>> {
        async move { C::restore(aws, &parse(spec)?, &parse(outputs)?, replaced).await }.boxed()
    }
}
