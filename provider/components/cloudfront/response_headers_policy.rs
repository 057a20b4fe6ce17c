//! CloudFront response headers policy: which headers CloudFront sets and removes in responses.

use std::collections::BTreeMap;

use aws_sdk_cloudfront::error::SdkError;
use aws_sdk_cloudfront::operation::create_response_headers_policy::CreateResponseHeadersPolicyError;
use aws_sdk_cloudfront::types::{
    ResponseHeadersPolicyConfig, ResponseHeadersPolicyCustomHeader, ResponseHeadersPolicyCustomHeadersConfig,
    ResponseHeadersPolicyRemoveHeader, ResponseHeadersPolicyRemoveHeadersConfig, ResponseHeadersPolicyType,
};
use serde::{Deserialize, Serialize};

pub use super::policy::Outputs;
use super::policy::{self, Policy, sorted};
use crate::aws::{CallError, Regional};
use crate::components::support::answer::{build_part, none_if_missing, pages, required};
use crate::components::{Component, Deviations, Discovered, Found, Resolved, Siblings, output_keys};
use crate::desired::{Kind, KindMeta};

/// The kind `response_headers_policy`.
#[derive(Debug)]
pub struct ResponseHeadersPolicy;

output_keys! {
    ResponseHeadersPolicy {
        ID = id: String,
    }
}

/// The desired settings of a response headers policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The name, unique in the account.
    pub name: String,
    /// The headers that CloudFront sets, by name. They replace those of the origin.
    pub set: BTreeMap<String, String>,
    /// The headers of the origin that CloudFront removes, sorted.
    pub remove: Vec<String>,
    /// Enforced settings that differ in AWS.
    #[serde(default, skip_serializing_if = "Deviations::is_none")]
    pub deviations: Deviations,
}

impl Kind for ResponseHeadersPolicy {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "response_headers_policy",
        about: "CloudFront response headers policy of a distribution.",
        id: "the id of the response headers policy",
        outputs: OUTPUTS,
        global: true,
        immutable: &["name"],
        actions: &[
            "cloudfront:CreateResponseHeadersPolicy",
            "cloudfront:DeleteResponseHeadersPolicy",
            "cloudfront:GetResponseHeadersPolicy",
            "cloudfront:ListResponseHeadersPolicies",
            "cloudfront:UpdateResponseHeadersPolicy",
        ],
        ..KindMeta::DEFAULT
    };
}

impl Component for ResponseHeadersPolicy {
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

impl Policy for ResponseHeadersPolicy {
    type Config = ResponseHeadersPolicyConfig;
    type Error = CreateResponseHeadersPolicyError;

    const CREATE: &'static str = "cloudfront:CreateResponseHeadersPolicy";

    fn name(spec: &Spec) -> &str {
        &spec.name
    }

    fn config(spec: &Spec, comment: &str) -> Result<ResponseHeadersPolicyConfig, CallError> {
        let mut config = ResponseHeadersPolicyConfig::builder().name(&spec.name).comment(comment);
        if !spec.set.is_empty() {
            config = config.custom_headers_config(set(&spec.set)?);
        }
        if !spec.remove.is_empty() {
            config = config.remove_headers_config(remove(&spec.remove)?);
        }
        build_part(config.build())
    }

    fn spec(config: &ResponseHeadersPolicyConfig) -> Spec {
        reported(config)
    }

    fn comment(config: &ResponseHeadersPolicyConfig) -> &str {
        config.comment().unwrap_or_default()
    }

    async fn list(aws: &Regional) -> Result<Vec<(String, ResponseHeadersPolicyConfig)>, CallError> {
        let all = pages(|next| async move {
            let request = || {
                let request =
                    aws.cloudfront().list_response_headers_policies().r#type(ResponseHeadersPolicyType::Custom);
                request.set_marker(next.clone()).send()
            };
            let page = aws.call("cloudfront:ListResponseHeadersPolicies", request).await?.response_headers_policy_list;
            let page = required(page, "the list of response headers policies")?;
            Ok((page.items, page.next_marker))
        });
        let policies = all.await?.into_iter().filter_map(|item| item.response_headers_policy);
        Ok(policies.filter_map(|policy| Some((policy.id, policy.response_headers_policy_config?))).collect())
    }

