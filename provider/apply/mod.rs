//! Doing what a plan says, and looking at what AWS has.

mod executor;
mod import;
mod job;
mod journal;
mod observe;
mod survey;

use std::sync::Arc;
use std::time::Duration;

use crate::aws::{Aws, CancellationToken, Regional, Run};
use crate::components::Catalog;
use crate::desired::Address;

pub use executor::{Failure, Outcome};
pub use journal::{Event, Impossible, fold};
pub use survey::{Obstacle, Survey};

/// How long a last look may take; after a cancel the host waits for us.
const AFTERMATH: Duration = Duration::from_secs(30);

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

    /// Whose components it works on.
    pub fn owner(&self) -> &str {
        &self.run.owner
    }

    /// The kinds it works with.
    pub fn kinds(&self) -> &Catalog {
        &self.catalog
    }

    /// AWS for a last look at a component, when the run itself was cancelled or is out of time.
    fn aftermath(&self, address: &Address) -> Regional {
        let run = Run {
            owner: self.run.owner.clone(),
            deadline: self.run.clock.now() + AFTERMATH,
            cancel: CancellationToken::new(),
            clock: Arc::clone(&self.run.clock),
        };
        Regional::new(Arc::clone(&self.aws), Arc::new(run), address.clone())
    }

    fn regional(&self, address: &Address) -> Regional {
        Regional::new(Arc::clone(&self.aws), Arc::clone(&self.run), address.clone())
    }
}
