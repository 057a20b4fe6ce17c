//! Fault injection: every AWS call of every operation fails in every way, and drift, rivals, stale reads and rate limits
//! come on top. A user who runs again must reach the result of a fault-free run, with nothing leaked and traffic served
//! throughout.
//!
//! The tests run in this process, against the in-memory AWS, on a simulated clock. A failed run prints how to repeat it.

mod clock;
pub(crate) mod compare;
mod create;
mod drift;
mod fault;
mod harness;
mod heartbeats;
mod home_regions;
mod host;
mod host_checks;
mod limits;
mod matrix;
mod network;
mod operations;
mod report;
mod resource_types;
mod rival_pair;
mod rivals;
mod rollbacks;
mod rollout;
mod rotation;
mod scenario;
mod shutdown;
mod stale_reads;
mod topologies;
mod traffic;
mod unreachable;
mod waits;
mod world;
