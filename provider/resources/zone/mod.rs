//! `multiregion_zone`: a public hosted zone of Route 53.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::{Context, Expansion, Resource, Settings};
use crate::components::route53::hosted_zone::{self, HostedZone};
use crate::desired::{Address, AddressOf, Desired, Kind, OutputKey};
use crate::plan::View;
use crate::resources::shared::checks::refuse_errors;
use crate::resources::shared::dns;
use crate::resources::shared::inputs::{input, map};
use crate::resources::shared::owned::{self, Identity, Owned};
use crate::resources::shared::tags::{self, Bearer};
use crate::resources::shared::timeouts::timeouts;
use crate::resources::shared::values::{output, state};
use crate::schema::{Attr, Attributes, Decode, Schema, TextMap, Texts, attributes, outputs};
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

attributes! {
    /// The arguments of a zone.
    pub(super) struct Config {
        /// The domain name of the zone, without a dot at the end. Changing the name creates a new zone.
        name: String = required, example("\"example.com\"");
        /// The comment shown in the Route 53 console.
        comment: String = optional_computed, default("");
        /// Whether a destroy also deletes records that the provider does not manage. Otherwise, a zone that contains such
        /// records is not deleted.
        force_destroy: bool = optional_computed, default(false);
        /// Tags for the zone. They override the provider's `default_tags`.
        tags: TextMap = optional_computed, example("{ team = \"web\" }");
        timeouts: Timeouts = optional_computed, default(Timeouts::default());
    }
}

timeouts! {
    /// How long each operation may take.
    pub(super) struct Timeouts { create: 30 minutes, update: 30 minutes, delete: 30 minutes }
}

outputs! {
    /// The computed attributes of a zone.
    struct Outputs {
        /// Every tag of the zone: `tags`, the provider's `default_tags`, and the ownership tags.
        tags_all: TextMap;
        /// The id of the zone, for `domain.zone_id` of `multiregion_api`.
        id: String;
        /// The ARN of the zone.
        arn: String;
        /// The name servers to which the parent zone must delegate the name.
        name_servers: Texts;
    }
}

/// The resource type.
pub(super) struct Zone;

impl Resource for Zone {
    fn type_name(&self) -> &'static str {
        "multiregion_zone"
    }

    fn schema(&self) -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            Schema::new(
                "A public hosted zone of Route 53, for the names of `multiregion_api`. Import a zone by its name.\n\n\
                 Set `create_before_destroy = true` in the `lifecycle` block of a zone: then one apply can remove the zone \
                 together with the domain of the API that uses it.",
            )
            .with::<Config>()
            .with::<Outputs>()
            .with::<Identity>()
        });
        &SCHEMA
    }

    fn check(&self, config: &Value, default_tags: &BTreeMap<String, String>) -> Diagnostics {
        let config = Config::read(config);
        let mut found = tags::check(config.tags(), default_tags, Bearer::Zone, &Path::of("tags"));
        if let Some((name, mistake)) = config.name().ok().and_then(|name| Some((name, dns::mistake(name)?))) {
            let detail = format!("{name:?} cannot be the name of a hosted zone: {mistake}.");
            found.push(Diagnostic::error(Path::of("name"), "Invalid domain name", detail));
        }
        if let Some(length) = config.comment().ok().map(|text| text.chars().count()).filter(|length| *length > 256) {
            let detail =
                format!("The comment has {length} characters, but Route 53 accepts at most 256. Shorten the comment.");
            found.push(Diagnostic::error(Path::of("comment"), "Comment too long", detail));
        }
        found
    }

    fn expand(&self, config: &Value, context: &Context<'_>) -> Result<Expansion, Diagnostics> {
        refuse_errors(self.mistakes(config, context.default_tags))?;
        let config = Config::read(config);
        let mut desired = Desired::default();
        let (Ok(name), Ok(force_destroy)) = (config.name(), config.force_destroy()) else {
            return Ok(Expansion { desired, addresses_known: false, unread: Vec::new(), missing: Vec::new() });
        };
        let owned = Owned::new(self.owner(name), context, config.tags());
        // A zone has no components in a region.
        let claim = owned.claim(&mut desired, Vec::new());
        let (comment, tags) = (input(config.comment()), owned.tags(&address()));
        let spec = hosted_zone::Spec { name: name.clone(), comment, force_destroy, tags };
        desired.add(address(), Path::of("name"), &spec);
        Owned::complete(&mut desired, &claim, Vec::new());
        Ok(Expansion { desired, addresses_known: true, unread: Vec::new(), missing: Vec::new() })
    }

    fn kinds(&self) -> Vec<&'static str> {
        owned::kinds(&[HostedZone::KIND])
    }

    fn settings(&self, config: &Value) -> Settings {
        let config = Config::read(config);
        let owner = self.owner(config.name().map(String::as_str).unwrap_or_default());
        Settings::new(owner, config.timeouts().unwrap_or_default().limits())
    }

    fn state(&self, value: &Value, view: &View) -> Value {
        let config = Config::read(value);
        // Without a component there is no zone: it was not created, or is gone. A zone that is planned is in the view.
        let is_expandable = config.name().is_ok() && config.force_destroy().is_ok();
        let spec = spec(view);
        let tags_all = spec.as_ref().map_or(Attr::Null, |spec| tags::all(&spec.tags));
        let outputs = Outputs {
            tags_all: if is_expandable { tags_all } else { Attr::Unknown },
            id: zone_output(is_expandable, view, hosted_zone::ID),
            arn: zone_output(is_expandable, view, hosted_zone::ARN),
            name_servers: zone_output(is_expandable, view, hosted_zone::NAME_SERVERS),
        };
        let mut computed = outputs.values();
        computed.extend(Identity::of(view).values());
        if let Some(spec) = spec {
            let comment = match spec.comment.known() {
                Some(comment) if config.comment().as_ref() == Ok(comment) => config.comment.clone(),
                Some(comment) => Attr::from(Some(comment.clone()).filter(|comment| !comment.is_empty())),
                None => Attr::Unknown,
            };
            computed.insert("comment".to_owned(), comment.encode());
        }
        state(value, self.schema(), computed)
    }

    fn imported(&self, name: &str, view: &View) -> Value {
        let config = Config {
            name: Attr::Known(name.to_owned()),
            comment: Attr::Null,
            force_destroy: Attr::Known(false),
            tags: Attr::Known(map(spec(view).map(|spec| tags::written(&spec.tags)).unwrap_or_default())),
            timeouts: Attr::Known(Timeouts::default()),
        };
        self.state(&Value::Map(config.values()), view)
    }
}

fn address() -> AddressOf<HostedZone> {
    Address::global_of()
}

/// The zone as it is or will be; `None` while it is not known which zone there will be.
fn spec(view: &View) -> Option<hosted_zone::Spec> {
    view.spec(&address())
}

fn zone_output<O, T: Decode>(is_expandable: bool, view: &View, key: OutputKey<HostedZone, O>) -> Attr<T> {
    if is_expandable { output(view, &address(), key) } else { Attr::Unknown }
}
