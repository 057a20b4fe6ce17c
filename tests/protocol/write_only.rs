//! Write-only attributes: their marks in the schema, and hosts that do not support them.

use multiregion::resources::REGISTRY;
use multiregion::schema::Schema;
use multiregion::wire::{decode_json, encode_msgpack};
use serde_json::json;

use super::client::Plugin;
use super::generated::tfplugin6::schema::Attribute;
use super::generated::tfplugin6::*;

const VALUE: &str = "c4n4ry-0123456789-0123456789";

fn api() -> &'static Schema {
    REGISTRY.iter().find(|resource| resource.type_name() == "multiregion_api").unwrap().schema()
}

/// A configuration with a write-only value, with null for every attribute that is not given.
fn config() -> Option<DynamicValue> {
    let keys = json!({ "partner": { "value_wo": VALUE, "value_wo_version": 1 } });
    let given = json!({
        "name": "giraffe",
        "regions": { "us-east-1": {} },
        "function": { "source_dir": "src", "handler": "app.handler", "runtime": "python3.12" },
        "gateway": { "protocol": "rest", "api_keys": keys },
    });
    let config = decode_json(given.to_string().as_bytes(), &api().ty()).unwrap();
    Some(DynamicValue { msgpack: encode_msgpack(&config, &api().ty()).unwrap(), json: Vec::new() })
}

/// All attributes, with those of nested objects.
fn all(attributes: &[Attribute]) -> Vec<&Attribute> {
    let nested = |attribute: &'_ Attribute| attribute.nested_type.is_some();
    let below = attributes.iter().filter(|one| nested(one));
    let below = below.flat_map(|one| all(&one.nested_type.as_ref().unwrap().attributes));
    attributes.iter().chain(below).collect()
}

#[tokio::test]
async fn the_schema_marks_write_only_attributes() {
    let plugin = Plugin::start();
    let mut provider = plugin.provider().await;
    let schema = provider.get_provider_schema(get_provider_schema::Request {}).await.unwrap().into_inner();
    let block = schema.resource_schemas["multiregion_api"].block.clone().unwrap();
    let marked: Vec<&Attribute> = all(&block.attributes).into_iter().filter(|one| one.write_only).collect();
    assert_eq!(marked.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["value_wo"]);
    // Hosts refuse a schema with a write-only attribute that is computed.
    assert!(marked.iter().all(|one| one.optional && one.sensitive && !one.computed), "{marked:?}");
}

#[tokio::test]
async fn a_host_without_support_gets_an_error_at_the_attribute() {
    let plugin = Plugin::start();
    let mut provider = plugin.provider().await;
    let mut diagnostics = Vec::new();
    for client_capabilities in [
        None,
        Some(ClientCapabilities { write_only_attributes_allowed: false, ..Default::default() }),
        Some(ClientCapabilities { write_only_attributes_allowed: true, ..Default::default() }),
    ] {
        let type_name = "multiregion_api".to_owned();
        let request = validate_resource_config::Request { type_name, config: config(), client_capabilities };
        diagnostics.push(provider.validate_resource_config(request).await.unwrap().into_inner().diagnostics);
    }
    let [missing, refused, supported] = &diagnostics[..] else { panic!() };
    assert_eq!((missing, &supported[..]), (refused, &[][..]));
    let [error] = &missing[..] else { panic!("{missing:?}") };
    assert_eq!(error.summary, "Write-only attributes are not supported");
    // Hosts resolve only the first two steps of a path.
    assert_eq!(error.attribute.as_ref().unwrap().steps.len(), 2);
    assert!(error.detail.contains("value_wo") && !error.detail.contains(VALUE), "{error:?}");
}
