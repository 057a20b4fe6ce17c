//! The settings of health checks that Route 53 rejects, by type.
//!
//! Source: AWS, Route 53 API reference, HealthCheckConfig. A `HealthThreshold` above the number of children is accepted: such
//! a health check is never healthy.

use super::route53::get_xml;
use super::{Context, Verdict};
use crate::error::Error;
use crate::xml::Element;

/// The regions of Route 53's checkers.
const CHECKERS: [&str; 8] = [
    "ap-northeast-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "eu-west-1",
    "sa-east-1",
    "us-east-1",
    "us-west-1",
    "us-west-2",
];
/// Settings of health checks that call an endpoint.
const OF_ENDPOINTS: [&str; 8] = [
    "FullyQualifiedDomainName",
    "IPAddress",
    "Port",
    "ResourcePath",
    "SearchString",
    "RequestInterval",
    "FailureThreshold",
    "Regions",
];
const OF_CALCULATED: [&str; 2] = ["HealthThreshold", "ChildHealthChecks"];
const OF_ALARMS: [&str; 2] = ["AlarmIdentifier", "InsufficientDataHealthStatus"];
const OF_CONTROLS: [&str; 1] = ["RoutingControlArn"];

/// Rejects a `CreateHealthCheck` with settings that its type does not have.
pub(super) async fn of_create(context: &Context<'_>) -> Verdict {
    let request = context.request.xml();
    let Some(config) = request.child("HealthCheckConfig") else { return Ok(None) };
    refuse(context, config, &mistake(config)).await
}

/// Rejects an `UpdateHealthCheck` whose result would be such.
pub(super) async fn of_update(context: &Context<'_>) -> Verdict {
    let path = format!("/2013-04-01/healthcheck/{}", context.name(0));
    let Some(found) = get_xml(context, &path).await? else { return Ok(None) };
    let Some(current) = found.at(&["HealthCheck", "HealthCheckConfig"]) else { return Ok(None) };
    let request = context.request.xml();
    let reset: Vec<&str> = request.items_at(&["ResetElements"]).iter().map(|item| item.text.as_str()).collect();
    let mut config = current.clone();
    config.children.retain(|field| !reset.contains(&field.name.as_str()) && request.child(&field.name).is_none());
    let fields =
        request.children.iter().filter(|field| field.name != "ResetElements" && field.name != "HealthCheckVersion");
    config.children.extend(fields.cloned());
    refuse(context, &config, &mistake(&config)).await
}

async fn refuse(context: &Context<'_>, config: &Element, mistake: &Option<String>) -> Verdict {
    if let Some(mistake) = mistake {
        return context.refuse(400, "InvalidInput", format!("Invalid parameter : {mistake}"));
    }
    match missing_child(context, config).await? {
        Some(id) => context.refuse(400, "InvalidInput", format!("Invalid parameter : no child health check {id}")),
        None => Ok(None),
    }
}

async fn missing_child(context: &Context<'_>, config: &Element) -> Result<Option<String>, Error> {
    for child in config.items_at(&["ChildHealthChecks"]) {
        if get_xml(context, &format!("/2013-04-01/healthcheck/{}", child.text)).await?.is_none() {
            return Ok(Some(child.text.clone()));
        }
    }
    Ok(None)
}

/// What is wrong with settings; `None` when they are valid.
fn mistake(config: &Element) -> Option<String> {
    let kind = config.text_at(&["Type"]);
    let has =
        |name: &&str| config.child(name).is_some_and(|field| !field.text.is_empty() || !field.children.is_empty());
    let (own, others): (&[&str], Vec<&str>) = match kind {
        "HTTP" | "HTTPS" | "HTTP_STR_MATCH" | "HTTPS_STR_MATCH" | "TCP" => {
            (&OF_ENDPOINTS, [&OF_CALCULATED[..], &OF_ALARMS, &OF_CONTROLS].concat())
        }
        "CALCULATED" => (&OF_CALCULATED, [&OF_ENDPOINTS[..], &OF_ALARMS, &OF_CONTROLS].concat()),
        "CLOUDWATCH_METRIC" => (&OF_ALARMS[..1], [&OF_ENDPOINTS[..], &OF_CALCULATED, &OF_CONTROLS].concat()),
        "RECOVERY_CONTROL" => (&OF_CONTROLS, [&OF_ENDPOINTS[..], &OF_CALCULATED, &OF_ALARMS].concat()),
        other => return Some(format!("{other} is no type of health check")),
    };
    if let Some(other) = others.iter().find(|name| has(name)) {
        return Some(format!("{other} cannot be specified for the type {kind}"));
    }
    if own != OF_ENDPOINTS
        && let Some(name) = own.iter().find(|name| !has(name))
    {
        return Some(format!("{name} is required for the type {kind}"));
    }
    let number = |name: &str| config.text_at(&[name]).parse::<u32>();
    if own == OF_CALCULATED {
        let children = config.items_at(&["ChildHealthChecks"]).len();
        let valid = number("HealthThreshold").is_ok_and(|threshold| threshold <= 256) && children <= 256;
        return (!valid).then(|| "HealthThreshold and the number of children are at most 256".to_owned());
    }
    if own != OF_ENDPOINTS {
        return None;
    }
    endpoint_mistake(config, kind)
}

