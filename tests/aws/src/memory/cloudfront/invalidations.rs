//! Invalidations of cached responses.

use http::StatusCode;

use super::{NAMESPACE, Outcome};
use crate::memory::xml_response::{message, node, text};
use crate::memory::{ApiCall, Ids, Store};
use crate::message::{ApiError, Response};
use crate::upstream::Place;
use crate::xml::Element;

/// The invalidations of all distributions, by distribution and id.
#[derive(Debug, Default, Clone)]
pub(super) struct Invalidations(Store<Invalidation>);

#[derive(Debug, Clone)]
struct Invalidation {
    id: String,
    created: String,
    batch: Element,
}

impl Invalidations {
    /// Creates an invalidation of an existing distribution.
    pub(super) fn create(&mut self, place: &Place, call: &mut ApiCall<'_>) -> Outcome {
        let batch = call.request.xml();
        if batch.items_at(&["Paths", "Items"]).is_empty() || batch.text_at(&["CallerReference"]).is_empty() {
            return Err(ApiError::new(
                400,
                "InvalidArgument",
                "The parameters Paths and CallerReference are required.",
            ));
        }
        let id = call.ids.next("I", 13, Ids::UPPER);
        let batch = node("InvalidationBatch", batch.children);
        let invalidation = Invalidation { id: id.clone(), created: call.date(), batch };
        let response = invalidation.response(StatusCode::CREATED);
        self.0.put(place, &key(call.name(0), &id), invalidation);
        Ok(response)
    }

    /// One invalidation.
    pub(super) fn get(&self, place: &Place, call: &ApiCall<'_>) -> Outcome {
        let found = self.0.get(place, &key(call.name(0), call.name(1)));
        let missing = || ApiError::new(404, "NoSuchInvalidation", "The specified invalidation does not exist.");
        Ok(found.ok_or_else(missing)?.response(StatusCode::OK))
    }
}

impl Invalidation {
    /// The response with the invalidation. Its status is set by the rules.
    fn response(&self, status: StatusCode) -> Response {
        let children = vec![
            text("Id", &self.id),
            text("Status", "Completed"),
            text("CreateTime", &self.created),
            self.batch.clone(),
        ];
        message(status, NAMESPACE, node("Invalidation", children))
    }
}

fn key(distribution: &str, id: &str) -> String {
    format!("{distribution}/{id}")
}
