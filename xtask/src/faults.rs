//! `cargo xtask faults`: every AWS call of every operation fails in every way; how often all ended well.

use strict_aws::tools::ProcessGroup;

use crate::{Outcome, provider, ui};

/// The tests that do it.
const HARNESS: &str = "faults::harness::";
/// Where they look for parts of runs' names.
pub(crate) const SELECTION: &str = "MULTIREGION_FAULTS";

/// Every run.
pub(crate) const ALL: &str = "all";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only runs with these parts in their names: `latency`, `failover/create`, `latency/drain/17/killed`
    #[arg(long, default_value = ALL)]
    only: String,
}

/// Builds the tests optimised, for they make millions of calls, and runs them.
pub(crate) async fn run(arguments: &Arguments) -> Outcome {
    ui::headline("Failing every AWS call of every operation in every way");
    ui::note("Building. The first time takes some minutes: the AWS SDK is large.");
    let mut command = provider::cargo();
    command
        .args(provider::TESTS)
        .args(["--test", "tests", "--", HARNESS, "--nocapture", "--test-threads", "1"])
        .env(SELECTION, &arguments.only);
    if ProcessGroup::start(&mut command)?.wait().await?.success() {
        return Ok(());
    }
    Err("there are runs that did not end well; each line above says how to repeat one".into())
}
