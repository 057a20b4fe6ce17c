//! Upgrade: converts a state that an older version of the provider wrote.

use crate::resources::Resource;
use crate::wire::{Diagnostic, Diagnostics, Path, Value, decode_json};

/// Converts a state, given as the host stored it, from an older or the same version of the schema to the current one. New
/// attributes are null; removed attributes are left out.
///
/// # Errors
/// A newer version wrote the state, or it is not a state of this resource type.
pub fn upgrade(resource: &dyn Resource, version: i64, json: &[u8]) -> Result<Value, Diagnostics> {
    let schema = resource.schema();
    let refuse = |detail: String| vec![Diagnostic::error(Path::root(), "Unreadable state", detail)];
    if version > schema.version {
        return Err(refuse(format!(
            "A newer version of the provider wrote the state of this {} (schema version {version}; this provider supports up to \
             {}). Use that version or a newer one.",
            resource.type_name(),
            schema.version
        )));
    }
    decode_json(json, &schema.ty()).map_err(|error| {
        refuse(format!("The state of this {} cannot be read: {error}. Restore it from a backup.", resource.type_name()))
    })
}
