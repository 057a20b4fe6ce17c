//! The content of a REST API: its resources, methods, integrations, authorizers and API-wide settings, imported from one
//! OpenAPI document.

mod content;
mod document;
mod expected;
mod jwt;
mod live;
mod policy;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_apigateway::primitives::Blob;
use aws_sdk_apigateway::types::PutMode;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::aws::{CallError, Regional};
use crate::components::apigateway::rest;
use crate::components::support::answer::required;
use crate::components::{Component, Deviations, Discovered, Found, Place, Resolved, Siblings, output_keys};
use crate::desired::{Input, Kind, KindMeta, Limit};

pub use content::{Content, FoundAuthorizer, FoundMethod, FoundSharing};
pub use jwt::FoundJwt;

/// The kind `rest_definition`.
#[derive(Debug)]
pub struct RestDefinition;

output_keys! {
    RestDefinition {
        API_ID = api_id: String,
    }
}

/// The desired content of a REST API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The id of the API.
    pub api_id: Input<String>,
    /// A complete OpenAPI 3.0 document in JSON, with API Gateway's extensions. The API's name and the state of its default
    /// endpoint are added when it is sent.
    pub document: Input<String>,
    /// The values of placeholders. Wherever a key of this map occurs in a string of the document, it is replaced with its
    /// value when the document is sent.
    pub values: BTreeMap<String, Input<String>>,
    /// Parts of the API that differ in AWS from the document.
    #[serde(default, skip_serializing_if = "Deviations::is_none")]
    pub deviations: Deviations,
    /// What an import found instead of the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
}

/// What identifies the content of a REST API in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The id of the API.
    pub api_id: String,
}

impl Kind for RestDefinition {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "rest_definition",
        about: "Content of a REST API, imported from an OpenAPI document: resources, methods, integrations, authorizers.",
        id: "the id of the API",
        outputs: OUTPUTS,
        immutable: &["api_id"],
        uncompared: &["content"],
        // An import also creates, changes and deletes the parts of the API.
        actions: &["apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT"],
        // AWS, "Amazon API Gateway quotas", quotas for creating, deploying and managing an API.
        limits: &[
            Limit { operation: "apigateway:PutRestApi", burst: 1, per_second: 1.0 },
            Limit { operation: "apigateway:GetResources", burst: 5, per_second: 2.5 },
        ],
        ..KindMeta::DEFAULT
    };
}

impl Component for RestDefinition {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.api_id.clone()
    }

    fn foreseen(_: &Place<'_>, spec: &Spec) -> Option<Outputs> {
        Some(Outputs { api_id: spec.api_id.known()?.clone() })
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        // Every API has content, and the content of our API is ours.
        let Some(api_id) = spec.api_id.known() else { return Ok(None) };
        Ok(rest::get(aws, api_id).await?.map(|_| Found::Ours(Outputs { api_id: api_id.clone() })))
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let Some(api) = rest::api(aws, siblings) else { return Ok(Vec::new()) };
        // AWS does not return the document. Without one, the next apply sends it again.
        let content = match rest::get(aws, &api.id).await? {
            Some(found) => Some(content::content(aws, &found).await?),
            None => None,
        };
        let spec = Spec {
            api_id: Input::Known(api.id.clone()),
            document: Input::from(""),
            values: BTreeMap::new(),
            deviations: Deviations::default(),
            content,
        };
        Ok(vec![Discovered { key: None, spec, outputs: Outputs { api_id: api.id } }])
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let outputs = Outputs { api_id: spec.api_id.get().clone() };
        put(aws, &outputs, spec).await
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let Some(api) = rest::get(aws, &outputs.api_id).await? else { return Ok(None) };
        let mut deviations = Deviations::default();
        if let Some(document) = sent(spec)? {
            let expected = expected::facts(&document);
            let live = live::facts(aws, &api, &expected).await?;
            for difference in differences(&expected, &live) {
                deviations = deviations.record_unless(&difference, false);
            }
        }
        let api_id = Input::from(outputs.api_id.as_str());
        Ok(Some((Spec { api_id, deviations, ..spec.clone() }, outputs.clone())))
    }

    async fn update(
        aws: &Regional,
        outputs: &Outputs,
        _from: &Spec,
        to: &Resolved<Spec>,
    ) -> Result<Outputs, CallError> {
        put(aws, outputs, to).await
    }

    async fn delete(_: &Regional, _: &Spec, _: &Outputs) -> Result<(), CallError> {
        // It is deleted with its API.
        Ok(())
    }
}

