//! What a kind of AWS object is: the trait, and what its methods return.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Place, Resolved};
use crate::aws::{CallError, Regional};
use crate::desired::{Address, Input, Kind, Scope};

/// Tags of an object: what the user and the provider want, and whose it is.
pub type Tags = BTreeMap<String, Input<String>>;

/// The tag that names the owner of an object: `multiregion_api/shop`.
pub const OWNER_TAG: &str = "multiregion:owner";

/// The tag that holds the owner id: `us-east-1/9f2c41d07ab35e18`.
pub const OWNER_ID_TAG: &str = "multiregion:owner-id";

/// The tag that says which of its owner's components an object is.
pub const ADDRESS_TAG: &str = "multiregion:address";

/// One kind of AWS object: everything there is to know about it.
///
/// Guarantees that every implementation gives:
/// - `create`, `update` and `delete` may be repeated: what is done already is success; deleting what is gone is success.
/// - `create` never takes over an object that does not carry the ownership tags of this address: that is
///   [`CallError::Foreign`].
/// - Nothing outside AWS is touched.
pub trait Component: Kind<Spec: DeserializeOwned + Clone + Send + Sync> + Send + Sync + 'static {
    /// What AWS gave back: ids, ARNs, names. An output changes only when the object is replaced.
    type Outputs: Serialize + DeserializeOwned + Clone + Send + Sync;

    /// The identity AWS gave it, as a user would look for it.
    fn id(outputs: &Self::Outputs) -> String;

    /// The outputs that a new object of this spec will have, where they follow from it: who refers to them need not
    /// change when the object is made again. `None` where AWS chooses one of them, or what it follows from is unknown.
    fn foreseen(_place: &Place<'_>, _spec: &Self::Spec) -> Option<Self::Outputs> {
        None
    }

    /// How long after its update or deletion others may still act on what it said, because they cached it.
    fn drain_period(_spec: &Self::Spec) -> Duration {
        Duration::ZERO
    }

    /// What AWS must already hold for `spec` to succeed, and does not: asked while planning a create or an update.
    /// Inputs may be unknown; what is unknown is not checked.
    fn check(_aws: &Regional, _spec: &Self::Spec) -> impl Future<Output = Result<Vec<Problem>, CallError>> + Send {
        async { Ok(Vec::new()) }
    }

    /// The object that has this spec's identity (its name, or our ownership tags) and is in no ledger: asked while
    /// planning a create. Inputs may be unknown; without what identifies it, the answer is `None`.
    fn find(
        aws: &Regional,
        spec: &Self::Spec,
    ) -> impl Future<Output = Result<Option<Found<Self::Outputs>>, CallError>> + Send;

    /// Whose the object is that stands where `outputs` says: asked before it is changed or deleted, and when it is not as
    /// it was applied.
    ///
    /// An object to which AWS gave an id of its own needs no check: no other object ever has that id. An object that is
    /// identified by its name may have been replaced by somebody else's.
    fn holder(
        _aws: &Regional,
        _spec: &Self::Spec,
        _outputs: &Self::Outputs,
    ) -> impl Future<Output = Result<Holder, CallError>> + Send {
        async { Ok(Holder::Ours) }
    }

    /// Every object of this kind and region that carries our ownership, for an import: by key, with what identifies
    /// it. `siblings` are the ones found before, kind by kind in the registry's order. Of several of one key, the first
    /// lives, and the others are what it has replaced.
    fn discover(
        aws: &Regional,
        siblings: &Siblings,
    ) -> impl Future<Output = Result<Vec<Discovered<Self>>, CallError>> + Send
    where
        Self: Sized;

    /// Makes it and waits until others can use it.
    fn create(
        aws: &Regional,
        spec: &Resolved<Self::Spec>,
    ) -> impl Future<Output = Result<Self::Outputs, CallError>> + Send;

    /// What AWS reports now, in our spelling; `None` when AWS no longer has it. Fields that AWS does not report are
    /// taken from `spec`, the spec that was last applied.
    #[expect(clippy::type_complexity, reason = "a name for it would say less")]
    fn read(
        aws: &Regional,
        spec: &Self::Spec,
        outputs: &Self::Outputs,
    ) -> impl Future<Output = Result<Option<(Self::Spec, Self::Outputs)>, CallError>> + Send;

    /// Turns `from` into `to`: only fields outside [`KindMeta::immutable`](crate::desired::KindMeta::immutable) differ. Waits until others can use it.
    fn update(
        aws: &Regional,
        outputs: &Self::Outputs,
        from: &Self::Spec,
        to: &Resolved<Self::Spec>,
    ) -> impl Future<Output = Result<Self::Outputs, CallError>> + Send;

    /// Takes it away and waits until it is gone for others.
    fn delete(
        aws: &Regional,
        spec: &Self::Spec,
        outputs: &Self::Outputs,
    ) -> impl Future<Output = Result<(), CallError>> + Send;
}

