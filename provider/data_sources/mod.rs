//! Data sources: what a configuration can read without managing it. One file per data source.
//!
//! # Adding a data source
//! `example.rs` is a complete data source with an argument, a check, a computed attribute and a call to AWS. Copy it to a
//! file with the name of the data source, add `mod NAME;` here, and add one line to [`REGISTRY`]. Everything else follows:
//! the provider announces and serves the data source, and `cargo xtask docs` writes its page and its IAM actions.

#[cfg(test)]
pub(crate) mod example;
mod reader;
mod traffic;

use futures::future::BoxFuture;

use crate::schema::{self, Schema};
use crate::wire::{Diagnostics, Value};

pub use reader::Reader;

/// One data source.
pub trait DataSource: Send + Sync {
    /// The name of the type: `multiregion_traffic`.
    fn type_name(&self) -> &'static str;

    /// The arguments and the computed attributes. The version is 0: a data source has no state to upgrade.
    fn schema(&self) -> Schema;

    /// The IAM actions that [`DataSource::read`] needs, sorted.
    fn actions(&self) -> &'static [&'static str];

    /// The mistakes in a configuration that its schema does not show. Unknown values are not mistakes. Makes no calls.
    fn check(&self, _config: &Value) -> Diagnostics {
        Diagnostics::new()
    }

    /// All mistakes in a configuration. Unknown values are not mistakes. Makes no calls.
    fn validate(&self, config: &Value) -> Diagnostics {
        let mut found = schema::check(&self.schema(), config);
        found.extend(self.check(config));
        found
    }

    /// Reads AWS and returns `config` with the computed attributes filled in. Every argument is known and has passed
    /// [`DataSource::validate`]; every attribute of the result must be known.
    ///
    /// # Errors
    /// Diagnostics with at least one error.
    fn read<'a>(&'a self, aws: &'a Reader, config: &'a Value) -> BoxFuture<'a, Result<Value, Diagnostics>>;
}

/// All data sources. A new one is one file and one line here.
pub static REGISTRY: &[&dyn DataSource] = &[&traffic::Traffic];
