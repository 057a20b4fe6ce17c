//! A distribution's settings in CloudFront's form. Pure.

use aws_sdk_cloudfront::types::{
    Aliases, DistributionConfig, HttpVersion, MinimumProtocolVersion, PriceClass, SslSupportMethod, ViewerCertificate,
};

use super::{Spec, Viewer, behavior, optional, origin};
use crate::aws::CallError;
use crate::components::support::answer::{build_part, respell};
use crate::components::{Deviations, Tags};
use crate::desired::Input;

const SNI: SslSupportMethod = SslSupportMethod::SniOnly;

/// The settings of a new distribution.
pub(super) fn fresh(spec: &Spec, reference: &str) -> Result<DistributionConfig, CallError> {
    let config = DistributionConfig::builder()
        .caller_reference(reference)
        .comment(&spec.comment)
        .enabled(true)
        .staging(spec.staging)
        .default_cache_behavior(behavior::default(None, None, &spec.default_behavior)?)
        .origins(origin::updated(None, None, spec)?);
    updated(build_part(config.build())?, None, spec)
}

/// The current settings with ours applied. Settings that we do not manage stay; those that only `from` manages are reset.
pub(super) fn updated(
    mut held: DistributionConfig,
    from: Option<&Spec>,
    spec: &Spec,
) -> Result<DistributionConfig, CallError> {
    held.comment.clone_from(&spec.comment);
    held.enabled = true;
    held.is_ipv6_enabled = Some(spec.viewer.ipv6);
    held.http_version = Some(HttpVersion::from(spec.viewer.http_version.as_str()));
    held.default_root_object = Some(String::new());
    held.price_class = Some(PriceClass::from(spec.price_class.as_str()));
    let aliases: Vec<String> = spec.aliases.iter().map(|alias| alias.get().clone()).collect();
    held.aliases = Some(build_part(Aliases::builder().quantity(count(&aliases)?).set_items(Some(aliases)).build())?);
    held.viewer_certificate = Some(viewer_certificate(spec));
    held.origins = Some(origin::updated(held.origins.as_ref(), from, spec)?);
    held.origin_groups = Some(origin::groups(spec)?);
    let before = from.map(|from| &from.default_behavior);
    held.default_cache_behavior =
        Some(behavior::default(held.default_cache_behavior.take(), before, &spec.default_behavior)?);
    held.cache_behaviors = Some(behavior::others(held.cache_behaviors.take(), from, spec)?);
    optional::apply(&mut held, from, spec)?;
    Ok(held)
}

/// The current settings with the distribution disabled, which CloudFront requires before a deletion.
pub(super) fn disabled(mut held: DistributionConfig) -> DistributionConfig {
    held.enabled = false;
    held
}

/// The spec that CloudFront reports, in the spelling of `ours`; `None` without a default behavior, which CloudFront
/// always returns.
pub(super) fn reported(config: &DistributionConfig, ours: Option<&Spec>, tags: Tags) -> Option<Spec> {
    let behaviors = behavior::reported(config.default_cache_behavior.clone()?, config.cache_behaviors.as_ref(), ours);
    let aliases = config.aliases.as_ref().map(|aliases| aliases.items().to_vec()).unwrap_or_default();
    let viewer = config.viewer_certificate.as_ref();
    let certificate = viewer.and_then(|viewer| viewer.acm_certificate_arn.clone());
    Some(Spec {
        deviations: deviations(config, behaviors.deviations),
        comment: config.comment.clone(),
        aliases: respell(&aliases, ours.map_or(&[], |ours| &ours.aliases)),
        price_class: config.price_class.as_ref().map_or("PriceClass_All", PriceClass::as_str).to_owned(),
        certificate_arn: certificate.map(Input::Known),
        viewer: reported_viewer(config, ours),
        origins: origin::reported(config, ours),
        origin_headers: origin::reported_headers(config, ours),
        client_certificate_arn: origin::client_certificate(config, ours),
        groups: origin::reported_groups(config, ours),
        default_behavior: behaviors.default,
        behaviors: behaviors.others,
        error_responses: optional::error_responses(config, ours),
        geo_restriction: optional::geo_restriction(config, ours),
        logging: optional::reported_logging(config, ours),
        web_acl_arn: optional::web_acl(config, ours),
        staging: config.staging.unwrap_or_default(),
        take_over: ours.and_then(|ours| ours.take_over.clone()),
        tags,
    })
}

/// The settings of clients' connections. The minimum TLS version applies only with a certificate of our own.
fn reported_viewer(config: &DistributionConfig, ours: Option<&Spec>) -> Viewer {
    let standard = Viewer::default();
    let viewer = config.viewer_certificate.as_ref().filter(|viewer| viewer.acm_certificate_arn.is_some());
    let minimum = viewer.and_then(|viewer| viewer.minimum_protocol_version.as_ref());
    let minimum = minimum.map(|minimum| minimum.as_str().to_owned());
    Viewer {
        http_version: config.http_version.as_ref().map_or("http2", HttpVersion::as_str).to_owned(),
        ipv6: config.is_ipv6_enabled.unwrap_or_default(),
        minimum_tls: minimum.or_else(|| Some(ours?.viewer.minimum_tls.clone())).unwrap_or(standard.minimum_tls),
    }
}

