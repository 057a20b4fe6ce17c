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
    /// The number of invalidations before it.
    order: usize,
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
        let order = self.0.all(place).count();
        let invalidation = Invalidation { id: id.clone(), order, created: call.date(), batch };
        let response = invalidation.response(StatusCode::CREATED);
        self.0.put(place, &key(call.name(0), &id), invalidation);
        Ok(response)
    }

    /// The invalidations of a distribution, the newest first.
    pub(super) fn list(&self, place: &Place, call: &ApiCall<'_>) -> Response {
        let prefix = key(call.name(0), "");
        let mut all: Vec<&Invalidation> =
            self.0.all(place).filter(|(key, _)| key.starts_with(&prefix)).map(|(_, found)| found).collect();
        all.sort_by_key(|invalidation| std::cmp::Reverse(invalidation.order));
        let summary = |invalidation: &&Invalidation| {
            let children = vec![
                text("Id", &invalidation.id),
                text("CreateTime", &invalidation.created),
                text("Status", "Completed"),
            ];
            node("InvalidationSummary", children)
        };
        let mut children = vec![
            text("Marker", ""),
            text("MaxItems", "100"),
            text("IsTruncated", "false"),
            text("Quantity", all.len().to_string()),
        ];
        if !all.is_empty() {
            children.push(node("Items", all.iter().map(summary).collect()));
        }
        message(StatusCode::OK, NAMESPACE, node("InvalidationList", children))
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
