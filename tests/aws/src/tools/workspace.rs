//! A folder to run a command-line tool in, with this provider as the only one available.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use tempfile::TempDir;
use tokio::process::Command;

use super::{Cli, Run, Running, clear_user_settings, mirror};

/// The file name of the CLI configuration, in a workspace and for [`write_cli_config`].
pub const CLI_CONFIG: &str = "cli.tfrc";

/// The saved plan's file name.
const PLAN: &str = "saved.tfplan";

/// A temporary folder with a configuration, isolated from the machine: its own CLI configuration, data folder and
/// state, no network in `init`, and only the AWS settings that it is given.
pub struct Workspace {
    cli: Cli,
    // The configuration has a folder of its own, because `fmt` and `test` read every file beside it.
    folder: TempDir,
    /// The home folder of every run, in place of a CLI configuration.
    home: Option<PathBuf>,
    env: BTreeMap<String, String>,
}

impl Workspace {
    /// An empty workspace in which `cli` finds the provider at `provider`.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn new(cli: &Cli, provider: &Path) -> io::Result<Self> {
        let workspace = Self::empty(cli)?;
        write_cli_config(workspace.folder.path(), provider)?;
        Ok(workspace)
    }

    /// An empty workspace in which `cli` finds the providers of `mirror`, a filesystem mirror.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn with_mirror(cli: &Cli, mirror: &Path) -> io::Result<Self> {
        let workspace = Self::empty(cli)?;
        fs::write(workspace.folder.path().join(CLI_CONFIG), only_mirror(&fs::canonicalize(mirror)?))?;
        Ok(workspace)
    }

    /// An empty folder in which `cli` finds only what is installed in the home folder `home`: no CLI configuration, and
    /// so the implied local mirrors.
    ///
    /// # Errors
    /// When the folder cannot be created.
    pub fn with_home(cli: &Cli, home: &Path) -> io::Result<Self> {
        let mut workspace = Self::empty(cli)?;
        workspace.home = Some(fs::canonicalize(home)?);
        Ok(workspace)
    }

    fn empty(cli: &Cli) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("multiregion-").tempdir()?;
        fs::create_dir(folder.path().join("config"))?;
        Ok(Self { cli: cli.clone(), folder, home: None, env: BTreeMap::new() })
    }

    /// The folder of the configuration.
    pub fn dir(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    /// The tool that runs here.
    pub fn cli(&self) -> &Cli {
        &self.cli
    }

    /// Sets environment variables for every later run, for example those of a local AWS.
    pub fn set_env<K: Into<String>, V: Into<String>>(&mut self, variables: impl IntoIterator<Item = (K, V)>) {
        self.env.extend(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
    }

    /// Writes a file of the configuration and creates its parent folders.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, name: &str, text: &str) -> io::Result<()> {
        let path = self.dir().join(name);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, text)
    }

    /// Starts the tool without waiting for it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self, args: &[&str]) -> io::Result<Running> {
        Running::start(&mut self.command(args))
    }

    /// Runs the tool and waits until it exits.
    ///
    /// # Errors
    /// When it cannot be run. A failed run is not an error here: see [`Run::success`].
    pub async fn run(&self, args: &[&str]) -> io::Result<Run> {
        self.start(args)?.wait().await
    }

    /// Runs `init`.
    ///
    /// # Errors
    /// The same as of [`Workspace::run`], also for the methods below.
    pub async fn init(&self) -> io::Result<Run> {
        self.run(&["init", "-no-color"]).await
    }

    /// Runs `plan` and saves it for [`Workspace::show_plan`] and [`Workspace::apply_plan`]; events on stdout.
    pub async fn plan(&self) -> io::Result<Run> {
        self.run(&["plan", "-json", "-detailed-exitcode", &format!("-out={PLAN}")]).await
    }

    /// Runs `apply` on the configuration; events on stdout.
    pub async fn apply(&self) -> io::Result<Run> {
        self.run(&["apply", "-json", "-auto-approve"]).await
    }

    /// Runs `apply` on the saved plan; events on stdout.
    pub async fn apply_plan(&self) -> io::Result<Run> {
        self.run(&["apply", "-json", PLAN]).await
    }

    /// Runs `destroy`; events on stdout.
    pub async fn destroy(&self) -> io::Result<Run> {
        self.run(&["destroy", "-json", "-auto-approve"]).await
    }

    /// The state as JSON.
    pub async fn show_json(&self) -> io::Result<Json> {
        self.json(&["show", "-json"]).await
    }

    /// The saved plan as JSON.
    pub async fn show_plan(&self) -> io::Result<Json> {
        self.json(&["show", "-json", PLAN]).await
    }

    /// The values of the root module's outputs by name.
    pub async fn outputs(&self) -> io::Result<BTreeMap<String, Json>> {
        let Json::Object(outputs) = self.json(&["output", "-json"]).await? else { return Ok(BTreeMap::new()) };
        Ok(outputs.into_iter().map(|(name, mut output)| (name, output["value"].take())).collect())
    }

    async fn json(&self, args: &[&str]) -> io::Result<Json> {
        let run = self.run(args).await?.ok().map_err(io::Error::other)?;
        Ok(serde_json::from_str(&run.stdout)?)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.cli.path);
        command.args(args).current_dir(self.dir());
        clear_user_settings(&mut command);
        match &self.home {
            // Without these two, both tools look for their configuration and for providers below HOME only.
            Some(home) => command.env("HOME", home).env_remove("XDG_CONFIG_HOME").env_remove("XDG_DATA_HOME"),
            None => command.env("TF_CLI_CONFIG_FILE", self.folder.path().join(CLI_CONFIG)),
        };
        command
            .env("TF_DATA_DIR", self.folder.path().join("data"))
            .env("TF_IN_AUTOMATION", "1")
            .env("TF_INPUT", "0")
            .env("AWS_CONFIG_FILE", self.folder.path().join("no-aws-config"))
            .env("AWS_SHARED_CREDENTIALS_FILE", self.folder.path().join("no-aws-credentials"))
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(&self.env);
        command
    }
}

