//! Addresses: the names of components within their resource.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Kind;

/// Where a component is: in one region, or global.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// One object for the whole resource: a role, a distribution, a record.
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
/// The key (the third part) distinguishes components of the same kind and scope; it may contain slashes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The component's region, or global.
    pub scope: Scope,
    /// The name of the component's kind: `function`.
    pub kind: String,
    /// Distinguishes several components of one kind and scope; `None` for the only one.
    pub key: Option<String>,
}

impl Address {
    /// The address of the `C` of `region`. Does not compile for a global kind.
    pub fn of<C: Kind>(region: &str) -> AddressOf<C> {
        const { assert!(!C::META.global, "a component of this kind is in no region") };
        AddressOf::new(Self::regional(region, C::KIND))
    }

    /// The address of the global `C`. Does not compile for a regional kind.
    pub fn global_of<C: Kind>() -> AddressOf<C> {
        const { assert!(C::META.global, "components of this kind are in regions") };
        AddressOf::new(Self::global(C::KIND))
    }

    /// The address of the only global component of a kind that is known by its name alone.
    pub fn global(kind: &str) -> Self {
        Self { scope: Scope::Global, kind: kind.to_owned(), key: None }
    }

    /// The address of the only component in `region` of a kind that is known by its name alone.
    pub fn regional(region: &str, kind: &str) -> Self {
        Self { scope: Scope::Region(region.to_owned()), kind: kind.to_owned(), key: None }
    }

    /// The same address with the type of its kind; `None` when it is not the address of a `C`.
    pub fn typed<C: Kind>(self) -> Option<AddressOf<C>> {
        (self.kind == C::KIND).then(|| AddressOf::new(self))
    }

    /// The same address with a key.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }
}

impl AsRef<Address> for Address {
    fn as_ref(&self) -> &Address {
        self
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.scope, self.kind)?;
        self.key.as_ref().map_or(Ok(()), |key| write!(f, "/{key}"))
    }
}

/// The address of a component of the kind `C`: the type of its spec and outputs is known.
pub struct AddressOf<C> {
    address: Address,
    kind: PhantomData<fn() -> C>,
}

impl<C: Kind> AddressOf<C> {
    fn new(address: Address) -> Self {
        Self { address, kind: PhantomData }
    }

    /// The same address with a key.
    #[must_use]
    pub fn key(self, key: &str) -> Self {
        self.maybe_key(Some(key))
    }

    /// The same address with this key, or without one.
    #[must_use]
    pub fn maybe_key(mut self, key: Option<&str>) -> Self {
        self.address.key = key.map(str::to_owned);
        self
    }
}

impl<C> Clone for AddressOf<C> {
    fn clone(&self) -> Self {
        Self { address: self.address.clone(), kind: PhantomData }
    }
}

impl<C> fmt::Debug for AddressOf<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.address, f)
    }
}

impl<C> Deref for AddressOf<C> {
    type Target = Address;

    fn deref(&self) -> &Address {
        &self.address
    }
}

impl<C> From<AddressOf<C>> for Address {
    fn from(address: AddressOf<C>) -> Self {
        address.address
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
    fn an_address_is_parsed_from_its_own_text() {
        for text in ["global/role", "us-west-2/function", "global/record/api.example.com", "eu-west-1/route/GET /a/{b}"]
        {
            assert_eq!(text.parse::<Address>().map(|address| address.to_string()).ok().as_deref(), Some(text));
        }
        for text in ["", "global", "/role", "global/"] {
            assert!(text.parse::<Address>().is_err(), "{text:?}");
        }
    }
}
