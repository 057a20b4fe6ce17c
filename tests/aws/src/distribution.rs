//! The part of a CloudFront distribution's configuration that decides which origin serves a request.

use crate::model::path_matches;
use crate::xml::Element;

/// Managed origin request policies that forward the viewer's Host header.
const FORWARD_HOST: [&str; 2] = [
    // AllViewer
    "216adef6-5c7f-47e4-b989-5492eafa07d3",
    // AllViewerAndCloudFrontHeaders-2022-06
    "33f36d7e-f396-46d9-90e0-52428a34d9dc",
];

/// The routing configuration of a distribution.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Distribution {
    /// Whether the distribution is enabled.
    pub(crate) enabled: bool,
    /// The alternate domain names, in lower case.
    pub(crate) aliases: Vec<String>,
    origins: Vec<Origin>,
    groups: Vec<ProcessGroup>,
    /// In order of precedence; the default behaviour is last.
    behaviors: Vec<Behavior>,
}

/// An origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    id: String,
    /// The host name.
    pub(crate) host: String,
    /// The prefix of the path.
    pub(crate) path: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct ProcessGroup {
    id: String,
    members: Vec<String>,
    status_codes: Vec<u16>,
}

/// A cache behaviour.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Behavior {
    pattern: String,
    target: String,
    /// The allowed methods.
    pub(crate) methods: Vec<String>,
    /// Whether the origin receives the viewer's Host header.
    pub(crate) forwards_host: bool,
}

impl Distribution {
    /// Reads a `DistributionConfig`.
    pub(crate) fn read(config: &Element) -> Self {
        let behaviors =
            config.items_at(&["CacheBehaviors", "Items"]).iter().chain(config.child("DefaultCacheBehavior"));
        Self {
            enabled: config.text_at(&["Enabled"]) == "true",
            aliases: texts(config, &["Aliases", "Items"]).iter().map(|alias| alias.to_lowercase()).collect(),
            origins: config.items_at(&["Origins", "Items"]).iter().map(read_origin).collect(),
            groups: config.items_at(&["OriginGroups", "Items"]).iter().map(read_group).collect(),
            behaviors: behaviors.map(read_behavior).collect(),
        }
    }

    /// The hosts of all origins.
    pub(crate) fn hosts(&self) -> impl Iterator<Item = &str> {
        self.origins.iter().map(|origin| origin.host.as_str())
    }

    /// The first behaviour that matches the path.
    pub(crate) fn behavior(&self, path: &str) -> &Behavior {
        const NONE: &Behavior =
            &Behavior { pattern: String::new(), target: String::new(), methods: Vec::new(), forwards_host: false };
        self.behaviors.iter().find(|behavior| path_matches(&behavior.pattern, path)).unwrap_or(NONE)
    }

    /// The origins of a behaviour in order, and the status codes after which the next one is tried.
    pub(crate) fn origins_of(&self, behavior: &Behavior) -> (Vec<&Origin>, Vec<u16>) {
        let origin = |id: &str| self.origins.iter().find(|origin| origin.id == id);
        match self.groups.iter().find(|group| group.id == behavior.target) {
            Some(group) => (group.members.iter().filter_map(|id| origin(id)).collect(), group.status_codes.clone()),
            None => (origin(&behavior.target).into_iter().collect(), Vec::new()),
        }
    }
}

fn texts(element: &Element, path: &[&str]) -> Vec<String> {
    element.items_at(path).iter().map(|item| item.text.clone()).collect()
}

fn read_origin(element: &Element) -> Origin {
    Origin {
        id: element.text_at(&["Id"]).to_owned(),
        host: element.text_at(&["DomainName"]).to_lowercase(),
        path: element.text_at(&["OriginPath"]).to_owned(),
    }
}

fn read_group(element: &Element) -> ProcessGroup {
    let members = element.items_at(&["Members", "Items"]).iter();
    let codes = texts(element, &["FailoverCriteria", "StatusCodes", "Items"]);
    ProcessGroup {
        id: element.text_at(&["Id"]).to_owned(),
        members: members.map(|member| member.text_at(&["OriginId"]).to_owned()).collect(),
        status_codes: codes.iter().filter_map(|code| code.parse().ok()).collect(),
    }
}

fn read_behavior(element: &Element) -> Behavior {
    let pattern = element.text_at(&["PathPattern"]);
    let methods = texts(element, &["AllowedMethods", "Items"]);
    Behavior {
        pattern: if pattern.is_empty() { "*".to_owned() } else { pattern.to_owned() },
        target: element.text_at(&["TargetOriginId"]).to_owned(),
        methods: if methods.is_empty() { vec!["GET".to_owned(), "HEAD".to_owned()] } else { methods },
        forwards_host: FORWARD_HOST.contains(&element.text_at(&["OriginRequestPolicyId"])),
    }
}
