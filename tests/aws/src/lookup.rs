//! Internal reads of the backend, each sent and parsed once until something changes.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use http::HeaderValue;
use serde_json::Value;

use crate::message::Response;
use crate::upstream::{Lookup, Place};
use crate::xml::Element;

/// The response to an internal read.
#[derive(Debug)]
pub(crate) struct LookupResponse {
    response: Response,
    xml: OnceLock<Arc<Element>>,
    json: OnceLock<Arc<Value>>,
}

impl LookupResponse {
    pub(crate) fn new(response: Response) -> Self {
        Self { response, xml: OnceLock::new(), json: OnceLock::new() }
    }

    /// A header of the response.
    pub(crate) fn header(&self, name: &str) -> Option<&HeaderValue> {
        self.response.headers.get(name)
    }

    /// The body as XML; `None` when the object does not exist.
    pub(crate) fn xml(&self) -> Option<Arc<Element>> {
        let parsed = || Arc::clone(self.xml.get_or_init(|| Arc::new(self.response.as_xml())));
        self.response.status.is_success().then(parsed)
    }

    /// The body as JSON; `None` when the object does not exist.
    pub(crate) fn json(&self) -> Option<Arc<Value>> {
        let parsed = || Arc::clone(self.json.get_or_init(|| Arc::new(self.response.as_json())));
        self.response.status.is_success().then(parsed)
    }
}

/// The responses since the last change.
#[derive(Debug, Default)]
pub(crate) struct LookupCache(HashMap<String, Arc<LookupResponse>>);

impl LookupCache {
    /// The cached response to `what`, or the result of `request`.
    pub(crate) fn get_or_request(
        &mut self,
        place: &Place,
        service: &str,
        lookup: Lookup<'_>,
        request: impl FnOnce() -> Response,
    ) -> Arc<LookupResponse> {
        let key = format!("{} {} {service} {lookup:?}", place.account, place.region);
        Arc::clone(self.0.entry(key).or_insert_with(|| Arc::new(LookupResponse::new(request()))))
    }

    /// Drops all responses, after a change.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
