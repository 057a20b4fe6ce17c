//! `cargo xtask test`: everything that is promised, tested.

use std::path::{Path, PathBuf};

use strict_aws::tools::{self, Cli, Workspace, copy_dir, source_root};
use strict_aws::{LocalAws, Options};

use crate::provider::{self, Profile};
use crate::{Outcome, ui};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only the tests of the modules, by `tofu test` and `terraform test`
    #[arg(long)]
    modules: bool,
}

/// Sets up what the tests need, then runs them: Rust's, then the modules'.
pub(crate) async fn run(arguments: &Arguments) -> Outcome {
    // Before the tests, so that what takes minutes the first time shows how far it is.
    let clis = tools::clis().await?;
    let names = clis.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
    ui::headline(&format!("Testing with {names}"));
    ui::step("Set up an AWS on this machine", start(), |aws| aws.endpoint()).await?.stop();
    let provider = provider::build(Profile::Debug).await?;
    if !arguments.modules {
        provider::run_cargo(&["test", "--workspace"]).await?;
    }
    let modules = modules()?;
    ui::headline("Testing the modules");
    for cli in &clis {
        for module in &modules {
            let title = format!("{} test of {}", cli.name, display(module));
            ui::step(&title, test(cli, &provider, module), Clone::clone).await?;
        }
    }
    ui::success("Everything is green.");
    Ok(())
}

async fn start() -> Outcome<LocalAws> {
    Ok(LocalAws::start(Options::default()).await?)
}

/// The modules that have tests.
fn modules() -> Outcome<Vec<PathBuf>> {
    let mut modules = Vec::new();
    for entry in std::fs::read_dir(source_root().join("modules"))? {
        let path = entry?.path();
        if path.join("tests").is_dir() {
            modules.push(path);
        }
    }
    modules.sort();
    Ok(modules)
}

fn display(module: &Path) -> String {
    module.strip_prefix(source_root()).unwrap_or(module).display().to_string()
}

/// Runs one module's tests in a copy of it, and gives back what the tool counted.
async fn test(cli: &Cli, provider: &Path, module: &Path) -> Outcome<String> {
    let aws = start().await?;
    let mut workspace = Workspace::new(cli, provider)?;
    copy_dir(module, &workspace.dir())?;
    workspace.set_env(aws.env());
    workspace.init().await?.ok()?;
    let run = workspace.run(&["test", "-no-color"]).await?.ok()?;
    let left = aws.inventory().await?;
    if !left.is_empty() {
        let left = left.into_keys().collect::<Vec<_>>().join("\n");
        return Err(format!("The tests of {} left something behind:\n{left}", display(module)).into());
    }
    counted(&run.stdout).ok_or_else(|| format!("{cli} ran no test:\n{}", run.stdout).into())
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
