//! Route 53 health check over the health checks of several regions.

use std::collections::BTreeMap;

use aws_sdk_route53::operation::update_health_check::builders::UpdateHealthCheckFluentBuilder as Update;
use aws_sdk_route53::types::{HealthCheckConfig, HealthCheckType};
use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Regional};
use crate::components::route53::checks::{self, New};
use crate::components::route53::health_check::HealthCheck;
use crate::components::support::adoption;
use crate::components::support::answer::{build_part, to_i32};
use crate::components::{Component, Deviations, Discovered, Found, Resolved, Siblings, Tags, output_keys};
use crate::desired::{Input, Kind, KindMeta};

pub use crate::components::route53::checks::Outputs;

/// The kind `calculated_health_check`.
#[derive(Debug)]
pub struct CalculatedHealthCheck;

output_keys! {
    CalculatedHealthCheck {
        ID = id: String,
    }
}

/// The desired settings of a calculated health check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The ids of the health checks of the regions, by region.
    pub children: BTreeMap<String, Input<String>>,
    /// The number of healthy children from which on it is healthy.
    pub threshold: Input<i64>,
    /// Enforced settings that differ in AWS.
    #[serde(default, skip_serializing_if = "Deviations::is_none")]
    pub deviations: Deviations,
    /// The tags, including the ownership tags.
    pub tags: Tags,
}

impl Kind for CalculatedHealthCheck {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "calculated_health_check",
        about: "Route 53 health check over the health checks of several regions.",
        id: "the id of the health check",
        outputs: OUTPUTS,
        global: true,
        actions: checks::ACTIONS,
        limits: checks::LIMITS,
        ..KindMeta::DEFAULT
    };
}

impl Component for CalculatedHealthCheck {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.id.clone()
    }

    async fn find(aws: &Regional, _spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        checks::find(aws, SETTINGS).await
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let of_regions = siblings.all::<HealthCheck>().into_iter();
        let regions: BTreeMap<String, String> = of_regions
            .filter_map(|(address, outputs)| Some((outputs.id, address.scope.region()?.to_owned())))
            .collect();
        let found = checks::discover(aws).await?.into_iter();
        Ok(found
            .map(|(outputs, config, tags)| Discovered { key: None, spec: reported(&config, tags, &regions), outputs })
            .collect())
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let threshold = to_i32(*spec.threshold.get())?;
        let config = checks::config_of(HealthCheckType::Calculated)
            .health_threshold(threshold)
            .set_child_health_checks(Some(children(spec)));
        let new = New { settings: SETTINGS.to_owned(), config: build_part(config.build())?, tags: &spec.tags };
        checks::create(aws, new, |request, _| change(request, spec, threshold)).await
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let known = |(region, id): (&String, &Input<String>)| Some((id.known()?.clone(), region.clone()));
        let regions = spec.children.iter().filter_map(known).collect();
        let held = checks::read(aws, outputs, &spec.tags).await?;
        Ok(held.map(|(config, tags)| (reported(&config, tags, &regions), outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let from = adoption::start_of_update::<Self>(aws, outputs, from, to).await?;
        let untagged = |spec: &Spec| Spec { tags: Tags::new(), ..spec.clone() };
        if untagged(&from) != untagged(to) {
            let threshold = to_i32(*to.threshold.get())?;
            checks::update(aws, &outputs.id, |request, _| change(request, to, threshold)).await?;
        }
        checks::retag(aws, &outputs.id, &from.tags, &to.tags).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        checks::delete(aws, outputs).await
    }
}

/// AWS can change every setting of such a health check.
const SETTINGS: &str = "calculated";

fn children(spec: &Spec) -> Vec<String> {
    spec.children.values().map(|id| id.get().clone()).collect()
}

fn change(request: Update, to: &Spec, threshold: i32) -> Update {
    let request = request.inverted(false).disabled(false).health_threshold(threshold);
    request.set_child_health_checks(Some(children(to)))
}

/// The settings in AWS. `regions` are the regions of the children by id; another child has its id as key.
fn reported(config: &HealthCheckConfig, tags: Tags, regions: &BTreeMap<String, String>) -> Spec {
    let child = |id: &String| (regions.get(id).unwrap_or(id).clone(), Input::Known(id.clone()));
    Spec {
        children: config.child_health_checks().iter().map(child).collect(),
        threshold: Input::Known(config.health_threshold.unwrap_or_default().into()),
        deviations: checks::deviations(config),
        tags,
    }
}
