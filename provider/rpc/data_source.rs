//! ValidateDataResourceConfig, ReadDataSource.

use std::sync::Arc;

use super::computed::unknown_until_apply;
use super::diagnostic::to_protocol;
use super::known::encode_known;
use super::protocol::{Deferred, deferred, read_data_source, validate_data_resource_config};
use super::server::{Readiness, Server};
use super::value::{decode_config, encode};
use crate::wire::{Diagnostics, Severity};

pub(super) async fn validate(
    server: Arc<Server>,
    request: validate_data_resource_config::Request,
) -> Result<validate_data_resource_config::Response, Diagnostics> {
    let source = server.data_source(&request.type_name)?;
    let config = decode_config(request.config.as_ref(), &source.schema())?;
    Ok(validate_data_resource_config::Response { diagnostics: to_protocol(&source.validate(&config)) })
}

pub(super) async fn read(
    server: Arc<Server>,
    request: read_data_source::Request,
) -> Result<read_data_source::Response, Diagnostics> {
    let source = server.data_source(&request.type_name)?;
    let schema = source.schema();
    let config = decode_config(request.config.as_ref(), &schema)?;
    let provider = match server.readiness()? {
        Readiness::Ready(provider) => provider,
        Readiness::NotYet(_) if request.client_capabilities.is_some_and(|client| client.deferral_allowed) => {
            return Ok(read_data_source::Response {
                state: Some(encode(unknown_until_apply(config, &schema), &schema)?),
                deferred: Some(Deferred { reason: deferred::Reason::ProviderConfigUnknown.into() }),
                ..Default::default()
            });
        }
        Readiness::NotYet(error) => return Err(vec![error]),
    };
    let (value, mut diagnostics) = provider.read_data_source(source, &config).await?;
    let (state, unknown) = encode_known(value, &schema, Severity::Error)?;
    diagnostics.extend(unknown);
    Ok(read_data_source::Response { state: Some(state), diagnostics: to_protocol(&diagnostics), deferred: None })
}

#[cfg(test)]
mod tests {
    use futures::future::{BoxFuture, FutureExt};
    use serde_json::json;
    use strict_aws::{LocalAws, Options};
    use tonic::Request;

    use super::super::protocol::provider_server::Provider;
    use super::super::protocol::{
        ClientCapabilities, DynamicValue, configure_provider, get_metadata, get_provider_schema,
    };
    use super::super::registries::Registries;
    use super::super::value::decode;
    use super::*;
    use crate::configuration;
    use crate::data_sources::{DataSource, Reader, example};
    use crate::schema::{Attribute, Mode, Schema};
    use crate::wire::{Diagnostic, Path, Value};

    /// A region, with errors and warnings for some names.
    struct Region;

    impl DataSource for Region {
        fn type_name(&self) -> &'static str {
            "multiregion_region"
        }

        fn schema(&self) -> Schema {
            let attributes = vec![
                Attribute::string("name", Mode::Required, "Name of a region."),
                Attribute::bool("is_enabled", Mode::Computed, "Whether the account can use the region."),
            ];
            Schema { version: 0, description: "A region.", attributes }
        }

