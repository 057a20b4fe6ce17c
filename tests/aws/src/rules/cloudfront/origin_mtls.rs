//! CloudFront: the certificates that a distribution presents to its origins.
//!
//! Source: AWS, Amazon CloudFront Developer Guide, "Enable origin mutual TLS for CloudFront distributions". The messages are not
//! published.

use super::{ConfigError, acm, all_behaviors};
use crate::error::Error;
use crate::rules::Context;
use crate::upstream::Place;
use crate::xml::Element;

/// A certificate is imported into ACM in us-east-1, and no function runs before requests to the origin.
pub(super) async fn invalid(context: &Context<'_>, config: &Element) -> Result<Option<ConfigError>, Error> {
    let error = |message: &str| Ok(Some((400, "InvalidArgument", message.to_owned())));
    for origin in config.items_at(&["Origins", "Items"]) {
        let arn = origin.text_at(&["CustomOriginConfig", "OriginMtlsConfig", "ClientCertificateArn"]);
        if arn.is_empty() {
            continue;
        }
        let place = Place { region: "us-east-1".to_owned(), ..context.place.clone() };
        let found = match arn.split(':').nth(3) {
            Some("us-east-1") => acm::certificate(context, &place, arn).await?,
            _ => None,
        };
        if found.is_none_or(|found| found["Type"] != "IMPORTED") {
            return error(
                "The client certificate doesn't exist, isn't in us-east-1, or isn't valid for client authentication.",
            );
        }
        let at_origin = |item: &Element| item.text_at(&["EventType"]).starts_with("origin-");
        let has_function =
            |behavior: &Element| behavior.items_at(&["LambdaFunctionAssociations", "Items"]).iter().any(at_origin);
        if all_behaviors(config).any(has_function) {
            return error(
                "Origin mTLS is not supported with Lambda@Edge functions for origin requests and origin responses.",
            );
        }
    }
    Ok(None)
}
