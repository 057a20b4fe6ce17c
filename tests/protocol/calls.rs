//! Every remote call answers bad input with a diagnostic, never with a gRPC status.

#![expect(clippy::needless_update, reason = "one macro builds messages with all fields and with some")]

use std::collections::BTreeSet;

use multiregion::functions;
use multiregion::wire::encode_msgpack;
use multiregion::wire::{Type, Value};

use super::client::Plugin;
use super::generated::tfplugin6::attribute_path::step::Selector;
use super::generated::tfplugin6::*;

/// Bytes that are not a value of any object type.
fn garbage() -> Vec<Option<DynamicValue>> {
    let msgpack = |bytes: &[u8]| Some(DynamicValue { msgpack: bytes.to_vec(), json: Vec::new() });
    let json = |text: &str| Some(DynamicValue { msgpack: Vec::new(), json: text.as_bytes().to_vec() });
    vec![
        msgpack(b"\xc4"),
        msgpack(b"\xdf\xff\xff\xff\xff"),
        msgpack(b"\x81\xa1x\xc0"),
        msgpack(&[0x91; 100_000]),
        msgpack(b"\xa5hello"),
        json("{"),
        json("[1]"),
        json(&"[".repeat(100_000)),
        json("\u{0}"),
    ]
}

fn is_refused(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|one| one.severity() == diagnostic::Severity::Error && !one.detail.is_empty())
}

/// Sends a call and returns its response.
macro_rules! call {
    ($provider:expr, $call:ident, $request:expr) => {{
        let response = $provider.$call($request).await;
        response.unwrap_or_else(|status| panic!("{}: {status:?}", stringify!($call))).into_inner()
    }};
}

/// Sends calls, each of which must be refused by a diagnostic.
macro_rules! refused {
    ($provider:expr, $($call:ident { $($field:ident : $value:expr),* $(,)? }),* $(,)?) => {
        $({
            let response = call!($provider, $call, $call::Request { $($field: $value,)* ..Default::default() });
            assert!(is_refused(&response.diagnostics), "{} is not refused: {response:?}", stringify!($call));
        })*
    };
}

fn attribute(name: &str) -> Selector {
    Selector::AttributeName(name.to_owned())
}

fn name() -> String {
    "multiregion_nothing".to_owned()
}

#[tokio::test]
async fn an_unknown_type_name_is_an_error_in_every_call() {
    let plugin = Plugin::start();
    let mut provider = plugin.provider().await;
    refused!(
        provider,
        validate_resource_config { type_name: name() },
        upgrade_resource_state { type_name: name() },
        upgrade_resource_identity { type_name: name() },
        read_resource { type_name: name() },
        plan_resource_change { type_name: name() },
        apply_resource_change { type_name: name() },
        import_resource_state { type_name: name() },
        generate_resource_config { type_name: name() },
        move_resource_state { target_type_name: name() },
        validate_data_resource_config { type_name: name() },
        read_data_source { type_name: name() },
        validate_ephemeral_resource_config { type_name: name() },
        open_ephemeral_resource { type_name: name() },
        renew_ephemeral_resource { type_name: name() },
        close_ephemeral_resource { type_name: name() },
        validate_list_resource_config { type_name: name() },
        validate_action_config { action_type: name() },
        plan_action { action_type: name() },
        validate_state_store_config { type_name: name() },
        configure_state_store { type_name: name() },
        lock_state { type_name: name() },
        unlock_state { type_name: name() },
        get_states { type_name: name() },
        delete_state { type_name: name() },
    );
    let response = call!(provider, call_function, call_function::Request { name: name(), ..Default::default() });
    assert!(response.error.is_some_and(|error| error.text.contains("multiregion_nothing")));
    let functions = call!(provider, get_functions, get_functions::Request {}).functions.into_keys();
    let registered: BTreeSet<_> = functions::REGISTRY.iter().map(|function| function.name().to_owned()).collect();
    assert_eq!(functions.collect::<BTreeSet<_>>(), registered);
}

