//! CloudFront cache policy: how long responses are cached, and which parts of a request the cache key contains.

use aws_sdk_cloudfront::error::SdkError;
use aws_sdk_cloudfront::operation::create_cache_policy::CreateCachePolicyError;
use aws_sdk_cloudfront::types::{
    CachePolicyConfig, CachePolicyCookieBehavior, CachePolicyCookiesConfig, CachePolicyHeaderBehavior,
    CachePolicyHeadersConfig, CachePolicyQueryStringBehavior, CachePolicyQueryStringsConfig, CachePolicyType,
    CookieNames, Headers, ParametersInCacheKeyAndForwardedToOrigin as Key, QueryStringNames,
};
use serde::{Deserialize, Serialize};

pub use super::policy::Outputs;
use super::policy::{self, Policy, Selection, sorted};
use crate::aws::{CallError, Regional};
use crate::components::support::answer::{build_part, none_if_missing, pages, required};
use crate::components::{Component, Deviations, Discovered, Found, Resolved, Siblings, output_keys};
use crate::desired::{Kind, KindMeta};

/// The kind `cache_policy`.
#[derive(Debug)]
pub struct CachePolicy;

output_keys! {
    CachePolicy {
        ID = id: String,
    }
}

/// The desired settings of a cache policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The name, unique in the account.
    pub name: String,
    /// How long every response is cached at least, in seconds, whatever its headers say.
    pub min_ttl_seconds: i64,
    /// How long a response without `Cache-Control` and `Expires` is cached, in seconds.
    pub default_ttl_seconds: i64,
    /// How long a response is cached at most, in seconds.
    pub max_ttl_seconds: i64,
    /// The headers in the cache key, sorted.
    pub headers: Vec<String>,
    /// The cookies in the cache key.
    pub cookies: Selection,
    /// The query strings in the cache key.
    pub query_strings: Selection,
    /// Enforced settings that differ in AWS.
    #[serde(default, skip_serializing_if = "Deviations::is_none")]
    pub deviations: Deviations,
}

impl Kind for CachePolicy {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "cache_policy",
        about: "CloudFront cache policy of a distribution.",
        id: "the id of the cache policy",
        outputs: OUTPUTS,
        global: true,
        immutable: &["name"],
        actions: &[
            "cloudfront:CreateCachePolicy",
            "cloudfront:DeleteCachePolicy",
            "cloudfront:GetCachePolicy",
            "cloudfront:ListCachePolicies",
            "cloudfront:UpdateCachePolicy",
        ],
        ..KindMeta::DEFAULT
    };
}

impl Component for CachePolicy {
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

impl Policy for CachePolicy {
    type Config = CachePolicyConfig;
    type Error = CreateCachePolicyError;

    const CREATE: &'static str = "cloudfront:CreateCachePolicy";

    fn name(spec: &Spec) -> &str {
        &spec.name
    }

    fn config(spec: &Spec, comment: &str) -> Result<CachePolicyConfig, CallError> {
        let config = CachePolicyConfig::builder()
            .name(&spec.name)
            .comment(comment)
            .min_ttl(spec.min_ttl_seconds)
            .default_ttl(spec.default_ttl_seconds)
            .max_ttl(spec.max_ttl_seconds)
            .parameters_in_cache_key_and_forwarded_to_origin(key(spec)?);
        build_part(config.build())
    }

    fn spec(config: &CachePolicyConfig) -> Spec {
        reported(config)
    }

    fn comment(config: &CachePolicyConfig) -> &str {
        config.comment().unwrap_or_default()
    }

    async fn list(aws: &Regional) -> Result<Vec<(String, CachePolicyConfig)>, CallError> {
        let all = pages(|next| async move {
            let request = || {
                let request = aws.cloudfront().list_cache_policies().r#type(CachePolicyType::Custom);
                request.set_marker(next.clone()).send()
            };
            let page = aws.call("cloudfront:ListCachePolicies", request).await?.cache_policy_list;
            let page = required(page, "the list of cache policies")?;
            Ok((page.items, page.next_marker))
        });
        let policies = all.await?.into_iter().filter_map(|item| item.cache_policy);
        Ok(policies.filter_map(|policy| Some((policy.id, policy.cache_policy_config?))).collect())
    }

    async fn get(aws: &Regional, id: &str) -> Result<Option<(CachePolicyConfig, String)>, CallError> {
        let request = || aws.cloudfront().get_cache_policy().id(id).send();
        let Some(held) = none_if_missing(aws.call("cloudfront:GetCachePolicy", request).await)? else {
            return Ok(None);
        };
        let config = held.cache_policy.and_then(|policy| policy.cache_policy_config);
        let config = required(config, "a cache policy's settings")?;
        Ok(Some((config, required(held.e_tag, "a cache policy's ETag")?)))
    }

