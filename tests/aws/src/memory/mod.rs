//! AWS in this process's memory: what ministack does, in microseconds, with snapshots of everything.
//!
//! It keeps objects and answers calls as AWS spells them. What AWS refuses or delays is the business of `rules`, which
//! stand in front of it as they stand in front of ministack.

mod cloudfront;
mod date;
mod iam;
mod ids;
mod route53;
mod shelf;
#[cfg(test)]
mod testing;
mod xml_out;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub(super) use ids::Ids;
pub(super) use shelf::Shelf;

use crate::message::{Answer, Refusal, Request, decode};
use crate::operation::Operation;
use crate::upstream::{Forward, Place};

/// When this AWS begins: 2026-01-01T00:00:00Z. Always then, so that two runs that do the same are the same.
const BEGINNING: Duration = Duration::from_secs(1_767_225_600);

/// All accounts and regions.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    state: Mutex<State>,
    /// Statuses that a region's functions answer with on purpose.
    answers: Mutex<BTreeMap<String, u16>>,
}

/// Everything that exists. Cloning it copies nothing: a service is copied when it next changes.
#[derive(Debug, Default, Clone)]
pub(crate) struct State {
    ids: Ids,
    cloudfront: Arc<cloudfront::CloudFront>,
    iam: Arc<iam::Iam>,
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

fn not_implemented(operation: &str) -> Refusal {
    Refusal::new(501, "NotImplemented", format!("The AWS in memory has no {operation}."))
}

impl Memory {
    /// Answers one API call. `now` is the time since the local AWS was started.
    pub(crate) fn answer(&self, call: Forward<'_>, now: Duration) -> Answer {
        let Forward { place, service, operation, request } = call;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { ids, cloudfront, iam, route53 } = &mut *state;
        let mut question = Question { place, operation, request, now: BEGINNING + now, ids };
        let question = &mut question;
        let answer = match service {
            "cloudfront" => Arc::make_mut(cloudfront).answer(question),
            "iam" => Arc::make_mut(iam).answer(question),
            "route53" => Arc::make_mut(route53).answer(question),
            _ => Err(not_implemented(&format!("{service}:{}", operation.name))),
        };
        answer.unwrap_or_else(|refusal| Answer::refusal(service, &refusal))
    }

    /// Everything as it is now.
    pub(crate) fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes everything as it was.
    pub(crate) fn set_state(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
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
        let _ = (place, api, path, request);
        Answer::refusal("apigateway", &not_implemented("Invoke"))
    }
}
