//! Reads a data source.

use std::sync::Arc;

use super::{Provider, READ_TIMEOUT, as_diagnostics};
use crate::aws::Run;
use crate::data_sources::{DataSource, Reader};
use crate::wire::{Diagnostics, Value};

impl Provider {
    /// Reads `source` and returns its configuration with the computed attributes, and warnings.
    ///
    /// # Errors
    /// The diagnostics of the data source, and the warnings that came before.
    pub async fn read_data_source(
        &self,
        source: &dyn DataSource,
        config: &Value,
    ) -> Result<(Value, Diagnostics), Diagnostics> {
        let (deadline, clock) = (self.clock.now() + READ_TIMEOUT, Arc::clone(&self.clock));
        let run = Run::new(deadline, self.cancel.clone(), clock);
        let reader = Reader::new(Arc::clone(&self.aws), run);
        let value = source.read(&reader, config).await;
        let warnings = as_diagnostics(reader.take_warnings());
        match value {
            Ok(value) => Ok((value, warnings.collect())),
            Err(errors) => Err(warnings.chain(errors).collect()),
        }
    }
}
