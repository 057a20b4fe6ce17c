//! Kinds of Amazon CloudWatch, and what they share.

pub mod alarm_baseline;
pub mod alarm_watch;

use aws_sdk_cloudwatch::types::{AlarmType, StateValue};

use crate::aws::{CallError, Regional};
use crate::components::support::answer::pages;
use crate::desired::Input;

/// The most names that one call accepts.
const MOST_NAMES: i32 = 100;

/// An alarm that exists.
pub(crate) struct Alarm {
    /// The name.
    pub(crate) name: String,
    /// Whether it is in the state ALARM.
    pub(crate) is_firing: bool,
    /// Why it is in its state.
    pub(crate) reason: String,
}

/// The metric alarms and composite alarms of these names, sorted by name.
///
/// # Errors
/// The error of the call, and [`CallError::Failed`] when one of them does not exist.
pub(crate) async fn alarms(aws: &Regional, names: &[Input<String>]) -> Result<Vec<Alarm>, CallError> {
    let names: Vec<String> = names.iter().filter_map(Input::known).cloned().collect();
    let found = existing(aws, &names).await?;
    match missing(&names, &found) {
        None => Ok(found),
        Some(name) => {
            let what = format!("reading the CloudWatch alarms in {}", aws.region());
            Err(CallError::Failed { what, why: format!("the alarm {name:?} does not exist") })
        }
    }
}

/// The first of these names that no alarm has.
fn missing<'a>(names: &'a [String], found: &[Alarm]) -> Option<&'a String> {
    names.iter().find(|name| found.iter().all(|alarm| alarm.name != **name))
}

/// The alarms of these names that exist, sorted by name.
async fn existing(aws: &Regional, names: &[String]) -> Result<Vec<Alarm>, CallError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let client = aws.cloudwatch();
    let all = pages(|next| {
        let client = &client;
        async move {
            let request = || {
                // Without types, AWS returns metric alarms only.
                let types = [AlarmType::MetricAlarm, AlarmType::CompositeAlarm].to_vec();
                let request = client.describe_alarms().set_alarm_names(Some(names.to_vec())).max_records(MOST_NAMES);
                request.set_alarm_types(Some(types)).set_next_token(next.clone()).send()
            };
            let page = aws.call("cloudwatch:DescribeAlarms", request).await?;
            let alarm = |name: Option<String>, state: Option<StateValue>, reason: Option<String>| {
                Some(Alarm {
                    name: name?,
                    is_firing: state == Some(StateValue::Alarm),
                    reason: reason.unwrap_or_default(),
                })
            };
            let metric = page.metric_alarms.unwrap_or_default().into_iter();
            let metric = metric.filter_map(|one| alarm(one.alarm_name, one.state_value, one.state_reason));
            let composite = page.composite_alarms.unwrap_or_default().into_iter();
            let composite = composite.filter_map(|one| alarm(one.alarm_name, one.state_value, one.state_reason));
            Ok((Some(metric.chain(composite).collect()), page.next_token))
        }
    });
    let mut all: Vec<Alarm> = all.await?;
    all.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(all)
}
