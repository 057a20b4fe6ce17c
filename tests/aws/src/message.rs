//! Requests and responses with their whole bodies.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;

use crate::cbor;
use crate::operation::{Protocol, protocol};
use crate::xml::Element;

/// A request with its whole body.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The HTTP method.
    pub(crate) method: Method,
    /// The path as sent, percent-encoded.
    pub(crate) path: String,
    /// The query as sent, without the question mark.
    pub(crate) query: String,
    /// Its headers.
    pub(crate) headers: HeaderMap,
    /// Its body.
    pub(crate) body: Bytes,
}

impl Request {
    /// The requested host, in lower case and without a port.
    pub(crate) fn host(&self) -> String {
        let host = self.headers.get(http::header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        host.rsplit_once(':')
            .filter(|(_, port)| port.parse::<u16>().is_ok())
            .map_or(host, |(name, _)| name)
            .to_lowercase()
    }

    /// A field of the form in the body.
    pub(crate) fn form(&self, name: &str) -> Option<String> {
        parameter(std::str::from_utf8(&self.body).ok()?, name)
    }

    /// The body as JSON, which may be encoded in CBOR; null when it is none.
    pub(crate) fn json(&self) -> Value {
        if self.headers.get(http::header::CONTENT_TYPE).is_some_and(|kind| kind == cbor::CONTENT_TYPE) {
            return cbor::decode(&self.body).unwrap_or_default();
        }
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as XML; an empty element when it is none.
    pub(crate) fn xml(&self) -> Element {
        Element::parse(&self.body).unwrap_or_default()
    }

    #[cfg(test)]
    pub(crate) fn for_test(method: &str, uri: &str, body: &'static str) -> Self {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        Self {
            method: method.parse().unwrap(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::from_static(body.as_bytes()),
        }
    }
}

fn parameter(form: &str, name: &str) -> Option<String> {
    form.split('&')
        .filter_map(|part| part.split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| decode(value))
}

/// Decodes percent-encoding, and `+` as a space.
pub(crate) fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match (first, tail) {
            (b'%', [high, low, ..]) => {
                std::str::from_utf8(&[*high, *low]).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok())
            }
            _ => None,
        };
        bytes.push(escaped.unwrap_or(if *first == b'+' { b' ' } else { *first }));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Percent-encodes everything but unreserved characters, so that `text` is one segment of a path or one value of a
/// query.
pub(crate) fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// A response with its whole body.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    /// The HTTP status.
    pub(crate) status: StatusCode,
    /// The headers, without the body's length.
    pub(crate) headers: HeaderMap,
    /// Its body.
    pub(crate) body: Bytes,
}

impl Response {
    /// A response in JSON.
    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string().into_bytes())
    }

    /// A response in CBOR.
    pub(crate) fn cbor(status: StatusCode, body: &Value) -> Self {
        let mut response = Self::new(status, cbor::CONTENT_TYPE, cbor::encode(body));
        let (name, version) = (HeaderName::from_static("smithy-protocol"), HeaderValue::from_static("rpc-v2-cbor"));
        response.headers.insert(name, version);
        response
    }

    /// A response in XML.
    pub(crate) fn xml(status: StatusCode, body: &Element) -> Self {
        Self::new(status, "text/xml", body.to_message())
    }

    /// A response with this content type.
    pub(crate) fn new(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self { status, headers, body: body.into() }
    }

    /// An error in the protocol of `service`.
    pub(crate) fn error(service: &str, error: &ApiError) -> Self {
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
        let (code, message) = (&error.code, &error.message);
        let mut response = match protocol(service) {
            protocol @ (Protocol::Json | Protocol::RestJson | Protocol::Cbor) => {
                let body = serde_json::json!({"__type": code, "message": message, "Message": message});
                let encode = if protocol == Protocol::Cbor { Self::cbor } else { Self::json };
                let mut response = encode(status, &body);
                if let Ok(value) = HeaderValue::from_str(code) {
                    response.headers.insert(HeaderName::from_static("x-amzn-errortype"), value);
                }
                response
            }
            Protocol::RestXml | Protocol::Query => {
                let kind = if status.is_server_error() { "Receiver" } else { "Sender" };
                let error = vec![
                    Element::with_text("Type", kind),
                    Element::with_text("Code", code.as_str()),
                    Element::with_text("Message", message.as_str()),
                ];
                let children =
                    vec![Element::with_children("Error", error), Element::with_text("RequestId", REQUEST_ID)];
                Self::xml(status, &Element::with_children("ErrorResponse", children))
            }
        };
        response.headers.insert(HeaderName::from_static("x-amzn-requestid"), HeaderValue::from_static(REQUEST_ID));
        response
    }

    /// The body as JSON; null when it is none.
    pub(crate) fn as_json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as XML; an empty element when it is none.
    pub(crate) fn as_xml(&self) -> Element {
        Element::parse(&self.body).unwrap_or_default()
    }

    /// AWS's error code, if this is an error response.
    pub(crate) fn error_code(&self) -> Option<String> {
        if self.status.as_u16() < 300 {
            return None;
        }
        let of_header = self.headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let of_json = || self.as_json().get("__type")?.as_str().map(str::to_owned);
        let of_xml = || Some(self.as_xml().text_at(&["Error", "Code"]).to_owned()).filter(|code| !code.is_empty());
        let code = of_header.or_else(of_json).or_else(of_xml)?;
        Some(code.rsplit('#').next().unwrap_or_default().split(':').next().unwrap_or_default().to_owned())
    }
}

/// The request id of the proxy's own responses, which distinguishes them from ministack's.
pub(crate) const REQUEST_ID: &str = "57a1c7ab-0000-4000-8000-000000000000";

/// An AWS error, independent of the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    /// The HTTP status.
    pub(crate) status: u16,
    /// AWS's error code.
    pub(crate) code: String,
    /// AWS's message.
    pub(crate) message: String,
}

impl ApiError {
    /// An error with this status, code and message.
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decode_reverses_encode() {
        for text in ["arn:aws:acm:us-east-1:1:certificate/a b", "$default", "*.ipgiraffe.com", "ü%"] {
            assert_eq!(decode(&encode(text)), text);
        }
        assert_eq!(decode("a+b%2"), "a b%2");
    }

    #[test]
    fn the_error_code_is_read_in_every_protocol() {
        let error = ApiError::new(400, "InvalidChangeBatch", "no");
        for service in ["acm", "lambda", "route53", "iam", "cloudwatch"] {
            assert_eq!(Response::error(service, &error).error_code().as_deref(), Some("InvalidChangeBatch"));
        }
        assert_eq!(Response::json(StatusCode::OK, &Value::Null).error_code(), None);
    }

    #[test]
    fn the_host_has_no_port() {
        let mut request = Request::for_test("GET", "/", "");
        request.headers.insert(http::header::HOST, "API.ipgiraffe.com:4566".parse().unwrap());
        assert_eq!(request.host(), "api.ipgiraffe.com");
    }
}
