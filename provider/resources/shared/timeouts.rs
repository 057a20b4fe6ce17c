//! The `timeouts` of a resource: how long create, update and delete may take.

use crate::schema::{Duration, Unknown};

/// How long each operation may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The longest time of a create.
    pub(crate) create: std::time::Duration,
    /// The longest time of an update.
    pub(crate) update: std::time::Duration,
    /// The longest time of a delete.
    pub(crate) delete: std::time::Duration,
}

/// Declares the object `timeouts` of a resource type, with the default of each operation in minutes.
///
/// ```ignore
/// timeouts! {
///     /// How long each operation may take.
///     struct Timeouts { create: 30 minutes, update: 30 minutes, delete: 30 minutes }
/// }
/// ```
macro_rules! timeouts {
    (
        $(#[doc = $about:literal])*
        $vis:vis struct $name:ident {
            create: $create:literal minutes, update: $update:literal minutes, delete: $delete:literal minutes
        }
    ) => {
        $crate::schema::attributes! {
            $(#[doc = $about])*
            $vis struct $name {
                /// How long a create may take.
                create: $crate::schema::Duration = optional, default($crate::schema::Duration::minutes($create));
                /// How long an update may take.
                update: $crate::schema::Duration = optional, default($crate::schema::Duration::minutes($update));
                /// How long a delete may take.
                delete: $crate::schema::Duration = optional, default($crate::schema::Duration::minutes($delete));
            }
        }

        impl $name {
            /// How long each operation may take. The default applies while a timeout is unknown.
            $vis fn limits(&self) -> $crate::resources::shared::timeouts::Limits {
                use $crate::resources::shared::timeouts::{Limits, limit};
                let default = Self::default();
                Limits {
                    create: limit(self.create(), default.create()),
                    update: limit(self.update(), default.update()),
                    delete: limit(self.delete(), default.delete()),
                }
            }
        }
    };
}

pub(crate) use timeouts;

/// The timeout that is set, or `default` while it is unknown.
pub(crate) fn limit(set: Result<Duration, Unknown>, default: Result<Duration, Unknown>) -> std::time::Duration {
    set.or(default).map(|duration| duration.get()).unwrap_or_default()
}
