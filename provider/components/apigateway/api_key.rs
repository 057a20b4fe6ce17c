//! API key of one region: a value that clients send in the header `x-api-key`.

use aws_sdk_apigateway::types::{ApiKey as AwsApiKey, PatchOperation};
use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Regional};
use crate::components::apigateway::api_key_value::{self, Origin};
use crate::components::apigateway::{self, rest};
use crate::components::support::answer::{ignore_missing, none_if_missing, pages, required};
use crate::components::support::creation::{Repeated, create_or_adopt};
use crate::components::support::{identity, tags};
use crate::components::{Component, Discovered, Found, Problem, Resolved, Siblings, Tags, output_keys};
use crate::desired::{Address, Input, Kind, KindMeta, Limit, WriteOnly};

/// The kind `api_key`.
#[derive(Debug)]
pub struct ApiKey;

output_keys! {
    ApiKey {
        ID = id: String,
    }
}

/// The desired settings of an API key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The name, which need not be unique.
    pub name: String,
    /// The value, a secret: 20 to 128 characters, unique in the region.
    pub value: KeyValue,
    /// Where the value comes from.
    #[serde(default, skip_serializing_if = "is_given")]
    pub origin: Origin,
    /// The digest of the write-only value that every region accepts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Input<String>>,
    /// Whether requests with this key are accepted.
    pub enabled: bool,
    /// The tags, including the ownership tags.
    pub tags: Tags,
}

/// The value of an API key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum KeyValue {
    /// A value that the state contains.
    Stored(Input<String>),
    /// A value that is in the configuration only.
    WriteOnly(WriteOnly<String>),
}

/// What identifies an API key in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The id that AWS assigned; it does not reveal the value.
    pub id: String,
}

impl Kind for ApiKey {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "api_key",
        about: "API key of one region, with which clients call methods that require one.",
        id: "the id of the key",
        outputs: OUTPUTS,
        immutable: &["value", "digest"],
        secret: &["value"],
        actions: rest::TAGGED_ACTIONS,
        // AWS, "Amazon API Gateway quotas", quotas for creating, deploying and managing an API.
        limits: &[
            Limit { operation: "apigateway:CreateApiKey", burst: 5, per_second: 5.0 },
            Limit { operation: "apigateway:DeleteApiKey", burst: 5, per_second: 5.0 },
        ],
        ..KindMeta::DEFAULT
    };
}

