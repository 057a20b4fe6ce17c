//! Route 53 public hosted zone.
//!
//! An account may have several zones of the same name, and a zone cannot be created with tags. A zone that an
//! interrupted create left behind may therefore have only our caller reference.

use std::collections::BTreeMap;

use aws_sdk_route53::types::TagResourceType::Hostedzone;
use aws_sdk_route53::types::{ChangeAction, HostedZone as AwsZone, HostedZoneConfig, ResourceRecordSet, RrType};
use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Regional};
use crate::components::route53::{dns, validation_record};
use crate::components::support::answer::{ignore_missing, required};
use crate::components::support::{adoption, identity, tags};
use crate::components::{Component, Discovered, Found, OWNER_TAG, Resolved, Siblings, Tags, output_keys};
use crate::desired::{Input, Kind, KindMeta};

/// The kind `hosted_zone`.
#[derive(Debug)]
pub struct HostedZone;

output_keys! {
    HostedZone {
        ID = id: String,
        ARN = arn: String,
        NAME_SERVERS = name_servers: Vec<String>,
    }
}

/// The desired settings of a hosted zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The name.
    pub name: String,
    /// The comment.
    pub comment: Input<String>,
    /// Whether records that this resource did not create are deleted with it.
    pub force_destroy: bool,
    /// The tags, including the ownership tags.
    pub tags: Tags,
}

/// What identifies a hosted zone in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The id that AWS assigned.
    pub id: String,
    /// The ARN.
    pub arn: String,
    /// The name servers to which the parent zone must delegate.
    pub name_servers: Vec<String>,
}

impl Kind for HostedZone {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "hosted_zone",
        about: "Route 53 public hosted zone.",
        id: "the id of the hosted zone",
        outputs: OUTPUTS,
        global: true,
        immutable: &["name"],
        actions: &[
            "account:ListRegions",
            "acm:ListCertificates",
            "acm:ListTagsForCertificate",
            "route53:ChangeResourceRecordSets",
            "route53:ChangeTagsForResource",
            "route53:CreateHostedZone",
            "route53:DeleteHostedZone",
            "route53:GetChange",
            "route53:GetHostedZone",
            "route53:ListHostedZonesByName",
            "route53:ListResourceRecordSets",
            "route53:ListTagsForResource",
            "route53:ListTagsForResources",
            "route53:UpdateHostedZoneComment",
        ],
        ..KindMeta::DEFAULT
    };
}

