//! Route 53 CIDR location: the blocks of IP addresses whose clients one region answers.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_route53::types::{CidrBlockSummary, CidrCollectionChange, CidrCollectionChangeAction};
use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Region, Regional};
use crate::components::route53::cidr;
use crate::components::route53::cidr_collection::CidrCollection;
use crate::components::support::answer::{build_part, none_if_missing, pages};
use crate::components::{Component, Discovered, Found, Resolved, Siblings, output_keys};
use crate::desired::{Input, Kind, KindMeta};

/// The kind `cidr_location`.
#[derive(Debug)]
pub struct CidrLocation;

output_keys! {
    CidrLocation {
        NAME = name: String,
    }
}

/// The desired settings of a CIDR location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The id of the collection.
    pub collection_id: Input<String>,
    /// The name of the location.
    pub name: String,
    /// The blocks, in their usual spelling.
    pub cidrs: BTreeSet<String>,
}

/// What identifies a CIDR location in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The id of the collection.
    pub collection_id: String,
    /// The name of the location.
    pub name: String,
}

impl Kind for CidrLocation {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "cidr_location",
        about: "Route 53 CIDR location: the blocks of IP addresses whose clients a region answers.",
        id: "`COLLECTION_ID/NAME`",
        outputs: OUTPUTS,
        global: true,
        immutable: &["collection_id", "name"],
        actions: &["route53:ChangeCidrCollection", "route53:ListCidrBlocks"],
        ..KindMeta::DEFAULT
    };
}

