//! The in-memory AWS: what ministack does, in microseconds, with snapshots of everything.
//!
//! It holds objects and responds as AWS does. What AWS rejects or delays is left to `rules`, which run in front of it
//! as they run in front of ministack.

mod acm;
mod apigateway;
mod cloudfront;
mod cloudwatch;
mod data_plane;
mod date;
mod history;
mod iam;
mod ids;
mod lambda;
mod logs;
mod route53;
mod store;
mod sts;
#[cfg(test)]
mod testing;
mod wafv2;
mod xml_response;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub(crate) use apigateway::rest::{Accepted, Call as RestCall, Integration, Limit, Protected, RestRequest, Served};
use bytes::Bytes;
pub(crate) use data_plane::{allows, function_arn_in, matches_wildcard, route_arn_suffix, route_of};
pub(crate) use date::date;
use http::{HeaderMap, StatusCode};
pub(super) use ids::Ids;
use serde_json::{Map, Value};
pub(super) use store::Store;

use crate::calls::is_read;
use crate::consistency::may_be_stale;
use crate::lookup::{LookupCache, LookupResponse};
use crate::message::{ApiError, Request, Response, decode};
use crate::operation::{Operation, identify};
use crate::upstream::{ForwardedCall, Lookup, Place};

/// The result of a call.
type Outcome = Result<Response, ApiError>;

/// The start of AWS's clock: 2026-01-01T00:00:00Z. Constant, so that identical runs have identical results.
const START: Duration = Duration::from_secs(1_767_225_600);

/// An AWS with all accounts and regions.
#[derive(Debug, Default)]
pub(crate) struct InMemoryAws {
    inner: Mutex<Inner>,
    /// Statuses that the functions of a region are made to respond with.
    forced_statuses: Mutex<BTreeMap<String, u16>>,
}

/// The current state, and what internal reads have returned from it.
#[derive(Debug, Default)]
struct Inner {
    state: State,
    /// The responses of internal reads since the last change.
    lookups: LookupCache,
}

/// Everything that exists. A clone shares all services; a service is copied when it next changes.
#[derive(Debug, Default, Clone)]
pub(crate) struct State {
    ids: Ids,
    services: Services,
    history: Arc<history::History>,
}

/// The state of every service.
#[derive(Debug, Default, Clone)]
struct Services {
    acm: Arc<acm::Acm>,
    apigateway: Arc<apigateway::ApiGateway>,
    cloudfront: Arc<cloudfront::CloudFront>,
    cloudwatch: Arc<cloudwatch::CloudWatch>,
    iam: Arc<iam::Iam>,
    lambda: Arc<lambda::Lambda>,
    logs: Arc<logs::Logs>,
    route53: Arc<route53::Route53>,
    wafv2: Arc<wafv2::Wafv2>,
}

/// An API call, as a service receives it.
#[derive(Debug)]
pub(super) struct ApiCall<'a> {
    /// The account and the region of the call; `us-east-1` for global services.
    pub(super) place: &'a Place,
    /// The operation, with the parameters of its path.
    pub(super) operation: &'a Operation,
    /// The whole request.
    pub(super) request: &'a Request,
    /// AWS's clock: the time since 1970-01-01T00:00:00Z.
    pub(super) now: Duration,
    /// The source of new ids.
    pub(super) ids: &'a mut Ids,
}

impl ApiCall<'_> {
    /// The nth parameter of the path; empty when there is none.
    pub(super) fn name(&self, n: usize) -> &str {
        self.operation.path.get(n).map_or("", String::as_str)
    }

    /// A query parameter.
    pub(super) fn query(&self, name: &str) -> Option<String> {
        self.queries(name).into_iter().next()
    }

    /// All values of a query parameter.
    pub(super) fn queries(&self, name: &str) -> Vec<String> {
        queries(self.request, name)
    }

    /// The current time as `2026-01-01T00:00:00Z`.
    pub(super) fn date(&self) -> String {
        date::date(self.now)
    }

    /// The error for an operation that the in-memory AWS does not implement: an emulator should not guess.
    pub(super) fn not_implemented(&self) -> ApiError {
        not_implemented(&self.operation.name)
    }
}

