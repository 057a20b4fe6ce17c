//! The trait that every kind of AWS object implements, and the types that its methods return.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Place, Resolved};
use crate::aws::{CallError, Regional};
use crate::desired::{Address, Input, Kind, Scope};

/// The tags of an object: the user's, the provider's defaults, and the ownership tags.
pub type Tags = BTreeMap<String, Input<String>>;

/// The tag that names the owner of an object: `multiregion_api/shop`.
pub const OWNER_TAG: &str = "multiregion:owner";

/// The tag that holds the owner id: `us-east-1/9f2c41d07ab35e18`.
pub const OWNER_ID_TAG: &str = "multiregion:owner-id";

/// The tag that holds the address of an object among its owner's components.
pub const ADDRESS_TAG: &str = "multiregion:address";

/// One kind of AWS object.
///
/// Guarantees of every implementation:
/// - `create`, `update` and `delete` may be repeated. A change that has been made already, and the deletion of an
///   object that is gone, are successes.
/// - `create` never adopts an object that does not carry the ownership tags of this address. It fails with
///   [`CallError::Foreign`] instead.
/// - Nothing outside of AWS is changed.
pub trait Component: Kind<Spec: DeserializeOwned + Clone + Send + Sync> + Send + Sync + 'static {
    /// What AWS returned: ids, ARNs, names. An output changes only when the object is replaced.
    type Outputs: Serialize + DeserializeOwned + Clone + Send + Sync;

    /// The identity of the object in AWS, as a user would search for it.
    fn id(outputs: &Self::Outputs) -> String;

    /// The outputs that a new object of this spec will have, when they follow from the spec. Specs that refer to them
    /// need no change when the object is created again. `None` when AWS assigns one of them, or when an input is
    /// unknown.
    fn foreseen(_place: &Place<'_>, _spec: &Self::Spec) -> Option<Self::Outputs> {
        None
    }

    /// The drain period: how long clients may still use cached answers after an update or a deletion.
    fn drain_period(_spec: &Self::Spec) -> Duration {
        Duration::ZERO
    }

    /// The reasons for which AWS would reject `spec`. Runs when a create or an update is planned. Inputs may be
    /// unknown; unknown inputs are not checked.
    fn check(_aws: &Regional, _spec: &Self::Spec) -> impl Future<Output = Result<Vec<Problem>, CallError>> + Send {
        async { Ok(Vec::new()) }
    }

    /// The existing object that has the identity of `spec` (its name, or our ownership tags) and is in no ledger. Runs
    /// when a create is planned. Inputs may be unknown; when the identifying ones are, the result is `None`.
    fn find(
        aws: &Regional,
        spec: &Self::Spec,
    ) -> impl Future<Output = Result<Option<Found<Self::Outputs>>, CallError>> + Send;

    /// The current owner of the object that `outputs` identify. Runs before every update and deletion, and when a
    /// refresh finds drift.
    ///
    /// An object with an id that AWS assigned needs no check, because AWS never reuses the id. An object that is
    /// identified by its name may have been replaced with somebody else's.
    fn holder(
        _aws: &Regional,
        _spec: &Self::Spec,
        _outputs: &Self::Outputs,
    ) -> impl Future<Output = Result<Holder, CallError>> + Send {
        async { Ok(Holder::Ours) }
    }

    /// Every object of this kind in this region that belongs to our owner, for an import. `siblings` are the objects
    /// that were found before, kind by kind in the registry's order. Of several objects with one key, the first one is
    /// in use, and the others are those that it has replaced.
    fn discover(
        aws: &Regional,
        siblings: &Siblings,
    ) -> impl Future<Output = Result<Vec<Discovered<Self>>, CallError>> + Send
    where
        Self: Sized;

    /// Creates the object and waits until other objects can use it.
    fn create(
        aws: &Regional,
        spec: &Resolved<Self::Spec>,
    ) -> impl Future<Output = Result<Self::Outputs, CallError>> + Send;

    /// What AWS reports now, in the spelling of
    /// `spec`, the spec that was last applied. Fields that AWS does not report are taken from `spec`. `None` when the
    /// object no longer exists.
    #[expect(clippy::type_complexity, reason = "a type alias would say less")]
    fn read(
        aws: &Regional,
        spec: &Self::Spec,
        outputs: &Self::Outputs,
    ) -> impl Future<Output = Result<Option<(Self::Spec, Self::Outputs)>, CallError>> + Send;

    /// Changes the object from `from` to `to`, which differ only in fields outside of
    /// [`KindMeta::immutable`](crate::desired::KindMeta::immutable). Waits until other objects can use the change.
    fn update(
        aws: &Regional,
        outputs: &Self::Outputs,
        from: &Self::Spec,
        to: &Resolved<Self::Spec>,
    ) -> impl Future<Output = Result<Self::Outputs, CallError>> + Send;

    /// Deletes the object and waits until it is gone.
    fn delete(
        aws: &Regional,
        spec: &Self::Spec,
        outputs: &Self::Outputs,
    ) -> impl Future<Output = Result<(), CallError>> + Send;
}

