//! CloudFront Functions for viewer requests, executed on Node.js in one process for each local AWS.
//!
//! Sources: AWS, Amazon CloudFront Developer Guide, "CloudFront Functions event structure", "Helper methods for origin
//! modification", "Helper methods for key value stores", "JavaScript runtime 2.0 features for CloudFront Functions",
//! "Restrictions on CloudFront Functions".

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use http::HeaderName;
use serde_json::{Map, Value, json};

use super::{COUNTRY, Edge, Policies, cookies, name_of, query_strings, set};
use crate::data_plane::{failure, header};
use crate::distribution::Behavior;
use crate::error::Error;
use crate::message::{Request, Response};
use crate::model::Client;
use crate::node::Process;

const RUNTIME: &str = include_str!("runtime.js");
/// The header that CloudFront adds for policies that select it.
const VIEWER_COUNTRY: &str = "cloudfront-viewer-country";

/// The Node.js process that executes functions, started when it is first needed.
#[derive(Debug, Default)]
pub struct FunctionRuntime(Mutex<Option<Process>>);

/// What a function is executed with.
#[derive(Debug, Clone)]
pub struct Invocation<'a> {
    /// The code of the function.
    pub code: &'a str,
    /// The keys and values of its key value store.
    pub keys: &'a BTreeMap<String, String>,
    /// The region of the edge location's regional cache.
    pub edge_region: &'a str,
    /// The event.
    pub event: Value,
}

/// What a function decides about a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The request that it returns, or a response in its place.
    pub value: Value,
    /// The ids of the origins that it chooses, in order; empty for the origin of the behavior.
    pub origins: Vec<String>,
    /// The statuses on which the request is repeated at the second origin.
    pub status_codes: Vec<u16>,
    /// The lines that it logs.
    pub logs: Vec<String>,
}

impl FunctionRuntime {
    /// Executes a function.
    ///
    /// # Errors
    /// The error that ends the function, or that of the process.
    pub fn run(&self, invocation: &Invocation<'_>) -> Result<Decision, String> {
        let message = json!({
            "code": invocation.code,
            "store": invocation.keys,
            "edgeLocation": { "name": "XXX", "region": invocation.edge_region, "serverIp": "192.0.2.1" },
            "event": invocation.event,
        });
        let mut process = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if process.is_none() {
            *process = Some(Process::start(RUNTIME).map_err(|error| error.to_string())?);
        }
        let exchange = |process: &mut Process| process.exchange(&message).map_err(|error| error.to_string());
        let answer = process.as_mut().map_or_else(|| Err("no process".to_owned()), exchange);
        if answer.is_err() {
            // The next function gets a new process.
            *process = None;
        }
        Decision::read(&answer?)
    }
}

impl Decision {
    fn read(answer: &Value) -> Result<Self, String> {
        if let Some(error) = answer["error"].as_str() {
            return Err(error.to_owned());
        }
        let texts = |value: &Value| -> Vec<String> {
            value.as_array().into_iter().flatten().filter_map(|text| Some(text.as_str()?.to_owned())).collect()
        };
        let codes = answer["origin"]["statusCodes"].as_array().into_iter().flatten();
        Ok(Self {
            value: answer["value"].clone(),
            origins: texts(&answer["origin"]["originIds"]),
            status_codes: codes.filter_map(|code| u16::try_from(code.as_u64()?).ok()).collect(),
            logs: texts(&answer["logs"]),
        })
    }
}

/// The regions of regional edge caches, by the region that a client is near.
fn edge_region(client: &Client) -> &'static str {
    let near = |prefix: &str| client.region.starts_with(prefix);
    match client.region.as_str() {
        "ap-northeast-1" | "ap-northeast-3" => "ap-northeast-1",
        "ap-northeast-2" => "ap-northeast-2",
        "ap-south-1" | "ap-south-2" => "ap-south-1",
        "ap-southeast-2" | "ap-southeast-4" | "ap-southeast-6" => "ap-southeast-2",
        "eu-west-1" => "eu-west-1",
        "eu-west-2" | "eu-west-3" => "eu-west-2",
        "us-west-1" | "us-west-2" | "ca-west-1" => "us-west-2",
        "us-east-2" => "us-east-2",
        _ if near("ap-") => "ap-southeast-1",
        _ if near("eu-") || near("il-") => "eu-central-1",
        _ if near("me-") => "me-central-1",
        _ if near("sa-") => "sa-east-1",
        _ => "us-east-1",
    }
}

