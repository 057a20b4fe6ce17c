//! A null value of a required attribute is an error at that attribute, in every schema and at any depth.

use std::collections::BTreeMap;

use multiregion::configuration;
use multiregion::resources::REGISTRY;
use multiregion::schema::{Attribute, Nesting, Schema, Shape};
use multiregion::wire::{Value, decode_json, encode_msgpack};
use serde_json::{Value as Json, json};
use tonic::transport::Channel;

use super::client::Plugin;
use super::generated::tfplugin6::provider_client::ProviderClient;
use super::generated::tfplugin6::*;

/// The summary of the error.
const SUMMARY: &str = "Missing required value";

/// A schema and its resource type; `None` for the provider's own schema.
type Subject = (Option<&'static str>, Schema);

fn subjects() -> Vec<Subject> {
    let resources = REGISTRY.iter().map(|resource| (Some(resource.type_name()), resource.schema().clone()));
    resources.chain([(None, configuration::schema())]).collect()
}

/// An object with every attribute unknown and one element in each nested collection. Collects the paths of the required
/// attributes.
fn all_unknown(attributes: &[Attribute], at: &[String], required: &mut Vec<Vec<String>>) -> Value {
    let value = |attribute: &Attribute| {
        let at = [at, &[attribute.name.to_owned()]].concat();
        if attribute.is_required() {
            required.push(at.clone());
        }
        let inside = |key: Option<&str>| at.iter().cloned().chain(key.map(str::to_owned)).collect::<Vec<_>>();
        match &attribute.shape {
            Shape::Plain(_) => Value::Unknown,
            Shape::Nested(nested) => match nested.nesting {
                Nesting::Single => all_unknown(&nested.attributes, &at, required),
                Nesting::Map => {
                    let object = all_unknown(&nested.attributes, &inside(Some("us-east-1")), required);
                    Value::Map([("us-east-1".to_owned(), object)].into())
                }
            },
        }
    };
    let value = attributes.iter().map(value).zip(attributes);
    Value::Map(value.map(|(value, attribute)| (attribute.name.to_owned(), value)).collect())
}

/// `value` with null at `path`.
fn with_null(value: Value, path: &[String]) -> Value {
    let Some((first, rest)) = path.split_first() else { return Value::Null };
    match value {
        Value::Map(mut values) => {
            let inner = values.remove(first).unwrap();
            values.insert(first.clone(), with_null(inner, rest));
            Value::Map(values)
        }
        Value::List(items) => Value::List(items.into_iter().map(|item| with_null(item, rest)).collect()),
        other => panic!("{other:?} has no {first}"),
    }
}

/// The diagnostics of a validation of `config` that have the summary [`SUMMARY`].
async fn missing_values(
    provider: &mut ProviderClient<Channel>,
    (of, schema): &Subject,
    config: &Value,
) -> Vec<Diagnostic> {
    let msgpack = encode_msgpack(config, &schema.ty()).unwrap();
    let config = Some(DynamicValue { msgpack, json: Vec::new() });
    let found = match of {
        Some(type_name) => {
            let type_name = (*type_name).to_owned();
            let request = validate_resource_config::Request { type_name, config, ..Default::default() };
            provider.validate_resource_config(request).await.unwrap().into_inner().diagnostics
        }
        None => {
            let request = validate_provider_config::Request { config };
            provider.validate_provider_config(request).await.unwrap().into_inner().diagnostics
        }
    };
    found.into_iter().filter(|one| one.summary == SUMMARY).collect()
}

#[tokio::test]
async fn null_in_any_required_attribute_is_an_error_at_its_path() {
    let plugin = Plugin::start();
    let mut provider = plugin.provider().await;
    let mut nested = 0;
    for subject in subjects() {
        let mut required = Vec::new();
        let whole = all_unknown(&subject.1.attributes, &[], &mut required);
        assert_eq!(missing_values(&mut provider, &subject, &whole).await, [], "{:?}", subject.0);
        for path in required {
            let found = missing_values(&mut provider, &subject, &with_null(whole.clone(), &path)).await;
            let [error] = &found[..] else { panic!("{:?} {path:?}: {found:?}", subject.0) };
            let named = path.iter().all(|part| error.detail.contains(part.as_str()));
            assert!(named && error.attribute.is_some(), "{:?} {path:?}: {error:?}", subject.0);
            nested += usize::from(path.len() > 1);
        }
    }
    assert!(nested >= 4, "only {nested} nested attributes are required");
}

/// A configuration from JSON, with null for every attribute that is not given.
fn complete(schema: &Schema, given: &Json) -> Option<DynamicValue> {
    let mut config = decode_json(given.to_string().as_bytes(), &schema.ty()).unwrap();
    if let Value::Map(values) = &mut config {
        let all = schema.attributes.iter().map(|attribute| (attribute.name.to_owned(), Value::Null));
        let mut all: BTreeMap<_, _> = all.collect();
        all.append(values);
        *values = all;
    }
    Some(DynamicValue { msgpack: encode_msgpack(&config, &schema.ty()).unwrap(), json: Vec::new() })
}

#[tokio::test]
async fn an_assumed_role_without_an_arn_is_an_error() {
    let plugin = Plugin::start();
    let mut provider = plugin.provider().await;
    let config = complete(&configuration::schema(), &json!({ "assume_role": { "role_arn": null } }));
    let request = configure_provider::Request { config, ..Default::default() };
    let configured = provider.configure_provider(request).await.unwrap().into_inner();
    assert_eq!(configured.diagnostics.iter().map(|one| one.summary.as_str()).collect::<Vec<_>>(), [SUMMARY]);
}

#[tokio::test]
async fn a_plan_without_a_domain_name_or_an_origin_is_an_error() {
    let plugin = Plugin::start();
    let mut provider = plugin.provider().await;
    let schema = REGISTRY.iter().find(|resource| resource.type_name() == "multiregion_api").unwrap().schema();
    for (part, path) in [
        (json!({ "domain": { "name": null, "zone_id": "Z0123456789" } }), "domain.name"),
        (json!({ "cdn": { "origin": null } }), "cdn.origin"),
    ] {
        let mut given = json!({ "name": "giraffe", "regions": { "us-east-1": {} }, "function": {} });
        given.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
        let config = complete(schema, &given);
        let type_name = "multiregion_api".to_owned();
        let request = plan_resource_change::Request { type_name, config, ..Default::default() };
        let planned = provider.plan_resource_change(request).await.unwrap().into_inner();
        let [error] = &planned.diagnostics[..] else { panic!("{path}: {planned:?}") };
        assert_eq!(error.summary, SUMMARY);
        assert!(error.detail.starts_with(&format!("{path} is required")), "{}", error.detail);
    }
}
