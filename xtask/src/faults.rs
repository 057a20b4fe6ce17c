//! `cargo xtask faults`: fails every AWS call of every operation in every way, and counts the runs that converge.

use strict_aws::tools::ProcessGroup;

use crate::provider::{self, Build};
use crate::{Outcome, ui};

/// The module of the harness.
const HARNESS: &str = "faults::harness::";

/// The environment variable that selects runs by a part of their names.
pub(crate) const SELECTION: &str = "MULTIREGION_FAULTS";

/// Selects every run.
pub(crate) const ALL: &str = "all";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only runs whose names contain this: `latency`, `failover/create`, `latency/drain/17/killed`
    #[arg(long, default_value = ALL)]
    only: String,
}

/// Builds and runs the harness.
pub(crate) async fn run(arguments: &Arguments) -> Outcome {
    ui::headline("Failing every AWS call of every operation in every way");
    provider::announce(Build::Tests);
    let mut command = provider::cargo();
    command.args(provider::TESTS);
    // A few runs take less time than the optimization.
    if arguments.only == ALL {
        command.args(provider::OPTIMIZED);
    }
    command
        .args(["--test", "tests", "--", HARNESS, "--nocapture", "--test-threads", "1"])
        .env(SELECTION, &arguments.only);
    if ProcessGroup::start(&mut command)?.wait().await?.success() {
        return Ok(());
    }
    Err("Some runs failed. Each line above names the command that repeats one of them.".into())
}
