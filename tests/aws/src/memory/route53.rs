//! Route 53: hosted zones, changes and tags; record sets and health checks are in files of their own.
//!
//! Source: AWS, Route 53 API reference and "Route 53 quotas"; messages as users have reported them.

mod checks;
mod records;

use std::collections::BTreeMap;
use std::sync::Arc;

use http::header::LOCATION;
use http::{HeaderValue, StatusCode};

use self::checks::Check;
use super::xml_out::{Page, given, message, node, text};
use super::{Ids, Question, Shelf};
use crate::message::{Answer, Refusal};
use crate::records::absolute;
use crate::upstream::Place;
use crate::xml::Element;

const NAMESPACE: &str = "https://route53.amazonaws.com/doc/2013-04-01/";
/// Of one zone or health check.
const MOST_TAGS: usize = 10;
/// The same for every zone, so that two runs that do the same are the same.
const NAME_SERVERS: [&str; 4] =
    ["ns-2048.awsdns-64.com", "ns-2049.awsdns-65.net", "ns-2050.awsdns-66.org", "ns-2051.awsdns-67.co.uk"];

/// Everything of Route 53.
#[derive(Debug, Default, Clone)]
pub(super) struct Route53 {
    zones: Shelf<Zone>,
    changes: Shelf<Change>,
    checks: Shelf<Check>,
    /// What was made by which caller reference, of what exists and of what is gone: `zone/REFERENCE`, `check/REFERENCE`.
    references: Shelf<String>,
}

#[derive(Debug, Clone)]
struct Zone {
    id: String,
    /// In lower case with a dot at its end.
    name: String,
    reference: String,
    comment: String,
    records: Records,
    tags: Tags,
}

/// Record sets in Route 53's order.
type Records = BTreeMap<records::Key, Arc<Element>>;
type Tags = BTreeMap<String, String>;

#[derive(Debug, Clone)]
struct Change {
    submitted: String,
    comment: String,
}

/// What an operation answers.
type Outcome = Result<Answer, Refusal>;

impl Route53 {
    /// Answers one call.
    pub(super) fn answer(&mut self, question: &mut Question<'_>) -> Outcome {
        let place = &question.place.global();
        match question.operation.name.as_str() {
            "CreateHostedZone" => self.create_zone(place, question),
            "GetHostedZone" => self.get_zone(place, question.name(0)),
            "ListHostedZones" => Ok(self.list_zones(place, question)),
            "ListHostedZonesByName" => Ok(self.list_zones_by_name(place, question)),
            "UpdateHostedZoneComment" => self.update_comment(place, question),
            "DeleteHostedZone" => self.delete_zone(place, question),
            "ChangeResourceRecordSets" => self.change_records(place, question),
            "ListResourceRecordSets" => self.list_records(place, question),
            "GetChange" => self.get_change(place, question.name(0)),
            "CreateHealthCheck" => self.create_check(place, question),
            "GetHealthCheck" => self.get_check(place, question.name(0)),
            "ListHealthChecks" => Ok(self.list_checks(place, question)),
            "UpdateHealthCheck" => self.update_check(place, question),
            "DeleteHealthCheck" => self.delete_check(place, question.name(0)),
            "ChangeTagsForResource" => self.change_tags(place, question),
            "ListTagsForResource" => self.list_tags(place, question),
            _ => Err(question.not_implemented()),
        }
    }

    fn zone(&self, place: &Place, id: &str) -> Result<&Zone, Refusal> {
        self.zones.get(place, id).ok_or_else(|| no_zone(id))
    }

    fn create_zone(&mut self, place: &Place, question: &mut Question<'_>) -> Outcome {
        let request = question.request.xml();
        let reference = required(&request, "CallerReference")?;
        let name = absolute(required(&request, "Name")?);
        let is_label = |label: &str| (1..=63).contains(&label.len()) && !label.contains(char::is_whitespace);
        if name.len() > 256 || !name.trim_end_matches('.').split('.').all(is_label) {
            return Err(Refusal::new(400, "InvalidDomainName", format!("{name} is not a valid domain name.")));
        }
        let used = format!("zone/{reference}");
        if self.references.get(place, &used).is_some() {
            let message = "A hosted zone has already been created with the specified caller reference.";
            return Err(Refusal::new(409, "HostedZoneAlreadyExists", message));
        }
        let id = question.ids.next("Z", 20, Ids::UPPER);
        let zone = Zone {
            id: id.clone(),
            records: records::of_new_zone(&name),
            name,
            reference: reference.to_owned(),
            comment: request.text_at(&["HostedZoneConfig", "Comment"]).to_owned(),
            tags: Tags::new(),
        };
        let described = zone.described();
        self.references.put(place, &used, id.clone());
        self.zones.put(place, &id, zone);
        let change = self.submit(place, question, "");
        Ok(created("CreateHostedZoneResponse", vec![described, change, delegation_set()], &format!("hostedzone/{id}")))
    }

