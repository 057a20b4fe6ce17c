//! The order in which the regions of an API change, and the requests that a region must answer afterwards.

use std::collections::BTreeSet;
use std::time::Duration;

use super::probe::Entrance;
use super::{Draft, Front};
use crate::components::cloudwatch::alarm_baseline::{self, AlarmBaseline};
use crate::components::cloudwatch::alarm_watch::{self, AlarmWatch};
use crate::components::execute_api::verification::{self, Verification};
use crate::components::lambda::canary::{self, Canary};
use crate::components::lambda::version_check::VersionCheck;
use crate::components::lambda::{alias, function};
use crate::desired::{Address, AddressOf, Desired, Handle, Rollout};
use crate::resources::api::config::{self, Policy};
use crate::resources::api::shape::Shape;
use crate::resources::shared::function::{Deployed, below};
use crate::resources::shared::inputs::{input, inputs, maybe, texts};
use crate::schema::{Texts, Unknown};
use crate::wire::Path;

/// The rollout of an API. Arguments that are not known yet do not change a plan: the apply uses their values.
pub(super) fn of(shape: &Shape) -> Rollout {
    let config = shape.rollout.clone().unwrap_or_default();
    let waves = waves(&config).ok().flatten();
    let bake = config.bake_seconds().ok().and_then(|seconds| u64::try_from(seconds).ok());
    Rollout {
        waves: waves.unwrap_or_else(|| Rollout::one_first(least_used(shape)).waves),
        bake: Duration::from_secs(bake.unwrap_or_default()),
        on_failure: config.on_failure().map(Into::into).unwrap_or_default(),
    }
}

/// The waves of the configuration; `None` when it has none.
fn waves(config: &config::Rollout) -> Result<Option<Vec<BTreeSet<String>>>, Unknown> {
    let Some(waves) = config.waves().decided()? else { return Ok(None) };
    let waves = waves.iter().filter_map(|wave| wave.decided().transpose());
    let wave = |regions: Result<&Texts, Unknown>| Ok(texts(regions?)?.into_iter().collect());
    waves.map(wave).collect::<Result<_, Unknown>>().map(Some)
}

/// The region whose failure would affect the fewest clients: one without traffic, else one that is not primary, else the one
/// with the lowest weight. Among equal regions, the first one by name.
fn least_used(shape: &Shape) -> Option<&str> {
    let weight = |region: &str| match shape.policy {
        Policy::Weighted => shape.regions.get(region).and_then(|place| place.config.weight().ok()),
        _ => None,
    };
    let regions = shape.regions.iter();
    let first = regions.min_by_key(|(name, place)| (shape.routes_to(name), place.primary, weight(name), *name));
    first.map(|(name, _)| name.as_str())
}

/// The requests that a region must answer; `None` if the configuration has none.
fn verification(draft: &Draft<'_>, entrance: &Entrance, functions: &[Deployed]) -> Option<verification::Spec> {
    let config = draft.shape.rollout.as_ref()?.verify().known()?;
    if draft.shape.needs_client_certificate() {
        return None;
    }
    let versions = functions.iter().map(|function| function.version.clone());
    Some(verification::Spec {
        endpoint: entrance.endpoint.clone(),
        host: entrance.host.clone(),
        path: below(&entrance.base_path, &input(config.path())),
        status: input(config.status()),
        requests: input(config.requests()),
        versions: versions.collect(),
        canaries: Vec::new(),
    })
}

