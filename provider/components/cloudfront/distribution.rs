//! CloudFront distribution in front of the regions.

mod behavior;
mod config;
mod continuous;
mod deployment;
mod optional;
mod origin;
mod policies;
mod spec;
mod takeover;

use std::collections::BTreeMap;

use aws_sdk_cloudfront::operation::get_distribution::GetDistributionOutput;
use aws_sdk_cloudfront::types::{DistributionConfigWithTags, DistributionSummary};
use serde::{Deserialize, Serialize};

use super::is_overtaken;
use super::tagging::{retag, tags_of, to_aws};
use crate::aws::{CallError, Region, Regional};
use crate::components::route53::dns;
use crate::components::support::answer::{ignore_missing, none_if_missing, pages, required};
use crate::components::support::creation::{Repeated, create_or_adopt};
use crate::components::support::{adoption, identity, tags};
use crate::components::{Component, Discovered, Found, Problem, Resolved, Siblings, Tags, output_keys};
use crate::desired::{Kind, KindMeta};

pub(super) use deployment::{change, wait};
pub use spec::{
    Behavior, Connection, ErrorResponse, GeoRestriction, Logging, Origin, OriginGroup, Replacement, Spec, TakeOver,
    Viewer,
};

/// The kind `distribution`.
#[derive(Debug)]
pub struct Distribution;

output_keys! {
    Distribution {
        ID = id: String,
        DOMAIN_NAME = domain_name: String,
    }
}

/// The key of the objects of a distribution: its certificate, and the record sets that lead to it.
pub const KEY: &str = "cdn";
/// The key of the staging distribution.
pub const STAGING: &str = "staging";
/// The region of a distribution's certificate.
///
/// # Source
/// Amazon CloudFront Developer Guide, "Requirements for using SSL/TLS certificates with CloudFront".
pub const CERTIFICATE_REGION: &str = "us-east-1";
/// The id of the hosted zone of every distribution's own domain name.
///
/// # Source
/// Amazon Route 53 API reference, `AliasTarget`.
pub const HOSTED_ZONE: &str = "Z2FDTNDATAQYW2";

/// What identifies a distribution in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The id that AWS assigned.
    pub id: String,
    /// The ARN.
    pub arn: String,
    /// The distribution's own domain name.
    pub domain_name: String,
}

impl Kind for Distribution {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "distribution",
        about: "CloudFront distribution in front of the regions.",
        id: "the id of the distribution",
        outputs: OUTPUTS,
        global: true,
        immutable: &["staging"],
        secret: &["origin_headers"],
        uncompared: &["take_over"],
        actions: &[
            "cloudfront:CreateDistribution",
            "cloudfront:DeleteDistribution",
            "cloudfront:GetCachePolicy",
            "cloudfront:GetDistribution",
            "cloudfront:GetDistributionConfig",
            "cloudfront:GetOriginRequestPolicy",
            "cloudfront:GetResponseHeadersPolicy",
            "cloudfront:ListDistributions",
            "cloudfront:ListTagsForResource",
            "cloudfront:TagResource",
            "cloudfront:UntagResource",
            "cloudfront:UpdateDistribution",
            "cloudfront:UpdateDomainAssociation",
            "route53:ChangeResourceRecordSets",
            "route53:GetChange",
            "route53:ListResourceRecordSets",
        ],
        ..KindMeta::DEFAULT
    };
}

