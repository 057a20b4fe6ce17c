//! Health checks: their settings and versions. Whether they pass is told by the rules in front.

use super::{Outcome, Route53, Tags, created, fine, invalid_input, required};
use crate::memory::Question;
use crate::memory::xml_out::{Page, contents, given, node, text};
use crate::message::{Answer, Refusal};
use crate::upstream::Place;
use crate::xml::Element;

#[derive(Debug, Clone)]
pub(super) struct Check {
    id: String,
    reference: String,
    version: u32,
    /// With all that AWS adds to what was asked for.
    config: Element,
    pub(super) tags: Tags,
}

/// What settings may say, in the order in which Route 53 says it.
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

/// What an update cannot change: it does not even name them.
const FIXED: [&str; 4] = ["Type", "RequestInterval", "MeasureLatency", "RoutingControlArn"];

const USED: &str = "A health check with the same caller reference was created before.";

impl Route53 {
    /// The same reference with the same settings answers with the check that it made, as long as that exists.
    pub(super) fn create_check(&mut self, place: &Place, question: &mut Question<'_>) -> Outcome {
        let request = question.request.xml();
        let reference = required(&request, "CallerReference")?;
        let wanted = request.child("HealthCheckConfig").ok_or_else(|| invalid_input("There are no settings."))?;
        let config = complete(wanted);
        check(&config)?;
        let used = format!("check/{reference}");
        if let Some(id) = self.references.get(place, &used) {
            let found = self.checks.get(place, id).filter(|found| contents(&found.config) == contents(&config));
            let found = found.ok_or_else(|| Refusal::new(409, "HealthCheckAlreadyExists", USED))?;
            return Ok(made(found));
        }
        let id = question.ids.uuid();
        let tags = Tags::new();
        let check = Check { id: id.clone(), reference: reference.to_owned(), version: 1, config, tags };
        let answer = made(&check);
        self.references.put(place, &used, id.clone());
        self.checks.put(place, &id, check);
        Ok(answer)
    }

    pub(super) fn get_check(&self, place: &Place, id: &str) -> Outcome {
        let check = self.checks.get(place, id).ok_or_else(|| missing(id))?;
        Ok(fine("GetHealthCheckResponse", vec![check.described()]))
    }

    pub(super) fn list_checks(&self, place: &Place, question: &Question<'_>) -> Answer {
        let marker = question.query("marker").unwrap_or_default();
        let checks = self.checks.all(place).skip_while(|(id, _)| *id < marker.as_str());
        let asked = question.query("maxitems").unwrap_or_else(|| "100".to_owned());
        let page = Page::of(checks, Some(&asked), 1_000);
        let items = page.items.iter().map(|(_, check)| check.described()).collect();
        let mut children = vec![node("HealthChecks", items), page.is_truncated()];
        children.extend([text("Marker", marker.as_str()), text("MaxItems", asked)]);
        children.extend(page.next.map(|(id, _)| text("NextMarker", id)));
        fine("ListHealthChecksResponse", children)
    }

    pub(super) fn update_check(&mut self, place: &Place, question: &Question<'_>) -> Outcome {
        let id = question.name(0);
        let found = self.checks.get_mut(place, id).ok_or_else(|| missing(id))?;
        let wanted = question.request.xml();
        if given(&wanted, "HealthCheckVersion").is_some_and(|version| version != found.version.to_string()) {
            let message = "The health check has another version by now.";
            return Err(Refusal::new(409, "HealthCheckVersionMismatch", message));
        }
        let reset: Vec<&str> = wanted.items_at(&["ResetElements"]).iter().map(|item| item.text.as_str()).collect();
        let mut config = found.config.clone();
        config.children.retain(|field| !reset.contains(&field.name.as_str()));
        for field in FIELDS.iter().filter(|field| !FIXED.contains(field)).filter_map(|field| wanted.child(field)) {
            config.children.retain(|held| held.name != field.name);
            config.children.push(field.clone());
        }
        let config = complete(&config);
        check(&config)?;
        found.config = config;
        found.version += 1;
        Ok(fine("UpdateHealthCheckResponse", vec![found.described()]))
    }

    pub(super) fn delete_check(&mut self, place: &Place, id: &str) -> Outcome {
        let was_there = self.checks.remove(place, id);
        was_there.then(|| fine("DeleteHealthCheckResponse", Vec::new())).ok_or_else(|| missing(id))
    }
}

impl Check {
    fn described(&self) -> Element {
        let children = vec![
            text("Id", &self.id),
            text("CallerReference", &self.reference),
            self.config.clone(),
            text("HealthCheckVersion", self.version.to_string()),
        ];
        node("HealthCheck", children)
    }
}

fn made(check: &Check) -> Answer {
    created("CreateHealthCheckResponse", vec![check.described()], &format!("healthcheck/{}", check.id))
}

pub(super) fn missing(id: &str) -> Refusal {
    Refusal::new(404, "NoSuchHealthCheck", format!("No health check exists with the specified ID {id}."))
}

/// The settings with AWS's defaults, in AWS's order.
fn complete(wanted: &Element) -> Element {
    let kind = wanted.text_at(&["Type"]);
    let defaults: &[(&str, &str)] = match kind.split('_').next() {
        Some("HTTP") => &[("Port", "80"), ("EnableSNI", "false")],
        Some("HTTPS") => &[("Port", "443"), ("EnableSNI", "true")],
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
    let fields = FIELDS.iter().filter_map(|field| wanted.child(field).cloned().or_else(|| default(field)));
    node("HealthCheckConfig", fields.filter(|field| !is_empty_list(field)).collect())
}

fn check(config: &Element) -> Result<(), Refusal> {
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
