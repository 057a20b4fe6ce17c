//! Origins and origin groups in CloudFront's form. Pure.

use std::collections::BTreeMap;

use aws_sdk_cloudfront::types::{
    CustomHeaders, CustomOriginConfig, DistributionConfig, Origin as AwsOrigin, OriginCustomHeader,
    OriginGroup as AwsOriginGroup, OriginGroupFailoverCriteria, OriginGroupMember, OriginGroupMembers, OriginGroups,
    OriginMtlsConfig, OriginProtocolPolicy, OriginShield, OriginSslProtocols, Origins, SslProtocol, StatusCodes,
};

use super::config::count;
use super::{Connection, Origin, OriginGroup, Spec};
use crate::aws::CallError;
use crate::components::Deviations;
use crate::components::route53::dns;
use crate::components::support::answer::{build_part, to_i32};
use crate::desired::Input;

const HTTP_PORT: i32 = 80;
const HTTPS_PORT: i32 = 443;

/// The origins with ours applied. Custom headers that are not ours stay, unless `from` shows that they were ours.
pub(super) fn updated(held: Option<&Origins>, from: Option<&Spec>, spec: &Spec) -> Result<Origins, CallError> {
    let mut origins = Vec::new();
    for (id, origin) in &spec.origins {
        let held = held.and_then(|held| held.items().iter().find(|held| held.id == *id)).cloned();
        let new = AwsOrigin::builder().id(id).domain_name(origin.host.get());
        let mut aws = held.map_or_else(|| build_part(new.build()), Ok)?;
        aws.domain_name.clone_from(origin.host.get());
        aws.origin_path = Some(origin.path.clone());
        aws.custom_headers = Some(headers(aws.custom_headers.as_ref(), from, spec)?);
        aws.connection_attempts = Some(to_i32(origin.connection.attempts)?);
        aws.connection_timeout = Some(to_i32(origin.connection.timeout_seconds)?);
        aws.response_completion_timeout = origin.connection.completion_timeout_seconds.map(to_i32).transpose()?;
        aws.origin_shield = Some(shield(origin)?);
        let before = aws.custom_origin_config.take().and_then(|custom| custom.origin_mtls_config);
        let mut custom = https_only(&origin.connection)?;
        custom.origin_mtls_config = match &spec.client_certificate_arn {
            Some(arn) => Some(build_part(OriginMtlsConfig::builder().client_certificate_arn(arn.get()).build())?),
            None => before.filter(|_| from.is_none_or(|from| from.client_certificate_arn.is_none())),
        };
        aws.custom_origin_config = Some(custom);
        origins.push(aws);
    }
    build_part(Origins::builder().quantity(count(&origins)?).set_items(Some(origins)).build())
}

fn headers(held: Option<&CustomHeaders>, from: Option<&Spec>, spec: &Spec) -> Result<CustomHeaders, CallError> {
    let is_ours = |header: &OriginCustomHeader| {
        let named = |names: &BTreeMap<String, Input<String>>| {
            names.keys().any(|name| name.eq_ignore_ascii_case(&header.header_name))
        };
        named(&spec.origin_headers) || from.is_some_and(|from| named(&from.origin_headers))
    };
    let held = held.map(|held| held.items().to_vec()).unwrap_or_default();
    let mut headers: Vec<OriginCustomHeader> = held.into_iter().filter(|header| !is_ours(header)).collect();
    for (name, value) in &spec.origin_headers {
        headers.push(build_part(OriginCustomHeader::builder().header_name(name).header_value(value.get()).build())?);
    }
    build_part(CustomHeaders::builder().quantity(count(&headers)?).set_items(Some(headers)).build())
}

fn shield(origin: &Origin) -> Result<OriginShield, CallError> {
    let shield = OriginShield::builder().enabled(origin.shield_region.is_some());
    build_part(shield.set_origin_shield_region(origin.shield_region.clone()).build())
}

