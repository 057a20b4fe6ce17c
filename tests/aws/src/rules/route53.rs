//! Route 53: contradictory batches, changes that take time to propagate, caller references that were used before.

use std::sync::Arc;

use http::StatusCode;

use super::batch::{self, Change};
use super::{Context, Verdict, cidr, health_checks};
use crate::dns;
use crate::error::Error;
use crate::message::Response;
use crate::proxy::Proxy;
use crate::records::{Policy, Record, absolute};
use crate::upstream::Lookup;
use crate::xml::Element;

/// Rejects changes that contradict the zone and reused caller references; responds where ministack cannot.
pub(crate) async fn before(context: &Context<'_>) -> Verdict {
    match context.operation.name.as_str() {
        "ChangeResourceRecordSets" => change_records(context).await,
        "CreateHostedZone" => {
            let message = "A hosted zone has already been created with the specified caller reference.";
            let used = reference(context).is_some_and(|key| context.proxy.remembered(&key).is_some());
            if used { context.refuse(409, "HostedZoneAlreadyExists", message) } else { Ok(None) }
        }
        "CreateHealthCheck" => match health_checks::of_create(context).await? {
            Some(refusal) => Ok(Some(refusal)),
            None => create_health_check(context).await,
        },
        "UpdateHealthCheck" => update_health_check(context).await,
        "GetHealthCheckStatus" => health_check_status(context).await,
        "ListTagsForResources" => list_tags(context).await,
        "DeleteCidrCollection" => cidr::delete(context).await,
        "ChangeCidrCollection" => cidr::change(context).await,
        _ => Ok(None),
    }
}

async fn change_records(context: &Context<'_>) -> Verdict {
    let zone_id = context.name(0);
    let Some(zone) = get_xml(context, &format!("/2013-04-01/hostedzone/{zone_id}")).await? else {
        return Ok(None);
    };
    let current = records(context, zone_id).await?;
    let request = context.request.xml();
    let changes: Vec<Change> = request
        .items_at(&["ChangeBatch", "Changes"])
        .iter()
        .filter_map(|change| {
            let record = Record::read(change.child("ResourceRecordSet")?);
            Some(Change { action: change.text_at(&["Action"]).to_owned(), record })
        })
        .collect();
    for change in changes.iter().filter(|change| change.action != "DELETE") {
        if let Some(id) = &change.record.health_check
            && get_xml(context, &format!("/2013-04-01/healthcheck/{id}")).await?.is_none()
        {
            return context.refuse(
                404,
                "NoSuchHealthCheck",
                format!("No health check exists with the specified ID {id}."),
            );
        }
    }
    for set in request.items_at(&["ChangeBatch", "Changes"]).iter().filter_map(|it| it.child("ResourceRecordSet")) {
        if let Some(mistake) = batch::invalid_input(set) {
            return context.refuse(400, "InvalidInput", mistake);
        }
    }
    if zone.child("HostedZone").is_some_and(dns::is_private)
        && let Some(message) = unsupported_in_private_zone(&request, &changes)
    {
        return context.refuse(400, "InvalidInput", message);
    }
    let refusals =
        changes.iter().filter_map(|change| refusal_of(context.proxy, &change.record.name, &change.record.kind));
    let refusals: Vec<String> = refusals.collect();
    if !refusals.is_empty() {
        return context.refuse(400, "InvalidChangeBatch", format!("[{}]", refusals.join(", ")));
    }
    let zone = batch::Zone { id: zone_id, name: &absolute(zone.text_at(&["HostedZone", "Name"])) };
    let mut violations = batch::violations(&zone, &current, &changes);
    violations.extend(cidr::violations(context, &changes).await?);
    if violations.is_empty() {
        return Ok(None);
    }
    context.refuse(400, "InvalidChangeBatch", format!("[{}]", violations.join(", ")))
}

/// Makes Route 53 refuse every change of the record sets of this name and type with `message`, as it does for a record set
/// protection and for a change guardrail; `None` ends that.
pub(crate) fn set_refusal(proxy: &Proxy, name: &str, kind: &str, message: Option<&str>) {
    proxy.remember(format!("record refusal/{}/{kind}", absolute(name)), message.unwrap_or_default());
}

