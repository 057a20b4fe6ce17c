//! The baseline of a region's CloudWatch alarms: those that are in ALARM before clients notice a change. It is not an AWS object.

use serde::{Deserialize, Serialize};

use super::{alarms, existing, missing};
use crate::aws::{CallError, Regional};
use crate::components::{Component, Discovered, Found, Problem, Resolved, Siblings, output_keys};
use crate::desired::{Input, Kind, KindMeta};

/// The kind `alarm_baseline`.
#[derive(Debug)]
pub struct AlarmBaseline;

output_keys! {
    AlarmBaseline {
        FIRING = firing: Vec<String>,
    }
}

/// The desired settings of a baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The names of the alarms.
    pub alarms: Vec<Input<String>>,
}

/// What a baseline has recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The names of the alarms that were in ALARM, sorted.
    pub firing: Vec<String>,
}

impl Kind for AlarmBaseline {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "alarm_baseline",
        about: "The CloudWatch alarms of a region that are in ALARM before a change; not an AWS object.",
        id: "the names of these alarms",
        outputs: OUTPUTS,
        visible: false,
        is_baseline: true,
        actions: &["cloudwatch:DescribeAlarms"],
        ..KindMeta::DEFAULT
    };
}

impl Component for AlarmBaseline {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.firing.join(", ")
    }

    async fn check(aws: &Regional, spec: &Spec) -> Result<Vec<Problem>, CallError> {
        let names: Vec<String> = spec.alarms.iter().filter_map(Input::known).cloned().collect();
        let found = existing(aws, &names).await?;
        let problem = missing(&names, &found).map(|name| Problem {
            summary: "CloudWatch alarm not found",
            detail: format!(
                "Region {} has no CloudWatch alarm named {name:?}. Correct the name, or create the alarm first.",
                aws.region()
            ),
        });
        Ok(problem.into_iter().collect())
    }

    async fn find(_: &Regional, _: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        Ok(None)
    }

    async fn discover(_: &Regional, _: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        // AWS does not store which alarms were in ALARM before a change.
        Ok(Vec::new())
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let firing = alarms(aws, &spec.alarms).await?.into_iter().filter(|alarm| alarm.is_firing);
        Ok(Outputs { firing: firing.map(|alarm| alarm.name).collect() })
    }

    async fn read(_: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        Ok(Some((spec.clone(), outputs.clone())))
    }

    async fn update(aws: &Regional, _: &Outputs, _: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        Self::create(aws, to).await
    }

    async fn delete(_: &Regional, _: &Spec, _: &Outputs) -> Result<(), CallError> {
        Ok(())
    }
}
