//! CloudFront.

use aws_sdk_cloudfront::types::builders::DistributionConfigBuilder;
use aws_sdk_cloudfront::types::{
    Aliases, AllowedMethods, CustomOriginConfig, DefaultCacheBehavior, Distribution, DistributionConfig, Method,
    Origin, OriginGroup, OriginGroupFailoverCriteria, OriginGroupMember, OriginGroupMembers, OriginGroups,
    OriginProtocolPolicy, Origins, StatusCodes, ViewerCertificate, ViewerProtocolPolicy,
};

use crate::edge::NO_CACHE;
use crate::world::{World, error_of};

pub(crate) fn config(
    hosts: &[&str],
    target: &str,
    cache_policy: &str,
    methods: &[Method],
) -> DistributionConfigBuilder {
    let https = CustomOriginConfig::builder()
        .http_port(80)
        .https_port(443)
        .origin_protocol_policy(OriginProtocolPolicy::HttpsOnly);
    let https = https.build().unwrap();
    let origins = hosts.iter().map(|host| {
        Origin::builder().id(*host).domain_name(*host).custom_origin_config(https.clone()).build().unwrap()
    });
    let methods =
        AllowedMethods::builder().quantity(methods.len() as i32).set_items(Some(methods.to_vec())).build().unwrap();
    let behavior = DefaultCacheBehavior::builder()
        .target_origin_id(target)
        .cache_policy_id(cache_policy)
        .viewer_protocol_policy(ViewerProtocolPolicy::RedirectToHttps)
        .allowed_methods(methods)
        .build()
        .unwrap();
    DistributionConfig::builder()
        .caller_reference("one")
        .comment("giraffe")
        .enabled(true)
        .origins(Origins::builder().quantity(hosts.len() as i32).set_items(Some(origins.collect())).build().unwrap())
        .default_cache_behavior(behavior)
}

pub(crate) fn group(members: &[&str]) -> OriginGroups {
    let codes = StatusCodes::builder().quantity(2).items(502).items(503).build().unwrap();
    let items = members.iter().map(|id| OriginGroupMember::builder().origin_id(*id).build().unwrap());
    let members =
        OriginGroupMembers::builder().quantity(members.len() as i32).set_items(Some(items.collect())).build().unwrap();
    let group = OriginGroup::builder()
        .id("group")
        .failover_criteria(OriginGroupFailoverCriteria::builder().status_codes(codes).build())
        .members(members)
        .build()
        .unwrap();
    OriginGroups::builder().quantity(1).items(group).build().unwrap()
}

pub(crate) const READS: &[Method] = &[Method::Get, Method::Head, Method::Options];
const ALL: &[Method] =
    &[Method::Get, Method::Head, Method::Options, Method::Post, Method::Put, Method::Patch, Method::Delete];

pub(crate) async fn create(
    world: &World,
    config: DistributionConfigBuilder,
) -> Result<
    (Distribution, String),
    aws_sdk_cloudfront::error::SdkError<aws_sdk_cloudfront::operation::create_distribution::CreateDistributionError>,
> {
    let config = config.build().unwrap();
    let created = world.cloudfront().create_distribution().distribution_config(config).send().await?;
    Ok((created.distribution.unwrap(), created.e_tag.unwrap()))
}

