//! API keys of REST APIs, each with a usage plan of its own in every region.

use std::collections::BTreeMap;

use crate::components::apigateway::api_key::{self, ApiKey, KeyValue};
use crate::components::apigateway::api_key_value::{self, ApiKeyValue, Origin};
use crate::components::apigateway::rest_api::{self, RestApi};
use crate::components::apigateway::rest_stage::{self, RestStage};
use crate::components::apigateway::usage_plan::{self, PlanStage, UsagePlan};
use crate::components::apigateway::usage_plan_key::{self, UsagePlanKey};
use crate::desired::{Address, AddressOf, Handle, Input, Reference, WriteOnly};
use crate::plan::View;
use crate::resources::api::config::{self, Period};
use crate::resources::api::expand::Draft;
use crate::resources::api::shape::Shape;
use crate::resources::shared::found::FoundComponents;
use crate::resources::shared::function;
use crate::resources::shared::inputs::{attr, input, maybe};
use crate::resources::shared::values::output;
use crate::schema::Attr;
use crate::wire::Path;

/// Adds the API keys of a region.
pub(super) fn add(draft: &mut Draft<'_>, region: &str, api: &Handle<RestApi>, stage: &Handle<RestStage>) {
    for (name, key) in draft.shape.gateway.api_keys.clone() {
        let attribute = Path::of("gateway").attribute("api_keys").key(&name);
        let qualified = format!("{}-{name}", draft.shape.name);
        let address = Address::of::<UsagePlan>(region).key(&name);
        let plan = usage_plan::Spec {
            name: qualified.clone(),
            stages: vec![PlanStage { api_id: api.output(rest_api::ID), stage: stage.output(rest_stage::NAME) }],
            quota: key.quota().known().map(|quota| usage_plan::Quota {
                limit: quota.limit().map_or(Input::Unknown, |limit| Input::Known(*limit)),
                period: quota.period().map_or(Input::Unknown, |period| period.as_str().into()),
            }),
            throttle: key.throttle().known().map(function::stage_throttle),
            tags: draft.tags(&address),
        };
        let plan = draft.desired.add(address, attribute.clone(), &plan);
        let address = Address::of::<ApiKey>(region).key(&name);
        let origin = origin(&key);
        let write_only = WriteOnly::new(maybe(key.value_wo()).unwrap_or(Input::Unknown));
        let from_value = |output| Input::Output(Reference::to(&value_of(&name), output));
        let (at, value, digest) = match &origin {
            Origin::Given => ("value", maybe(key.value()).unwrap_or(Input::Unknown).into(), None),
            Origin::Generated(_) => ("generation", from_value(api_key_value::VALUE).into(), None),
            Origin::WriteOnly(_) => {
                ("value_wo", KeyValue::WriteOnly(write_only.clone()), Some(from_value(api_key_value::DIGEST)))
            }
        };
        let at = attribute.clone().attribute(at);
        if origin != Origin::Given {
            add_value(draft, &name, at.clone(), &origin, write_only);
        }
        let tags = draft.tags(&address);
        let spec = api_key::Spec { name: qualified, value, origin, digest, enabled: true, tags };
        let key = draft.desired.add(address, at, &spec);
        let spec = usage_plan_key::Spec { plan_id: plan.output(usage_plan::ID), key_id: key.output(api_key::ID) };
        draft.desired.add(Address::of::<UsagePlanKey>(region).key(&name), attribute, &spec);
    }
}

/// Adds the value that a key has in every region. Each region needs it, and the first one adds it.
fn add_value(draft: &mut Draft<'_>, name: &str, at: Path, origin: &Origin, write_only: WriteOnly<String>) {
    let address = value_of(name);
    if draft.desired.get(&address).is_none() {
        let value = (!origin.is_generated()).then_some(write_only);
        let regions = draft.shape.regions.keys().cloned().collect();
        draft.desired.add(address, at, &api_key_value::Spec { origin: origin.clone(), value, regions });
    }
}

fn value_of(name: &str) -> AddressOf<ApiKeyValue> {
    Address::global_of::<ApiKeyValue>().key(name)
}

/// Where the value of a key comes from. The version decides whether it is write-only, because a state has no write-only value.
fn origin(key: &config::ApiKey) -> Origin {
    if !key.value().is_null() {
        return Origin::Given;
    }
    maybe(key.value_wo_version()).map_or_else(|| Origin::Generated(input(key.generation())), Origin::WriteOnly)
}

/// Whether an argument that is not known yet decides whether the value is generated.
fn may_be_generated(key: &config::ApiKey) -> bool {
    key.value().is_unknown() || key.value().is_null() && key.value_wo_version().is_unknown()
}

/// The generated values, by the names of the keys; null without any, and unknown while it is unknown which keys have one.
pub(super) fn values(shape: &Shape, view: &View) -> Attr<BTreeMap<String, Attr<String>>> {
    if shape.gateway.api_keys.values().any(may_be_generated) {
        return Attr::Unknown;
    }
    let generated = shape.gateway.api_keys.iter().filter(|(_, key)| origin(key).is_generated());
    let value = |name: &String| (name.clone(), output(view, &value_of(name), api_key_value::VALUE));
    let values: BTreeMap<_, _> = generated.map(|(name, _)| value(name)).collect();
    if values.is_empty() { Attr::Null } else { Attr::Known(values) }
}

/// The API keys of the first region; null without any.
pub(super) fn imported(
    found: &FoundComponents<'_>,
    regions: &[String],
) -> Attr<BTreeMap<String, Attr<config::ApiKey>>> {
    let Some(region) = regions.first() else { return Attr::Null };
    let keys = found.all::<ApiKey>().into_iter().filter(|(address, _)| address.scope.region() == Some(region));
    let keys: BTreeMap<_, _> = keys
        .filter_map(|(address, spec)| {
            let name = address.key?;
            let plan = found.spec(&Address::of::<UsagePlan>(region).key(&name));
            let quota = plan.as_ref().and_then(|plan| plan.quota.as_ref()).map(|quota| config::Quota {
                limit: attr(&quota.limit),
                period: quota.period.known().and_then(|period| Period::parse(period)).into(),
            });
            let throttle = plan.as_ref().and_then(|plan| plan.throttle.as_ref()).map(function::import::throttle);
            let (mut value, mut value_wo, mut value_wo_version, mut generation) =
                (Attr::Null, Attr::Null, Attr::Null, Attr::Null);
            match &spec.origin {
                Origin::Given => value = spec.value.known().cloned().into(),
                Origin::Generated(number) => generation = attr(number),
                // The value is not known, and the state does not contain it.
                Origin::WriteOnly(version) => (value_wo, value_wo_version) = (Attr::Unknown, attr(version)),
            }
            let (quota, throttle) = (quota.into(), throttle.into());
            let key = config::ApiKey { value, value_wo, value_wo_version, generation, quota, throttle };
            Some((name, Attr::Known(key)))
        })
        .collect();
    if keys.is_empty() { Attr::Null } else { Attr::Known(keys) }
}