impl Edge<'_> {
    /// Executes the behavior's function for viewer requests: changes the request and the target of the behavior, or returns
    /// the response.
    pub(super) async fn viewer_request(
        &mut self,
        behavior: &mut Behavior,
        request: &mut Request,
    ) -> Result<Option<Response>, Error> {
        let arn = behavior.viewer_request_function.clone();
        let Some((code, keys)) = self.proxy.upstream.memory().viewer_function(&self.place, &arn) else {
            return Ok(None);
        };
        let policies = self.policies(behavior).await?;
        let country = header(request, COUNTRY).map(str::to_owned);
        if let Some(country) = country.filter(|_| policies.select_country()) {
            set(&mut request.headers, HeaderName::from_static(VIEWER_COUNTRY), &country);
        }
        let client = Client::of(request);
        let address = client.address.map_or_else(|| "192.0.2.7".to_owned(), |address| address.to_string());
        let invocation =
            Invocation { code: &code, keys: &keys, edge_region: edge_region(&client), event: event(request, &address) };
        let failed = "The CloudFront function associated with the CloudFront distribution is invalid or could not run.";
        let Ok(decision) = self.proxy.viewer_functions.run(&invocation) else { return Ok(Some(failure(503, failed))) };
        if let Some(status) = decision.value["statusCode"].as_u64() {
            let body = decision.value["body"].as_str().unwrap_or_default();
            return Ok(Some(failure(u16::try_from(status).unwrap_or(503), body)));
        }
        apply(request, &decision.value);
        if !decision.origins.is_empty()
            && !self.distribution.redirect(behavior, &decision.origins, &decision.status_codes)
        {
            return Ok(Some(failure(503, failed)));
        }
        Ok(None)
    }
}

impl Policies {
    fn select_country(&self) -> bool {
        self.cache.key.headers.lists(VIEWER_COUNTRY) || self.request.headers.lists(VIEWER_COUNTRY)
    }
}

/// The event of a viewer request.
fn event(request: &Request, address: &str) -> Value {
    let pairs = |parts: Vec<String>| -> Map<String, Value> {
        let value = |part: &String| part.split_once('=').map_or("", |(_, value)| value).to_owned();
        parts.iter().map(|part| (name_of(part).to_owned(), json!({ "value": value(part) }))).collect()
    };
    let viewers = request.headers.iter().filter(|(name, _)| !name.as_str().starts_with("x-test-") && *name != "cookie");
    let headers: Map<String, Value> = viewers
        .map(|(name, value)| (name.to_string(), json!({ "value": value.to_str().unwrap_or_default() })))
        .collect();
    json!({
        "version": "1.0",
        "context": { "eventType": "viewer-request" },
        "viewer": { "ip": address },
        "request": {
            "method": request.method.as_str(),
            "uri": request.path,
            "querystring": pairs(query_strings(request)),
            "headers": headers,
            "cookies": pairs(cookies(request)),
        },
    })
}

/// Applies what a function changed of a request: path and headers. The method cannot be changed.
fn apply(request: &mut Request, changed: &Value) {
    if let Some(uri) = changed["uri"].as_str() {
        uri.clone_into(&mut request.path);
    }
    for (name, value) in changed["headers"].as_object().into_iter().flatten() {
        if let (Ok(name), Some(value)) = (HeaderName::try_from(name.as_str()), value["value"].as_str()) {
            set(&mut request.headers, name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(runtime: &FunctionRuntime, code: &str) -> Result<Decision, String> {
        let keys = BTreeMap::from([("a".to_owned(), "{\"b\":[1]}".to_owned())]);
        let event = event(&Request::for_test("GET", "/a?x=1", ""), "192.0.2.1");
        runtime.run(&Invocation { code, keys: &keys, edge_region: "us-east-1", event })
    }

    #[test]
    fn a_function_reads_its_store_and_chooses_origins() {
        let runtime = FunctionRuntime::default();
        let code = "import cf from 'cloudfront';\nasync function handler(event) {\n\
                    const value = await cf.kvs().get('a', { format: 'json' });\n\
                    console.log(value.b.length, await cf.kvs().exists('z'), cf.edgeLocation.region);\n\
                    cf.selectRequestOriginById('one'); return event.request; }";
        let decision = run(&runtime, code).unwrap();
        assert_eq!((decision.origins, decision.logs), (vec!["one".to_owned()], vec!["1 false us-east-1".to_owned()]));
        assert_eq!(decision.value["querystring"]["x"]["value"], "1");
        let group = "cf.createRequestOriginGroup({ originIds: [{ originId: 'a' }, { originId: 'b' }], \
                     failoverCriteria: { statusCodes: [502] } })";
        let code =
            format!("import cf from 'cloudfront';\nfunction handler(event) {{ {group}; return event.request; }}");
        let decision = run(&runtime, &code).unwrap();
        assert_eq!((decision.origins.len(), decision.status_codes), (2, vec![502]));
    }

    #[test]
    fn a_function_cannot_leave_its_runtime() {
        let runtime = FunctionRuntime::default();
        for (body, error) in [
            ("eval('1')", "EvalError"),
            ("new Function('1')", "EvalError"),
            ("setTimeout(function () {}, 1)", "ReferenceError"),
            ("fetch('http://example.com')", "ReferenceError"),
            ("process.exit()", "ReferenceError"),
            ("require('fs')", "only the module"),
            ("while (true) {}", "timed out"),
            ("cf.kvs()", "ReferenceError"),
        ] {
            let answer = run(&runtime, &format!("function handler(event) {{ {body}; return event.request; }}"));
            assert!(answer.as_ref().is_err_and(|text| text.contains(error)), "{body}: {answer:?}");
        }
    }
}
