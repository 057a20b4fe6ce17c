//! One folder per resource type, and what all share: its schema, its configuration, and what it expands into. Pure.

mod api;
pub(crate) mod shared;
mod zone;

use std::time::Duration;

use crate::desired::{Desired, Owner, OwnerId, Packages};
use crate::plan::View;
use crate::schema::Schema;
use crate::wire::{Diagnostics, Path, Value};

/// One resource type.
///
/// Nothing here asks AWS; what can be unknown while planning may be unknown in every argument.
pub trait Resource: Send + Sync {
    /// Its full name: `multiregion_api`.
    fn type_name(&self) -> &'static str;

    /// Its schema.
    fn schema(&self) -> Schema;

    /// Everything that is wrong with a configuration by itself. Unknown values are not errors. Reads no package.
    fn validate(&self, config: &Value) -> Diagnostics;

    /// The owner of the components of the resource of this name.
    fn owner(&self, name: &str) -> Owner {
        Owner::new(self.type_name(), name)
    }

    /// The kinds of component that it may consist of, parents before children: where an import looks.
    fn kinds(&self) -> Vec<&'static str>;

    /// How the engine is to treat the resource of this configuration or state. Reads no package.
    ///
    /// # Errors
    /// A diagnostic for each argument that cannot be read.
    fn settings(&self, config: &Value) -> Result<Settings, Diagnostics>;

    /// What the configuration wants of AWS.
    ///
    /// # Errors
    /// What [`Resource::validate`] finds too; what is wrong with packages; and what only shows with everything known.
    fn expand(&self, config: &Value, context: &Context<'_>) -> Result<Expansion, Diagnostics>;

    /// The attributes whose change makes a new resource.
    fn replaced_by(&self, prior: &Value, config: &Value) -> Vec<Path>;

    /// The state: the configuration with the computed attributes filled in from what the components are or will be.
    fn state(&self, config: &Value, view: &View) -> Value;

    /// The state of an imported resource, as far as it can be told from its components: enough that the plan of a
    /// configuration that wants the same has something to keep.
    fn imported(&self, name: &str, view: &View) -> Value;

    /// A warning for each part of an imported resource that its components hint at, and that was not found.
    fn unfound(&self, _view: &View) -> Diagnostics {
        Vec::new()
    }
}

/// What expansion may know besides the configuration.
pub struct Context<'a> {
    /// The resource's owner id; `None` before its claim exists.
    pub owner_id: Option<&'a OwnerId>,
    /// The account worked in.
    pub account_id: &'a str,
    /// Its partition.
    pub partition: &'a str,
    /// Tags that the provider puts on everything.
    pub default_tags: &'a std::collections::BTreeMap<String, String>,
    /// How a function's package is read.
    pub packages: &'a dyn Packages,
    /// What the resource is now, in a plan that may change it.
    pub prior: Option<Prior<'a>>,
}

/// A resource that exists.
#[derive(Clone, Copy)]
pub struct Prior<'a> {
    /// Its state.
    pub state: &'a Value,
    /// Its components.
    pub view: &'a View,
}

/// A resource's configuration, expanded.
#[derive(Debug, Clone, PartialEq)]
pub struct Expansion {
    /// Its components.
    pub desired: Desired,
    /// Whether `desired` is all there will be. While something that decides which components there are is unknown (a name
    /// that stands in an address, a flag), it is empty, and `components` as a whole is known only after apply.
    pub addresses_known: bool,
    /// An error for each package whose files are not on this machine. `desired` holds what was made of them before: the
    /// errors do not count as long as nothing is created or updated, as in the plan that comes before a destroy.
    pub unread: Diagnostics,
}

/// What a resource's configuration says about the way it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The owner of the resource's components. Its name is empty as long as it is unknown.
    pub owner: Owner,
    /// What happens to the rest when a create fails.
    pub on_create_failure: OnCreateFailure,
    /// Whether a destroy is refused.
    pub deletion_protection: bool,
    /// How long a create may take.
    pub create_timeout: Duration,
    /// How long an update may take.
    pub update_timeout: Duration,
    /// How long a delete may take.
    pub delete_timeout: Duration,
}

/// What happens to what was made when a create fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnCreateFailure {
    /// Everything this create made is taken away again.
    Rollback,
    /// It is kept; the next apply goes on.
    Keep,
}

/// Every resource type. A new one is one file and one line here.
pub static REGISTRY: &[&dyn Resource] = &[&zone::Zone, &api::Api];

/// The path of the top-level attribute `name`, when a change from `prior` to `config` changes it.
fn changed(prior: &Value, config: &Value, name: &str) -> Vec<Path> {
    let path = Path::of(name);
    if shared::values::at(prior, &path) == shared::values::at(config, &path) { Vec::new() } else { vec![path] }
}
