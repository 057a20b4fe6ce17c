//! The watch of a region's CloudWatch alarms: none of them may go into ALARM during the bake time after a change. It is not an
//! AWS object.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Alarm, alarms};
use crate::aws::{CallError, Regional};
use crate::components::{Component, Discovered, Found, Place, Resolved, Siblings};
use crate::desired::{Input, Kind, KindMeta};

/// The kind `alarm_watch`.
#[derive(Debug)]
pub struct AlarmWatch;

/// The desired settings of a watch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The names of the alarms.
    pub alarms: Vec<Input<String>>,
    /// The names of the alarms that were in ALARM before the change.
    pub firing: Input<Vec<String>>,
    /// The time in seconds for which the alarms are watched.
    pub seconds: Input<i64>,
    /// The versions of the functions. New versions are watched again.
    pub versions: Vec<Input<String>>,
}

/// What identifies a watch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The region.
    pub region: String,
}

impl Kind for AlarmWatch {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "alarm_watch",
        about: "Watch of the CloudWatch alarms of a region during the bake time after a change; not an AWS object.",
        id: "the region",
        // Without a change of the region, nothing is to be watched.
        uncompared: &["alarms", "firing", "seconds"],
        visible: false,
        is_check: true,
        is_watch: true,
        actions: &["cloudwatch:DescribeAlarms"],
        ..KindMeta::DEFAULT
    };
}

impl Component for AlarmWatch {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.region.clone()
    }

    fn foreseen(place: &Place<'_>, _: &Spec) -> Option<Outputs> {
        Some(Outputs { region: place.region.to_owned() })
    }

    async fn find(_: &Regional, _: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        Ok(None)
    }

    async fn discover(_: &Regional, _: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        // AWS does not store which alarms a change must not set off.
        Ok(Vec::new())
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let time = Duration::from_secs(u64::try_from(*spec.seconds.get()).unwrap_or_default());
        let what = format!("the bake time of {}", aws.region());
        let look = || async {
            let all = alarms(aws, &spec.alarms).await?;
            let fired = all.into_iter().find(|alarm| alarm.is_firing && !spec.firing.get().contains(&alarm.name));
            fired.map_or(Ok(()), |alarm| Err(failure(aws.region(), &alarm)))
        };
        aws.watch(&what, time, look).await?;
        Ok(Outputs { region: aws.region().to_owned() })
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

fn failure(region: &str, Alarm { name, reason, .. }: &Alarm) -> CallError {
    let why = format!("the CloudWatch alarm {name:?} went into ALARM after the change: {reason}");
    CallError::Failed { what: format!("the watch of the alarms in {region}"), why }
}
