//! CloudFront origin request policy: which parts of a request the origin receives beyond those in the cache key.

use aws_sdk_cloudfront::error::SdkError;
use aws_sdk_cloudfront::operation::create_origin_request_policy::CreateOriginRequestPolicyError;
use aws_sdk_cloudfront::types::{
    Headers, OriginRequestPolicyConfig, OriginRequestPolicyCookieBehavior, OriginRequestPolicyCookiesConfig,
    OriginRequestPolicyHeaderBehavior, OriginRequestPolicyHeadersConfig, OriginRequestPolicyQueryStringBehavior,
    OriginRequestPolicyQueryStringsConfig, OriginRequestPolicyType,
};
use serde::{Deserialize, Serialize};

pub use super::policy::Outputs;
use super::policy::{self, Policy, sorted};
use crate::aws::{CallError, Regional};
use crate::components::support::answer::{build_part, none_if_missing, pages, required};
use crate::components::{Component, Deviations, Discovered, Found, Resolved, Siblings, output_keys};
use crate::desired::{Kind, KindMeta};

/// The kind `origin_request_policy`.
#[derive(Debug)]
pub struct OriginRequestPolicy;

output_keys! {
    OriginRequestPolicy {
        ID = id: String,
    }
}

/// The desired settings of an origin request policy, which forwards no cookies and no query strings: the origin receives
/// those in the cache key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The name, unique in the account.
    pub name: String,
    /// The headers that the origin does not receive unless they are in the cache key, sorted. It receives all others.
    pub headers_except: Vec<String>,
    /// Enforced settings that differ in AWS.
    #[serde(default, skip_serializing_if = "Deviations::is_none")]
    pub deviations: Deviations,
}

impl Kind for OriginRequestPolicy {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "origin_request_policy",
        about: "CloudFront origin request policy of a distribution.",
        id: "the id of the origin request policy",
        outputs: OUTPUTS,
        global: true,
        immutable: &["name"],
        actions: &[
            "cloudfront:CreateOriginRequestPolicy",
            "cloudfront:DeleteOriginRequestPolicy",
            "cloudfront:GetOriginRequestPolicy",
            "cloudfront:ListOriginRequestPolicies",
            "cloudfront:UpdateOriginRequestPolicy",
        ],
        ..KindMeta::DEFAULT
    };
}

impl Component for OriginRequestPolicy {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.id.clone()
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        policy::find::<Self>(aws, spec).await
    }

    async fn discover(aws: &Regional, _: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        policy::discover(aws).await
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        policy::create::<Self>(aws, spec).await
    }

    async fn read(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        policy::read::<Self>(aws, outputs).await
    }

    async fn update(aws: &Regional, outputs: &Outputs, _: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        policy::update::<Self>(aws, outputs, to).await
    }

    async fn delete(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        policy::delete::<Self>(aws, outputs).await
    }
}

impl Policy for OriginRequestPolicy {
    type Config = OriginRequestPolicyConfig;
    type Error = CreateOriginRequestPolicyError;

    const CREATE: &'static str = "cloudfront:CreateOriginRequestPolicy";

    fn name(spec: &Spec) -> &str {
        &spec.name
    }

    fn config(spec: &Spec, comment: &str) -> Result<OriginRequestPolicyConfig, CallError> {
        let except = &spec.headers_except;
        let quantity = i32::try_from(except.len()).unwrap_or(i32::MAX);
        let except = build_part(Headers::builder().quantity(quantity).set_items(Some(except.clone())).build())?;
        let headers = OriginRequestPolicyHeadersConfig::builder()
            .header_behavior(OriginRequestPolicyHeaderBehavior::AllExcept)
            .headers(except);
        let cookies = OriginRequestPolicyCookiesConfig::builder().cookie_behavior(NO_COOKIES);
        let strings = OriginRequestPolicyQueryStringsConfig::builder().query_string_behavior(NO_QUERY_STRINGS);
        let config = OriginRequestPolicyConfig::builder()
            .name(&spec.name)
            .comment(comment)
            .headers_config(build_part(headers.build())?)
            .cookies_config(build_part(cookies.build())?)
            .query_strings_config(build_part(strings.build())?);
        build_part(config.build())
    }

    fn spec(config: &OriginRequestPolicyConfig) -> Spec {
        reported(config)
    }

