//! The part of a CloudFront distribution's configuration that decides what happens to a request.

use crate::model::path_matches;
use crate::xml::Element;

/// The configuration of a distribution.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Distribution {
    /// Whether the distribution is enabled.
    pub(crate) enabled: bool,
    /// Whether this is a staging distribution.
    pub(crate) staging: bool,
    /// The id of the continuous deployment policy; empty when there is none.
    pub(crate) continuous_deployment_policy: String,
    /// The alternate domain names, in lower case.
    pub(crate) aliases: Vec<String>,
    origins: Vec<Origin>,
    groups: Vec<Group>,
    /// In order of precedence; the default behavior is last.
    behaviors: Vec<Behavior>,
    /// The responses to errors.
    pub(crate) errors: Vec<ErrorResponse>,
    geo_restriction: String,
    countries: Vec<String>,
}

/// An origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    id: String,
    /// The host name.
    pub(crate) host: String,
    /// The prefix of the path.
    pub(crate) path: String,
    /// The ARN of the certificate that CloudFront presents; empty when it presents none.
    pub(crate) client_certificate: String,
    /// The headers that CloudFront adds.
    pub(crate) headers: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    id: String,
    members: Vec<String>,
    status_codes: Vec<u16>,
}

/// A cache behavior.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Behavior {
    /// The path pattern.
    pub(crate) pattern: String,
    target: String,
    /// The allowed methods.
    pub(crate) methods: Vec<String>,
    /// `redirect-to-https`, `https-only` or `allow-all`.
    pub(crate) viewer_protocol: String,
    /// The id of the cache policy.
    pub(crate) cache_policy: String,
    /// The id of the origin request policy; empty when there is none.
    pub(crate) origin_request_policy: String,
    /// The id of the response headers policy; empty when there is none.
    pub(crate) response_headers_policy: String,
    /// The ARN of the Lambda@Edge function at origin requests.
    pub(crate) origin_request_function: Option<String>,
    /// Whether this function receives the bodies of requests.
    pub(crate) origin_request_body: bool,
    /// The ARN of the CloudFront function for viewer requests; empty when there is none.
    pub(crate) viewer_request_function: String,
}

/// A custom error response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ErrorResponse {
    /// The status of the error.
    pub(crate) status: u16,
    /// The path of the page that clients receive instead; empty when they receive the error.
    pub(crate) page: String,
    /// The status that clients receive instead.
    pub(crate) replaced: u16,
    /// How long the error is cached at least, in seconds.
    pub(crate) seconds: Option<u64>,
}

impl Distribution {
    /// Reads a `DistributionConfig`.
    pub(crate) fn read(config: &Element) -> Self {
        let behaviors =
            config.items_at(&["CacheBehaviors", "Items"]).iter().chain(config.child("DefaultCacheBehavior"));
        let geo = ["Restrictions", "GeoRestriction"];
        Self {
            enabled: config.text_at(&["Enabled"]) == "true",
            staging: config.text_at(&["Staging"]) == "true",
            continuous_deployment_policy: config.text_at(&["ContinuousDeploymentPolicyId"]).to_owned(),
            aliases: texts(config, &["Aliases", "Items"]).iter().map(|alias| alias.to_lowercase()).collect(),
            origins: config.items_at(&["Origins", "Items"]).iter().map(read_origin).collect(),
            groups: config.items_at(&["OriginGroups", "Items"]).iter().map(read_group).collect(),
            behaviors: behaviors.map(read_behavior).collect(),
            errors: config.items_at(&["CustomErrorResponses", "Items"]).iter().map(read_error).collect(),
            geo_restriction: config.text_at(&[geo[0], geo[1], "RestrictionType"]).to_owned(),
            countries: texts(config, &[geo[0], geo[1], "Items"]),
        }
    }

    /// The origins to which CloudFront sends requests: all but those that a Lambda@Edge function may replace in every request.
    pub(crate) fn requested_origins(&self) -> impl Iterator<Item = &Origin> {
        let has = |group: &Group, origin: &Origin| group.members.contains(&origin.id);
        let is_target = move |origin: &Origin, target: &str| {
            origin.id == target || self.groups.iter().any(|group| group.id == target && has(group, origin))
        };
        let is_replaced = move |origin: &Origin| {
            let mut of_origin = self.behaviors.iter().filter(|behavior| is_target(origin, &behavior.target)).peekable();
            of_origin.peek().is_some() && of_origin.all(|behavior| behavior.origin_request_function.is_some())
        };
        self.origins.iter().filter(move |origin| !is_replaced(origin))
    }

    /// Whether clients in a country are served.
    pub(crate) fn serves(&self, country: &str) -> bool {
        let listed = self.countries.iter().any(|listed| listed == country);
        match self.geo_restriction.as_str() {
            "whitelist" => listed,
            "blacklist" => !listed,
            _ => true,
        }
    }