/// All values of a query parameter.
fn queries(request: &Request, name: &str) -> Vec<String> {
    let pairs = request.query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| decode(value)).collect()
}

/// A response in JSON.
fn json(status: u16, body: &Value) -> Outcome {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    Ok(Response::json(status, body))
}

/// A response without a body.
fn no_content() -> Outcome {
    Ok(Response { status: StatusCode::NO_CONTENT, headers: HeaderMap::new(), body: Bytes::new() })
}

/// The page of `items` that begins at index `start`, and the index of the next page.
fn page<T>(items: Vec<T>, start: usize, limit: usize) -> (Vec<T>, Option<usize>) {
    let end = start.saturating_add(limit);
    let next = (end < items.len()).then_some(end);
    (items.into_iter().skip(start).take(limit).collect(), next)
}

/// Copies those of the fields that `body` contains.
fn copy_fields(object: &mut Map<String, Value>, body: &Value, fields: &[&str]) {
    for field in fields {
        if let Some(value) = body.get(*field) {
            object.insert((*field).to_owned(), value.clone());
        }
    }
}

/// A field of `body`, or AWS's default.
fn field_or(body: &Value, field: &str, default: impl Into<Value>) -> Value {
    body.get(field).filter(|value| !value.is_null()).cloned().unwrap_or_else(|| default.into())
}

/// A string field of `body`; empty if it is not a string.
fn text<'a>(body: &'a Value, field: &str) -> &'a str {
    body[field].as_str().unwrap_or_default()
}

fn not_implemented(operation: &str) -> ApiError {
    ApiError::new(501, "NotImplemented", format!("The in-memory AWS does not implement {operation}."))
}

impl Services {
    fn handle(&mut self, call: ForwardedCall<'_>, now: Duration, ids: &mut Ids) -> Response {
        let ForwardedCall { place, service, operation, request, .. } = call;
        let mut call = ApiCall { place, operation, request, now: START + now, ids };
        let call = &mut call;
        let response = match service {
            "acm" => Arc::make_mut(&mut self.acm).handle(call),
            "apigateway" => Arc::make_mut(&mut self.apigateway).handle(call),
            "cloudfront" => Arc::make_mut(&mut self.cloudfront).handle(call),
            "cloudfront-keyvaluestore" => Arc::make_mut(&mut self.cloudfront).handle_keys(call),
            "cloudwatch" => Arc::make_mut(&mut self.cloudwatch).handle(call),
            "iam" => Arc::make_mut(&mut self.iam).handle(call),
            "lambda" => Arc::make_mut(&mut self.lambda).handle(call),
            "logs" => Arc::make_mut(&mut self.logs).handle(call),
            "route53" => Arc::make_mut(&mut self.route53).handle(call),
            "sts" => sts::handle(call),
            "wafv2" => Arc::make_mut(&mut self.wafv2).handle(call, &self.apigateway),
            _ => Err(not_implemented(&format!("{service}:{}", operation.name))),
        };
        response.unwrap_or_else(|error| Response::error(service, &error))
    }
}

impl InMemoryAws {
    /// Handles an API call. `now` is the time since the local AWS was started.
    pub(crate) fn handle(&self, call: ForwardedCall<'_>, now: Duration) -> Response {
        if (call.service, call.operation.name.as_str()) == ("lambda", "Invoke") {
            return self.invoke_function(&call);
        }
        let mut inner = self.lock();
        let Inner { state: State { ids, services, history }, lookups } = &mut *inner;
        if is_read(&call.operation.name) {
            let may_be_stale = may_be_stale(call.service, &call.operation.name);
            let consistency = call.consistency.filter(|_| may_be_stale);
            let mut old =
                consistency.and_then(|consistency| Arc::make_mut(history).stale_state(call, consistency, now));
            return old.as_mut().unwrap_or(services).handle(call, now, ids);
        }
        lookups.clear();
        let before = services.clone();
        let response = services.handle(call, now, ids);
        if let Some(consistency) = call.consistency.filter(|_| response.status.is_success()) {
            Arc::make_mut(history).record(call, consistency, now, before);
        }
        response
    }