impl Component for ApiKey {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.id.clone()
    }

    async fn check(aws: &Regional, spec: &Spec) -> Result<Vec<Problem>, CallError> {
        let mut problems = Vec::new();
        let length = spec.value.known().map(|value| value.chars().count());
        if let Some(length) = length.filter(|length| !LENGTH.contains(length)) {
            let detail = format!(
                "The value of the API key {:?} has {length} characters. API Gateway accepts {} to {}. Use another value.",
                spec.name,
                LENGTH.start(),
                LENGTH.end()
            );
            problems.push(Problem { summary: "Invalid API key value", detail });
        }
        // The value of a key that exists does not matter: it changes with the version only.
        if is_other(aws, spec) && Self::find(aws, spec).await?.is_none() {
            let detail = format!("The API key {:?}: {OTHER}", spec.name);
            problems.push(Problem { summary: "Write-only value changed without its version", detail });
        }
        Ok(problems)
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        // A key with our tags and another value is the one that this key replaces.
        for key in own(aws).await? {
            if is_current(aws, &key, spec).await? {
                return Ok(Some(Found::Ours(Outputs { id: required(key.id, "an API key's id")? })));
            }
        }
        Ok(None)
    }

    async fn discover(aws: &Regional, _: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let mut discovered = Vec::new();
        for (address, origin, key) in all(aws).await? {
            let id = required(key.id, "an API key's id")?;
            // AWS returns values only when they are asked for.
            let value = value(aws, &id).await?.unwrap_or_default();
            let digest = address.key.as_ref().map(|name| api_key_value::digest(aws, name, &value));
            let (value, digest) = match origin {
                Origin::WriteOnly(_) => (KeyValue::WriteOnly(WriteOnly::applied()), digest.map(Input::Known)),
                Origin::Given | Origin::Generated(_) => (KeyValue::Stored(Input::Known(value)), None),
            };
            let tags = tags::spec(tags::reported(key.tags.unwrap_or_default()));
            let spec = Spec { name: key.name.unwrap_or_default(), value, origin, digest, enabled: key.enabled, tags };
            discovered.push(Discovered { key: address.key, spec, outputs: Outputs { id } });
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        if is_other(aws, spec) {
            return Err(CallError::Failed { what: format!("the API key {:?}", spec.name), why: OTHER.to_owned() });
        }
        let missing = || CallError::Malformed(format!("{} has no value", aws.address()));
        let value = spec.value.known().ok_or_else(missing)?;
        let look = || with_value(aws, spec, value);
        // AWS has deprecated `generateDistinctId`: the id never contains the value.
        let send = || async {
            let request = aws.apigateway().create_api_key().name(&spec.name).value(value);
            let request = request.enabled(spec.enabled).description(description(aws, spec).unwrap_or_default());
            let answer = request.set_tags(Some(tags::plain(&spec.tags).into_iter().collect())).send().await;
            answer.map(|created| created.id.map(|id| Outputs { id }))
        };
        match create_or_adopt(aws, "apigateway:CreateApiKey", Repeated::IsRefused, look, send).await {
            Err(error) if error.is_exists() => Err(CallError::Foreign {
                what: format!("an API key with the value of {}", aws.address()),
                whose: format!("another API key in {} has the same value; use another one", aws.region()),
            }),
            created => created,
        }
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let Some(key) = held(aws, &outputs.id).await? else { return Ok(None) };
        let value = match &spec.value {
            // AWS cannot change the value of a key.
            KeyValue::WriteOnly(value) => KeyValue::WriteOnly(value.clone()),
            KeyValue::Stored(known) if known.known().is_some() && is_current(aws, &key, spec).await? => {
                spec.value.clone()
            }
            KeyValue::Stored(_) => KeyValue::Stored(value(aws, &outputs.id).await?.unwrap_or_default().into()),
        };
        let tags = tags::spec(tags::reported(key.tags.unwrap_or_default()));
        let (name, enabled) = (key.name.unwrap_or_default(), key.enabled);
        Ok(Some((Spec { name, value, enabled, tags, ..spec.clone() }, outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let mut changes = vec![
            rest::replace("/name", &to.name),
            rest::replace("/enabled", if to.enabled { "true" } else { "false" }),
        ];
        changes.extend(description(aws, to).map(|text| rest::replace("/description", &text)));
        change(aws, &outputs.id, changes).await?;
        let arn = apigateway::arn(aws, &format!("/apikeys/{}", outputs.id));
        rest::retag(aws, &arn, &from.tags, &to.tags).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        let request = || aws.apigateway().delete_api_key().api_key(&outputs.id).send();
        ignore_missing(aws.call("apigateway:DeleteApiKey", request).await)
    }
}

/// How many characters a value may have.
///
/// # Source
/// AWS, "Set up API keys using the API Gateway console", and the error messages of CreateApiKey.
pub const LENGTH: std::ops::RangeInclusive<usize> = 20..=128;

/// Why a write-only value cannot be the value of a new key.
const OTHER: &str = "value_wo has changed, but value_wo_version has not. A key has one value in all regions, and the earlier \
                     value is not stored. Set value_wo_version to another number, so that every region gets the new value, or \
                     set value_wo to the value that was applied with this version.";

impl KeyValue {
    /// The value, if it is known.
    pub fn known(&self) -> Option<&String> {
        match self {
            Self::Stored(value) => value.known(),
            Self::WriteOnly(value) => value.known(),
        }
    }
}

impl From<Input<String>> for KeyValue {
    fn from(value: Input<String>) -> Self {
        Self::Stored(value)
    }
}

fn is_given(origin: &Origin) -> bool {
    *origin == Origin::Given
}

/// Whether the write-only value differs from the one that other regions accept.
fn is_other(aws: &Regional, spec: &Spec) -> bool {
    let (value, digest) = (spec.value.known(), spec.digest.as_ref().and_then(Input::known));
    let name = aws.address().key.as_deref().unwrap_or_default();
    value.zip(digest).is_some_and(|(value, digest)| api_key_value::digest(aws, name, value) != *digest)
}

/// The description of our key; `None` while it is unknown. It shows where the value comes from. Of a given value it contains a
/// digest, which shows whether AWS has the value of the spec without reading it.
fn description(aws: &Regional, spec: &Spec) -> Option<String> {
    match spec.origin.text() {
        Some(origin) => Some(format!("{}{origin}", identity::reference_prefix(aws))),
        None if is_given(&spec.origin) => Some(identity::reference(aws, spec.value.known()?)),
        None => None,
    }
}

/// Where the value of one of our keys comes from, as its description shows.
fn origin(key: &AwsApiKey) -> Origin {
    let text = key.description().and_then(|text| text.strip_prefix(identity::PREFIX));
    Origin::parse(text.and_then(|text| text.split_once('-')).map_or("", |(_, origin)| origin))
}

/// Whether the key has the value of the spec. A value that is not known yet is any value.
async fn is_current(aws: &Regional, key: &AwsApiKey, spec: &Spec) -> Result<bool, CallError> {
    let Some(wanted) = description(aws, spec) else { return Ok(is_given(&spec.origin)) };
    let found = key.description().unwrap_or_default();
    if found == wanted || found.starts_with(&identity::reference_prefix(aws)) {
        return Ok(found == wanted);
    }
    // The description was changed.
    let Some(wanted) = spec.value.known() else { return Ok(false) };
    Ok(value(aws, key.id().unwrap_or_default()).await?.as_ref() == Some(wanted))
}

/// Our key with this value. One whose value came from elsewhere, such as an earlier version, gets the description of the spec.
async fn with_value(aws: &Regional, spec: &Spec, wanted: &str) -> Result<Option<Found<Outputs>>, CallError> {
    for key in own(aws).await? {
        let id = key.id.unwrap_or_default();
        if value(aws, &id).await?.as_deref() == Some(wanted) {
            let wanted = description(aws, spec).filter(|wanted| Some(wanted) != key.description.as_ref());
            if let Some(text) = wanted {
                change(aws, &id, vec![rest::replace("/description", &text)]).await?;
            }
            return Ok(Some(Found::Ours(Outputs { id })));
        }
    }
    Ok(None)
}

async fn change(aws: &Regional, id: &str, changes: Vec<PatchOperation>) -> Result<(), CallError> {
    let request = || {
        let request = aws.apigateway().update_api_key().api_key(id);
        request.set_patch_operations(Some(changes.clone())).send()
    };
    aws.call("apigateway:UpdateApiKey", request).await.map(drop)
}

/// The keys of this resource in the region of `aws`, the newest first: the first one of an address is the current one.
pub(crate) async fn all(aws: &Regional) -> Result<Vec<(Address, Origin, AwsApiKey)>, CallError> {
    let mut all = aws.read_once("apigateway:GetApiKeys of the account", || keys(aws)).await?;
    all.sort_by_key(|key| std::cmp::Reverse(key.created_date.map_or(0, |date| date.secs())));
    let ours = all.into_iter().filter_map(|key| {
        let tags = tags::reported(key.tags.clone().unwrap_or_default());
        let address = tags::address_of::<ApiKey>(aws, &tags)?;
        (address.scope.region() == Some(aws.region())).then(|| (address, origin(&key), key))
    });
    Ok(ours.collect())
}

/// The value of a key; `None` when there is no key with this id.
pub(crate) async fn value(aws: &Regional, id: &str) -> Result<Option<String>, CallError> {
    Ok(get(aws, id, true).await?.and_then(|key| key.value))
}

/// The keys that carry the tags of this component.
async fn own(aws: &Regional) -> Result<Vec<AwsApiKey>, CallError> {
    let mut keys = keys(aws).await?;
    keys.retain(|key| tags::is_ours(aws, &tags::reported(key.tags.clone().unwrap_or_default())));
    Ok(keys)
}

/// All keys of the region, without their values.
async fn keys(aws: &Regional) -> Result<Vec<AwsApiKey>, CallError> {
    pages(|next| async move {
        let request = || {
            let request = aws.apigateway().get_api_keys().limit(rest::PAGE).include_values(false);
            request.set_position(next.clone()).send()
        };
        let page = aws.call("apigateway:GetApiKeys", request).await?;
        Ok((page.items, page.position))
    })
    .await
}

async fn held(aws: &Regional, id: &str) -> Result<Option<AwsApiKey>, CallError> {
    let list = || async {
        let keys = keys(aws).await?.into_iter();
        Ok(keys.filter_map(|key| Some((key.id.clone()?, key))).collect())
    };
    let get = |id: String| async move { get(aws, &id, false).await };
    aws.read_listed("apigateway:GetApiKeys", id, list, get).await
}

async fn get(aws: &Regional, id: &str, with_value: bool) -> Result<Option<AwsApiKey>, CallError> {
    let request = || aws.apigateway().get_api_key().api_key(id).include_value(with_value).send();
    let key = none_if_missing(aws.call("apigateway:GetApiKey", request).await)?;
    Ok(key.map(|key| {
        AwsApiKey::builder()
            .set_id(key.id)
            .set_value(key.value)
            .set_name(key.name)
            .set_description(key.description)
            .enabled(key.enabled)
            .set_created_date(key.created_date)
            .set_tags(key.tags)
            .build()
    }))
}