    fn get_zone(&self, place: &Place, id: &str) -> Outcome {
        Ok(fine("GetHostedZoneResponse", vec![self.zone(place, id)?.described(), delegation_set()]))
    }

    fn list_zones(&self, place: &Place, question: &Question<'_>) -> Answer {
        let marker = question.query("marker").unwrap_or_default();
        let zones = self.zones.all(place).skip_while(|(id, _)| *id < marker.as_str());
        let page = Page::of(zones, question.query("maxitems").as_deref(), 100);
        let children = page.items.iter().map(|(_, zone)| zone.described()).collect();
        let mut children = vec![node("HostedZones", children), page.is_truncated(), text("MaxItems", "100")];
        children.extend((!marker.is_empty()).then(|| text("Marker", marker.as_str())));
        children.extend(page.next.map(|(id, _)| text("NextMarker", id)));
        fine("ListHostedZonesResponse", children)
    }

    /// By name, its labels in reverse, and then by id.
    fn list_zones_by_name(&self, place: &Place, question: &Question<'_>) -> Answer {
        let (name, id) = (question.query("dnsname"), question.query("hostedzoneid"));
        let from = (
            name.as_deref().map(|name| records::reversed(&absolute(name))).unwrap_or_default(),
            id.as_deref().unwrap_or_default(),
        );
        let mut zones: Vec<_> =
            self.zones.all(place).map(|(id, zone)| ((records::reversed(&zone.name), id), zone)).collect();
        zones.sort_by(|one, other| one.0.cmp(&other.0));
        let zones = zones.into_iter().skip_while(|(key, _)| *key < from).map(|(_, zone)| zone);
        let page = Page::of(zones, question.query("maxitems").as_deref(), 100);
        let children = page.items.iter().map(|zone| zone.described()).collect();
        let mut children = vec![node("HostedZones", children), page.is_truncated(), text("MaxItems", "100")];
        children.extend(name.map(|name| text("DNSName", absolute(&name))));
        children.extend(id.map(|id| text("HostedZoneId", id)));
        if let Some(next) = page.next {
            children.extend([text("NextDNSName", &next.name), text("NextHostedZoneId", &next.id)]);
        }
        fine("ListHostedZonesByNameResponse", children)
    }

    fn update_comment(&mut self, place: &Place, question: &Question<'_>) -> Outcome {
        let id = question.name(0);
        let zone = self.zones.get_mut(place, id).ok_or_else(|| no_zone(id))?;
        question.request.xml().text_at(&["Comment"]).clone_into(&mut zone.comment);
        Ok(fine("UpdateHostedZoneCommentResponse", vec![zone.described()]))
    }

    fn delete_zone(&mut self, place: &Place, question: &mut Question<'_>) -> Outcome {
        let id = question.name(0).to_owned();
        let zone = self.zone(place, &id)?;
        if !records::are_of_new_zone(&zone.name, &zone.records) {
            let message =
                "The specified hosted zone contains non-required resource record sets and so cannot be deleted.";
            return Err(Refusal::new(400, "HostedZoneNotEmpty", message));
        }
        self.zones.remove(place, &id);
        Ok(fine("DeleteHostedZoneResponse", vec![self.submit(place, question, "")]))
    }

    /// Notes a change. How far it has come is told by the rules in front.
    fn submit(&mut self, place: &Place, question: &mut Question<'_>, comment: &str) -> Element {
        let id = question.ids.next("C", 20, Ids::UPPER);
        let change = Change { submitted: question.date(), comment: comment.to_owned() };
        let described = change.described(&id);
        self.changes.put(place, &id, change);
        described
    }

