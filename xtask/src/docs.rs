//! `cargo xtask docs`: the reference documentation, written from the schemas.

use strict_aws::tools::ProcessGroup;

use crate::provider::{self, TESTS};
use crate::{Outcome, ui};

/// The test that compares `docs/` with the schemas.
const TEST: &str = "docs::pages_are_current";

/// The environment variable that makes the test write the pages. Set in `tests/docs`, too.
const WRITE: &str = "MULTIREGION_WRITE_DOCS";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Write nothing, and fail when a page is not current
    #[arg(long)]
    check: bool,
}

/// Runs the test that writes, or compares, the pages.
pub(crate) async fn run(arguments: &Arguments) -> Outcome {
    ui::headline(if arguments.check { "Checking docs/" } else { "Writing docs/" });
    let mut command = provider::cargo();
    command.args(TESTS).args(["--quiet", "--test", "tests", "--", "--exact", TEST]);
    if !arguments.check {
        command.env(WRITE, "1");
    }
    if ProcessGroup::start(&mut command)?.wait().await?.success() {
        ui::success("docs/ is current.");
        return Ok(());
    }
    Err("docs/ is not current. Run `cargo xtask docs` and commit the result.".into())
}
