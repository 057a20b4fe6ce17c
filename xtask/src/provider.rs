//! Builds the provider.

use std::path::PathBuf;
use std::process::Stdio;

use strict_aws::tools::{ProcessGroup, source_root};
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use crate::{Outcome, ui};

/// An override file that turns off the provider's rate limits: the local AWS has none.
pub(crate) const NO_LIMITS: &str = "provider \"multiregion\" {\n  rate_limits = \"none\"\n}\n";

/// The provider's package, which is also the name of its executable.
const PACKAGE: &str = "terraform-provider-multiregion";

/// `cargo test` in the profile that all commands share, so that the dependencies are compiled once.
pub(crate) const TESTS: [&str; 4] = ["test", "--workspace", "--profile", "tests"];

/// Selects all tests but the unit tests.
pub(crate) const INTEGRATION: [&str; 2] = ["--test", "*"];

/// Optimizes the provider and the strict AWS. The faults harness makes millions of calls, so that it saves more time than
/// the compiler needs for this, which is several minutes.
pub(crate) const OPTIMIZED: [&str; 4] = [
    "--config",
    "profile.tests.package.terraform-provider-multiregion.opt-level=2",
    "--config",
    "profile.tests.package.strict-aws.opt-level=2",
];

/// What Cargo builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// The provider in the profile of the tests, which compiles fastest.
    Provider,
    /// The provider and the integration tests, optimized in the profile of the tests.
    Tests,
    /// The provider as it is released.
    Release,
}

/// The option of commands that use the profile of the tests by default.
#[derive(clap::Args)]
pub(crate) struct Selection {
    /// Use the release build of the provider, which takes several more minutes to compile
    #[arg(long)]
    release: bool,
}

impl Selection {
    /// The selected build.
    pub(crate) fn build(&self) -> Build {
        if self.release { Build::Release } else { Build::Provider }
    }
}

/// Builds the provider, showing Cargo's progress, and returns the path of its executable.
pub(crate) async fn build(build: Build) -> Outcome<PathBuf> {
    let mut command = cargo();
    match build {
        // With strict-aws, which enables every feature that the tests enable: a dependency is not compiled twice.
        Build::Provider => {
            command.args(["build", "--profile", "tests", "--package", PACKAGE, "--package", "strict-aws"])
        }
        Build::Tests => command.args(TESTS).args(OPTIMIZED).args(INTEGRATION).arg("--no-run"),
        Build::Release => command.args(["build", "--release", "--package", PACKAGE]),
    };
    command.arg("--message-format=json-render-diagnostics").stdout(Stdio::piped());
    let mut group = ProcessGroup::start(&mut command)?;
    let mut messages = String::new();
    if let Some(mut stdout) = group.stdout() {
        stdout.read_to_string(&mut messages).await?;
    }
    if !group.wait().await?.success() {
        return Err("Cargo could not build the provider. Its messages are above.".into());
    }
    Ok(executable(&messages).ok_or("Cargo did not report the path of the provider's executable.")?)
}

/// The Cargo that runs this program, in the root of the source tree.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(source_root()).stdin(Stdio::null());
    command
}

/// Notes what is built, and how long it takes.
pub(crate) fn announce(build: Build) {
    let what = match build {
        Build::Provider => "the provider",
        Build::Tests => "the provider and the tests",
        Build::Release => "the provider for release",
    };
    ui::note(&format!("Building {what}. The first build takes several minutes, because the AWS SDK is large."));
}

fn executable(messages: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    // The unit tests of the binary are an executable of the same name.
    messages
        .filter(|message| message["target"]["name"] == PACKAGE)
        .filter(|message| message["profile"]["test"] == false)
        .filter_map(|message| Some(PathBuf::from(message["executable"].as_str()?)))
        .next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_reports_the_path_of_the_executable() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"multiregion"},"profile":{"test":false},"executable":null}
{"reason":"compiler-artifact","target":{"name":"terraform-provider-multiregion"},"profile":{"test":false},"executable":"/t/p"}
{"reason":"compiler-artifact","target":{"name":"terraform-provider-multiregion"},"profile":{"test":true},"executable":"/t/deps/p-1"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages), Some(PathBuf::from("/t/p")));
    }
}
