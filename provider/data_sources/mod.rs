//! Data sources: what a configuration can read without managing it. One file per data source.
//!
//! # Adding a data source
//! `provider/data_sources/partition.rs` declares a type and implements [`DataSource`]:
//!
//! ```ignore
//! //! `multiregion_partition`: the partition of the account.
//!
//! pub(super) struct Partition;
//!
//! impl DataSource for Partition {
//!     fn type_name(&self) -> &'static str {
//!         "multiregion_partition"
//!     }
//!
//!     fn schema(&self) -> Schema {
//!         let name = Attribute::string("name", Mode::Computed, "Partition of the account, for example `aws`.");
//!         Schema { version: 0, description: "The AWS partition that the provider works in.", attributes: vec![name] }
//!     }
//!
//!     fn read<'a>(&'a self, aws: &'a Reader, _: &'a Value) -> BoxFuture<'a, Result<Value, Diagnostics>> {
//!         let name = Value::String(aws.region(aws.home_region()).partition().to_owned());
//!         async move { Ok(Value::Map([("name".to_owned(), name)].into())) }.boxed()
//!     }
//! }
//! ```
//!
//! `mod partition;` and one line in [`REGISTRY`] make the provider announce and serve it. The unit tests of
//! `rpc/data_source.rs` register one in the same way.

mod reader;

use futures::future::BoxFuture;

use crate::schema::Schema;
use crate::wire::{Diagnostics, Value};

pub use reader::Reader;

/// One data source.
pub trait DataSource: Send + Sync {
    /// Full type name: `multiregion_traffic`.
    fn type_name(&self) -> &'static str;

    /// Arguments and computed attributes. The version is 0: hosts read a data source anew and never upgrade it.
    fn schema(&self) -> Schema;

    /// Reports every error that a configuration contains by itself. Unknown values are not errors. Makes no calls.
    fn validate(&self, _config: &Value) -> Diagnostics {
        Diagnostics::new()
    }

    /// Reads AWS and returns `config` with the computed attributes filled in. Every argument is known, and so must be
    /// every attribute that this returns.
    ///
    /// # Errors
    /// Diagnostics with at least one error.
    fn read<'a>(&'a self, aws: &'a Reader, config: &'a Value) -> BoxFuture<'a, Result<Value, Diagnostics>>;
}

/// All data sources. A new one is one file and one line here.
pub static REGISTRY: &[&dyn DataSource] = &[];
