//! Finds the owner id of a resource for an import: in its claim, or in the tags of its objects.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;

use crate::apply::Engine;
use crate::aws::{CallError, chain};
use crate::components::{OWNER_ID_TAG, ownership as claim};
use crate::desired::{OwnerId, Scope};
use crate::plan::{Entry, Ledger};
use crate::wire::{Diagnostic, Diagnostics, Path};

/// The result of a search for an owner id.
pub struct Found {
    /// The owner id.
    pub owner_id: OwnerId,
    /// Whether the claim exists in the home region of the owner id. Without it, no object lists the resource's regions.
    pub has_claim: bool,
    /// A warning when the claim is not in the provider's region, or is missing.
    pub warnings: Diagnostics,
}

/// Searches for the owner id of the engine's owner: in the claim of the home region, then in the claims of the other
/// enabled regions, then in the tags of objects of these `kinds`. `None` when nothing carries the owner's name.
///
/// # Errors
/// The home region cannot be searched, or several owner ids were found.
pub async fn owner_id(engine: &Engine, kinds: &[&str]) -> Result<Option<Found>, Diagnostics> {
    let record = claim::record(&engine.regional(&claim::address())).await;
    if let Some(record) = record.map_err(|error| vec![failed(engine, &error)])? {
        let has_claim = record.owner_id.home_region() == engine.home_region();
        return Ok(Some(Found { owner_id: record.owner_id, has_claim, warnings: Vec::new() }));
    }
    let regions = enabled_regions(engine).await;
    let Claims { regions: claims, unreachable } = claims(engine, &regions).await;
    let mut ids: BTreeMap<OwnerId, String> =
        claims.iter().map(|(owner_id, region)| (owner_id.clone(), format!("its claim is in {region}"))).collect();
    if ids.is_empty() {
        ids = tagged(engine, kinds, &regions).await.map_err(|error| vec![failed(engine, &error)])?;
    }
    if ids.len() > 1 {
        return Err(vec![ambiguous(engine, &ids)]);
    }
    let Some((owner_id, place)) = ids.into_iter().next() else { return Ok(None) };
    let has_claim = claims.get(&owner_id).is_some_and(|region| region == owner_id.home_region());
    let warnings = vec![found_elsewhere(engine, &owner_id, &place, &unreachable)];
    Ok(Some(Found { owner_id, has_claim, warnings }))
}

/// The owner id in the claim of the engine's owner: in the home region, or in another enabled region. `None` without a claim.
///
/// # Errors
/// The home region cannot be searched, or several owner ids were found.
pub async fn claimed(engine: &Engine) -> Result<Option<OwnerId>, Diagnostics> {
    let record = claim::record(&engine.regional(&claim::address())).await;
    if let Some(record) = record.map_err(|error| vec![failed(engine, &error)])? {
        return Ok(Some(record.owner_id));
    }
    let claims = claims(engine, &enabled_regions(engine).await).await.regions;
    if claims.len() > 1 {
        let place = |region: &String| format!("its claim is in {region}");
        let ids = claims.iter().map(|(owner_id, region)| (owner_id.clone(), place(region))).collect();
        return Err(vec![ambiguous(engine, &ids)]);
    }
    Ok(claims.into_keys().next())
}

/// The enabled regions of the account, or only the home region if the credentials may not list regions.
pub async fn enabled_regions(engine: &Engine) -> Vec<String> {
    let regions = engine.regional(&claim::address()).list_regions().await;
    regions.unwrap_or_else(|_| vec![engine.home_region().to_owned()])
}

/// The claims of the owner's name outside of the home region.
struct Claims {
    /// The region of each owner id's claim.
    regions: BTreeMap<OwnerId, String>,
    /// The regions that could not be searched, each with the error.
    unreachable: Vec<String>,
}

async fn claims(engine: &Engine, regions: &[String]) -> Claims {
    let others: Vec<&String> = regions.iter().filter(|region| *region != engine.home_region()).collect();
    let records = join_all(others.iter().map(|region| {
        let aws = engine.regional(&claim::address()).at(region);
        async move { claim::record(&aws).await }
    }));
    let mut claims = Claims { regions: BTreeMap::new(), unreachable: Vec::new() };
    for (region, record) in others.into_iter().zip(records.await) {
        match record {
            Ok(Some(record)) => drop(claims.regions.insert(record.owner_id, region.clone())),
            Ok(None) => {}
            Err(error) => claims.unreachable.push(format!("{region} ({})", chain(&error))),
        }
    }
    claims
}

/// The owner ids in the tags of objects, each with one of the objects.
async fn tagged(engine: &Engine, kinds: &[&str], regions: &[String]) -> Result<BTreeMap<OwnerId, String>, CallError> {
    let engine = engine.searching(engine.home_region());
    // An error of the global services ends the search; an error of one region does not.
    let mut found = engine.discover(kinds, BTreeSet::new()).await?;
    let searches = regions.iter().map(|region| engine.discover(kinds, [Scope::Region(region.clone())].into()));
    for searched in join_all(searches).await {
        match searched {
            Ok(ledger) => found.take_in(ledger),
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

fn found_elsewhere(engine: &Engine, owner_id: &OwnerId, place: &str, unreachable: &[String]) -> Diagnostic {
    let unsearched = match unreachable {
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
    Diagnostic::warning(Path::root(), "Claim found outside of the provider's region", detail)
}

/// The error that a search for the resource's objects failed.
pub fn failed(engine: &Engine, error: &CallError) -> Diagnostic {
    let detail = format!(
        "The search for the AWS objects of {} failed: {}. Fix the cause and import again.",
        engine.owner(),
        chain(error)
    );
    Diagnostic::error(Path::root(), "Import failed", detail)
}

fn ambiguous(engine: &Engine, ids: &BTreeMap<OwnerId, String>) -> Diagnostic {
    let ids: Vec<String> = ids.iter().map(|(owner_id, place)| format!("{owner_id} ({place})")).collect();
    let detail = format!(
        "Several resources are named {}: {}. Set the provider's region to the home region of the resource to import; its owner \
         id begins with it. If its claim is missing, delete the objects of the other resources first.",
        engine.owner(),
        ids.join(", ")
    );
    Diagnostic::error(Path::root(), "Import is ambiguous", detail)
}
