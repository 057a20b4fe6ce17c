//! The value of an attribute, in which known, null and unknown are different things.

/// An attribute's value: known, null, or known only after apply.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Attr<T> {
    /// A value.
    Known(T),
    /// The attribute is not set.
    #[default]
    Null,
    /// Known only after apply.
    Unknown,
}

/// The value is known only after apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unknown;

impl<T> Attr<T> {
    /// The value, when it is known and not null.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// Whether it is certain that there is no value.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether the value is known only after apply.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// The value, or `None` when there is none for certain.
    ///
    /// # Errors
    /// [`Unknown`] while it is not known whether there is a value.
    pub fn decided(&self) -> Result<Option<&T>, Unknown> {
        match self {
            Self::Known(value) => Ok(Some(value)),
            Self::Null => Ok(None),
            Self::Unknown => Err(Unknown),
        }
    }

    /// The value of a required attribute. The check of the configuration has reported one that is null.
    ///
    /// # Errors
    /// [`Unknown`] when there is no value yet.
    pub fn required(&self) -> Result<&T, Unknown> {
        self.known().ok_or(Unknown)
    }

    /// The value, or `default` when there is none for certain.
    ///
    /// # Errors
    /// [`Unknown`] while it is not known whether there is a value.
    pub fn or(&self, default: impl FnOnce() -> T) -> Result<T, Unknown>
    where
        T: Clone,
    {
        Ok(self.decided()?.cloned().unwrap_or_else(default))
    }

    /// The same attribute with another value in place of one that is known.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Attr<U> {
        match self {
            Self::Known(value) => Attr::Known(change(value)),
            Self::Null => Attr::Null,
            Self::Unknown => Attr::Unknown,
        }
    }
}

/// Null in place of nothing.
impl<T> From<Option<T>> for Attr<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Known)
    }
}