/// Writes [`CLI_CONFIG`] into `folder`, and next to it a mirror that contains only the provider, for either tool.
///
/// # Errors
/// When a file cannot be written.
pub fn write_cli_config(folder: &Path, provider: &Path) -> io::Result<()> {
    let mirror = folder.join("mirror");
    for package in mirror::packages(&mirror) {
        let executable = package.executable();
        fs::create_dir_all(package.dir())?;
        #[cfg(unix)]
        std::os::unix::fs::symlink(fs::canonicalize(provider)?, executable)?;
        #[cfg(not(unix))]
        fs::copy(provider, executable)?;
    }
    fs::write(folder.join(CLI_CONFIG), only_mirror(&mirror))
}

/// A CLI configuration that takes providers from `mirror` only, so that no network is needed.
fn only_mirror(mirror: &Path) -> String {
    format!("provider_installation {{\n  filesystem_mirror {{\n    path = {mirror:?}\n  }}\n}}\n")
}

/// Copies a folder and its contents, except for files that a tool has created there.
///
/// # Errors
/// When something cannot be read or written.
pub fn copy_dir(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let text = name.to_string_lossy();
        if text.starts_with(".terraform") || text.contains(".tfstate") {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy_dir(&entry.path(), &to.join(&name))?;
        } else {
            fs::copy(entry.path(), to.join(&name))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_excludes_files_that_tools_created() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir_all(from.path().join("src")).unwrap();
        fs::create_dir_all(from.path().join(".terraform")).unwrap();
        for file in ["main.tf", "src/app.py", ".terraform/x", ".terraform.lock.hcl", "terraform.tfstate"] {
            fs::write(from.path().join(file), file).unwrap();
        }
        copy_dir(from.path(), to.path()).unwrap();
        assert_eq!(fs::read_to_string(to.path().join("src/app.py")).unwrap(), "src/app.py");
        assert_eq!(fs::read_dir(to.path()).unwrap().count(), 2);
    }
}
