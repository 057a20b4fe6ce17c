//! Mistakes in `rollout`.

use std::collections::{BTreeMap, BTreeSet};

use super::{Found, each, health, regions};
use crate::resources::api::config::{Config, Rollout};
use crate::resources::api::shape::Shape;
use crate::wire::Path;

/// Mistakes in `rollout`.
pub(super) fn check(config: &Config, shape: Option<&Shape>, found: &mut Found) {
    let Some(rollout) = config.rollout().known() else { return };
    waves(config, rollout, found);
    bake(config, rollout, found);
    if rollout.canary_percent().known().is_some() && rollout.verify().is_null() {
        let detail = "Without requests that the new version must answer, a canary shows nothing. Add verify = { path = \"/\" }, or \
                      remove canary_percent.";
        found.error(Path::of("rollout").attribute("canary_percent"), "Canary without verification", detail);
    }
    alarms(config, rollout, found);
    let Some(verify) = rollout.verify().known() else { return };
    let at = Path::of("rollout").attribute("verify");
    health::path(verify.path().ok().as_deref(), at.attribute("path"), "Invalid path", found);
    if shape.is_some_and(Shape::needs_client_certificate) {
        let detail = "API Gateway answers only clients with a certificate, which the provider does not have, because \
                      domain.mutual_tls is set and the default endpoints are disabled. Remove verify.";
        found.error(at, "Verification behind mutual TLS", detail);
    }
}

/// The most alarms of a region: as many as one call to CloudWatch can read.
const MOST_ALARMS: usize = 100;
/// The longest name of an alarm.
const LONGEST_NAME: usize = 255;

fn alarms(config: &Config, rollout: &Rollout, found: &mut Found) {
    let Some(all) = rollout.alarms().known() else { return };
    let path = Path::of("rollout").attribute("alarms");
    if rollout.bake_seconds() == Ok(0) && !all.is_empty() {
        let detail = "The provider watches the alarms of a region for bake_seconds after a change, which is 0. Set bake_seconds to \
                      the time that the alarms need to detect a failure, at least their period.";
        found.error(path.clone(), "Alarms without a bake time", detail);
    }
    for (region, names) in all {
        let path = path.key(region);
        if let Some(detail) = regions::without_api(config, region) {
            found.error(path.clone(), "Alarms of an unknown region", detail);
        }
        if names.is_null() || names.known().is_some_and(Vec::is_empty) {
            let detail =
                format!("The list of alarms of {region} is empty. Add the name of an alarm, or remove the region.");
            found.error(path, "No alarms", detail);
            continue;
        }
        let count = names.known().map_or(0, Vec::len);
        if count > MOST_ALARMS {
            let detail = format!(
                "{region} has {count} alarms, and the limit is {MOST_ALARMS}. Combine some of them in a composite alarm."
            );
            found.error(path.clone(), "Too many alarms", detail);
        }
        let mut seen = BTreeSet::new();
        for (path, name) in names.known().into_iter().flat_map(|names| each(names, &path)) {
            if name.is_empty() || name.chars().count() > LONGEST_NAME {
                let detail = format!("{name:?} cannot be the name of an alarm. Use 1 to {LONGEST_NAME} characters.");
                found.error(path, "Invalid alarm name", detail);
            } else if !seen.insert(name) {
                let detail = format!("{name:?} is listed twice for {region}. Remove one of the entries.");
                found.error(path, "Alarm listed twice", detail);
            }
        }
    }
}

/// An update waits for the bake time at least once if a change reaches more than one wave.
fn bake(config: &Config, rollout: &Rollout, found: &mut Found) {
    let bake = rollout.bake_seconds().ok().and_then(|seconds| u64::try_from(seconds).ok());
    let limit = config.timeouts().and_then(|timeouts| timeouts.update()).map(|limit| limit.get().as_secs());
    let (Some(bake), Ok(limit)) = (bake, limit) else { return };
    if bake > 0 && bake >= limit {
        let detail = format!(
            "The provider waits {bake} seconds between two waves, but an update times out after {limit} seconds. Reduce \
             bake_seconds, or set timeouts.update to more than {bake} seconds."
        );
        found.error(Path::of("rollout").attribute("bake_seconds"), "Bake time longer than the timeout", detail);
    }
}

fn waves(config: &Config, rollout: &Rollout, found: &mut Found) {
    let path = Path::of("rollout").attribute("waves");
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, wave) in rollout.waves().known().into_iter().flatten().enumerate() {
        let path = path.index(index);
        if wave.is_null() || wave.known().is_some_and(Vec::is_empty) {
            let detail = format!("Wave {} of the rollout has no region. Add a region, or remove the wave.", index + 1);
            found.error(path.clone(), "Empty wave", detail);
        }
        for (path, region) in wave.known().into_iter().flat_map(|wave| each(wave, &path)) {
            if let Some(detail) = regions::without_api(config, region) {
                found.error(path, "Unknown region in a wave", detail);
            } else if let Some(first) = seen.insert(region, index) {
                let detail = format!(
                    "{region} is in wave {} and again in wave {}. Remove one of the entries.",
                    first + 1,
                    index + 1
                );
                found.error(path, "Region in two waves", detail);
            }
        }
    }
}
