//! `cargo xtask faults`: fails every AWS call of every operation in every way, and prints how often all ended well.

use crate::{Outcome, provider, ui};

/// The test that does it.
const TEST: &str = "faults::whatever_fails_it_converges";
/// Parts of runs' names, for the test.
const SELECTION: &str = "MULTIREGION_FAULTS";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only the runs with these parts in their names: `latency`, `failover/create`, `latency/drain/17/killed`
    #[arg(long, default_value = "")]
    only: String,
}

/// Builds the test with optimisation, and runs it.
pub(crate) async fn run(arguments: &Arguments) -> Outcome {
    ui::headline("Failing every AWS call of every operation in every way");
    ui::note("Building. The first time takes some minutes: the AWS SDK is large.");
    let arguments = ["test", "--workspace", "--profile", "faults", "--test", "tests", "--", "--ignored", "--exact", TEST, "--nocapture"]
        .map(str::to_owned);
}