        fn actions(&self) -> &'static [&'static str] {
            &[]
        }

        fn check(&self, config: &Value) -> Diagnostics {
            match name(config) {
                Some("") => vec![Diagnostic::error(Path::of("name"), "Empty name", "The name is empty. Set it.")],
                _ => vec![],
            }
        }

        fn read<'a>(&'a self, aws: &'a Reader, config: &'a Value) -> BoxFuture<'a, Result<Value, Diagnostics>> {
            async move {
                let name = name(config).unwrap_or_default();
                let regions =
                    aws.region(aws.home_region()).list_regions().await.map_err(|error| {
                        vec![Diagnostic::error(Path::root(), "Regions not listed", error.to_string())]
                    })?;
                let is_enabled = match name {
                    "nowhere" => return Err(vec![Diagnostic::error(Path::of("name"), "No region", "It is not one.")]),
                    "unknown" => Value::Unknown,
                    name => Value::Bool(regions.iter().any(|region| region == name)),
                };
                if name == "moon-1" {
                    aws.region("us-east-1").warn("Strange region", "It is on the moon.".to_owned());
                }
                Ok(object(name, is_enabled))
            }
            .boxed()
        }
    }

    fn name(config: &Value) -> Option<&str> {
        match config {
            Value::Map(attributes) => match attributes.get("name") {
                Some(Value::String(name)) => Some(name),
                _ => None,
            },
            _ => None,
        }
    }

    fn object(name: &str, is_enabled: Value) -> Value {
        let name = Value::String(name.to_owned());
        Value::Map([("name".to_owned(), name), ("is_enabled".to_owned(), is_enabled)].into())
    }

    fn server() -> Arc<Server> {
        Arc::new(Server::new(Registries { data_sources: &[&Region], ..Registries::default() }))
    }

    fn config(name: &str) -> Option<DynamicValue> {
        Some(encode(object(name, Value::Null), &Region.schema()).unwrap())
    }

    /// A server of this data source that is connected to an AWS in memory.
    async fn connected(source: &'static [&'static dyn DataSource]) -> (Arc<Server>, LocalAws) {
        let server = Arc::new(Server::new(Registries { data_sources: source, ..Registries::default() }));
        let aws = LocalAws::start(Options::in_memory()).await.unwrap();
        let given = json!({
            "region": "us-east-1", "access_key": aws.account_id(), "secret_key": "secret",
            "endpoint_url": aws.endpoint(),
        });
        let config = Some(DynamicValue { json: given.to_string().into_bytes(), msgpack: Vec::new() });
        configure(&server, config).await;
        (server, aws)
    }

    async fn configure(server: &Arc<Server>, config: Option<DynamicValue>) {
        let request = Request::new(configure_provider::Request { config, ..Default::default() });
        let response = Arc::clone(server).configure_provider(request).await.unwrap().into_inner();
        assert_eq!(response.diagnostics, []);
    }

    async fn read(server: &Arc<Server>, request: read_data_source::Request) -> read_data_source::Response {
        let request = read_data_source::Request { type_name: "multiregion_region".to_owned(), ..request };
        Arc::clone(server).read_data_source(Request::new(request)).await.unwrap().into_inner()
    }

    async fn read_name(server: &Arc<Server>, name: &str) -> (Value, Vec<String>) {
        let response = read(server, read_data_source::Request { config: config(name), ..Default::default() }).await;
        let value = decode(response.state.as_ref(), &Region.schema()).unwrap();
        (value, response.diagnostics.into_iter().map(|one| one.summary).collect())
    }

    #[tokio::test]
    async fn a_registered_data_source_is_announced_with_its_schema() {
        let request = Request::new(get_provider_schema::Request {});
        let schema = server().get_provider_schema(request).await.unwrap().into_inner();
        let block = schema.data_source_schemas["multiregion_region"].block.as_ref().unwrap();
        let names: Vec<_> = block.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
        assert_eq!(names, ["name", "is_enabled"]);
        let metadata = server().get_metadata(Request::new(get_metadata::Request {})).await.unwrap().into_inner();
        let names: Vec<_> = metadata.data_sources.into_iter().map(|source| source.type_name).collect();
        assert_eq!(names, ["multiregion_region"]);
    }

    #[tokio::test]
    async fn a_configuration_is_validated_by_its_data_source() {
        for (name, expected) in [("us-east-1", &[][..]), ("", &["Empty name"])] {
            let type_name = "multiregion_region".to_owned();
            let request = validate_data_resource_config::Request { type_name, config: config(name) };
            let response = server().validate_data_resource_config(Request::new(request)).await.unwrap().into_inner();
            let summaries: Vec<_> = response.diagnostics.into_iter().map(|one| one.summary).collect();
            assert_eq!(summaries, expected);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_data_source_reads_aws() {
        let (server, _aws) = connected(&[&Region]).await;
        let yes = || Value::Bool(true);
        assert_eq!(read_name(&server, "us-west-2").await, (object("us-west-2", yes()), vec![]));
        let (value, warnings) = read_name(&server, "moon-1").await;
        assert_eq!((value, warnings), (object("moon-1", Value::Bool(false)), vec!["Strange region".to_owned()]));
        assert_eq!(read_name(&server, "nowhere").await, (Value::Null, vec!["No region".to_owned()]));
        let (value, errors) = read_name(&server, "unknown").await;
        assert_eq!(value, object("unknown", Value::Null));
        assert_eq!(errors, ["Provider returned an unknown value"]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_example_is_checked_and_read() {
        let schema = example::Region.schema();
        assert_eq!(example::Region.validate(&object("", Value::Null))[0].summary, "Empty region name");
        assert_eq!(example::Region.validate(&Value::Map([].into()))[0].summary, "Missing required value");
        let (server, _aws) = connected(&[&example::Region]).await;
        for (name, is_enabled) in [("us-west-2", true), ("nowhere", false)] {
            let request = read_data_source::Request { config: config(name), ..Default::default() };
            let state = read(&server, request).await.state;
            assert_eq!(decode(state.as_ref(), &schema).unwrap(), object(name, Value::Bool(is_enabled)));
        }
    }

    #[tokio::test]
    async fn a_read_waits_for_the_configuration_of_the_provider() {
        let server = server();
        let (value, errors) = read_name(&server, "us-east-1").await;
        assert_eq!((value, errors), (Value::Null, vec!["Provider not configured".to_owned()]));

        let schema = configuration::schema();
        let null = |attribute: &Attribute| (attribute.name.to_owned(), Value::Null);
        let mut values: std::collections::BTreeMap<_, _> = schema.attributes.iter().map(null).collect();
        values.insert("region".to_owned(), Value::Unknown);
        configure(&server, Some(encode(Value::Map(values), &schema).unwrap())).await;
        let (value, errors) = read_name(&server, "us-east-1").await;
        assert_eq!((value, errors), (Value::Null, vec!["Provider configuration not known yet".to_owned()]));

        let client_capabilities = Some(ClientCapabilities { deferral_allowed: true, ..Default::default() });
        let request =
            read_data_source::Request { config: config("us-east-1"), client_capabilities, ..Default::default() };
        let response = read(&server, request).await;
        assert!(response.deferred.is_some() && response.diagnostics.is_empty());
        let value = decode(response.state.as_ref(), &Region.schema()).unwrap();
        assert_eq!(value, object("us-east-1", Value::Unknown));
    }
}
