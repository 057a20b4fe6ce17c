//! Kinds of component: the facts of each one that expansion and planning need.

/// A kind of component: its facts and the type of its spec. Its calls are in
/// [`Component`](crate::components::Component).
pub trait Kind {
    /// The desired settings of one component.
    type Spec: serde::Serialize;

    /// The facts of the kind.
    const META: KindMeta;

    /// The name of the kind, as in addresses.
    const KIND: &'static str = Self::META.name;
}

/// The facts of a kind, declared once: `KindMeta { name: "function", …, ..KindMeta::DEFAULT }`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KindMeta {
    /// The name, as in addresses: `function`.
    pub name: &'static str,
    /// What the AWS object is: one sentence of the documentation.
    pub about: &'static str,
    /// What the `id` of an entry of the attribute `components` is: `the name of the function`.
    pub id: &'static str,
    /// The outputs that specs of other components refer to: `OUTPUTS` of
    /// [`output_keys!`](crate::components::output_keys).
    pub outputs: &'static [&'static str],
    /// Whether a resource has one for all regions, and not one for each region.
    pub global: bool,
    /// Whether a global component is managed by calls to a regional service in the home region.
    pub in_home_region: bool,
    /// Fields of the spec that AWS cannot change on an existing object. When one changes, the provider creates a new
    /// object, updates the objects that refer to the old one, and deletes the old one last.
    pub immutable: &'static [&'static str],
    /// Fields of the spec whose changes affect requests at once: they point to another object, such as a version, or decide
    /// which requests are answered and how. The regions change them wave by wave. When a check fails afterwards, the provider
    /// sets them to their previous values.
    pub rolled_out: &'static [&'static str],
    /// Fields of the spec that are ignored when specs are compared: they describe provenance, not content.
    pub uncompared: &'static [&'static str],
    /// Fields of the spec that may contain secrets. The revision, which plans show, covers only the keys of such a map,
    /// and nothing of other fields.
    pub secret: &'static [&'static str],
    /// Whether this is an AWS object, listed in `components`. A wait or a probe is not.
    pub visible: bool,
    /// What AWS deletes together with the object, and a new object does not have: `its logs`. Empty if there is nothing.
    pub holds: &'static str,
    /// Whether this is a check that must run again after the ledger was rebuilt from AWS. Of its spec, only the fields are
    /// compared that the ledger contains.
    pub is_check: bool,
    /// Whether this records something before each change that clients notice in its region. Its outputs may differ each time.
    pub is_baseline: bool,
    /// Whether this is a check that lasts for the bake time of a rollout. It has nothing to check if clients notice no change.
    pub is_watch: bool,
    /// Whether AWS deletes an object only hours after nothing uses it any more. Several objects then exist at the same time:
    /// the current one is the one that another component refers to.
    pub deferred_deletion: bool,
    /// The IAM actions that the calls of this kind need, sorted.
    pub actions: &'static [&'static str],
    /// AWS's published limits on the calls of this kind, where they are lower than those of the service.
    pub limits: &'static [Limit],
}

impl KindMeta {
    /// The facts that most kinds share: a regional AWS object whose every setting can change.
    pub const DEFAULT: Self = Self {
        name: "",
        about: "",
        id: "",
        outputs: &[],
        global: false,
        in_home_region: false,
        immutable: &[],
        rolled_out: &[],
        uncompared: &[],
        secret: &[],
        visible: true,
        holds: "",
        is_check: false,
        is_baseline: false,
        is_watch: false,
        deferred_deletion: false,
        actions: &[],
        limits: &[],
    };
}

/// How often an AWS operation may be called in one account and region.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// Service and operation as in an IAM action: `apigateway:CreateDomainName`. All operations of a service: `route53:*`.
    pub operation: &'static str,
    /// The number of calls that may follow each other at once after a pause.
    pub burst: u32,
    /// The number of calls that become available again per second.
    pub per_second: f64,
}
