//! AWS in this process's memory: what ministack does, in microseconds, with snapshots of everything.
//!
//! It keeps objects and answers calls as AWS spells them. What AWS refuses or delays is the business of `rules`, which
//! stand in front of it as they stand in front of ministack.

mod acm;
mod apigateway;
mod cloudfront;
mod data_plane;
mod date;
mod iam;
mod ids;
mod lambda;
mod logs;
mod past;
mod route53;
mod shelf;
mod sts;
#[cfg(test)]
mod testing;
mod xml_out;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
pub(super) use ids::Ids;
use serde_json::{Map, Value};
pub(super) use shelf::Shelf;

use crate::calls::is_read;
use crate::eventual::may_lie;
use crate::look::{Look, Looks};
use crate::message::{Answer, Refusal, Request, decode};
use crate::operation::{Operation, recognise};
use crate::upstream::{Ask, Forward, Place};

/// What a call comes to.
type Outcome = Result<Answer, Refusal>;

/// When this AWS begins: 2026-01-01T00:00:00Z. Always then, so that two runs that do the same are the same.
const BEGINNING: Duration = Duration::from_secs(1_767_225_600);

/// All accounts and regions.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    present: Mutex<Present>,
    /// Statuses that a region's functions answer with on purpose.
    answers: Mutex<BTreeMap<String, u16>>,
}

/// What is.
#[derive(Debug, Default)]
struct Present {
    state: State,
    /// What was seen of it.
    looks: Looks,
}

/// Everything that exists. Cloning it copies nothing: a service is copied when it next changes.
#[derive(Debug, Default, Clone)]
pub(crate) struct State {
    ids: Ids,
    services: Services,
    past: Arc<past::Past>,
}

/// Every service with all that it keeps.
#[derive(Debug, Default, Clone)]
struct Services {
    acm: Arc<acm::Acm>,
    apigateway: Arc<apigateway::ApiGateway>,
    cloudfront: Arc<cloudfront::CloudFront>,
    iam: Arc<iam::Iam>,
    lambda: Arc<lambda::Lambda>,
    logs: Arc<logs::Logs>,
    route53: Arc<route53::Route53>,
}

/// One API call, as a service sees it.
#[derive(Debug)]
pub(super) struct Question<'a> {
    /// The account and the region that are asked; `us-east-1` for global services.
    pub(super) place: &'a Place,
    /// What is asked for, with the names in its path.
    pub(super) operation: &'a Operation,
    /// The whole request.
    pub(super) request: &'a Request,
    /// AWS's clock: the time since 1970-01-01T00:00:00Z.
    pub(super) now: Duration,
    /// Where new ids come from.
    pub(super) ids: &'a mut Ids,
}

impl Question<'_> {
    /// The nth name in the path; empty when there is none.
    pub(super) fn name(&self, n: usize) -> &str {
        self.operation.path.get(n).map_or("", String::as_str)
    }

    /// A parameter of the query.
    pub(super) fn query(&self, name: &str) -> Option<String> {
        self.queries(name).into_iter().next()
    }

    /// All values of a parameter of the query.
    pub(super) fn queries(&self, name: &str) -> Vec<String> {
        let pairs = self.request.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).map(|(_, value)| decode(value)).collect()
    }

    /// Now, as `2026-01-01T00:00:00Z`.
    pub(super) fn date(&self) -> String {
        date::date(self.now)
    }

    /// What is answered to an operation that the memory does not know: no emulator should guess.
    pub(super) fn not_implemented(&self) -> Refusal {
        not_implemented(&self.operation.name)
    }
}

/// An answer in JSON.
fn json(status: u16, body: &Value) -> Outcome {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    Ok(Answer::json(status, body))
}

/// An answer without a body.
fn no_content() -> Outcome {
    Ok(Answer { status: StatusCode::NO_CONTENT, headers: HeaderMap::new(), body: Bytes::new() })
}

/// The page of `items` that begins at number `start`, counted from 0, and where the next one begins.
fn page<T>(items: Vec<T>, start: usize, limit: usize) -> (Vec<T>, Option<usize>) {
    let end = start.saturating_add(limit);
    let next = (end < items.len()).then_some(end);
    (items.into_iter().skip(start).take(limit).collect(), next)
}

