//! Cache policies, origin request policies, response headers policies and continuous deployment policies: those of an account,
//! and AWS's managed ones.

use http::StatusCode;
use http::header::{ETAG, LOCATION};

use super::{NAMESPACE, Outcome, check_etag, no_content, set_header};
use crate::memory::xml_response::{Page, given, message, node, text};
use crate::memory::{ApiCall, Ids, Store};
use crate::message::ApiError;
use crate::upstream::Place;
use crate::xml::Element;

/// A kind of policies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// `CachePolicy`.
    name: &'static str,
    /// The path: `cache-policy`.
    path: &'static str,
    managed: fn(&str) -> Option<Element>,
    ids: &'static [&'static str],
}

const KINDS: [Kind; 4] = [
    Kind { name: "CachePolicy", path: "cache-policy", managed: managed_cache, ids: &CACHE_IDS },
    Kind {
        name: "OriginRequestPolicy",
        path: "origin-request-policy",
        managed: managed_origin_request,
        ids: &ORIGIN_REQUEST_IDS,
    },
    Kind {
        name: "ResponseHeadersPolicy",
        path: "response-headers-policy",
        managed: managed_response_headers,
        ids: &RESPONSE_HEADERS_IDS,
    },
    Kind { name: CONTINUOUS, path: "continuous-deployment-policy", managed: |_| None, ids: &[] },
];

/// The kind without a name and without policies of AWS.
const CONTINUOUS: &str = "ContinuousDeploymentPolicy";

/// The policies of all accounts.
#[derive(Debug, Default, Clone)]
pub(super) struct Policies(Store<Policy>);

#[derive(Debug, Clone)]
struct Policy {
    kind: &'static str,
    id: String,
    modified: String,
    etag: String,
    config: Element,
}

/// The kind of policies that an operation is about, and what it does: `Create`, `Get`, `List`, `Update`, `Delete`.
pub(super) fn operation(name: &str) -> Option<(Kind, &str)> {
    KINDS.into_iter().find_map(|kind| {
        let plural = kind.name.replace("Policy", "Policies");
        let verb = name.strip_suffix(kind.name).or_else(|| name.strip_suffix(plural.as_str()))?;
        Some((kind, verb))
    })
}

impl Policies {
    /// Handles a call.
    pub(super) fn handle(&mut self, kind: Kind, verb: &str, call: &mut ApiCall<'_>) -> Outcome {
        let place = &call.place.global();
        match verb {
            "Create" => self.create(kind, place, call),
            "Get" => self.get(kind, place, call.name(0)).map(|policy| policy.response(StatusCode::OK)),
            "List" => Ok(self.list(kind, place, call)),
            "Update" => self.update(kind, place, call),
            "Delete" => self.delete(kind, place, call),
            _ => Err(call.not_implemented()),
        }
    }

    fn get(&self, kind: Kind, place: &Place, id: &str) -> Result<Policy, ApiError> {
        let own = self.0.get(place, id).filter(|policy| policy.kind == kind.name).cloned();
        own.or_else(|| managed(kind, id)).ok_or_else(|| missing(kind))
    }

    fn create(&mut self, kind: Kind, place: &Place, call: &mut ApiCall<'_>) -> Outcome {
        let config = check(kind, call.request.xml())?;
        self.check_name(kind, place, &config, "")?;
        let policy = Policy {
            kind: kind.name,
            id: call.ids.uuid(),
            modified: call.date(),
            etag: call.ids.next("E", 13, Ids::UPPER),
            config,
        };
        let mut response = policy.response(StatusCode::CREATED);
        let location = format!("https://cloudfront.amazonaws.com/2020-05-31/{}/{}", kind.path, policy.id);
        set_header(&mut response, LOCATION, &location);
        self.0.put(place, &policy.id.clone(), policy);
        Ok(response)
    }

    /// Names are unique in an account.
    fn check_name(&self, kind: Kind, place: &Place, config: &Element, id: &str) -> Result<(), ApiError> {
        let name = config.text_at(&["Name"]);
        if kind.name == CONTINUOUS {
            return Ok(());
        }
        let is_other = |policy: &Policy| policy.kind == kind.name && policy.id != id;
        if self.0.all(place).any(|(_, policy)| is_other(policy) && policy.config.text_at(&["Name"]) == name) {
            let message = format!("A policy with the same name already exists: {name}");
            return Err(ApiError::new(409, &format!("{}AlreadyExists", kind.name), message));
        }
        Ok(())
    }

