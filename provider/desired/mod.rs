//! What a resource wants of AWS, as data: addresses, specs, references. Pure.

mod address;
mod claim;
mod graph;
mod input;
mod kind;
mod owner;
mod package;

pub use address::{Address, AddressOf, NotAnAddress, Scope};
pub use claim::{ClaimRecord, Heartbeat, Phase};
pub use graph::{Desired, Node};
pub use input::{Gated, Handle, Input, OutputKey, Reference};
pub(crate) use input::{READY, REF, UNKNOWN};
pub use kind::{Kind, KindMeta, Limit};
pub use owner::{NotAnOwnerId, Owner, OwnerId, Ownership};
pub use package::{Package, PackageSource, Packages, Unusable};