/// Adds the enforced settings that differ from what [`updated`] sets.
fn deviations(config: &DistributionConfig, deviations: Deviations) -> Deviations {
    let viewer = config.viewer_certificate.as_ref().filter(|viewer| viewer.acm_certificate_arn.is_some());
    let deviations = deviations
        .record_unless("Enabled", config.enabled)
        .record_unless("DefaultRootObject", config.default_root_object.as_ref().is_none_or(String::is_empty))
        .record_unless("SSLSupportMethod", viewer.is_none_or(|viewer| viewer.ssl_support_method == Some(SNI)));
    origin::deviations(config, deviations)
}

/// The number of items of a list, which CloudFront requires beside the list.
pub(super) fn count<T>(items: &[T]) -> Result<i32, CallError> {
    i32::try_from(items.len()).map_err(|error| CallError::Malformed(error.to_string()))
}

fn viewer_certificate(spec: &Spec) -> ViewerCertificate {
    match &spec.certificate_arn {
        Some(arn) => ViewerCertificate::builder()
            .acm_certificate_arn(arn.get())
            .ssl_support_method(SNI)
            .minimum_protocol_version(MinimumProtocolVersion::from(spec.viewer.minimum_tls.as_str()))
            .cloud_front_default_certificate(false)
            .build(),
        None => ViewerCertificate::builder().cloud_front_default_certificate(true).build(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use aws_sdk_cloudfront::types::{EventType, LambdaFunctionAssociation, LambdaFunctionAssociations};

    use super::super::{
        Behavior, Connection, ErrorResponse, GeoRestriction, Logging, Origin, OriginGroup, Replacement,
    };
    use super::*;

    fn spec() -> Spec {
        let origin = |host: &str| Origin {
            host: Input::from(host),
            path: String::new(),
            connection: Connection::default(),
            shield_region: None,
        };
        Spec {
            comment: "giraffe".to_owned(),
            aliases: vec![Input::from("api.example.com")],
            price_class: "PriceClass_100".to_owned(),
            certificate_arn: Some(Input::from("arn:aws:acm:us-east-1:123456789012:certificate/x")),
            viewer: Viewer::default(),
            origins: BTreeMap::from([
                ("us-east-1".to_owned(), origin("a.example.com")),
                ("us-west-2".to_owned(), origin("b.example.com")),
            ]),
            origin_headers: BTreeMap::new(),
            client_certificate_arn: None,
            groups: vec![OriginGroup {
                id: "regions".to_owned(),
                primary: "us-east-1".to_owned(),
                secondary: "us-west-2".to_owned(),
                status_codes: vec![504, 502],
            }],
            default_behavior: Behavior::uncached("us-east-1", true),
            behaviors: vec![("/public/*".to_owned(), Behavior::uncached("regions", false))],
            error_responses: Vec::new(),
            geo_restriction: None,
            logging: None,
            web_acl_arn: None,
            staging: false,
            take_over: None,
            deviations: Deviations::default(),
            tags: Tags::new(),
        }
    }

    /// A spec that manages everything.
    fn full() -> Spec {
        let mut spec = spec();
        spec.viewer = Viewer { http_version: "http3".to_owned(), ipv6: false, minimum_tls: "TLSv1.3_2025".to_owned() };
        spec.origin_headers.insert("X-Origin-Verify".to_owned(), Input::from("secret"));
        spec.error_responses = vec![
            ErrorResponse { status: 403, replacement: None, cache_seconds: Some(10) },
            ErrorResponse {
                status: 404,
                replacement: Some(Replacement { status: 200, path: "/missing".to_owned() }),
                cache_seconds: None,
            },
        ];
        spec.geo_restriction = Some(GeoRestriction { allow: true, countries: vec!["AT".to_owned(), "DE".to_owned()] });
        spec.logging =
            Some(Logging { bucket: Input::from("logs.s3.amazonaws.com"), prefix: Input::from("cdn/"), cookies: true });
        spec.web_acl_arn = Some(Input::from("arn:acl"));
        spec.client_certificate_arn = Some(Input::from("arn:client"));
        for origin in spec.origins.values_mut() {
            origin.connection.completion_timeout_seconds = Some(60);
            origin.shield_region = Some("us-east-1".to_owned());
        }
        spec
    }

    #[test]
    fn a_new_distribution_reads_back_as_its_spec() {
        for spec in [spec(), full()] {
            let mut config = fresh(&spec, "reference").unwrap();
            assert_eq!(reported(&config, Some(&spec), Tags::new()), Some(spec.clone()));
            // A certificate that is missing at one origin is a difference.
            if spec.client_certificate_arn.is_some() {
                let mut without = config.clone();
                let custom = without.origins.as_mut().unwrap().items[1].custom_origin_config.as_mut().unwrap();
                custom.origin_mtls_config = None;
                assert_eq!(origin::client_certificate(&without, Some(&spec)), None);
            }
            config.enabled = false;
            config.origins.as_mut().unwrap().items[1].custom_origin_config.as_mut().unwrap().https_port = 8443;
            let changed = reported(&config, Some(&spec), Tags::new()).unwrap().deviations;
            assert_eq!(serde_json::to_value(changed).unwrap(), serde_json::json!(["Enabled", "HTTPSPort"]));
        }
    }

    #[test]
    fn an_import_reports_every_setting() {
        let spec = full();
        let reported = reported(&fresh(&spec, "reference").unwrap(), None, Tags::new()).unwrap();
        assert_eq!((reported.web_acl_arn, reported.logging), (spec.web_acl_arn, spec.logging));
        assert_eq!((reported.geo_restriction, reported.viewer), (spec.geo_restriction, spec.viewer));
        assert!(reported.origin_headers.contains_key("x-origin-verify"), "names of headers have no case");
    }

    #[test]
    fn an_update_keeps_settings_that_we_do_not_manage() {
        let (full, mut spec) = (full(), spec());
        let held = fresh(&full, "reference").unwrap();
        spec.groups.clear();
        spec.behaviors.clear();
        spec.certificate_arn = None;
        let updated = updated(held, Some(&spec), &spec).unwrap();
        assert_eq!(updated.web_acl_id.as_deref(), Some("arn:acl"));
        assert_eq!(origin::client_certificate(&updated, None), Some(Input::from("arn:client")));
        assert!(updated.logging.as_ref().unwrap().enabled);
        assert_eq!(updated.custom_error_responses.as_ref().unwrap().quantity, 2);
        assert_eq!(updated.origins.as_ref().unwrap().items[0].custom_headers.as_ref().unwrap().quantity, 1);
        assert_eq!(updated.caller_reference, "reference");
        assert_eq!(reported(&updated, Some(&spec), Tags::new()), Some(spec));
    }

    #[test]
    fn an_update_resets_settings_that_are_no_longer_desired() {
        let (full, spec) = (full(), spec());
        let updated = updated(fresh(&full, "reference").unwrap(), Some(&full), &spec).unwrap();
        assert_eq!(updated.web_acl_id.as_deref(), Some(""));
        assert_eq!(origin::client_certificate(&updated, None), None);
        assert!(!updated.logging.as_ref().unwrap().enabled);
        assert_eq!(updated.custom_error_responses.as_ref().unwrap().quantity, 0);
        assert_eq!(updated.origins.as_ref().unwrap().items[0].custom_headers.as_ref().unwrap().quantity, 0);
        assert_eq!(reported(&updated, None, Tags::new()).unwrap().geo_restriction, None);
    }

    #[test]
    fn our_function_is_associated_beside_those_of_others() {
        const OURS: &str = "arn:aws:lambda:us-east-1:123456789012:function:giraffe_edge_0123456789abcdef:1";
        let mut with = spec();
        with.default_behavior.origin_request_function = Some(Input::from(OURS));
        with.behaviors[0].1.origin_request_function = Some(Input::from(OURS));
        let config = fresh(&with, "reference").unwrap();
        assert_eq!(reported(&config, Some(&with), Tags::new()), Some(with.clone()));
        let functions = |config: &DistributionConfig| {
            let held = config.default_cache_behavior.as_ref().unwrap().lambda_function_associations.clone();
            held.unwrap().items.unwrap_or_default()
        };
        let without = updated(config.clone(), Some(&with), &spec()).unwrap();
        assert_eq!(functions(&without), []);
        // A function of others stays.
        let mut held = without;
        let other = LambdaFunctionAssociation::builder()
            .lambda_function_arn("arn:aws:lambda:us-east-1:123456789012:function:theirs:3")
            .event_type(EventType::ViewerResponse);
        let list = LambdaFunctionAssociations::builder().quantity(1).items(other.build().unwrap()).build().unwrap();
        held.default_cache_behavior.as_mut().unwrap().lambda_function_associations = Some(list);
        assert_eq!(reported(&held, Some(&spec()), Tags::new()).unwrap().default_behavior.origin_request_function, None);
        assert_eq!(functions(&updated(held.clone(), Some(&spec()), &spec()).unwrap()).len(), 1);
        assert_eq!(functions(&updated(held, Some(&spec()), &with).unwrap()).len(), 2);
    }

    #[test]
    fn a_state_of_an_older_version_is_read() {
        let old = serde_json::json!({
            "comment": "giraffe", "aliases": [], "price_class": "PriceClass_All", "certificate_arn": null,
            "origins": { "latency": { "host": "api.example.com", "path": "" } }, "group": null,
            "default_behavior": { "target": "latency", "writes": true }, "behaviors": [], "tags": {},
        });
        let read: Spec = serde_json::from_value(old).unwrap();
        assert_eq!(read.default_behavior, Behavior::uncached("latency", true));
        assert_eq!((read.viewer, read.groups), (Viewer::default(), Vec::new()));
    }
}