#[tokio::test]
async fn streams_end_after_a_diagnostic() {
    let plugin = Plugin::start();
    let mut provider = plugin.provider().await;
    let mut list = call!(provider, list_resource, list_resource::Request { type_name: name(), ..Default::default() });
    assert!(is_refused(&list.message().await.unwrap().unwrap().diagnostic));
    assert_eq!(list.message().await.unwrap(), None);
    let mut action =
        call!(provider, invoke_action, invoke_action::Request { action_type: name(), ..Default::default() });
    let event = action.message().await.unwrap().unwrap();
    let Some(invoke_action::event::Type::Completed(completed)) = event.r#type else { panic!("{event:?}") };
    assert!(is_refused(&completed.diagnostics));
    assert_eq!(action.message().await.unwrap(), None);
    let request = read_state_bytes::Request { type_name: name(), ..Default::default() };
    let mut state = call!(provider, read_state_bytes, request);
    assert!(is_refused(&state.message().await.unwrap().unwrap().diagnostics));
    assert_eq!(state.message().await.unwrap(), None);
    let meta = RequestChunkMeta { type_name: name(), state_id: "default".to_owned() };
    let chunk = |meta| write_state_bytes::RequestChunk { meta, bytes: vec![0; 1 << 20], ..Default::default() };
    let written = call!(provider, write_state_bytes, tokio_stream::iter([chunk(Some(meta)), chunk(None), chunk(None)]));
    assert!(is_refused(&written.diagnostics));
    assert!(written.diagnostics[0].detail.contains("multiregion_nothing"));
}

#[tokio::test]
async fn an_unreadable_value_is_an_error_and_the_state_is_returned_unchanged() {
    let plugin = Plugin::start();
    let mut provider = plugin.provider().await;
    let schema = call!(provider, get_provider_schema, get_provider_schema::Request {});
    for value in garbage() {
        refused!(
            provider,
            validate_provider_config { config: value.clone() },
            configure_provider { config: value.clone() },
        );
        for type_name in schema.resource_schemas.keys().cloned() {
            refused!(
                provider,
                validate_resource_config { type_name: type_name.clone(), config: value.clone() },
                plan_resource_change { type_name: type_name.clone(), config: value.clone() },
                plan_resource_change { type_name: type_name.clone(), prior_state: value.clone() },
                generate_resource_config { type_name: type_name.clone(), state: value.clone() },
            );
            let request = read_resource::Request {
                type_name: type_name.clone(),
                current_state: value.clone(),
                private: b"ours".to_vec(),
                ..Default::default()
            };
            let read = call!(provider, read_resource, request);
            assert!(is_refused(&read.diagnostics));
            assert_eq!((read.new_state, read.private), (value.clone(), b"ours".to_vec()));
            let request = apply_resource_change::Request {
                type_name: type_name.clone(),
                prior_state: value.clone(),
                planned_private: b"ours".to_vec(),
                ..Default::default()
            };
            let applied = call!(provider, apply_resource_change, request);
            assert!(is_refused(&applied.diagnostics));
            assert_eq!((applied.new_state, applied.private), (value.clone(), b"ours".to_vec()));
            let json = value.clone().map(|value| [value.msgpack, value.json].concat()).unwrap_or_default();
            let raw_state = Some(RawState { json, ..Default::default() });
            refused!(provider, upgrade_resource_state { type_name: type_name, version: 0, raw_state: raw_state });
        }
    }
    assert!(!plugin.stderr().contains("panic: "), "{}", plugin.stderr());
}

#[tokio::test]
async fn an_unconfigured_provider_refuses_every_operation() {
    let plugin = Plugin::start();
    let mut provider = plugin.provider().await;
    let schema = call!(provider, get_provider_schema, get_provider_schema::Request {});
    for type_name in schema.resource_schemas.keys().cloned() {
        refused!(
            provider,
            read_resource { type_name: type_name.clone() },
            plan_resource_change { type_name: type_name.clone() },
            apply_resource_change { type_name: type_name.clone() },
            import_resource_state { type_name: type_name.clone(), id: "giraffe".to_owned() },
            import_resource_state { type_name: type_name.clone() },
            upgrade_resource_state { type_name: type_name },
        );
    }
}

