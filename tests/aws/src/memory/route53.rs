//! Route 53: hosted zones, changes and tags. Record sets, health checks and CIDR collections have files of their own.
//!
//! Source: AWS, Route 53 API reference and "Route 53 quotas"; messages as users have reported them.

mod checks;
mod cidr;
mod records;

use std::collections::BTreeMap;
use std::sync::Arc;

use http::header::LOCATION;
use http::{HeaderValue, StatusCode};

use self::checks::Check;
use self::cidr::Collection;
use super::xml_response::{Page, given, message, node, text};
use super::{ApiCall, Ids, Store};
use crate::message::{ApiError, Response};
use crate::records::absolute;
use crate::upstream::Place;
use crate::xml::Element;

const NAMESPACE: &str = "https://route53.amazonaws.com/doc/2013-04-01/";
/// The limit for one zone or health check.
const MAX_TAGS: usize = 10;
/// The same for every zone, so that identical runs have identical results.
const NAME_SERVERS: [&str; 4] =
    ["ns-2048.awsdns-64.com", "ns-2049.awsdns-65.net", "ns-2050.awsdns-66.org", "ns-2051.awsdns-67.co.uk"];

/// The state of Route 53.
#[derive(Debug, Default, Clone)]
pub(super) struct Route53 {
    zones: Store<Zone>,
    changes: Store<Change>,
    checks: Store<Check>,
    collections: Store<Collection>,
    /// The ids of created objects by caller reference, also of deleted objects: `zone/REFERENCE`, `check/REFERENCE`.
    references: Store<String>,
}

#[derive(Debug, Clone)]
struct Zone {
    id: String,
    /// In lower case, with a trailing dot.
    name: String,
    reference: String,
    comment: String,
    /// Whether it was created with a VPC.
    private: bool,
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

/// The result of an operation.
type Outcome = Result<Response, ApiError>;

impl Route53 {
    /// Handles a call.
    pub(super) fn handle(&mut self, call: &mut ApiCall<'_>) -> Outcome {
        let place = &call.place.global();
        match call.operation.name.as_str() {
            "CreateHostedZone" => self.create_zone(place, call),
            "GetHostedZone" => self.get_zone(place, call.name(0)),
            "ListHostedZones" => Ok(self.list_zones(place, call)),
            "ListHostedZonesByName" => Ok(self.list_zones_by_name(place, call)),
            "UpdateHostedZoneComment" => self.update_comment(place, call),
            "DeleteHostedZone" => self.delete_zone(place, call),
            "ChangeResourceRecordSets" => self.change_records(place, call),
            "ListResourceRecordSets" => self.list_records(place, call),
            "GetChange" => self.get_change(place, call.name(0)),
            "CreateHealthCheck" => self.create_check(place, call),
            "GetHealthCheck" => self.get_check(place, call.name(0)),
            "ListHealthChecks" => Ok(self.list_checks(place, call)),
            "UpdateHealthCheck" => self.update_check(place, call),
            "DeleteHealthCheck" => self.delete_check(place, call.name(0)),
            "CreateCidrCollection" => self.create_collection(place, call),
            "ListCidrCollections" => self.list_collections(place, call),
            "ListCidrLocations" => self.list_locations(place, call),
            "ListCidrBlocks" => self.list_blocks(place, call),
            "ChangeCidrCollection" => self.change_collection(place, call),
            "DeleteCidrCollection" => self.delete_collection(place, call.name(0)),
            "ChangeTagsForResource" => self.change_tags(place, call),
            "ListTagsForResource" => self.list_tags(place, call),
            _ => Err(call.not_implemented()),
        }
    }

    fn zone(&self, place: &Place, id: &str) -> Result<&Zone, ApiError> {
        self.zones.get(place, id).ok_or_else(|| no_zone(id))
    }

