//! `cargo xtask test`: everything that is promised, tested.

use std::path::{Path, PathBuf};

use strict_aws::tools::{self, Cli, ProcessGroup, Workspace, copy_dir, source_root};
use strict_aws::{LocalAws, Options};

use crate::provider::{self, Profile};
use crate::{Outcome, faults, ui};

/// How many tests run at a time: most of them wait for AWS's time to pass most of the time.
const THREADS: &str = "10";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only the modules and the examples, with real command-line tools
    #[arg(long)]
    hcl: bool,
}

/// Sets up what the tests need, then runs them: Rust's, then the modules', then the examples.
pub(crate) async fn run(arguments: &Arguments) -> Outcome {
    // Before the tests, so that what takes minutes the first time shows how far it is.
    let clis = tools::clis().await?;
    let names = clis.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
    ui::headline(&format!("Testing with {names}"));
    ui::step("Set up an AWS on this machine", start(), |aws| aws.endpoint()).await?.stop();
    let provider = provider::build(Profile::Tests).await?;
    if !arguments.hcl {
        test_rust().await?;
    }
    ui::headline("Testing modules and examples");
    for cli in &clis {
        for module in folders("modules", "tests")? {
            let title = format!("{} test of {}", cli.name, display(&module));
            ui::step(&title, test(cli, &provider, &module), Clone::clone).await?;
        }
        for example in folders("examples", "src")? {
            let title = format!("{} with {}", cli.name, display(&example));
            ui::step(&title, try_out(cli, &provider, &example), Clone::clone).await?;
        }
    }
    ui::success("Everything is green.");
    Ok(())
}

/// Runs Rust's tests, with every AWS call failing in every way.
async fn test_rust() -> Outcome {
    let mut command = provider::cargo();
    command.args(provider::TESTS).args(["--", "--test-threads", THREADS]).env(faults::SELECTION, faults::ALL);
    let ended_well = ProcessGroup::start(&mut command)?.wait().await?.success();
    if ended_well { Ok(()) } else { Err("there are tests that fail".into()) }
}

async fn start() -> Outcome<LocalAws> {
    Ok(LocalAws::start(Options::default()).await?)
}

/// The folders in `parent` that have a folder `part`.
fn folders(parent: &str, part: &str) -> Outcome<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(source_root().join(parent))? {
        let path = entry?.path();
        if path.join(part).is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

fn display(module: &Path) -> String {
    module.strip_prefix(source_root()).unwrap_or(module).display().to_string()
}

/// Runs one module's tests in a copy of it, and gives back what the tool counted.
async fn test(cli: &Cli, provider: &Path, module: &Path) -> Outcome<String> {
    let aws = start().await?;
    let workspace = copy(cli, provider, module, &aws).await?;
    let run = workspace.run(&["test", "-no-color"]).await?.ok()?;
    nothing_left(&aws, module).await?;
    counted(&run.stdout).ok_or_else(|| format!("{cli} ran no test:\n{}", run.stdout).into())
}

/// Applies an example as it stands, expects nothing to do after that, and destroys it.
async fn try_out(cli: &Cli, provider: &Path, example: &Path) -> Outcome<String> {
    let aws = start().await?;
    let mut workspace = copy(cli, provider, example, &aws).await?;
    workspace.write("local_override.tf", provider::NO_LIMITS)?;
    // Nobody but us has asked for its name, so there is no old answer to outlive.
    workspace.set_env([("TF_VAR_drain_seconds", "1")]);
    workspace.apply().await?.ok()?;
    let status = workspace.outputs().await?.remove("status").unwrap_or_default();
    if status != "ready" {
        return Err(format!("{}: the status is {status}", display(example)).into());
    }
    if !workspace.plan().await?.ok()?.is_empty_plan() {
        return Err(format!("{}: a plan straight after the apply is not empty", display(example)).into());
    }
    workspace.destroy().await?.ok()?;
    nothing_left(&aws, example).await?;
    Ok("applied, nothing to do, destroyed".to_owned())
}

/// A copy of `folder`, made ready to run.
async fn copy(cli: &Cli, provider: &Path, folder: &Path, aws: &LocalAws) -> Outcome<Workspace> {
    let mut workspace = Workspace::new(cli, provider)?;
    copy_dir(folder, &workspace.dir())?;
    workspace.set_env(aws.env());
    workspace.init().await?.ok()?;
    Ok(workspace)
}

async fn nothing_left(aws: &LocalAws, folder: &Path) -> Outcome {
    let left = aws.inventory().await?;
    if left.is_empty() {
        return Ok(());
    }
    Err(format!("{} left behind:\n{}", display(folder), left.keys().join("\n")).into())
}

/// How many runs a tool counted, from its closing line: `Success! 15 passed, 0 failed.`
fn counted(output: &str) -> Option<String> {
    let line = output.lines().rev().find(|line| line.contains(" passed, "))?;
    let counts = line.split_once("! ").map_or(line, |(_, counts)| counts).trim_end_matches('.');
    (!counts.starts_with("0 passed")).then(|| counts.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_counted() {
        assert_eq!(counted("a... pass\n\nSuccess! 15 passed, 0 failed.\n").as_deref(), Some("15 passed, 0 failed"));
        assert_eq!(counted("Success! 0 passed, 0 failed.\n"), None);
        assert_eq!(counted(""), None);
    }
}
