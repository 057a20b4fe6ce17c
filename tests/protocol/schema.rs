//! The schemas and metadata that the provider returns are well-formed.

use super::client::Plugin;
use super::generated::tfplugin6::schema::{Attribute, Block};
use super::generated::tfplugin6::{StringKind, get_metadata, get_provider_schema, get_resource_identity_schemas};

async fn provider_schema() -> get_provider_schema::Response {
    let plugin = Plugin::start();
    let mut provider = plugin.provider().await;
    provider.get_provider_schema(get_provider_schema::Request {}).await.unwrap().into_inner()
}

fn check_block(block: &Block, of: &str) {
    assert!(!block.description.is_empty(), "{of} has no description");
    assert_eq!(block.description_kind(), StringKind::Markdown, "{of}");
    check_attributes(&block.attributes, of);
}

fn check_attributes(attributes: &[Attribute], of: &str) {
    let mut names: Vec<_> = attributes.iter().map(|attribute| attribute.name.as_str()).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{of} declares an attribute twice: {names:?}");
    for attribute in attributes {
        let of = format!("{of}.{}", attribute.name);
        let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        assert!(attribute.name.bytes().all(is_allowed) && !attribute.name.starts_with('_'), "{of} is not a valid name");
        assert!(
            attribute.description.ends_with(['.', '`']),
            "the description of {of} is not a sentence: {:?}",
            attribute.description
        );
        assert_eq!(attribute.description_kind(), StringKind::Markdown, "{of}");
        assert!(
            attribute.required ^ (attribute.optional || attribute.computed),
            "{of} must be either required, or optional or computed"
        );
        assert!(!(attribute.write_only && attribute.computed), "{of} is write-only and computed");
        assert_eq!(attribute.deprecated, !attribute.deprecation_message.is_empty(), "{of}");
        match &attribute.nested_type {
            Some(nested) => {
                assert!(attribute.r#type.is_empty(), "{of} has a type and nested attributes");
                check_attributes(&nested.attributes, &of);
            }
            None => {
                let ty = multiregion::wire::parse_type_json(&attribute.r#type);
                assert!(ty.is_ok(), "{of}: {ty:?}");
            }
        }
    }
}

#[tokio::test]
async fn every_schema_is_well_formed_and_described() {
    let response = provider_schema().await;
    assert_eq!(response.diagnostics, []);
    let provider = response.provider.unwrap();
    check_block(provider.block.as_ref().unwrap(), "provider");
    for (name, schema) in response.resource_schemas.iter().chain(&response.data_source_schemas) {
        assert!(name.starts_with("multiregion_"), "{name}");
        let block = schema.block.as_ref().unwrap();
        assert_eq!(schema.version, block.version, "{name}");
        check_block(block, name);
    }
}

#[tokio::test]
async fn secret_provider_arguments_are_sensitive() {
    let provider = provider_schema().await.provider.unwrap().block.unwrap();
    let sensitive: Vec<_> =
        provider.attributes.iter().filter(|attribute| attribute.sensitive).map(|one| one.name.as_str()).collect();
    assert_eq!(sensitive, ["secret_key", "token"]);
    assert!(provider.attributes.iter().all(|attribute| attribute.optional), "no argument is required");
}

#[tokio::test]
async fn metadata_agrees_with_the_schema() {
    let plugin = Plugin::start();
    let mut provider = plugin.provider().await;
    let schema = provider.get_provider_schema(get_provider_schema::Request {}).await.unwrap().into_inner();
    let metadata = provider.get_metadata(get_metadata::Request {}).await.unwrap().into_inner();
    let mut resources: Vec<_> = metadata.resources.into_iter().map(|one| one.type_name).collect();
    resources.sort_unstable();
    assert_eq!(resources, schema.resource_schemas.into_keys().collect::<Vec<_>>());
    let data_sources: Vec<_> = metadata.data_sources.into_iter().map(|one| one.type_name).collect();
    assert_eq!(data_sources, schema.data_source_schemas.into_keys().collect::<Vec<_>>());
    let functions: Vec<_> = metadata.functions.into_iter().map(|one| one.name).collect();
    assert_eq!(functions, schema.functions.into_keys().collect::<Vec<_>>());
    assert_eq!(metadata.server_capabilities, schema.server_capabilities);
    let capabilities = schema.server_capabilities.unwrap();
    assert!(capabilities.plan_destroy && capabilities.get_provider_schema_optional);
}

#[tokio::test]
async fn no_resource_type_has_an_identity_schema() {
    let plugin = Plugin::start();
    let request = get_resource_identity_schemas::Request {};
    let response = plugin.provider().await.get_resource_identity_schemas(request).await.unwrap().into_inner();
    assert_eq!(response, get_resource_identity_schemas::Response::default());
}
