//! Route 53 health check that follows a CloudWatch alarm.

use aws_sdk_route53::operation::update_health_check::builders::UpdateHealthCheckFluentBuilder as Update;
use aws_sdk_route53::types::{
    AlarmIdentifier, CloudWatchRegion, HealthCheckConfig, HealthCheckType, InsufficientDataHealthStatus,
};
use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Regional};
use crate::components::route53::checks::{self, New};
use crate::components::support::adoption;
use crate::components::support::answer::build_part;
use crate::components::{Component, Deviations, Discovered, Found, Resolved, Siblings, Tags, output_keys};
use crate::desired::{Input, Kind, KindMeta};

pub use crate::components::route53::checks::Outputs;

/// The kind `alarm_health_check`.
#[derive(Debug)]
pub struct AlarmHealthCheck;

output_keys! {
    AlarmHealthCheck {
        ID = id: String,
    }
}

/// The desired settings of a health check that follows an alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The name of the alarm.
    pub alarm_name: Input<String>,
    /// The AWS region of the alarm.
    pub alarm_region: Input<String>,
    /// The status while the alarm has too little data, as Route 53 spells it.
    pub insufficient_data: Input<String>,
    /// Enforced settings that differ in AWS.
    #[serde(default, skip_serializing_if = "Deviations::is_none")]
    pub deviations: Deviations,
    /// The tags, including the ownership tags.
    pub tags: Tags,
}

impl Kind for AlarmHealthCheck {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "alarm_health_check",
        about: "Route 53 health check that follows a CloudWatch alarm.",
        id: "the id of the health check",
        outputs: OUTPUTS,
        actions: checks::ACTIONS,
        limits: checks::LIMITS,
        ..KindMeta::DEFAULT
    };
}

impl Component for AlarmHealthCheck {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.id.clone()
    }

    async fn find(aws: &Regional, _spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        checks::find(aws, SETTINGS).await
    }

    async fn discover(aws: &Regional, _siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let found = checks::discover(aws).await?.into_iter();
        Ok(found
            .map(|(outputs, config, tags)| Discovered { key: None, spec: reported(&config, tags), outputs })
            .collect())
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let alarm = alarm(spec)?;
        let config = checks::config_of(HealthCheckType::CloudwatchMetric)
            .alarm_identifier(alarm.clone())
            .insufficient_data_health_status(status(spec));
        let new = New { settings: SETTINGS.to_owned(), config: build_part(config.build())?, tags: &spec.tags };
        checks::create(aws, new, |request, _| change(request, &alarm, spec)).await
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let held = checks::read(aws, outputs, &spec.tags).await?;
        Ok(held.map(|(config, tags)| (reported(&config, tags), outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let from = adoption::start_of_update::<Self>(aws, outputs, from, to).await?;
        let untagged = |spec: &Spec| Spec { tags: Tags::new(), ..spec.clone() };
        if untagged(&from) != untagged(to) {
            let alarm = alarm(to)?;
            checks::update(aws, &outputs.id, |request, _| change(request, &alarm, to)).await?;
        }
        checks::retag(aws, &outputs.id, &from.tags, &to.tags).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        checks::delete(aws, outputs).await
    }
}

/// AWS can change every setting of such a health check.
const SETTINGS: &str = "alarm";

fn alarm(spec: &Spec) -> Result<AlarmIdentifier, CallError> {
    let region = CloudWatchRegion::from(spec.alarm_region.get().as_str());
    build_part(AlarmIdentifier::builder().name(spec.alarm_name.get()).region(region).build())
}

fn status(spec: &Spec) -> InsufficientDataHealthStatus {
    InsufficientDataHealthStatus::from(spec.insufficient_data.get().as_str())
}

fn change(request: Update, alarm: &AlarmIdentifier, to: &Spec) -> Update {
    let request = request.inverted(false).disabled(false);
    request.alarm_identifier(alarm.clone()).insufficient_data_health_status(status(to))
}

fn reported(config: &HealthCheckConfig, tags: Tags) -> Spec {
    let alarm = config.alarm_identifier.as_ref();
    let status = config.insufficient_data_health_status.as_ref().map(InsufficientDataHealthStatus::as_str);
    Spec {
        alarm_name: Input::Known(alarm.map(|alarm| alarm.name.clone()).unwrap_or_default()),
        alarm_region: Input::Known(alarm.map(|alarm| alarm.region.as_str().to_owned()).unwrap_or_default()),
        insufficient_data: Input::Known(status.unwrap_or_default().to_owned()),
        deviations: checks::deviations(config),
        tags,
    }
}
