//! Builds OpenTofu from its Go module, because no package registry that every machine can reach has it.

use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use super::on_path;

/// The version that is built.
const VERSION: &str = "1.12.6";

/// The prefix of folders with unfinished builds.
const UNFINISHED_PREFIX: &str = ".opentofu-";

/// `go install` rejects a module with a `replace` directive, and OpenTofu has one; this module repeats it.
const GO_MOD: &str = "\
module scratch

go 1.26.3

require github.com/opentofu/opentofu v1.12.6

replace github.com/hashicorp/hcl/v2 v2.20.1 => github.com/opentofu/hcl/v2 v2.20.2-0.20251021132045-587d123c2828
";

const TOOLS_GO: &str = "\
//go:build tools

package scratch

import _ \"github.com/opentofu/opentofu/cmd/tofu\"
";

/// The path of the executable in the cache.
pub(super) fn executable(cache: &Path) -> PathBuf {
    cache.join(format!("opentofu-{VERSION}")).join("tofu")
}

/// Builds OpenTofu into the cache, unless another process has done so meanwhile. Takes about four minutes the first
/// time.
///
/// # Errors
/// Without Go, or when the build fails, with Go's output.
pub(super) async fn build(cache: &Path) -> io::Result<PathBuf> {
    let go = on_path("go").ok_or_else(|| {
        io::Error::other(
            "OpenTofu and Terraform were not found, and neither was Go to build OpenTofu. Install one of them: OpenTofu \
             (https://opentofu.org/docs/intro/install), Terraform, or Go 1.26.3 or newer. MULTIREGION_TOFU and \
             MULTIREGION_TERRAFORM name an executable that is not on PATH.",
        )
    })?;
    let _lock = lock(cache.join("opentofu.lock")).await?;
    let executable = executable(cache);
    if executable.is_file() {
        return Ok(executable);
    }
    remove_unfinished(cache)?;
    let scratch = tempfile::Builder::new().prefix(UNFINISHED_PREFIX).tempdir_in(cache)?;
    fs::write(scratch.path().join("go.mod"), GO_MOD)?;
    fs::write(scratch.path().join("tools.go"), TOOLS_GO)?;
    let mut progress = Progress::start();
    run(&go, &["mod", "tidy"], scratch.path(), &mut progress).await?;
    // Without this flag it reports version 1.12.6-dev, which breaks version constraints.
    let flags = "-s -w -X github.com/opentofu/opentofu/version.dev=no";
    let package = "github.com/opentofu/opentofu/cmd/tofu";
    run(&go, &["build", "-v", "-ldflags", flags, "-o", "done/tofu", package], scratch.path(), &mut progress).await?;
    fs::rename(scratch.path().join("done"), cache.join(format!("opentofu-{VERSION}")))?;
    progress.finish();
    Ok(executable)
}

/// Takes an exclusive lock for the build, until it is dropped. Other processes wait.
async fn lock(path: PathBuf) -> io::Result<File> {
    let file = File::options().create(true).truncate(false).write(true).open(path)?;
    tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await?
}

/// Removes what an interrupted build left behind. Requires the lock, because then nobody else is building.
fn remove_unfinished(cache: &Path) -> io::Result<()> {
    for entry in fs::read_dir(cache)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED_PREFIX) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

async fn run(go: &Path, args: &[&str], dir: &Path, progress: &mut Progress) -> io::Result<()> {
    let mut child = Command::new(go)
        .args(args)
        .current_dir(dir)
        .env("CGO_ENABLED", "0")
        .env("GOFLAGS", "-mod=mod")
        .env("GOWORK", "off")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut output = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        let mut lines = BufReader::new(stderr).lines();
        while let Some(line) = lines.next_line().await? {
            progress.step();
            output.push(line);
        }
    }
    if child.wait().await?.success() {
        return Ok(());
    }
    let last = output.split_off(output.len().saturating_sub(12)).join("\n");
    Err(io::Error::other(format!("OpenTofu {VERSION} could not be built: go {} failed:\n{last}", args[0])))
}

/// Reports progress on stderr: in one line that is rewritten on a terminal, otherwise a new line now and then.
struct Progress {
    started: Instant,
    reported: Option<Instant>,
    steps: usize,
}

impl Progress {
    fn start() -> Self {
        eprintln!("Building OpenTofu {VERSION} from its Go module. This happens once and takes about four minutes.");
        Self { started: Instant::now(), reported: None, steps: 0 }
    }

    fn step(&mut self) {
        self.steps += 1;
        let terminal = io::stderr().is_terminal();
        let pause = if terminal { Duration::from_millis(100) } else { Duration::from_secs(20) };
        if self.reported.is_some_and(|reported| reported.elapsed() < pause) {
            return;
        }
        self.reported = Some(Instant::now());
        let line = format!("  {} modules and packages, {} s", self.steps, self.started.elapsed().as_secs());
        if terminal {
            eprint!("\r{line}");
            // A closed terminal does not stop the build.
            let _ = io::stderr().flush();
        } else {
            eprintln!("{line}");
        }
    }

    fn finish(&self) {
        let line_start = if io::stderr().is_terminal() { "\r" } else { "" };
        eprintln!("{line_start}Built OpenTofu {VERSION} in {} s.              ", self.started.elapsed().as_secs());
    }
}
