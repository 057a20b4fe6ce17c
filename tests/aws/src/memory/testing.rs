//! A memory that unit tests ask as an SDK does.

use std::time::Duration;

use http::header::IF_MATCH;
use http::{HeaderMap, HeaderValue};

use super::Memory;
use crate::message::{Answer, Request, encode};
use crate::operation::recognise;
use crate::options::DEFAULT_ACCOUNT;
use crate::upstream::{Forward, Place};

/// One service of an account.
pub(super) struct Service {
    memory: Memory,
    name: &'static str,
}

impl Service {
    pub(super) fn new(name: &'static str) -> Self {
        Self { memory: Memory::default(), name }
    }

    /// `POST /2013-04-01/hostedzone` with this body.
    pub(super) fn ask(&self, what: &str, body: &str) -> Answer {
        self.ask_if_match(what, body, None)
    }

    pub(super) fn ask_if_match(&self, what: &str, body: &str, etag: Option<&str>) -> Answer {
        let (method, uri) = what.split_once(' ').unwrap();
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let mut headers = HeaderMap::new();
        headers.extend(etag.map(|etag| (IF_MATCH, HeaderValue::from_str(etag).unwrap())));
        let request = Request {
            method: method.parse().unwrap(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: body.to_owned().into(),
        };
        let place = Place { account: DEFAULT_ACCOUNT.to_owned(), region: "us-east-1".to_owned() };
        let operation = recognise(self.name, &request);
        let call =
            Forward { place: &place, service: self.name, operation: &operation, request: &request, consistency: None };
        self.memory.answer(call, Duration::ZERO)
    }

    /// A form with these fields.
    pub(super) fn form(&self, fields: &[(&str, &str)]) -> Answer {
        let fields: Vec<String> = fields.iter().map(|(key, value)| format!("{key}={}", encode(value))).collect();
        self.ask("POST /", &fields.join("&"))
    }
}

/// The code and the message of a refusal.
pub(super) fn refusal(answer: &Answer) -> (String, String) {
    let message = answer.as_xml().text_at(&["Error", "Message"]).to_owned();
    (answer.error_code().unwrap_or_default(), message)
}