impl Component for HostedZone {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.id.clone()
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let mut foreign = None;
        for zone in zones(aws, &spec.name).await? {
            let id = dns::zone_id(&zone.id);
            let Some(tags) = dns::tags_of(aws, Hostedzone, id).await? else { continue };
            if tags::is_ours(aws, &tags) || is_begun(aws, &zone, &tags) {
                let Some((outputs, _)) = get(aws, id).await? else { continue };
                return Ok(Some(Found::Ours(outputs)));
            }
            let whose = format!("there is a hosted zone {id} of this name, and {}", tags::whose(aws, &tags, ""));
            foreign = Some(Found::Foreign(whose));
        }
        Ok(foreign)
    }

    async fn discover(aws: &Regional, _siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let mut discovered = Vec::new();
        for zone in zones(aws, aws.owner().name()).await? {
            let id = dns::zone_id(&zone.id);
            let Some(tags) = dns::tags_of(aws, Hostedzone, id).await? else { continue };
            let address = tags::address_here::<Self>(aws, &tags);
            let Some(address) = address.or_else(|| is_begun(aws, &zone, &tags).then(|| aws.address().clone())) else {
                continue;
            };
            let Some((outputs, comment)) = get(aws, id).await? else { continue };
            let spec = Spec {
                name: dns::normal(&zone.name),
                comment: Input::Known(comment),
                force_destroy: false,
                tags: tags::spec(tags),
            };
            discovered.push(Discovered { key: address.key, spec, outputs });
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let created = match begin(aws, spec, &identity::reference(aws, &spec.name)).await {
            // Route 53 refuses the caller reference of a deleted zone.
            Err(error) if error.is_exists() => begin(aws, spec, &identity::fresh_reference(aws, &spec.name)).await?,
            created => created?,
        };
        dns::retag(aws, Hostedzone, &created.id, &Tags::new(), &spec.tags).await?;
        let rival = || rival(aws, &spec.name);
        // A zone that was just deleted may still be listed.
        if let Some(whose) =
            aws.read_until_consistent("other zones of this name", rival, |seen| !matches!(seen, Ok(None))).await?
        {
            // Another owner created a zone of this name at the same time.
            Self::delete(aws, spec, &created).await?;
            return Err(CallError::Foreign { what: format!("the hosted zone {}", spec.name), whose });
        }
        Ok(created)
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let (zone, tags) = futures::join!(get(aws, &outputs.id), dns::tags_of(aws, Hostedzone, &outputs.id));
        let (Some((outputs, comment)), Some(tags)) = (zone?, tags?) else { return Ok(None) };
        let name = spec.name.clone();
        let reported =
            Spec { name, comment: Input::Known(comment), force_destroy: spec.force_destroy, tags: tags::spec(tags) };
        Ok(Some((reported, outputs)))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let from = adoption::start_of_update::<Self>(aws, outputs, from, to).await?;
        if from.comment != to.comment {
            let request =
                || aws.route53().update_hosted_zone_comment().id(&outputs.id).comment(to.comment.get()).send();
            aws.call("route53:UpdateHostedZoneComment", request).await?;
        }
        dns::retag(aws, Hostedzone, &outputs.id, &from.tags, &to.tags).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        let id = &outputs.id;
        if spec.force_destroy {
            ignore_missing(empty(aws, id).await)?;
        } else {
            ignore_missing(delete_left_over(aws, id).await)?;
        }
        let request = || aws.route53().delete_hosted_zone().id(id).send();
        match aws.call("route53:DeleteHostedZone", request).await {
            Err(error) if error.code() == Some("HostedZoneNotEmpty") && !spec.force_destroy => Err(CallError::Failed {
                what: format!("deleting the hosted zone {} ({id})", spec.name),
                why: NOT_EMPTY.to_owned(),
            }),
            Ok(answer) => dns::in_sync(aws, answer.change_info).await,
            answer => ignore_missing(answer),
        }
    }
}

/// Why a zone cannot be deleted. Without `create_before_destroy`, hosts destroy a zone before they update the API that no longer
/// refers to it.
const NOT_EMPTY: &str = "it contains records that this resource did not create. If the same change removes the zone from a \
                         multiregion_api, apply that resource first, with -target. Otherwise delete the records, or set \
                         force_destroy = true and apply first. In a zone with create_before_destroy = true in its lifecycle \
                         block, one apply removes both";

/// Whether a create of this owner id created the zone but has not tagged it yet.
fn is_begun(aws: &Regional, zone: &AwsZone, tags: &BTreeMap<String, String>) -> bool {
    zone.caller_reference.starts_with(&identity::reference_prefix(aws)) && !tags.contains_key(OWNER_TAG)
}

/// A description of the zone of this name that another owner id has created; `None` when there is none. Route 53 allows
/// any number of zones of one name.
async fn rival(aws: &Regional, name: &str) -> Result<Option<String>, CallError> {
    for zone in zones(aws, name).await? {
        let is_multiregions = zone.caller_reference.starts_with(identity::PREFIX);
        if !is_multiregions || zone.caller_reference.starts_with(&identity::reference_prefix(aws)) {
            continue;
        }
        let id = dns::zone_id(&zone.id);
        let Some(tags) = dns::tags_of(aws, Hostedzone, id).await? else { continue };
        return Ok(Some(format!("there is a hosted zone {id} of this name, and {}", tags::whose(aws, &tags, ""))));
    }
    Ok(None)
}

/// The public hosted zones of this name.
async fn zones(aws: &Regional, name: &str) -> Result<Vec<AwsZone>, CallError> {
    let mut zones = Vec::new();
    let mut next = (Some(name.to_owned()), None);
    loop {
        let request = || {
            let request = aws.route53().list_hosted_zones_by_name().set_dns_name(next.0.clone());
            request.set_hosted_zone_id(next.1.clone()).send()
        };
        let page = aws.call("route53:ListHostedZonesByName", request).await?;
        let is_public = |zone: &AwsZone| zone.config.as_ref().is_none_or(|config| !config.private_zone);
        let same = |zone: &AwsZone| dns::normal(&zone.name) == dns::normal(name) && is_public(zone);
        zones.extend(page.hosted_zones.into_iter().filter(same));
        let goes_on = page.next_dns_name.as_deref().is_some_and(|next| dns::normal(next) == dns::normal(name));
        if !page.is_truncated || !goes_on {
            return Ok(zones);
        }
        next = (page.next_dns_name, page.next_hosted_zone_id);
    }
}