    async fn post(
        aws: &Regional,
        config: CachePolicyConfig,
    ) -> Result<Option<Outputs>, SdkError<CreateCachePolicyError>> {
        let created = aws.cloudfront().create_cache_policy().cache_policy_config(config).send().await?;
        Ok(created.cache_policy.map(|policy| Outputs { id: policy.id }))
    }

    async fn put(aws: &Regional, id: &str, etag: &str, config: CachePolicyConfig) -> Result<(), CallError> {
        let request = || {
            let request = aws.cloudfront().update_cache_policy().id(id).if_match(etag);
            request.cache_policy_config(config.clone()).send()
        };
        aws.call("cloudfront:UpdateCachePolicy", request).await.map(drop)
    }

    async fn remove(aws: &Regional, id: &str, etag: &str) -> Result<(), CallError> {
        let request = || aws.cloudfront().delete_cache_policy().id(id).if_match(etag).send();
        aws.call("cloudfront:DeleteCachePolicy", request).await.map(drop)
    }
}

fn key(spec: &Spec) -> Result<Key, CallError> {
    let names = |names: &[String]| {
        let quantity = i32::try_from(names.len()).unwrap_or(i32::MAX);
        (quantity, Some(names.to_vec()))
    };
    let headers = if spec.headers.is_empty() {
        CachePolicyHeadersConfig::builder().header_behavior(CachePolicyHeaderBehavior::None)
    } else {
        let (quantity, items) = names(&spec.headers);
        let headers = build_part(Headers::builder().quantity(quantity).set_items(items).build())?;
        CachePolicyHeadersConfig::builder().header_behavior(CachePolicyHeaderBehavior::Whitelist).headers(headers)
    };
    let mut cookies =
        CachePolicyCookiesConfig::builder().cookie_behavior(CachePolicyCookieBehavior::from(spec.cookies.behavior()));
    if let Some(only) = spec.cookies.only() {
        let (quantity, items) = names(only);
        cookies = cookies.cookies(build_part(CookieNames::builder().quantity(quantity).set_items(items).build())?);
    }
    let mut query_strings = CachePolicyQueryStringsConfig::builder()
        .query_string_behavior(CachePolicyQueryStringBehavior::from(spec.query_strings.behavior()));
    if let Some(only) = spec.query_strings.only() {
        let (quantity, items) = names(only);
        let items = build_part(QueryStringNames::builder().quantity(quantity).set_items(items).build())?;
        query_strings = query_strings.query_strings(items);
    }
    let key = Key::builder()
        .enable_accept_encoding_gzip(true)
        .enable_accept_encoding_brotli(true)
        .headers_config(build_part(headers.build())?)
        .cookies_config(build_part(cookies.build())?)
        .query_strings_config(build_part(query_strings.build())?);
    build_part(key.build())
}

fn reported(config: &CachePolicyConfig) -> Spec {
    let key = config.parameters_in_cache_key_and_forwarded_to_origin();
    let headers = key.and_then(Key::headers_config).and_then(CachePolicyHeadersConfig::headers);
    let cookies = key.and_then(Key::cookies_config).map(|cookies| {
        Selection::reported(cookies.cookie_behavior().as_str(), cookies.cookies().map_or(&[], CookieNames::items))
    });
    let query_strings = key.and_then(Key::query_strings_config).map(|strings| {
        let names = strings.query_strings().map_or(&[][..], QueryStringNames::items);
        Selection::reported(strings.query_string_behavior().as_str(), names)
    });
    let compresses =
        key.is_some_and(|key| key.enable_accept_encoding_gzip() && key.enable_accept_encoding_brotli() == Some(true));
    Spec {
        name: config.name().to_owned(),
        min_ttl_seconds: config.min_ttl(),
        default_ttl_seconds: config.default_ttl().unwrap_or_default(),
        max_ttl_seconds: config.max_ttl().unwrap_or_default(),
        headers: sorted(headers.map_or(&[], Headers::items)),
        cookies: cookies.unwrap_or(Selection::None),
        query_strings: query_strings.unwrap_or(Selection::None),
        deviations: Deviations::default().record_unless("EnableAcceptEncoding", compresses),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_reads_back_as_its_spec() {
        let mut spec = Spec {
            name: "shop".to_owned(),
            min_ttl_seconds: 1,
            default_ttl_seconds: 2,
            max_ttl_seconds: 3,
            headers: vec!["Authorization".to_owned(), "Origin".to_owned()],
            cookies: Selection::Only(vec!["session".to_owned()]),
            query_strings: Selection::All,
            deviations: Deviations::default(),
        };
        assert_eq!(reported(&CachePolicy::config(&spec, "").unwrap()), spec);
        (spec.headers, spec.cookies) = (Vec::new(), Selection::None);
        let mut config = CachePolicy::config(&spec, "").unwrap();
        assert_eq!(reported(&config), spec);
        config.parameters_in_cache_key_and_forwarded_to_origin.as_mut().unwrap().enable_accept_encoding_gzip = false;
        assert!(reported(&config).deviations.has("EnableAcceptEncoding"));
    }
}
