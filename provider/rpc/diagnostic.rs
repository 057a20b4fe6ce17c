//! Diagnostics and paths, as the protocol has them.

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
    protocol::Diagnostic {
        severity: severity.into(),
        summary: diagnostic.summary.to_owned(),
        detail: diagnostic.detail.clone(),
        attribute: (!diagnostic.path.segments().is_empty()).then(|| path(&diagnostic.path)),
    }
}

pub(super) fn path(path: &Path) -> AttributePath {
    let steps = path.segments().iter().map(|segment| {
        let selector = match segment {
            Segment::Attribute(name) => attribute_path::step::Selector::AttributeName(name.clone()),
            Segment::Key(key) => attribute_path::step::Selector::ElementKeyString(key.clone()),
            Segment::Index(index) => attribute_path::step::Selector::ElementKeyInt(*index),
        };
        attribute_path::Step { selector: Some(selector) }
    });
    AttributePath { steps: steps.collect() }
}
