//! Mistakes in mutual TLS: settings of AWS, and clients that have no certificate.

use super::Found;
use crate::resources::api::config::{CheckProtocol, Config, MutualTls};
use crate::resources::api::shape::Shape;
use crate::resources::shared::checks::arn_parts;
use crate::resources::shared::regions;
use crate::schema::Attr;
use crate::wire::{Diagnostic, Path};

/// Mistakes in `domain.mutual_tls` and `regions[...].mutual_tls`.
pub(super) fn check(config: &Config, shape: Option<&Shape>, found: &mut Found) {
    let common = match config.domain() {
        Attr::Known(domain) => domain.mutual_tls().clone(),
        Attr::Null => Attr::Null,
        Attr::Unknown => Attr::Unknown,
    };
    if let Attr::Known(common) = &common {
        settings(common, &at(), found);
    }
    for (name, region) in config.known_regions() {
        let Some(own) = region.mutual_tls().known() else { continue };
        let path = regions::path(name).attribute("mutual_tls");
        settings(own, &path, found);
        if common.is_null() {
            let detail = "A region has a trust store, but the domain has no mutual TLS. Set domain.mutual_tls = {} for mutual TLS \
                          in every region, or remove the trust store.";
            found.error(path, "Trust store without mutual TLS", detail);
        }
    }
    let Some(shape) = shape else { return };
    let Some(common) = shape.names.as_ref().and_then(|names| names.mutual_tls.as_ref()) else { return };
    without_truststore(shape, common, found);
    without_certificate(shape, found);
}

fn at() -> Path {
    Path::of("domain").attribute("mutual_tls")
}

fn settings(given: &MutualTls, path: &Path, found: &mut Found) {
    let is_uri = |uri: &&String| {
        let object = uri.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
        !object.is_some_and(|(bucket, key)| !bucket.is_empty() && !key.is_empty())
    };
    if let Some(uri) = given.truststore_uri().known().filter(is_uri) {
        let detail = format!("{uri:?} is not the URI of an S3 object, such as \"s3://bucket/authorities.pem\".");
        found.error(path.clone().attribute("truststore_uri"), "Invalid trust store URI", detail);
    }
    let is_certificate =
        |arn: &str| matches!(arn_parts(arn), Some([_, "acm", _, _, id]) if id.starts_with("certificate/"));
    if let Some(arn) = given.ownership_certificate_arn().known().filter(|arn| !is_certificate(arn)) {
        let detail = format!(
            "{arn:?} is not the ARN of an ACM certificate, such as arn:aws:acm:us-east-1:123456789012:certificate/ID."
        );
        found.error(path.clone().attribute("ownership_certificate_arn"), "Invalid certificate ARN", detail);
    }
}

fn without_truststore(shape: &Shape, common: &MutualTls, found: &mut Found) {
    if !common.truststore_uri().is_null() {
        return;
    }
    for (name, place) in &shape.regions {
        let own = place.config.mutual_tls();
        if !own.is_unknown() && own.known().is_none_or(|own| own.truststore_uri().is_null()) {
            let detail = format!(
                "Mutual TLS needs a trust store, and {name} has none. Set domain.mutual_tls.truststore_uri, or \
                 regions[{name:?}].mutual_tls.truststore_uri."
            );
            found.error(at().attribute("truststore_uri"), "Trust store missing", detail);
        }
    }
}

/// Clients that cannot present a certificate, and ways around mutual TLS.
fn without_certificate(shape: &Shape, found: &mut Found) {
    let is_named = shape.names.as_ref().is_some_and(|names| names.in_regions());
    if !is_named {
        let detail = "With this cdn, the regions have no custom domain names, and API Gateway offers mutual TLS only at custom \
                      domain names. Remove mutual_tls or cdn.";
        found.error(at(), "Mutual TLS without custom domain names", detail);
    } else if shape.cdn.as_ref().is_some_and(|edge| edge.config.client_certificate_arn().is_null()) {
        let detail = "CloudFront sends requests to the custom domain names of the regions, and has no client certificate to \
                      present there. Set cdn.client_certificate_arn, remove cdn, or remove mutual_tls.";
        found.error(at(), "Mutual TLS behind CloudFront", detail);
    } else if !shape.gateway.disabled {
        let detail = "The default endpoints accept clients without a certificate. Set gateway.disable_execute_api_endpoint = \
                      true, so that every client needs one.";
        found.0.push(Diagnostic::warning(at(), "Mutual TLS can be avoided", detail));
    }
    let protocol = shape.health_check.as_ref().map(|check| check.protocol);
    if shape.needs_client_certificate() && protocol.is_some_and(|protocol| protocol != CheckProtocol::Tcp) {
        let detail = "Route 53's checkers have no client certificate, so that every region would be unhealthy. Set protocol = \
                      \"tcp\", which checks only that API Gateway accepts connections, or use regions[...].health_alarm, an \
                      alarm on the API's errors.";
        let path = Path::of("routing").attribute("health_check").attribute("protocol");
        found.error(path, "Health check without a client certificate", detail);
    }
}