    fn list(&self, kind: Kind, place: &Place, call: &ApiCall<'_>) -> crate::message::Response {
        let wanted = call.query("Type");
        let own = self.0.all(place).filter(|(_, policy)| policy.kind == kind.name).map(|(_, policy)| policy.clone());
        let managed = kind.ids.iter().filter_map(|id| managed(kind, id));
        let own = own.filter(|_| wanted.as_deref() != Some("managed")).map(|policy| ("custom", policy));
        let managed = managed.filter(|_| wanted.as_deref() != Some("custom")).map(|policy| ("managed", policy));
        let marker = call.query("Marker").unwrap_or_default();
        let mut all: Vec<(&str, Policy)> = own.chain(managed).filter(|(_, policy)| policy.id >= marker).collect();
        all.sort_by(|a, b| a.1.id.cmp(&b.1.id));
        let page = Page::of(all.into_iter(), call.query("MaxItems").as_deref(), 100);
        let summary = |(origin, policy): &(&str, Policy)| {
            let origin = Some(text("Type", *origin)).filter(|_| kind.name != CONTINUOUS);
            node(&format!("{}Summary", kind.name), origin.into_iter().chain([policy.element()]).collect())
        };
        let items: Vec<Element> = page.items.iter().map(summary).collect();
        let mut children = vec![text("MaxItems", "100"), text("Quantity", items.len().to_string())];
        children.extend(page.next.map(|(_, policy)| text("NextMarker", policy.id)));
        if !items.is_empty() {
            children.push(node("Items", items));
        }
        message(StatusCode::OK, NAMESPACE, node(&format!("{}List", kind.name), children))
    }

    fn update(&mut self, kind: Kind, place: &Place, call: &mut ApiCall<'_>) -> Outcome {
        let config = check(kind, call.request.xml())?;
        let found = self.change(kind, place, call, "IllegalUpdate")?;
        self.check_name(kind, place, &config, &found.id)?;
        let etag = call.ids.next("E", 13, Ids::UPPER);
        let policy = Policy { config, etag, modified: call.date(), ..found };
        let response = policy.response(StatusCode::OK);
        self.0.put(place, call.name(0), policy);
        Ok(response)
    }

    fn delete(&mut self, kind: Kind, place: &Place, call: &ApiCall<'_>) -> Outcome {
        let found = self.change(kind, place, call, "IllegalDelete")?;
        self.0.remove(place, &found.id);
        Ok(no_content())
    }

    /// The policy that a call changes; a managed one cannot be changed.
    fn change(&self, kind: Kind, place: &Place, call: &ApiCall<'_>, illegal: &str) -> Result<Policy, ApiError> {
        let found = self.get(kind, place, call.name(0))?;
        if found.etag.is_empty() {
            let message = "You cannot change or delete a managed policy.";
            return Err(ApiError::new(400, illegal, message));
        }
        check_etag(&found.etag, call)?;
        Ok(found)
    }
}

impl Policy {
    fn element(&self) -> Element {
        let children = vec![text("Id", &self.id), text("LastModifiedTime", &self.modified), self.config.clone()];
        node(self.kind, children)
    }

    fn response(&self, status: StatusCode) -> crate::message::Response {
        let mut response = message(status, NAMESPACE, self.element());
        set_header(&mut response, ETAG, if self.etag.is_empty() { "E23ZP02F085DFQ" } else { &self.etag });
        response
    }
}

fn check(kind: Kind, config: Element) -> Result<Element, ApiError> {
    if config.name != format!("{}Config", kind.name) {
        return Err(ApiError::new(400, "MalformedXML", "The XML document is malformed."));
    }
    if kind.name != CONTINUOUS && given(&config, "Name").is_none() {
        return Err(ApiError::new(400, "InvalidArgument", "The parameter Name is required."));
    }
    if super::settings::inconsistent(&config) {
        let message = "The value of Quantity and the size of Items do not match.";
        return Err(ApiError::new(400, "InconsistentQuantities", message));
    }
    Ok(node(&config.name.clone(), config.children))
}

fn missing(kind: Kind) -> ApiError {
    ApiError::new(404, &format!("NoSuch{}", kind.name), "The policy does not exist.")
}

fn managed(kind: Kind, id: &str) -> Option<Policy> {
    let config = (kind.managed)(id)?;
    let (id, modified) = (id.to_owned(), "2019-11-01T00:00:00Z".to_owned());
    Some(Policy { kind: kind.name, id, modified, etag: String::new(), config })
}

const CACHE_IDS: [&str; 4] = [
    "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
    "4cc15a8a-d715-48a4-82b8-cc0b614638fe",
    "658327ea-f89d-4fab-a63d-7e88639e58f6",
    "83da9c7e-98b4-4e11-a168-04f0df8e2c65",
];

