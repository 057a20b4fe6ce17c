//! `multiregion_region`: whether a region is enabled in the account.

use futures::future::{BoxFuture, FutureExt};

use super::{DataSource, Reader};
use crate::resources::shared::values::state;
use crate::schema::{Attributes, Schema, attributes, outputs};
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

attributes! {
    /// The arguments of a region.
    struct Config {
        /// The name of the region.
        name: String = required, example("\"eu-west-1\"");
    }
}

outputs! {
    /// The computed attributes of a region.
    struct Outputs {
        /// Whether the region is enabled in the account. Null if the credentials may not list regions.
        is_enabled: bool;
    }
}

/// The data source.
pub(crate) struct Region;

impl DataSource for Region {
    fn type_name(&self) -> &'static str {
        "multiregion_region"
    }

    fn schema(&self) -> Schema {
        Schema::new("A region of the account.").with::<Config>().with::<Outputs>()
    }

    fn actions(&self) -> &'static [&'static str] {
        &["account:ListRegions"]
    }

    fn check(&self, config: &Value) -> Diagnostics {
        match Config::read(config).name() {
            Ok(name) if name.is_empty() => {
                let detail = "The name of the region is empty. Set it to the name of a region, such as \"eu-west-1\".";
                vec![Diagnostic::error(Path::of("name"), "Empty region name", detail)]
            }
            _ => Vec::new(),
        }
    }

    fn read<'a>(&'a self, aws: &'a Reader, config: &'a Value) -> BoxFuture<'a, Result<Value, Diagnostics>> {
        async move {
            let arguments = Config::read(config);
            let name = arguments.name().map(String::as_str).unwrap_or_default();
            let regions = aws.enabled_regions().await;
            let is_enabled = regions.map(|regions| regions.iter().any(|region| region == name)).into();
            Ok(state(config, &self.schema(), Outputs { is_enabled }.values()))
        }
        .boxed()
    }
}
