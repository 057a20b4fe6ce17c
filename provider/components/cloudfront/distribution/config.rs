//! A distribution's settings in CloudFront's form. Pure.

use aws_sdk_cloudfront::types::{
    Aliases, AllowedMethods, CacheBehavior, CacheBehaviors, CachedMethods, CustomHeaders, CustomOriginConfig,
    DefaultCacheBehavior, DistributionConfig, HttpVersion, LambdaFunctionAssociations, Method, MinimumProtocolVersion,
    Origin as AwsOrigin, OriginGroup as AwsOriginGroup, OriginGroupFailoverCriteria, OriginGroupMember,
    OriginGroupMembers, OriginGroups, OriginProtocolPolicy, OriginSslProtocols, Origins, PriceClass, SslProtocol,
    SslSupportMethod, StatusCodes, ViewerCertificate, ViewerProtocolPolicy,
};

use super::{Behavior, Origin, OriginGroup, Spec};
use crate::aws::CallError;
use crate::components::route53::dns;
use crate::components::support::answer::{build_part, respell};
use crate::components::{Deviations, Tags};
use crate::desired::Input;

/// AWS's managed cache policy CachingDisabled, because responses of an API are not cached.
const CACHING_DISABLED: &str = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";
/// AWS's managed origin request policy AllViewerExceptHostHeader, because API Gateway rejects a foreign Host header.
const ALL_VIEWER_EXCEPT_HOST: &str = "b689b0a8-53d0-40ab-baf2-68738e2966ac";

/// The minimum TLS version of clients.
const MINIMUM: MinimumProtocolVersion = MinimumProtocolVersion::TlSv122021;
const SNI: SslSupportMethod = SslSupportMethod::SniOnly;
const HTTP_PORT: i32 = 80;
const HTTPS_PORT: i32 = 443;

const READS: [Method; 3] = [Method::Get, Method::Head, Method::Options];
const CACHED: [Method; 2] = [Method::Get, Method::Head];
const WRITES: [Method; 4] = [Method::Post, Method::Put, Method::Patch, Method::Delete];

/// The common fields of the default and the other behaviours, which have different types in the SDK.
struct Common<'a> {
    target: &'a mut String,
    viewer: &'a mut ViewerProtocolPolicy,
    methods: &'a mut Option<AllowedMethods>,
    cache: &'a mut Option<String>,
    request: &'a mut Option<String>,
    functions: &'a mut Option<LambdaFunctionAssociations>,
    streaming: &'a mut Option<bool>,
    encryption: &'a mut Option<String>,
    compress: &'a mut Option<bool>,
}

macro_rules! common {
    ($behavior:expr) => {
        Common {
            target: &mut $behavior.target_origin_id,
            viewer: &mut $behavior.viewer_protocol_policy,
            methods: &mut $behavior.allowed_methods,
            cache: &mut $behavior.cache_policy_id,
            request: &mut $behavior.origin_request_policy_id,
            functions: &mut $behavior.lambda_function_associations,
            streaming: &mut $behavior.smooth_streaming,
            encryption: &mut $behavior.field_level_encryption_id,
            compress: &mut $behavior.compress,
        }
    };
}

/// The settings of a new distribution.
pub(super) fn fresh(spec: &Spec, reference: &str) -> Result<DistributionConfig, CallError> {
    let config = DistributionConfig::builder()
        .caller_reference(reference)
        .comment(&spec.comment)
        .enabled(true)
        .is_ipv6_enabled(true)
        .default_cache_behavior(default_behavior(None, &spec.default_behavior)?)
        .origins(origins(None, spec)?);
    updated(build_part(config.build())?, spec)
}

/// The current settings with ours applied. Settings that we do not manage, such as a web ACL or logging, stay.
pub(super) fn updated(mut held: DistributionConfig, spec: &Spec) -> Result<DistributionConfig, CallError> {
    held.comment.clone_from(&spec.comment);
    held.enabled = true;
    held.is_ipv6_enabled = Some(true);
    held.http_version = Some(HttpVersion::Http2and3);
    held.default_root_object = Some(String::new());
    held.price_class = Some(PriceClass::from(spec.price_class.as_str()));
    let aliases: Vec<String> = spec.aliases.iter().map(|alias| alias.get().clone()).collect();
    held.aliases = Some(build_part(Aliases::builder().quantity(count(&aliases)?).set_items(Some(aliases)).build())?);
    held.viewer_certificate = Some(viewer_certificate(spec));
    held.origins = Some(origins(held.origins.as_ref(), spec)?);
    held.origin_groups = Some(origin_groups(spec)?);
    held.default_cache_behavior = Some(default_behavior(held.default_cache_behavior.take(), &spec.default_behavior)?);
    held.cache_behaviors = Some(behaviors(held.cache_behaviors.take(), spec)?);
    Ok(held)
}

