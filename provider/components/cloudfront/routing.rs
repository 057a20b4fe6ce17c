//! What CloudFront reports about a distribution, in the form of the routing model.

use aws_sdk_cloudfront::types::{
    DistributionConfig, EventType, FunctionAssociations, GeoRestrictionType, LambdaFunctionAssociations,
    OriginGroup as AwsOriginGroup,
};

use crate::aws::{CallError, Region};
use crate::components::cloudfront::distribution;
use crate::components::route53::dns;
use crate::traffic::{Behavior, Distribution, OriginGroup, Restriction};

/// The distribution with the domain name that CloudFront assigned; `None` when the account has none.
pub(crate) async fn by_domain_name(aws: &Region, name: &str) -> Result<Option<Distribution>, CallError> {
    let summaries = distribution::summaries(aws).await?;
    let Some(summary) = summaries.iter().find(|summary| dns::normal(&summary.domain_name) == name) else {
        return Ok(None);
    };
    let answer = distribution::get(aws, &summary.id).await?;
    let config = answer.and_then(|answer| answer.distribution?.distribution_config);
    Ok(config.map(|config| reported(&summary.id, name, &config)))
}

fn reported(id: &str, domain_name: &str, config: &DistributionConfig) -> Distribution {
    let aliases = config.aliases.as_ref().map(|aliases| aliases.items()).unwrap_or_default();
    let origins = config.origins.as_ref().map(|origins| origins.items()).unwrap_or_default();
    let groups = config.origin_groups.as_ref().map(|groups| groups.items()).unwrap_or_default();
    Distribution {
        id: id.to_owned(),
        domain_name: domain_name.to_owned(),
        aliases: aliases.iter().map(|alias| dns::normal(alias)).collect(),
        enabled: config.enabled,
        origins: origins.iter().map(|origin| (origin.id.clone(), dns::normal(&origin.domain_name))).collect(),
        groups: groups.iter().map(group).collect(),
        behaviors: behaviors(config),
        restriction: restriction(config),
    }
}

fn group(group: &AwsOriginGroup) -> OriginGroup {
    let members = group.members.as_ref().map(|members| members.items()).unwrap_or_default();
    let codes = group.failover_criteria.as_ref().and_then(|criteria| criteria.status_codes.as_ref());
    let codes = codes.map(|codes| codes.items()).unwrap_or_default();
    OriginGroup {
        id: group.id.clone(),
        members: members.iter().map(|member| member.origin_id.clone()).collect(),
        status_codes: codes.iter().filter_map(|code| u16::try_from(*code).ok()).collect(),
    }
}

fn behaviors(config: &DistributionConfig) -> Vec<Behavior> {
    let ordered = config.cache_behaviors.as_ref().map(|behaviors| behaviors.items()).unwrap_or_default();
    let ordered = ordered.iter().map(|behavior| Behavior {
        pattern: behavior.path_pattern.clone(),
        target: behavior.target_origin_id.clone(),
        function: function(&behavior.lambda_function_associations, &behavior.function_associations),
    });
    let last = config.default_cache_behavior.as_ref().map(|behavior| Behavior {
        pattern: "*".to_owned(),
        target: behavior.target_origin_id.clone(),
        function: function(&behavior.lambda_function_associations, &behavior.function_associations),
    });
    ordered.chain(last).collect()
}

/// The function that may choose another origin.
///
/// # Source
/// CloudFront Developer Guide: Lambda@Edge functions change the origin at origin requests, CloudFront Functions at viewer
/// requests.
fn function(lambda: &Option<LambdaFunctionAssociations>, viewer: &Option<FunctionAssociations>) -> Option<String> {
    let lambda = lambda.as_ref().map(|functions| functions.items()).unwrap_or_default().iter();
    let lambda = lambda.filter(|function| function.event_type == EventType::OriginRequest);
    let viewer = viewer.as_ref().map(|functions| functions.items()).unwrap_or_default().iter();
    let mut viewer = viewer.filter(|function| function.event_type == EventType::ViewerRequest);
    let lambda = lambda.map(|function| function.lambda_function_arn.clone()).next();
    lambda.or_else(|| viewer.next().map(|function| function.function_arn.clone()))
}

fn restriction(config: &DistributionConfig) -> Restriction {
    let geo = config.restrictions.as_ref().and_then(|restrictions| restrictions.geo_restriction.as_ref());
    let Some(geo) = geo else { return Restriction::None };
    match geo.restriction_type {
        GeoRestrictionType::Whitelist => Restriction::Only(geo.items().to_vec()),
        GeoRestrictionType::Blacklist => Restriction::AllBut(geo.items().to_vec()),
        _ => Restriction::None,
    }
}
