//! The entry point of the fuzzers: any bytes from outside are decoded or refused, without a panic and in bounded time.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use multiregion::configuration;
use multiregion::desired::{Package, PackageSource, Packages, RoleSettings, Unusable};
use multiregion::plan::Ledger;
use multiregion::resources::{Context, REGISTRY, Resource};
use multiregion::wire::{Type, Value, decode_json, decode_msgpack, encode_msgpack, parse_type_json, type_json};

/// The decoder of an input, chosen by its first byte.
pub(crate) enum Decoder {
    /// A MessagePack value.
    MessagePack(&'static TypedSchema),
    /// A JSON state.
    State(&'static TypedSchema),
    /// A type as JSON.
    Type,
    /// A resource's private state.
    PrivateState,
}

/// A type of values, and what they configure.
pub(crate) struct TypedSchema {
    /// The type of the values.
    pub(crate) ty: Type,
    of: Of,
}

/// What a value configures.
enum Of {
    Resource(&'static dyn Resource),
    Provider,
    Nothing,
}

/// The schemas of resources and provider, and a type with every kind of type.
static SCHEMAS: LazyLock<Vec<TypedSchema>> = LazyLock::new(|| {
    let resources =
        REGISTRY.iter().map(|resource| TypedSchema { ty: resource.schema().ty(), of: Of::Resource(*resource) });
    let provider = TypedSchema { ty: configuration::schema().ty(), of: Of::Provider };
    resources.chain([provider, TypedSchema { ty: every_kind(), of: Of::Nothing }]).collect()
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

/// The decoders, in the order of their numbers.
pub(crate) fn decoders() -> Vec<Decoder> {
    let messages = SCHEMAS.iter().map(Decoder::MessagePack);
    messages.chain(SCHEMAS.iter().map(Decoder::State)).chain([Decoder::Type, Decoder::PrivateState]).collect()
}

/// Decodes an input: the number of a decoder, then its bytes. Returns whether they were decoded.
pub(crate) fn read(input: &[u8]) -> bool {
    static DECODERS: LazyLock<Vec<Decoder>> = LazyLock::new(decoders);
    let Some((decoder, bytes)) = input.split_first() else { return false };
    match &DECODERS[usize::from(*decoder) % DECODERS.len()] {
        Decoder::MessagePack(schema) => decode_msgpack(bytes, &schema.ty).is_ok_and(|value| process(&value, schema)),
        Decoder::State(schema) => decode_json(bytes, &schema.ty).is_ok_and(|value| process(&value, schema)),
        Decoder::Type => parse_type_json(bytes).is_ok_and(|ty| parse_type_json(&type_json(&ty)) == Ok(ty)),
        Decoder::PrivateState => Ledger::from_private(bytes).is_ok_and(|ledger| !ledger.to_private().is_empty()),
    }
}

/// Runs everything that processes a decoded value before the first call to AWS.
fn process(value: &Value, schema: &TypedSchema) -> bool {
    // A decoded value can be encoded again.
    let encoded = encode_msgpack(value, &schema.ty).expect("a decoded value has the type");
    assert_eq!(decode_msgpack(&encoded, &schema.ty).as_ref(), Ok(value));
    match schema.of {
        Of::Resource(resource) => {
            resource.validate(value);
            let _ = (resource.settings(value), resource.expand(value, &context()));
        }
        Of::Provider => drop(configuration::read(value)),
        Of::Nothing => {}
    }
    true
}

fn context() -> Context<'static> {
    static NO_TAGS: BTreeMap<String, String> = BTreeMap::new();
    static NO_ROLES: RoleSettings = RoleSettings { permissions_boundary_arn: None, path: None };
    Context {
        owner_id: None,
        account_id: "123456789012",
        partition: "aws",
        default_tags: &NO_TAGS,
        roles: &NO_ROLES,
        packages: &OneFile,
        prior: None,
        referent: None,
    }
}

/// Packages that consist of one file each.
struct OneFile;

impl Packages for OneFile {
    fn describe(&self, _: &PackageSource) -> Result<Package, Unusable> {
        let files = vec!["app.py".to_owned()];
        Ok(Package {
            sha256: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".to_owned(),
            zipped_bytes: 1,
            unzipped_bytes: 1,
            files,
            links: Vec::new(),
        })
    }
}
