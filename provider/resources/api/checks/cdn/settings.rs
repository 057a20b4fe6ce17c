//! Mistakes in the settings of the distribution as a whole.

use super::super::{Found, each};
use super::at;
use super::caching::is_header;
use crate::resources::api::config::{Cdn, ErrorResponse, GeoRestriction, Origin};
use crate::resources::shared::checks::arn_parts;
use crate::schema::Attr;
use crate::wire::Path;

/// The statuses for which CloudFront accepts a response of its own.
///
/// # Source
/// Amazon CloudFront API reference, `CustomErrorResponse`.
const ERRORS: [&str; 11] = ["400", "403", "404", "405", "414", "416", "500", "501", "502", "503", "504"];

/// Headers that CloudFront does not add to requests.
///
/// # Source
/// Amazon CloudFront Developer Guide, "Custom headers that CloudFront can't add to origin requests".
const NOT_ADDED: [&str; 22] = [
    "cache-control",
    "connection",
    "content-length",
    "cookie",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "max-forwards",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "request-range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// How many headers CloudFront adds to requests to an origin.
///
/// # Source
/// Amazon CloudFront quotas. A higher quota can be requested.
const MAX_HEADERS: usize = 30;

/// The longest comment, in characters.
///
/// # Source
/// Amazon CloudFront API reference, `DistributionConfig`.
const MAX_COMMENT: usize = 128;

/// Mistakes in the settings of the distribution as a whole.
pub(super) fn check(cdn: &Cdn, found: &mut Found) {
    web_acl(cdn, found);
    client_certificate(cdn, found);
    origin_headers(cdn, found);
    if let Some(geo) = cdn.geo_restriction().known() {
        geo_restriction(geo, found);
    }
    for (status, response) in cdn.error_responses().known().into_iter().flatten() {
        let path = at("error_responses").key(status);
        if !ERRORS.contains(&status.as_str()) {
            let detail = format!(
                "CloudFront has no response of its own for the status {status:?}. Use one of {}.",
                ERRORS.join(", ")
            );
            found.error(path, "Unsupported status", detail);
        } else if let Some(response) = response.known() {
            error_response(response, &path, found);
        }
    }
    if let Some(bucket) = cdn.logging().known().and_then(|logging| logging.bucket().ok())
        && !(bucket.contains(".s3.") && bucket.ends_with(".amazonaws.com"))
    {
        let detail = format!(
            "{bucket:?} is not the domain name of an S3 bucket, such as logs.s3.amazonaws.com: the attribute \
             bucket_domain_name of aws_s3_bucket."
        );
        found.error(at("logging").attribute("bucket"), "Invalid logging bucket", detail);
    }
    if let Ok(connection) = cdn.connection()
        && let (Ok(read), Some(completion)) =
            (connection.read_timeout_seconds(), connection.completion_timeout_seconds().known())
        && read > *completion
    {
        let detail = format!(
            "A complete response may take {completion} seconds, which is less than the {read} seconds that CloudFront waits \
             for each packet. Increase completion_timeout_seconds, or reduce read_timeout_seconds."
        );
        let path = at("connection").attribute("completion_timeout_seconds");
        found.error(path, "Completion timeout shorter than the read timeout", detail);
    }
    // The name of the API has at most 40 characters.
    if let Some(comment) = cdn.comment().known().filter(|comment| comment.chars().count() > MAX_COMMENT - 42) {
        let detail = format!(
            "The comment has {} characters, but with the name of the API before it, CloudFront accepts at most {}.",
            comment.chars().count(),
            MAX_COMMENT - 42
        );
        found.error(at("comment"), "Comment too long", detail);
    }
}

fn web_acl(cdn: &Cdn, found: &mut Found) {
    let Some(arn) = cdn.web_acl_arn().known() else { return };
    let path = at("web_acl_arn");
    // A web ACL of AWS WAF Classic has an id and no ARN.
    match arn_parts(arn) {
        Some([_, "wafv2", "us-east-1", _, resource]) if resource.starts_with("global/webacl/") => {}
        Some([_, "wafv2", region, _, resource]) if resource.contains("/webacl/") => {
            let detail = format!(
                "The web ACL has the scope REGIONAL, in {region}. A distribution needs a web ACL with the scope CLOUDFRONT, \
                 which is created in us-east-1 and whose ARN contains global/webacl."
            );
            found.error(path, "Web ACL with the wrong scope", detail);
        }
        _ => {
            let detail = format!(
                "{arn:?} is not the ARN of a web ACL, such as \
                 arn:aws:wafv2:us-east-1:123456789012:global/webacl/NAME/ID."
            );
            found.error(path, "Invalid web ACL ARN", detail);
        }
    }
}

/// Whether CloudFront can present the certificate.
///
/// # Source
/// Amazon CloudFront Developer Guide, "Enable origin mutual TLS for CloudFront distributions".
fn client_certificate(cdn: &Cdn, found: &mut Found) {
    let (path, arn) = (at("client_certificate_arn"), cdn.client_certificate_arn());
    if arn.known().is_some() && cdn.origin().is_ok_and(|origin| *origin == Origin::EdgeFunction) {
        let detail = "CloudFront presents no certificate to an origin for which it calls a Lambda@Edge function. Use another \
                      cdn.origin, or remove client_certificate_arn; with sign_requests = true, the function signs requests instead.";
        found.error(path, "Client certificate with an edge function", detail);
        return;
    }
    let Some(arn) = arn.known() else { return };
    match arn_parts(arn) {
        Some([_, "acm", "us-east-1", _, id]) if id.starts_with("certificate/") => {}
        Some([_, "acm", region, _, id]) if id.starts_with("certificate/") => {
            let detail = format!(
                "The certificate is in {region}, and CloudFront uses only certificates in us-east-1. Import the certificate \
                 into ACM in us-east-1."
            );
            found.error(path, "Client certificate in the wrong region", detail);
        }
        _ => {
            let detail = format!(
                "{arn:?} is not the ARN of an ACM certificate, such as arn:aws:acm:us-east-1:123456789012:certificate/ID."
            );
            found.error(path, "Invalid certificate ARN", detail);
        }
    }
}

fn origin_headers(cdn: &Cdn, found: &mut Found) {
    let Some(headers) = cdn.origin_headers().known() else { return };
    for (name, value) in headers {
        let path = at("origin_headers").key(name);
        let lower = name.to_lowercase();
        let reserved =
            NOT_ADDED.contains(&lower.as_str()) || lower.starts_with("x-amz-") || lower.starts_with("x-edge-");
        if reserved || !is_header(name) {
            let detail = format!(
                "CloudFront does not add the header {name:?} to requests. Use a name of your own, such as x-origin-verify."
            );
            found.error(path, "Invalid origin header", detail);
        } else if matches!(value, Attr::Known(value) if value.is_empty()) || value.is_null() {
            let detail = format!("The value of {name} is empty, and CloudFront rejects an empty header. Set a value.");
            found.error(path, "Empty origin header", detail);
        }
    }
    if headers.len() > MAX_HEADERS {
        let detail =
            format!("CloudFront adds at most {MAX_HEADERS} headers to a request, and there are {}.", headers.len());
        found.error(at("origin_headers"), "Too many origin headers", detail);
    }
}

fn geo_restriction(geo: &GeoRestriction, found: &mut Found) {
    let path = at("geo_restriction");
    if geo.allow().is_null() == geo.block().is_null() && !geo.allow().is_unknown() && !geo.block().is_unknown() {
        let detail = "A geographic restriction either allows or blocks countries. Set one of allow and block.";
        found.error(path, "Unclear geographic restriction", detail);
        return;
    }
    for (name, list) in [("allow", geo.allow()), ("block", geo.block())] {
        let Some(list) = list.known() else { continue };
        if list.is_empty() {
            let detail = format!("{name} lists no country. Add countries, or remove geo_restriction.");
            found.error(path.attribute(name), "No countries", detail);
        }
        for (path, country) in each(list, &path.attribute(name)) {
            if country.len() != 2 || !country.chars().all(|c| c.is_ascii_uppercase()) {
                let detail = format!("{country:?} is not a country code of ISO 3166-1 alpha-2, such as \"DE\".");
                found.error(path, "Invalid country code", detail);
            }
        }
    }
}

fn error_response(response: &ErrorResponse, path: &Path, found: &mut Found) {
    let (status, page) = (response.response_status(), response.page_path());
    let incomplete = [
        ("page_path", page.known().is_some(), status.is_null()),
        ("response_status", status.known().is_some(), page.is_null()),
    ];
    for (name, given, other) in incomplete {
        if given && other {
            let detail = "response_status and page_path belong together: clients receive the body of this path with this \
                          status. Set both, or remove both.";
            found.error(path.attribute(name), "Incomplete error response", detail);
        }
    }
    if let Some(page) = page.known().filter(|page| !page.starts_with('/') || page.contains(char::is_whitespace)) {
        let detail = format!("{page:?} is not a path. Start it with a slash, as in \"/errors/unavailable\".");
        found.error(path.attribute("page_path"), "Invalid page path", detail);
    }
    if let Some(status) =
        status.known().filter(|status| **status != 200 && !ERRORS.contains(&status.to_string().as_str()))
    {
        let detail =
            format!("CloudFront cannot respond with the status {status}. Use 200 or one of {}.", ERRORS.join(", "));
        found.error(path.attribute("response_status"), "Unsupported status", detail);
    }
    if status.is_null() && page.is_null() && response.cache_seconds().is_null() {
        let detail = "The error response changes nothing. Set cache_seconds, or response_status and page_path.";
        found.error(path.clone(), "Empty error response", detail);
    }
}
