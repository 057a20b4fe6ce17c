//! CloudFront: distributions, their ETags and tags, and AWS's managed policies.
//!
//! Source: AWS, CloudFront API reference; messages as users have reported them.

mod functions;
mod invalidations;
mod key_value_stores;
mod policies;
mod settings;

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{ETAG, IF_MATCH, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use self::functions::Functions;
use self::invalidations::Invalidations;
use self::key_value_stores::KeyValueStores;
use self::policies::Policies;
use self::settings::{complete, inconsistent};
use super::xml_response::{Page, given, is_valid_tag_text, message, node, text};
use super::{ApiCall, Ids, Store};
use crate::message::{ApiError, Response};
use crate::upstream::Place;
use crate::xml::Element;

const NAMESPACE: &str = "http://cloudfront.amazonaws.com/doc/2020-05-31/";
const MAX_TAGS: usize = 50;

/// The state of CloudFront.
#[derive(Debug, Default, Clone)]
pub(super) struct CloudFront {
    distributions: Store<Distribution>,
    /// Distribution ids by caller reference, also of deleted distributions.
    references: Store<String>,
    policies: Policies,
    invalidations: Invalidations,
    functions: Functions,
    key_value_stores: KeyValueStores,
}

#[derive(Debug, Clone)]
struct Distribution {
    id: String,
    arn: String,
    domain_name: String,
    modified: String,
    etag: String,
    /// Completed with AWS's defaults.
    config: Element,
    tags: Tags,
}

type Tags = BTreeMap<String, String>;

/// The result of an operation.
type Outcome = Result<Response, ApiError>;

impl CloudFront {
    /// Handles a call.
    pub(super) fn handle(&mut self, call: &mut ApiCall<'_>) -> Outcome {
        let place = &call.place.global();
        if let Some((kind, verb)) = policies::operation(&call.operation.name) {
            return self.policies.handle(kind, verb, call);
        }
        match call.operation.name.as_str() {
            "CreateDistribution" | "CreateDistributionWithTags" => self.create(place, call),
            "GetDistribution" => Ok(self.distribution(place, call.name(0))?.response(StatusCode::OK)),
            "GetDistributionConfig" => self.get_config(place, call.name(0)),
            "ListDistributions" => Ok(self.list(place, call)),
            "UpdateDistribution" => self.update(place, call),
            "DeleteDistribution" => self.delete(place, call),
            "UpdateDomainAssociation" => self.move_alias(place, call),
            "ListTagsForResource" => self.list_tags(place, call),
            "TagResource" => self.tag(place, call),
            "UntagResource" => self.untag(place, call),
            "CreateInvalidation" => {
                self.distribution(place, call.name(0))?;
                self.invalidations.create(place, call)
            }
            "ListInvalidations" => {
                self.distribution(place, call.name(0))?;
                Ok(self.invalidations.list(place, call))
            }
            "GetInvalidation" => self.invalidations.get(place, call),
            name if name.contains("KeyValueStore") => {
                self.key_value_stores.handle(call, |arn| self.functions.use_store(place, arn))
            }
            name if name.contains("Function") => {
                self.functions.handle(call, |arn| self.key_value_stores.exists(place, arn))
            }
            _ => Err(call.not_implemented()),
        }
    }

    /// Handles a call to the data plane of key value stores.
    pub(super) fn handle_keys(&mut self, call: &mut ApiCall<'_>) -> Outcome {
        self.key_value_stores.handle_data(call)
    }

    /// The code of a published function, and the keys of its key value store.
    pub(super) fn viewer_function(&self, place: &Place, arn: &str) -> Option<(String, BTreeMap<String, String>)> {
        let (code, store) = self.functions.published(place, arn)?;
        Some((code, self.key_value_stores.keys(place, &store).unwrap_or_default()))
    }

    fn distribution(&self, place: &Place, id: &str) -> Result<&Distribution, ApiError> {
        self.distributions.get(place, id).ok_or_else(no_distribution)
    }

    fn create(&mut self, place: &Place, call: &mut ApiCall<'_>) -> Outcome {
        let request = call.request.xml();
        let requested = request.child("DistributionConfig").unwrap_or(&request);
        let reference = check(requested)?.to_owned();
        let mut tags = Tags::new();
        add_tags(&mut tags, request.items_at(&["Tags", "Items"]))?;
        if let Some(id) = self.references.get(place, &reference) {
            let message = format!(
                "The caller reference that you are using to create a distribution is associated with another \
                 distribution. Already exists: {id}"
            );
            return Err(ApiError::new(409, "DistributionAlreadyExists", message));
        }
        let id = call.ids.next("E", 13, Ids::UPPER);
        let distribution = Distribution {
            arn: format!("arn:aws:cloudfront::{}:distribution/{id}", place.account),
            domain_name: call.ids.next("d", 13, Ids::LOWER) + ".cloudfront.net",
            modified: call.date(),
            etag: call.ids.next("E", 13, Ids::UPPER),
            config: complete(requested),
            id: id.clone(),
            tags,
        };
        let mut response = distribution.response(StatusCode::CREATED);
        let location = format!("https://cloudfront.amazonaws.com/2020-05-31/distribution/{id}");
        set_header(&mut response, LOCATION, &location);
        self.references.put(place, &reference, id.clone());
        self.distributions.put(place, &id, distribution);
        Ok(response)
    }

    fn get_config(&self, place: &Place, id: &str) -> Outcome {
        let distribution = self.distribution(place, id)?;
        let mut response = message(StatusCode::OK, NAMESPACE, distribution.config.clone());
        set_header(&mut response, ETAG, &distribution.etag);
        Ok(response)
    }

    fn list(&self, place: &Place, call: &ApiCall<'_>) -> Response {
        let marker = call.query("Marker").unwrap_or_default();
        let all = self.distributions.all(place).skip_while(|(id, _)| *id < marker.as_str());
        let page = Page::of(all, call.query("MaxItems").as_deref(), 100);
        let items: Vec<Element> = page.items.iter().map(|(_, distribution)| distribution.summary()).collect();
        let mut children = vec![text("Marker", marker.as_str()), text("MaxItems", "100"), page.is_truncated()];
        children.push(text("Quantity", items.len().to_string()));
        children.extend(page.next.map(|(id, _)| text("NextMarker", id)));
        if !items.is_empty() {
            children.push(node("Items", items));
        }
        message(StatusCode::OK, NAMESPACE, node("DistributionList", children))
    }

    fn update(&mut self, place: &Place, call: &mut ApiCall<'_>) -> Outcome {
        let found = self.distributions.get_mut(place, call.name(0)).ok_or_else(no_distribution)?;
        check_etag(&found.etag, call)?;
        let requested = call.request.xml();
        if check(&requested)? != found.config.text_at(&["CallerReference"]) {
            return Err(ApiError::new(400, "IllegalUpdate", "The caller reference cannot be changed."));
        }
        found.config = complete(&requested);
        found.etag = call.ids.next("E", 13, Ids::UPPER);
        found.modified = call.date();
        Ok(found.response(StatusCode::OK))
    }

    fn delete(&mut self, place: &Place, call: &ApiCall<'_>) -> Outcome {
        let found = self.distribution(place, call.name(0))?;
        check_etag(&found.etag, call)?;
        if found.config.text_at(&["Enabled"]) == "true" {
            let message = "The distribution you are trying to delete has not been disabled.";
            return Err(ApiError::new(409, "DistributionNotDisabled", message));
        }
        self.distributions.remove(place, call.name(0));
        Ok(no_content())
    }

    /// Moves an alias to another distribution; the rules check the rest.
    fn move_alias(&mut self, place: &Place, call: &mut ApiCall<'_>) -> Outcome {
        let request = call.request.xml();
        let alias = request.text_at(&["Domain"]).to_owned();
        let target = request.text_at(&["TargetResource", "DistributionId"]).to_owned();
        let not_found = || ApiError::new(404, "EntityNotFound", "The entity was not found.");
        let known = call.request.headers.get(IF_MATCH).is_some();
        let found = self.distributions.get(place, &target).ok_or_else(not_found)?;
        if known {
            check_etag(&found.etag, call)?;
        }
        let holds = |one: &Distribution| one.config.items_at(&["Aliases", "Items"]).iter().any(|it| it.text == alias);
        let source = self.distributions.all(place).find(|(_, one)| holds(one)).map(|(id, _)| id.to_owned());
        let source = source.ok_or_else(not_found)?;
        if source != target {
            for id in [&source, &target] {
                let etag = call.ids.next("E", 13, Ids::UPPER);
                let Some(one) = self.distributions.get_mut(place, id) else { continue };
                let mut aliases = one.config.items_at(&["Aliases", "Items"]).to_vec();
                aliases.retain(|it| it.text != alias);
                aliases.extend((*id == target).then(|| text("CNAME", &alias)));
                set_aliases(&mut one.config, aliases);
                one.etag = etag;
                one.modified = call.date();
            }
        }
        let etag = self.distribution(place, &target)?.etag.clone();
        let children = vec![text("Domain", &alias), text("ResourceId", &target)];
        let mut response = message(StatusCode::OK, NAMESPACE, node("UpdateDomainAssociationResult", children));
        set_header(&mut response, ETAG, &etag);
        Ok(response)
    }

    /// The tags of the resource in the query.
    fn tags_mut(&mut self, place: &Place, call: &ApiCall<'_>) -> Result<&mut Tags, ApiError> {
        let arn = call.query("Resource").unwrap_or_default();
        let own = format!("arn:aws:cloudfront::{}:", place.account);
        let invalid = || ApiError::new(400, "InvalidArgument", format!("Invalid resource ARN: {arn}"));
        let (kind, id) = arn.strip_prefix(&own).and_then(|rest| rest.split_once('/')).ok_or_else(invalid)?;
        let missing = || ApiError::new(404, "NoSuchResource", format!("The specified resource does not exist: {arn}"));
        match kind {
            "distribution" => self.distributions.get_mut(place, id).map(|found| &mut found.tags),
            "function" => self.functions.tags_mut(place, &arn),
            "key-value-store" => self.key_value_stores.tags_mut(place, &arn),
            _ => return Err(invalid()),
        }
        .ok_or_else(missing)
    }

    fn list_tags(&mut self, place: &Place, call: &ApiCall<'_>) -> Outcome {
        let tags = self.tags_mut(place, call)?.iter();
        let tags = tags.map(|(key, value)| node("Tag", vec![text("Key", key), text("Value", value)])).collect();
        Ok(message(StatusCode::OK, NAMESPACE, node("Tags", vec![node("Items", tags)])))
    }

    fn tag(&mut self, place: &Place, call: &ApiCall<'_>) -> Outcome {
        let tags = self.tags_mut(place, call)?;
        add_tags(tags, call.request.xml().items_at(&["Items"]))?;
        Ok(no_content())
    }

    fn untag(&mut self, place: &Place, call: &ApiCall<'_>) -> Outcome {
        let tags = self.tags_mut(place, call)?;
        for key in call.request.xml().items_at(&["Items"]) {
            tags.remove(&key.text);
        }
        Ok(no_content())
    }
}

impl Distribution {
    /// The response with the whole distribution. Its status is set by the rules.
    fn response(&self, status: StatusCode) -> Response {
        let mut children = self.common_fields();
        children.extend([text("InProgressInvalidationBatches", "0"), self.config.clone()]);
        let mut response = message(status, NAMESPACE, node("Distribution", children));
        set_header(&mut response, ETAG, &self.etag);
        response
    }

    fn common_fields(&self) -> Vec<Element> {
        vec![
            text("Id", &self.id),
            text("ARN", &self.arn),
            text("Status", "Deployed"),
            text("LastModifiedTime", &self.modified),
            text("DomainName", &self.domain_name),
        ]
    }

    fn summary(&self) -> Element {
        const FIELDS: [&str; 16] = [
            "Aliases",
            "Origins",
            "OriginGroups",
            "DefaultCacheBehavior",
            "CacheBehaviors",
            "CustomErrorResponses",
            "Comment",
            "PriceClass",
            "Enabled",
            "ViewerCertificate",
            "Restrictions",
            "WebACLId",
            "HttpVersion",
            "IsIPV6Enabled",
            "Staging",
            "ConnectionMode",
        ];
        let mut children = self.common_fields();
        children.extend(FIELDS.iter().filter_map(|field| self.config.child(field)).cloned());
        node("DistributionSummary", children)
    }
}

fn set_aliases(config: &mut Element, aliases: Vec<Element>) {
    let Some(list) = config.child_mut("Aliases") else { return };
    list.children = vec![text("Quantity", aliases.len().to_string())];
    if !aliases.is_empty() {
        list.children.push(node("Items", aliases));
    }
}

/// Checks that `If-Match` is the current ETag.
fn check_etag(etag: &str, call: &ApiCall<'_>) -> Result<(), ApiError> {
    let Some(known) = call.request.headers.get(IF_MATCH).filter(|known| !known.is_empty()) else {
        let message = "The If-Match version is missing or not valid for the resource.";
        return Err(ApiError::new(400, "InvalidIfMatchVersion", message));
    };
    if known.as_bytes() != etag.as_bytes() {
        let message = "The precondition given in one or more of the request-header fields evaluated to false.";
        return Err(ApiError::new(412, "PreconditionFailed", message));
    }
    Ok(())
}

/// Rejects settings that are invalid in themselves; the rules check the rest. Returns the caller reference.
fn check(config: &Element) -> Result<&str, ApiError> {
    if config.name != "DistributionConfig" {
        return Err(ApiError::new(400, "MalformedXML", "The XML document is malformed."));
    }
    let missing = |name: &str| ApiError::new(400, "InvalidArgument", format!("The parameter {name} is required."));
    for name in ["Origins", "DefaultCacheBehavior", "Comment", "Enabled"] {
        config.child(name).ok_or_else(|| missing(name))?;
    }
    if inconsistent(config) {
        let message = "The value of Quantity and the size of Items do not match.";
        return Err(ApiError::new(400, "InconsistentQuantities", message));
    }
    given(config, "CallerReference").ok_or_else(|| missing("CallerReference"))
}

fn add_tags(to: &mut Tags, tags: &[Element]) -> Result<(), ApiError> {
    let mut all = to.clone();
    for tag in tags {
        let (key, value) = (tag.text_at(&["Key"]), tag.text_at(&["Value"]));
        let matching_literals = (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256;
        if !matching_literals
            || !is_valid_tag_text(key)
            || !is_valid_tag_text(value)
            || key.to_lowercase().starts_with("aws:")
        {
            let message = format!("The tagging specified is not valid: {key}");
            return Err(ApiError::new(400, "InvalidTagging", message));
        }
        all.insert(key.to_owned(), value.to_owned());
    }
    if all.len() > MAX_TAGS {
        let message = format!("The tagging specified is not valid: more than {MAX_TAGS} tags");
        return Err(ApiError::new(400, "InvalidTagging", message));
    }
    *to = all;
    Ok(())
}

fn no_distribution() -> ApiError {
    ApiError::new(404, "NoSuchDistribution", "The specified distribution does not exist.")
}

fn no_content() -> Response {
    Response { status: StatusCode::NO_CONTENT, headers: HeaderMap::new(), body: Bytes::new() }
}

fn set_header(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests;