fn https_only(connection: &Connection) -> Result<CustomOriginConfig, CallError> {
    let protocols = build_part(OriginSslProtocols::builder().quantity(1).items(SslProtocol::TlSv12).build())?;
    let config = CustomOriginConfig::builder()
        .http_port(HTTP_PORT)
        .https_port(HTTPS_PORT)
        .origin_protocol_policy(OriginProtocolPolicy::HttpsOnly)
        .origin_ssl_protocols(protocols)
        .origin_read_timeout(to_i32(connection.read_timeout_seconds)?)
        .origin_keepalive_timeout(to_i32(connection.keepalive_timeout_seconds)?);
    build_part(config.build())
}

/// The certificate that CloudFront presents to the origins. If they have different ones, it is one that differs from that of
/// `ours`. One that others have added while we manage none is theirs.
pub(super) fn client_certificate(config: &DistributionConfig, ours: Option<&Spec>) -> Option<Input<String>> {
    if ours.is_some_and(|ours| ours.client_certificate_arn.is_none()) {
        return None;
    }
    let wanted = ours.and_then(|ours| ours.client_certificate_arn.clone());
    let arn = |origin: &AwsOrigin| {
        let mtls = origin.custom_origin_config.as_ref()?.origin_mtls_config.as_ref()?;
        Some(Input::Known(mtls.client_certificate_arn.clone()))
    };
    let mut held = config.origins.iter().flat_map(|origins| origins.items()).map(arn);
    match wanted {
        Some(_) => held.find(|held| *held != wanted).unwrap_or(wanted),
        None => held.find(Option::is_some).flatten(),
    }
}

/// The origins that AWS reports, in the spelling of `ours`.
pub(super) fn reported(config: &DistributionConfig, ours: Option<&Spec>) -> BTreeMap<String, Origin> {
    let origins = config.origins.iter().flat_map(|origins| origins.items());
    origins.map(|origin| (origin.id.clone(), reported_origin(origin, ours))).collect()
}

fn reported_origin(origin: &AwsOrigin, ours: Option<&Spec>) -> Origin {
    let same = ours.and_then(|ours| ours.origins.get(&origin.id)).map(|ours| ours.host.clone());
    let is_same =
        |host: &Input<String>| host.known().is_some_and(|host| dns::normal(host) == dns::normal(&origin.domain_name));
    let standard = Connection::default();
    let custom = origin.custom_origin_config.as_ref();
    let or = |value: Option<i32>, default: i64| value.map_or(default, i64::from);
    Origin {
        host: same.filter(is_same).unwrap_or_else(|| Input::Known(origin.domain_name.clone())),
        path: origin.origin_path.clone().unwrap_or_default(),
        connection: Connection {
            attempts: or(origin.connection_attempts, standard.attempts),
            timeout_seconds: or(origin.connection_timeout, standard.timeout_seconds),
            read_timeout_seconds: or(
                custom.and_then(|custom| custom.origin_read_timeout),
                standard.read_timeout_seconds,
            ),
            keepalive_timeout_seconds: or(
                custom.and_then(|custom| custom.origin_keepalive_timeout),
                standard.keepalive_timeout_seconds,
            ),
            completion_timeout_seconds: origin.response_completion_timeout.filter(|time| *time > 0).map(i64::from),
        },
        shield_region: origin
            .origin_shield
            .as_ref()
            .filter(|shield| shield.enabled)
            .and_then(|shield| shield.origin_shield_region.clone()),
    }
}

