//! Ownership: the resource that an object belongs to, and the id that distinguishes resources of the same name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The resource that a component belongs to: `multiregion_api/shop`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    resource_type: String,
    name: String,
}

impl Owner {
    /// The resource of this type and name.
    pub fn new(resource_type: &str, name: &str) -> Self {
        Self { resource_type: resource_type.to_owned(), name: name.to_owned() }
    }

    /// Its type: `multiregion_api`.
    pub fn resource_type(&self) -> &str {
        &self.resource_type
    }

    /// Its name: `shop`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of its claim among the claims of all resources: `api/shop`.
    pub fn claim_name(&self) -> String {
        let without_provider = self.resource_type.split_once('_').map_or(&*self.resource_type, |(_, rest)| rest);
        format!("{without_provider}/{}", self.name)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.resource_type, self.name)
    }
}

/// The id that a resource's claim receives when it is created, and that every component of the resource carries:
/// `us-east-1/9f2c41d07ab35e18`, the home region and a random number.
///
/// Two resources of the same name never have the same id, so an object with another id belongs to another owner.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnerId {
    home_region: String,
    random: String,
}

impl OwnerId {
    /// A new id for a resource whose claim is in `home_region`; `random` is different every time.
    pub fn mint(home_region: &str, random: u64) -> Self {
        Self { home_region: home_region.to_owned(), random: format!("{random:016x}") }
    }

    /// The region that the claim is in.
    pub fn home_region(&self) -> &str {
        &self.home_region
    }
}

impl fmt::Display for OwnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.home_region, self.random)
    }
}

/// A text that is not an owner id.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not an owner id")]
pub struct NotAnOwnerId(String);

impl FromStr for OwnerId {
    type Err = NotAnOwnerId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('/') {
            Some((home_region, random)) if !home_region.is_empty() && !random.is_empty() => {
                Ok(Self { home_region: home_region.to_owned(), random: random.to_owned() })
            }
            _ => Err(NotAnOwnerId(text.to_owned())),
        }
    }
}

impl Serialize for OwnerId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OwnerId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The place and identity of a resource, as its ledger records them: valid for no other account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ownership {
    /// The owner id, which names the home region.
    pub owner_id: OwnerId,
    /// The account, twelve digits.
    pub account_id: String,
    /// The account's partition: `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_id_is_parsed_from_its_own_text() {
        let id = OwnerId::mint("us-east-1", 7);
        assert_eq!(id.to_string(), "us-east-1/0000000000000007");
        assert_eq!(id.to_string().parse::<OwnerId>().ok(), Some(id));
        assert!("7".parse::<OwnerId>().is_err());
    }

    #[test]
    fn claims_of_different_resource_types_have_different_names() {
        assert_eq!(Owner::new("multiregion_api", "shop").claim_name(), "api/shop");
        assert_eq!(Owner::new("multiregion_zone", "shop").claim_name(), "zone/shop");
    }
}
