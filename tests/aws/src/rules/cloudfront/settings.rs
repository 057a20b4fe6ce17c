//! CloudFront: settings of a distribution that AWS rejects.

use super::{ConfigError, all_behaviors};
use crate::distribution::texts;
use crate::xml::Element;

/// How many cache behaviors a distribution has, with the default one.
const MAX_BEHAVIORS: usize = 25;
/// How many origin groups a distribution has.
const MAX_GROUPS: usize = 10;
const TLS: [&str; 9] = [
    "SSLv3",
    "TLSv1",
    "TLSv1_2016",
    "TLSv1.1_2016",
    "TLSv1.2_2018",
    "TLSv1.2_2019",
    "TLSv1.2_2021",
    "TLSv1.2_2025",
    "TLSv1.3_2025",
];
const HTTP: [&str; 4] = ["http1.1", "http2", "http3", "http2and3"];
const ERRORS: [&str; 11] = ["400", "403", "404", "405", "414", "416", "500", "501", "502", "503", "504"];
const FAILOVER: [&str; 8] = ["403", "404", "416", "429", "500", "502", "503", "504"];
const NO_ORIGIN_HEADER: [&str; 9] =
    ["host", "cookie", "connection", "content-length", "via", "upgrade", "te", "range", "cache-control"];

/// The first setting that AWS rejects.
pub(super) fn check(config: &Element) -> Option<ConfigError> {
    let one_of = |path: &[&str], allowed: &[&str]| {
        let text = config.text_at(path);
        (!text.is_empty() && !allowed.contains(&text)).then(|| text.to_owned())
    };
    if let Some(version) = one_of(&["ViewerCertificate", "MinimumProtocolVersion"], &TLS) {
        let message = format!("The parameter MinimumProtocolVersion is invalid: {version}");
        return Some((400, "InvalidMinimumProtocolVersion", message));
    }
    if let Some(version) = one_of(&["HttpVersion"], &HTTP) {
        return Some(invalid(format!("The parameter HttpVersion is invalid: {version}")));
    }
    if config.text_at(&["Comment"]).chars().count() > 128 {
        return Some(invalid("The parameter Comment is too long.".to_owned()));
    }
    behaviors(config)
        .or_else(|| groups(config))
        .or_else(|| origins(config))
        .or_else(|| errors(config))
        .or_else(|| geo(config))
        .or_else(|| web_acl(config))
}

fn invalid(message: String) -> ConfigError {
    (400, "InvalidArgument", message)
}

fn behaviors(config: &Element) -> Option<ConfigError> {
    if all_behaviors(config).count() > MAX_BEHAVIORS {
        let message = "Your request contains more CacheBehaviors than are allowed per distribution.";
        return Some((400, "TooManyCacheBehaviors", message.to_owned()));
    }
    let others = config.items_at(&["CacheBehaviors", "Items"]);
    let patterns: Vec<&str> = others.iter().map(|behavior| behavior.text_at(&["PathPattern"])).collect();
    for (index, pattern) in patterns.iter().enumerate() {
        if patterns.iter().take(index).any(|other| other == pattern) {
            return Some(invalid(format!("The parameter PathPattern contains duplicates: {pattern}")));
        }
    }
    let protocols = ["allow-all", "https-only", "redirect-to-https"];
    let wrong = all_behaviors(config).map(|behavior| behavior.text_at(&["ViewerProtocolPolicy"]));
    let wrong = wrong.filter(|text| !text.is_empty()).find(|text| !protocols.contains(text));
    wrong.map(|text| invalid(format!("The parameter ViewerProtocolPolicy is invalid: {text}")))
}

fn groups(config: &Element) -> Option<ConfigError> {
    let groups = config.items_at(&["OriginGroups", "Items"]);
    if groups.len() > MAX_GROUPS {
        let message = "Your request contains more OriginGroups than are allowed per distribution.";
        return Some((400, "TooManyOriginGroupsPerDistribution", message.to_owned()));
    }
    let codes = groups.iter().flat_map(|group| texts(group, &["FailoverCriteria", "StatusCodes", "Items"]));
    let wrong = codes.into_iter().find(|code| !FAILOVER.contains(&code.as_str()));
    wrong.map(|code| invalid(format!("The parameter StatusCode is invalid: {code}")))
}

fn origins(config: &Element) -> Option<ConfigError> {
    for origin in config.items_at(&["Origins", "Items"]) {
        let limits = [
            (&["ConnectionAttempts"][..], 3),
            (&["ConnectionTimeout"], 10),
            (&["CustomOriginConfig", "OriginReadTimeout"], 120),
            (&["CustomOriginConfig", "OriginKeepaliveTimeout"], 120),
        ];
        for (path, most) in limits {
            let text = origin.text_at(path);
            let is_valid = |text: &str| text.parse().is_ok_and(|number: u32| (1..=most).contains(&number));
            if !text.is_empty() && !is_valid(text) {
                return Some(invalid(format!("The parameter {} is invalid: {text}", path.join("."))));
            }
        }
        let read = origin.text_at(&["CustomOriginConfig", "OriginReadTimeout"]).parse().unwrap_or(30);
        let completion = origin.text_at(&["ResponseCompletionTimeout"]).parse::<u32>().ok().filter(|time| *time > 0);
        if completion.is_some_and(|completion| completion < read) {
            return Some(invalid("ResponseCompletionTimeout must be at least OriginReadTimeout.".to_owned()));
        }
        for header in origin.items_at(&["CustomHeaders", "Items"]) {
            let name = header.text_at(&["HeaderName"]).to_lowercase();
            let reserved = name.starts_with("x-amz-") || name.starts_with("x-edge-");
            if reserved || NO_ORIGIN_HEADER.contains(&name.as_str()) || header.text_at(&["HeaderValue"]).is_empty() {
                return Some(invalid(format!("The parameter HeaderName is invalid: {name}")));
            }
        }
    }
    None
}

fn errors(config: &Element) -> Option<ConfigError> {
    for error in config.items_at(&["CustomErrorResponses", "Items"]) {
        let (status, page) = (error.text_at(&["ResponseCode"]), error.text_at(&["ResponsePagePath"]));
        if !ERRORS.contains(&error.text_at(&["ErrorCode"]))
            || status.is_empty() != page.is_empty()
            || !(page.is_empty() || page.starts_with('/'))
            || !(status.is_empty() || status == "200" || ERRORS.contains(&status))
        {
            return Some(invalid("The parameter CustomErrorResponses is invalid.".to_owned()));
        }
    }
    None
}

fn geo(config: &Element) -> Option<ConfigError> {
    let path = ["Restrictions", "GeoRestriction"];
    let kind = config.text_at(&[path[0], path[1], "RestrictionType"]);
    let countries = texts(config, &[path[0], path[1], "Items"]);
    let wrong = countries.iter().any(|code| code.len() != 2 || !code.chars().all(|c| c.is_ascii_uppercase()));
    let restricts = !kind.is_empty() && kind != "none";
    (wrong || restricts == countries.is_empty()).then(|| {
        (400, "InvalidGeoRestrictionParameter", "The specified geo restriction parameter is not valid.".to_owned())
    })
}

fn web_acl(config: &Element) -> Option<ConfigError> {
    let id = config.text_at(&["WebACLId"]);
    let is_wafv2 = id.starts_with("arn:") && id.contains(":wafv2:");
    (is_wafv2 && !(id.contains(":wafv2:us-east-1:") && id.contains(":global/webacl/")))
        .then(|| (400, "InvalidWebACLId", format!("Web ACL is not accessible by the requester: {id}")))
}
