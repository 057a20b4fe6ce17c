//! CloudFront continuous deployment policy: sends a part of the requests of a distribution to its staging distribution.
//!
//! A policy takes no tags. It belongs to the owner of the staging distribution that it names.

use std::time::Duration;

use aws_sdk_cloudfront::types::{
    ContinuousDeploymentPolicyConfig, ContinuousDeploymentPolicyType, ContinuousDeploymentSingleHeaderConfig,
    ContinuousDeploymentSingleWeightConfig, DistributionConfig, SessionStickinessConfig, StagingDistributionDnsNames,
    TrafficConfig,
};
use serde::{Deserialize, Serialize};

use super::distribution::{self, Distribution};
use super::is_overtaken;
use crate::aws::{CONSISTENCY_WINDOW, CallError, Regional};
use crate::components::support::answer::{build_part, ignore_missing, none_if_missing, pages, required, to_i32};
use crate::components::support::creation::{Repeated, create_or_adopt};
use crate::components::{Component, Deviations, Discovered, Found, Resolved, Siblings};
use crate::desired::{Input, Kind, KindMeta};

/// The kind `continuous_deployment_policy`.
#[derive(Debug)]
pub struct ContinuousDeploymentPolicy;

/// The desired settings of a continuous deployment policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The id of the distribution that receives all other requests.
    pub distribution_id: Input<String>,
    /// The domain name of the staging distribution.
    pub staging_domain_name: Input<String>,
    /// The requests that the staging distribution receives.
    pub traffic: Traffic,
    /// Enforced settings that differ in AWS.
    #[serde(default, skip_serializing_if = "Deviations::is_none")]
    pub deviations: Deviations,
}

/// The requests that a staging distribution receives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Traffic {
    /// A share of all requests.
    Share {
        /// The share, in percent.
        percent: i64,
        /// How long a client stays with one distribution; `None` if CloudFront chooses for each request.
        session: Option<Session>,
    },
    /// The requests with a header.
    Header {
        /// Its name, in lower case.
        name: String,
        /// Its value.
        value: String,
    },
}

/// How long a client stays with one distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// How long the session lasts without a request, in seconds.
    pub idle_seconds: i64,
    /// How long the session lasts at most, in seconds.
    pub maximum_seconds: i64,
}

/// What identifies a continuous deployment policy in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The id that AWS assigned.
    pub id: String,
}

/// The deviation that means that the distribution does not use the policy.
const ATTACHED: &str = "ContinuousDeploymentPolicyId";
/// How long CloudFront may count a policy as used after the distribution has been changed.
const RELEASED_WITHIN: Duration = Duration::from_secs(10 * 60);

impl Kind for ContinuousDeploymentPolicy {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "continuous_deployment_policy",
        about: "CloudFront continuous deployment policy, which sends a part of the requests to the staging distribution.",
        id: "the id of the policy",
        global: true,
        actions: &[
            "cloudfront:CreateContinuousDeploymentPolicy",
            "cloudfront:DeleteContinuousDeploymentPolicy",
            "cloudfront:GetContinuousDeploymentPolicy",
            "cloudfront:GetDistribution",
            "cloudfront:GetDistributionConfig",
            "cloudfront:ListContinuousDeploymentPolicies",
            "cloudfront:UpdateContinuousDeploymentPolicy",
            "cloudfront:UpdateDistribution",
        ],
        ..KindMeta::DEFAULT
    };
}

