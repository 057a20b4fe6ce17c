//! CloudFront: the move of an alternate domain name from one distribution to another.
//!
//! Source: AWS, Amazon CloudFront Developer Guide, "Move an alternate domain name"; messages as users have reported them.

use super::{acm, get_xml};
use crate::dns;
use crate::message::Response;
use crate::rules::{Context, Verdict};
use crate::upstream::Place;

/// Rejects a move to a distribution whose certificate does not cover the name, or without the TXT record that leads from the
/// name, with an underscore before it, to the distribution.
pub(super) async fn before(context: &Context<'_>) -> Verdict {
    let request = context.request.xml();
    let (name, id) = (request.text_at(&["Domain"]), request.text_at(&["TargetResource", "DistributionId"]));
    let Some(target) = get_xml(context, &format!("distribution/{id}")).await? else { return Ok(None) };
    let arn = target.text_at(&["DistributionConfig", "ViewerCertificate", "ACMCertificateArn"]);
    let place = Place { region: "us-east-1".to_owned(), ..context.place.clone() };
    let certificate = acm::certificate(context, &place, arn).await?;
    if !certificate.is_some_and(|found| found["Type"] == "IMPORTED" || acm::covers(&found, name)) {
        let message =
            "The certificate that is attached to the target distribution doesn't cover the alternate domain name.";
        return context.refuse(400, "IllegalUpdate", message);
    }
    let records = dns::texts(context.proxy, &context.place, &format!("_{name}")).await?;
    if !records.iter().any(|record| record.trim_matches('"') == target.text_at(&["DomainName"])) {
        return context.refuse(400, "IllegalUpdate", "Invalid or missing alias DNS TXT records.");
    }
    Ok(None)
}

/// The target distribution is deployed again.
pub(super) fn after(context: &Context<'_>, response: &Response) {
    let id = response.as_xml().text_at(&["ResourceId"]).to_owned();
    if !id.is_empty() {
        let delay = context.proxy.options.delays.distribution_deployed;
        context.proxy.timers.start(&context.timer("distribution", &id), delay);
    }
}
