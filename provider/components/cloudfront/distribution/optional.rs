//! Settings that the provider manages only while they are desired: web ACL, logging, geographic restriction, error responses.
//! Pure.

use aws_sdk_cloudfront::types::{
    CustomErrorResponse, CustomErrorResponses, DistributionConfig, GeoRestriction as AwsGeoRestriction,
    GeoRestrictionType, LoggingConfig, Restrictions,
};

use super::config::count;
use super::{ErrorResponse, GeoRestriction, Logging, Replacement, Spec};
use crate::aws::CallError;
use crate::components::support::answer::build_part;
use crate::desired::Input;

/// Applies the desired settings, and resets those that `from` has and `spec` has not. Others stay.
pub(super) fn apply(held: &mut DistributionConfig, from: Option<&Spec>, spec: &Spec) -> Result<(), CallError> {
    if let Some(arn) = &spec.web_acl_arn {
        held.web_acl_id = Some(arn.get().clone());
    } else if from.is_some_and(|from| from.web_acl_arn.is_some()) {
        held.web_acl_id = Some(String::new());
    }
    if spec.logging.is_some() || from.is_some_and(|from| from.logging.is_some()) {
        held.logging = Some(logging(spec.logging.as_ref()));
    }
    if spec.geo_restriction.is_some() || from.is_some_and(|from| from.geo_restriction.is_some()) {
        held.restrictions = Some(restrictions(spec.geo_restriction.as_ref())?);
    }
    if !spec.error_responses.is_empty() || from.is_some_and(|from| !from.error_responses.is_empty()) {
        let items = spec.error_responses.iter().map(error_response).collect::<Result<Vec<_>, _>>()?;
        let all = CustomErrorResponses::builder().quantity(count(&items)?).set_items(Some(items));
        held.custom_error_responses = Some(build_part(all.build())?);
    }
    Ok(())
}

fn logging(wanted: Option<&Logging>) -> LoggingConfig {
    let text = |value: Option<&Input<String>>| value.map(|value| value.get().clone()).unwrap_or_default();
    let config = LoggingConfig::builder()
        .enabled(wanted.is_some())
        .include_cookies(wanted.is_some_and(|wanted| wanted.cookies))
        .bucket(text(wanted.map(|wanted| &wanted.bucket)))
        .prefix(text(wanted.map(|wanted| &wanted.prefix)));
    config.build()
}

fn restrictions(wanted: Option<&GeoRestriction>) -> Result<Restrictions, CallError> {
    let countries = wanted.map(|wanted| wanted.countries.clone()).unwrap_or_default();
    let kind = match wanted {
        Some(wanted) if wanted.allow => GeoRestrictionType::Whitelist,
        Some(_) => GeoRestrictionType::Blacklist,
        None => GeoRestrictionType::None,
    };
    let geo = AwsGeoRestriction::builder().restriction_type(kind).quantity(count(&countries)?);
    let geo = build_part(geo.set_items(Some(countries).filter(|countries| !countries.is_empty())).build())?;
    Ok(Restrictions::builder().geo_restriction(geo).build())
}

fn error_response(wanted: &ErrorResponse) -> Result<CustomErrorResponse, CallError> {
    let mut response =
        CustomErrorResponse::builder().error_code(wanted.status).set_error_caching_min_ttl(wanted.cache_seconds);
    if let Some(replacement) = &wanted.replacement {
        response = response.response_code(replacement.status.to_string()).response_page_path(&replacement.path);
    }
    build_part(response.build())
}

/// The web ACL that AWS reports, if it is managed.
pub(super) fn web_acl(config: &DistributionConfig, ours: Option<&Spec>) -> Option<Input<String>> {
    let held = config.web_acl_id.clone().filter(|id| !id.is_empty()).map(Input::Known);
    held.filter(|_| ours.is_none_or(|ours| ours.web_acl_arn.is_some()))
}

/// The logging that AWS reports, if it is managed.
pub(super) fn reported_logging(config: &DistributionConfig, ours: Option<&Spec>) -> Option<Logging> {
    let held = config.logging.as_ref().filter(|logging| logging.enabled)?;
    ours.is_none_or(|ours| ours.logging.is_some()).then(|| Logging {
        bucket: Input::Known(held.bucket.clone()),
        prefix: Input::Known(held.prefix.clone()),
        cookies: held.include_cookies,
    })
}

/// The geographic restriction that AWS reports, if it is managed.
pub(super) fn geo_restriction(config: &DistributionConfig, ours: Option<&Spec>) -> Option<GeoRestriction> {
    let held = config.restrictions.as_ref()?.geo_restriction.as_ref()?;
    if held.restriction_type == GeoRestrictionType::None || ours.is_some_and(|ours| ours.geo_restriction.is_none()) {
        return None;
    }
    let mut countries = held.items().to_vec();
    countries.sort();
    Some(GeoRestriction { allow: held.restriction_type == GeoRestrictionType::Whitelist, countries })
}

/// The error responses that AWS reports, if they are managed.
pub(super) fn error_responses(config: &DistributionConfig, ours: Option<&Spec>) -> Vec<ErrorResponse> {
    if ours.is_some_and(|ours| ours.error_responses.is_empty()) {
        return Vec::new();
    }
    let held = config.custom_error_responses.iter().flat_map(|responses| responses.items());
    let mut responses: Vec<ErrorResponse> = held.map(|held| reported_error(held, ours)).collect();
    responses.sort_by_key(|response| response.status);
    responses
}

fn reported_error(held: &CustomErrorResponse, ours: Option<&Spec>) -> ErrorResponse {
    let ours = ours.and_then(|ours| ours.error_responses.iter().find(|ours| ours.status == held.error_code));
    let status = held.response_code.as_ref().and_then(|status| status.parse().ok());
    let path = held.response_page_path.clone().filter(|path| !path.is_empty());
    // CloudFront fills in its default.
    let cache_seconds = held
        .error_caching_min_ttl
        .filter(|seconds| *seconds != DEFAULT_ERROR_SECONDS || ours.is_some_and(|ours| ours.cache_seconds.is_some()));
    ErrorResponse {
        status: held.error_code,
        replacement: status.zip(path).map(|(status, path)| Replacement { status, path }),
        cache_seconds,
    }
}

/// How long CloudFront caches an error by default, in seconds.
///
/// # Source
/// Amazon CloudFront API reference, `CustomErrorResponse`.
const DEFAULT_ERROR_SECONDS: i64 = 10;
