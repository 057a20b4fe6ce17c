//! A provider whose configuration is known only after apply: what needs no AWS can be planned.

use std::collections::BTreeMap;

use multiregion::wire::{Value, encode_msgpack};
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
async fn a_state_is_kept_and_the_user_warned() {
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
async fn a_destroy_needs_no_aws_to_be_planned() {
    let plugin = Plugin::start();
    let (mut provider, types) = unknown_provider(&plugin).await;
    for type_name in types {
        let request =
            plan_resource_change::Request { type_name, prior_private: b"ours".to_vec(), ..Default::default() };
        let planned = provider.plan_resource_change(request).await.unwrap().into_inner();
        assert_eq!((planned.diagnostics, planned.deferred), (vec![], None));
        assert_eq!(planned.planned_private, b"ours");
        // MessagePack's null.
        assert_eq!(planned.planned_state.map(|state| state.msgpack), Some(vec![0xc0]));
    }
}

#[tokio::test]
async fn an_apply_needs_aws() {
    let plugin = Plugin::start();
    let (mut provider, types) = unknown_provider(&plugin).await;
    for type_name in types {
        let request = apply_resource_change::Request { type_name, ..Default::default() };
        let applied = provider.apply_resource_change(request).await.unwrap().into_inner();
        assert_eq!(applied.diagnostics[0].summary, "Provider configuration not known yet");
    }
}