/// An object of the wanted identity that is in no ledger of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<O> {
    /// It carries our ownership: made by an apply that died before it could tell.
    Ours(O),
    /// It belongs to somebody else; the text says whose it looks like.
    Foreign(String),
}

/// Whose the object is that a ledger knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// Ours, or there is none.
    Ours,
    /// Some of its parts are ours and others are somebody else's; the text says whose those look like. A deletion takes away
    /// our parts only.
    Shared(String),
    /// Somebody else's; the text says whose it looks like.
    Stranger(String),
}

/// Something that AWS would refuse, known before it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// A constant sentence that names the mistake.
    pub summary: &'static str,
    /// What was found, why it is wrong, how to mend it.
    pub detail: String,
}

/// Declares the [`OutputKey`](crate::desired::OutputKey)s of a kind, one for each field of its `Outputs` that other specs
/// or attributes refer to: `output_keys! { Function { ARN = arn: String } }`. The compiler checks name and type.
macro_rules! output_keys {
    ($kind:ident { $($key:ident = $field:ident: $type:ty),* $(,)? }) => {
        $(
            #[doc = concat!("The output [`Outputs::", stringify!($field), "`].")]
            pub const $key: $crate::desired::OutputKey<$kind, $type> = {
                let _: fn(&<$kind as $crate::components::Component>::Outputs) -> &$type = |outputs| &outputs.$field;
                $crate::desired::OutputKey::new(stringify!($field))
            };
        )*
    };
}
pub(crate) use output_keys;

/// An object found by [`Component::discover`].
pub struct Discovered<C: Component> {
    /// The key of its address.
    pub key: Option<String>,
    /// What identifies it, with what [`Component::read`] cannot report.
    pub spec: C::Spec,
    /// What AWS calls it.
    pub outputs: C::Outputs,
    /// What it stands on, for the order of its deletion.
    pub depends_on: Vec<Address>,
}

/// Outputs of the objects discovered so far. Of several at one address the first one lives; the others are what
/// replacements left behind.
#[derive(Debug, Clone, Default)]
pub struct Siblings(pub(crate) BTreeMap<Address, Vec<serde_json::Value>>);

impl Siblings {
    /// The outputs of the `C` at `address`.
    pub fn outputs<C: Component>(&self, address: &Address) -> Option<C::Outputs> {
        C::Outputs::deserialize(self.0.get(address)?.first()?).ok()
    }

    /// Whether something was found at `address`.
    pub(crate) fn has(&self, address: &Address) -> bool {
        self.0.contains_key(address)
    }

    /// The outputs of every `K` found so far in `scope`.
    pub(crate) fn in_scope<K: Kind, O: DeserializeOwned>(&self, scope: &Scope) -> Vec<(Address, O)> {
        self.those(|address| address.kind == K::KIND && address.scope == *scope)
    }

    /// All `C` found so far.
    pub fn all<C: Component>(&self) -> Vec<(Address, C::Outputs)> {
        self.those(|address| address.kind == C::KIND)
    }

    fn those<O: DeserializeOwned>(&self, wanted: impl Fn(&Address) -> bool) -> Vec<(Address, O)> {
        let here = self.0.iter().filter(|(address, _)| wanted(address));
        let each = here.flat_map(|(address, outputs)| outputs.iter().map(move |outputs| (address, outputs)));
        each.filter_map(|(address, outputs)| Some((address.clone(), O::deserialize(outputs).ok()?))).collect()
    }
}
