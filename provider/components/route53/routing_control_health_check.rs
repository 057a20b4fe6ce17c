//! Route 53 health check that follows a routing control of Application Recovery Controller.

use aws_sdk_route53::types::{HealthCheckConfig, HealthCheckType};
use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Regional};
use crate::components::route53::checks::{self, New};
use crate::components::support::adoption;
use crate::components::support::answer::build_part;
use crate::components::{Component, Deviations, Discovered, Found, Resolved, Siblings, Tags, output_keys};
use crate::desired::{Input, Kind, KindMeta};

pub use crate::components::route53::checks::Outputs;

/// The kind `routing_control_health_check`.
#[derive(Debug)]
pub struct RoutingControlHealthCheck;

output_keys! {
    RoutingControlHealthCheck {
        ID = id: String,
    }
}

/// The desired settings of a health check that follows a routing control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The ARN of the routing control.
    pub routing_control_arn: Input<String>,
    /// Enforced settings that differ in AWS.
    #[serde(default, skip_serializing_if = "Deviations::is_none")]
    pub deviations: Deviations,
    /// The tags, including the ownership tags.
    pub tags: Tags,
}

impl Kind for RoutingControlHealthCheck {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "routing_control_health_check",
        about: "Route 53 health check that follows an ARC routing control.",
        id: "the id of the health check",
        outputs: OUTPUTS,
        immutable: &["routing_control_arn"],
        actions: checks::ACTIONS,
        limits: checks::LIMITS,
        ..KindMeta::DEFAULT
    };
}

impl Component for RoutingControlHealthCheck {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.id.clone()
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let Some(arn) = spec.routing_control_arn.known() else { return Ok(None) };
        checks::find(aws, arn).await
    }

    async fn discover(aws: &Regional, _siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let found = checks::discover(aws).await?.into_iter();
        Ok(found
            .map(|(outputs, config, tags)| Discovered { key: None, spec: reported(&config, tags), outputs })
            .collect())
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let arn = spec.routing_control_arn.get();
        let config = checks::config_of(HealthCheckType::RecoveryControl).routing_control_arn(arn);
        let new = New { settings: arn.clone(), config: build_part(config.build())?, tags: &spec.tags };
        checks::create(aws, new, |request, _| request.inverted(false).disabled(false)).await
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let held = checks::read(aws, outputs, &spec.tags).await?;
        Ok(held.map(|(config, tags)| (reported(&config, tags), outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let from = adoption::start_of_update::<Self>(aws, outputs, from, to).await?;
        if from.deviations != to.deviations {
            checks::update(aws, &outputs.id, |request, _| request.inverted(false).disabled(false)).await?;
        }
        checks::retag(aws, &outputs.id, &from.tags, &to.tags).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        checks::delete(aws, outputs).await
    }
}

fn reported(config: &HealthCheckConfig, tags: Tags) -> Spec {
    Spec {
        routing_control_arn: Input::Known(config.routing_control_arn.clone().unwrap_or_default()),
        deviations: checks::deviations(config),
        tags,
    }
}
