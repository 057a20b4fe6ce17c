//! Health checks: settings and versions. Whether they succeed is decided by the rules.

use super::{Outcome, Route53, Tags, created, invalid_input, ok, required};
use crate::memory::ApiCall;
use crate::memory::xml_response::{Page, contents, given, node, text};
use crate::message::{ApiError, Response};
use crate::upstream::Place;
use crate::xml::Element;

#[derive(Debug, Clone)]
pub(super) struct Check {
    id: String,
    reference: String,
    version: u32,
    /// Completed with AWS's defaults.
    config: Element,
    pub(super) tags: Tags,
}

/// The settings, in Route 53's order.
const FIELDS: [&str; 18] = [
    "IPAddress",
    "Port",
    "Type",
    "ResourcePath",
    "FullyQualifiedDomainName",
    "SearchString",
    "RequestInterval",
    "FailureThreshold",
    "MeasureLatency",
    "Inverted",
    "Disabled",
    "HealthThreshold",
    "ChildHealthChecks",
    "EnableSNI",
    "Regions",
    "AlarmIdentifier",
    "InsufficientDataHealthStatus",
    "RoutingControlArn",
];

/// Settings that an update cannot contain.
const FIXED: [&str; 4] = ["Type", "RequestInterval", "MeasureLatency", "RoutingControlArn"];

const USED: &str = "A health check with the same caller reference was created before.";

impl Route53 {
    /// Creates a health check. The same caller reference with the same settings returns the existing health check.
    pub(super) fn create_check(&mut self, place: &Place, call: &mut ApiCall<'_>) -> Outcome {
        let request = call.request.xml();
        let reference = required(&request, "CallerReference")?;
        let requested =
            request.child("HealthCheckConfig").ok_or_else(|| invalid_input("HealthCheckConfig is required."))?;
        let config = complete(requested);
        check(&config)?;
        let used = format!("check/{reference}");
        if let Some(id) = self.references.get(place, &used) {
            let found = self.checks.get(place, id).filter(|found| contents(&found.config) == contents(&config));
            let found = found.ok_or_else(|| ApiError::new(409, "HealthCheckAlreadyExists", USED))?;
            return Ok(created_response(found));
        }
        let id = call.ids.uuid();
        let tags = Tags::new();
        let check = Check { id: id.clone(), reference: reference.to_owned(), version: 1, config, tags };
        let response = created_response(&check);
        self.references.put(place, &used, id.clone());
        self.checks.put(place, &id, check);
        Ok(response)
    }

    pub(super) fn get_check(&self, place: &Place, id: &str) -> Outcome {
        let check = self.checks.get(place, id).ok_or_else(|| missing(id))?;
        Ok(ok("GetHealthCheckResponse", vec![check.to_xml()]))
    }

    pub(super) fn list_checks(&self, place: &Place, call: &ApiCall<'_>) -> Response {
        let marker = call.query("marker").unwrap_or_default();
        let checks = self.checks.all(place).skip_while(|(id, _)| *id < marker.as_str());
        let requested = call.query("maxitems").unwrap_or_else(|| "100".to_owned());
        let page = Page::of(checks, Some(&requested), 1_000);
        let items = page.items.iter().map(|(_, check)| check.to_xml()).collect();
        let mut children = vec![node("HealthChecks", items), page.is_truncated()];
        children.extend([text("Marker", marker.as_str()), text("MaxItems", requested)]);
        children.extend(page.next.map(|(id, _)| text("NextMarker", id)));
        ok("ListHealthChecksResponse", children)
    }

