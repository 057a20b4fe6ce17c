//! The strict AWS: a small proxy in front of ministack, or of a stand-in for it in memory, that refuses what AWS refuses, takes its time where AWS takes
//! it, logs every call and injects faults on request. For tests and for playing on one's own machine; 127.0.0.1 only.
//!
//! ```no_run
//! # async fn example() -> Result<(), strict_aws::Error> {
//! let aws = strict_aws::LocalAws::start(strict_aws::Options::default()).await?;
//! std::process::Command::new("tofu").arg("apply").envs(aws.env());
//! assert!(aws.calls().iter().any(|call| call.name() == "lambda:CreateFunction"));
//! # Ok(()) }
//! ```

#![allow(clippy::indexing_slicing, clippy::panic, reason = "a panic fails the test that uses this crate")]

mod calls;
mod data_plane;
mod digest;
mod distribution;
mod error;
mod eventual;
mod fault;
mod inventory;
mod local;
mod look;
mod memory;
mod message;
mod ministack;
pub mod model;
mod operation;
mod options;
mod proxy;
mod records;
mod rules;
mod snapshot;
mod timers;
pub mod tools;
mod upstream;
mod ways;
mod xml;

pub use calls::Call;
pub use error::Error;
pub use eventual::Eventual;
pub use fault::{Fault, Harm};
pub use inventory::Inventory;
pub use local::LocalAws;
pub use options::{Backend, DEFAULT_ACCOUNT, Delays, Options};
pub use proxy::{Handled, Reply};
pub use records::{Policy, Record, Target};
pub use rules::throttle::shortest_time;
pub use snapshot::Snapshot;
pub use ways::{Guide, Way};