/// An existing object with the identity of a spec that is in no ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<O> {
    /// It carries our ownership tags: an interrupted apply created it.
    Ours(O),
    /// It belongs to somebody else; the text describes the owner.
    Foreign(String),
}

/// The current owner of an object in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// The object is ours, or does not exist.
    Ours,
    /// Some parts of the object are ours, others are somebody else's; the text describes those. A deletion removes our
    /// parts only.
    Shared(String),
    /// The object is somebody else's; the text describes it.
    Stranger(String),
}

/// A setting that AWS would reject, detected at plan time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The summary of the diagnostic: a constant sentence.
    pub summary: &'static str,
    /// The detail of the diagnostic: what was found, why it is wrong, how to fix it.
    pub detail: String,
}

/// Declares the [`OutputKey`](crate::desired::OutputKey)s of a kind, one for each field of its `Outputs` that other
/// specs or attributes refer to: `output_keys! { Function { ARN = arn: String } }`. The compiler checks name and type.
macro_rules! output_keys {
    ($kind:ident { $($key:ident = $field:ident: $type:ty),* $(,)? }) => {
        $(
            #[doc = concat!("The output [`Outputs::", stringify!($field), "`].")]
            pub const $key: $crate::desired::OutputKey<$kind, $type> = {
                let _: fn(&<$kind as $crate::components::Component>::Outputs) -> &$type = |outputs| &outputs.$field;
                $crate::desired::OutputKey::new(stringify!($field))
            };
        )*

        /// The outputs of the keys, for [`KindMeta::outputs`].
        const OUTPUTS: &[&str] = &[$(stringify!($field)),*];
    };
}
pub(crate) use output_keys;

/// An object found by [`Component::discover`].
pub struct Discovered<C: Component> {
    /// The key of the object's address.
    pub key: Option<String>,
    /// The fields of the spec that identify the object or that [`Component::read`] cannot report.
    pub spec: C::Spec,
    /// The outputs of the object.
    pub outputs: C::Outputs,
}

/// The outputs of the objects discovered so far. Of several at one address, the first one is in use; the others are
/// leftovers of replacements.
#[derive(Debug, Clone, Default)]
pub struct Siblings(pub(crate) BTreeMap<Address, Vec<serde_json::Value>>);

impl Siblings {
    /// The outputs of the `C` at `address`.
    pub fn outputs<C: Component>(&self, address: &Address) -> Option<C::Outputs> {
        C::Outputs::deserialize(self.0.get(address)?.first()?).ok()
    }

    /// The outputs of every `C` that was found in `scope`.
    pub fn in_scope<C: Component>(&self, scope: &Scope) -> Vec<C::Outputs> {
        self.all::<C>().into_iter().filter(|(address, _)| address.scope == *scope).map(|(_, outputs)| outputs).collect()
    }

    /// Every `C` that was found.
    pub fn all<C: Component>(&self) -> Vec<(Address, C::Outputs)> {
        let all = self.0.iter().filter(|(address, _)| address.kind == C::KIND);
        let each = all.flat_map(|(address, outputs)| outputs.iter().map(move |outputs| (address, outputs)));
        each.filter_map(|(address, outputs)| Some((address.clone(), C::Outputs::deserialize(outputs).ok()?))).collect()
    }
}