#[tokio::test]
async fn invalid_configurations_are_rejected() {
    let world = World::immediate().await;
    let hosts = ["a.com", "b.com", "c.com"];
    for (config, code) in [
        (config(&hosts, "group", NO_CACHE, READS).origin_groups(group(&hosts)), "InvalidArgument"),
        (config(&hosts, "group", NO_CACHE, READS).origin_groups(group(&hosts[..1])), "InvalidArgument"),
        (config(&hosts, "group", NO_CACHE, READS).origin_groups(group(&["a.com", "d.com"])), "NoSuchOrigin"),
        (config(&hosts, "group", NO_CACHE, ALL).origin_groups(group(&hosts[..2])), "InvalidArgument"),
        (config(&hosts, "d.com", NO_CACHE, READS), "NoSuchOrigin"),
        (config(&hosts, "a.com", "00000000-0000-0000-0000-000000000000", READS), "NoSuchCachePolicy"),
    ] {
        assert_eq!(error_of!(create(&world, config).await).0, code);
    }
    create(&world, config(&hosts, "group", NO_CACHE, READS).origin_groups(group(&hosts[..2]))).await.unwrap();
    assert_eq!(error_of!(create(&world, config(&hosts, "a.com", NO_CACHE, ALL)).await).0, "DistributionAlreadyExists");
}

#[tokio::test]
async fn alternate_domain_names_need_a_certificate_of_us_east_1() {
    let mut world = World::immediate().await;
    let zone = world.zone().await;
    let with = |names: &[&str], certificate: Option<&str>| {
        let aliases = Aliases::builder().quantity(names.len() as i32);
        let aliases = aliases.set_items(Some(names.iter().map(|name| (*name).to_owned()).collect())).build().unwrap();
        let certificate = certificate.map(|arn| ViewerCertificate::builder().acm_certificate_arn(arn).build());
        let config = config(&["a.com"], "a.com", NO_CACHE, ALL).aliases(aliases).set_viewer_certificate(certificate);
        config.caller_reference(names.join(","))
    };
    assert_eq!(error_of!(create(&world, with(&["www.a.com"], None)).await).0, "InvalidViewerCertificate");
    world.set_region("us-west-2");
    let west = world.certificate(&zone, "www.a.com").await;
    assert_eq!(error_of!(create(&world, with(&["www.a.com"], Some(&west))).await).0, "InvalidViewerCertificate");
    world.set_region("us-east-1");
    let east = world.certificate(&zone, "www.a.com").await;
    assert_eq!(error_of!(create(&world, with(&["b.a.com"], Some(&east))).await).0, "InvalidViewerCertificate");
    create(&world, with(&["www.a.com"], Some(&east))).await.unwrap();
    let again = with(&["www.a.com"], Some(&east)).caller_reference("another");
    assert_eq!(error_of!(create(&world, again).await).0, "CNAMEAlreadyExists");
}

#[tokio::test]
async fn a_distribution_can_be_deleted_once_disabled_and_deployed() {
    let world = World::slow().await;
    let client = world.cloudfront();
    let (created, e_tag) = create(&world, config(&["a.com"], "a.com", NO_CACHE, ALL)).await.unwrap();
    assert_eq!(created.status, "InProgress");
    world.wait();
    let status =
        || async { client.get_distribution().id(&created.id).send().await.unwrap().distribution.unwrap().status };
    assert_eq!(status().await, "Deployed");

    let delete = |e_tag: Option<String>| client.delete_distribution().id(&created.id).set_if_match(e_tag).send();
    assert_eq!(error_of!(delete(None).await).0, "InvalidIfMatchVersion");
    assert_eq!(error_of!(delete(Some(e_tag.clone())).await).0, "DistributionNotDisabled");

    let disabled = config(&["a.com"], "a.com", NO_CACHE, ALL).enabled(false);
    let update = |config: DistributionConfigBuilder, e_tag: &str| {
        let update = client.update_distribution().id(&created.id).distribution_config(config.build().unwrap());
        update.if_match(e_tag).send()
    };
    assert_eq!(error_of!(update(disabled.clone(), "stale").await).0, "PreconditionFailed");
    assert_eq!(error_of!(update(disabled.clone().caller_reference("two"), &e_tag).await).0, "IllegalUpdate");
    let e_tag = update(disabled, &e_tag).await.unwrap().e_tag.unwrap();
    assert_eq!(error_of!(delete(Some(e_tag.clone())).await).0, "DistributionNotDisabled");
    world.wait();
    delete(Some(e_tag)).await.unwrap();
}
