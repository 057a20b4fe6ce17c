//! `multiregion_zone`: a public hosted zone of Route 53, and the claim that says who makes it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Context, Expansion, OnCreateFailure, Resource, Settings};
use crate::components::route53::hosted_zone::{self, HostedZone};
use crate::desired::{Address, AddressOf, Desired, Input, Kind};
use crate::plan::View;
use crate::resources::shared::dns;
use crate::resources::shared::owned::{self, Owned};
use crate::resources::shared::status;
use crate::resources::shared::tags::{self, Bearer, TagsAttr};
use crate::resources::shared::timeouts::{self, Limits, Timeouts};
use crate::resources::shared::values::{complete, map, text};
use crate::schema::{Attr, Attribute, Mode, Object, Schema};
use crate::wire::{Diagnostic, Diagnostics, Path, Type, Value};

/// The resource type.
pub(super) struct Zone;

/// How long its operations may take when nobody says otherwise.
const LIMITS: Limits = Limits {
    create: Duration::from_secs(30 * 60),
    update: Duration::from_secs(30 * 60),
    delete: Duration::from_secs(30 * 60),
};

#[derive(Debug, Default)]
struct Config {
    name: Attr<String>,
    comment: Attr<String>,
    force_destroy: Attr<bool>,
    tags: TagsAttr,
    timeouts: Attr<Timeouts>,
}

impl Config {
    fn read(value: &Value) -> Result<Self, Diagnostic> {
        let object = Object::of(value, &Path::root())?;
        Ok(Self {
            name: object.get("name")?,
            comment: object.get("comment")?,
            force_destroy: object.get("force_destroy")?,
            tags: object.get("tags")?,
            timeouts: object.get("timeouts")?,
        })
    }

    /// Whether everything is known that decides which components there are.
    fn is_expandable(&self) -> bool {
        !self.name.is_unknown() && !self.force_destroy.is_unknown()
    }

    fn check(&self, default_tags: &BTreeMap<String, String>) -> Diagnostics {
        let mut found = tags::check(&self.tags, default_tags, Bearer::Zone, &Path::of("tags"));
        found.extend(timeouts::check(&self.timeouts));
        if let Some((name, mistake)) = self.name.known().and_then(|name| Some((name, dns::mistake(name)?))) {
            let detail = format!("{name:?} cannot be the name of a hosted zone: {mistake}.");
            found.push(Diagnostic::error(Path::of("name"), "Invalid domain name", detail));
        }
        if self.comment.known().is_some_and(|comment| comment.chars().count() > 256) {
            let detail = "Route 53 keeps comments of up to 256 characters. Write a shorter one.";
            found.push(Diagnostic::error(Path::of("comment"), "Comment too long", detail));
        }
        found
    }

    fn settings(&self) -> Settings {
        let limits = timeouts::limits(&self.timeouts, LIMITS);
        Settings {
            owner: Zone.owner(self.name.known().map(String::as_str).unwrap_or_default()),
            on_create_failure: OnCreateFailure::Rollback,
            deletion_protection: false,
            create_timeout: limits.create,
            update_timeout: limits.update,
            delete_timeout: limits.delete,
        }
    }
}

