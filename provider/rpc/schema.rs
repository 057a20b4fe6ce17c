//! GetProviderSchema, GetMetadata, GetResourceIdentitySchemas: what the provider offers.

use std::sync::Arc;

use super::function;
use super::protocol::schema::{self as block, object::NestingMode};
use super::protocol::{
    self, ServerCapabilities, StringKind, get_metadata, get_provider_schema, get_resource_identity_schemas,
};
use super::registries::Registries;
use super::server::Server;
use crate::configuration;
use crate::schema::{Attribute, Mode, Nesting, Schema, Shape};
use crate::wire::{Diagnostics, type_json};

pub(super) async fn provider_schema(
    server: Arc<Server>,
    _: get_provider_schema::Request,
) -> Result<get_provider_schema::Response, Diagnostics> {
    let Registries { resources, data_sources, .. } = server.registries;
    Ok(get_provider_schema::Response {
        provider: Some(schema(&configuration::schema())),
        resource_schemas: resources.iter().map(|one| (one.type_name().to_owned(), schema(one.schema()))).collect(),
        data_source_schemas: data_sources
            .iter()
            .map(|one| (one.type_name().to_owned(), schema(&one.schema())))
            .collect(),
        functions: function::signatures(&server),
        server_capabilities: Some(capabilities()),
        ..Default::default()
    })
}

pub(super) async fn metadata(
    server: Arc<Server>,
    _: get_metadata::Request,
) -> Result<get_metadata::Response, Diagnostics> {
    let Registries { resources, data_sources, functions } = server.registries;
    let resources = resources.iter().map(|resource| resource.type_name().to_owned());
    let data_sources = data_sources.iter().map(|source| source.type_name().to_owned());
    let functions = functions.iter().map(|function| function.name().to_owned());
    Ok(get_metadata::Response {
        server_capabilities: Some(capabilities()),
        resources: resources.map(|type_name| get_metadata::ResourceMetadata { type_name }).collect(),
        data_sources: data_sources.map(|type_name| get_metadata::DataSourceMetadata { type_name }).collect(),
        functions: functions.map(|name| get_metadata::FunctionMetadata { name }).collect(),
        ..Default::default()
    })
}

/// No resource has an identity yet: see [`unsupported`](super::unsupported).
pub(super) async fn identity_schemas(
    _: Arc<Server>,
    _: get_resource_identity_schemas::Request,
) -> Result<get_resource_identity_schemas::Response, Diagnostics> {
    Ok(get_resource_identity_schemas::Response::default())
}

fn capabilities() -> ServerCapabilities {
    ServerCapabilities {
        plan_destroy: true,
        get_provider_schema_optional: true,
        // See `unsupported`. Hosts generate configuration from a state themselves.
        move_resource_state: false,
        generate_resource_config: false,
    }
}

fn schema(schema: &Schema) -> protocol::Schema {
    let block = block::Block {
        version: schema.version,
        attributes: schema.attributes.iter().map(attribute).collect(),
        description: schema.description.to_owned(),
        description_kind: StringKind::Markdown.into(),
        ..Default::default()
    };
    protocol::Schema { version: schema.version, block: Some(block) }
}

fn attribute(attribute: &Attribute) -> block::Attribute {
    // Either a type or nested attributes, never both: the host crashes on both.
    let (ty, nested_type) = match &attribute.shape {
        Shape::Plain(ty) => (type_json(ty), None),
        Shape::Nested(nested) => (Vec::new(), Some(object(nested.nesting, &nested.attributes))),
    };
    block::Attribute {
        name: attribute.name.to_owned(),
        r#type: ty,
        nested_type,
        description: attribute.documentation(),
        description_kind: StringKind::Markdown.into(),
        required: attribute.mode == Mode::Required,
        optional: matches!(attribute.mode, Mode::Optional | Mode::OptionalComputed),
        computed: matches!(attribute.mode, Mode::Computed | Mode::OptionalComputed),
        sensitive: attribute.sensitive,
        deprecated: attribute.removed.is_some(),
        deprecation_message: attribute.removed.unwrap_or_default().to_owned(),
        write_only: attribute.write_only,
    }
}

fn object(nesting: Nesting, attributes: &[Attribute]) -> block::Object {
    let nesting = match nesting {
        Nesting::Single => NestingMode::Single,
        Nesting::Map => NestingMode::Map,
    };
    let attributes = attributes.iter().map(self::attribute).collect();
    block::Object { attributes, nesting: nesting.into(), ..Default::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_has_a_type_or_nested_attributes() {
        let plain = attribute(&Attribute::string("a", Mode::OptionalComputed, "A.").sensitive());
        assert_eq!((plain.r#type.as_slice(), plain.nested_type), (br#""string""#.as_slice(), None));
        assert!(plain.optional && plain.computed && plain.sensitive && !plain.required);
        let nested = attribute(&Attribute::objects("b", Mode::Required, "B.", vec![]));
        assert!(nested.r#type.is_empty() && nested.required && !nested.optional && !nested.computed);
        assert_eq!(nested.nested_type.map(|object| object.nesting()), Some(NestingMode::Map));
    }
}
