//! Calls that every kind of Route 53 health check shares: caller references, tags, versions.

use std::time::Duration;

use aws_sdk_route53::operation::update_health_check::builders::UpdateHealthCheckFluentBuilder as Update;
use aws_sdk_route53::types::{
    HealthCheck as AwsHealthCheck, HealthCheckConfig, HealthCheckType, TagResourceType::Healthcheck,
};
use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Region, Regional};
use crate::components::route53::dns;
use crate::components::support::answer::{ignore_missing, none_if_missing, pages, required};
use crate::components::support::identity;
use crate::components::support::tags;
use crate::components::{Deviations, Found, Tags};
use crate::desired::{Input, Limit};

/// What identifies a health check in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The id that AWS assigned.
    pub id: String,
}

/// The IAM actions that the calls of every kind of health check need.
pub(crate) const ACTIONS: &[&str] = &[
    "route53:ChangeTagsForResource",
    "route53:CreateHealthCheck",
    "route53:DeleteHealthCheck",
    "route53:GetHealthCheck",
    "route53:ListHealthChecks",
    "route53:ListTagsForResource",
    "route53:ListTagsForResources",
    "route53:UpdateHealthCheck",
];

/// The limits on the calls of every kind of health check.
///
/// # Source
/// Amazon Route 53 developer guide, "Throttling for Amazon Route 53 API requests".
pub(crate) const LIMITS: &[Limit] = &[
    Limit { operation: "route53:CreateHealthCheck", burst: 50, per_second: 0.5 },
    Limit { operation: "route53:DeleteHealthCheck", burst: 15, per_second: 3.0 },
];

/// How long an update is retried while others change the same health check.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);
/// The tag that the console shows as the name of a health check.
const NAME_TAG: &str = "Name";

/// A health check that does not exist yet.
pub(crate) struct New<'a> {
    /// The settings that AWS cannot change: they distinguish a health check from its replacement.
    pub(crate) settings: String,
    /// All settings.
    pub(crate) config: HealthCheckConfig,
    /// Its tags.
    pub(crate) tags: &'a Tags,
}

/// The health check that was created for this address with these settings.
pub(crate) async fn find(aws: &Regional, settings: &str) -> Result<Option<Found<Outputs>>, CallError> {
    // The tags are set in a second call; the caller reference exists from the start.
    let reference = identity::reference(aws, settings);
    let own = own(aws).await?.into_iter().find(|check| check.caller_reference.starts_with(&reference));
    Ok(own.map(|check| Found::Ours(Outputs { id: check.id })))
}

/// Every health check that was created for this address: its outputs, settings and tags.
pub(crate) async fn discover(aws: &Regional) -> Result<Vec<(Outputs, HealthCheckConfig, Tags)>, CallError> {
    let mut discovered = Vec::new();
    for check in own(aws).await? {
        let Some(tags) = dns::tags_of(aws, Healthcheck, &check.id).await? else { continue };
        let Some(config) = check.health_check_config else { continue };
        discovered.push((Outputs { id: check.id }, config, without_name(tags::spec(tags), None)));
    }
    Ok(discovered)
}

/// Creates a health check. One that a repeated create finds gets the settings of `change`.
pub(crate) async fn create(
    aws: &Regional,
    new: New<'_>,
    change: impl Fn(Update, &HealthCheckConfig) -> Update + Send + Sync,
) -> Result<Outputs, CallError> {
    let reference = identity::reference(aws, &new.settings);
    let created = match request(aws, &new.config, &reference).await {
        Err(error) if error.is_exists() => match find(aws, &new.settings).await? {
            Some(Found::Ours(found)) => {
                update(aws, &found.id, &change).await?;
                found
            }
            // Route 53 refuses the caller reference of a deleted health check.
            _ => request(aws, &new.config, &identity::fresh_reference(aws, &new.settings)).await?,
        },
        created => created?,
    };
    dns::retag(aws, Healthcheck, &created.id, &Tags::new(), &named(aws, new.tags)).await?;
    Ok(created)
}

/// The settings and tags of a health check; `None` when it does not exist. `tags` are the desired ones.
pub(crate) async fn read(
    aws: &Regional,
    outputs: &Outputs,
    tags: &Tags,
) -> Result<Option<(HealthCheckConfig, Tags)>, CallError> {
    let (check, held_tags) = futures::join!(held(aws, &outputs.id), dns::tags_of(aws, Healthcheck, &outputs.id));
    let (Some(check), Some(held_tags)) = (check?, held_tags?) else { return Ok(None) };
    let config = required(check.health_check_config, "a health check's settings")?;
    Ok(Some((config, without_name(tags::spec(held_tags), Some(tags)))))
}

