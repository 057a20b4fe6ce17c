//! `multiregion_zone`: a public hosted zone of Route 53.

use std::collections::BTreeMap;
use std::time::Duration;

use super::tags::{self, TagsAttr};
use super::timeouts::{self, Limits, Timeouts};
use super::values::{complete, known, map, text};
use super::{Context, Expansion, OnCreateFailure, Packages, Resource, Settings, dns};
use crate::components::hosted_zone::{self, HostedZone};
use crate::desired::{Address, Desired, Handle, Input, Kind};
use crate::plan::View;
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

    fn check(&self) -> Diagnostics {
        let mut found = tags::check(&self.tags, &Path::of("tags"));
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
            owner: self.name.known().cloned().unwrap_or_default(),
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

    fn validate(&self, config: &Value, _packages: &dyn Packages) -> Diagnostics {
        Config::read(config).map_or_else(|error| vec![error], |config| config.check())
    }

    fn expand(&self, config: &Value, context: &Context<'_>) -> Result<Expansion, Diagnostics> {
        let config = Config::read(config).map_err(|error| vec![error])?;
        let found = config.check();
        if found.iter().any(Diagnostic::is_error) {
            return Err(found);
        }
        let mut desired = Desired::default();
        let (Some(name), false) = (config.name.known(), config.force_destroy.is_unknown()) else {
            return Ok(Expansion { desired, addresses_known: false });
        };
        let spec = hosted_zone::Spec {
            name: name.clone(),
            comment: match &config.comment {
                Attr::Known(comment) => Input::Known(comment.clone()),
                Attr::Null => Input::Known(String::new()),
                Attr::Unknown => Input::Unknown,
            },
            force_destroy: config.force_destroy.known().copied().unwrap_or_default(),
            tags: tags::owned(name, &address(), context.default_tags, &config.tags),
        };
        let _: Handle<HostedZone> = desired.add(address(), Path::of("name"), &spec);
        Ok(Expansion { desired, addresses_known: true })
    }

    fn owner(&self, name: &str) -> String {
        name.to_owned()
    }

    fn kinds(&self) -> &'static [&'static str] {
        &[HostedZone::KIND]
    }

    fn settings(&self, config: &Value) -> Result<Settings, Diagnostics> {
        Config::read(config).map(|config| config.settings()).map_err(|error| vec![error])
    }

    fn replaced_by(&self, prior: &Value, config: &Value) -> Vec<Path> {
        super::changed(prior, config, "name")
    }

    fn state(&self, config: &Value, view: &View) -> Value {
        let Value::Map(mut all) = complete(config, &self.schema().ty()) else { return config.clone() };
        for (attribute, output) in [("id", "id"), ("arn", "arn"), ("name_servers", "name_servers")] {
            let value = match view.components.get(&address()) {
                Some(_) => view.output(&address(), output),
                None => Value::Unknown,
            };
            all.insert(attribute.to_owned(), value);
        }
        Value::Map(all)
    }

    fn imported(&self, name: &str, view: &View) -> Value {
        let spec = view.components.get(&address()).map(|seen| seen.spec.clone()).unwrap_or_default();
        let spec: Option<hosted_zone::Spec> = serde_json::from_value(spec).ok();
        let comment = spec.as_ref().map_or(Value::Null, |spec| known(&spec.comment));
        let tags = spec.map(|spec| tags::written(&spec.tags)).unwrap_or_default();
        let config = BTreeMap::from([
            ("name".to_owned(), text(name)),
            ("comment".to_owned(), comment),
            ("force_destroy".to_owned(), Value::Bool(false)),
            ("tags".to_owned(), map(tags.iter().map(|(key, value)| (key.clone(), text(value))))),
            ("timeouts".to_owned(), map([])),
        ]);
        self.state(&Value::Map(config), view)
    }
}

fn address() -> Address {
    Address::global(HostedZone::KIND)
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
            timeouts::attribute("How long each operation may take. Default: 30 minutes each."),
            Attribute::string("id", Mode::Computed, "The zone's id: what `multiregion_api` takes as `domain.zone_id`."),
            Attribute::string("arn", Mode::Computed, "The zone's ARN."),
            Attribute::list(
                "name_servers",
                Type::String,
                Mode::Computed,
                "The name servers that the zone above must delegate to.",
            ),
        ],
    }
}
