//! A ministack process: found or installed, started on a free port, stopped with this process.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::error::Error;

const VERSION: &str = "1.5.33";
const REQUIREMENTS: &str = include_str!("../requirements.txt");
const LAUNCHER: &str = include_str!("launch.py");

/// A ministack installation: an interpreter, and the folder of its packages if the interpreter does not have them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Installation {
    interpreter: PathBuf,
    packages: Option<PathBuf>,
}

impl Installation {
    /// Looks for `MULTIREGION_MINISTACK`, on PATH and in the cache, and finally installs into the cache. Installing may
    /// take a minute; call this on a blocking thread.
    ///
    /// # Errors
    /// [`Error::Install`] without Python, pip or a package registry; [`Error::File`].
    pub(crate) fn find() -> Result<Self, Error> {
        if let Some(script) = std::env::var_os("MULTIREGION_MINISTACK") {
            return Self::of_script(Path::new(&script)).ok_or_else(|| Error::Install {
                what: "MULTIREGION_MINISTACK must be the path of ministack's console script".to_owned(),
                output: format!("it is {}", Path::new(&script).display()),
            });
        }
        if let Some(found) = on_path("ministack").as_deref().and_then(Self::of_script) {
            return Ok(found);
        }
        let packages = cache_folder().join(format!("ministack-{VERSION}"));
        let interpreter = PathBuf::from("python3");
        if !packages.is_dir() {
            install(&interpreter, &packages, REQUIREMENTS)?;
        }
        Ok(Self { interpreter, packages: Some(packages) })
    }

    /// The interpreter in the first line of a console script.
    fn of_script(script: &Path) -> Option<Self> {
        let mut line = String::new();
        BufReader::new(File::open(script).ok()?).read_line(&mut line).ok()?;
        let interpreter = line.strip_prefix("#!")?.trim();
        interpreter.contains("python").then(|| Self { interpreter: interpreter.into(), packages: None })
    }
}

pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(name)).find(|file| file.is_file())
}

pub(crate) fn cache_folder() -> PathBuf {
    let of_xdg = || Some(PathBuf::from(std::env::var_os("XDG_CACHE_HOME")?).join("terraform-provider-multiregion"));
    let of_home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/terraform-provider-multiregion"));
    std::env::var_os("MULTIREGION_CACHE")
        .map(PathBuf::from)
        .or_else(of_xdg)
        .or_else(of_home)
        .unwrap_or_else(|| std::env::temp_dir().join("terraform-provider-multiregion"))
}

/// Installs into a folder beside `packages` and renames it, so that an interrupted installation leaves nothing behind
/// and two concurrent ones do not interfere.
pub(crate) fn install(interpreter: &Path, packages: &Path, wanted: &str) -> Result<(), Error> {
    let parent = packages.parent().unwrap_or(Path::new("."));
    let file_error = |source| Error::File { path: parent.to_owned(), source };
    fs::create_dir_all(parent).map_err(file_error)?;
    let scratch = TempDir::new_in(parent).map_err(file_error)?;
    let requirements = scratch.path().join("requirements.txt");
    fs::write(&requirements, wanted).map_err(file_error)?;
    let filled = scratch.path().join("packages");
    let outcome = Command::new(interpreter)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target"])
        .arg(&filled)
        .arg("--requirement")
        .arg(&requirements)
        .stdin(Stdio::null())
        .output();
    let name = packages.file_name().unwrap_or_default().display();
    let what = || format!("{} -m pip install --target … {name}", interpreter.display());
    let outcome = outcome.map_err(|error| Error::Install { what: what(), output: error.to_string() })?;
    if !outcome.status.success() {
        return Err(Error::Install { what: what(), output: String::from_utf8_lossy(&outcome.stderr).into_owned() });
    }
    match fs::rename(&filled, packages) {
        // Another process has installed it meanwhile.
        Err(_) if packages.is_dir() => Ok(()),
        other => other.map_err(file_error),
    }
}

/// A running ministack. It stops when this value is dropped or this process dies, however that happens.
#[derive(Debug)]
pub(crate) struct Ministack {
    /// Closing it makes the launcher stop ministack.
    stdin: Option<ChildStdin>,
    child: Child,
    port: u16,
    /// The folder of its log and temporary files.
    folder: TempDir,
}

impl Ministack {
    /// Starts ministack and waits until it has a port. Blocks for a few tenths of a second.
    ///
    /// # Errors
    /// [`Error::Start`] with ministack's output; [`Error::File`].
    pub(crate) fn start(installation: &Installation, account: &str) -> Result<Self, Error> {
        let folder = tempfile::Builder::new()
            .prefix("strict-aws-")
            .tempdir()
            .map_err(|source| Error::File { path: std::env::temp_dir(), source })?;
        let log = folder.path().join("ministack.log");
        let log_file = File::create(&log).map_err(|source| Error::File { path: log.clone(), source })?;
        let mut child = Command::new(&installation.interpreter)
            .args(["-c", LAUNCHER])
            .arg(installation.packages.as_deref().unwrap_or(Path::new("")))
            .env("MINISTACK_ACCOUNT_ID", account)
            .env("SFTP_ENABLED", "0")
            .env("IOT_MTLS_ENABLED", "0")
            .env("LOG_LEVEL", "WARNING")
            .env("TMPDIR", folder.path())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env_remove("AWS_ENDPOINT_URL")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log_file)
            .spawn()
            .map_err(|error| Error::Start { output: format!("{}: {error}", installation.interpreter.display()) })?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            // A read error and an early exit have the same result: there is no port.
            let _ = BufReader::new(stdout).read_line(&mut line);
        }
        let stdin = child.stdin.take();
        match line.trim().parse() {
            Ok(port) => Ok(Self { stdin, child, port, folder }),
            Err(_) => {
                drop(stdin);
                let _ = child.wait();
                Err(Error::Start { output: fs::read_to_string(&log).unwrap_or_default() })
            }
        }
    }

    /// The port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The warnings and errors that it has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("ministack.log")).unwrap_or_default()
    }

    /// Asks it to stop and waits at most three seconds. Blocks.
    pub(crate) fn stop(&mut self) {
        drop(self.stdin.take());
        let deadline = Instant::now() + Duration::from_secs(3);
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Ministack {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interpreter_is_read_from_the_script() {
        let folder = TempDir::new().unwrap();
        let script = folder.path().join("ministack");
        fs::write(&script, "#!/opt/venv/bin/python3\nimport re\n").unwrap();
        let expected = Installation { interpreter: "/opt/venv/bin/python3".into(), packages: None };
        assert_eq!(Installation::of_script(&script), Some(expected));

        fs::write(&script, "#!/bin/sh\nexec ministack\n").unwrap();
        assert_eq!(Installation::of_script(&script), None);
    }

    #[test]
    fn a_failed_installation_leaves_no_files() {
        let folder = TempDir::new().unwrap();
        let packages = folder.path().join("ministack");
        let error = install(Path::new("/nonexistent/python3"), &packages, REQUIREMENTS).unwrap_err();
        assert!(matches!(error, Error::Install { .. }), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
