//! Mistakes in the path patterns of `cdn`, and in where their requests go.

use super::super::{Found, each};
use super::{at, group_members, serving_region};
use crate::resources::api::config::{Behavior, Cdn};
use crate::resources::api::edge::Edge;
use crate::resources::api::shape::Shape;
use crate::schema::Attr;
use crate::wire::Path;

/// How many path patterns a distribution accepts besides the default one.
///
/// # Source
/// Amazon CloudFront quotas: 25 cache behaviors per distribution. A higher quota can be requested.
const MAX_PATHS: usize = 24;

/// How many origin groups a distribution accepts.
///
/// # Source
/// Amazon CloudFront quotas.
const MAX_GROUPS: usize = 10;

/// The path of a pattern in `cdn.behaviors`.
pub(super) fn behavior_at(pattern: &str) -> Path {
    at("behaviors").key(pattern)
}

/// Mistakes in the patterns of `read_paths` and `behaviors`.
pub(super) fn check(cdn: &Cdn, found: &mut Found) {
    let reads = cdn.read_paths().known();
    let rules = cdn.behaviors().known();
    let mut seen = Vec::new();
    let of_reads = reads.into_iter().flat_map(|paths| each(paths, &at("read_paths")));
    let of_rules = rules.into_iter().flatten().map(|(pattern, _)| (behavior_at(pattern), pattern.as_str()));
    for (path, pattern) in of_reads.chain(of_rules) {
        if !is_valid(pattern) {
            let detail = format!(
                "{pattern:?} is not a path pattern of CloudFront. A pattern starts with a slash; * stands for any \
                 characters and ? for one character, as in \"/public/*\"."
            );
            found.error(path, "Invalid path pattern", detail);
        } else if seen.contains(&pattern) {
            let detail = format!("{pattern:?} is listed twice. Remove one of the entries.");
            found.error(path, "Duplicate path pattern", detail);
        } else {
            seen.push(pattern);
        }
    }
    let (reads, others) = (reads.map_or(0, Vec::len), rules.map_or(0, |rules| rules.len()));
    if reads + others > MAX_PATHS {
        let name = if others == 0 { "read_paths" } else { "behaviors" };
        let detail = format!(
            "cdn.read_paths and cdn.behaviors have {} path patterns, but a distribution accepts at most {MAX_PATHS}. Combine \
             patterns with *.",
            reads + others
        );
        found.error(at(name), "Too many path patterns", detail);
    }
    for (pattern, rule) in rules.into_iter().flatten() {
        if let Some(rule) = rule.known() {
            one_target(pattern, rule, found);
        }
    }
}

fn is_valid(pattern: &str) -> bool {
    pattern.starts_with(['/', '*'])
        && pattern.len() <= 255
        && pattern.chars().all(|c| c.is_ascii_alphanumeric() || "_-.*$/~\"'@:+&?".contains(c))
}

fn one_target(pattern: &str, rule: &Behavior, found: &mut Found) {
    let path = behavior_at(pattern);
    if rule.group().known().is_some() && rule.region().known().is_some() {
        let detail = "region sends the requests to one region, and group to two. Remove one of them.";
        found.error(path.attribute("region"), "Conflicting origins", detail);
    } else if rule.group().known().is_some() && rule.writes() == Ok(true) {
        let detail = format!(
            "{pattern:?} accepts POST, PUT, PATCH and DELETE, and CloudFront rejects these methods for an origin group, \
             because it fails over only for GET, HEAD and OPTIONS. Use region instead of group, or remove writes."
        );
        found.error(path.attribute("writes"), "Writes to an origin group", detail);
    }
}

/// Mistakes in the regions of `behaviors`.
pub(super) fn targets(shape: &Shape, edge: &Edge, found: &mut Found) {
    let mut groups = usize::from(edge.has_default_group());
    for (pattern, rule) in edge.config.behaviors().known().into_iter().flatten() {
        let Some(rule) = rule.known() else { continue };
        if let Some(regions) = rule.group().known() {
            groups += 1;
            group_members(shape, regions, &behavior_at(pattern).attribute("group"), found);
        }
        if let Attr::Known(region) = rule.region() {
            serving_region(shape, region, behavior_at(pattern).attribute("region"), found);
        }
    }
    if groups > MAX_GROUPS {
        let detail = format!(
            "The paths of cdn.behaviors need {groups} origin groups, but a distribution accepts at most {MAX_GROUPS}. Use the \
             same group for more paths."
        );
        found.error(at("behaviors"), "Too many origin groups", detail);
    }
}
