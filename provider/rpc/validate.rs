//! ValidateResourceConfig: checks a resource's configuration by itself. Hosts call it before they configure the provider.

use std::sync::Arc;

use super::diagnostic::to_protocol;
use super::protocol::validate_resource_config::{Request, Response};
use super::server::Server;
use super::value::decode_config;
use crate::lifecycle;
use crate::schema::{Attribute, Nesting, Shape};
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

pub(super) async fn validate(server: Arc<Server>, request: Request) -> Result<Response, Diagnostics> {
    let resource = server.resource(&request.type_name)?;
    let schema = resource.schema();
    let config = decode_config(request.config.as_ref(), &schema)?;
    let mut diagnostics = Vec::new();
    if !request.client_capabilities.is_some_and(|client| client.write_only_attributes_allowed) {
        refuse_write_only(&config, &schema.attributes, &Path::root(), &mut diagnostics);
    }
    diagnostics.extend(lifecycle::validate(resource, &config));
    Ok(Response { diagnostics: to_protocol(&diagnostics) })
}

/// Refuses write-only attributes that are set: a host that does not support them would store their values in the state.
fn refuse_write_only(object: &Value, attributes: &[Attribute], path: &Path, diagnostics: &mut Diagnostics) {
    let Value::Map(values) = object else { return };
    for attribute in attributes {
        let Some(value) = values.get(attribute.name).filter(|value| **value != Value::Null) else { continue };
        let path = path.attribute(attribute.name);
        if attribute.write_only {
            diagnostics.push(Diagnostic::error(
                path,
                "Write-only attribute not supported",
                "This version of OpenTofu or Terraform would store the value of a write-only attribute in the state. \
                 Use OpenTofu 1.11 or Terraform 1.11 or later, or the argument that is not write-only.",
            ));
        } else if let Shape::Nested(nested) = &attribute.shape {
            match (nested.nesting, value) {
                (Nesting::Single, value) => refuse_write_only(value, &nested.attributes, &path, diagnostics),
                (Nesting::Map, Value::Map(entries)) => entries.iter().for_each(|(key, item)| {
                    refuse_write_only(item, &nested.attributes, &path.key(key), diagnostics);
                }),
                (Nesting::List | Nesting::Set, Value::List(items)) => {
                    items.iter().enumerate().for_each(|(index, item)| {
                        refuse_write_only(item, &nested.attributes, &path.index(index), diagnostics);
                    });
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Mode;

    #[test]
    fn write_only_values_are_refused_at_every_depth() {
        let secret = || Attribute::string("secret", Mode::Optional, "A secret.").write_only();
        let attributes = [secret(), Attribute::objects("many", Mode::Optional, "Many.", vec![secret()])];
        let given = |value: Value| Value::Map([("secret".to_owned(), value)].into());
        let entries = [("a".to_owned(), given(Value::Null)), ("b".to_owned(), given(Value::Unknown))];
        let config = Value::Map(
            [("secret".to_owned(), Value::String("s".to_owned())), ("many".to_owned(), Value::Map(entries.into()))]
                .into(),
        );
        let mut found = Vec::new();
        refuse_write_only(&config, &attributes, &Path::root(), &mut found);
        let paths: Vec<_> = found.iter().map(|one| one.path.to_string()).collect();
        assert_eq!(paths, ["secret", r#"many["b"].secret"#]);
    }
}