    fn comment(config: &OriginRequestPolicyConfig) -> &str {
        config.comment().unwrap_or_default()
    }

    async fn list(aws: &Regional) -> Result<Vec<(String, OriginRequestPolicyConfig)>, CallError> {
        let all = pages(|next| async move {
            let request = || {
                let request = aws.cloudfront().list_origin_request_policies().r#type(OriginRequestPolicyType::Custom);
                request.set_marker(next.clone()).send()
            };
            let page = aws.call("cloudfront:ListOriginRequestPolicies", request).await?.origin_request_policy_list;
            let page = required(page, "the list of origin request policies")?;
            Ok((page.items, page.next_marker))
        });
        let policies = all.await?.into_iter().filter_map(|item| item.origin_request_policy);
        Ok(policies.filter_map(|policy| Some((policy.id, policy.origin_request_policy_config?))).collect())
    }

    async fn get(aws: &Regional, id: &str) -> Result<Option<(OriginRequestPolicyConfig, String)>, CallError> {
        let request = || aws.cloudfront().get_origin_request_policy().id(id).send();
        let Some(held) = none_if_missing(aws.call("cloudfront:GetOriginRequestPolicy", request).await)? else {
            return Ok(None);
        };
        let config = held.origin_request_policy.and_then(|policy| policy.origin_request_policy_config);
        let config = required(config, "an origin request policy's settings")?;
        Ok(Some((config, required(held.e_tag, "an origin request policy's ETag")?)))
    }

    async fn post(
        aws: &Regional,
        config: OriginRequestPolicyConfig,
    ) -> Result<Option<Outputs>, SdkError<CreateOriginRequestPolicyError>> {
        let created =
            aws.cloudfront().create_origin_request_policy().origin_request_policy_config(config).send().await?;
        Ok(created.origin_request_policy.map(|policy| Outputs { id: policy.id }))
    }

    async fn put(aws: &Regional, id: &str, etag: &str, config: OriginRequestPolicyConfig) -> Result<(), CallError> {
        let request = || {
            let request = aws.cloudfront().update_origin_request_policy().id(id).if_match(etag);
            request.origin_request_policy_config(config.clone()).send()
        };
        aws.call("cloudfront:UpdateOriginRequestPolicy", request).await.map(drop)
    }

    async fn remove(aws: &Regional, id: &str, etag: &str) -> Result<(), CallError> {
        let request = || aws.cloudfront().delete_origin_request_policy().id(id).if_match(etag).send();
        aws.call("cloudfront:DeleteOriginRequestPolicy", request).await.map(drop)
    }
}

const NO_COOKIES: OriginRequestPolicyCookieBehavior = OriginRequestPolicyCookieBehavior::None;
const NO_QUERY_STRINGS: OriginRequestPolicyQueryStringBehavior = OriginRequestPolicyQueryStringBehavior::None;

fn reported(config: &OriginRequestPolicyConfig) -> Spec {
    let headers = config.headers_config();
    let behavior = headers.map(OriginRequestPolicyHeadersConfig::header_behavior);
    let except = headers.and_then(OriginRequestPolicyHeadersConfig::headers).map_or(&[][..], Headers::items);
    let cookies = config.cookies_config().map(OriginRequestPolicyCookiesConfig::cookie_behavior);
    let strings = config.query_strings_config().map(OriginRequestPolicyQueryStringsConfig::query_string_behavior);
    Spec {
        name: config.name().to_owned(),
        headers_except: sorted(except),
        deviations: Deviations::default()
            .record_unless("HeaderBehavior", behavior == Some(&OriginRequestPolicyHeaderBehavior::AllExcept))
            .record_unless("CookieBehavior", cookies == Some(&NO_COOKIES))
            .record_unless("QueryStringBehavior", strings == Some(&NO_QUERY_STRINGS)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_reads_back_as_its_spec() {
        let spec = Spec {
            name: "shop".to_owned(),
            headers_except: vec!["Authorization".to_owned(), "Host".to_owned()],
            deviations: Deviations::default(),
        };
        let mut config = OriginRequestPolicy::config(&spec, "").unwrap();
        assert_eq!(reported(&config), spec);
        config.headers_config.as_mut().unwrap().header_behavior = OriginRequestPolicyHeaderBehavior::AllViewer;
        assert!(reported(&config).deviations.has("HeaderBehavior"));
    }
}
