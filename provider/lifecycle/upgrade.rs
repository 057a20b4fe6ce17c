//! Upgrade: a state written by an older version of the schema.

use crate::resources::Resource;
use crate::wire::{Diagnostic, Diagnostics, Path, Value, decode_json};

/// A state that was kept by an older or the same version of the schema, in today's. `json` is the state as the host kept
/// it. Attributes that are new are null; those that are gone are left out.
///
/// # Errors
/// A diagnostic when a newer version wrote it, or it is no such state.
pub fn upgrade(resource: &dyn Resource, version: i64, json: &[u8]) -> Result<Value, Diagnostics> {
    let schema = resource.schema();
    let refuse = |detail: String| vec![Diagnostic::error(Path::root(), "Unreadable state", detail)];
    if version > schema.version {
        return Err(refuse(format!(
            "The state of this {} was written by a newer version of the provider (schema {version}; this one knows up to \
             {}). Use that version or a newer one.",
            resource.type_name(),
            schema.version
        )));
    }
    decode_json(json, &schema.ty()).map_err(|error| {
        refuse(format!("The state of this {} cannot be read: {error}. Restore it from a backup.", resource.type_name()))
    })
}
