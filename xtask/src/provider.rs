//! The provider's binary, built.

use std::path::PathBuf;
use std::process::Stdio;

use strict_aws::tools::{Group, source_root};
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use crate::{Outcome, ui};

/// How it is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// As tests use it.
    Debug,
    /// As users get it.
    Release,
}

/// Builds the provider, with Cargo's own progress, and says where it is.
pub(crate) async fn build(profile: Profile) -> Outcome<PathBuf> {
    let begun = std::time::Instant::now();
    let mut command = cargo();
    command.args(["build", "--workspace", "--bin", "terraform-provider-multiregion"]);
    if profile == Profile::Release {
        ui::note("Building the provider. The first time takes some minutes: the AWS SDK is large.");
        command.arg("--release");
    }
    command.arg("--message-format=json-render-diagnostics").stdout(Stdio::piped());
    let mut group = Group::start(&mut command)?;
    let mut messages = String::new();
    if let Some(mut stdout) = group.stdout() {
        stdout.read_to_string(&mut messages).await?;
    }
    if !group.wait().await?.success() {
        return Err("the provider does not compile".into());
    }
    let path = executable(&messages).ok_or("Cargo did not say where the provider's binary is")?;
    if profile == Profile::Release {
        ui::note(&format!("Built in {}.", ui::duration(begun.elapsed())));
    }
    Ok(path)
}

/// Cargo in the root of the source tree: the one that runs us.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(source_root()).stdin(Stdio::null());
    command
}

/// Runs Cargo to its end, in sight of the user.
pub(crate) async fn run_cargo(args: &[&str]) -> Outcome {
    let status = Group::start(cargo().args(args))?.wait().await?;
    if status.success() { Ok(()) } else { Err(format!("cargo {} failed", args.join(" ")).into()) }
}

fn executable(messages: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    messages
        .filter(|message| message["target"]["name"] == "terraform-provider-multiregion")
        .filter_map(|message| Some(PathBuf::from(message["executable"].as_str()?)))
        .last()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binary_is_the_one_that_cargo_names() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"multiregion"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"terraform-provider-multiregion"},"executable":"/t/release/p"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages), Some(PathBuf::from("/t/release/p")));
    }
}
