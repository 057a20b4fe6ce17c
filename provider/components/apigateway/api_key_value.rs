//! The value of an API key that the same key has in every region, where the configuration does not hold it: a generated value,
//! or a write-only value of the configuration. Not an AWS object.

use std::fmt;

use futures::future::join_all;
use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Identity, Regional};
use crate::components::apigateway::api_key;
use crate::components::apigateway::rest_api::RestApi;
use crate::components::support::identity;
use crate::components::{Component, Discovered, Found, Resolved, Siblings, output_keys};
use crate::desired::{Address, Input, Kind, KindMeta, WriteOnly};

/// The kind `api_key_value`.
#[derive(Debug)]
pub struct ApiKeyValue;

output_keys! {
    ApiKeyValue {
        VALUE = value: String,
        DIGEST = digest: String,
    }
}

/// Where the value of an API key comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The configuration contains it, and so does the state.
    #[default]
    Given,
    /// It was generated. Another number is another value.
    Generated(Input<i64>),
    /// It is write-only. Another version is another value.
    WriteOnly(Input<i64>),
}

/// The desired value of an API key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// Where it comes from.
    pub origin: Origin,
    /// The write-only value; `None` for a generated one.
    pub value: Option<WriteOnly<String>>,
    /// The regions in which an interrupted apply may have created the key.
    pub regions: Vec<String>,
}

/// The value of an API key, or a digest of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The generated value, a secret; empty for a write-only value.
    pub value: String,
    /// A salted digest of the value, which shows whether a region would get another one.
    pub digest: String,
}

/// Never shows the value.
impl fmt::Debug for Outputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outputs").field("digest", &self.digest).finish_non_exhaustive()
    }
}

impl Kind for ApiKeyValue {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "api_key_value",
        about: "Generated or write-only value of an API key, the same in every region; not an AWS object.",
        id: "a digest of the value",
        outputs: OUTPUTS,
        global: true,
        immutable: &["origin"],
        uncompared: &["regions"],
        secret: &["value"],
        visible: false,
        actions: &["apigateway:GET"],
        ..KindMeta::DEFAULT
    };
}

impl Component for ApiKeyValue {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.digest.clone()
    }

    /// The value that an interrupted apply gave the key in one of the regions.
    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        if !spec.origin.is_known() || *aws.identity() == Identity::Unknown {
            return Ok(None);
        }
        let found = join_all(spec.regions.iter().map(|region| in_region(aws, region, &spec.origin))).await;
        let mut unknown = None;
        for value in found {
            match value {
                Ok(Some(value)) => return Ok(Some(Found::Ours(outputs(aws, aws.address(), &spec.origin, value)))),
                Ok(None) => {}
                Err(error) => unknown = Some(error),
            }
        }
        unknown.map_or(Ok(None), Err)
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let mut discovered: Vec<Discovered<Self>> = Vec::new();
        for (api, _) in siblings.all::<RestApi>() {
            let Some(region) = api.scope.region() else { continue };
            let here = aws.at(region);
            for (address, origin, key) in api_key::all(&here).await? {
                let Some(name) = address.key.filter(|_| origin != Origin::Given) else { continue };
                let id = key.id.unwrap_or_default();
                let Some(value) = api_key::value(&here, &id).await? else { continue };
                let outputs = outputs(aws, &address_of(&name), &origin, value);
                let key = Some(name);
                if discovered.iter().any(|other| other.key == key && other.outputs == outputs) {
                    continue;
                }
                let value = matches!(origin, Origin::WriteOnly(_)).then(WriteOnly::applied);
                discovered.push(Discovered { key, spec: Spec { origin, value, regions: Vec::new() }, outputs });
            }
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        if let Some(value) = &spec.value {
            let missing = || CallError::Malformed(format!("{} has no value", aws.address()));
            let value = value.known().ok_or_else(missing)?.clone();
            return Ok(outputs(aws, aws.address(), &spec.origin, value));
        }
        // An interrupted update may have given the value to some regions.
        match Self::find(aws, spec).await? {
            Some(Found::Ours(outputs)) => Ok(outputs),
            _ => Ok(outputs(aws, aws.address(), &spec.origin, aws.random_secret()?)),
        }
    }

    async fn read(_: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        Ok(Some((spec.clone(), outputs.clone())))
    }

    async fn update(_: &Regional, outputs: &Outputs, _: &Spec, _: &Resolved<Spec>) -> Result<Outputs, CallError> {
        Ok(outputs.clone())
    }

    async fn delete(_: &Regional, _: &Spec, _: &Outputs) -> Result<(), CallError> {
        Ok(())
    }
}

impl Origin {
    /// Whether the number or the version is known.
    fn is_known(&self) -> bool {
        match self {
            Self::Given => true,
            Self::Generated(number) | Self::WriteOnly(number) => number.known().is_some(),
        }
    }

    /// The origin as the description of a key contains it; `None` for a given value.
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Self::Given => None,
            Self::Generated(number) => Some(format!("{GENERATED}{}", number.known()?)),
            Self::WriteOnly(version) => Some(format!("{WRITE_ONLY}{}", version.known()?)),
        }
    }

    /// Reads [`Self::text`].
    pub(crate) fn parse(text: &str) -> Self {
        let number = |prefix: &str| Some(Input::Known(text.strip_prefix(prefix)?.parse().ok()?));
        let generated = number(GENERATED).map(Self::Generated);
        generated.or_else(|| number(WRITE_ONLY).map(Self::WriteOnly)).unwrap_or_default()
    }

    /// Whether this is a generated value.
    pub(crate) fn is_generated(&self) -> bool {
        matches!(self, Self::Generated(_))
    }
}

const GENERATED: &str = "generated-";
const WRITE_ONLY: &str = "write-only-";

/// The digest of `value`, as the value of the API key named `name`.
pub(crate) fn digest(aws: &Regional, name: &str, value: &str) -> String {
    identity::hash_of_secret(aws, &address_of(name), value)
}

fn address_of(name: &str) -> Address {
    Address::global_of::<ApiKeyValue>().key(name).into()
}

fn outputs(aws: &Regional, address: &Address, origin: &Origin, value: String) -> Outputs {
    let digest = identity::hash_of_secret(aws, address, &value);
    Outputs { value: if origin.is_generated() { value } else { String::new() }, digest }
}

/// The value of this origin that the key has in `region`.
async fn in_region(aws: &Regional, region: &str, origin: &Origin) -> Result<Option<String>, CallError> {
    let here = aws.at(region);
    let found = api_key::all(&here).await?.into_iter();
    let mut found = found.filter(|(at, its, _)| at.key == aws.address().key && its == origin);
    match found.next().and_then(|(_, _, key)| key.id) {
        Some(id) => api_key::value(&here, &id).await,
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_is_read_back_from_the_description() {
        for origin in [Origin::Generated(Input::Known(3)), Origin::WriteOnly(Input::Known(0))] {
            assert_eq!(Origin::parse(&origin.text().unwrap()), origin);
        }
        for text in ["", "generated-", "write-only-x", "0123456789abcdef"] {
            assert_eq!(Origin::parse(text), Origin::Given, "{text}");
        }
        assert_eq!(Origin::Generated(Input::Unknown).text(), None);
    }

    #[test]
    fn a_generated_value_is_not_shown() {
        let outputs = Outputs { value: "secret".to_owned(), digest: "d".to_owned() };
        assert_eq!(format!("{outputs:?}"), r#"Outputs { digest: "d", .. }"#);
    }
}