/// A provider configuration with these arguments; all others are null.
pub(super) fn provider_config(arguments: &[(&str, Value)]) -> Option<DynamicValue> {
    let schema = multiregion::configuration::schema();
    let mut values: std::collections::BTreeMap<_, _> =
        schema.attributes.iter().map(|attribute| (attribute.name.to_owned(), Value::Null)).collect();
    values.extend(arguments.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    let msgpack = encode_msgpack(&Value::Map(values), &schema.ty()).unwrap();
    Some(DynamicValue { msgpack, json: Vec::new() })
}

#[tokio::test]
async fn an_invalid_provider_argument_is_an_error_at_its_path() {
    let plugin = Plugin::start();
    let mut provider = plugin.provider().await;
    let accounts = Value::List(vec![Value::String("12".to_owned())]);
    let config =
        provider_config(&[("access_key", Value::String("AKIA".to_owned())), ("allowed_account_ids", accounts)]);
    let validated =
        call!(provider, validate_provider_config, validate_provider_config::Request { config: config.clone() });
    let request = configure_provider::Request { config, ..Default::default() };
    let configured = call!(provider, configure_provider, request);
    assert_eq!(configured.diagnostics, validated.diagnostics);
    let [account, credentials] = &validated.diagnostics[..] else { panic!("{validated:?}") };
    assert_eq!(account.summary, "Invalid account id");
    let steps: Vec<_> = account.attribute.iter().flat_map(|path| &path.steps).flat_map(|step| &step.selector).collect();
    assert_eq!(steps, [&attribute("allowed_account_ids"), &Selector::ElementKeyInt(0)]);
    assert_eq!(credentials.summary, "Incomplete credentials");
}

#[tokio::test]
async fn an_unreachable_endpoint_is_an_error_that_shows_no_secret() {
    let plugin = Plugin::start();
    let mut provider = plugin.provider().await;
    let text = |text: &str| Value::String(text.to_owned());
    let config = provider_config(&[
        ("region", text("us-east-1")),
        ("access_key", text("AKIAEXAMPLE")),
        ("secret_key", text("hunter2hunter2")),
        ("endpoint_url", text("http://127.0.0.1:1")),
        ("max_retries", Value::Number(multiregion::wire::Number::parse("0").unwrap())),
    ]);
    // More than once, as a host does in debug mode.
    for _ in 0..2 {
        let request = configure_provider::Request { config: config.clone(), ..Default::default() };
        let configured = call!(provider, configure_provider, request);
        let [diagnostic] = &configured.diagnostics[..] else { panic!("{configured:?}") };
        assert_eq!(diagnostic.summary, "AWS endpoint not reachable");
        let path = AttributePath { steps: vec![attribute_path::Step { selector: Some(attribute("endpoint_url")) }] };
        assert_eq!(diagnostic.attribute, Some(path));
        assert!(diagnostic.detail.contains("http://127.0.0.1:1"), "{}", diagnostic.detail);
        assert!(!format!("{configured:?}").contains("hunter2"), "{configured:?}");
    }
}

/// The peak memory (resident set) of a process so far, in KiB.
#[cfg(target_os = "linux")]
fn peak_memory(pid: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_false_length_does_not_allocate_memory() {
    let plugin = Plugin::start();
    let mut provider = plugin.provider().await;
    let message = |head: u8, times: usize| [head, 0xff, 0xff, 0xff, 0xff].repeat(times);
    refused!(provider, validate_provider_config { config: garbage().swap_remove(0) });
    let before = peak_memory(plugin.pid());
    // The heads of a list, a map, a string, bytes and an extension with a length of 4 GiB, alone and nested.
    for head in [0xdd, 0xdf, 0xdb, 0xc6, 0xc9] {
        for times in [1, 100, 10_000] {
            let config = Some(DynamicValue { msgpack: message(head, times), json: Vec::new() });
            refused!(provider, validate_provider_config { config: config });
        }
    }
    let grown = peak_memory(plugin.pid()) - before;
    assert!(grown < 16 * 1024, "{grown} KiB were allocated for bytes that were never sent");
}

#[tokio::test]
async fn a_message_of_32_mib_is_received() {
    let plugin = Plugin::start();
    let mut provider = plugin.provider().await;
    let large = encode_msgpack(&Value::String("x".repeat(32 << 20)), &Type::String).unwrap();
    let config = Some(DynamicValue { msgpack: large, json: Vec::new() });
    refused!(provider, validate_provider_config { config: config });
}
