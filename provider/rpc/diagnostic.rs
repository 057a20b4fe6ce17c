//! Converts diagnostics and attribute paths to the protocol.

use super::protocol::{self, AttributePath, attribute_path};
use crate::wire::{Diagnostic, Path, Segment};

pub(super) fn to_protocol(diagnostics: &[Diagnostic]) -> Vec<protocol::Diagnostic> {
    diagnostics.iter().map(diagnostic).collect()
}

fn diagnostic(diagnostic: &Diagnostic) -> protocol::Diagnostic {
    let severity = if diagnostic.is_error() {
        protocol::diagnostic::Severity::Error
    } else {
        protocol::diagnostic::Severity::Warning
    };
    let shown = shown(&diagnostic.path);
    // The host shows the line of the attribute, but not the path.
    let is_deeper = diagnostic.path.segments().len() > shown.len();
    let at = if is_deeper { format!(" (At {}.)", diagnostic.path) } else { String::new() };
    protocol::Diagnostic {
        severity: severity.into(),
        summary: diagnostic.summary.to_owned(),
        detail: format!("{}{at}", diagnostic.detail),
        attribute: (!shown.is_empty()).then_some(AttributePath { steps: shown }),
    }
}

/// The part of a path that a host can resolve to a line: an attribute, and one key or index in its expression.
///
/// A host looks for deeper steps, and for an attribute of an attribute, in blocks. The schema has no blocks, so it would
/// show the first line of the resource. The name of a nested attribute is sent as the key of an object expression.
///
/// # Source
/// OpenTofu 1.12 and Terraform 1.11, `tfdiags`, `ElaborateFromConfigBody`.
fn shown(path: &Path) -> Vec<attribute_path::Step> {
    let first = path.segments().first().map(selector);
    let second = path.segments().get(1).and_then(|segment| match segment {
        Segment::Attribute(name) => Some(attribute_path::step::Selector::ElementKeyString(name.clone())),
        // The host crashes on an object with a key that it parses as a number or a boolean.
        Segment::Key(key) if is_literal(key) => None,
        other => Some(selector(other)),
    });
    first.into_iter().chain(second).map(|selector| attribute_path::Step { selector: Some(selector) }).collect()
}

fn is_literal(key: &str) -> bool {
    matches!(key, "true" | "false" | "null") || key.parse::<f64>().is_ok()
}

pub(super) fn path(path: &Path) -> AttributePath {
    let steps = path.segments().iter().map(|segment| attribute_path::Step { selector: Some(selector(segment)) });
    AttributePath { steps: steps.collect() }
}

fn selector(segment: &Segment) -> attribute_path::step::Selector {
    match segment {
        Segment::Attribute(name) => attribute_path::step::Selector::AttributeName(name.clone()),
        Segment::Key(key) => attribute_path::step::Selector::ElementKeyString(key.clone()),
        Segment::Index(index) => attribute_path::step::Selector::ElementKeyInt(*index),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(path: Path) -> (Vec<attribute_path::step::Selector>, String) {
        let sent = diagnostic(&Diagnostic::error(path, "Wrong", "It is wrong."));
        let steps = sent.attribute.map(|path| path.steps).unwrap_or_default();
        (steps.into_iter().filter_map(|step| step.selector).collect(), sent.detail)
    }

    #[test]
    fn a_host_receives_the_part_of_a_path_that_it_can_resolve() {
        use attribute_path::step::Selector::{AttributeName, ElementKeyInt, ElementKeyString};
        let name = |name: &str| AttributeName(name.to_owned());
        let key = |key: &str| ElementKeyString(key.to_owned());
        let domain = Path::of("domain");
        for (path, steps) in [
            (Path::root(), vec![]),
            (domain.clone(), vec![name("domain")]),
            (domain.attribute("name"), vec![name("domain"), key("name")]),
            (Path::of("regions").key("us-east-1"), vec![name("regions"), key("us-east-1")]),
            (Path::of("ids").index(1), vec![name("ids"), ElementKeyInt(1)]),
            (Path::of("tags").key("1e3"), vec![name("tags")]),
            (Path::of("tags").key("true"), vec![name("tags")]),
        ] {
            let whole = path.segments().len() == steps.len();
            let (sent, detail) = sent(path);
            assert_eq!((sent, detail == "It is wrong."), (steps, whole));
        }
    }

    #[test]
    fn the_detail_names_a_path_that_the_host_cannot_show() {
        let (steps, detail) = sent(Path::of("regions").key("us-east-1").attribute("weight"));
        assert_eq!((steps.len(), detail.as_str()), (2, "It is wrong. (At regions[\"us-east-1\"].weight.)"));
    }
}
