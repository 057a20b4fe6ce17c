//! Events that API Gateway sends to a function.
//!
//! # Source
//! Amazon API Gateway developer guide, "Create AWS Lambda proxy integrations for HTTP APIs" (both payload formats), and
//! "Lambda proxy integrations in API Gateway".

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use time::OffsetDateTime;
use time::macros::format_description;

use super::{FORMAT_1, Request};
use crate::aws::Regional;

/// The user agent of a check, as that of a probe.
const USER_AGENT: &str = concat!("multiregion/", env!("CARGO_PKG_VERSION"));

/// An id for the parts of an event that name an API: the version is invoked without one.
const API_ID: &str = "versioncheck";

/// A client's address that is reserved for documentation (RFC 5737).
const SOURCE_IP: &str = "192.0.2.1";

/// The event of `request` in the format that the API sends.
pub(super) fn event(aws: &Regional, request: &Request) -> Json {
    let host = format!("{API_ID}.execute-api.{}.amazonaws.com", aws.region());
    let at = Context { account: aws.account_id(), host: &host, seconds: aws.unix_seconds() };
    if request.format == FORMAT_1 { format_1(&at, request) } else { format_2(&at, request) }
}

/// The surroundings of an event.
struct Context<'a> {
    account: &'a str,
    host: &'a str,
    /// The time in seconds since 1970.
    seconds: u64,
}

impl Context<'_> {
    /// The time of the request in the form of an access log.
    fn time(&self) -> String {
        let form = format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");
        let seconds = i64::try_from(self.seconds).unwrap_or_default();
        let time = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        time.format(form).unwrap_or_default()
    }

    fn milliseconds(&self) -> u64 {
        self.seconds.saturating_mul(1000)
    }

    fn headers(&self) -> BTreeMap<&str, &str> {
        BTreeMap::from([
            ("accept", "*/*"),
            ("host", self.host),
            ("user-agent", USER_AGENT),
            ("x-forwarded-for", SOURCE_IP),
            ("x-forwarded-port", "443"),
            ("x-forwarded-proto", "https"),
        ])
    }
}

fn format_2(at: &Context<'_>, request: &Request) -> Json {
    let (path, query) = path_and_query(request);
    let mut event = json!({
        "version": "2.0",
        "routeKey": request.route,
        "rawPath": path,
        "rawQueryString": query,
        "headers": at.headers(),
        "requestContext": {
            "accountId": at.account,
            "apiId": API_ID,
            "domainName": at.host,
            "domainPrefix": API_ID,
            "http": {
                "method": "GET",
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": SOURCE_IP,
                "userAgent": USER_AGENT,
            },
            "requestId": API_ID,
            "routeKey": request.route,
            "stage": "$default",
            "time": at.time(),
            "timeEpoch": at.milliseconds(),
        },
        "isBase64Encoded": false,
    });
    let given = [("queryStringParameters", parameters(query)), ("pathParameters", path_parameters(request, path))];
    if let Some(event) = event.as_object_mut() {
        let given = given.into_iter().filter(|(_, parameters)| !parameters.is_empty());
        event.extend(given.map(|(field, parameters)| (field.to_owned(), parameters.into())));
    }
    event
}

fn format_1(at: &Context<'_>, request: &Request) -> Json {
    let (path, query) = path_and_query(request);
    let resource = request.route.split_once(' ').map_or("$default", |(_, resource)| resource);
    let each = |values: &Map<String, Json>| -> Json {
        values.iter().map(|(name, value)| (name.clone(), json!([value]))).collect::<Map<_, _>>().into()
    };
    let query = parameters(query);
    let headers: Map<String, Json> =
        at.headers().into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    json!({
        "version": "1.0",
        "resource": resource,
        "path": path,
        "httpMethod": "GET",
        "multiValueHeaders": each(&headers),
        "headers": headers,
        "multiValueQueryStringParameters": none_if_empty(each(&query)),
        "queryStringParameters": none_if_empty(query.into()),
        "pathParameters": none_if_empty(path_parameters(request, path).into()),
        "stageVariables": null,
        "requestContext": {
            "accountId": at.account,
            "apiId": API_ID,
            "domainName": at.host,
            "domainPrefix": API_ID,
            "extendedRequestId": API_ID,
            "httpMethod": "GET",
            "identity": { "sourceIp": SOURCE_IP, "userAgent": USER_AGENT },
            "path": path,
            "protocol": "HTTP/1.1",
            "requestId": API_ID,
            "requestTime": at.time(),
            "requestTimeEpoch": at.milliseconds(),
            "resourceId": null,
            "resourcePath": resource,
            "stage": "$default",
        },
        "body": null,
        "isBase64Encoded": false,
    })
}

fn none_if_empty(object: Json) -> Json {
    if object.as_object().is_some_and(Map::is_empty) { Json::Null } else { object }
}

fn path_and_query(request: &Request) -> (&str, &str) {
    let path = request.path.get();
    path.split_once('?').unwrap_or((path, ""))
}

/// The parameters of a query.
fn parameters(query: &str) -> Map<String, Json> {
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(k, v)| (decoded(k), decoded(v).into())).collect()
}

/// The path parameters of the route that `path` matches.
fn path_parameters(request: &Request, path: &str) -> Map<String, Json> {
    let mut rest = path;
    let mut found = Map::new();
    let route = request.route.split_once(' ').map_or("", |(_, route)| route);
    for segment in route.split('/') {
        let (own, after) = rest.split_once('/').unwrap_or((rest, ""));
        if let Some(name) = segment.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')) {
            let (name, value) = name.strip_suffix('+').map_or((name, own), |name| (name, rest));
            found.insert(name.to_owned(), value.into());
        }
        rest = after;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::components::execute_api::expected::Expected;

    const AT: Context<'_> = Context { account: "123456789012", host: "h", seconds: 1_583_348_638 };

    fn request(path: &str, route: &str) -> Request {
        let (path, route, format) = (path.into(), route.to_owned(), "2.0".to_owned());
        Request { path, route, format, authenticated: false, expected: Expected::default() }
    }

    #[test]
    fn an_event_of_format_2_has_the_fields_of_api_gateway() {
        let event = format_2(&AT, &request("/items/7?deep=a%20b&x", "GET /items/{id}"));
        assert_eq!(event["rawPath"], "/items/7");
        assert_eq!(event["rawQueryString"], "deep=a%20b&x");
        assert_eq!(event["queryStringParameters"], json!({ "deep": "a b", "x": "" }));
        assert_eq!(event["pathParameters"], json!({ "id": "7" }));
        assert_eq!(event["requestContext"]["http"]["method"], "GET");
        assert_eq!(event["requestContext"]["time"], "04/Mar/2020:19:03:58 +0000");
        assert_eq!(format_2(&AT, &request("/", "$default")).get("pathParameters"), None);
    }

    #[test]
    fn an_event_of_format_1_has_the_fields_of_api_gateway() {
        let event = format_1(&AT, &request("/files/a/b?x=1", "ANY /files/{path+}"));
        assert_eq!((&event["path"], &event["resource"]), (&json!("/files/a/b"), &json!("/files/{path+}")));
        assert_eq!(event["pathParameters"], json!({ "path": "a/b" }));
        assert_eq!(event["multiValueQueryStringParameters"], json!({ "x": ["1"] }));
        assert_eq!(event["multiValueHeaders"]["host"], json!(["h"]));
        let plain = format_1(&AT, &request("/", "$default"));
        assert_eq!((&plain["queryStringParameters"], &plain["pathParameters"]), (&Json::Null, &Json::Null));
    }
}
