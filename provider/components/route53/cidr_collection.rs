//! Route 53 CIDR collection: the blocks of IP addresses that an API routes by, grouped by location.
//!
//! Route 53 stores no tags of a collection, and its name is unique in the account: the name contains a hash of the owner id.

use std::time::Duration;

use aws_sdk_route53::types::CollectionSummary;
use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Regional};
use crate::components::support::answer::{ignore_missing, pages, required};
use crate::components::support::identity;
use crate::components::{Component, Discovered, Found, Resolved, Siblings, output_keys};
use crate::desired::{Kind, KindMeta};

/// The kind `cidr_collection`.
#[derive(Debug)]
pub struct CidrCollection;

output_keys! {
    CidrCollection {
        ID = id: String,
    }
}

/// The desired settings of a CIDR collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The beginning of the name: the name of the API.
    pub name: String,
}

/// What identifies a CIDR collection in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The id that AWS assigned.
    pub id: String,
}

impl Kind for CidrCollection {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "cidr_collection",
        about: "Route 53 CIDR collection: the blocks of IP addresses that requests are routed by.",
        id: "the id of the collection",
        outputs: OUTPUTS,
        global: true,
        immutable: &["name"],
        actions: &["route53:CreateCidrCollection", "route53:DeleteCidrCollection", "route53:ListCidrCollections"],
        ..KindMeta::DEFAULT
    };
}

impl Component for CidrCollection {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.id.clone()
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let name = full_name(aws, &spec.name);
        let named = all(aws).await?.into_iter().find(|collection| collection.name.as_deref() == Some(&name));
        Ok(named.and_then(|collection| Some(Found::Ours(Outputs { id: collection.id? }))))
    }

    async fn discover(aws: &Regional, _siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let hash = hash(aws);
        let own = all(aws).await?.into_iter().filter_map(|collection| {
            let name = collection.name?.strip_suffix(&hash)?.to_owned();
            Some(Discovered { key: None, spec: Spec { name }, outputs: Outputs { id: collection.id? } })
        });
        Ok(own.collect())
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let name = full_name(aws, &spec.name);
        match request(aws, &name, &identity::reference(aws, &spec.name)).await {
            Err(error) if error.is_exists() => match Self::find(aws, spec).await? {
                Some(Found::Ours(found)) => Ok(found),
                // Route 53 may refuse the caller reference of a deleted collection.
                _ => request(aws, &name, &identity::fresh_reference(aws, &spec.name)).await,
            },
            created => created,
        }
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let exists = all(aws).await?.iter().any(|collection| collection.id.as_deref() == Some(&outputs.id));
        Ok(exists.then(|| (spec.clone(), outputs.clone())))
    }

    async fn update(
        _aws: &Regional,
        outputs: &Outputs,
        _from: &Spec,
        _to: &Resolved<Spec>,
    ) -> Result<Outputs, CallError> {
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        let attempt = || async {
            let request = || aws.route53().delete_cidr_collection().id(&outputs.id).send();
            ignore_missing(aws.call("route53:DeleteCidrCollection", request).await)
        };
        let in_use =
            |error: &CallError| matches!(error.code(), Some("CidrCollectionInUseException" | "ConcurrentModification"));
        aws.retry("the records of the CIDR collection to be gone", UNUSED_WITHIN, in_use, attempt).await
    }
}

/// How long Route 53 may report that deleted records use a collection.
const UNUSED_WITHIN: Duration = Duration::from_secs(60);

/// The name of the collection: at most 57 of the 64 characters that Route 53 accepts.
fn full_name(aws: &Regional, name: &str) -> String {
    format!("{name}{}", hash(aws))
}

/// The end of the name, which differs between owner ids.
fn hash(aws: &Regional) -> String {
    let prefix = identity::reference_prefix(aws);
    format!("-{}", prefix.trim_start_matches(identity::PREFIX).trim_end_matches('-'))
}

async fn request(aws: &Regional, name: &str, reference: &str) -> Result<Outputs, CallError> {
    let request = || aws.route53().create_cidr_collection().name(name).caller_reference(reference).send();
    let created = aws.call("route53:CreateCidrCollection", request).await?.collection;
    let id = required(created, "a CIDR collection")?.id;
    Ok(Outputs { id: required(id, "the id of a CIDR collection")? })
}

/// All CIDR collections of the account.
async fn all(aws: &Regional) -> Result<Vec<CollectionSummary>, CallError> {
    let ask = || async {
        pages(|next| async move {
            let request = || aws.route53().list_cidr_collections().set_next_token(next.clone()).send();
            let page = aws.call("route53:ListCidrCollections", request).await?;
            Ok((page.cidr_collections, page.next_token))
        })
        .await
    };
    aws.read_once("route53:ListCidrCollections", ask).await
}
