//! The changes that turn a stage into the one of a spec. Pure.

use aws_sdk_apigateway::operation::get_stage::GetStageOutput;
use aws_sdk_apigateway::types::PatchOperation;

use super::settings::{self, ALL, Setting};
use super::{Spec, access_log, variables};
use crate::aws::CallError;
use crate::components::apigateway::rest;

const CACHE_ENABLED: &str = "/cacheClusterEnabled";
const CACHE_SIZE: &str = "/cacheClusterSize";

/// The changes of all settings but the deployment; empty when the stage has the settings of the spec.
pub(super) fn changes(stage: &GetStageOutput, to: &Spec) -> Result<Vec<PatchOperation>, CallError> {
    let mut changes = Vec::new();
    let size = to.cache.as_ref().map(|cache| cache.size_gb.get().as_str());
    let current = stage.cache_cluster_size().map(|size| size.as_str()).filter(|_| stage.cache_cluster_enabled);
    if size != current {
        changes.extend(size.map(|size| rest::replace(CACHE_SIZE, size)));
        changes.push(rest::replace(CACHE_ENABLED, bool_text(size.is_some())));
    }
    if stage.tracing_enabled != to.tracing {
        changes.push(rest::replace("/tracingEnabled", bool_text(to.tracing)));
    }
    change_variables(stage, to, &mut changes);
    if stage.access_log_settings().and_then(access_log) != to.access_log {
        match &to.access_log {
            Some(log) => {
                changes.push(rest::replace("/accessLogSettings/destinationArn", log.log_group_arn.get()));
                changes.push(rest::replace("/accessLogSettings/format", log.format.get()));
            }
            None => changes.push(rest::remove("/accessLogSettings")),
        }
    }
    if stage.canary_settings.is_some() {
        changes.push(rest::remove("/canarySettings"));
    }
    change_settings(stage, to, &mut changes)?;
    Ok(changes)
}

/// Whether one of the changes concerns the cache cluster itself.
pub(super) fn touches_cache(changes: &[PatchOperation]) -> bool {
    changes.iter().any(|change| matches!(change.path(), Some(CACHE_ENABLED | CACHE_SIZE)))
}

fn bool_text(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

fn change_variables(stage: &GetStageOutput, to: &Spec, changes: &mut Vec<PatchOperation>) {
    let current = variables(stage);
    for (name, value) in to.variables.iter().filter(|(name, value)| current.get(*name) != Some(value)) {
        changes.push(rest::replace(&format!("/variables/{}", rest::segment(name)), value.get()));
    }
    for name in current.keys().filter(|name| !to.variables.contains_key(*name)) {
        changes.push(rest::remove(&format!("/variables/{}", rest::segment(name))));
    }
}

fn change_settings(stage: &GetStageOutput, to: &Spec, changes: &mut Vec<PatchOperation>) -> Result<(), CallError> {
    let (current, desired) = (settings::current(stage), settings::desired(to)?);
    // What the spec does not contain is removed, as far as `reported` reports it.
    let spellings = settings::spellings(stage);
    let found = settings::reported(stage, to)?;
    let unwanted = found.methods.keys().map(|method| settings::key(method)).filter(|key| !desired.contains_key(key));
    let is_used = found.throttle.is_some() || current.get(ALL).is_some_and(|setting| setting.caching);
    let stage_wide = (is_used && !desired.contains_key(ALL)).then(|| ALL.to_owned());
    for key in unwanted.chain(stage_wide) {
        let spelling = spellings.get(&key).map_or(key.as_str(), String::as_str);
        changes.push(rest::remove(&setting_path(spelling)));
    }
    for (key, setting) in desired {
        let from = current.get(&key).copied().unwrap_or(settings::DEFAULT);
        let spelling = spellings.get(&key).cloned().unwrap_or_else(|| aws_key(&key));
        set(&setting_path(&spelling), from, setting, changes);
    }
    Ok(())
}

/// The key of a method in AWS's documented spelling: `~1items~1{id}/GET`.
fn aws_key(key: &str) -> String {
    if key == ALL {
        return key.to_owned();
    }
    let (path, method) = key.rsplit_once('/').unwrap_or(("", key));
    format!("{}/{method}", rest::segment(&format!("/{path}")))
}

/// The path of a key's settings. A key in another spelling than AWS's is sent as it was reported.
fn setting_path(key: &str) -> String {
    format!("/{key}")
}

fn set(path: &str, from: Setting, to: Setting, changes: &mut Vec<PatchOperation>) {
    let mut set = |name: &str, value: String| changes.push(rest::replace(&format!("{path}/{name}"), &value));
    if !from.same_throttle(to) {
        set("throttling/rateLimit", to.rate.to_string());
        set("throttling/burstLimit", to.burst.to_string());
    }
    if !from.same_caching(to) {
        set("caching/enabled", to.caching.to_string());
        if to.caching {
            set("caching/ttlInSeconds", to.ttl.to_string());
            set("caching/dataEncrypted", to.encrypted.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{MethodSettings, unread};
    use super::*;
    use crate::components::Tags;
    use crate::components::apigateway::stage::Throttle;
    use crate::desired::Input;

    #[test]
    fn a_new_stage_gets_all_settings() {
        let throttle = Throttle { rate: Input::from("10.50"), burst: Input::Known(20) };
        let own = MethodSettings { throttle: Some(throttle), caching: None };
        let to = Spec {
            methods: BTreeMap::from([("GET /a/{b}".to_owned(), own)]),
            variables: BTreeMap::from([("x".to_owned(), Input::from("1"))]),
            tracing: true,
            ..unread("a", "prod".to_owned(), Tags::new())
        };
        let changes = changes(&GetStageOutput::builder().variables("y", "2").build(), &to).unwrap();
        let lines: Vec<String> = changes
            .iter()
            .map(|change| {
                let (op, path) = (change.op().unwrap().as_str(), change.path().unwrap());
                format!("{op} {path} {}", change.value().unwrap_or_default())
            })
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        replace /tracingEnabled true
        replace /variables/x 1
        remove /variables/y 
        replace /~1a~1{b}/GET/throttling/rateLimit 10.5
        replace /~1a~1{b}/GET/throttling/burstLimit 20
        ");
        assert!(!touches_cache(&changes));
    }

    #[test]
    fn an_equal_stage_needs_no_change() {
        let to = unread("a", "prod".to_owned(), Tags::new());
        assert!(changes(&GetStageOutput::builder().build(), &to).unwrap().is_empty());
    }
}
