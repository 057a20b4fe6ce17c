//! `cargo xtask test`: tests everything that the README promises.

use std::path::{Path, PathBuf};

use futures::future::try_join_all;
use futures::stream::{self, StreamExt, TryStreamExt};
use strict_aws::tools::{self, Cli, ProcessGroup, Workspace, copy_dir, source_root};
use strict_aws::{LocalAws, Options};

use crate::provider::{self, Build};
use crate::{Outcome, faults, setup, ui};

/// The number of tests that run at the same time. Most tests mostly wait for the local AWS.
const THREADS: &str = "10";

/// The number of modules and examples that are tested at the same time. They, too, mostly wait.
const FOLDERS: usize = 3;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Run only the tests of the modules and the examples
    #[arg(long)]
    hcl: bool,
}

/// Sets up the tests and runs them: first the Rust tests, then the modules and the examples.
pub(crate) async fn run(arguments: &Arguments) -> Outcome {
    ui::headline("Testing the provider, the modules and the examples");
    let build = if arguments.hcl { Build::Provider } else { Build::Tests };
    let setup::Setup { tools: clis, provider, aws } = setup::all(build, Options::default(), tools::clis()).await?;
    // Every test starts its own. This one only shows that ministack is installed.
    aws.stop();
    ui::note(&clis.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and "));
    if !arguments.hcl {
        test_rust().await?;
    }
    ui::headline("Testing modules and examples");
    let tested = folders("modules", "tests")?.into_iter().chain(folders("examples", "tests")?);
    let tests = tested.map(|folder| each(&clis, &provider, folder, Way::Test));
    let applies = folders("examples", "src")?.into_iter().map(|folder| each(&clis, &provider, folder, Way::Apply));
    stream::iter(tests.chain(applies)).buffer_unordered(FOLDERS).try_collect::<()>().await?;
    ui::success("All tests passed.");
    Ok(())
}

/// What is done with a module or an example.
#[derive(Clone, Copy)]
enum Way {
    /// `tofu test`.
    Test,
    /// Apply, plan, destroy.
    Apply,
}

/// Tests one module or example with all tools.
async fn each(clis: &[Cli], provider: &Path, folder: PathBuf, way: Way) -> Outcome {
    let work = clis.iter().map(|cli| {
        named(cli, async {
            match way {
                Way::Test => test(cli, provider, &folder).await,
                Way::Apply => try_out(cli, provider, &folder).await,
            }
        })
    });
    ui::report(&display(&folder), try_join_all(work), |all| all.join("; ")).await.map(drop)
}

/// The result of work with a tool, with the name of the tool.
async fn named(cli: &Cli, work: impl Future<Output = Outcome<String>>) -> Outcome<String> {
    Ok(format!("{}: {}", cli.name, work.await?))
}

/// Runs the Rust tests: the unit tests and the examples in comments, then the others, including every run of the faults
/// harness.
async fn test_rust() -> Outcome {
    let threads = ["--", "--test-threads", THREADS];
    let mut unit = provider::cargo();
    unit.args(provider::TESTS).args(["--lib", "--bins"]).args(threads);
    let mut comments = provider::cargo();
    comments.args(provider::TESTS).args(provider::OPTIMIZED).arg("--doc");
    let mut integration = provider::cargo();
    integration.args(provider::TESTS).args(provider::OPTIMIZED).args(provider::INTEGRATION).args(threads);
    integration.env(faults::SELECTION, faults::ALL);
    for mut command in [unit, comments, integration] {
        if !ProcessGroup::start(&mut command)?.wait().await?.success() {
            return Err("Some tests failed.".into());
        }
    }
    Ok(())
}

/// The folders in `parent` that contain a folder `part`.
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

/// Runs the tests of a copy of one module or example, and returns the numbers of passed and failed runs.
async fn test(cli: &Cli, provider: &Path, module: &Path) -> Outcome<String> {
    let aws = setup::aws().await?;
    let workspace = copy(cli, provider, module, &aws).await?;
    let run = workspace.run(&["test", "-no-color"]).await?.ok()?;
    nothing_left(&aws, module).await?;
    counted(&run.stdout).ok_or_else(|| format!("{cli} ran no tests:\n{}", run.stdout).into())
}

/// Applies a copy of an example, expects an empty plan, and destroys it.
async fn try_out(cli: &Cli, provider: &Path, example: &Path) -> Outcome<String> {
    let aws = setup::aws().await?;
    let mut workspace = copy(cli, provider, example, &aws).await?;
    workspace.write("local_override.tf", provider::NO_LIMITS)?;
    // The drain period may be short: no other client has resolved the name.
    workspace.set_env([("TF_VAR_drain_seconds", "1")]);
    workspace.apply().await?.ok()?;
    let status = workspace.outputs().await?.remove("status").unwrap_or_default();
    if status != "ready" {
        return Err(format!("{}: the status is {status}, not \"ready\".", display(example)).into());
    }
    if !workspace.plan().await?.ok()?.is_empty_plan() {
        return Err(format!("{}: the plan after the apply is not empty.", display(example)).into());
    }
    workspace.destroy().await?.ok()?;
    nothing_left(&aws, example).await?;
    Ok("applied, empty plan, destroyed".to_owned())
}

/// An initialized copy of `folder`.
async fn copy(cli: &Cli, provider: &Path, folder: &Path, aws: &LocalAws) -> Outcome<Workspace> {
    let mut workspace = Workspace::new(cli, provider)?;
    copy_dir(folder, &workspace.dir())?;
    workspace.set_env(aws.env());
    workspace.init().await?.ok()?;
    Ok(workspace)
}

/// Expects an empty account. AWS deletes a Lambda@Edge function only hours after its last use, so a destroy leaves it behind.
async fn nothing_left(aws: &LocalAws, folder: &Path) -> Outcome {
    let is_edge_function = |key: &str| key.starts_with("us-east-1/lambda/function/") && key.contains("_edge_");
    let inventory = aws.inventory().await?;
    let mut left = inventory.keys();
    left.retain(|key| !is_edge_function(key));
    if left.is_empty() {
        return Ok(());
    }
    Err(format!("{} left these objects behind:\n{}", display(folder), left.join("\n")).into())
}

/// The numbers of runs in the last line of a tool's output: `Success! 15 passed, 0 failed.`
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
