//! What a resource wants of AWS, as data: addresses, specs, references. Pure.

mod address;
mod graph;
mod input;
mod package;

pub use address::{Address, NotAnAddress, Scope};
pub use graph::{Desired, Kind, Node};
pub use input::{Gated, Handle, Input, OutputKey, Reference};
pub(crate) use input::{READY, REF, UNKNOWN};
pub use package::{Package, PackageSource, Packages, Unusable};