fn endpoint_mistake(config: &Element, kind: &str) -> Option<String> {
    let has = |name: &str| !config.text_at(&[name]).is_empty();
    if !has("FullyQualifiedDomainName") && !has("IPAddress") {
        return Some("an IP address or a domain name is required".to_owned());
    }
    if kind == "TCP" && (!has("Port") || has("ResourcePath")) {
        return Some("a TCP health check has a port and no path".to_owned());
    }
    if has("Port") && !config.text_at(&["Port"]).parse::<u16>().is_ok_and(|port| port > 0) {
        return Some("a port is a number from 1 to 65535".to_owned());
    }
    let regions = config.child("Regions").filter(|regions| !regions.children.is_empty())?;
    if let Some(unknown) = regions.children.iter().find(|region| !CHECKERS.contains(&region.text.as_str())) {
        return Some(format!("{} is no region of health checkers", unknown.text));
    }
    let mut distinct: Vec<&str> = regions.children.iter().map(|region| region.text.as_str()).collect();
    distinct.sort_unstable();
    distinct.dedup();
    (distinct.len() < 3).then(|| "at least three regions are required".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_its_own_settings() {
        const HTTPS: &str = "<Type>HTTPS</Type><FullyQualifiedDomainName>a.com</FullyQualifiedDomainName>";
        const CHILDREN: &str =
            "<Type>CALCULATED</Type><ChildHealthChecks><ChildHealthCheck>1</ChildHealthCheck></ChildHealthChecks>";
        let regions = |names: &[&str]| {
            let regions: String = names.iter().map(|name| format!("<Region>{name}</Region>")).collect();
            format!("{HTTPS}<Regions>{regions}</Regions>")
        };
        for (settings, valid) in [
            (HTTPS.to_owned(), true),
            ("<Type>HTTPS</Type>".to_owned(), false),
            ("<Type>PING</Type>".to_owned(), false),
            (format!("{HTTPS}<HealthThreshold>1</HealthThreshold>"), false),
            (HTTPS.replace("HTTPS", "TCP"), false),
            (HTTPS.replace("HTTPS", "TCP") + "<Port>443</Port>", true),
            (HTTPS.replace("HTTPS", "TCP") + "<Port>443</Port><ResourcePath>/</ResourcePath>", false),
            (regions(&["us-east-1", "us-west-1"]), false),
            (regions(&["us-east-1", "us-west-1", "us-west-1"]), false),
            (regions(&["us-east-1", "us-west-1", "eu-central-1"]), false),
            (regions(&["us-east-1", "us-west-1", "eu-west-1"]), true),
            (CHILDREN.to_owned(), false),
            (format!("{CHILDREN}<HealthThreshold>5</HealthThreshold>"), true),
            (format!("{CHILDREN}<HealthThreshold>257</HealthThreshold>"), false),
            ("<Type>CLOUDWATCH_METRIC</Type>".to_owned(), false),
            ("<Type>RECOVERY_CONTROL</Type>".to_owned(), false),
            ("<Type>RECOVERY_CONTROL</Type><RoutingControlArn>arn</RoutingControlArn>".to_owned(), true),
        ] {
            let config = format!("<HealthCheckConfig>{settings}</HealthCheckConfig>");
            let found = mistake(&Element::parse(config.as_bytes()).unwrap());
            assert_eq!(found.is_none(), valid, "{settings}: {found:?}");
        }
    }
}
