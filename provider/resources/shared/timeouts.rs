//! The `timeouts` of a resource: how long create, update and delete may take.

use std::time::Duration;

use crate::schema::{Attr, Attribute, Decode, Mode, Object};
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

/// `timeouts` as a configuration holds them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Timeouts {
    create: Attr<String>,
    update: Attr<String>,
    delete: Attr<String>,
}

/// How long each operation may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// A create.
    pub(crate) create: Duration,
    /// An update.
    pub(crate) update: Duration,
    /// A delete.
    pub(crate) delete: Duration,
}

impl Decode for Timeouts {
    fn decode(value: &Value, path: &Path) -> Result<Self, Diagnostic> {
        let object = Object::of(value, path)?;
        Ok(Self { create: object.get("create")?, update: object.get("update")?, delete: object.get("delete")? })
    }
}

/// The attribute `timeouts`.
pub(crate) fn attribute(description: &'static str) -> Attribute {
    let duration = |name, description| Attribute::string(name, Mode::Optional, description);
    Attribute::object(
        "timeouts",
        Mode::OptionalComputed,
        description,
        vec![
            duration("create", "How long a create may take: `\"90m\"`, `\"1h30m\"`."),
            duration("update", "How long an update may take: `\"90m\"`, `\"1h30m\"`."),
            duration("delete", "How long a delete may take: `\"90m\"`, `\"1h30m\"`."),
        ],
    )
}

/// What is wrong with them.
pub(crate) fn check(timeouts: &Attr<Timeouts>) -> Diagnostics {
    let Some(timeouts) = timeouts.known() else { return Vec::new() };
    let all = [("create", &timeouts.create), ("update", &timeouts.update), ("delete", &timeouts.delete)];
    all.into_iter()
        .filter(|(_, text)| text.known().is_some_and(|text| parse(text).is_none()))
        .map(|(name, _)| {
            let detail = "A duration is a sequence of whole numbers, each with its unit h, m or s, and longer than \
                          nothing: \"45m\", \"1h30m\", \"90s\".";
            Diagnostic::error(Path::of("timeouts").attribute(name), "Invalid duration", detail)
        })
        .collect()
}

/// What was set, or `default` where nothing was, or where it is not known yet.
pub(crate) fn limits(timeouts: &Attr<Timeouts>, default: Limits) -> Limits {
    let Some(timeouts) = timeouts.known() else { return default };
    let or = |text: &Attr<String>, default| text.known().and_then(|text| parse(text)).unwrap_or(default);
    Limits {
        create: or(&timeouts.create, default.create),
        update: or(&timeouts.update, default.update),
        delete: or(&timeouts.delete, default.delete),
    }
}

/// How long an update may take; `None` while that is not known.
pub(crate) fn update(timeouts: &Attr<Timeouts>, default: Limits) -> Option<Duration> {
    let is_known = !timeouts.is_unknown() && timeouts.known().is_none_or(|timeouts| !timeouts.update.is_unknown());
    is_known.then(|| limits(timeouts, default).update)
}

/// The duration that a text such as `1h30m` stands for; `None` when it is none, or no time at all.
fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut seconds: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let unit = match tail.chars().next()? {
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        seconds = seconds.checked_add(number.parse::<u64>().ok()?.checked_mul(unit)?)?;
        rest = tail.get(1..)?;
    }
    // A year is longer than any deadline, and stays clear of overflows in sums with points in time.
    (1..=31_536_000).contains(&seconds).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, seconds) in [("30m", Some(1800)), ("1h30m", Some(5400)), ("90s", Some(90))] {
            assert_eq!(parse(text), seconds.map(Duration::from_secs), "{text:?}");
        }
        for text in ["", "30", "m", "0s", "1.5h", "-1m", "1d", "1mé", "99999999999999999999h"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
