//! The desired state of a resource as data: addresses, specs, references. Pure.

mod address;
mod claim;
mod digest;
mod graph;
mod input;
mod kind;
mod owner;
mod package;
mod role_settings;
mod rollout;
mod write_only;

pub use address::{Address, AddressOf, NotAnAddress, Scope};
pub use claim::{ClaimRecord, Heartbeat, Phase};
pub(crate) use digest::hex_digest;
pub use graph::{Desired, Node};
pub use input::{Gated, Handle, Input, OutputKey, Reference, is_open};
pub(crate) use input::{READY, REF, has_unknown};
pub use kind::{Kind, KindMeta, Limit};
pub use owner::{NotAnOwnerId, Owner, OwnerId, Ownership};
pub use package::{Links, Package, PackageSource, Packages, Unusable};
pub use role_settings::RoleSettings;
pub use rollout::{OnFailure, Rollout};
pub(crate) use write_only::serialize_stored;
pub use write_only::{WriteOnly, stored};
