//! The trait that every kind of component implements, and the types of its results.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::{Place, Resolved};
use crate::aws::{CallError, Regional, Warning};
use crate::desired::{Address, Input, Kind, Scope};

/// Tags of an object: the user's, the provider's `default_tags` and the ownership tags.
pub type Tags = BTreeMap<String, Input<String>>;

/// The tag that names the owner of an object: `multiregion_api/shop`.
pub const OWNER_TAG: &str = "multiregion:owner";

/// The tag that holds the owner id: `us-east-1/9f2c41d07ab35e18`.
pub const OWNER_ID_TAG: &str = "multiregion:owner-id";

/// The tag that holds the address of an object.
pub const ADDRESS_TAG: &str = "multiregion:address";

/// One kind of AWS object: its calls.
///
/// Guarantees that every implementation gives:
/// - `create`, `update` and `delete` may be repeated. Work that is already done, such as deleting a missing object, is success.
/// - `create` never adopts an object without the ownership tags of this address: that is [`CallError::Foreign`].
/// - Nothing outside AWS is changed.
pub trait Component: Kind<Spec: DeserializeOwned + Clone + Send + Sync> + Send + Sync + 'static {
    /// What AWS returned: ids, ARNs, names. An output changes only when the object is replaced.
    type Outputs: Serialize + DeserializeOwned + Clone + Send + Sync;

    /// The id that AWS gave the object, as a user would search for it.
    fn id(outputs: &Self::Outputs) -> String;

    /// The outputs that a new object with this spec will have, so that its dependents need not change when the object is
    /// created again. `None` when AWS chooses one of them, or when they follow from unknown values.
    fn foreseen(_place: &Place<'_>, _spec: &Self::Spec) -> Option<Self::Outputs> {
        None
    }

    /// How long after an update or deletion clients may still use cached answers of the object.
    fn drain_period(_spec: &Self::Spec) -> Duration {
        Duration::ZERO
    }

    /// Whether the object stays in AWS when it is no longer desired.
    fn is_retained(_spec: &Self::Spec) -> bool {
        false
    }

    /// The known domain names that only one object of this kind in a region, or of a global kind in the account, can have.
    fn domain_names(_spec: &Self::Spec) -> Vec<String> {
        Vec::new()
    }

    /// What AWS would refuse, such as a missing prerequisite of `spec`. Runs in the plan of a create or an update. Unknown
    /// inputs are not checked.
    fn check(_aws: &Regional, _spec: &Self::Spec) -> impl Future<Output = Result<Vec<Problem>, CallError>> + Send {
        async { Ok(Vec::new()) }
    }

    /// The object with the identity of this spec (its name, or our ownership tags). Runs in the plan of a create, so the
    /// ledger does not contain the object. `None` when the inputs that identify it are unknown.
    fn find(
        aws: &Regional,
        spec: &Self::Spec,
    ) -> impl Future<Output = Result<Option<Found<Self::Outputs>>, CallError>> + Send;

    /// Who owns the object that `outputs` identify. Runs before each update and deletion, and when the object has drifted.
    ///
    /// An object with an id that AWS assigned needs no check: no other object ever has that id. An object that is identified
    /// by its name may have been replaced by the object of another owner.
    fn holder(
        _aws: &Regional,
        _spec: &Self::Spec,
        _outputs: &Self::Outputs,
    ) -> impl Future<Output = Result<Holder, CallError>> + Send {
        async { Ok(Holder::Ours) }
    }

    /// The resources of other owners that have added parts to the object, which its deletion would delete. Runs before a
    /// destroy of the whole resource.
    fn users(
        _aws: &Regional,
        _outputs: &Self::Outputs,
    ) -> impl Future<Output = Result<BTreeSet<String>, CallError>> + Send {
        async { Ok(BTreeSet::new()) }
    }

    /// Every object of this kind in the region that carries our ownership, for an import. `siblings` are the objects found
    /// before, in the order of the registry. Of several objects with one key, the first is the current one and the others
    /// are those that it replaced.
    fn discover(
        aws: &Regional,
        siblings: &Siblings,
    ) -> impl Future<Output = Result<Vec<Discovered<Self>>, CallError>> + Send
    where
        Self: Sized;

    /// Creates the object and waits until others can use it.
    fn create(
        aws: &Regional,
        spec: &Resolved<Self::Spec>,
    ) -> impl Future<Output = Result<Self::Outputs, CallError>> + Send;

    /// The object as AWS reports it now, in the spelling of the spec; `None` when it does not exist. Fields that AWS does not
    /// report are taken from `spec`, which was last applied.
    #[expect(clippy::type_complexity, reason = "a name for it would say less")]
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

    /// Removes our ownership from an object that stays in AWS, so that a later create of the same name can adopt it. A missing
    /// object is success.
    fn release(
        _aws: &Regional,
        _spec: &Self::Spec,
        _outputs: &Self::Outputs,
    ) -> impl Future<Output = Result<(), CallError>> + Send {
        async { Ok(()) }
    }

    /// Deletes the object and waits until it is gone for others. [`CallError::Deferred`] if AWS deletes the object only hours
    /// later.
    fn delete(
        aws: &Regional,
        spec: &Self::Spec,
        outputs: &Self::Outputs,
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Deletes the object and restores what its creation replaced, as [`Regional::note_replaced`] recorded it.
    fn restore(
        aws: &Regional,
        spec: &Self::Spec,
        outputs: &Self::Outputs,
        _replaced: &Json,
    ) -> impl Future<Output = Result<(), CallError>> + Send {
        Self::delete(aws, spec, outputs)
    }
}