    /// Answers an internal read from the current state.
    pub(crate) fn lookup(&self, place: &Place, service: &str, lookup: Lookup<'_>) -> Arc<LookupResponse> {
        let mut inner = self.lock();
        let Inner { state: State { ids, services, .. }, lookups } = &mut *inner;
        lookups.get_or_request(place, service, lookup, || {
            let request = lookup.request(place, service);
            let operation = identify(service, &request);
            let call = ForwardedCall { place, service, operation: &operation, request: &request, consistency: None };
            // Reads do not use the clock.
            services.handle(call, Duration::ZERO, ids)
        })
    }

    /// A copy of the state.
    pub(crate) fn state(&self) -> State {
        self.lock().state.clone()
    }

    /// Restores a state.
    pub(crate) fn set_state(&self, state: State) {
        *self.lock() = Inner { state, lookups: LookupCache::default() };
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the functions of a region respond with this status.
    pub(crate) fn set_function_status(&self, region: &str, status: Option<u16>) {
        let mut forced_statuses = self.forced_statuses.lock().unwrap_or_else(PoisonError::into_inner);
        match status {
            Some(status) => forced_statuses.insert(region.to_owned(), status),
            None => forced_statuses.remove(region),
        };
    }

    /// Decides about a client's request to a REST API.
    pub(crate) fn serve(&self, request: RestRequest<'_>) -> Served {
        self.state().services.apigateway.rest.serve(request)
    }

    /// Whether a REST API exists.
    pub(crate) fn has_rest_api(&self, place: &Place, id: &str) -> bool {
        self.lock().state.services.apigateway.rest.exists(place, id, None)
    }

    /// The code of a published CloudFront function, and the keys of its key value store.
    pub(crate) fn viewer_function(&self, place: &Place, arn: &str) -> Option<(String, BTreeMap<String, String>)> {
        self.lock().state.services.cloudfront.viewer_function(place, arn)
    }

    /// Calls a function.
    pub(crate) fn run_function(&self, place: &Place, name: &str, qualifier: &str, event: &Value) -> Response {
        let forced = self.forced_status(&place.region);
        let state = self.state();
        let path = event["rawPath"].as_str().unwrap_or_else(|| text(event, "path"));
        data_plane::run(&state.services.lambda, place, (name, qualifier), path, forced)
    }

    /// Calls a function that authorizes requests.
    pub(crate) fn authorize(&self, place: &Place, name: &str, qualifier: &str, event: &Value) -> Result<Value, Value> {
        data_plane::authorize(&self.state().services.lambda, place, (name, qualifier), event)
    }

    /// Calls a function by the API operation Invoke.
    fn invoke_function(&self, call: &ForwardedCall<'_>) -> Response {
        let name = call.operation.path.first().map_or("", String::as_str);
        let qualifier = queries(call.request, "Qualifier").into_iter().next().unwrap_or_default();
        let forced = self.forced_status(&call.place.region);
        let state = self.state();
        data_plane::invoked(&state.services.lambda, call.place, (name, &qualifier), &call.request.json(), forced)
    }

    /// The status that the functions of a region are made to respond with.
    fn forced_status(&self, region: &str) -> Option<u16> {
        self.forced_statuses.lock().unwrap_or_else(PoisonError::into_inner).get(region).copied()
    }

    /// Sends a client's request to an API.
    pub(crate) fn invoke(&self, place: &Place, api: &str, path: &str, request: &Request) -> Response {
        let forced = self.forced_status(&place.region);
        let state = self.state();
        let Services { apigateway, lambda, .. } = &state.services;
        data_plane::respond(apigateway, lambda, data_plane::ApiRequest { place, api, path, request, forced })
    }
}
