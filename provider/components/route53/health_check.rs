//! Route 53 health check of one region's endpoint.

use std::time::Duration;

use aws_sdk_route53::types::{
    HealthCheck as AwsHealthCheck, HealthCheckConfig, HealthCheckType, TagResourceType::Healthcheck,
};
use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Regional};
use crate::components::route53::dns;
use crate::components::support::answer::{build_part, ignore_missing, none_if_missing, pages, required, to_i32};
use crate::components::support::{adoption, identity, tags};
use crate::components::{Component, Deviations, Discovered, Found, Resolved, Siblings, Tags, output_keys};
use crate::desired::{Input, Kind, KindMeta, Limit};

/// The kind `health_check`.
#[derive(Debug)]
pub struct HealthCheck;

output_keys! {
    HealthCheck {
        ID = id: String,
    }
}

/// The desired settings of a health check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The host of the requests.
    pub host: Input<String>,
    /// The path of the requests.
    pub path: Input<String>,
    /// The time between two requests, in seconds: 10 or 30.
    pub interval_seconds: Input<i64>,
    /// The number of consecutive results that change the status.
    pub failure_threshold: Input<i64>,
    /// Whether latency is measured.
    pub measure_latency: bool,
    /// Text that the first 5,120 bytes of a response must contain.
    pub search_string: Option<Input<String>>,
    /// Enforced settings that differ in AWS.
    #[serde(default, skip_serializing_if = "Deviations::is_none")]
    pub deviations: Deviations,
    /// The tags, including the ownership tags.
    pub tags: Tags,
}

/// What identifies a health check in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The id that AWS assigned.
    pub id: String,
}

impl Kind for HealthCheck {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "health_check",
        about: "Route 53 health check of one region's endpoint.",
        id: "the id of the health check",
        outputs: OUTPUTS,
        // With a search string, the health check has another type, which AWS cannot change.
        immutable: &["interval_seconds", "measure_latency", "search_string"],
        actions: &[
            "route53:ChangeTagsForResource",
            "route53:CreateHealthCheck",
            "route53:DeleteHealthCheck",
            "route53:GetHealthCheck",
            "route53:ListHealthChecks",
            "route53:ListTagsForResource",
            "route53:ListTagsForResources",
            "route53:UpdateHealthCheck",
        ],
        // Source: Amazon Route 53 developer guide, "Throttling for Amazon Route 53 API requests".
        limits: &[
            Limit { operation: "route53:CreateHealthCheck", burst: 50, per_second: 0.5 },
            Limit { operation: "route53:DeleteHealthCheck", burst: 15, per_second: 3.0 },
        ],
        ..KindMeta::DEFAULT
    };
}

