//! API key in a usage plan.

use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Regional};
use crate::components::apigateway::{self, api_key, rest, usage_plan};
use crate::components::support::answer::{ignore_missing, none_if_missing, pages};
use crate::components::{Component, Discovered, Found, Place, Resolved, Siblings};
use crate::desired::{Input, Kind, KindMeta};

/// The kind `usage_plan_key`.
#[derive(Debug)]
pub struct UsagePlanKey;

/// The desired API key of a usage plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The id of the usage plan.
    pub plan_id: Input<String>,
    /// The id of the API key.
    pub key_id: Input<String>,
}

/// What identifies an API key in a usage plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The id of the usage plan.
    pub plan_id: String,
    /// The id of the API key.
    pub key_id: String,
}

impl Kind for UsagePlanKey {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "usage_plan_key",
        about: "API key in a usage plan.",
        id: "`USAGE_PLAN_ID/API_KEY_ID`",
        immutable: &["plan_id", "key_id"],
        actions: apigateway::ACTIONS,
        ..KindMeta::DEFAULT
    };
}

impl Component for UsagePlanKey {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        format!("{}/{}", outputs.plan_id, outputs.key_id)
    }

    fn foreseen(_: &Place<'_>, spec: &Spec) -> Option<Outputs> {
        Some(Outputs { plan_id: spec.plan_id.known()?.clone(), key_id: spec.key_id.known()?.clone() })
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let (Some(plan_id), Some(key_id)) = (spec.plan_id.known(), spec.key_id.known()) else { return Ok(None) };
        // Plan and key are ours.
        let outputs = Outputs { plan_id: plan_id.clone(), key_id: key_id.clone() };
        Ok(exists(aws, &outputs).await?.then_some(Found::Ours(outputs)))
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let scope = &aws.address().scope;
        let keys = siblings.all::<api_key::ApiKey>().into_iter().filter(|(address, _)| address.scope == *scope);
        let keys: Vec<_> = keys.collect();
        let mut discovered = Vec::new();
        for plan in siblings.in_scope::<usage_plan::UsagePlan>(scope) {
            let members = members(aws, &plan.id).await?;
            for (address, key) in keys.iter().filter(|(_, key)| members.contains(&key.id)) {
                let outputs = Outputs { plan_id: plan.id.clone(), key_id: key.id.clone() };
                let (plan_id, key_id) = (Input::Known(plan.id.clone()), Input::Known(key.id.clone()));
                discovered.push(Discovered { key: address.key.clone(), spec: Spec { plan_id, key_id }, outputs });
            }
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let outputs = Outputs { plan_id: spec.plan_id.get().clone(), key_id: spec.key_id.get().clone() };
        let request = || {
            let request = aws.apigateway().create_usage_plan_key().usage_plan_id(&outputs.plan_id);
            request.key_id(&outputs.key_id).key_type("API_KEY").send()
        };
        match aws.call("apigateway:CreateUsagePlanKey", request).await {
            // A repeated call, or a conflict with another plan of the same stage.
            Err(error) if error.code() == Some("ConflictException") => match exists(aws, &outputs).await? {
                true => Ok(outputs),
                false => Err(error),
            },
            created => created.map(|_| outputs),
        }
    }

    async fn read(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let (plan_id, key_id) = (Input::from(&*outputs.plan_id), Input::from(&*outputs.key_id));
        Ok(exists(aws, outputs).await?.then(|| (Spec { plan_id, key_id }, outputs.clone())))
    }

    async fn update(_: &Regional, outputs: &Outputs, _: &Spec, _: &Resolved<Spec>) -> Result<Outputs, CallError> {
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        let (plan, key) = (&outputs.plan_id, &outputs.key_id);
        let request = || aws.apigateway().delete_usage_plan_key().usage_plan_id(plan).key_id(key).send();
        ignore_missing(aws.call("apigateway:DeleteUsagePlanKey", request).await)
    }
}

/// Whether the key is in the plan.
async fn exists(aws: &Regional, outputs: &Outputs) -> Result<bool, CallError> {
    let ask = || members(aws, &outputs.plan_id);
    let members = aws.read_once(&format!("apigateway:GetUsagePlanKeys of {}", outputs.plan_id), ask).await?;
    Ok(members.contains(&outputs.key_id))
}

/// The ids of the keys in a plan; none when it does not exist.
async fn members(aws: &Regional, plan_id: &str) -> Result<Vec<String>, CallError> {
    let keys = pages(|next| async move {
        let request = || {
            let request = aws.apigateway().get_usage_plan_keys().usage_plan_id(plan_id).limit(rest::PAGE);
            request.set_position(next.clone()).send()
        };
        let page = none_if_missing(aws.call("apigateway:GetUsagePlanKeys", request).await)?;
        Ok(page.map(|page| (page.items, page.position)).unwrap_or_default())
    })
    .await?;
    Ok(keys.into_iter().filter_map(|key| key.id).collect())
}
