//! Who may touch what: claims, owner ids, phases, heartbeats, leases, adoption.
//!
//! - **A resource's objects are those with its owner id.** The id is minted with the claim and never again. Nothing else is
//!   changed, adopted or deleted, whatever its name.
//! - **A create holds its claim.** It writes a heartbeat there, and calls AWS only as long as its [lease](crate::aws::Lease)
//!   lasts, which each heartbeat extends. A run that was suspended reads its claim before it goes on, and stops when another
//!   run is there.
//! - **An interrupted create is continued.** A claim in the phase `creating` whose run has been silent for the time of its
//!   lease is taken over, with everything that carries its owner id.
//! - **A create is over once its host has persisted the state.** Until then the heartbeats go on; then the claim's phase
//!   becomes `ready`, or `kept` when something is missing.
//!
//! [`protocol`] is the state machine of all this, pure; [`hold`] drives it; [`acks`] keeps the creates whose host may not have
//! persisted the state; [`place`] refuses credentials of another account; [`search`] finds the owner id for an import.

pub mod acks;
pub mod hold;
pub mod place;
pub mod protocol;
pub mod search;

pub use acks::PendingAcks;
