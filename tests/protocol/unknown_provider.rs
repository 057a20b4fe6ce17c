//! A provider whose configuration is unknown while planning: operations that need no AWS call succeed.

use std::collections::BTreeMap;

use multiregion::resources::REGISTRY;
use multiregion::schema::{Mode, Schema};
use multiregion::wire::{Value, decode_msgpack, encode_msgpack};
use tonic::transport::Channel;

use super::client::Plugin;
use super::generated::tfplugin6::diagnostic::Severity;
use super::generated::tfplugin6::provider_client::ProviderClient;
use super::generated::tfplugin6::*;

/// A provider with an unknown region, and the names of its resource types.
async fn unknown_provider(plugin: &Plugin) -> (ProviderClient<Channel>, Vec<String>) {
    let mut provider = plugin.provider().await;
    let schema = multiregion::configuration::schema();
    let mut config: BTreeMap<_, _> =
        schema.attributes.iter().map(|attribute| (attribute.name.to_owned(), Value::Null)).collect();
    config.insert("region".to_owned(), Value::Unknown);
    let msgpack = encode_msgpack(&Value::Map(config), &schema.ty()).unwrap();
    let config = Some(DynamicValue { msgpack, json: Vec::new() });
    let request = configure_provider::Request { config, ..Default::default() };
    let configured = provider.configure_provider(request).await.unwrap().into_inner();
    assert_eq!(configured.diagnostics, []);
    let schema = provider.get_provider_schema(get_provider_schema::Request {}).await.unwrap().into_inner();
    (provider, schema.resource_schemas.into_keys().collect())
}

#[tokio::test]
async fn a_refresh_keeps_the_state_and_warns() {
    let plugin = Plugin::start();
    let (mut provider, types) = unknown_provider(&plugin).await;
    for type_name in types {
        let request = read_resource::Request { type_name, private: b"ours".to_vec(), ..Default::default() };
        let read = provider.read_resource(request).await.unwrap().into_inner();
        assert_eq!(read.private, b"ours");
        let [warning] = &read.diagnostics[..] else { panic!("{read:?}") };
        assert_eq!((warning.severity(), warning.summary.as_str()), (Severity::Warning, "Resource not refreshed"));
    }
}

#[tokio::test]
async fn a_destroy_is_planned_without_aws() {
    let plugin = Plugin::start();
    let (mut provider, types) = unknown_provider(&plugin).await;
    for type_name in types {
        let request =
            plan_resource_change::Request { type_name, prior_private: b"ours".to_vec(), ..Default::default() };
        let planned = provider.plan_resource_change(request).await.unwrap().into_inner();
        assert_eq!((planned.diagnostics, planned.deferred), (vec![], None));
        assert_eq!(planned.planned_private, b"ours");
        // Null in MessagePack.
        assert_eq!(planned.planned_state.map(|state| state.msgpack), Some(vec![0xc0]));
    }
}

#[tokio::test]
async fn an_apply_is_an_error() {
    let plugin = Plugin::start();
    let (mut provider, types) = unknown_provider(&plugin).await;
    for type_name in types {
        let request = apply_resource_change::Request { type_name, ..Default::default() };
        let applied = provider.apply_resource_change(request).await.unwrap().into_inner();
        assert_eq!(applied.diagnostics[0].summary, "Provider configuration not known yet");
    }
}

fn zone_schema() -> &'static Schema {
    REGISTRY.iter().find(|resource| resource.type_name() == "multiregion_zone").unwrap().schema()
}

/// A zone configuration with a name and, unless it is null, a comment.
fn zone(comment: Value) -> Option<DynamicValue> {
    let schema = zone_schema();
    let mut values: BTreeMap<_, _> =
        schema.attributes.iter().map(|attribute| (attribute.name.to_owned(), Value::Null)).collect();
    values.insert("name".to_owned(), Value::String("example.com".to_owned()));
    values.insert("comment".to_owned(), comment);
    Some(DynamicValue { msgpack: encode_msgpack(&Value::Map(values), &schema.ty()).unwrap(), json: Vec::new() })
}

fn create(deferral_allowed: bool) -> plan_resource_change::Request {
    plan_resource_change::Request {
        type_name: "multiregion_zone".to_owned(),
        config: zone(Value::Null),
        proposed_new_state: zone(Value::Null),
        client_capabilities: Some(ClientCapabilities { deferral_allowed, ..Default::default() }),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_create_is_planned_with_unknown_computed_attributes() {
    let plugin = Plugin::start();
    let (mut provider, _) = unknown_provider(&plugin).await;
    for deferral_allowed in [false, true] {
        let planned = provider.plan_resource_change(create(deferral_allowed)).await.unwrap().into_inner();
        assert_eq!(planned.diagnostics, []);
        assert_eq!(planned.deferred.map(|deferred| deferred.reason()).is_some(), deferral_allowed);
        let schema = zone_schema();
        let state = decode_msgpack(&planned.planned_state.unwrap().msgpack, &schema.ty()).unwrap();
        let Value::Map(values) = state else { panic!("{state:?}") };
        assert_eq!(values["name"], Value::String("example.com".to_owned()));
        for attribute in schema.attributes.iter().filter(|attribute| attribute.mode == Mode::Computed) {
            assert_eq!(values[attribute.name], Value::Unknown, "{}", attribute.name);
        }
    }
}

#[tokio::test]
async fn a_change_is_deferred_or_an_error_and_no_change_is_planned() {
    let plugin = Plugin::start();
    let (mut provider, _) = unknown_provider(&plugin).await;
    let (prior, changed) = (zone(Value::Null), zone(Value::String("other".to_owned())));
    let request = |proposed: Option<DynamicValue>, deferral_allowed| plan_resource_change::Request {
        prior_state: prior.clone(),
        config: proposed.clone(),
        proposed_new_state: proposed,
        ..create(deferral_allowed)
    };
    let planned = provider.plan_resource_change(request(prior.clone(), false)).await.unwrap().into_inner();
    assert_eq!((planned.diagnostics, planned.planned_state), (vec![], prior.clone()));
    let planned = provider.plan_resource_change(request(changed.clone(), false)).await.unwrap().into_inner();
    assert_eq!(planned.diagnostics[0].summary, "Provider configuration not known yet");
    let planned = provider.plan_resource_change(request(changed.clone(), true)).await.unwrap().into_inner();
    assert_eq!((planned.diagnostics, planned.planned_state), (vec![], changed));
    assert_eq!(planned.deferred.map(|deferred| deferred.reason()), Some(deferred::Reason::ProviderConfigUnknown));
}