    fn get_change(&self, place: &Place, id: &str) -> Outcome {
        let missing = || Refusal::new(404, "NoSuchChange", format!("A change with the ID {id} does not exist."));
        let change = self.changes.get(place, id).ok_or_else(missing)?;
        Ok(fine("GetChangeResponse", vec![change.described(id)]))
    }

    /// The tags of what the path names.
    fn tags_mut(&mut self, place: &Place, kind: &str, id: &str) -> Result<&mut Tags, Refusal> {
        match kind {
            "hostedzone" => self.zones.get_mut(place, id).map(|zone| &mut zone.tags).ok_or_else(|| no_zone(id)),
            "healthcheck" => {
                self.checks.get_mut(place, id).map(|check| &mut check.tags).ok_or_else(|| checks::missing(id))
            }
            _ => Err(invalid_input(&format!("{kind} is no resource type."))),
        }
    }

    fn change_tags(&mut self, place: &Place, question: &Question<'_>) -> Outcome {
        let request = question.request.xml();
        let tags = self.tags_mut(place, question.name(0), question.name(1))?;
        let mut changed = tags.clone();
        for key in request.items_at(&["RemoveTagKeys"]) {
            changed.remove(&key.text);
        }
        for tag in request.items_at(&["AddTags"]) {
            let (key, value) = (tag.text_at(&["Key"]), tag.text_at(&["Value"]));
            if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
                return Err(invalid_input("A tag's key has 1 to 128 letters, its value at most 256."));
            }
            changed.insert(key.to_owned(), value.to_owned());
        }
        if changed.len() > MOST_TAGS {
            return Err(invalid_input(&format!("A resource can have at most {MOST_TAGS} tags.")));
        }
        *tags = changed;
        Ok(fine("ChangeTagsForResourceResponse", Vec::new()))
    }

    fn list_tags(&mut self, place: &Place, question: &Question<'_>) -> Outcome {
        let (kind, id) = (question.name(0), question.name(1));
        let tags = self.tags_mut(place, kind, id)?.iter();
        let tags = tags.map(|(key, value)| node("Tag", vec![text("Key", key), text("Value", value)])).collect();
        let set = vec![text("ResourceType", kind), text("ResourceId", id), node("Tags", tags)];
        Ok(fine("ListTagsForResourceResponse", vec![node("ResourceTagSet", set)]))
    }
}

impl Zone {
    fn described(&self) -> Element {
        let mut config = Vec::new();
        if !self.comment.is_empty() {
            config.push(text("Comment", &self.comment));
        }
        config.push(text("PrivateZone", "false"));
        let children = vec![
            text("Id", format!("/hostedzone/{}", self.id)),
            text("Name", &self.name),
            text("CallerReference", &self.reference),
            node("Config", config),
            text("ResourceRecordSetCount", self.records.len().to_string()),
        ];
        node("HostedZone", children)
    }
}

impl Change {
    fn described(&self, id: &str) -> Element {
        let mut children =
            vec![text("Id", format!("/change/{id}")), text("Status", "INSYNC"), text("SubmittedAt", &self.submitted)];
        if !self.comment.is_empty() {
            children.push(text("Comment", &self.comment));
        }
        node("ChangeInfo", children)
    }
}

fn delegation_set() -> Element {
    let servers = NAME_SERVERS.iter().map(|server| text("NameServer", *server)).collect();
    node("DelegationSet", vec![node("NameServers", servers)])
}

fn fine(name: &str, children: Vec<Element>) -> Answer {
    message(StatusCode::OK, NAMESPACE, node(name, children))
}

fn created(name: &str, children: Vec<Element>, path: &str) -> Answer {
    let mut answer = message(StatusCode::CREATED, NAMESPACE, node(name, children));
    if let Ok(location) = HeaderValue::from_str(&format!("https://route53.amazonaws.com/2013-04-01/{path}")) {
        answer.headers.insert(LOCATION, location);
    }
    answer
}

fn no_zone(id: &str) -> Refusal {
    Refusal::new(404, "NoSuchHostedZone", format!("No hosted zone found with ID: {id}"))
}

fn invalid_input(message: &str) -> Refusal {
    Refusal::new(400, "InvalidInput", message)
}

fn required<'a>(request: &'a Element, name: &str) -> Result<&'a str, Refusal> {
    given(request, name).ok_or_else(|| invalid_input(&format!("{name} is required.")))
}

#[cfg(test)]
mod tests;