impl Component for CidrLocation {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        format!("{}/{}", outputs.collection_id, outputs.name)
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let Some(collection_id) = spec.collection_id.known() else { return Ok(None) };
        let held = none_if_missing(blocks(aws, collection_id).await)?.unwrap_or_default();
        let exists = !of_location(&held, &spec.name).is_empty();
        let outputs = Outputs { collection_id: collection_id.clone(), name: spec.name.clone() };
        // The collection is ours, and so is everything in it.
        Ok(exists.then_some(Found::Ours(outputs)))
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let mut discovered = Vec::new();
        for (_, collection) in siblings.all::<CidrCollection>() {
            let blocks = blocks(aws, &collection.id).await?;
            let names: BTreeSet<&str> = blocks.iter().filter_map(CidrBlockSummary::location_name).collect();
            for name in names {
                let collection_id = collection.id.clone();
                let spec = Spec {
                    collection_id: Input::Known(collection_id.clone()),
                    name: name.to_owned(),
                    cidrs: of_location(&blocks, name),
                };
                let outputs = Outputs { collection_id, name: name.to_owned() };
                discovered.push(Discovered { key: Some(name.to_owned()), spec, outputs });
            }
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let outputs = Outputs { collection_id: spec.collection_id.get().clone(), name: spec.name.clone() };
        put(aws, &outputs, &BTreeSet::new(), &spec.cidrs).await?;
        Ok(outputs)
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let held = none_if_missing(blocks(aws, &outputs.collection_id).await)?.unwrap_or_default();
        let cidrs = of_location(&held, &outputs.name);
        // A location exists while it has blocks.
        Ok((!cidrs.is_empty()).then(|| (Spec { cidrs, ..spec.clone() }, outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        put(aws, outputs, &from.cidrs, &to.cidrs).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        none_if_missing(put(aws, outputs, &spec.cidrs, &BTreeSet::new()).await).map(drop)
    }
}

/// How long a change is retried while others change the collection, or while Route 53 reports that deleted records use the
/// location.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);
/// The number of blocks that AWS accepts in one request.
const BATCH: usize = 1_000;

/// Gives the location exactly the blocks in `wanted`. A block of another location of the collection moves in the same request,
/// so that its clients always have an answer. A read may not return the blocks in `from` yet, nor a new collection.
async fn put(
    aws: &Regional,
    outputs: &Outputs,
    from: &BTreeSet<String>,
    wanted: &BTreeSet<String>,
) -> Result<(), CallError> {
    let read = || async { none_if_missing(all_blocks(aws, &outputs.collection_id).await) };
    let attempt = || async {
        let held = aws.read_until_found("the CIDR collection", read).await?.unwrap_or_default();
        let changes = changes(&held, &outputs.name, from, wanted);
        for batch in changes.chunks(BATCH) {
            let batch = batch.iter().map(Change::to_aws).collect::<Result<Vec<_>, CallError>>()?;
            let request = || {
                let request = aws.route53().change_cidr_collection().id(&outputs.collection_id);
                request.set_changes(Some(batch.clone())).send()
            };
            aws.call("route53:ChangeCidrCollection", request).await?;
        }
        Ok(())
    };
    aws.retry("other changes of the CIDR collection to end", SETTLED_WITHIN, is_settling, attempt).await
}

fn is_settling(error: &CallError) -> bool {
    matches!(error.code(), Some("CidrBlockInUseException" | "ConcurrentModification"))
}

/// The change of one block.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Change {
    location: String,
    put: bool,
    block: String,
}

impl Change {
    fn to_aws(&self) -> Result<CidrCollectionChange, CallError> {
        let action =
            if self.put { CidrCollectionChangeAction::Put } else { CidrCollectionChangeAction::DeleteIfExists };
        let change = CidrCollectionChange::builder().location_name(&self.location).action(action);
        build_part(change.cidr_list(&self.block).build())
    }
}

/// The changes that give `location` exactly the blocks in `wanted`, if it has those in `from` and those that are `held`.
/// Deletions come first: a block is in one location only.
fn changes(
    held: &[CidrBlockSummary],
    location: &str,
    from: &BTreeSet<String>,
    wanted: &BTreeSet<String>,
) -> Vec<Change> {
    let (mut changes, mut present) = (Vec::new(), BTreeSet::new());
    let unread = from.difference(wanted).filter(|block| !of_location(held, location).contains(*block));
    changes.extend(unread.map(|block| Change { location: location.to_owned(), put: false, block: block.clone() }));
    for summary in held {
        let (Some(block), Some(its)) = (summary.cidr_block(), summary.location_name()) else { continue };
        let normal = cidr::normal(block);
        match (its == location, wanted.contains(&normal)) {
            (true, true) => drop(present.insert(normal)),
            (true, false) | (false, true) => {
                changes.push(Change { location: its.to_owned(), put: false, block: block.to_owned() });
            }
            (false, false) => {}
        }
    }
    let missing = wanted.difference(&present);
    changes.extend(missing.map(|block| Change { location: location.to_owned(), put: true, block: block.clone() }));
    changes
}

fn of_location(blocks: &[CidrBlockSummary], name: &str) -> BTreeSet<String> {
    let own = blocks.iter().filter(|block| block.location_name() == Some(name));
    own.filter_map(CidrBlockSummary::cidr_block).map(cidr::normal).collect()
}

/// All blocks of a collection. Several locations share the answer.
async fn blocks(aws: &Regional, collection_id: &str) -> Result<Vec<CidrBlockSummary>, CallError> {
    aws.read_once(&format!("route53:ListCidrBlocks of {collection_id}"), || all_blocks(aws, collection_id)).await
}

/// All blocks of a collection, by a request of its own.
pub(crate) async fn all_blocks(aws: &Region, collection_id: &str) -> Result<Vec<CidrBlockSummary>, CallError> {
    pages(|next| async move {
        let request =
            || aws.route53().list_cidr_blocks().collection_id(collection_id).set_next_token(next.clone()).send();
        let page = aws.call("route53:ListCidrBlocks", request).await?;
        Ok((page.cidr_blocks, page.next_token))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(blocks: &[(&str, &str)]) -> Vec<CidrBlockSummary> {
        let summary = |(location, block): &(&str, &str)| {
            CidrBlockSummary::builder().location_name(*location).cidr_block(*block).build()
        };
        blocks.iter().map(summary).collect()
    }

    fn described(held: &[CidrBlockSummary], from: &[&str], wanted: &[&str]) -> Vec<String> {
        let [from, wanted] = [from, wanted].map(|blocks| blocks.iter().map(|block| (*block).to_owned()).collect());
        let describe = |change: Change| format!("{} {} {}", change.put, change.location, change.block);
        changes(held, "east", &from, &wanted).into_iter().map(describe).collect()
    }

    #[test]
    fn a_block_of_another_location_moves_in_one_request() {
        let held = held(&[("east", "10.0.0.0/8"), ("west", "2001:DB8::/32"), ("west", "11.0.0.0/8")]);
        assert_eq!(
            described(&held, &[], &["10.0.0.0/8", "2001:db8::/32"]),
            ["false west 2001:DB8::/32", "true east 2001:db8::/32"]
        );
        assert_eq!(described(&held, &["10.0.0.0/8"], &["10.0.0.0/8"]), [""; 0]);
        assert_eq!(described(&held, &["10.0.0.0/8"], &[]), ["false east 10.0.0.0/8"]);
    }

    #[test]
    fn blocks_that_a_read_does_not_return_yet_are_removed() {
        assert_eq!(described(&[], &["10.0.0.0/8"], &[]), ["false east 10.0.0.0/8"]);
        assert_eq!(described(&[], &["10.0.0.0/8"], &["10.0.0.0/8"]), ["true east 10.0.0.0/8"]);
    }
}
