//! Resource types: the attributes of each, and the expansion of a configuration into components. Pure.

mod api;
mod function;
pub(crate) mod shared;
mod zone;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

use crate::desired::{Address, Desired, Owner, OwnerId, Packages, RoleSettings};
use crate::plan::View;
use crate::schema::{self, Schema, choices};
use crate::wire::{Diagnostics, Path, Value};

use shared::timeouts::Limits;
use shared::values::at;

/// One resource type.
///
/// It never calls AWS. Every argument may hold values that are unknown during a plan.
pub trait Resource: Send + Sync {
    /// The name of the type: `multiregion_api`.
    fn type_name(&self) -> &'static str;

    /// The attributes.
    fn schema(&self) -> &'static Schema;

    /// The mistakes in a configuration that its schema does not show. `default_tags` are the provider's, as far as they are
    /// known. Unknown values are not mistakes. Reads no package.
    fn check(&self, config: &Value, default_tags: &BTreeMap<String, String>) -> Diagnostics;

    /// All mistakes in a configuration with these default tags of the provider. Unknown values are not mistakes. Reads no
    /// package.
    fn mistakes(&self, config: &Value, default_tags: &BTreeMap<String, String>) -> Diagnostics {
        let mut found = schema::check(self.schema(), config);
        found.extend(self.check(config, default_tags));
        found
    }

    /// All mistakes in a configuration before the provider is configured.
    fn validate(&self, config: &Value) -> Diagnostics {
        self.mistakes(config, &BTreeMap::new())
    }

    /// The owner of the components of the resource `name`.
    fn owner(&self, name: &str) -> Owner {
        Owner::new(self.type_name(), name)
    }

    /// The kinds of component that the resource may have, parents before children. An import searches for these.
    fn kinds(&self) -> Vec<&'static str>;

    /// How the engine treats the resource of this configuration or state. Reads no package. An argument that is unknown has
    /// its default.
    fn settings(&self, config: &Value) -> Settings;

    /// The resource whose AWS objects the configuration refers to; `None` if there is none, or while its name is unknown.
    fn refers_to(&self, _config: &Value) -> Option<Reference> {
        None
    }

    /// The components that the configuration describes.
    ///
    /// # Errors
    /// The mistakes that [`Resource::validate`] finds, mistakes in packages, and mistakes that depend on the account.
    fn expand(&self, config: &Value, context: &Context<'_>) -> Result<Expansion, Diagnostics>;

    /// The attributes whose change from `prior` to `config` replaces the resource: its name.
    fn replaced_by(&self, prior: &Value, config: &Value) -> Vec<Path> {
        let path = Path::of("name");
        if at(prior, &path) == at(config, &path) { Vec::new() } else { vec![path] }
    }

    /// The state: the configuration and the computed attributes. `view` shows the components as they are, or as they will
    /// be after the planned apply.
    fn state(&self, config: &Value, view: &View) -> Value;

    /// The state of an imported resource, read from its components. The plan of a configuration that describes the same
    /// components has nothing to change.
    fn imported(&self, name: &str, view: &View) -> Value;

    /// The same state, read also from the components of the resource of [`Resource::refers_to`], which `referent` shows.
    fn imported_beside(&self, name: &str, view: &View, _referent: &View) -> Value {
        self.imported(name, view)
    }

    /// The specs of an imported resource that AWS does not report, as far as its other components show them, with unresolved
    /// references.
    fn unreported(&self, _name: &str, _view: &View, _context: &Context<'_>) -> Vec<(Address, Json)> {
        Vec::new()
    }

    /// A warning for each part of an imported resource that its components refer to and that was not found.
    fn unfound(&self, _view: &View) -> Diagnostics {
        Vec::new()
    }
}

/// What an expansion depends on besides the configuration.
pub struct Context<'a> {
    /// The resource's owner id; `None` before its claim exists.
    pub owner_id: Option<&'a OwnerId>,
    /// The id of the AWS account.
    pub account_id: &'a str,
    /// The partition of the account, such as `aws`.
    pub partition: &'a str,
    /// The provider's default tags.
    pub default_tags: &'a BTreeMap<String, String>,
    /// Settings of every IAM role.
    pub roles: &'a RoleSettings,
    /// Reads the packages of functions.
    pub packages: &'a dyn Packages,
    /// The resource as it is now, in the plan of an update.
    pub prior: Option<Prior<'a>>,
    /// The resource of [`Resource::refers_to`]; `None` when it does not exist.
    pub referent: Option<&'a View>,
}

/// Another resource, whose AWS objects a configuration refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The resource.
    pub owner: Owner,
    /// The kinds of the components that the expansion reads, parents before children.
    pub kinds: Vec<&'static str>,
    /// The attribute with the name of the resource.
    pub attribute: Path,
}

/// A resource that exists.
#[derive(Clone, Copy)]
pub struct Prior<'a> {
    /// The state of the resource.
    pub state: &'a Value,
    /// The components of the resource.
    pub view: &'a View,
}

/// The expansion of a configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Expansion {
    /// The components.
    pub desired: Desired,
    /// Whether `desired` holds all components. While an argument is unknown that decides which components there are (a
    /// name, a flag), `desired` is empty, and `components` as a whole is known only after apply.
    pub addresses_known: bool,
    /// An error for each package whose files are not on this machine. `desired` then describes the deployed package. The
    /// errors count only when something is created or updated, so that a destroy works without the files.
    pub unread: Diagnostics,
    /// The error that the resource of [`Resource::refers_to`] does not exist. It counts only in the apply, because the same
    /// apply may create that resource before.
    pub missing: Diagnostics,
}

/// How the engine treats a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The owner of the resource's components. Its name is empty while it is unknown.
    pub owner: Owner,
    /// What a failed create does with the objects that it has created.
    pub on_create_failure: OnCreateFailure,
    /// Whether a destroy is refused.
    pub deletion_protection: bool,
    /// The longest time of a create.
    pub create_timeout: Duration,
    /// The longest time of an update.
    pub update_timeout: Duration,
    /// The longest time of a delete.
    pub delete_timeout: Duration,
}

impl Settings {
    /// The settings of a resource that is rolled back when its create fails and that can be destroyed.
    pub(crate) fn new(owner: Owner, limits: Limits) -> Self {
        Self {
            owner,
            on_create_failure: OnCreateFailure::Rollback,
            deletion_protection: false,
            create_timeout: limits.create,
            update_timeout: limits.update,
            delete_timeout: limits.delete,
        }
    }
}

choices! {
    /// What a failed create does with the objects that it has created.
    pub enum OnCreateFailure {
        /// Deletes them.
        Rollback = "rollback",
        /// Keeps them, with a warning and `status = "incomplete"`. The next apply continues.
        Keep = "keep",
    }
}

/// Every resource type. A new one is one folder and one line here.
pub static REGISTRY: &[&dyn Resource] = &[&zone::Zone, &api::Api, &function::Function];