/// The current settings with the distribution disabled, which CloudFront requires before a deletion.
pub(super) fn disabled(mut held: DistributionConfig) -> DistributionConfig {
    held.enabled = false;
    held
}

/// The spec that CloudFront reports, in the spelling of `ours`; `None` without a default behaviour, which CloudFront
/// always returns.
pub(super) fn reported(config: &DistributionConfig, ours: Option<&Spec>, tags: Tags) -> Option<Spec> {
    let mut default = config.default_cache_behavior.clone()?;
    let aliases = config.aliases.as_ref().map(|aliases| aliases.items().to_vec()).unwrap_or_default();
    let certificate = config.viewer_certificate.as_ref().and_then(|viewer| viewer.acm_certificate_arn.clone());
    let origin = |origin: &AwsOrigin| {
        let same = ours.and_then(|ours| ours.origins.get(&origin.id)).map(|ours| ours.host.clone());
        let is_same = |host: &Input<String>| {
            host.known().is_some_and(|host| dns::normal(host) == dns::normal(&origin.domain_name))
        };
        let host = same.filter(is_same).unwrap_or_else(|| Input::Known(origin.domain_name.clone()));
        (origin.id.clone(), Origin { host, path: origin.origin_path.clone().unwrap_or_default() })
    };
    let mut behaviors = config.cache_behaviors.as_ref().map(|all| all.items().to_vec()).unwrap_or_default();
    Some(Spec {
        deviations: deviations(config, &mut default, &mut behaviors),
        comment: config.comment.clone(),
        aliases: respell(&aliases, ours.map_or(&[], |ours| &ours.aliases)),
        price_class: config.price_class.as_ref().map_or("PriceClass_All", PriceClass::as_str).to_owned(),
        certificate_arn: certificate.map(Input::Known),
        origins: config.origins.iter().flat_map(|origins| origins.items()).map(origin).collect(),
        group: group(config, ours.and_then(|ours| ours.group.as_ref())),
        default_behavior: common!(default).reported(),
        behaviors: behaviors.iter_mut().map(|item| (item.path_pattern.clone(), common!(item).reported())).collect(),
        tags,
    })
}

/// The enforced settings that differ from what [`updated`] sets.
fn deviations(
    config: &DistributionConfig,
    default: &mut DefaultCacheBehavior,
    behaviors: &mut [CacheBehavior],
) -> Deviations {
    let viewer = config.viewer_certificate.as_ref().filter(|viewer| viewer.acm_certificate_arn.is_some());
    let origins = config.origins.iter().flat_map(|origins| origins.items());
    let mut deviations = common!(default)
        .noted(Deviations::default())
        .record_unless("Enabled", config.enabled)
        .record_unless("IsIPV6Enabled", config.is_ipv6_enabled == Some(true))
        .record_unless("HttpVersion", config.http_version == Some(HttpVersion::Http2and3))
        .record_unless("DefaultRootObject", config.default_root_object.as_ref().is_none_or(String::is_empty))
        .record_unless(
            "MinimumProtocolVersion",
            viewer.is_none_or(|viewer| viewer.minimum_protocol_version == Some(MINIMUM)),
        )
        .record_unless("SSLSupportMethod", viewer.is_none_or(|viewer| viewer.ssl_support_method == Some(SNI)));
    for origin in origins {
        let custom = origin.custom_origin_config.as_ref();
        let policy = custom.map(|custom| &custom.origin_protocol_policy);
        let ports = custom.map(|custom| (custom.http_port, custom.https_port));
        let protocols = custom.and_then(|custom| custom.origin_ssl_protocols.as_ref()).map(OriginSslProtocols::items);
        deviations = deviations
            .record_unless("OriginProtocolPolicy", policy == Some(&OriginProtocolPolicy::HttpsOnly))
            .record_unless("HTTPSPort", ports == Some((HTTP_PORT, HTTPS_PORT)))
            .record_unless("OriginSslProtocols", protocols == Some(&[SslProtocol::TlSv12]));
    }
    behaviors.iter_mut().fold(deviations, |deviations, behavior| common!(behavior).noted(deviations))
}

fn group(config: &DistributionConfig, ours: Option<&OriginGroup>) -> Option<OriginGroup> {
    let held = config.origin_groups.as_ref()?.items().first()?;
    let mut members = held.members.as_ref()?.items().iter().map(|member| member.origin_id.clone());
    let codes = held.failover_criteria.as_ref().and_then(|criteria| criteria.status_codes.as_ref());
    let codes = codes.map(|codes| codes.items().to_vec()).unwrap_or_default();
    let sorted = |codes: &[i32]| {
        let mut codes = codes.to_vec();
        codes.sort_unstable();
        codes
    };
    let same = ours.map(|ours| &ours.status_codes).filter(|ours| sorted(ours) == sorted(&codes));
    Some(OriginGroup {
        id: held.id.clone(),
        primary: members.next()?,
        secondary: members.next()?,
        status_codes: same.cloned().unwrap_or(codes),
    })
}

