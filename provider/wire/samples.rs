//! Random types and values for property tests.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::{Number, Type, Value};

/// The configuration of a property test with `cases` cases that saves no failures to a file.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// A type, up to three levels deep.
pub(crate) fn any_type() -> impl Strategy<Value = Type> {
    let leaf = prop_oneof![Just(Type::String), Just(Type::Number), Just(Type::Bool), Just(Type::Dynamic)];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        prop_oneof![
            boxed.clone().prop_map(Type::List),
            boxed.clone().prop_map(Type::Set),
            boxed.prop_map(Type::Map),
            btree_map("[a-z_]{1,8}", inner.clone(), 0..5).prop_map(Type::Object),
            vec(inner, 0..4).prop_map(Type::Tuple),
        ]
    })
}

/// A type and a value of that type.
pub(crate) fn any_typed_value() -> impl Strategy<Value = (Type, Value)> {
    any_type().prop_flat_map(|ty| {
        let value = any_value(&ty, 2);
        (Just(ty), value)
    })
}

/// A value of a type. `dynamic` limits how deep dynamic values are nested.
fn any_value(ty: &Type, dynamic: u32) -> BoxedStrategy<Value> {
    let known = match ty {
        Type::String => any::<String>().prop_map(Value::String).boxed(),
        Type::Number => any_number().prop_map(Value::Number).boxed(),
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Dynamic if dynamic == 0 => Just(Value::Unknown).boxed(),
        Type::Dynamic => {
            let typed = any_type().prop_flat_map(move |ty| {
                let value = any_value(&ty, dynamic - 1);
                (Just(ty), value)
            });
            typed.prop_map(|(ty, value)| Value::Dynamic(Box::new(ty), Box::new(value))).boxed()
        }
        Type::List(of) | Type::Set(of) => vec(any_value(of, dynamic), 0..4).prop_map(Value::List).boxed(),
        Type::Map(of) => btree_map(any::<String>(), any_value(of, dynamic), 0..4).prop_map(Value::Map).boxed(),
        Type::Object(attributes) => {
            let values: Vec<_> =
                attributes.iter().map(|(name, ty)| (Just(name.clone()), any_value(ty, dynamic))).collect();
            values.prop_map(|values| Value::Map(values.into_iter().collect())).boxed()
        }
        Type::Tuple(elements) => {
            let values: Vec<_> = elements.iter().map(|ty| any_value(ty, dynamic)).collect();
            values.prop_map(Value::List).boxed()
        }
    };
    prop_oneof![1 => Just(Value::Null), 1 => Just(Value::Unknown), 8 => known].boxed()
}

fn any_number() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<f64>().prop_filter_map("finite", Number::from_f64),
        "-?[0-9]{1,40}\\.[0-9]{1,40}(e-?[0-9]{1,6})?".prop_filter_map("a number", |text| Number::parse(&text).ok()),
    ]
}
