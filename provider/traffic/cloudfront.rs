//! How CloudFront chooses an origin.

use std::collections::BTreeMap;

use super::answer::{Answer, Step};
use super::{Client, Model, Rule};

/// A CloudFront distribution.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Distribution {
    /// Its id.
    pub id: String,
    /// The domain name that CloudFront assigned, in lower case.
    pub domain_name: String,
    /// The alternate domain names in lower case. A wildcard begins with `*.`.
    pub aliases: Vec<String>,
    /// Whether it is enabled.
    pub enabled: bool,
    /// The host names of the origins, in lower case, by id.
    pub origins: BTreeMap<String, String>,
    /// The origin groups.
    pub groups: Vec<OriginGroup>,
    /// The cache behaviors in order of precedence, with the default behavior as the last one.
    pub behaviors: Vec<Behavior>,
    /// The countries that it serves.
    pub restriction: Restriction,
}

/// An origin group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginGroup {
    /// Its id.
    pub id: String,
    /// The ids of the origins: the first and the second.
    pub members: Vec<String>,
    /// The statuses after which CloudFront sends the request to the second origin.
    pub status_codes: Vec<u16>,
}

/// A cache behavior.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behavior {
    /// The path pattern; `*` for the default behavior.
    pub pattern: String,
    /// The id of an origin or of an origin group.
    pub target: String,
    /// The ARN of a function that may choose another origin.
    pub function: Option<String>,
}

/// The countries that a distribution serves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Restriction {
    /// All.
    #[default]
    None,
    /// Only these.
    Only(Vec<String>),
    /// All but these.
    AllBut(Vec<String>),
}

/// The status of an API whose region is down. CloudFront also sends requests to the second origin when it cannot connect to
/// the first one, but a region may fail in either way.
const DOWN: u16 = 503;

impl Distribution {
    /// The first behavior that matches a path.
    ///
    /// # Source
    /// CloudFront Developer Guide, "Cache behavior settings", "Path pattern".
    pub fn behavior(&self, path: &str) -> Option<&Behavior> {
        self.behaviors.iter().find(|behavior| matches(&behavior.pattern, path))
    }

    /// Why the distribution does not serve a client; `None` when it does.
    ///
    /// # Sources
    /// CloudFront Developer Guide, "Distribution settings", "Alternate domain names (CNAMEs)", "Restrict the geographic
    /// distribution of your content".
    fn refuses(&self, host: &str, client: &Client) -> Option<String> {
        let covers = |alias: &String| match alias.strip_prefix("*.") {
            Some(parent) => host.split_once('.').is_some_and(|(_, rest)| rest == parent),
            None => alias == host,
        };
        if !self.enabled {
            return Some(format!("The distribution {} is disabled.", self.id));
        }
        if host != self.domain_name && !self.aliases.iter().any(covers) {
            return Some(format!("The distribution {} does not have the alternate domain name {host}.", self.id));
        }
        let country = &client.place.country;
        let serves = match &self.restriction {
            Restriction::None => true,
            Restriction::Only(countries) => countries.contains(country),
            Restriction::AllBut(countries) => !countries.contains(country),
        };
        (!serves).then(|| format!("The distribution {} does not serve the country {country:?}.", self.id))
    }
}

impl Model<'_> {
    /// The answers to a request for `path` of `host` that arrives at a distribution.
    ///
    /// # Source
    /// CloudFront Developer Guide, "Optimize high availability with CloudFront origin failover": CloudFront sends a GET, HEAD
    /// or OPTIONS request to the second origin of the group when the first one responds with one of the status codes. It
    /// always tries the first one first.
    pub(super) fn distributed(
        &self,
        distribution: &Distribution,
        (host, path): (&str, &str),
        client: &Client,
        hops: usize,
    ) -> Vec<Answer> {
        let step = |rule, label: &str, reason: String| Step::new(&distribution.domain_name, label, rule, reason);
        if let Some(reason) = distribution.refuses(host, client) {
            return vec![Answer::none(step(Rule::NoDistribution, "", reason))];
        }
        let Some(behavior) = distribution.behavior(path) else {
            return vec![Answer::none(step(
                Rule::NoDistribution,
                "",
                "No cache behavior matches the path.".to_owned(),
            ))];
        };
        let group = distribution.groups.iter().find(|group| group.id == behavior.target);
        let members = group.map_or(std::slice::from_ref(&behavior.target), |group| &group.members);
        let serving = |id: &&String| distribution.origins.get(*id).is_some_and(|host| !self.is_drained(host));
        let mut origins = members.iter().filter(serving);
        let Some(first) = origins.next() else {
            let reason = format!("{} has no origin in a serving region.", behavior.target);
            return vec![Answer::none(step(Rule::NoDistribution, "", reason))];
        };
        let from = |id: &String, rule, reason: String| {
            let host = distribution.origins.get(id).map(String::as_str).unwrap_or_default();
            let answers = self.follow((host, path), client, hops + 1).into_iter();
            answers.map(|answer| answer.after(step(rule, id, reason.clone()), 1.0)).collect::<Vec<_>>()
        };
        let Some((group, second)) = group.zip(origins.next()) else {
            return from(
                first,
                Rule::Origin,
                format!("CloudFront: the origin of the path pattern {:?}.", behavior.pattern),
            );
        };
        let is_read = matches!(client.method.as_str(), "GET" | "HEAD" | "OPTIONS");
        let fails_over = is_read && group.status_codes.contains(&DOWN);
        let mut answers = Vec::new();
        for answer in from(first, Rule::FirstOrigin, "CloudFront: the first origin of the group.".to_owned()) {
            if answer.answered || !fails_over {
                answers.push(answer);
                continue;
            }
            let reason = format!("CloudFront: the second origin of the group, because {first} does not respond.");
            let next = from(second, Rule::SecondOrigin, reason).into_iter();
            answers.extend(next.map(|next| Answer { share: next.share * answer.share, ..next }));
        }
        answers
    }
}

/// Whether a path pattern matches a path: `*` is any text, `?` is any one character. The leading slash is optional.
pub(crate) fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, path) = (pattern.trim_start_matches('/').as_bytes(), path.trim_start_matches('/').as_bytes());
    // Where the last `*` was, and how much of the path it covers.
    let (mut at, mut read, mut star) = (0, 0, None);
    while let Some(character) = path.get(read) {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(b'?') => (at, read) = (at + 1, read + 1),
            Some(expected) if expected == character => (at, read) = (at + 1, read + 1),
            _ => {
                let Some((last, covered)) = star else { return false };
                star = Some((last, covered + 1));
                (at, read) = (last + 1, covered + 1);
            }
        }
    }
    pattern.get(at..).unwrap_or_default().iter().all(|rest| *rest == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_patterns_match_as_in_cloudfront() {
        for (pattern, path, expected) in [
            ("*", "/", true),
            ("/*.jpg", "/a/b.jpg", true),
            ("images/*", "/images/a", true),
            ("/images/*", "/image", false),
            ("/v?", "/v1", true),
            ("/v?", "/v", false),
            ("/v?", "/v10", false),
            ("a*b*c", "/aXbYbZc", true),
            ("a*b*c", "/aXbYbZ", false),
            ("", "/", true),
            ("/A", "/a", false),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }
}