    /// The first behavior that matches the path.
    pub(crate) fn behavior(&self, path: &str) -> Behavior {
        self.behaviors.iter().find(|behavior| path_matches(&behavior.pattern, path)).cloned().unwrap_or_default()
    }

    /// The origins of a behavior in order, and the status codes after which the next one is tried.
    pub(crate) fn origins_of(&self, behavior: &Behavior) -> (Vec<&Origin>, Vec<u16>) {
        let origin = |id: &str| self.origins.iter().find(|origin| origin.id == id);
        match self.groups.iter().find(|group| group.id == behavior.target) {
            Some(group) => (group.members.iter().filter_map(|id| origin(id)).collect(), group.status_codes.clone()),
            None => (origin(&behavior.target).into_iter().collect(), Vec::new()),
        }
    }

    /// Sends the requests of a behavior to other origins: to the first one, and after one of the statuses to the second.
    /// Returns whether all of them exist.
    pub(crate) fn redirect(&mut self, behavior: &mut Behavior, origins: &[String], status_codes: &[u16]) -> bool {
        const ID: &str = "chosen by a function";
        let members = origins.to_vec();
        let exist = members.iter().all(|id| self.origins.iter().any(|origin| origin.id == *id));
        self.groups.push(Group { id: ID.to_owned(), members, status_codes: status_codes.to_vec() });
        ID.clone_into(&mut behavior.target);
        exist
    }

    /// The custom response to a status.
    pub(crate) fn error(&self, status: u16) -> Option<&ErrorResponse> {
        self.errors.iter().find(|error| error.status == status)
    }
}

/// The texts of a list.
pub(crate) fn texts(element: &Element, path: &[&str]) -> Vec<String> {
    element.items_at(path).iter().map(|item| item.text.clone()).collect()
}

fn read_origin(element: &Element) -> Origin {
    let headers = element.items_at(&["CustomHeaders", "Items"]).iter();
    let header = |header: &Element| {
        (header.text_at(&["HeaderName"]).to_lowercase(), header.text_at(&["HeaderValue"]).to_owned())
    };
    Origin {
        id: element.text_at(&["Id"]).to_owned(),
        host: element.text_at(&["DomainName"]).to_lowercase(),
        path: element.text_at(&["OriginPath"]).to_owned(),
        client_certificate: element
            .text_at(&["CustomOriginConfig", "OriginMtlsConfig", "ClientCertificateArn"])
            .to_owned(),
        headers: headers.map(header).collect(),
    }
}

fn read_group(element: &Element) -> Group {
    let members = element.items_at(&["Members", "Items"]).iter();
    let codes = texts(element, &["FailoverCriteria", "StatusCodes", "Items"]);
    Group {
        id: element.text_at(&["Id"]).to_owned(),
        members: members.map(|member| member.text_at(&["OriginId"]).to_owned()).collect(),
        status_codes: codes.iter().filter_map(|code| code.parse().ok()).collect(),
    }
}

fn read_behavior(element: &Element) -> Behavior {
    let text = |name: &str| element.text_at(&[name]).to_owned();
    let pattern = text("PathPattern");
    let methods = texts(element, &["AllowedMethods", "Items"]);
    let mut functions = element.items_at(&["LambdaFunctionAssociations", "Items"]).iter();
    let function = functions.find(|function| function.text_at(&["EventType"]) == "origin-request");
    Behavior {
        pattern: if pattern.is_empty() { "*".to_owned() } else { pattern },
        target: text("TargetOriginId"),
        methods: if methods.is_empty() { vec!["GET".to_owned(), "HEAD".to_owned()] } else { methods },
        viewer_protocol: text("ViewerProtocolPolicy"),
        cache_policy: text("CachePolicyId"),
        origin_request_policy: text("OriginRequestPolicyId"),
        response_headers_policy: text("ResponseHeadersPolicyId"),
        origin_request_body: function.is_some_and(|function| function.text_at(&["IncludeBody"]) == "true"),
        origin_request_function: function.map(|function| function.text_at(&["LambdaFunctionARN"]).to_owned()),
        viewer_request_function: viewer_request_function(element),
    }
}

fn viewer_request_function(element: &Element) -> String {
    let all = element.items_at(&["FunctionAssociations", "Items"]);
    let found = all.iter().find(|function| function.text_at(&["EventType"]) == "viewer-request");
    found.map_or("", |function| function.text_at(&["FunctionARN"])).to_owned()
}

fn read_error(element: &Element) -> ErrorResponse {
    let number = |name: &str| element.text_at(&[name]).parse().ok();
    ErrorResponse {
        status: number("ErrorCode").unwrap_or_default(),
        page: element.text_at(&["ResponsePagePath"]).to_owned(),
        replaced: number("ResponseCode").unwrap_or_default(),
        seconds: element.text_at(&["ErrorCachingMinTTL"]).parse().ok(),
    }
}