/// The custom headers that every origin has, in the spelling of `ours`. Without `ours`, all of them are reported.
pub(super) fn reported_headers(config: &DistributionConfig, ours: Option<&Spec>) -> BTreeMap<String, Input<String>> {
    let mut origins = config.origins.iter().flat_map(|origins| origins.items()).map(|origin| {
        let headers = origin.custom_headers.iter().flat_map(|headers| headers.items());
        headers.map(|header| (header.header_name.to_lowercase(), header.header_value.clone())).collect()
    });
    let mut common: BTreeMap<String, String> = origins.next().unwrap_or_default();
    for other in origins {
        let other: BTreeMap<String, String> = other;
        common.retain(|name, value| other.get(name) == Some(value));
    }
    let Some(ours) = ours else {
        return common.into_iter().map(|(name, value)| (name, Input::Known(value))).collect();
    };
    let held = |name: &String| Some((name.clone(), Input::Known(common.get(&name.to_lowercase())?.clone())));
    ours.origin_headers.keys().filter_map(held).collect()
}

/// Adds the enforced settings of origins that differ from what [`updated`] sets.
pub(super) fn deviations(config: &DistributionConfig, mut deviations: Deviations) -> Deviations {
    for origin in config.origins.iter().flat_map(|origins| origins.items()) {
        let custom = origin.custom_origin_config.as_ref();
        let policy = custom.map(|custom| &custom.origin_protocol_policy);
        let ports = custom.map(|custom| (custom.http_port, custom.https_port));
        let protocols = custom.and_then(|custom| custom.origin_ssl_protocols.as_ref()).map(OriginSslProtocols::items);
        deviations = deviations
            .record_unless("OriginProtocolPolicy", policy == Some(&OriginProtocolPolicy::HttpsOnly))
            .record_unless("HTTPSPort", ports == Some((HTTP_PORT, HTTPS_PORT)))
            .record_unless("OriginSslProtocols", protocols == Some(&[SslProtocol::TlSv12]));
    }
    deviations
}

/// The origin groups.
pub(super) fn groups(spec: &Spec) -> Result<OriginGroups, CallError> {
    let groups = spec.groups.iter().map(group).collect::<Result<Vec<_>, _>>()?;
    build_part(OriginGroups::builder().quantity(count(&groups)?).set_items(Some(groups)).build())
}

fn group(group: &OriginGroup) -> Result<AwsOriginGroup, CallError> {
    let codes = &group.status_codes;
    let codes = build_part(StatusCodes::builder().quantity(count(codes)?).set_items(Some(codes.clone())).build())?;
    let member = |id: &String| build_part(OriginGroupMember::builder().origin_id(id).build());
    let members = OriginGroupMembers::builder().quantity(2).items(member(&group.primary)?);
    let group = AwsOriginGroup::builder()
        .id(&group.id)
        .failover_criteria(OriginGroupFailoverCriteria::builder().status_codes(codes).build())
        .members(build_part(members.items(member(&group.secondary)?).build())?);
    build_part(group.build())
}

/// The origin groups that AWS reports, in the spelling of `ours`.
pub(super) fn reported_groups(config: &DistributionConfig, ours: Option<&Spec>) -> Vec<OriginGroup> {
    let held = config.origin_groups.iter().flat_map(|groups| groups.items());
    let mut groups: Vec<OriginGroup> = held.filter_map(|group| reported_group(group, ours)).collect();
    groups.sort_by(|a, b| a.id.cmp(&b.id));
    groups
}

fn reported_group(held: &AwsOriginGroup, ours: Option<&Spec>) -> Option<OriginGroup> {
    let ours = ours.and_then(|ours| ours.groups.iter().find(|group| group.id == held.id));
    let mut members = held.members.as_ref()?.items().iter().map(|member| member.origin_id.clone());
    let codes = held.failover_criteria.as_ref().and_then(|criteria| criteria.status_codes.as_ref());
    let codes = codes.map(|codes| codes.items().to_vec()).unwrap_or_default();
    let sorted = |codes: &[i32]| {
        let mut codes = codes.to_vec();
        codes.sort_unstable();
        codes
    };
    let same = ours.map(|ours| &ours.status_codes).filter(|ours| sorted(ours) == sorted(&codes));
    Some(OriginGroup {
        id: held.id.clone(),
        primary: members.next()?,
        secondary: members.next()?,
        status_codes: same.cloned().unwrap_or(codes),
    })
}
