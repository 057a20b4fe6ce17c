//! Ownership of AWS objects: claims, owner ids, phases, heartbeats, leases, adoption.
//!
//! - **The objects of a resource are those with its owner id.** The id is minted with the claim and never changes. The
//!   provider changes, adopts and deletes nothing else, whatever its name.
//! - **A create holds its claim.** It writes heartbeats to the claim and calls AWS only while its
//!   [lease](crate::aws::Lease) is valid; each heartbeat extends the lease. A run that was suspended reads its claim before
//!   it continues, and stops if another run holds the claim.
//! - **An interrupted create is continued.** A claim in the phase `creating` whose heartbeat does not change during its
//!   lease is taken over, with every object that carries its owner id.
//! - **A create is over when its host has persisted the state.** Until then the heartbeats continue. Then the phase of the
//!   claim becomes `ready`, or `kept` if components are missing.
//!
//! [`protocol`] is the state machine, pure. [`hold`] drives it. [`acks`] keeps the creates whose state the host may not have
//! persisted yet. [`place`] refuses credentials of another account. [`search`] finds the owner id for an import.

pub mod acks;
pub mod hold;
pub mod place;
pub mod protocol;
pub mod search;
#[cfg(test)]
mod testing;

pub use acks::PendingAcks;
