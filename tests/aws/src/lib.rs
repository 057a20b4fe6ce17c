//! A local AWS for tests and experiments, on 127.0.0.1 only: a proxy in front of ministack, or of an in-memory AWS. It
//! rejects what AWS rejects, delays what takes time in AWS, logs every call, and injects faults on request.
//!
//! ```no_run
//! # async fn example() -> Result<(), strict_aws::Error> {
//! let aws = strict_aws::LocalAws::start(strict_aws::Options::default()).await?;
//! std::process::Command::new("tofu").arg("apply").envs(aws.env());
//! assert!(aws.calls().iter().any(|call| call.name() == "lambda:CreateFunction"));
//! # Ok(()) }
//! ```

#![allow(clippy::indexing_slicing, clippy::panic, reason = "a panic fails the test that uses this crate")]

mod addresses;
mod authorization;
mod calls;
mod cbor;
mod consistency;
mod data_plane;
mod digest;
mod distribution;
mod dns;
mod edge;
mod error;
mod fault;
mod geography;
mod http_plane;
mod inventory;
mod local;
mod lookup;
mod memory;
mod message;
mod ministack;
mod model;
pub mod node;
mod operation;
mod options;
mod proxy;
mod records;
mod request_paths;
mod resolver;
mod rest_plane;
mod rules;
mod snapshot;
mod timers;
pub mod tools;
mod upstream;
mod xml;

pub use addresses::region_at;
pub use calls::Call;
pub use consistency::EventualConsistency;
pub use edge::{Decision, FunctionRuntime, Invocation};
pub use error::Error;
pub use fault::{Effect, Fault};
pub use inventory::Inventory;
pub use local::{LocalAws, subnet_near};
pub use options::{Backend, DEFAULT_ACCOUNT, Delays, Options};
pub use proxy::{Handled, Reply};
pub use request_paths::{RequestPath, RoutedBy};
pub use resolver::Resolver;
pub use rules::throttle::shortest_time;
pub use snapshot::Snapshot;