/// An object with the identity of a spec that is not in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<O> {
    /// It carries our ownership: an interrupted apply created it.
    Ours(O),
    /// It belongs to another owner; the text describes whose it appears to be.
    Foreign(String),
    /// It belongs to another owner; the problem describes it, and how to make room for ours.
    InTheWay(Problem),
    /// It belongs to another owner, and the creation replaces it, because the configuration says so. The warning describes it.
    Replaced(Warning),
}

/// The owner of an object that is in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// It is ours, or does not exist.
    Ours,
    /// Some of its parts belong to another owner, whom the text describes. A deletion removes only our parts.
    Shared(String),
    /// It belongs to another owner, whom the text describes.
    Stranger(String),
}

/// A setting that AWS would refuse, detected at plan time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The summary of a diagnostic.
    pub summary: &'static str,
    /// The detail of a diagnostic: the value found, the reason, the fix.
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
    /// The fields that identify it, and those that [`Component::read`] cannot report.
    pub spec: C::Spec,
    /// Its outputs.
    pub outputs: C::Outputs,
}

/// Outputs of the objects discovered so far. Of several at one address, the first is the current one; the others are left
/// from replacements.
#[derive(Debug, Clone, Default)]
pub struct Siblings(pub(crate) BTreeMap<Address, Vec<Json>>);

impl Siblings {
    /// The outputs of the `C` at `address`.
    pub fn outputs<C: Component>(&self, address: &Address) -> Option<C::Outputs> {
        C::Outputs::deserialize(self.0.get(address)?.first()?).ok()
    }

    /// The key and the outputs of every `C` that was found in `scope`.
    pub fn in_scope<C: Component>(&self, scope: &Scope) -> Vec<(Option<String>, C::Outputs)> {
        let here = self.all::<C>().into_iter().filter(|(address, _)| address.scope == *scope);
        here.map(|(address, outputs)| (address.key, outputs)).collect()
    }

    /// The current `C` of each key that was found in `scope`, without those that are left from replacements.
    pub fn current<C: Component>(&self, scope: &Scope) -> Vec<(Option<String>, C::Outputs)> {
        let here = self.0.keys().filter(|address| address.kind == C::KIND && address.scope == *scope);
        here.filter_map(|address| Some((address.key.clone(), self.outputs::<C>(address)?))).collect()
    }

    /// Every `C` that was found.
    pub fn all<C: Component>(&self) -> Vec<(Address, C::Outputs)> {
        let all = self.0.iter().filter(|(address, _)| address.kind == C::KIND);
        let each = all.flat_map(|(address, outputs)| outputs.iter().map(move |outputs| (address, outputs)));
        each.filter_map(|(address, outputs)| Some((address.clone(), C::Outputs::deserialize(outputs).ok()?))).collect()
    }
}
