//! Answers to calls of our own, parsed once, however many ask.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use http::HeaderValue;
use serde_json::Value;

use crate::message::Answer;
use crate::upstream::{Ask, Place};
use crate::xml::Element;

/// What AWS said to a call that only looks.
#[derive(Debug)]
pub(crate) struct Look {
    answer: Answer,
    xml: OnceLock<Arc<Element>>,
    json: OnceLock<Arc<Value>>,
}

impl Look {
    pub(crate) fn new(answer: Answer) -> Self {
        Self { answer, xml: OnceLock::new(), json: OnceLock::new() }
    }

    /// A header of the answer.
    pub(crate) fn header(&self, name: &str) -> Option<&HeaderValue> {
        self.answer.headers.get(name)
    }

    /// As XML; `None` when AWS has no such thing.
    pub(crate) fn xml(&self) -> Option<Arc<Element>> {
        let parsed = || Arc::clone(self.xml.get_or_init(|| Arc::new(self.answer.as_xml())));
        self.answer.status.is_success().then(parsed)
    }

    /// As JSON; `None` when AWS has no such thing.
    pub(crate) fn json(&self) -> Option<Arc<Value>> {
        let parsed = || Arc::clone(self.json.get_or_init(|| Arc::new(self.answer.as_json())));
        self.answer.status.is_success().then(parsed)
    }
}

/// All looks since something last changed.
#[derive(Debug, Default)]
pub(crate) struct Looks(HashMap<String, Arc<Look>>);

impl Looks {
    /// What was said to this, or what `ask` says now.
    pub(crate) fn once(
        &mut self,
        place: &Place,
        service: &str,
        what: Ask<'_>,
        ask: impl FnOnce() -> Answer,
    ) -> Arc<Look> {
        let question = format!("{} {} {service} {what:?}", place.account, place.region);
        Arc::clone(self.0.entry(question).or_insert_with(|| Arc::new(Look::new(ask()))))
    }

    /// Something has changed.
    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }
}
