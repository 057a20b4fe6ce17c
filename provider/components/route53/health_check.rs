//! Route 53 health check of one region's endpoint.

use aws_sdk_route53::operation::update_health_check::builders::UpdateHealthCheckFluentBuilder as Update;
use aws_sdk_route53::types::{HealthCheckConfig, HealthCheckRegion, HealthCheckType, ResettableElementName};
use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Regional};
use crate::components::route53::checks::{self, New};
use crate::components::support::adoption;
use crate::components::support::answer::{build_part, to_i32};
use crate::components::{Component, Deviations, Discovered, Found, Resolved, Siblings, Tags, output_keys};
use crate::desired::{Input, Kind, KindMeta};

pub use crate::components::route53::checks::Outputs;

/// The kind `health_check`.
#[derive(Debug)]
pub struct HealthCheck;

output_keys! {
    HealthCheck {
        ID = id: String,
    }
}

/// The desired settings of a health check. A field with a default is left out when it has it, as in states of versions
/// that did not have the field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The host of the requests.
    pub host: Input<String>,
    /// The path of the requests. A TCP check sends none.
    pub path: Input<String>,
    /// What the checkers send.
    #[serde(default, skip_serializing_if = "Protocol::is_https")]
    pub protocol: Protocol,
    /// The port that the checkers connect to.
    #[serde(default = "https_port", skip_serializing_if = "is_https_port")]
    pub port: Input<i64>,
    /// The time between two requests, in seconds: 10 or 30.
    pub interval_seconds: Input<i64>,
    /// The number of consecutive results that change the status.
    pub failure_threshold: Input<i64>,
    /// Whether latency is measured.
    pub measure_latency: bool,
    /// Text that the first 5,120 bytes of a response must contain.
    pub search_string: Option<Input<String>>,
    /// Whether the status is inverted.
    #[serde(default = "no", skip_serializing_if = "is_no")]
    pub inverted: Input<bool>,
    /// Whether the checkers send nothing, and the endpoint counts as healthy.
    #[serde(default = "no", skip_serializing_if = "is_no")]
    pub disabled: Input<bool>,
    /// The AWS regions of the checkers, sorted; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checker_regions: Vec<Input<String>>,
    /// Enforced settings that differ in AWS.
    #[serde(default, skip_serializing_if = "Deviations::is_none")]
    pub deviations: Deviations,
    /// The tags, including the ownership tags.
    pub tags: Tags,
}

/// What the checkers send.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// An HTTPS request.
    #[default]
    Https,
    /// An HTTP request.
    Http,
    /// Nothing: they open a TCP connection.
    Tcp,
}

impl Protocol {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde requires this signature")]
    fn is_https(&self) -> bool {
        *self == Self::Https
    }

    /// The port that API servers of this protocol usually use.
    pub fn port(self) -> i64 {
        match self {
            Self::Https | Self::Tcp => HTTPS,
            Self::Http => 80,
        }
    }
}