/// Takes over from `body` the fields that are in it.
fn take_over(object: &mut Map<String, Value>, body: &Value, fields: &[&str]) {
    for field in fields {
        if let Some(value) = body.get(*field) {
            object.insert((*field).to_owned(), value.clone());
        }
    }
}

/// A field of `body`, or what AWS takes in its stead.
fn or(body: &Value, field: &str, default: impl Into<Value>) -> Value {
    body.get(field).filter(|value| !value.is_null()).cloned().unwrap_or_else(|| default.into())
}

/// A text of `body`; empty when it is none.
fn text<'a>(body: &'a Value, field: &str) -> &'a str {
    body[field].as_str().unwrap_or_default()
}

fn not_implemented(operation: &str) -> Refusal {
    Refusal::new(501, "NotImplemented", format!("The AWS in memory has no {operation}."))
}

impl Services {
    fn answer(&mut self, call: Forward<'_>, now: Duration, ids: &mut Ids) -> Answer {
        let Forward { place, service, operation, request, .. } = call;
        let mut question = Question { place, operation, request, now: BEGINNING + now, ids };
        let question = &mut question;
        let answer = match service {
            "acm" => Arc::make_mut(&mut self.acm).answer(question),
            "apigateway" => Arc::make_mut(&mut self.apigateway).answer(question),
            "cloudfront" => Arc::make_mut(&mut self.cloudfront).answer(question),
            "iam" => Arc::make_mut(&mut self.iam).answer(question),
            "lambda" => Arc::make_mut(&mut self.lambda).answer(question),
            "logs" => Arc::make_mut(&mut self.logs).answer(question),
            "route53" => Arc::make_mut(&mut self.route53).answer(question),
            "sts" => sts::answer(question),
            _ => Err(not_implemented(&format!("{service}:{}", operation.name))),
        };
        answer.unwrap_or_else(|refusal| Answer::refusal(service, &refusal))
    }
}

impl Memory {
    /// Answers one API call. `now` is the time since the local AWS was started.
    pub(crate) fn answer(&self, call: Forward<'_>, now: Duration) -> Answer {
        let mut present = self.present();
        let Present { state: State { ids, services, past }, looks } = &mut *present;
        if is_read(&call.operation.name) {
            let may_lie = may_lie(call.service, &call.operation.name);
            let eventual = call.consistency.filter(|_| may_lie);
            let mut old = eventual.and_then(|eventual| Arc::make_mut(past).choose(call, eventual, now));
            return old.as_mut().unwrap_or(services).answer(call, now, ids);
        }
        looks.forget();
        let before = services.clone();
        let answer = services.answer(call, now, ids);
        if let Some(eventual) = call.consistency.filter(|_| answer.status.is_success()) {
            Arc::make_mut(past).keep(call, eventual, now, before);
        }
        answer
    }

    /// Answers a call that only looks, and asks for what is.
    pub(crate) fn look(&self, place: &Place, service: &str, what: Ask<'_>) -> Arc<Look> {
        let mut present = self.present();
        let Present { state: State { ids, services, .. }, looks } = &mut *present;
        looks.once(place, service, what, || {
            let request = what.request(place, service);
            let operation = recognise(service, &request);
            let call = Forward { place, service, operation: &operation, request: &request, consistency: None };
            // Who only looks needs no clock.
            services.answer(call, Duration::ZERO, ids)
        })
    }

    /// Everything as it is now.
    pub(crate) fn state(&self) -> State {
        self.present().state.clone()
    }

    /// Makes everything as it was.
    pub(crate) fn set_state(&self, state: State) {
        *self.present() = Present { state, looks: Looks::default() };
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the functions of a region answer with this status.
    pub(crate) fn set_answer(&self, region: &str, status: Option<u16>) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        match status {
            Some(status) => answers.insert(region.to_owned(), status),
            None => answers.remove(region),
        };
    }

    /// Calls an API as its users do.
    pub(crate) fn invoke(&self, place: &Place, api: &str, path: &str, request: &Request) -> Answer {
        let forced = self.answers.lock().unwrap_or_else(PoisonError::into_inner).get(&place.region).copied();
        let state = self.state();
        let Services { apigateway, lambda, .. } = &state.services;
        data_plane::answer(apigateway, lambda, data_plane::Asked { place, api, path, request, forced })
    }
}
