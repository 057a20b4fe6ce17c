//! API key of one region: a value that clients send in the header `x-api-key`.

use aws_sdk_apigateway::types::ApiKey as AwsApiKey;
use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Regional};
use crate::components::apigateway::{self, rest};
use crate::components::support::answer::{ignore_missing, none_if_missing, pages, required};
use crate::components::support::creation::{Repeated, create_or_adopt};
use crate::components::support::{identity, tags};
use crate::components::{Component, Discovered, Found, Problem, Resolved, Siblings, Tags, output_keys};
use crate::desired::{Input, Kind, KindMeta, Limit};

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
    pub value: Input<String>,
    /// Whether requests with this key are accepted.
    pub enabled: bool,
    /// The tags, including the ownership tags.
    pub tags: Tags,
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
        immutable: &["value"],
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

    async fn check(_: &Regional, spec: &Spec) -> Result<Vec<Problem>, CallError> {
        let length = spec.value.known().map(|value| value.chars().count());
        let problem = |length| Problem {
            summary: "Invalid API key value",
            detail: format!(
                "The value of the API key {:?} has {length} characters. API Gateway accepts {} to {}. Use another value.",
                spec.name,
                LENGTH.start(),
                LENGTH.end()
            ),
        };
        Ok(length.filter(|length| !LENGTH.contains(length)).map(problem).into_iter().collect())
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        // A key with our tags and another value is the one that this key replaces.
        for key in own(aws).await? {
            if has_value(aws, &key, spec).await? {
                return Ok(Some(Found::Ours(Outputs { id: required(key.id, "an API key's id")? })));
            }
        }
        Ok(None)
    }

    async fn discover(aws: &Regional, _: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let mut discovered = Vec::new();
        let mut all = keys(aws).await?;
        // The first one of an address is the current one.
        all.sort_by_key(|key| std::cmp::Reverse(key.created_date.map_or(0, |date| date.secs())));
        for key in all {
            let tags = tags::reported(key.tags.clone().unwrap_or_default());
            let Some(address) = tags::address_here::<Self>(aws, &tags) else { continue };
            let id = required(key.id, "an API key's id")?;
            // AWS returns values only when they are asked for.
            let value = get(aws, &id, true).await?.and_then(|key| key.value).unwrap_or_default();
            let (name, enabled) = (key.name.unwrap_or_default(), key.enabled);
            let spec = Spec { name, value: Input::Known(value), enabled, tags: tags::spec(tags) };
            discovered.push(Discovered { key: address.key, spec, outputs: Outputs { id } });
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let look = || Self::find(aws, spec);
        // AWS has deprecated `generateDistinctId`: the id never contains the value.
        let send = || async {
            let request = aws.apigateway().create_api_key().name(&spec.name).value(spec.value.get());
            let request = request.enabled(spec.enabled).description(description(aws, spec.value.get()));
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
        let value = match has_value(aws, &key, spec).await? {
            true => spec.value.clone(),
            false => get(aws, &outputs.id, true).await?.and_then(|key| key.value).unwrap_or_default().into(),
        };
        let tags = tags::spec(tags::reported(key.tags.unwrap_or_default()));
        let reported = Spec { name: key.name.unwrap_or_default(), value, enabled: key.enabled, tags };
        Ok(Some((reported, outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let changes = [
            rest::replace("/name", &to.name),
            rest::replace("/enabled", if to.enabled { "true" } else { "false" }),
            rest::replace("/description", &description(aws, to.value.get())),
        ];
        let request = || {
            let request = aws.apigateway().update_api_key().api_key(&outputs.id);
            request.set_patch_operations(Some(changes.to_vec())).send()
        };
        aws.call("apigateway:UpdateApiKey", request).await?;
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
const LENGTH: std::ops::RangeInclusive<usize> = 20..=128;

/// The description of our key. A digest of the value shows whether AWS has the value of the spec, without reading it.
fn description(aws: &Regional, value: &str) -> String {
    identity::reference(aws, value)
}

/// Whether the key has the value of the spec. A value that is not known yet is any value.
async fn has_value(aws: &Regional, key: &AwsApiKey, spec: &Spec) -> Result<bool, CallError> {
    let Some(value) = spec.value.known() else { return Ok(true) };
    let found = key.description().unwrap_or_default();
    if found == description(aws, value) {
        return Ok(true);
    }
    if found.starts_with(&identity::reference_prefix(aws)) {
        return Ok(false);
    }
    // The description was changed.
    let id = key.id().unwrap_or_default();
    Ok(get(aws, id, true).await?.and_then(|key| key.value).as_ref() == Some(value))
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