impl Kind for HealthCheck {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "health_check",
        about: "Route 53 health check of one region's endpoint.",
        id: "the id of the health check",
        outputs: OUTPUTS,
        // With a search string, the health check has another type, which AWS cannot change.
        immutable: &["protocol", "interval_seconds", "measure_latency", "search_string"],
        actions: checks::ACTIONS,
        limits: checks::LIMITS,
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
        checks::find(aws, &settings).await
    }

    async fn discover(aws: &Regional, _siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let found = checks::discover(aws).await?.into_iter();
        Ok(found
            .map(|(outputs, config, tags)| Discovered { key: None, spec: reported(&config, tags, None), outputs })
            .collect())
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let threshold = to_i32(*spec.failure_threshold.get())?;
        let port = to_i32(*spec.port.get())?;
        let new = New { settings: settings(spec).unwrap_or_default(), config: config(spec)?, tags: &spec.tags };
        checks::create(aws, new, |request, held| change(request, held, spec, threshold, port)).await
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let held = checks::read(aws, outputs, &spec.tags).await?;
        Ok(held.map(|(config, tags)| (reported(&config, tags, Some(spec)), outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let from = adoption::start_of_update::<Self>(aws, outputs, from, to).await?;
        let untagged = |spec: &Spec| Spec { tags: Tags::new(), ..spec.clone() };
        if untagged(&from) != untagged(to) {
            let (threshold, port) = (to_i32(*to.failure_threshold.get())?, to_i32(*to.port.get())?);
            checks::update(aws, &outputs.id, |request, held| change(request, held, to, threshold, port)).await?;
        }
        checks::retag(aws, &outputs.id, &from.tags, &to.tags).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        checks::delete(aws, outputs).await
    }
}

const HTTPS: i64 = 443;

fn https_port() -> Input<i64> {
    Input::Known(HTTPS)
}

fn is_https_port(port: &Input<i64>) -> bool {
    *port == https_port()
}

fn no() -> Input<bool> {
    Input::Known(false)
}

fn is_no(flag: &Input<bool>) -> bool {
    *flag == no()
}

/// The settings that AWS cannot change: they distinguish a health check from its replacement.
fn settings(spec: &Spec) -> Option<String> {
    let search = match &spec.search_string {
        Some(search) => Some(search.known()?),
        None => None,
    };
    let protocol = match spec.protocol {
        Protocol::Https => "",
        Protocol::Http => " http",
        Protocol::Tcp => " tcp",
    };
    Some(format!("{} {} {search:?}{protocol}", spec.interval_seconds.known()?, spec.measure_latency))
}

fn config(spec: &Resolved<Spec>) -> Result<HealthCheckConfig, CallError> {
    let kind = match (spec.protocol, spec.search_string.is_some()) {
        (Protocol::Https, false) => HealthCheckType::Https,
        (Protocol::Https, true) => HealthCheckType::HttpsStrMatch,
        (Protocol::Http, false) => HealthCheckType::Http,
        (Protocol::Http, true) => HealthCheckType::HttpStrMatch,
        (Protocol::Tcp, _) => HealthCheckType::Tcp,
    };
    let config = checks::config_of(kind)
        .port(to_i32(*spec.port.get())?)
        .fully_qualified_domain_name(spec.host.get())
        .set_resource_path(path(spec))
        .request_interval(to_i32(*spec.interval_seconds.get())?)
        .failure_threshold(to_i32(*spec.failure_threshold.get())?)
        .measure_latency(spec.measure_latency)
        .set_search_string(spec.search_string.as_ref().map(|search| search.get().clone()))
        .inverted(*spec.inverted.get())
        .disabled(*spec.disabled.get())
        .set_regions(Some(checkers(spec)).filter(|regions| !regions.is_empty()))
        .set_enable_sni(sni(spec));
    build_part(config.build())
}

/// The requests' path; a TCP check has none.
fn path(spec: &Spec) -> Option<String> {
    spec.path.known().filter(|_| spec.protocol != Protocol::Tcp).cloned()
}

/// Whether the checkers send the host name when they open the connection, which only TLS has.
fn sni(spec: &Spec) -> Option<bool> {
    (spec.protocol == Protocol::Https).then_some(true)
}

fn checkers(spec: &Spec) -> Vec<HealthCheckRegion> {
    spec.checker_regions.iter().map(|region| HealthCheckRegion::from(region.get().as_str())).collect()
}

/// The update to the settings of `to` that can change.
fn change(request: Update, held: &HealthCheckConfig, to: &Spec, threshold: i32, port: i32) -> Update {
    let request = request
        .fully_qualified_domain_name(to.host.get())
        .set_resource_path(path(to))
        .port(port)
        .set_enable_sni(sni(to))
        .disabled(*to.disabled.get())
        .inverted(*to.inverted.get())
        .failure_threshold(threshold);
    match (checkers(to), held.regions()) {
        // Only a reset returns to all checkers.
        (wanted, [_, ..]) if wanted.is_empty() => request.reset_elements(ResettableElementName::Regions),
        (wanted, _) if wanted.is_empty() => request,
        (wanted, _) => request.set_regions(Some(wanted)),
    }
}

/// The settings in AWS. `ours` is the desired spec, for the fields that AWS does not report.
fn reported(config: &HealthCheckConfig, tags: Tags, ours: Option<&Spec>) -> Spec {
    let text = |text: &Option<String>| Input::Known(text.clone().unwrap_or_default());
    let protocol = match config.r#type {
        HealthCheckType::Http | HealthCheckType::HttpStrMatch => Protocol::Http,
        HealthCheckType::Tcp => Protocol::Tcp,
        _ => Protocol::Https,
    };
    let mut checker_regions: Vec<String> = config.regions().iter().map(|region| region.as_str().to_owned()).collect();
    checker_regions.sort();
    Spec {
        host: text(&config.fully_qualified_domain_name),
        path: match (protocol, ours) {
            (Protocol::Tcp, Some(ours)) => ours.path.clone(),
            (Protocol::Tcp, None) => Input::from("/"),
            _ => text(&config.resource_path),
        },
        protocol,
        port: Input::Known(config.port.map_or(protocol.port(), i64::from)),
        interval_seconds: Input::Known(config.request_interval.unwrap_or(30).into()),
        failure_threshold: Input::Known(config.failure_threshold.unwrap_or(3).into()),
        measure_latency: config.measure_latency.unwrap_or_default(),
        search_string: config.search_string.clone().filter(|text| !text.is_empty()).map(Input::Known),
        inverted: Input::Known(config.inverted.unwrap_or_default()),
        disabled: Input::Known(config.disabled.unwrap_or_default()),
        checker_regions: checker_regions.into_iter().map(Input::Known).collect(),
        deviations: Deviations::default()
            .record_unless("EnableSNI", protocol != Protocol::Https || config.enable_sni != Some(false)),
        tags,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> Spec {
        serde_json::from_value(serde_json::json!({
            "host": "a.example.com", "path": "/", "interval_seconds": 30, "failure_threshold": 3,
            "measure_latency": false, "search_string": null, "tags": {},
        }))
        .unwrap()
    }

    #[test]
    fn defaults_are_left_out_of_a_state() {
        let json = serde_json::to_value(spec()).unwrap();
        for field in ["protocol", "port", "inverted", "disabled", "checker_regions"] {
            assert_eq!(json.get(field), None, "{field}");
        }
    }

    #[test]
    fn settings_of_an_earlier_version_are_unchanged() {
        assert_eq!(settings(&spec()).as_deref(), Some("30 false None"));
        assert_eq!(settings(&Spec { protocol: Protocol::Tcp, ..spec() }).as_deref(), Some("30 false None tcp"));
    }
}
