//! CloudFront: distributions, their ETags and tags, and AWS's managed policies.
//!
//! Source: AWS, CloudFront API reference; messages as users have reported them.

mod settings;

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{ETAG, IF_MATCH, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use self::settings::{complete, inconsistent};
use super::xml_out::{Page, given, is_taggable, message, node, text};
use super::{Ids, Question, Shelf};
use crate::message::{Answer, Refusal};
use crate::upstream::Place;
use crate::xml::Element;

const NAMESPACE: &str = "http://cloudfront.amazonaws.com/doc/2020-05-31/";
const MOST_TAGS: usize = 50;

/// AWS's managed cache policies.
const CACHE_POLICIES: [(&str, &str); 4] = [
    ("4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "Managed-CachingDisabled"),
    ("658327ea-f89d-4fab-a63d-7e88639e58f6", "Managed-CachingOptimized"),
    ("83da9c7e-98b4-4e11-a168-04f0df8e2c65", "Managed-UseOriginCacheControlHeaders"),
    ("4cc15a8a-d715-48a4-82b8-cc0b614638fe", "Managed-UseOriginCacheControlHeaders-QueryStrings"),
];

/// AWS's managed origin request policies.
const ORIGIN_REQUEST_POLICIES: [(&str, &str); 5] = [
    ("216adef6-5c7f-47e4-b989-5492eafa07d3", "Managed-AllViewer"),
    ("33f36d7e-f396-46d9-90e0-52428a34d9dc", "Managed-AllViewerAndCloudFrontHeaders-2022-06"),
    ("b689b0a8-53d0-40ab-baf2-68738e2966ac", "Managed-AllViewerExceptHostHeader"),
    ("59781a5b-3903-41f3-afcb-af62929ccde1", "Managed-CORS-CustomOrigin"),
    ("acba4595-bd28-49b8-b9fe-13317c0390fa", "Managed-UserAgentRefererHeaders"),
];

/// Everything of CloudFront.
#[derive(Debug, Default, Clone)]
pub(super) struct CloudFront {
    distributions: Shelf<Distribution>,
    /// Which distribution was made by a caller reference, also of those that are gone.
    references: Shelf<String>,
}

#[derive(Debug, Clone)]
struct Distribution {
    id: String,
    arn: String,
    domain_name: String,
    modified: String,
    etag: String,
    /// With all that AWS adds to what was asked for.
    config: Element,
    tags: Tags,
}

type Tags = BTreeMap<String, String>;

/// What an operation answers.
type Outcome = Result<Answer, Refusal>;

impl CloudFront {
    /// Answers one call.
    pub(super) fn answer(&mut self, question: &mut Question<'_>) -> Outcome {
        let place = &question.place.global();
        match question.operation.name.as_str() {
            "CreateDistribution" | "CreateDistributionWithTags" => self.create(place, question),
            "GetDistribution" => Ok(self.distribution(place, question.name(0))?.told(StatusCode::OK)),
            "GetDistributionConfig" => self.get_config(place, question.name(0)),
            "ListDistributions" => Ok(self.list(place, question)),
            "UpdateDistribution" => self.update(place, question),
            "DeleteDistribution" => self.delete(place, question),
            "ListTagsForResource" => self.list_tags(place, question),
            "TagResource" => self.tag(place, question),
            "UntagResource" => self.untag(place, question),
            "GetCachePolicy" => policy(question.name(0), "CachePolicy", &CACHE_POLICIES),
            "GetOriginRequestPolicy" => policy(question.name(0), "OriginRequestPolicy", &ORIGIN_REQUEST_POLICIES),
            _ => Err(question.not_implemented()),
        }
    }

    fn distribution(&self, place: &Place, id: &str) -> Result<&Distribution, Refusal> {
        self.distributions.get(place, id).ok_or_else(none)
    }

    fn create(&mut self, place: &Place, question: &mut Question<'_>) -> Outcome {
        let request = question.request.xml();
        let wanted = request.child("DistributionConfig").unwrap_or(&request);
        let reference = check(wanted)?.to_owned();
        let mut tags = Tags::new();
        add_tags(&mut tags, request.items_at(&["Tags", "Items"]))?;
        if let Some(id) = self.references.get(place, &reference) {
            let message = format!(
                "The caller reference that you are using to create a distribution is associated with another \
                 distribution. Already exists: {id}"
            );
            return Err(Refusal::new(409, "DistributionAlreadyExists", message));
        }
        let id = question.ids.next("E", 13, Ids::UPPER);
        let distribution = Distribution {
            arn: format!("arn:aws:cloudfront::{}:distribution/{id}", place.account),
            domain_name: question.ids.next("d", 13, Ids::LOWER) + ".cloudfront.net",
            modified: question.date(),
            etag: question.ids.next("E", 13, Ids::UPPER),
            config: complete(wanted),
            id: id.clone(),
            tags,
        };
        let mut answer = distribution.told(StatusCode::CREATED);
        let location = format!("https://cloudfront.amazonaws.com/2020-05-31/distribution/{id}");
        set_header(&mut answer, LOCATION, &location);
        self.references.put(place, &reference, id.clone());
        self.distributions.put(place, &id, distribution);
        Ok(answer)
    }

    fn get_config(&self, place: &Place, id: &str) -> Outcome {
        let distribution = self.distribution(place, id)?;
        let mut answer = message(StatusCode::OK, NAMESPACE, distribution.config.clone());
        set_header(&mut answer, ETAG, &distribution.etag);
        Ok(answer)
    }

    fn list(&self, place: &Place, question: &Question<'_>) -> Answer {
        let marker = question.query("Marker").unwrap_or_default();
        let all = self.distributions.all(place).skip_while(|(id, _)| *id < marker.as_str());
        let page = Page::of(all, question.query("MaxItems").as_deref(), 100);
        let items: Vec<Element> = page.items.iter().map(|(_, distribution)| distribution.summary()).collect();
        let mut children = vec![text("Marker", marker.as_str()), text("MaxItems", "100"), page.is_truncated()];
        children.push(text("Quantity", items.len().to_string()));
        children.extend(page.next.map(|(id, _)| text("NextMarker", id)));
        if !items.is_empty() {
            children.push(node("Items", items));
        }
        message(StatusCode::OK, NAMESPACE, node("DistributionList", children))
    }

    fn update(&mut self, place: &Place, question: &mut Question<'_>) -> Outcome {
        let found = self.distributions.get_mut(place, question.name(0)).ok_or_else(none)?;
        found.match_etag(question)?;
        let wanted = question.request.xml();
        if check(&wanted)? != found.config.text_at(&["CallerReference"]) {
            return Err(Refusal::new(400, "IllegalUpdate", "The caller reference cannot be changed."));
        }
        found.config = complete(&wanted);
        found.etag = question.ids.next("E", 13, Ids::UPPER);
        found.modified = question.date();
        Ok(found.told(StatusCode::OK))
    }

    fn delete(&mut self, place: &Place, question: &Question<'_>) -> Outcome {
        let found = self.distribution(place, question.name(0))?;
        found.match_etag(question)?;
        if found.config.text_at(&["Enabled"]) == "true" {
            let message = "The distribution you are trying to delete has not been disabled.";
            return Err(Refusal::new(409, "DistributionNotDisabled", message));
        }
        self.distributions.remove(place, question.name(0));
        Ok(nothing())
    }

    /// The tags of the resource that the query names.
    fn tags_mut(&mut self, place: &Place, question: &Question<'_>) -> Result<&mut Tags, Refusal> {
        let arn = question.query("Resource").unwrap_or_default();
        let own = format!("arn:aws:cloudfront::{}:distribution/", place.account);
        let invalid = || Refusal::new(400, "InvalidArgument", format!("Invalid resource ARN: {arn}"));
        let id = arn.strip_prefix(&own).ok_or_else(invalid)?;
        let missing = || Refusal::new(404, "NoSuchResource", format!("The specified resource does not exist: {arn}"));
        self.distributions.get_mut(place, id).map(|found| &mut found.tags).ok_or_else(missing)
    }

    fn list_tags(&mut self, place: &Place, question: &Question<'_>) -> Outcome {
        let tags = self.tags_mut(place, question)?.iter();
        let tags = tags.map(|(key, value)| node("Tag", vec![text("Key", key), text("Value", value)])).collect();
        Ok(message(StatusCode::OK, NAMESPACE, node("Tags", vec![node("Items", tags)])))
    }

    fn tag(&mut self, place: &Place, question: &Question<'_>) -> Outcome {
        let tags = self.tags_mut(place, question)?;
        add_tags(tags, question.request.xml().items_at(&["Items"]))?;
        Ok(nothing())
    }

    fn untag(&mut self, place: &Place, question: &Question<'_>) -> Outcome {
        let tags = self.tags_mut(place, question)?;
        for key in question.request.xml().items_at(&["Items"]) {
            tags.remove(&key.text);
        }
        Ok(nothing())
    }
}

impl Distribution {
    /// All of it. How far it has come is told by the rules in front.
    fn told(&self, status: StatusCode) -> Answer {
        let mut children = self.head();
        children.extend([text("InProgressInvalidationBatches", "0"), self.config.clone()]);
        let mut answer = message(status, NAMESPACE, node("Distribution", children));
        set_header(&mut answer, ETAG, &self.etag);
        answer
    }

    fn head(&self) -> Vec<Element> {
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
        let mut children = self.head();
        children.extend(FIELDS.iter().filter_map(|field| self.config.child(field)).cloned());
        node("DistributionSummary", children)
    }

    /// Whether the request was made knowing the newest version.
    fn match_etag(&self, question: &Question<'_>) -> Result<(), Refusal> {
        let Some(known) = question.request.headers.get(IF_MATCH).filter(|known| !known.is_empty()) else {
            let message = "The If-Match version is missing or not valid for the resource.";
            return Err(Refusal::new(400, "InvalidIfMatchVersion", message));
        };
        if known.as_bytes() != self.etag.as_bytes() {
            let message = "The precondition given in one or more of the request-header fields evaluated to false.";
            return Err(Refusal::new(412, "PreconditionFailed", message));
        }
        Ok(())
    }
}

/// What is wrong with settings whatever else exists; the rest is the business of the rules in front. Gives the caller
/// reference.
fn check(config: &Element) -> Result<&str, Refusal> {
    if config.name != "DistributionConfig" {
        return Err(Refusal::new(400, "MalformedXML", "The XML document is malformed."));
    }
    let missing = |name: &str| Refusal::new(400, "InvalidArgument", format!("The parameter {name} is required."));
    for name in ["Origins", "DefaultCacheBehavior", "Comment", "Enabled"] {
        config.child(name).ok_or_else(|| missing(name))?;
    }
    if inconsistent(config) {
        let message = "The value of Quantity and the size of Items do not match.";
        return Err(Refusal::new(400, "InconsistentQuantities", message));
    }
    given(config, "CallerReference").ok_or_else(|| missing("CallerReference"))
}

fn add_tags(to: &mut Tags, tags: &[Element]) -> Result<(), Refusal> {
    let mut all = to.clone();
    for tag in tags {
        let (key, value) = (tag.text_at(&["Key"]), tag.text_at(&["Value"]));
        let fits = (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256;
        if !fits || !is_taggable(key) || !is_taggable(value) || key.to_lowercase().starts_with("aws:") {
            let message = format!("The tagging specified is not valid: {key}");
            return Err(Refusal::new(400, "InvalidTagging", message));
        }
        all.insert(key.to_owned(), value.to_owned());
    }
    if all.len() > MOST_TAGS {
        let message = format!("The tagging specified is not valid: more than {MOST_TAGS} tags");
        return Err(Refusal::new(400, "InvalidTagging", message));
    }
    *to = all;
    Ok(())
}

fn policy(id: &str, kind: &str, policies: &[(&str, &str)]) -> Outcome {
    let missing = || Refusal::new(404, &format!("NoSuch{kind}"), "The policy does not exist.");
    let (id, name) = policies.iter().find(|policy| policy.0 == id).ok_or_else(missing)?;
    let config = vec![text("Name", *name), text("Comment", ""), text("MinTTL", "0")];
    let children =
        vec![text("Id", *id), text("LastModifiedTime", "2019-11-01T00:00:00Z"), node(&format!("{kind}Config"), config)];
    Ok(message(StatusCode::OK, NAMESPACE, node(kind, children)))
}

fn none() -> Refusal {
    Refusal::new(404, "NoSuchDistribution", "The specified distribution does not exist.")
}

fn nothing() -> Answer {
    Answer { status: StatusCode::NO_CONTENT, headers: HeaderMap::new(), body: Bytes::new() }
}

fn set_header(answer: &mut Answer, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests;