fn takes_writes(methods: Option<&AllowedMethods>) -> bool {
    methods.is_some_and(|methods| methods.items().contains(&Method::Post))
}

fn count<T>(items: &[T]) -> Result<i32, CallError> {
    i32::try_from(items.len()).map_err(|error| CallError::Malformed(error.to_string()))
}

fn viewer_certificate(spec: &Spec) -> ViewerCertificate {
    match &spec.certificate_arn {
        Some(arn) => ViewerCertificate::builder()
            .acm_certificate_arn(arn.get())
            .ssl_support_method(SNI)
            .minimum_protocol_version(MINIMUM)
            .cloud_front_default_certificate(false)
            .build(),
        None => ViewerCertificate::builder().cloud_front_default_certificate(true).build(),
    }
}

fn origins(held: Option<&Origins>, spec: &Spec) -> Result<Origins, CallError> {
    let mut origins = Vec::new();
    for (id, origin) in &spec.origins {
        let held = held.and_then(|held| held.items().iter().find(|held| held.id == *id)).cloned();
        let mut aws = match held {
            Some(held) => held,
            None => new_origin(id, origin.host.get())?,
        };
        aws.domain_name.clone_from(origin.host.get());
        aws.origin_path = Some(origin.path.clone());
        aws.custom_origin_config = Some(https_only()?);
        origins.push(aws);
    }
    build_part(Origins::builder().quantity(count(&origins)?).set_items(Some(origins)).build())
}

fn new_origin(id: &str, host: &str) -> Result<AwsOrigin, CallError> {
    let no_headers = build_part(CustomHeaders::builder().quantity(0).build())?;
    let origin = AwsOrigin::builder().id(id).domain_name(host).custom_headers(no_headers);
    build_part(origin.connection_attempts(3).connection_timeout(10).build())
}

fn https_only() -> Result<CustomOriginConfig, CallError> {
    let protocols = build_part(OriginSslProtocols::builder().quantity(1).items(SslProtocol::TlSv12).build())?;
    let config = CustomOriginConfig::builder()
        .http_port(HTTP_PORT)
        .https_port(HTTPS_PORT)
        .origin_protocol_policy(OriginProtocolPolicy::HttpsOnly)
        .origin_ssl_protocols(protocols)
        .origin_read_timeout(30)
        .origin_keepalive_timeout(5);
    build_part(config.build())
}

fn origin_groups(spec: &Spec) -> Result<OriginGroups, CallError> {
    let Some(group) = &spec.group else { return build_part(OriginGroups::builder().quantity(0).build()) };
    let codes = &group.status_codes;
    let codes = build_part(StatusCodes::builder().quantity(count(codes)?).set_items(Some(codes.clone())).build())?;
    let member = |id: &String| build_part(OriginGroupMember::builder().origin_id(id).build());
    let members = OriginGroupMembers::builder().quantity(2).items(member(&group.primary)?);
    let group = AwsOriginGroup::builder()
        .id(&group.id)
        .failover_criteria(OriginGroupFailoverCriteria::builder().status_codes(codes).build())
        .members(build_part(members.items(member(&group.secondary)?).build())?);
    build_part(OriginGroups::builder().quantity(1).items(build_part(group.build())?).build())
}

fn allowed_methods(writes: bool) -> Result<AllowedMethods, CallError> {
    let mut methods = READS.to_vec();
    methods.extend(WRITES.into_iter().filter(|_| writes));
    let cached = CachedMethods::builder().quantity(count(&CACHED)?).set_items(Some(CACHED.to_vec()));
    let allowed = AllowedMethods::builder().quantity(count(&methods)?).set_items(Some(methods));
    build_part(allowed.cached_methods(build_part(cached.build())?).build())
}