impl Resource for Zone {
    fn type_name(&self) -> &'static str {
        "multiregion_zone"
    }

    fn schema(&self) -> Schema {
        schema()
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        Config::read(config).map_or_else(|error| vec![error], |config| config.check(&BTreeMap::new()))
    }

    fn expand(&self, config: &Value, context: &Context<'_>) -> Result<Expansion, Diagnostics> {
        let config = Config::read(config).map_err(|error| vec![error])?;
        let found = config.check(context.default_tags);
        if found.iter().any(Diagnostic::is_error) {
            return Err(found);
        }
        let mut desired = Desired::default();
        let Some(name) = config.name.known().filter(|_| config.is_expandable()) else {
            return Ok(Expansion { desired, addresses_known: false, unread: Vec::new() });
        };
        let owned = Owned::new(self.owner(name), context, &config.tags);
        // A zone lives in no region.
        let claim = owned.claim(&mut desired, Vec::new());
        let spec = hosted_zone::Spec {
            name: name.clone(),
            comment: match &config.comment {
                Attr::Known(comment) => Input::Known(comment.clone()),
                Attr::Null => Input::Known(String::new()),
                Attr::Unknown => Input::Unknown,
            },
            force_destroy: config.force_destroy.known().copied().unwrap_or_default(),
            tags: owned.tags(&address()),
        };
        desired.add(address(), Path::of("name"), &spec);
        Owned::complete(&mut desired, &claim, Vec::new());
        Ok(Expansion { desired, addresses_known: true, unread: Vec::new() })
    }

    fn kinds(&self) -> Vec<&'static str> {
        owned::kinds(&[HostedZone::KIND])
    }

    fn settings(&self, config: &Value) -> Result<Settings, Diagnostics> {
        Config::read(config).map(|config| config.settings()).map_err(|error| vec![error])
    }

    fn replaced_by(&self, prior: &Value, config: &Value) -> Vec<Path> {
        super::changed(prior, config, "name")
    }

    fn state(&self, config: &Value, view: &View) -> Value {
        let Value::Map(mut all) = complete(config, &self.schema().ty()) else { return config.clone() };
        let is_known = Config::read(config).is_ok_and(|config| config.is_expandable());
        // Without a component there is no zone: it was not made, or is gone. A zone that is wanted is in the view.
        let or_unknown = |value: Value| if is_known { value } else { Value::Unknown };
        let outputs = [
            ("id", view.output(&address(), hosted_zone::ID)),
            ("arn", view.output(&address(), hosted_zone::ARN)),
            ("name_servers", view.output(&address(), hosted_zone::NAME_SERVERS)),
        ];
        all.extend(outputs.map(|(attribute, value)| (attribute.to_owned(), or_unknown(value))));
        all.insert("status".to_owned(), status::of(view));
        all.extend(owned::values(view).map(|(name, value)| (name.to_owned(), value)));
        let spec = spec(view);
        let tags_all = spec.as_ref().map_or(Value::Null, |spec| tags::all(&spec.tags));
        all.insert("tags_all".to_owned(), or_unknown(tags_all));
        if let Some(spec) = spec {
            let given = all.remove("comment").unwrap_or(Value::Null);
            all.insert("comment".to_owned(), comment(given, &spec.comment));
        }
        Value::Map(all)
    }

    fn imported(&self, name: &str, view: &View) -> Value {
        let tags = spec(view).map(|spec| tags::written(&spec.tags)).unwrap_or_default();
        let config = BTreeMap::from([
            ("name".to_owned(), text(name)),
            ("force_destroy".to_owned(), Value::Bool(false)),
            ("tags".to_owned(), map(tags.iter().map(|(key, value)| (key.clone(), text(value))))),
            ("timeouts".to_owned(), map([])),
        ]);
        self.state(&Value::Map(config), view)
    }
}

fn address() -> AddressOf<HostedZone> {
    Address::global_of()
}

/// The zone as it is wanted or was found; `None` while it is not known which zone there will be.
fn spec(view: &View) -> Option<hosted_zone::Spec> {
    view.spec(&address())
}

/// The comment that the zone has, in the words of `given` where they say the same: no comment and an empty one do.
fn comment(given: Value, seen: &Input<String>) -> Value {
    let is = match &given {
        Value::String(text) => Some(text.as_str()),
        Value::Null => Some(""),
        _ => None,
    };
    match seen.known() {
        Some(seen) if is == Some(seen) => given,
        Some(seen) if seen.is_empty() => Value::Null,
        Some(seen) => text(seen),
        None => Value::Unknown,
    }
}

