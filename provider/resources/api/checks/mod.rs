//! Everything that is wrong with a configuration by itself: nothing here asks AWS, and what is unknown is not wrong.
//!
//! A check of one attribute works on [`Config`]; a check of several together works on [`Shape`], which there is only when
//! all that it is made of is known.

mod cdn;
mod code;
mod function;
mod gateway;
mod package;
mod regions;
mod traffic;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

pub(super) use function::account;
pub(super) use package::package;
pub(super) use regions::partitions;

use super::config::{Config, Texts};
use super::shape::Shape;
use crate::resources::shared::tags::{self, Bearer};
use crate::resources::shared::timeouts;
use crate::schema::Attr;
use crate::wire::{Diagnostic, Diagnostics, Path};

/// What is wrong with `config`, whatever is in its package. `shape` is its shape, when it is known; `default_tags` are the
/// provider's.
pub(super) fn check(config: &Config, shape: Option<&Shape>, default_tags: &BTreeMap<String, String>) -> Diagnostics {
    let mut found = Found::default();
    name(config, &mut found);
    regions::check(config, shape, &mut found);
    function::check(config, shape, &mut found);
    gateway::check(config, shape, &mut found);
    traffic::check(config, shape, &mut found);
    cdn::check(config, shape, &mut found);
    let path = Path::of("on_create_failure");
    found.choice(&config.on_create_failure, &path, "Unsupported on_create_failure", &["rollback", "keep"]);
    let checked = shape.is_some_and(|shape| shape.health_check.is_some());
    let bearer = if checked { Bearer::HealthCheck } else { Bearer::Usual };
    found.0.extend(tags::check(&config.tags, default_tags, bearer, &Path::of("tags")));
    found.0.extend(timeouts::check(&config.timeouts));
    found.0
}

fn name(config: &Config, found: &mut Found) {
    let Some(name) = config.name.known() else { return };
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let valid = (1..=40).contains(&name.len())
        && name.chars().all(allowed)
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-');
    if !valid {
        let detail = format!(
            "{name:?} cannot be the name of an API. Lambda, IAM and API Gateway objects are called by it, so it is made of \
             lower case letters, digits and hyphens, begins with a letter, does not end with a hyphen, and has at most \
             40 characters."
        );
        found.error(Path::of("name"), "Invalid name", detail);
    }
}

/// The mistakes found so far.
#[derive(Debug, Default)]
struct Found(Diagnostics);

impl Found {
    /// Adds one.
    fn error(&mut self, path: Path, summary: &'static str, detail: impl Into<String>) {
        self.0.push(Diagnostic::error(path, summary, detail));
    }

    /// Adds one when a text is none of `choices`.
    fn choice(&mut self, attr: &Attr<String>, path: &Path, summary: &'static str, choices: &[&str]) {
        if let Some(text) = attr.known().filter(|text| !choices.contains(&text.as_str())) {
            self.error(
                path.clone(),
                summary,
                format!("{text:?} is not supported. Use one of: {}.", choices.join(", ")),
            );
        }
    }

    /// Adds one when a number of `what` is outside of `range`.
    fn range(&mut self, attr: &Attr<i64>, path: &Path, summary: &'static str, what: &str, range: RangeInclusive<i64>) {
        if let Some(number) = attr.known().filter(|number| !range.contains(number)) {
            let (least, most) = (range.start(), range.end());
            self.error(path.clone(), summary, format!("{number} is out of range: {what} is from {least} to {most}."));
        }
    }

    /// Adds one when a number is none of `allowed`.
    fn number_of(&mut self, attr: &Attr<i64>, path: &Path, summary: &'static str, allowed: &[i64]) {
        if let Some(number) = attr.known().filter(|number| !allowed.contains(number)) {
            let allowed = allowed.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
            self.error(path.clone(), summary, format!("{number} is not among what AWS takes: {allowed}."));
        }
    }
}

/// The known texts of a list with their paths. A null among them is an empty text: no check lets it pass.
fn each<'a>(texts: &'a Texts, path: &'a Path) -> impl Iterator<Item = (Path, &'a str)> {
    let texts = texts.known().into_iter().flatten().enumerate();
    texts.filter_map(|(index, text)| match text {
        Attr::Known(text) => Some((path.index(index), text.as_str())),
        Attr::Null => Some((path.index(index), "")),
        Attr::Unknown => None,
    })
}

/// The days that CloudWatch Logs can keep events for; 0 is for ever.
///
/// # Source
/// Amazon CloudWatch Logs API reference, `PutRetentionPolicy`.
const RETENTION_DAYS: [i64; 23] =
    [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];