impl Component for ContinuousDeploymentPolicy {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.id.clone()
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let Some(staging) = spec.staging_domain_name.known() else { return Ok(None) };
        let held = list(aws).await?.into_iter().find(|(_, config)| staging_of(config) == Some(staging));
        // The staging distribution is ours, and so is its policy.
        Ok(held.map(|(id, _)| Found::Ours(Outputs { id })))
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let distributions = siblings.current::<Distribution>(&aws.address().scope);
        let with_key = |key: Option<&str>| distributions.iter().find(|(found, _)| found.as_deref() == key);
        let (primary, staging) = (with_key(None), with_key(Some(distribution::STAGING)));
        let Some(((_, primary), (_, staging))) = primary.zip(staging) else { return Ok(Vec::new()) };
        let mut discovered = Vec::new();
        for (id, config) in list(aws).await? {
            if staging_of(&config) != Some(&staging.domain_name) {
                continue;
            }
            let outputs = Outputs { id };
            let is_attached = is_attached(aws, &primary.id, &outputs).await?;
            let spec = reported(&config, Input::Known(primary.id.clone()), is_attached);
            discovered.push(Discovered { key: None, spec, outputs });
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let config = to_aws(spec)?;
        let look = || Self::find(aws, spec);
        let send = || async {
            let request = aws.cloudfront().create_continuous_deployment_policy();
            let created = request.continuous_deployment_policy_config(config.clone()).send().await?;
            Ok(created.continuous_deployment_policy.map(|held| Outputs { id: held.id }))
        };
        let operation = "cloudfront:CreateContinuousDeploymentPolicy";
        let outputs = create_or_adopt(aws, operation, Repeated::IsRefused, look, send).await?;
        attach(aws, spec.distribution_id.get(), &outputs).await?;
        Ok(outputs)
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let Some(primary) = spec.distribution_id.known() else { return Ok(None) };
        let (held, is_attached) = futures::join!(get(aws, &outputs.id), is_attached(aws, primary, outputs));
        let Some((config, _)) = held? else { return Ok(None) };
        Ok(Some((reported(&config, spec.distribution_id.clone(), is_attached?), outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        put(aws, &outputs.id, &to_aws(to)?).await?;
        if let Some(other) = from.distribution_id.known().filter(|id| *id != to.distribution_id.get()) {
            ignore_missing(detach(aws, other, outputs).await)?;
        }
        attach(aws, to.distribution_id.get(), outputs).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        // A policy that was just created may not be visible yet, and must not be left behind.
        let look = || get(aws, &outputs.id);
        let Some((mut config, _)) = aws.read_until_found("the policy", look).await? else { return Ok(()) };
        // All requests go to the primary distribution before it is changed.
        if config.enabled {
            config.enabled = false;
            ignore_missing(put(aws, &outputs.id, &config).await)?;
        }
        let attempt = || async {
            // The distribution may have used the policy so recently that it was not visible yet.
            if let Some(primary) = spec.distribution_id.known() {
                ignore_missing(detach(aws, primary, outputs).await)?;
            }
            let Some((_, etag)) = aws.read_until_found("the policy", look).await? else { return Ok(()) };
            let request = || {
                let request = aws.cloudfront().delete_continuous_deployment_policy();
                request.id(&outputs.id).if_match(&etag).send()
            };
            ignore_missing(aws.call("cloudfront:DeleteContinuousDeploymentPolicy", request).await)
        };
        let may_end =
            |error: &CallError| is_overtaken(error) || error.code() == Some("ContinuousDeploymentPolicyInUse");
        aws.retry("the distribution to release the policy", RELEASED_WITHIN, may_end, attempt).await
    }
}

/// The ids and settings of all policies of the account.
async fn list(aws: &Regional) -> Result<Vec<(String, ContinuousDeploymentPolicyConfig)>, CallError> {
    let all = pages(|next| async move {
        let request = || aws.cloudfront().list_continuous_deployment_policies().set_marker(next.clone()).send();
        let page = aws.call("cloudfront:ListContinuousDeploymentPolicies", request).await?;
        let page = required(page.continuous_deployment_policy_list, "the list of continuous deployment policies")?;
        Ok((page.items, page.next_marker))
    });
    let policies = all.await?.into_iter().filter_map(|item| item.continuous_deployment_policy);
    Ok(policies.filter_map(|policy| Some((policy.id, policy.continuous_deployment_policy_config?))).collect())
}

/// The settings of a policy and their ETag; `None` when it does not exist.
async fn get(aws: &Regional, id: &str) -> Result<Option<(ContinuousDeploymentPolicyConfig, String)>, CallError> {
    let request = || aws.cloudfront().get_continuous_deployment_policy().id(id).send();
    let answer = none_if_missing(aws.call("cloudfront:GetContinuousDeploymentPolicy", request).await)?;
    let Some(held) = answer else { return Ok(None) };
    let config = held.continuous_deployment_policy.and_then(|policy| policy.continuous_deployment_policy_config);
    let config = required(config, "a continuous deployment policy's settings")?;
    Ok(Some((config, required(held.e_tag, "a continuous deployment policy's ETag")?)))
}

/// Changes the settings, unless they are changed concurrently.
async fn put(aws: &Regional, id: &str, config: &ContinuousDeploymentPolicyConfig) -> Result<(), CallError> {
    let attempt = || async {
        let held = aws.read_until_found("the policy", || get(aws, id)).await?;
        let (_, etag) = required(held, "a continuous deployment policy")?;
        let request = || {
            let request = aws.cloudfront().update_continuous_deployment_policy().id(id).if_match(&etag);
            request.continuous_deployment_policy_config(config.clone()).send()
        };
        aws.call("cloudfront:UpdateContinuousDeploymentPolicy", request).await.map(drop)
    };
    let what = "concurrent changes of the policy to end";
    aws.retry(what, CONSISTENCY_WINDOW, is_overtaken, attempt).await
}

/// Whether the distribution uses the policy.
async fn is_attached(aws: &Regional, distribution: &str, outputs: &Outputs) -> Result<bool, CallError> {
    let held = distribution::get(aws, distribution).await?;
    let config = held.and_then(|held| held.distribution?.distribution_config);
    Ok(config.is_some_and(|config| config.continuous_deployment_policy_id.as_ref() == Some(&outputs.id)))
}

/// Attaches the policy to the distribution, and waits until every edge location uses it.
async fn attach(aws: &Regional, distribution: &str, outputs: &Outputs) -> Result<(), CallError> {
    let mut newest = None;
    if !is_attached(aws, distribution, outputs).await? {
        newest = set_policy(aws, distribution, &outputs.id).await?;
    }
    // Also without a change, because an earlier one may have been interrupted during this wait.
    distribution::wait(aws, distribution, newest).await
}

/// Detaches the policy from the distribution, unless that uses another one.
async fn detach(aws: &Regional, distribution: &str, outputs: &Outputs) -> Result<(), CallError> {
    if !is_attached(aws, distribution, outputs).await? {
        return Ok(());
    }
    let newest = set_policy(aws, distribution, "").await?;
    distribution::wait(aws, distribution, newest).await
}

async fn set_policy(aws: &Regional, distribution: &str, policy: &str) -> Result<Option<String>, CallError> {
    let set = |mut held: DistributionConfig| {
        held.continuous_deployment_policy_id = Some(policy.to_owned());
        Ok(held)
    };
    distribution::change(aws, distribution, set).await
}

fn staging_of(config: &ContinuousDeploymentPolicyConfig) -> Option<&String> {
    config.staging_distribution_dns_names.as_ref()?.items().first()
}

fn to_aws(spec: &Resolved<Spec>) -> Result<ContinuousDeploymentPolicyConfig, CallError> {
    let staging = StagingDistributionDnsNames::builder().quantity(1).items(spec.staging_domain_name.get()).build();
    let traffic = TrafficConfig::builder();
    let traffic = match &spec.traffic {
        Traffic::Share { percent, session } => {
            let session = session.map(|session| {
                let config = SessionStickinessConfig::builder().idle_ttl(to_i32(session.idle_seconds)?);
                build_part(config.maximum_ttl(to_i32(session.maximum_seconds)?).build())
            });
            let config = ContinuousDeploymentSingleWeightConfig::builder()
                .weight(weight(*percent))
                .set_session_stickiness_config(session.transpose()?);
            traffic
                .r#type(ContinuousDeploymentPolicyType::SingleWeight)
                .single_weight_config(build_part(config.build())?)
        }
        Traffic::Header { name, value } => {
            let config = ContinuousDeploymentSingleHeaderConfig::builder().header(name).value(value);
            traffic
                .r#type(ContinuousDeploymentPolicyType::SingleHeader)
                .single_header_config(build_part(config.build())?)
        }
    };
    let config = ContinuousDeploymentPolicyConfig::builder().enabled(true);
    let config =
        config.staging_distribution_dns_names(build_part(staging)?).traffic_config(build_part(traffic.build())?);
    build_part(config.build())
}

/// The share in CloudFront's form: 0.05 for 5 percent.
fn weight(percent: i64) -> f32 {
    i16::try_from(percent).map_or(0.0, |percent| f32::from(percent) / 100.0)
}

/// The spec that CloudFront reports. A share that is no whole number of percent is a share of 0, which differs from every
/// desired one.
fn reported(config: &ContinuousDeploymentPolicyConfig, distribution_id: Input<String>, is_attached: bool) -> Spec {
    let traffic = config.traffic_config.as_ref();
    let share = traffic.and_then(|traffic| traffic.single_weight_config());
    let header = traffic.and_then(|traffic| traffic.single_header_config());
    let traffic = match header {
        Some(header) => Traffic::Header { name: header.header().to_lowercase(), value: header.value().to_owned() },
        None => Traffic::Share {
            percent: share
                .and_then(|share| (1..=100).find(|percent| (weight(*percent) - share.weight()).abs() < 1e-4))
                .unwrap_or_default(),
            session: share.and_then(|share| share.session_stickiness_config()).map(|session| Session {
                idle_seconds: session.idle_ttl().into(),
                maximum_seconds: session.maximum_ttl().into(),
            }),
        },
    };
    Spec {
        distribution_id,
        staging_domain_name: Input::Known(staging_of(config).cloned().unwrap_or_default()),
        traffic,
        deviations: Deviations::default().record_unless("Enabled", config.enabled).record_unless(ATTACHED, is_attached),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_reads_back_as_its_spec() {
        let session = Session { idle_seconds: 300, maximum_seconds: 600 };
        let header = Traffic::Header { name: "aws-cf-cd-preview".to_owned(), value: "on".to_owned() };
        let shares = (1..=15).map(|percent| Traffic::Share { percent, session: None });
        let others = [Traffic::Share { percent: 7, session: Some(session) }, header];
        for traffic in shares.chain(others) {
            let spec = Spec {
                distribution_id: Input::from("E1"),
                staging_domain_name: Input::from("d2.cloudfront.net"),
                traffic,
                deviations: Deviations::default(),
            };
            let mut config = to_aws(&Resolved::new(&serde_json::to_value(&spec).unwrap()).unwrap()).unwrap();
            assert_eq!(reported(&config, Input::from("E1"), true), spec);
            config.enabled = false;
            let differing = reported(&config, Input::from("E1"), false).deviations;
            assert!(differing.has("Enabled") && differing.has(ATTACHED));
        }
    }
}