impl Common<'_> {
    /// Sets the settings that the provider manages, and the defaults that CloudFront requires.
    fn put(self, wanted: &Behavior) -> Result<(), CallError> {
        self.target.clone_from(&wanted.target);
        *self.viewer = ViewerProtocolPolicy::RedirectToHttps;
        *self.methods = Some(allowed_methods(wanted.writes)?);
        *self.cache = Some(CACHING_DISABLED.to_owned());
        *self.request = Some(ALL_VIEWER_EXCEPT_HOST.to_owned());
        if self.functions.is_none() {
            *self.functions = Some(build_part(LambdaFunctionAssociations::builder().quantity(0).build())?);
        }
        self.streaming.get_or_insert(false);
        self.encryption.get_or_insert_default();
        self.compress.get_or_insert(true);
        Ok(())
    }

    fn reported(self) -> Behavior {
        Behavior { target: self.target.clone(), writes: takes_writes(self.methods.as_ref()) }
    }

    /// Adds the enforced settings that differ from what [`Common::put`] sets.
    fn noted(self, deviations: Deviations) -> Deviations {
        let methods = self.methods.as_ref().map_or(0, |methods| methods.items().len());
        let wanted = READS.len() + if takes_writes(self.methods.as_ref()) { WRITES.len() } else { 0 };
        deviations
            .record_unless("ViewerProtocolPolicy", *self.viewer == ViewerProtocolPolicy::RedirectToHttps)
            .record_unless("AllowedMethods", methods == wanted)
            .record_unless("CachePolicyId", self.cache.as_deref() == Some(CACHING_DISABLED))
            .record_unless("OriginRequestPolicyId", self.request.as_deref() == Some(ALL_VIEWER_EXCEPT_HOST))
    }
}

fn default_behavior(held: Option<DefaultCacheBehavior>, wanted: &Behavior) -> Result<DefaultCacheBehavior, CallError> {
    let new = DefaultCacheBehavior::builder().target_origin_id(&wanted.target);
    let new = new.viewer_protocol_policy(ViewerProtocolPolicy::RedirectToHttps);
    let mut behavior = held.map_or_else(|| build_part(new.build()), Ok)?;
    common!(behavior).put(wanted)?;
    Ok(behavior)
}

fn behaviors(held: Option<CacheBehaviors>, spec: &Spec) -> Result<CacheBehaviors, CallError> {
    let held = held.and_then(|held| held.items).unwrap_or_default();
    let mut behaviors = Vec::new();
    for (pattern, wanted) in &spec.behaviors {
        let held = held.iter().find(|held| held.path_pattern == *pattern).cloned();
        let new = CacheBehavior::builder().path_pattern(pattern).target_origin_id(&wanted.target);
        let new = new.viewer_protocol_policy(ViewerProtocolPolicy::RedirectToHttps);
        let mut behavior = held.map_or_else(|| build_part(new.build()), Ok)?;
        common!(behavior).put(wanted)?;
        behaviors.push(behavior);
    }
    build_part(CacheBehaviors::builder().quantity(count(&behaviors)?).set_items(Some(behaviors)).build())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn spec() -> Spec {
        let origin = |host: &str| Origin { host: Input::from(host), path: String::new() };
        Spec {
            comment: "giraffe".to_owned(),
            aliases: vec![Input::from("api.example.com")],
            price_class: "PriceClass_100".to_owned(),
            certificate_arn: Some(Input::from("arn:aws:acm:us-east-1:123456789012:certificate/x")),
            origins: BTreeMap::from([
                ("us-east-1".to_owned(), origin("a.example.com")),
                ("us-west-2".to_owned(), origin("b.example.com")),
            ]),
            group: Some(OriginGroup {
                id: "regions".to_owned(),
                primary: "us-east-1".to_owned(),
                secondary: "us-west-2".to_owned(),
                status_codes: vec![504, 502],
            }),
            default_behavior: Behavior { target: "us-east-1".to_owned(), writes: true },
            behaviors: vec![("/public/*".to_owned(), Behavior { target: "regions".to_owned(), writes: false })],
            deviations: Deviations::default(),
            tags: Tags::new(),
        }
    }

    #[test]
    fn a_new_distribution_reads_back_as_its_spec() {
        let spec = spec();
        let mut config = fresh(&spec, "reference").unwrap();
        assert_eq!(reported(&config, Some(&spec), Tags::new()), Some(spec.clone()));
        config.enabled = false;
        config.cache_behaviors.as_mut().unwrap().items.as_mut().unwrap()[0].cache_policy_id = None;
        config.origins.as_mut().unwrap().items[1].custom_origin_config.as_mut().unwrap().https_port = 8443;
        let changed = reported(&config, Some(&spec), Tags::new()).unwrap().deviations;
        assert_eq!(
            serde_json::to_value(changed).unwrap(),
            serde_json::json!(["CachePolicyId", "Enabled", "HTTPSPort"])
        );
    }

    #[test]
    fn an_update_keeps_settings_that_we_do_not_manage() {
        let mut spec = spec();
        let mut held = fresh(&spec, "reference").unwrap();
        held.web_acl_id = Some("arn:acl".to_owned());
        spec.group = None;
        spec.behaviors.clear();
        spec.certificate_arn = None;
        let updated = updated(held, &spec).unwrap();
        assert_eq!(updated.web_acl_id.as_deref(), Some("arn:acl"));
        assert_eq!(updated.caller_reference, "reference");
        assert_eq!(reported(&updated, Some(&spec), Tags::new()), Some(spec));
    }
}
