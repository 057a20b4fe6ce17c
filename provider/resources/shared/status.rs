//! The attribute `status`: whether everything that is wanted is there.

use super::values::text;
use crate::plan::View;
use crate::schema::{Attr, Attribute, Mode};
use crate::wire::Value;

/// The attribute.
pub(crate) fn attribute() -> Attribute {
    Attribute::string(
        "status",
        Mode::Computed,
        "`\"ready\"` when everything that is wanted is there, `\"incomplete\"` otherwise.",
    )
}

/// Its value.
pub(crate) fn of(view: &View) -> Value {
    match view.complete {
        Attr::Known(true) => text("ready"),
        Attr::Known(false) => text("incomplete"),
        Attr::Null => Value::Null,
        Attr::Unknown => Value::Unknown,
    }
}
