//! Accounts: enabled regions and valid access keys.

use http::StatusCode;
use serde_json::json;

use super::Context;
use crate::message::{ApiError, Response};

/// Regions that are enabled in every account.
const ENABLED_BY_DEFAULT: &[&str] = &[
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
];

/// Opt-in regions. The first is enabled; with [`crate::Options::all_regions`], all are.
const OPT_IN: &[&str] = &[
    "eu-south-1",
    "af-south-1",
    "ap-east-1",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ca-west-1",
    "eu-central-2",
    "eu-south-2",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
];

/// AWS's status of a region; `None` for an unknown region.
fn status(context: &Context<'_>, region: &str) -> Option<&'static str> {
    let opted_into = if context.proxy.options.all_regions { OPT_IN } else { OPT_IN.get(..1).unwrap_or_default() };
    if ENABLED_BY_DEFAULT.contains(&region) {
        Some("ENABLED_BY_DEFAULT")
    } else if opted_into.contains(&region) {
        Some("ENABLED")
    } else {
        OPT_IN.contains(&region).then_some("DISABLED")
    }
}

/// Rejects unknown access keys, and every call to a region that is not enabled.
pub(crate) fn rejection(context: &Context<'_>) -> Option<ApiError> {
    let known_region = matches!(status(context, &context.place.region), Some("ENABLED_BY_DEFAULT" | "ENABLED"));
    if known_region && !context.place.account.is_empty() {
        return None;
    }
    let code = match context.service.as_str() {
        "sts" | "iam" | "route53" | "cloudfront" => "InvalidClientTokenId",
        _ => "UnrecognizedClientException",
    };
    Some(ApiError::new(403, code, "The security token included in the request is invalid."))
}

/// Responds to the calls about regions; in ministack, all regions are enabled.
pub(crate) fn before(context: &Context<'_>) -> Option<Response> {
    let body = context.request.json();
    match context.operation.name.as_str() {
        "ListRegions" => {
            let requested = body.get("RegionOptStatusContains").and_then(|requested| requested.as_array()).cloned();
            let regions: Vec<_> = ENABLED_BY_DEFAULT
                .iter()
                .chain(OPT_IN)
                .filter_map(|region| Some((region, status(context, region)?)))
                .filter(|(_, status)| requested.as_ref().is_none_or(|requested| requested.contains(&json!(status))))
                .map(|(region, status)| json!({"RegionName": region, "RegionOptStatus": status}))
                .collect();
            Some(Response::json(StatusCode::OK, &json!({ "Regions": regions })))
        }
        "GetRegionOptStatus" => {
            let region = body.get("RegionName")?.as_str()?;
            let status = status(context, region)?;
            Some(Response::json(StatusCode::OK, &json!({"RegionName": region, "RegionOptStatus": status})))
        }
        _ => None,
    }
}