    fn create_zone(&mut self, place: &Place, call: &mut ApiCall<'_>) -> Outcome {
        let request = call.request.xml();
        let reference = required(&request, "CallerReference")?;
        let name = absolute(required(&request, "Name")?);
        let is_label = |label: &str| (1..=63).contains(&label.len()) && !label.contains(char::is_whitespace);
        if name.len() > 256 || !name.trim_end_matches('.').split('.').all(is_label) {
            return Err(ApiError::new(400, "InvalidDomainName", format!("{name} is not a valid domain name.")));
        }
        let used = format!("zone/{reference}");
        if self.references.get(place, &used).is_some() {
            let message = "A hosted zone has already been created with the specified caller reference.";
            return Err(ApiError::new(409, "HostedZoneAlreadyExists", message));
        }
        let id = call.ids.next("Z", 20, Ids::UPPER);
        let zone = Zone {
            id: id.clone(),
            records: records::default_records(&name),
            name,
            reference: reference.to_owned(),
            comment: request.text_at(&["HostedZoneConfig", "Comment"]).to_owned(),
            private: request.child("VPC").is_some(),
            tags: Tags::new(),
        };
        let to_xml = zone.to_xml();
        self.references.put(place, &used, id.clone());
        self.zones.put(place, &id, zone);
        let change = self.submit(place, call, "");
        Ok(created("CreateHostedZoneResponse", vec![to_xml, change, delegation_set()], &format!("hostedzone/{id}")))
    }

    fn get_zone(&self, place: &Place, id: &str) -> Outcome {
        Ok(ok("GetHostedZoneResponse", vec![self.zone(place, id)?.to_xml(), delegation_set()]))
    }

    fn list_zones(&self, place: &Place, call: &ApiCall<'_>) -> Response {
        let marker = call.query("marker").unwrap_or_default();
        let zones = self.zones.all(place).skip_while(|(id, _)| *id < marker.as_str());
        let page = Page::of(zones, call.query("maxitems").as_deref(), 100);
        let children = page.items.iter().map(|(_, zone)| zone.to_xml()).collect();
        let mut children = vec![node("HostedZones", children), page.is_truncated(), text("MaxItems", "100")];
        children.extend((!marker.is_empty()).then(|| text("Marker", marker.as_str())));
        children.extend(page.next.map(|(id, _)| text("NextMarker", id)));
        ok("ListHostedZonesResponse", children)
    }

    /// Lists by name, with labels reversed, then by id.
    fn list_zones_by_name(&self, place: &Place, call: &ApiCall<'_>) -> Response {
        let (name, id) = (call.query("dnsname"), call.query("hostedzoneid"));
        let from = (
            name.as_deref().map(|name| records::reversed(&absolute(name))).unwrap_or_default(),
            id.as_deref().unwrap_or_default(),
        );
        let mut zones: Vec<_> =
            self.zones.all(place).map(|(id, zone)| ((records::reversed(&zone.name), id), zone)).collect();
        zones.sort_by(|one, other| one.0.cmp(&other.0));
        let zones = zones.into_iter().skip_while(|(key, _)| *key < from).map(|(_, zone)| zone);
        let page = Page::of(zones, call.query("maxitems").as_deref(), 100);
        let children = page.items.iter().map(|zone| zone.to_xml()).collect();
        let mut children = vec![node("HostedZones", children), page.is_truncated(), text("MaxItems", "100")];
        children.extend(name.map(|name| text("DNSName", absolute(&name))));
        children.extend(id.map(|id| text("HostedZoneId", id)));
        if let Some(next) = page.next {
            children.extend([text("NextDNSName", &next.name), text("NextHostedZoneId", &next.id)]);
        }
        ok("ListHostedZonesByNameResponse", children)
    }

    fn update_comment(&mut self, place: &Place, call: &ApiCall<'_>) -> Outcome {
        let id = call.name(0);
        let zone = self.zones.get_mut(place, id).ok_or_else(|| no_zone(id))?;
        call.request.xml().text_at(&["Comment"]).clone_into(&mut zone.comment);
        Ok(ok("UpdateHostedZoneCommentResponse", vec![zone.to_xml()]))
    }