impl Component for Distribution {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.id.clone()
    }

    fn domain_names(spec: &Spec) -> Vec<String> {
        // An alias that moves belongs to two distributions for a while.
        let is_moved = spec.take_over.is_some();
        spec.aliases.iter().filter(|_| !is_moved).filter_map(|alias| alias.known().cloned()).collect()
    }

    async fn check(aws: &Regional, spec: &Spec) -> Result<Vec<Problem>, CallError> {
        let all = spec.behaviors.iter().map(|(pattern, behavior)| (pattern.as_str(), behavior));
        let all = all.chain([("*", &spec.default_behavior)]);
        let is_group = |target: &str| spec.groups.iter().any(|group| group.id == target);
        let wrong = all.filter(|(_, behavior)| behavior.writes && is_group(&behavior.target));
        let mut problems = policies::missing(aws, spec).await?;
        problems.extend(takeover::conflicts(aws, spec).await?);
        problems.extend(wrong.map(|(pattern, _)| Problem {
            summary: "Origin group cannot take writes",
            detail: format!(
                "The behavior {pattern:?} sends POST, PUT, PATCH and DELETE to an origin group. CloudFront rejects that, \
                 because it fails over only for GET, HEAD and OPTIONS. Send these methods to a single origin."
            ),
        }));
        Ok(problems)
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let mut foreign = None;
        for summary in summaries(aws).await? {
            let has_our_comment = summary.comment == spec.comment;
            let wanted = |alias: &&String| spec.aliases.iter().any(|ours| ours.known() == Some(*alias));
            let shared = aliases_of(&summary).iter().find(wanted).cloned();
            if !has_our_comment && shared.is_none() {
                continue;
            }
            // The list may still contain a deleted distribution.
            let Some(tags) = none_if_missing(tags_of(aws, &summary.arn).await)? else { continue };
            if tags::is_ours(aws, &tags) {
                return Ok(Some(Found::Ours(outputs(&summary))));
            }
            // A comment is not unique, so an equal one is no conflict.
            let Some(alias) = shared else { continue };
            let whose = takeover::whose(aws, &summary, &alias, &tags);
            let whose = match spec.take_over {
                Some(_) => {
                    const ONLY_EXISTING: &str = "CloudFront moves an alias only to a distribution that exists, so create the \
                                                 API with other aliases first";
                    format!("{whose}; {ONLY_EXISTING}")
                }
                None => whose,
            };
            foreign = Some(Found::Foreign(whose));
        }
        Ok(foreign)
    }

    async fn discover(aws: &Regional, _: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let mut discovered = Vec::new();
        for (key, outputs) in own_by_key(aws).await? {
            let Some(spec) = reported(aws, &outputs, None).await? else { continue };
            discovered.push(Discovered { key, spec, outputs });
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let first = identity::reference(aws, "");
        let created = match request(aws, spec, &first).await {
            // CloudFront refuses the caller reference of a deleted distribution.
            Err(error) if error.code() == Some("DistributionAlreadyExists") => {
                request(aws, spec, &identity::fresh_reference(aws, "")).await?
            }
            Err(error) if error.code() == Some("CNAMEAlreadyExists") => {
                let whose = error.message().to_owned();
                return Err(CallError::Foreign { what: "an alias of the distribution".to_owned(), whose });
            }
            created => created?,
        };
        deployment::wait(aws, &created.id, None).await?;
        Ok(created)
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        Ok(reported(aws, outputs, Some(spec)).await?.map(|spec| (spec, outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let from = adoption::start_of_update::<Self>(aws, outputs, from, to).await?;
        retag(aws, &outputs.arn, &from.tags, &to.tags).await?;
        let settings = |spec: &Spec| {
            let spec = spec.clone();
            Spec { tags: Tags::new(), deviations: spec.deviations.without(deployment::STATUS), ..spec }
        };
        let mut newest = None;
        if settings(&from) != settings(to) {
            takeover::move_aliases(aws, outputs, &from, to).await?;
            newest = continuous::change(aws, &outputs.id, |held| config::updated(held, Some(&from), to)).await?;
        }
        // Also without a change, because an earlier update may have been interrupted during this wait.
        deployment::wait(aws, &outputs.id, newest).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        let id = &outputs.id;
        // A distribution that was just created may not be visible yet, and must not be left behind.
        let look = || get(aws, id);
        let Some(answer) = aws.read_until_found("the distribution", look).await? else { return Ok(()) };
        let config = answer.distribution.and_then(|distribution| distribution.distribution_config);
        let mut newest = None;
        if required(config, "a distribution's settings")?.enabled {
            newest = none_if_missing(deployment::change(aws, id, |held| Ok(config::disabled(held))).await)?.flatten();
        }
        ignore_missing(deployment::wait(aws, id, newest).await)?;
        let delete = || async {
            let held = aws.read_until_found("the distribution", look).await?;
            let Some(etag) = held.and_then(|answer| answer.e_tag) else { return Ok(()) };
            let request = || aws.cloudfront().delete_distribution().id(id).if_match(&etag).send();
            ignore_missing(aws.call("cloudfront:DeleteDistribution", request).await)
        };
        aws.retry("concurrent changes of the distribution to end", deployment::SETTLED_WITHIN, is_overtaken, delete)
            .await
    }
}

/// The distributions of the account.
pub(crate) async fn summaries(aws: &Region) -> Result<Vec<DistributionSummary>, CallError> {
    let ask = || async {
        pages(|next| async move {
            let request = || aws.cloudfront().list_distributions().set_marker(next.clone()).send();
            let page = aws.call("cloudfront:ListDistributions", request).await?.distribution_list;
            let page = required(page, "the list of distributions")?;
            Ok((page.items, page.next_marker.filter(|_| page.is_truncated)))
        })
        .await
    };
    aws.read_once("cloudfront:ListDistributions", ask).await
}

fn outputs(summary: &DistributionSummary) -> Outputs {
    Outputs { id: summary.id.clone(), arn: summary.arn.clone(), domain_name: summary.domain_name.clone() }
}

fn aliases_of(summary: &DistributionSummary) -> Vec<String> {
    summary.aliases.as_ref().map(|aliases| aliases.items().to_vec()).unwrap_or_default()
}

/// The tags of the distribution of any owner in this account that has this domain name; `None` when there is none.
pub(crate) async fn tags_at(aws: &Regional, domain_name: &str) -> Result<Option<BTreeMap<String, String>>, CallError> {
    let all = summaries(aws).await?;
    let Some(found) = all.iter().find(|summary| dns::normal(&summary.domain_name) == domain_name) else {
        return Ok(None);
    };
    none_if_missing(tags_of(aws, &found.arn).await)
}

/// This owner's distributions.
pub(crate) async fn own(aws: &Regional) -> Result<Vec<Outputs>, CallError> {
    Ok(own_by_key(aws).await?.into_iter().map(|(_, outputs)| outputs).collect())
}

/// This owner's distributions with the keys of their addresses.
async fn own_by_key(aws: &Regional) -> Result<Vec<(Option<String>, Outputs)>, CallError> {
    let mut own = Vec::new();
    // Filtering by comment saves a read of every distribution's tags.
    for summary in summaries(aws).await?.into_iter().filter(|summary| summary.comment.contains(aws.owner().name())) {
        let Some(tags) = none_if_missing(tags_of(aws, &summary.arn).await)? else { continue };
        if let Some(address) = tags::address_of::<Distribution>(aws, &tags) {
            own.push((address.key, outputs(&summary)));
        }
    }
    Ok(own)
}

/// The alternate domain names of a distribution, and the ARN of the certificate for them.
pub(crate) async fn aliases(aws: &Regional, id: &str) -> Result<(Vec<String>, Option<String>), CallError> {
    let config = get(aws, id).await?.and_then(|answer| answer.distribution?.distribution_config);
    let Some(config) = config else { return Ok((Vec::new(), None)) };
    let aliases = config.aliases.and_then(|aliases| aliases.items).unwrap_or_default();
    let certificate = config.viewer_certificate.and_then(|viewer| viewer.acm_certificate_arn);
    Ok((aliases.iter().map(|alias| dns::normal(alias)).collect(), certificate))
}

/// A distribution with its configuration; `None` when it does not exist.
pub(crate) async fn get(aws: &Region, id: &str) -> Result<Option<GetDistributionOutput>, CallError> {
    let request = || aws.cloudfront().get_distribution().id(id).send();
    none_if_missing(aws.call("cloudfront:GetDistribution", request).await)
}

/// The spec that CloudFront reports, in the spelling of `ours`.
async fn reported(aws: &Regional, outputs: &Outputs, ours: Option<&Spec>) -> Result<Option<Spec>, CallError> {
    let (answer, tags) = futures::join!(get(aws, &outputs.id), tags_of(aws, &outputs.arn));
    let (Some(answer), Some(tags)) = (answer?, none_if_missing(tags)?) else { return Ok(None) };
    let held = required(answer.distribution, "a distribution")?;
    let config = required(held.distribution_config, "a distribution's settings")?;
    let reported = config::reported(&config, ours, tags::spec(tags));
    let spec = required(reported, "a distribution's behaviors")?;
    // A distribution that is not deployed needs an update, which waits for the deployment.
    let is_deployed = held.status == deployment::DEPLOYED;
    Ok(Some(Spec { deviations: spec.deviations.record_unless(deployment::STATUS, is_deployed), ..spec }))
}

async fn request(aws: &Regional, spec: &Resolved<Spec>, reference: &str) -> Result<Outputs, CallError> {
    let config = DistributionConfigWithTags::builder()
        .distribution_config(config::fresh(spec, reference)?)
        .tags(to_aws(tags::plain(&spec.tags))?)
        .build();
    let look = || Distribution::find(aws, spec);
    let send = || async {
        let request = aws.cloudfront().create_distribution_with_tags();
        let answer = request.distribution_config_with_tags(config.clone()).send().await;
        answer.map(|created| {
            let created = created.distribution?;
            Some(Outputs { id: created.id, arn: created.arn, domain_name: created.domain_name })
        })
    };
    let make = || create_or_adopt(aws, "cloudfront:CreateDistribution", Repeated::IsRefused, look, send);
    // A new certificate is visible to CloudFront a little later than in ACM.
    let unseen = |error: &CallError| error.code() == Some("InvalidViewerCertificate");
    aws.retry("CloudFront to see the certificate", deployment::SETTLED_WITHIN, unseen, make).await
}
