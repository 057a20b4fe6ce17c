//! Where a component stands in its resource.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The place a component lives in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// One object for the whole API: a role, a distribution, a record.
    Global,
    /// One object in one AWS region.
    Region(String),
}

impl Scope {
    /// The region's name; `None` for a global object.
    pub fn region(&self) -> Option<&str> {
        match self {
            Self::Global => None,
            Self::Region(name) => Some(name),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.region().unwrap_or("global"))
    }
}

/// Names one component of one resource: `us-west-2/function`, `global/record/api.example.com`.
///
/// The key (the third part) tells components of the same kind and scope apart; it may contain slashes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// Where it lives.
    pub scope: Scope,
    /// What it is: the component's `KIND`.
    pub kind: String,
    /// Which one of several.
    pub key: Option<String>,
}

impl Address {
    /// A global component, the only one of its kind.
    pub fn global(kind: &str) -> Self {
        Self { scope: Scope::Global, kind: kind.to_owned(), key: None }
    }

    /// A component of one region, the only one of its kind there.
    pub fn regional(region: &str, kind: &str) -> Self {
        Self { scope: Scope::Region(region.to_owned()), kind: kind.to_owned(), key: None }
    }

    /// The same with a key.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.scope, self.kind)?;
        self.key.as_ref().map_or(Ok(()), |key| write!(f, "/{key}"))
    }
}

/// A text that is not an address.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not an address of the form scope/kind or scope/kind/key")]
pub struct NotAnAddress(String);

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, '/');
        let (Some(scope), Some(kind), key) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NotAnAddress(text.to_owned()));
        };
        if scope.is_empty() || kind.is_empty() {
            return Err(NotAnAddress(text.to_owned()));
        }
        let scope = if scope == "global" { Scope::Global } else { Scope::Region(scope.to_owned()) };
        Ok(Self { scope, kind: kind.to_owned(), key: key.map(str::to_owned) })
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_address_are_the_same() {
        for text in ["global/role", "us-west-2/function", "global/record/api.example.com", "eu-west-1/route/GET /a/{b}"]
        {
            assert_eq!(text.parse::<Address>().map(|address| address.to_string()).ok().as_deref(), Some(text));
        }
        for text in ["", "global", "/role", "global/"] {
            assert!(text.parse::<Address>().is_err(), "{text:?}");
        }
    }
}