    async fn get(aws: &Regional, id: &str) -> Result<Option<(ResponseHeadersPolicyConfig, String)>, CallError> {
        let request = || aws.cloudfront().get_response_headers_policy().id(id).send();
        let Some(held) = none_if_missing(aws.call("cloudfront:GetResponseHeadersPolicy", request).await)? else {
            return Ok(None);
        };
        let config = held.response_headers_policy.and_then(|policy| policy.response_headers_policy_config);
        let config = required(config, "a response headers policy's settings")?;
        Ok(Some((config, required(held.e_tag, "a response headers policy's ETag")?)))
    }

    async fn post(
        aws: &Regional,
        config: ResponseHeadersPolicyConfig,
    ) -> Result<Option<Outputs>, SdkError<CreateResponseHeadersPolicyError>> {
        let created =
            aws.cloudfront().create_response_headers_policy().response_headers_policy_config(config).send().await?;
        Ok(created.response_headers_policy.map(|policy| Outputs { id: policy.id }))
    }

    async fn put(aws: &Regional, id: &str, etag: &str, config: ResponseHeadersPolicyConfig) -> Result<(), CallError> {
        let request = || {
            let request = aws.cloudfront().update_response_headers_policy().id(id).if_match(etag);
            request.response_headers_policy_config(config.clone()).send()
        };
        aws.call("cloudfront:UpdateResponseHeadersPolicy", request).await.map(drop)
    }

    async fn remove(aws: &Regional, id: &str, etag: &str) -> Result<(), CallError> {
        let request = || aws.cloudfront().delete_response_headers_policy().id(id).if_match(etag).send();
        aws.call("cloudfront:DeleteResponseHeadersPolicy", request).await.map(drop)
    }
}

fn set(headers: &BTreeMap<String, String>) -> Result<ResponseHeadersPolicyCustomHeadersConfig, CallError> {
    let header = |(name, value): (&String, &String)| {
        build_part(ResponseHeadersPolicyCustomHeader::builder().header(name).value(value).r#override(true).build())
    };
    let items = headers.iter().map(header).collect::<Result<Vec<_>, _>>()?;
    let quantity = i32::try_from(items.len()).unwrap_or(i32::MAX);
    build_part(ResponseHeadersPolicyCustomHeadersConfig::builder().quantity(quantity).set_items(Some(items)).build())
}

fn remove(headers: &[String]) -> Result<ResponseHeadersPolicyRemoveHeadersConfig, CallError> {
    let header = |name: &String| build_part(ResponseHeadersPolicyRemoveHeader::builder().header(name).build());
    let items = headers.iter().map(header).collect::<Result<Vec<_>, _>>()?;
    let quantity = i32::try_from(items.len()).unwrap_or(i32::MAX);
    build_part(ResponseHeadersPolicyRemoveHeadersConfig::builder().quantity(quantity).set_items(Some(items)).build())
}

fn reported(config: &ResponseHeadersPolicyConfig) -> Spec {
    let custom = config.custom_headers_config().map(ResponseHeadersPolicyCustomHeadersConfig::items);
    let custom = custom.unwrap_or_default();
    let removed = config.remove_headers_config().map(ResponseHeadersPolicyRemoveHeadersConfig::items);
    let removed: Vec<String> = removed.unwrap_or_default().iter().map(|header| header.header.clone()).collect();
    Spec {
        name: config.name().to_owned(),
        set: custom.iter().map(|header| (header.header.clone(), header.value.clone())).collect(),
        remove: sorted(&removed),
        deviations: Deviations::default()
            .record_unless("Override", custom.iter().all(ResponseHeadersPolicyCustomHeader::r#override))
            .record_unless("CorsConfig", config.cors_config().is_none())
            .record_unless("SecurityHeadersConfig", config.security_headers_config().is_none()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_reads_back_as_its_spec() {
        let mut spec = Spec {
            name: "shop".to_owned(),
            set: BTreeMap::from([("X-Served-By".to_owned(), "shop".to_owned())]),
            remove: vec!["Server".to_owned(), "X-Powered-By".to_owned()],
            deviations: Deviations::default(),
        };
        let mut config = ResponseHeadersPolicy::config(&spec, "").unwrap();
        assert_eq!(reported(&config), spec);
        config.custom_headers_config.as_mut().unwrap().items.as_mut().unwrap()[0].r#override = false;
        assert!(reported(&config).deviations.has("Override"));
        spec.set.clear();
        assert_eq!(reported(&ResponseHeadersPolicy::config(&spec, "").unwrap()), spec);
    }
}
