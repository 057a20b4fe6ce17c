//! Whatever bytes come from outside: they are read or refused, and there is no panic and no endless work.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use multiregion::configuration;
use multiregion::desired::{Package, PackageSource, Packages, Unusable};
use multiregion::plan::Ledger;
use multiregion::resources::{Context, REGISTRY, Resource};
use multiregion::schema::{Attr, Decode, Object};
use multiregion::wire::{
    Number, Path, Type, Value, decode_json, decode_msgpack, encode_msgpack, parse_type_json, type_json,
};

/// What an input may be read as: its first byte chooses.
pub(crate) enum Door {
    /// A MessagePack value.
    Message(&'static Form),
    /// A JSON state.
    State(&'static Form),
    /// A type as JSON.
    Type,
    /// A resource's private state.
    Private,
}

/// What a value may be.
pub(crate) struct Form {
    /// Its type.
    pub(crate) ty: Type,
    of: Of,
}

/// What the value is of.
enum Of {
    Resource(&'static dyn Resource),
    Provider,
    Nothing,
}

/// The forms of the schemas, and one with all that a schema could have.
static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    let resources = REGISTRY.iter().map(|resource| Form { ty: resource.schema().ty(), of: Of::Resource(*resource) });
    let provider = Form { ty: configuration::schema().ty(), of: Of::Provider };
    resources.chain([provider, Form { ty: every_kind(), of: Of::Nothing }]).collect()
});

/// A type with every kind of type in it.
pub(crate) fn every_kind() -> Type {
    let object = |attributes: [(&str, Type); 5]| attributes.map(|(name, of)| (name.to_owned(), of)).into();
    Type::Object(object([
        ("name", Type::String),
        ("ratio", Type::Number),
        ("regions", Type::Map(Box::new(Type::List(Box::new(Type::Number))))),
        ("any", Type::Dynamic),
        ("pair", Type::Tuple(vec![Type::Bool, Type::Set(Box::new(Type::String))])),
    ]))
}

/// The doors, in the order of their numbers.
pub(crate) fn doors() -> Vec<Door> {
    let messages = FORMS.iter().map(Door::Message);
    messages.chain(FORMS.iter().map(Door::State)).chain([Door::Type, Door::Private]).collect()
}

/// Reads an input: the number of a door, then what comes through it. Says whether it was good enough to be read.
pub(crate) fn read(input: &[u8]) -> bool {
    static DOORS: LazyLock<Vec<Door>> = LazyLock::new(doors);
    let Some((door, bytes)) = input.split_first() else { return false };
    match &DOORS[usize::from(*door) % DOORS.len()] {
        Door::Message(form) => decode_msgpack(bytes, &form.ty).is_ok_and(|value| through(&value, form)),
        Door::State(form) => decode_json(bytes, &form.ty).is_ok_and(|value| through(&value, form)),
        Door::Type => parse_type_json(bytes).is_ok_and(|ty| parse_type_json(&type_json(&ty)) == Ok(ty)),
        Door::Private => Ledger::from_private(bytes).is_ok_and(|ledger| !ledger.to_private().is_empty()),
    }
}

/// Sends a value that was read through everything that a value goes through before AWS is asked.
fn through(value: &Value, form: &Form) -> bool {
    // What was read can be sent back.
    let again = encode_msgpack(value, &form.ty).expect("what was read is of its type");
    assert_eq!(decode_msgpack(&again, &form.ty).as_ref(), Ok(value));
    match form.of {
        Of::Resource(resource) => {
            resource.validate(value);
            let _ = (resource.settings(value), resource.expand(value, &context()));
        }
        Of::Provider => drop(configuration::read(value)),
        Of::Nothing => decoded(value),
    }
    true
}

/// Reads a value as everything that a configuration may be made of.
fn decoded(value: &Value) {
    let Ok(object) = Object::of(value, &Path::root()) else { return };
    for name in ["name", "ratio", "regions", "any", "pair"] {
        let _ = object.get::<Attr<String>>(name);
        let _ = object.get::<bool>(name);
        let _ = object.get::<i64>(name);
        let _ = object.get::<BTreeMap<String, Vec<Attr<Number>>>>(name);
        let _ = object.get::<Attr<Vec<Attr<bool>>>>(name);
    }
    let _ = BTreeMap::<String, Attr<i64>>::decode(value, &Path::root());
}

fn context() -> Context<'static> {
    static NO_TAGS: BTreeMap<String, String> = BTreeMap::new();
    Context {
        owner_id: None,
        account_id: "123456789012",
        partition: "aws",
        default_tags: &NO_TAGS,
        packages: &Nothing,
        prior: None,
    }
}

/// A disk on which every package has one file.
struct Nothing;

impl Packages for Nothing {
    fn describe(&self, _: &PackageSource) -> Result<Package, Unusable> {
        let files = vec!["app.py".to_owned()];
        Ok(Package {
            sha256: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".to_owned(),
            zipped_bytes: 1,
            unzipped_bytes: 1,
            files,
        })
    }
}