fn refusal_of(proxy: &Proxy, name: &str, kind: &str) -> Option<String> {
    proxy.remembered(&format!("record refusal/{name}/{kind}")).filter(|message| !message.is_empty())
}

/// Why a private hosted zone cannot contain the records of a change.
///
/// # Source
/// Amazon Route 53 Developer Guide, "IP-based routing"; Amazon Route 53 API Reference, "AliasTarget".
fn unsupported_in_private_zone(request: &Element, changes: &[Change]) -> Option<&'static str> {
    let kept = || changes.iter().filter(|change| change.action != "DELETE");
    if kept().any(|change| matches!(change.record.policy, Policy::IpBased(..))) {
        return Some("IP-based routing is not supported in private hosted zones.");
    }
    let to_cloudfront = |change: &Element| {
        let zone = change.text_at(&["ResourceRecordSet", "AliasTarget", "HostedZoneId"]);
        change.text_at(&["Action"]) != "DELETE" && zone == CLOUDFRONT_ZONE
    };
    let aliases = request.items_at(&["ChangeBatch", "Changes"]);
    aliases
        .iter()
        .any(to_cloudfront)
        .then_some("Alias records for CloudFront can't be created in a private hosted zone.")
}

/// The hosted zone id of every distribution.
pub(super) const CLOUDFRONT_ZONE: &str = "Z2FDTNDATAQYW2";

/// All records of a zone.
pub(crate) async fn records(context: &Context<'_>, zone_id: &str) -> Result<Vec<Record>, Error> {
    dns::records(&context.proxy.upstream, &context.place, zone_id).await
}

pub(super) async fn get_xml(context: &Context<'_>, path: &str) -> Result<Option<Arc<Element>>, Error> {
    context.proxy.upstream.xml(&context.place, "route53", Lookup::Get(path)).await
}

/// A caller reference returns its health check again if that still exists and the settings are the same. Any other
/// reuse is rejected, even after the health check has been deleted.
async fn create_health_check(context: &Context<'_>) -> Verdict {
    let Some(id) = reference(context).and_then(|key| context.proxy.remembered(&key)) else { return Ok(None) };
    let request = context.request.xml();
    if let Some(found) = get_xml(context, &format!("/2013-04-01/healthcheck/{id}")).await? {
        let settings = |element: Option<&Element>| -> Vec<(String, String)> {
            let children = element.map_or(&[][..], |config| &config.children);
            let mut settings: Vec<_> =
                children.iter().map(|child| (child.name.clone(), child.text.to_lowercase())).collect();
            settings.retain(|(name, _)| !matches!(name.as_str(), "Regions" | "ChildHealthChecks"));
            settings
        };
        // Settings that the request omits have their defaults, so compare only those that it contains.
        let found = settings(found.at(&["HealthCheck", "HealthCheckConfig"]));
        if settings(request.child("HealthCheckConfig")).iter().all(|setting| found.contains(setting)) {
            return Ok(None);
        }
    }
    let message = "A health check with the same caller reference was created before.";
    context.refuse(409, "HealthCheckAlreadyExists", message)
}

async fn update_health_check(context: &Context<'_>) -> Verdict {
    let request = context.request.xml();
    let found = get_xml(context, &format!("/2013-04-01/healthcheck/{}", context.name(0))).await?;
    let version = request.text_at(&["HealthCheckVersion"]);
    if let Some(found) = &found
        && !version.is_empty()
        && found.text_at(&["HealthCheck", "HealthCheckVersion"]) != version
    {
        return context.refuse(409, "HealthCheckVersionMismatch", "The health check has another version by now.");
    }
    health_checks::of_update(context).await
}