    fn delete_zone(&mut self, place: &Place, call: &mut ApiCall<'_>) -> Outcome {
        let id = call.name(0).to_owned();
        let zone = self.zone(place, &id)?;
        if !records::has_only_default_records(&zone.name, &zone.records) {
            let message =
                "The specified hosted zone contains non-required resource record sets and so cannot be deleted.";
            return Err(ApiError::new(400, "HostedZoneNotEmpty", message));
        }
        self.zones.remove(place, &id);
        Ok(ok("DeleteHostedZoneResponse", vec![self.submit(place, call, "")]))
    }

    /// Stores a change. Its status is set by the rules.
    fn submit(&mut self, place: &Place, call: &mut ApiCall<'_>, comment: &str) -> Element {
        let id = call.ids.next("C", 20, Ids::UPPER);
        let change = Change { submitted: call.date(), comment: comment.to_owned() };
        let to_xml = change.to_xml(&id);
        self.changes.put(place, &id, change);
        to_xml
    }

    fn get_change(&self, place: &Place, id: &str) -> Outcome {
        let missing = || ApiError::new(404, "NoSuchChange", format!("A change with the ID {id} does not exist."));
        let change = self.changes.get(place, id).ok_or_else(missing)?;
        Ok(ok("GetChangeResponse", vec![change.to_xml(id)]))
    }

    /// The tags of the resource in the path.
    fn tags_mut(&mut self, place: &Place, kind: &str, id: &str) -> Result<&mut Tags, ApiError> {
        match kind {
            "hostedzone" => self.zones.get_mut(place, id).map(|zone| &mut zone.tags).ok_or_else(|| no_zone(id)),
            "healthcheck" => {
                self.checks.get_mut(place, id).map(|check| &mut check.tags).ok_or_else(|| checks::missing(id))
            }
            _ => Err(invalid_input(&format!("{kind} is no resource type."))),
        }
    }

    fn change_tags(&mut self, place: &Place, call: &ApiCall<'_>) -> Outcome {
        let request = call.request.xml();
        let tags = self.tags_mut(place, call.name(0), call.name(1))?;
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
        if changed.len() > MAX_TAGS {
            return Err(invalid_input(&format!("A resource can have at most {MAX_TAGS} tags.")));
        }
        *tags = changed;
        Ok(ok("ChangeTagsForResourceResponse", Vec::new()))
    }

    fn list_tags(&mut self, place: &Place, call: &ApiCall<'_>) -> Outcome {
        let (kind, id) = (call.name(0), call.name(1));
        let tags = self.tags_mut(place, kind, id)?.iter();
        let tags = tags.map(|(key, value)| node("Tag", vec![text("Key", key), text("Value", value)])).collect();
        let set = vec![text("ResourceType", kind), text("ResourceId", id), node("Tags", tags)];
        Ok(ok("ListTagsForResourceResponse", vec![node("ResourceTagSet", set)]))
    }
}

impl Zone {
    fn to_xml(&self) -> Element {
        let mut config = Vec::new();
        if !self.comment.is_empty() {
            config.push(text("Comment", &self.comment));
        }
        config.push(text("PrivateZone", self.private.to_string()));
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
    fn to_xml(&self, id: &str) -> Element {
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

fn ok(name: &str, children: Vec<Element>) -> Response {
    message(StatusCode::OK, NAMESPACE, node(name, children))
}

fn created(name: &str, children: Vec<Element>, path: &str) -> Response {
    let mut response = message(StatusCode::CREATED, NAMESPACE, node(name, children));
    if let Ok(location) = HeaderValue::from_str(&format!("https://route53.amazonaws.com/2013-04-01/{path}")) {
        response.headers.insert(LOCATION, location);
    }
    response
}

fn no_zone(id: &str) -> ApiError {
    ApiError::new(404, "NoSuchHostedZone", format!("No hosted zone found with ID: {id}"))
}

fn invalid_input(message: &str) -> ApiError {
    ApiError::new(400, "InvalidInput", message)
}

fn required<'a>(request: &'a Element, name: &str) -> Result<&'a str, ApiError> {
    given(request, name).ok_or_else(|| invalid_input(&format!("{name} is required.")))
}

#[cfg(test)]
mod tests;