    pub(super) fn update_check(&mut self, place: &Place, call: &ApiCall<'_>) -> Outcome {
        let id = call.name(0);
        let found = self.checks.get_mut(place, id).ok_or_else(|| missing(id))?;
        let requested = call.request.xml();
        if given(&requested, "HealthCheckVersion").is_some_and(|version| version != found.version.to_string()) {
            let message = "The health check has another version by now.";
            return Err(ApiError::new(409, "HealthCheckVersionMismatch", message));
        }
        let reset: Vec<&str> = requested.items_at(&["ResetElements"]).iter().map(|item| item.text.as_str()).collect();
        let mut config = found.config.clone();
        config.children.retain(|field| !reset.contains(&field.name.as_str()));
        for field in FIELDS.iter().filter(|field| !FIXED.contains(field)).filter_map(|field| requested.child(field)) {
            config.children.retain(|existing| existing.name != field.name);
            config.children.push(field.clone());
        }
        let config = complete(&config);
        check(&config)?;
        found.config = config;
        found.version += 1;
        Ok(ok("UpdateHealthCheckResponse", vec![found.to_xml()]))
    }

    pub(super) fn delete_check(&mut self, place: &Place, id: &str) -> Outcome {
        let existed = self.checks.remove(place, id);
        existed.then(|| ok("DeleteHealthCheckResponse", Vec::new())).ok_or_else(|| missing(id))
    }
}

impl Check {
    fn to_xml(&self) -> Element {
        let children = vec![
            text("Id", &self.id),
            text("CallerReference", &self.reference),
            self.config.clone(),
            text("HealthCheckVersion", self.version.to_string()),
        ];
        node("HealthCheck", children)
    }
}

fn created_response(check: &Check) -> Response {
    created("CreateHealthCheckResponse", vec![check.to_xml()], &format!("healthcheck/{}", check.id))
}

pub(super) fn missing(id: &str) -> ApiError {
    ApiError::new(404, "NoSuchHealthCheck", format!("No health check exists with the specified ID {id}."))
}

/// The settings with AWS's defaults, in AWS's order.
fn complete(requested: &Element) -> Element {
    let kind = requested.text_at(&["Type"]);
    let defaults: &[(&str, &str)] = match kind.split('_').next() {
        Some("HTTP") => &[("Port", "80"), ("EnableSNI", "false")],
        Some("HTTPS") => &[("Port", "443"), ("EnableSNI", "true")],
        Some("CLOUDWATCH") => &[("InsufficientDataHealthStatus", "LastKnownStatus")],
        _ => &[],
    };
    let of_endpoints: &[(&str, &str)] = match kind.split('_').next() {
        Some("HTTP" | "HTTPS" | "TCP") => {
            &[("RequestInterval", "30"), ("FailureThreshold", "3"), ("MeasureLatency", "false")]
        }
        _ => &[],
    };
    let of_all = &[("Inverted", "false"), ("Disabled", "false")];
    let default = |field: &str| {
        let all = defaults.iter().chain(of_endpoints).chain(of_all);
        all.filter(|(name, _)| *name == field).map(|(name, value)| text(name, *value)).next()
    };
    let is_empty_list =
        |field: &Element| matches!(field.name.as_str(), "Regions" | "ChildHealthChecks") && field.children.is_empty();
    let fields = FIELDS.iter().filter_map(|field| requested.child(field).cloned().or_else(|| default(field)));
    node("HealthCheckConfig", fields.filter(|field| !is_empty_list(field)).collect())
}

fn check(config: &Element) -> Result<(), ApiError> {
    let kind = required(config, "Type")?;
    if !matches!(given(config, "RequestInterval"), None | Some("10" | "30")) {
        return Err(invalid_input("Invalid parameter : Request interval must be 10 or 30 seconds"));
    }
    let threshold = given(config, "FailureThreshold").map(str::parse::<u8>);
    if threshold.is_some_and(|threshold| !threshold.is_ok_and(|threshold| (1..=10).contains(&threshold))) {
        return Err(invalid_input("Invalid parameter : Failure threshold must be between 1 and 10"));
    }
    if kind.ends_with("STR_MATCH") != given(config, "SearchString").is_some() {
        return Err(invalid_input("Invalid parameter : A search string belongs to a type that looks for it"));
    }
    Ok(())
}