/// One of Route 53's checkers in each region reports, and all agree. Without checker regions, three report.
async fn health_check_status(context: &Context<'_>) -> Verdict {
    let path = format!("/2013-04-01/healthcheck/{}", context.name(0));
    let Some(check) = get_xml(context, &path).await? else {
        return context.refuse(404, "NoSuchHealthCheck", "No health check exists with the specified ID.");
    };
    let config = check.at(&["HealthCheck", "HealthCheckConfig"]).cloned().unwrap_or_default();
    let healthy = dns::is_check_healthy(context.proxy, &context.place, context.name(0), 0).await?;
    let status = if healthy { "Success: HTTP Status Code 200, OK" } else { "Failure: Unhealthy" };
    let observation = |region: &str| {
        let report =
            vec![Element::with_text("Status", status), Element::with_text("CheckedTime", "2026-01-01T00:00:00.000Z")];
        Element::with_children(
            "HealthCheckObservation",
            vec![
                Element::with_text("Region", region),
                Element::with_text("IPAddress", "192.0.2.1"),
                Element::with_children("StatusReport", report),
            ],
        )
    };
    let checkers: Vec<&str> = config.items_at(&["Regions"]).iter().map(|region| region.text.as_str()).collect();
    let checkers = if checkers.is_empty() { vec!["us-east-1", "eu-west-1", "ap-southeast-1"] } else { checkers };
    let observations = checkers.into_iter().map(observation).collect();
    let list = Element::with_children("HealthCheckObservations", observations);
    let response = Element::with_children("GetHealthCheckStatusResponse", vec![list]);
    Ok(Some(Response::xml(StatusCode::OK, &response)))
}

/// ministack only supports the operation for a single resource.
async fn list_tags(context: &Context<'_>) -> Verdict {
    let kind = context.name(0);
    let mut sets = Vec::new();
    for id in context.request.xml().items_at(&["ResourceIds"]) {
        let Some(found) = get_xml(context, &format!("/2013-04-01/tags/{kind}/{}", id.text)).await? else {
            let code = if kind == "healthcheck" { "NoSuchHealthCheck" } else { "NoSuchHostedZone" };
            return context.refuse(404, code, format!("{} does not exist.", id.text));
        };
        sets.extend(found.child("ResourceTagSet").cloned());
    }
    let response =
        Element::with_children("ListTagsForResourcesResponse", vec![Element::with_children("ResourceTagSets", sets)]);
    Ok(Some(Response::xml(StatusCode::OK, &response)))
}

/// The key under which the caller reference of a request is stored.
fn reference(context: &Context<'_>) -> Option<String> {
    let request = context.request.xml();
    let reference = request.text_at(&["CallerReference"]);
    (!reference.is_empty()).then(|| format!("{}/{}/{reference}", context.place.account, context.operation.name))
}

/// Records changes, and adjusts the response.
pub(crate) fn after(context: &Context<'_>, response: &mut Response) {
    let operation = context.operation.name.as_str();
    let mut message = response.as_xml();
    if let Some(info) = message.child_mut("ChangeInfo") {
        set_change_status(context, info);
    }
    let created = match operation {
        "CreateHostedZone" => message.text_at(&["HostedZone", "Id"]),
        "CreateHealthCheck" => message.text_at(&["HealthCheck", "Id"]),
        _ => "",
    };
    if let (false, Some(key)) = (created.is_empty(), reference(context)) {
        context.proxy.remember(key, created);
    }
    if operation == "ListResourceRecordSets" {
        message.each_mut(&mut |element| {
            if matches!(element.name.as_str(), "Name" | "NextRecordName") {
                element.text = element.text.replace('*', "\\052");
            }
        });
    }
    response.body = message.to_message().into();
}

/// ministack reports INSYNC after the first read; AWS takes a while.
fn set_change_status(context: &Context<'_>, info: &mut Element) {
    let id = info.text_at(&["Id"]).to_owned();
    let timer = format!("change/{id}");
    context.proxy.timers.start_once(&timer, context.proxy.options.delays.change_insync);
    let pending = context.operation.name != "GetChange" || context.proxy.timers.is_running(&timer);
    if let Some(status) = info.child_mut("Status") {
        status.text = if pending { "PENDING" } else { "INSYNC" }.to_owned();
    }
}