/// Replaces the content of the API. The import also sets the name and the default endpoint of the API, which other components
/// manage, so they are sent as they are.
async fn put(aws: &Regional, outputs: &Outputs, spec: &Spec) -> Result<Outputs, CallError> {
    let api_id = &outputs.api_id;
    let what = format!("REST API {api_id}");
    let api = required(aws.read_until_found(&what, || rest::get(aws, api_id)).await?, &what)?;
    let mut document = required(sent(spec)?, "the OpenAPI document")?;
    document::set_title(&mut document, api.name.as_deref().unwrap_or_default());
    document::set_endpoint(&mut document, api.disable_execute_api_endpoint);
    let body = Blob::new(document.to_string());
    let request = || {
        let request = aws.apigateway().put_rest_api().rest_api_id(api_id).mode(PutMode::Overwrite);
        request.fail_on_warnings(true).body(body.clone()).send()
    };
    aws.call("apigateway:PutRestApi", request).await?;
    Ok(outputs.clone())
}

/// The document with its placeholders replaced; `None` when it is unknown, as after an import.
fn sent(spec: &Spec) -> Result<Option<Json>, CallError> {
    let Some(text) = spec.document.known().filter(|text| !text.is_empty()) else { return Ok(None) };
    let values = spec.values.iter().filter_map(|(key, value)| Some((key.as_str(), value.known()?.as_str())));
    document::substitute(text, &values.collect()).map(Some)
}

/// Settings of one part of an API, by AWS's names. Settings that a document leaves out are missing.
type Settings = BTreeMap<&'static str, Json>;

/// The parts of an API: `GET /items`, `authorizer jwt`, `gateway response THROTTLED`, `API`.
type Facts = BTreeMap<String, Settings>;

/// The parts and settings in which AWS differs from the document.
fn differences(expected: &Facts, live: &Facts) -> BTreeSet<String> {
    let only_live = live.keys().filter(|part| !expected.contains_key(*part)).cloned();
    let mut differences: BTreeSet<String> = only_live.collect();
    for (part, settings) in expected {
        let Some(live) = live.get(part) else {
            differences.insert(part.clone());
            continue;
        };
        let differing = settings.iter().filter(|(name, value)| live.get(*name).unwrap_or(&Json::Null) != *value);
        differences.extend(differing.map(|(name, _)| format!("{part}: {name}")));
    }
    differences
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn facts(facts: &[(&str, &[(&'static str, Json)])]) -> Facts {
        let settings = |settings: &[(&'static str, Json)]| settings.iter().cloned().collect();
        facts.iter().map(|(part, values)| ((*part).to_owned(), settings(values))).collect()
    }

    #[test]
    fn only_settings_of_the_document_are_compared() {
        let expected = facts(&[("GET /a", &[("uri", json!("x"))]), ("GET /b", &[])]);
        assert!(differences(&expected, &expected).is_empty());
        let live = facts(&[("GET /a", &[("uri", json!("x")), ("timeoutInMillis", json!(29_000))]), ("GET /b", &[])]);
        assert!(differences(&expected, &live).is_empty());
        let live = facts(&[("GET /a", &[("uri", json!("y"))]), ("ANY /c", &[])]);
        let found: Vec<String> = differences(&expected, &live).into_iter().collect();
        assert_eq!(found, ["ANY /c", "GET /a: uri", "GET /b"]);
    }
}
