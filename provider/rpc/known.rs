//! Ensures that an apply, a refresh, an import or a data source returns no unknown value.
//!
//! A host rejects the whole state of an apply, refresh or import that contains an unknown value. From then on every plan,
//! apply and destroy of the resource would fail.

use super::protocol::DynamicValue;
use super::value::encode;
use crate::schema::Schema;
use crate::wire::{Diagnostic, Diagnostics, Path, Severity, Type, Value};

/// Encodes a state with null in place of every unknown value, and returns a diagnostic for each.
///
/// An apply and a data source report errors, as the host would. A refresh and an import report warnings, because an error
/// would stop every plan of the resource, including the plan of its destroy.
///
/// # Errors
/// The state does not fit the schema, which is a bug in the provider.
pub(super) fn encode_known(
    state: Value,
    schema: &Schema,
    severity: Severity,
) -> Result<(DynamicValue, Diagnostics), Diagnostics> {
    let mut unknown = Vec::new();
    let known = without_unknown(state, &schema.ty(), Path::root(), &mut unknown);
    let diagnostics = unknown.into_iter().map(|path| Diagnostic { severity, ..unknown_value(path) }).collect();
    Ok((encode(known, schema)?, diagnostics))
}

fn unknown_value(path: Path) -> Diagnostic {
    let attribute = if path.segments().is_empty() { "The whole resource".to_owned() } else { path.to_string() };
    let detail = format!(
        "{attribute} is unknown although the operation has ended. This is a bug in the provider: please report it with the \
         configuration. The state contains null instead; all other values are correct. Run plan again: a refresh may find \
         the value."
    );
    Diagnostic::error(path, "Provider returned an unknown value", detail)
}

fn without_unknown(value: Value, ty: &Type, path: Path, unknown: &mut Vec<Path>) -> Value {
    match (value, ty) {
        (Value::Unknown, _) => {
            unknown.push(path);
            Value::Null
        }
        (Value::Map(values), Type::Object(attributes)) => {
            let known = |(name, value): (String, Value)| {
                let ty = attributes.get(&name).unwrap_or(&Type::Dynamic);
                let value = without_unknown(value, ty, path.attribute(&name), unknown);
                (name, value)
            };
            Value::Map(values.into_iter().map(known).collect())
        }
        (Value::Map(values), ty) => {
            let of = if let Type::Map(of) = ty { of } else { &Type::Dynamic };
            let known = |(key, value): (String, Value)| {
                let value = without_unknown(value, of, path.key(&key), unknown);
                (key, value)
            };
            Value::Map(values.into_iter().map(known).collect())
        }
        (Value::List(items), ty) => {
            let of = if let Type::List(of) | Type::Set(of) = ty { of } else { &Type::Dynamic };
            let known = |(index, item)| without_unknown(item, of, path.index(index), unknown);
            Value::List(items.into_iter().enumerate().map(known).collect())
        }
        (Value::Dynamic(ty, inner), _) => {
            let inner = without_unknown(*inner, &ty, path, unknown);
            Value::Dynamic(ty, Box::new(inner))
        }
        (known, _) => known,
    }
}

#[cfg(test)]
mod tests {
    use super::super::value::decode;
    use super::*;
    use crate::schema::{Attribute, Mode};

    fn schema() -> Schema {
        let names = || Attribute::list("names", Type::String, Mode::Computed, "Names.");
        let attributes = vec![names(), Attribute::objects("many", Mode::Computed, "Many.", vec![names()])];
        Schema { version: 0, description: "Some things.", attributes }
    }

    fn object<const N: usize>(values: [(&str, Value); N]) -> Value {
        Value::Map(values.map(|(name, value)| (name.to_owned(), value)).into())
    }

    #[test]
    fn unknown_values_become_null_with_an_error() {
        let text = || Value::String("x".to_owned());
        let state = |hole: Value| {
            let names = Value::List(vec![text(), hole.clone()]);
            object([("names", names), ("many", object([("a", object([("names", hole)]))]))])
        };
        let (sent, diagnostics) = encode_known(state(Value::Unknown), &schema(), Severity::Error).unwrap();
        assert_eq!(decode(Some(&sent), &schema()), Ok(state(Value::Null)));
        let paths: Vec<String> = diagnostics.iter().map(|one| one.path.to_string()).collect();
        assert_eq!(paths, [r#"many["a"].names"#, "names[1]"]);
        assert!(
            diagnostics.iter().all(|one| one.is_error() && one.detail.starts_with(&one.path.to_string())),
            "{diagnostics:?}"
        );
    }

    #[test]
    fn a_refresh_warns() {
        let (sent, diagnostics) = encode_known(Value::Unknown, &schema(), Severity::Warning).unwrap();
        assert_eq!(decode(Some(&sent), &schema()), Ok(Value::Null));
        let [warning] = &diagnostics[..] else { panic!("{diagnostics:?}") };
        assert!(!warning.is_error());
    }
}
