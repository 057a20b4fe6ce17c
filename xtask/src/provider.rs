//! The provider's binary, built.

use std::path::PathBuf;
use std::process::Stdio;

use strict_aws::tools::{ProcessGroup, source_root};
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use crate::{Outcome, ui};

/// Settings for an AWS whose limits need not be kept, as an override of a configuration.
pub(crate) const NO_LIMITS: &str = "provider \"multiregion\" {\n  rate_limits = \"none\"\n}\n";

/// Which build of the provider a command uses.
#[derive(clap::Args)]
pub(crate) struct Build {
    /// Use a debug build of the provider, which a contributor mostly has already
    #[arg(long)]
    debug: bool,
}

impl Build {
    /// What was asked for.
    pub(crate) fn profile(&self) -> Profile {
        if self.debug { Profile::Debug } else { Profile::Release }
    }
}

/// How it is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// As a contributor mostly has it already.
    Debug,
    /// As `cargo xtask test` uses it: optimised, as far as that pays.
    Tests,
    /// As users get it.
    Release,
}

/// Runs all tests, or none, in the build that is for them.
pub(crate) const TESTS: [&str; 4] = ["test", "--workspace", "--profile", "tests"];

/// Builds the provider, with Cargo's own progress, and says where it is.
pub(crate) async fn build(profile: Profile) -> Outcome<PathBuf> {
    let begun = std::time::Instant::now();
    let mut command = cargo();
    match profile {
        // What `cargo test` builds, tests and all: without the tests, the features of what it stands on are others, and
        // all of it would be built twice.
        Profile::Debug => command.args(["test", "--workspace", "--no-run"]),
        Profile::Tests => command.args(TESTS).arg("--no-run"),
        Profile::Release => command.args(["build", "--release", "--package", "terraform-provider-multiregion"]),
    };
    ui::note("Building the provider. The first time takes some minutes: the AWS SDK is large.");
    command.arg("--message-format=json-render-diagnostics").stdout(Stdio::piped());
    let mut group = ProcessGroup::start(&mut command)?;
    let mut messages = String::new();
    if let Some(mut stdout) = group.stdout() {
        stdout.read_to_string(&mut messages).await?;
    }
    if !group.wait().await?.success() {
        return Err("the provider does not compile".into());
    }
    let path = executable(&messages).ok_or("Cargo did not say where the provider's binary is")?;
    ui::note(&format!("Built in {}.", ui::duration(begun.elapsed())));
    Ok(path)
}

/// Cargo in the root of the source tree: the one that runs us.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(source_root()).stdin(Stdio::null());
    command
}

fn executable(messages: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    // The binary's own unit tests are an executable of that name, too.
    messages
        .filter(|message| message["target"]["name"] == "terraform-provider-multiregion")
        .filter(|message| message["profile"]["test"] == false)
        .filter_map(|message| Some(PathBuf::from(message["executable"].as_str()?)))
        .next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binary_is_the_one_that_cargo_names() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"multiregion"},"profile":{"test":false},"executable":null}
{"reason":"compiler-artifact","target":{"name":"terraform-provider-multiregion"},"profile":{"test":false},"executable":"/t/p"}
{"reason":"compiler-artifact","target":{"name":"terraform-provider-multiregion"},"profile":{"test":true},"executable":"/t/deps/p-1"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages), Some(PathBuf::from("/t/p")));
    }
}
