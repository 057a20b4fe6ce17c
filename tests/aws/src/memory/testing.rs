//! An in-memory AWS that unit tests call as an SDK does.

use std::sync::Arc;
use std::time::Duration;

use http::header::IF_MATCH;
use http::{HeaderMap, HeaderValue};

use super::InMemoryAws;
use crate::message::{Request, Response, encode};
use crate::operation::identify;
use crate::options::DEFAULT_ACCOUNT;
use crate::upstream::{ForwardedCall, Place};

/// A service in an account.
pub(super) struct Service {
    memory: Arc<InMemoryAws>,
    name: &'static str,
}

impl Service {
    pub(super) fn new(name: &'static str) -> Self {
        Self { memory: Arc::default(), name }
    }

    /// Another service of the same AWS.
    pub(super) fn of(&self, name: &'static str) -> Self {
        Self { memory: Arc::clone(&self.memory), name }
    }

    /// Sends a request such as `POST /2013-04-01/hostedzone` with this body.
    pub(super) fn send(&self, what: &str, body: &str) -> Response {
        self.send_if_match(what, body, None)
    }

    pub(super) fn send_if_match(&self, what: &str, body: &str, etag: Option<&str>) -> Response {
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
        let operation = identify(self.name, &request);
        let call = ForwardedCall {
            place: &place,
            service: self.name,
            operation: &operation,
            request: &request,
            consistency: None,
        };
        self.memory.handle(call, Duration::ZERO)
    }

    /// Sends a form with these fields.
    pub(super) fn form(&self, fields: &[(&str, &str)]) -> Response {
        let fields: Vec<String> = fields.iter().map(|(key, value)| format!("{key}={}", encode(value))).collect();
        self.send("POST /", &fields.join("&"))
    }
}

/// The code and the message of an error.
pub(super) fn error_of(response: &Response) -> (String, String) {
    let message = response.as_xml().text_at(&["Error", "Message"]).to_owned();
    (response.error_code().unwrap_or_default(), message)
}
