//! Why an API did not answer as expected, as far as its response shows it.

use serde_json::Value as Json;

use crate::aws::HttpAnswer;

/// The length to which the body of a response is cut in messages, in characters.
const QUOTED: usize = 200;

/// A description of a response: its status and, if it is text, the beginning of its body.
pub(super) fn described(answer: &HttpAnswer) -> String {
    let body: String = answer.body.chars().take(QUOTED).collect();
    let is_text = |c: char| !c.is_control() && c != char::REPLACEMENT_CHARACTER || matches!(c, '\n' | '\r' | '\t');
    match body.chars().all(is_text) {
        true => format!("status {} with {body:?}", answer.status),
        false => format!("status {} with a body that is not text", answer.status),
    }
}

/// The message of a response that API Gateway returned itself. Its body is an object with a message and nothing else.
///
/// # Source
/// Amazon API Gateway developer guide, "Gateway response types for API Gateway".
pub(super) fn gateway_message(answer: &HttpAnswer) -> Option<String> {
    let body: Json = serde_json::from_str(&answer.body).ok()?;
    let body = body.as_object().filter(|body| body.len() == 1)?;
    // Resource policies deny with `Message`, everything else with `message`.
    body.get("message").or_else(|| body.get("Message"))?.as_str().map(str::to_owned)
}

/// The likely cause of a response that is not the expected one; empty if the status is the whole message.
pub(super) fn cause(answer: &HttpAnswer) -> &'static str {
    let message = gateway_message(answer);
    let is = |text: &str| message.as_deref() == Some(text);
    let has = |text: &str| message.as_deref().is_some_and(|message| message.contains(text));
    match answer.status {
        401 => "the route requires authorization: an authorizer rejected the request, which has no credentials",
        403 if has("execute-api:Invoke") => {
            "a resource policy of the API or the policy of a VPC endpoint does not allow the request"
        }
        403 if is("Missing Authentication Token") => {
            "API Gateway returns this when no method of the REST API matches the path, or when the method requires a signature \
             with AWS credentials"
        }
        403 if has("not authorized to access this resource") => "an authorizer of the API denied the request",
        403 if is("Forbidden") => {
            "API Gateway returns this while a domain name is not mapped, when a web ACL of AWS WAF blocks the request, and when \
             the request has no API key"
        }
        404 if is("Not Found") => {
            "API Gateway returns this while its stage is being deployed, or when no route matches the path"
        }
        404 => "the function does not handle this path",
        429 => "the throttle of the API or of the account limits the requests",
        503 if message.is_some() => {
            "API Gateway returns this when the function does not answer in time, or when its concurrency is used up or 0; see \
             the function's log group"
        }
        504 => "the function did not answer within the timeout of the integration; see the function's log group",
        500.. if message.is_some() => {
            "API Gateway returns this when the function fails, returns no valid response, or does not allow API Gateway to \
             invoke it; see the function's log group"
        }
        500.. => "see the function's log group",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> HttpAnswer {
        HttpAnswer { status, body: body.to_owned() }
    }

    #[test]
    fn a_response_names_its_likely_cause() {
        let policy =
            r#"{"Message":"User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:x"}"#;
        for (status, body, part) in [
            (401, r#"{"message":"Unauthorized"}"#, "authorizer"),
            (403, r#"{"message":"Forbidden"}"#, "web ACL"),
            (403, r#"{"message":"Missing Authentication Token"}"#, "no method"),
            (403, r#"{"message":"User is not authorized to access this resource"}"#, "authorizer"),
            (403, policy, "VPC endpoint"),
            (404, r#"{"message":"Not Found"}"#, "no route"),
            (404, "<h1>no such giraffe</h1>", "does not handle"),
            (429, r#"{"message":"Too Many Requests"}"#, "throttle"),
            (500, r#"{"message":"Internal Server Error"}"#, "does not allow"),
            (502, r#"{"message":"Internal server error"}"#, "log group"),
            (503, r#"{"message":"Service Unavailable"}"#, "concurrency"),
            (504, r#"{"message":"Endpoint request timed out"}"#, "timeout"),
            (503, "down for maintenance", "log group"),
        ] {
            assert!(cause(&answer(status, body)).contains(part), "{status} {body}");
        }
        assert_eq!(cause(&answer(200, "fine")), "");
    }

    #[test]
    fn only_text_is_quoted() {
        assert_eq!(described(&answer(418, "short\nand stout")), r#"status 418 with "short\nand stout""#);
        assert_eq!(described(&answer(500, "\u{1f}\u{fffd}\u{8}")), "status 500 with a body that is not text");
        assert!(described(&answer(500, &"x".repeat(5_000))).len() < 250);
    }
}