/// Adds the canaries of the functions of `region`. All of them answer before the first alias points to its new version.
pub(super) fn canaries(draft: &mut Draft<'_>, region: &str, entrance: &Entrance, functions: &[Deployed]) {
    let percent = draft.shape.rollout.as_ref().and_then(|rollout| maybe(rollout.canary_percent()));
    let (Some(percent), Some(spec)) = (percent, verification(draft, entrance, functions)) else { return };
    if functions.is_empty() {
        return;
    }
    let names = functions.iter().map(|function| function.function.output(function::NAME)).collect();
    let address = Address::of::<Verification>(region).key("canary");
    let path = Path::of("rollout").attribute("canary_percent");
    let verification = draft.desired.add(address, path.clone(), &verification::Spec { canaries: names, ..spec });
    for function in functions {
        let spec = canary::Spec {
            function: function.function.output(function::NAME),
            alias: alias::LIVE.to_owned(),
            version: function.version.clone(),
            percent: percent.clone(),
        };
        let address = Address::of::<Canary>(region).maybe_key(function.code.key());
        let canary = draft.desired.add(address, path.clone(), &spec);
        let check = Address::of::<VersionCheck>(region).maybe_key(function.code.key());
        draft.desired.order(&canary, &Address::from(check));
        draft.desired.order(&verification, &canary);
        draft.desired.order(&function.alias, &verification);
    }
}

/// Adds the requests that `region` must answer after its probes.
pub(super) fn verify(
    draft: &mut Draft<'_>,
    region: &str,
    entrance: &Entrance,
    front: &Front,
    (functions, probes): (&[Deployed], &[Handle<super::Probe>]),
) {
    let Some(spec) = verification(draft, entrance, functions) else { return };
    let address = Address::of::<Verification>(region);
    let verification = draft.desired.add(address, Path::of("rollout").attribute("verify"), &spec);
    probes.iter().for_each(|probe| draft.desired.order(&verification, probe));
    for part in front.ready.iter().chain(front.routed.values().flatten()) {
        draft.desired.order(&verification, part);
    }
}

/// Adds the watches of the CloudWatch alarms of `region`: one after the canaries, before the first alias points to its new version,
/// and one after everything else that is checked. Both compare with the alarms that were in ALARM before any change of the region.
pub(super) fn watch(
    draft: &mut Draft<'_>,
    region: &str,
    front: &Front,
    (functions, probes): (&[Deployed], &[Handle<super::Probe>]),
) {
    let Some(rollout) = &draft.shape.rollout else { return };
    let all = rollout.alarms().known();
    let Some(names) = all.and_then(|all| all.get(region)).filter(|names| !names.is_null()) else { return };
    let (alarms, seconds) = (inputs(names), input(rollout.bake_seconds()));
    let path = Path::of("rollout").attribute("alarms").key(region);
    let spec = alarm_baseline::Spec { alarms: alarms.clone() };
    let baseline = draft.desired.add(Address::of::<AlarmBaseline>(region), path.clone(), &spec);
    let versions = functions.iter().map(|function| function.version.clone()).collect();
    let spec = alarm_watch::Spec { alarms, firing: baseline.output(alarm_baseline::FIRING), seconds, versions };
    let watch = Address::of::<AlarmWatch>(region);
    let verification = Address::of::<Verification>(region);
    let canaries = functions.iter().map(|function| Address::of::<Canary>(region).maybe_key(function.code.key()).into());
    let canaries: Vec<Address> = canaries.filter(|canary| draft.desired.get(canary).is_some()).collect();
    if !canaries.is_empty() {
        let checked = canaries.into_iter().chain([verification.clone().key("canary").into()]);
        let watch = add_watch(&mut draft.desired, watch.clone().key("canary"), (&path, &spec), checked);
        functions.iter().for_each(|function| draft.desired.order(&function.alias, &watch));
    }
    let checked = probes.iter().map(|probe| probe.address().clone()).chain([verification.into()]);
    let parts = front.ready.iter().chain(front.routed.values().flatten()).cloned();
    add_watch(&mut draft.desired, watch, (&path, &spec), checked.chain(parts));
}

/// Adds a watch that begins after those of the components `checked` that exist.
fn add_watch(
    desired: &mut Desired,
    address: AddressOf<AlarmWatch>,
    (path, spec): (&Path, &alarm_watch::Spec),
    checked: impl Iterator<Item = Address>,
) -> Handle<AlarmWatch> {
    let watch = desired.add(address, path.clone(), spec);
    for checked in checked.filter(|address| desired.get(address).is_some()).collect::<Vec<_>>() {
        desired.order(&watch, &checked);
    }
    watch
}