impl Component for HealthCheck {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.id.clone()
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let Some(settings) = settings(spec) else { return Ok(None) };
        // The tags are set in a second call; the caller reference exists from the start.
        let reference = identity::reference(aws, &settings);
        let own = own(aws).await?.into_iter().find(|check| check.caller_reference.starts_with(&reference));
        Ok(own.map(|check| Found::Ours(Outputs { id: check.id })))
    }

    async fn discover(aws: &Regional, _siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let mut discovered = Vec::new();
        for check in own(aws).await? {
            let Some(tags) = dns::tags_of(aws, Healthcheck, &check.id).await? else { continue };
            let Some(config) = &check.health_check_config else { continue };
            let spec = reported(config, without_name(tags::spec(tags), None));
            let outputs = Outputs { id: check.id };
            discovered.push(Discovered { key: None, spec, outputs });
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let settings = settings(spec).unwrap_or_default();
        let reference = identity::reference(aws, &settings);
        let created = match request(aws, spec, &reference).await {
            Err(error) if error.is_exists() => match Self::find(aws, spec).await? {
                Some(Found::Ours(found)) => {
                    change(aws, &found.id, spec).await?;
                    found
                }
                // Route 53 refuses the caller reference of a deleted health check.
                _ => request(aws, spec, &identity::fresh_reference(aws, &settings)).await?,
            },
            created => created?,
        };
        dns::retag(aws, Healthcheck, &created.id, &Tags::new(), &named(aws, &spec.tags)).await?;
        Ok(created)
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let (check, tags) = futures::join!(held(aws, &outputs.id), dns::tags_of(aws, Healthcheck, &outputs.id));
        let (Some(check), Some(tags)) = (check?, tags?) else { return Ok(None) };
        let config = required(check.health_check_config, "a health check's settings")?;
        Ok(Some((reported(&config, without_name(tags::spec(tags), Some(&spec.tags))), outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let from = adoption::start_of_update::<Self>(aws, outputs, from, to).await?;
        let untagged = |spec: &Spec| Spec { tags: Tags::new(), ..spec.clone() };
        if untagged(&from) != untagged(to) {
            let changed = |error: &CallError| error.code() == Some("HealthCheckVersionMismatch");
            let attempt = || change(aws, &outputs.id, to);
            aws.retry("concurrent changes of the health check to end", SETTLED_WITHIN, changed, attempt).await?;
        }
        if from.tags != to.tags {
            let to = named(aws, &to.tags);
            // The tag with the console's name is not in the spec. It is set whenever tags change, because it may be
            // missing.
            let superfluous = from.tags.into_iter().filter(|(key, _)| !to.contains_key(key)).collect();
            dns::retag(aws, Healthcheck, &outputs.id, &superfluous, &to).await?;
        }
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        let request = || aws.route53().delete_health_check().health_check_id(&outputs.id).send();
        ignore_missing(aws.call("route53:DeleteHealthCheck", request).await)
    }
}

const HTTPS: i32 = 443;
/// How long an update is retried while others change the same health check.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);
/// The tag that the console shows as the name of a health check.
const NAME_TAG: &str = "Name";

/// The settings that AWS cannot change: they distinguish a health check from its replacement.
fn settings(spec: &Spec) -> Option<String> {
    let search = match &spec.search_string {
        Some(search) => Some(search.known()?),
        None => None,
    };
    Some(format!("{} {} {search:?}", spec.interval_seconds.known()?, spec.measure_latency))
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

async fn get(aws: &Regional, id: &str) -> Result<Option<AwsHealthCheck>, CallError> {
    let request = || aws.route53().get_health_check().health_check_id(id).send();
    Ok(none_if_missing(aws.call("route53:GetHealthCheck", request).await)?.and_then(|answer| answer.health_check))
}

async fn request(aws: &Regional, spec: &Resolved<Spec>, reference: &str) -> Result<Outputs, CallError> {
    let kind = if spec.search_string.is_some() { HealthCheckType::HttpsStrMatch } else { HealthCheckType::Https };
    let config = HealthCheckConfig::builder()
        .r#type(kind)
        .port(HTTPS)
        .fully_qualified_domain_name(spec.host.get())
        .resource_path(spec.path.get())
        .request_interval(to_i32(*spec.interval_seconds.get())?)
        .failure_threshold(to_i32(*spec.failure_threshold.get())?)
        .measure_latency(spec.measure_latency)
        .set_search_string(spec.search_string.as_ref().map(|search| search.get().clone()))
        .enable_sni(true);
    let config = build_part(config.build())?;
    let request =
        || aws.route53().create_health_check().caller_reference(reference).health_check_config(config.clone()).send();
    // The call may be repeated: AWS returns the health check that has this caller reference.
    let created = aws.call("route53:CreateHealthCheck", request).await?.health_check;
    Ok(Outputs { id: required(created, "a health check")?.id })
}

/// Updates the settings that can change, unless they are changed concurrently.
async fn change(aws: &Regional, id: &str, to: &Spec) -> Result<(), CallError> {
    let version = required(get(aws, id).await?, "the health check")?.health_check_version;
    let threshold = to_i32(*to.failure_threshold.get())?;
    let request = || {
        let request = aws.route53().update_health_check().health_check_id(id).health_check_version(version);
        let request = request.fully_qualified_domain_name(to.host.get()).resource_path(to.path.get());
        let request = request.port(HTTPS).enable_sni(true).disabled(false).inverted(false);
        request.failure_threshold(threshold).send()
    };
    aws.call("route53:UpdateHealthCheck", request).await.map(drop)
}

fn reported(config: &HealthCheckConfig, tags: Tags) -> Spec {
    let text = |text: &Option<String>| Input::Known(text.clone().unwrap_or_default());
    Spec {
        host: text(&config.fully_qualified_domain_name),
        path: text(&config.resource_path),
        interval_seconds: Input::Known(config.request_interval.unwrap_or(30).into()),
        failure_threshold: Input::Known(config.failure_threshold.unwrap_or(3).into()),
        measure_latency: config.measure_latency.unwrap_or_default(),
        search_string: config.search_string.clone().filter(|text| !text.is_empty()).map(Input::Known),
        deviations: Deviations::default()
            .record_unless("Disabled", config.disabled != Some(true))
            .record_unless("Inverted", config.inverted != Some(true))
            .record_unless("EnableSNI", config.enable_sni != Some(false))
            .record_unless("Port", config.port.is_none_or(|port| port == HTTPS)),
        tags,
    }
}

/// The tags with a name for the console, unless the user set one.
fn named(aws: &Regional, tags: &Tags) -> Tags {
    let mut named = tags.clone();
    named
        .entry(NAME_TAG.to_owned())
        .or_insert_with(|| Input::Known(format!("{} {}", aws.owner().name(), aws.region())));
    named
}

/// The tags without the name for the console, which the provider sets.
fn without_name(mut tags: Tags, wanted: Option<&Tags>) -> Tags {
    if wanted.is_none_or(|wanted| !wanted.contains_key(NAME_TAG)) {
        tags.remove(NAME_TAG);
    }
    tags
}