/// Updates the settings that can change. `change` receives those that AWS reports now.
pub(crate) async fn update(
    aws: &Regional,
    id: &str,
    change: impl Fn(Update, &HealthCheckConfig) -> Update + Send + Sync,
) -> Result<(), CallError> {
    let change = &change;
    let attempt = || async move {
        let held = required(get(aws, id).await?, "the health check")?;
        let config = required(held.health_check_config, "a health check's settings")?;
        let request = || {
            let request = aws.route53().update_health_check().health_check_id(id);
            change(request.health_check_version(held.health_check_version), &config).send()
        };
        aws.call("route53:UpdateHealthCheck", request).await.map(drop)
    };
    let changed = |error: &CallError| error.code() == Some("HealthCheckVersionMismatch");
    aws.retry("concurrent changes of the health check to end", SETTLED_WITHIN, changed, attempt).await
}

/// Changes the tags of a health check from `from` to `to`.
pub(crate) async fn retag(aws: &Regional, id: &str, from: &Tags, to: &Tags) -> Result<(), CallError> {
    if from == to {
        return Ok(());
    }
    let to = named(aws, to);
    // The tag with the console's name is not in the spec. It is set whenever tags change, because it may be missing.
    let superfluous = from.clone().into_iter().filter(|(key, _)| !to.contains_key(key)).collect();
    dns::retag(aws, Healthcheck, id, &superfluous, &to).await
}

/// Deletes a health check. Route 53 allows it while records and other health checks refer to it.
pub(crate) async fn delete(aws: &Regional, outputs: &Outputs) -> Result<(), CallError> {
    let request = || aws.route53().delete_health_check().health_check_id(&outputs.id).send();
    ignore_missing(aws.call("route53:DeleteHealthCheck", request).await)
}

/// Whether a health check of any owner exists.
pub(crate) async fn exists(aws: &Regional, id: &str) -> Result<bool, CallError> {
    Ok(held(aws, id).await?.is_some())
}

/// The settings of a health check of this type, to which the caller adds those of its kind.
pub(crate) fn config_of(kind: HealthCheckType) -> aws_sdk_route53::types::builders::HealthCheckConfigBuilder {
    HealthCheckConfig::builder().r#type(kind)
}

/// The enforced settings of a health check for which no attribute exists.
pub(crate) fn deviations(config: &HealthCheckConfig) -> Deviations {
    Deviations::default()
        .record_unless("Disabled", config.disabled != Some(true))
        .record_unless("Inverted", config.inverted != Some(true))
}

/// The health checks that were created for this address.
async fn own(aws: &Regional) -> Result<Vec<AwsHealthCheck>, CallError> {
    let prefix = identity::reference_prefix(aws);
    let is_own = |check: &AwsHealthCheck| check.caller_reference.starts_with(&prefix);
    Ok(all(aws).await?.into_iter().filter(is_own).collect())
}

/// All health checks of the account.
async fn all(aws: &Regional) -> Result<Vec<AwsHealthCheck>, CallError> {
    let ask = || async {
        pages(|next| async move {
            let request = || aws.route53().list_health_checks().set_marker(next.clone()).send();
            let page = aws.call("route53:ListHealthChecks", request).await?;
            Ok((Some(page.health_checks), page.next_marker.filter(|_| page.is_truncated)))
        })
        .await
    };
    aws.read_once("route53:ListHealthChecks", ask).await
}

/// A health check of any owner.
async fn held(aws: &Regional, id: &str) -> Result<Option<AwsHealthCheck>, CallError> {
    let list = || async { Ok(all(aws).await?.into_iter().map(|check| (check.id.clone(), check)).collect()) };
    aws.read_listed("route53:ListHealthChecks by id", id, list, |id| async move { get(aws, &id).await }).await
}

/// A health check of any owner; `None` when it does not exist.
pub(crate) async fn get(aws: &Region, id: &str) -> Result<Option<AwsHealthCheck>, CallError> {
    let request = || aws.route53().get_health_check().health_check_id(id).send();
    Ok(none_if_missing(aws.call("route53:GetHealthCheck", request).await)?.and_then(|answer| answer.health_check))
}

async fn request(aws: &Regional, config: &HealthCheckConfig, reference: &str) -> Result<Outputs, CallError> {
    let request =
        || aws.route53().create_health_check().caller_reference(reference).health_check_config(config.clone()).send();
    // The call may be repeated: AWS returns the health check that has this caller reference.
    let created = aws.call("route53:CreateHealthCheck", request).await?.health_check;
    Ok(Outputs { id: required(created, "a health check")?.id })
}

/// The tags with a name for the console, unless the user set one.
fn named(aws: &Regional, tags: &Tags) -> Tags {
    let name = || match aws.address().scope.region() {
        Some(region) => format!("{} {region}", aws.owner().name()),
        None => aws.owner().name().to_owned(),
    };
    let mut named = tags.clone();
    named.entry(NAME_TAG.to_owned()).or_insert_with(|| Input::Known(name()));
    named
}

/// The tags without the name for the console, which the provider sets.
fn without_name(mut tags: Tags, wanted: Option<&Tags>) -> Tags {
    if wanted.is_none_or(|wanted| !wanted.contains_key(NAME_TAG)) {
        tags.remove(NAME_TAG);
    }
    tags
}
