//! The account of a ledger. Credentials of another account are refused before any other call.

use crate::apply::Engine;
use crate::aws::Aws;
use crate::desired::{Owner, Ownership};
use crate::plan::Ledger;
use crate::wire::{Diagnostic, Diagnostics, Path};

/// Checks that the credentials belong to the account and partition of `ledger`. An empty ledger has none.
///
/// # Errors
/// A diagnostic that names both accounts.
pub fn check(aws: &Aws, owner: &Owner, ledger: &Ledger) -> Result<(), Diagnostics> {
    let Some(Ownership { account_id, partition, .. }) = &ledger.ownership else { return Ok(()) };
    if account_id == aws.account_id() && partition == aws.partition() {
        return Ok(());
    }
    Err(vec![wrong_account(owner, account_id, partition, aws)])
}

/// The engine with the owner id that `ledger` records.
///
/// # Errors
/// See [`check`].
pub fn identified(engine: &Engine, aws: &Aws, ledger: &Ledger) -> Result<Engine, Diagnostics> {
    check(aws, engine.owner(), ledger)?;
    Ok(match &ledger.ownership {
        Some(ownership) => engine.identified(ownership.owner_id.clone()),
        None => engine.clone(),
    })
}

/// The error that the state belongs to another account than the credentials.
pub fn wrong_account(owner: &Owner, account_id: &str, partition: &str, aws: &Aws) -> Diagnostic {
    Diagnostic::error(
        Path::root(),
        "Wrong AWS account",
        format!(
            "The state of {owner} belongs to account {account_id} (partition {partition}), but the credentials belong to \
             account {} (partition {}). Nothing was read or changed. Use credentials of account {account_id}.",
            aws.account_id(),
            aws.partition()
        ),
    )
}
