//! Doing what a plan says, and looking at what AWS has.

mod executor;
mod import;
mod job;
mod journal;
mod observe;
mod survey;

use std::sync::Arc;

use crate::aws::{Aws, Regional, Run};
use crate::components::Catalog;
use crate::desired::Address;

pub use executor::{Failure, Outcome};
pub use journal::{Event, Impossible, fold};
pub use survey::{Obstacle, Survey};

/// The engine at work on one resource.
#[derive(Clone)]
pub struct Engine {
    aws: Arc<Aws>,
    run: Arc<Run>,
    catalog: Catalog,
}

impl Engine {
    /// An engine for one operation.
    pub fn new(aws: Arc<Aws>, run: Run, catalog: Catalog) -> Self {
        Self { aws, run: Arc::new(run), catalog }
    }

    /// The kinds it works with.
    pub fn kinds(&self) -> &Catalog {
        &self.catalog
    }

    fn regional(&self, address: &Address) -> Regional {
        Regional::new(Arc::clone(&self.aws), Arc::clone(&self.run), address.clone())
    }
}