/// The outputs and the comment of a zone; `None` when it does not exist.
async fn get(aws: &Regional, id: &str) -> Result<Option<(Outputs, String)>, CallError> {
    let Some(answer) = dns::zone(aws, id).await? else { return Ok(None) };
    let comment = answer.hosted_zone.and_then(|zone| zone.config?.comment).unwrap_or_default();
    let servers = answer.delegation_set.map(|set| set.name_servers).unwrap_or_default();
    Ok(Some((outputs(aws, id, servers), comment)))
}

fn outputs(aws: &Regional, id: &str, mut name_servers: Vec<String>) -> Outputs {
    // Route 53 returns them in any order.
    name_servers.sort();
    let id = dns::zone_id(id).to_owned();
    let arn = format!("arn:{}:route53:::hostedzone/{id}", aws.partition());
    Outputs { id, arn, name_servers }
}

/// Creates a zone without tags, or returns the one that this reference has created.
///
/// # Errors
/// [`CallError::Foreign`] when a zone of this name belongs to another owner; AWS's refusal when the zone of this
/// reference was deleted.
async fn begin(aws: &Regional, spec: &Spec, reference: &str) -> Result<Outputs, CallError> {
    let error = match request(aws, spec, reference).await {
        Err(error) if error.is_exists() => error,
        created => return created,
    };
    match HostedZone::find(aws, spec).await? {
        Some(Found::Ours(outputs)) => Ok(outputs),
        Some(Found::Foreign(whose)) => {
            Err(CallError::Foreign { what: format!("the hosted zone {}", spec.name), whose })
        }
        Some(Found::InTheWay(_) | Found::Replaced(_)) | None => Err(error),
    }
}

async fn request(aws: &Regional, spec: &Spec, reference: &str) -> Result<Outputs, CallError> {
    let config = HostedZoneConfig::builder().comment(spec.comment.get()).build();
    let request = || {
        let request = aws.route53().create_hosted_zone().name(&spec.name).caller_reference(reference);
        request.hosted_zone_config(config.clone()).send()
    };
    // The call may be repeated: AWS creates one zone for a caller reference.
    let answer = aws.call("route53:CreateHostedZone", request).await?;
    let id = required(answer.hosted_zone, "a hosted zone")?.id;
    let servers = answer.delegation_set.map(|set| set.name_servers).unwrap_or_default();
    dns::in_sync(aws, answer.change_info).await?;
    Ok(outputs(aws, &id, servers))
}

/// Deletes our validation records that no certificate needs any more.
async fn delete_left_over(aws: &Regional, id: &str) -> Result<(), CallError> {
    let mut deletes = Vec::new();
    for set in dns::first_record_sets(aws, id).await? {
        if validation_record::is_left_over(aws, &set).await? {
            deletes.push(dns::change_of(ChangeAction::Delete, set)?);
        }
    }
    if deletes.is_empty() { Ok(()) } else { dns::change(aws, id, &deletes).await }
}

/// Deletes every record set but the zone's own NS and SOA.
async fn empty(aws: &Regional, id: &str) -> Result<(), CallError> {
    let Some(zone) = dns::zone(aws, id).await? else { return Ok(()) };
    let name = required(zone.hosted_zone, "a hosted zone")?.name;
    let is_own = |set: &ResourceRecordSet| {
        matches!(set.r#type, RrType::Ns | RrType::Soa) && dns::normal(&set.name) == dns::normal(&name)
    };
    loop {
        let sets = dns::first_record_sets(aws, id).await?.into_iter().filter(|set| !is_own(set));
        let deletes: Vec<_> = sets.map(|set| dns::change_of(ChangeAction::Delete, set)).collect::<Result<_, _>>()?;
        if deletes.is_empty() {
            return Ok(());
        }
        dns::change(aws, id, &deletes).await?;
    }
}
