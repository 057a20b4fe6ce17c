//! The owner id of a resource that an import names: from its claim, or from the tags of its objects.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;

use crate::apply::Engine;
use crate::aws::{CallError, chain};
use crate::components::{OWNER_ID_TAG, ownership as claim};
use crate::desired::{OwnerId, Scope};
use crate::plan::{Entry, Ledger};
use crate::wire::{Diagnostic, Diagnostics, Path};

/// What a search for an owner id found.
pub struct Found {
    /// The owner id.
    pub owner_id: OwnerId,
    /// A warning when the claim is not in the provider's region, or is missing.
    pub warnings: Diagnostics,
}

/// Searches for the owner id of the engine's owner: in the claim of the home region, then in the claims of the other
/// `regions`, then in the tags of objects of these `kinds`. `None` when nothing carries the owner's name.
///
/// # Errors
/// The home region cannot be searched, or several owner ids were found.
pub async fn owner_id(engine: &Engine, kinds: &[&str], regions: &[String]) -> Result<Option<Found>, Diagnostics> {
    let claim = claim::record(&engine.regional(&claim::address())).await;
    if let Some(record) = claim.map_err(|error| vec![failed(engine, &error)])? {
        return Ok(Some(Found { owner_id: record.owner_id, warnings: Vec::new() }));
    }
    let others: Vec<&String> = regions.iter().filter(|region| *region != engine.home_region()).collect();
    let records = join_all(others.iter().map(|region| {
        let aws = engine.regional(&claim::address()).at(region);
        async move { claim::record(&aws).await }
    }));
    let (mut ids, mut unreachable) = (BTreeMap::new(), Vec::new());
    for (region, record) in others.iter().zip(records.await) {
        match record {
            Ok(Some(record)) => drop(ids.insert(record.owner_id, format!("its claim is in {region}"))),
            Ok(None) => {}
            Err(error) => unreachable.push(format!("{region} ({})", chain(&error))),
        }
    }
    if ids.is_empty() {
        ids = tagged(engine, kinds, regions).await.map_err(|error| vec![failed(engine, &error)])?;
    }
    let mut found = ids.into_iter();
    let Some((owner_id, place)) = found.next() else { return Ok(None) };
    let rest: Vec<_> = found.collect();
    if !rest.is_empty() {
        return Err(vec![ambiguous(engine, std::iter::once((owner_id, place)).chain(rest))]);
    }
    let unsearched = match unreachable.as_slice() {
        [] => String::new(),
        unreachable => format!(" These regions could not be searched: {}.", unreachable.join(", ")),
    };
    let detail = format!(
        "The provider's region {} has no claim of {}. The resource with the owner id {owner_id} was found elsewhere: {place}. \
         Its home region stays {}.{unsearched}",
        engine.home_region(),
        engine.owner(),
        owner_id.home_region()
    );
    let warnings = vec![Diagnostic::warning(Path::root(), "Claim found outside of the provider's region", detail)];
    Ok(Some(Found { owner_id, warnings }))
}

/// The owner ids in the tags of objects, each with one of the objects.
async fn tagged(engine: &Engine, kinds: &[&str], regions: &[String]) -> Result<BTreeMap<OwnerId, String>, CallError> {
    let engine = engine.searching(engine.home_region());
    // The global objects first: they have to answer.
    let mut found = engine.discover(kinds, BTreeSet::new()).await?;
    let searches = regions.iter().map(|region| engine.discover(kinds, [Scope::Region(region.clone())].into()));
    for searched in join_all(searches).await {
        match searched {
            Ok(ledger) => found.take_in(ledger),
            // What is in the others is enough.
            Err(error) => tracing::warn!(error = %chain(&error), "a region could not be searched"),
        }
    }
    let Ledger { entries, deposed, .. } = found;
    let all = entries.into_iter().chain(deposed);
    let tagged = all.filter_map(|(address, entry)| {
        Some((owner_id_of(&entry)?, format!("its claim is missing, and {address} carries the id")))
    });
    Ok(tagged.collect())
}

fn owner_id_of(entry: &Entry) -> Option<OwnerId> {
    entry.spec.get("tags")?.get(OWNER_ID_TAG)?.as_str()?.parse().ok()
}

fn failed(engine: &Engine, error: &CallError) -> Diagnostic {
    let detail = format!("The search for the AWS objects of {} failed: {}.", engine.owner(), chain(error));
    Diagnostic::error(Path::root(), "Import failed", detail)
}

fn ambiguous(engine: &Engine, ids: impl Iterator<Item = (OwnerId, String)>) -> Diagnostic {
    let ids: Vec<String> = ids.map(|(owner_id, place)| format!("{owner_id} ({place})")).collect();
    let detail = format!(
        "Several resources are named {}: {}. Set the provider's region to the home region of the one to import, with which its \
         owner id begins. If its claim is missing, delete the objects of the others first.",
        engine.owner(),
        ids.join(", ")
    );
    Diagnostic::error(Path::root(), "Import is ambiguous", detail)
}