fn schema() -> Schema {
    Schema {
        version: 0,
        description: "A public hosted zone of Route 53, for the names of `multiregion_api`. Import it by its name.",
        attributes: vec![
            Attribute::string(
                "name",
                Mode::Required,
                "The zone's name: `example.com`, without a dot at its end. Another name makes another zone.",
            ),
            Attribute::string("comment", Mode::OptionalComputed, "A comment for people. Default: none."),
            Attribute::bool(
                "force_destroy",
                Mode::OptionalComputed,
                "Whether records that others made are deleted with the zone. Without it a zone that still has such \
                 records is not destroyed. Default: `false`.",
            ),
            Attribute::map(
                "tags",
                Type::String,
                Mode::OptionalComputed,
                "Tags; they win over the provider's `default_tags`.",
            ),
            Attribute::map(
                "tags_all",
                Type::String,
                Mode::Computed,
                "Every tag of the zone: `tags`, the provider's `default_tags`, and the ones that say whose it is.",
            ),
            timeouts::attribute("How long each operation may take. Default: 30 minutes each."),
            status::attribute(),
            Attribute::string("id", Mode::Computed, "The zone's id: what `multiregion_api` takes as `domain.zone_id`."),
            Attribute::string("arn", Mode::Computed, "The zone's ARN."),
            Attribute::list(
                "name_servers",
                Type::String,
                Mode::Computed,
                "The name servers that the zone above must delegate to.",
            ),
            owned::owner_id(),
            owned::account_id(),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desired::{Package, PackageSource, Packages, Unusable};
    use crate::plan::Seen;
    use crate::resources::shared::values::{at, object};

    struct None;

    impl Packages for None {
        fn describe(&self, _: &PackageSource) -> Result<Package, Unusable> {
            Err(Unusable { summary: "No package", detail: "A zone has no package.".to_owned(), is_missing: true })
        }
    }

    fn expand(config: &Value) -> Result<Expansion, Diagnostics> {
        expand_with(config, &BTreeMap::new())
    }

    fn expand_with(config: &Value, default_tags: &BTreeMap<String, String>) -> Result<Expansion, Diagnostics> {
        let context = Context {
            owner_id: Option::None,
            account_id: "123456789012",
            partition: "aws",
            default_tags,
            packages: &None,
            prior: Option::None,
        };
        Zone.expand(config, &context)
    }

    #[test]
    fn a_zone_has_a_claim() {
        let expansion = expand(&object([("name", text("example.com"))])).unwrap();
        let addresses: Vec<String> = expansion.desired.nodes().keys().map(ToString::to_string).collect();
        assert_eq!(addresses, ["global/claim", "global/completion_marker", "global/hosted_zone"]);
        assert!(!expand(&object([("name", Value::Unknown)])).unwrap().addresses_known);
    }

    #[test]
    fn a_zone_takes_ten_tags_with_the_providers_and_ours() {
        let tags = map((0..6).map(|number| (format!("own{number}"), text("x"))));
        let config = object([("name", text("example.com")), ("tags", tags)]);
        let default = |most: usize| (0..most).map(|number| (format!("default{number}"), String::new())).collect();
        assert!(expand_with(&config, &default(1)).is_ok());
        let found = expand_with(&config, &default(2)).unwrap_err();
        assert_eq!(found.iter().map(|one| one.summary).collect::<Vec<_>>(), ["Too many tags"]);
    }

    #[test]
    fn mistakes_are_told() {
        for (config, expected) in [
            (object([("name", text("example.com."))]), "Invalid domain name @ name"),
            (object([("name", text("a.b")), ("comment", text(&"x".repeat(257)))]), "Comment too long @ comment"),
            (
                object([
                    ("name", text("a.b")),
                    ("tags", map((0..9).map(|number| (format!("own{number}"), text("x"))))),
                ]),
                "Too many tags @ tags",
            ),
        ] {
            let found = Zone.validate(&config);
            assert_eq!(
                found.iter().map(|one| format!("{} @ {}", one.summary, one.path)).collect::<Vec<_>>(),
                [expected]
            );
        }
    }

    #[test]
    fn a_zone_that_was_not_made_has_nothing_to_tell() {
        let computed = ["id", "arn", "name_servers", "tags_all"];
        let told = |config: &Value, view: &View| {
            let state = Zone.state(config, view);
            computed.map(|name| at(&state, &Path::of(name)).clone())
        };
        let config = object([("name", text("example.com"))]);
        let made = View { complete: Attr::Known(false), ..View::default() };
        assert_eq!(told(&config, &made), computed.map(|_| Value::Null));
        let later = object([("name", Value::Unknown)]);
        assert_eq!(told(&later, &View::default()), computed.map(|_| Value::Unknown));
    }

    #[test]
    fn what_is_imported_wants_what_is_there() {
        let config = object([("name", text("example.com")), ("comment", text("Giraffes"))]);
        let desired = expand(&config).unwrap().desired;
        let spec = desired.get(&address()).unwrap().spec.clone();
        let outputs =
            serde_json::json!({ "id": "Z1", "arn": "arn:aws:route53:::hostedzone/Z1", "name_servers": ["ns1"] });
        let seen = Seen {
            visible: true,
            id: Attr::Known("Z1".to_owned()),
            revision: Attr::Null,
            spec,
            outputs: Attr::Known(outputs),
        };
        let view = View {
            components: BTreeMap::from([(address().into(), seen)]),
            complete: Attr::Known(true),
            ownership: Attr::Null,
        };
        let imported = Zone.imported("example.com", &view);
        assert_eq!(expand(&imported).unwrap().desired, desired);
        assert_eq!(at(&imported, &Path::of("id")), &text("Z1"));
        assert_eq!(at(&imported, &Path::of("name_servers")), &Value::List(vec![text("ns1")]));
    }
}