const ORIGIN_REQUEST_IDS: [&str; 5] = [
    "216adef6-5c7f-47e4-b989-5492eafa07d3",
    "33f36d7e-f396-46d9-90e0-52428a34d9dc",
    "59781a5b-3903-41f3-afcb-af62929ccde1",
    "acba4595-bd28-49b8-b9fe-13317c0390fa",
    "b689b0a8-53d0-40ab-baf2-68738e2966ac",
];

const RESPONSE_HEADERS_IDS: [&str; 2] =
    ["60669652-455b-4ae9-85a4-c4c02393f86c", "67f7725c-6f97-4210-82d7-5512b31e9d03"];

/// The headers in the cache key of the policies that follow the origin's `Cache-Control`.
const ORIGIN_KEY: [&str; 5] = ["Host", "Origin", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"];

fn managed_cache(id: &str) -> Option<Element> {
    let (name, ttls, headers, cookies, query_strings) = match id {
        "4135ea2d-6df8-44a3-9df3-4b5a84be39ad" => ("CachingDisabled", [0, 0, 0], &[][..], "none", "none"),
        "658327ea-f89d-4fab-a63d-7e88639e58f6" => {
            ("CachingOptimized", [1, 86_400, 31_536_000], &[][..], "none", "none")
        }
        "83da9c7e-98b4-4e11-a168-04f0df8e2c65" => {
            ("UseOriginCacheControlHeaders", [0, 0, 31_536_000], &ORIGIN_KEY[..], "all", "none")
        }
        "4cc15a8a-d715-48a4-82b8-cc0b614638fe" => {
            ("UseOriginCacheControlHeaders-QueryStrings", [0, 0, 31_536_000], &ORIGIN_KEY[..], "all", "all")
        }
        _ => return None,
    };
    let [min, default, max] = ttls.map(|seconds: u32| seconds.to_string());
    let compresses = text("EnableAcceptEncodingGzip", (max != "0").to_string());
    let mut key = vec![compresses, headers_config(if headers.is_empty() { "none" } else { "whitelist" }, headers)];
    key.push(node("CookiesConfig", vec![text("CookieBehavior", cookies)]));
    key.push(node("QueryStringsConfig", vec![text("QueryStringBehavior", query_strings)]));
    let children = vec![
        text("Name", format!("Managed-{name}")),
        text("Comment", ""),
        text("MinTTL", min),
        text("DefaultTTL", default),
        text("MaxTTL", max),
        node("ParametersInCacheKeyAndForwardedToOrigin", key),
    ];
    Some(node("CachePolicyConfig", children))
}

fn managed_origin_request(id: &str) -> Option<Element> {
    let (name, behavior, headers, all) = match id {
        "216adef6-5c7f-47e4-b989-5492eafa07d3" => ("AllViewer", "allViewer", &[][..], "all"),
        "33f36d7e-f396-46d9-90e0-52428a34d9dc" => {
            ("AllViewerAndCloudFrontHeaders-2022-06", "allViewerAndWhitelistCloudFront", &[][..], "all")
        }
        "b689b0a8-53d0-40ab-baf2-68738e2966ac" => ("AllViewerExceptHostHeader", "allExcept", &["Host"][..], "all"),
        "59781a5b-3903-41f3-afcb-af62929ccde1" => ("CORS-CustomOrigin", "whitelist", &["Origin"][..], "none"),
        "acba4595-bd28-49b8-b9fe-13317c0390fa" => {
            ("UserAgentRefererHeaders", "whitelist", &["User-Agent", "Referer"][..], "none")
        }
        _ => return None,
    };
    let children = vec![
        text("Name", format!("Managed-{name}")),
        text("Comment", ""),
        headers_config(behavior, headers),
        node("CookiesConfig", vec![text("CookieBehavior", all)]),
        node("QueryStringsConfig", vec![text("QueryStringBehavior", all)]),
    ];
    Some(node("OriginRequestPolicyConfig", children))
}

fn managed_response_headers(id: &str) -> Option<Element> {
    let name = match id {
        "60669652-455b-4ae9-85a4-c4c02393f86c" => "SimpleCORS",
        "67f7725c-6f97-4210-82d7-5512b31e9d03" => "SecurityHeadersPolicy",
        _ => return None,
    };
    let children = vec![text("Name", format!("Managed-{name}")), text("Comment", "")];
    Some(node("ResponseHeadersPolicyConfig", children))
}

fn headers_config(behavior: &str, headers: &[&str]) -> Element {
    let mut children = vec![text("HeaderBehavior", behavior)];
    if !headers.is_empty() {
        let items = headers.iter().map(|name| text("Name", *name)).collect();
        let quantity = text("Quantity", headers.len().to_string());
        children.push(node("Headers", vec![quantity, node("Items", items)]));
    }
    node("HeadersConfig", children)
}
