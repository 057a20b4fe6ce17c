//! Finds OpenTofu and Terraform.

use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::{cache_dir, clear_user_settings, on_path, opentofu};

/// One installed OpenTofu or Terraform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cli {
    /// `tofu` or `terraform`.
    pub name: &'static str,
    /// The path of its executable.
    pub path: PathBuf,
    /// Its version, as `version -json` prints it.
    pub version: String,
}

impl std::fmt::Display for Cli {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let product = if self.name == "tofu" { "OpenTofu" } else { "Terraform" };
        write!(f, "{product} {}", self.version)
    }
}

/// The result of looking for a tool.
enum Search {
    /// The tool exists.
    Found(Cli),
    /// The tool does not exist.
    Missing,
    /// Its environment variable is set to an empty string: it is not used.
    Disabled,
}

/// Every command-line tool on this machine: OpenTofu (built from its Go module if missing and Go exists), then
/// Terraform. `MULTIREGION_TOFU` and `MULTIREGION_TERRAFORM` name the executables; an empty string skips the tool.
///
/// # Errors
/// Without any tool, with what to install; when a variable names an executable that does not run.
pub async fn clis() -> io::Result<Vec<Cli>> {
    let terraform = find("terraform", "MULTIREGION_TERRAFORM").await?;
    let mut found = Vec::new();
    match (find("tofu", "MULTIREGION_TOFU").await?, &terraform) {
        (Search::Found(tofu), _) => found.push(tofu),
        (Search::Missing, Search::Found(_)) if on_path("go").is_none() => {
            eprintln!("Neither OpenTofu nor Go to build it was found: using Terraform only.");
        }
        (Search::Missing, Search::Found(_)) => match build().await {
            Ok(tofu) => found.push(tofu),
            Err(error) => eprintln!("{error}\nUsing Terraform only."),
        },
        (Search::Missing, _) => found.push(build().await?),
        (Search::Disabled, _) => {}
    }
    if let Search::Found(terraform) = terraform {
        found.push(terraform);
    }
    if found.is_empty() {
        return Err(io::Error::other("MULTIREGION_TOFU is empty, which skips OpenTofu, and Terraform was not found"));
    }
    Ok(found)
}

/// One command-line tool; OpenTofu is built only when neither exists.
///
/// # Errors
/// The same as of [`clis`].
pub async fn cli() -> io::Result<Cli> {
    for (name, variable) in [("tofu", "MULTIREGION_TOFU"), ("terraform", "MULTIREGION_TERRAFORM")] {
        if let Search::Found(cli) = find(name, variable).await? {
            return Ok(cli);
        }
    }
    build().await
}

async fn find(name: &'static str, variable: &str) -> io::Result<Search> {
    match env::var_os(variable) {
        Some(value) if value.is_empty() => return Ok(Search::Disabled),
        Some(value) => {
            let path = PathBuf::from(value);
            let version = version(&path).await.map_err(|error| {
                io::Error::other(format!("{variable} names {}, which does not run: {error}", path.display()))
            })?;
            return Ok(Search::Found(Cli { name, path, version }));
        }
        None => {}
    }
    let cached = (name == "tofu").then(|| Some(opentofu::executable(&cache_dir().ok()?))).flatten();
    for path in on_path(name).into_iter().chain(cached.filter(|path| path.is_file())) {
        // A version manager may put a shim on PATH that has no version to run.
        if let Ok(version) = version(&path).await {
            return Ok(Search::Found(Cli { name, path, version }));
        }
    }
    Ok(Search::Missing)
}

async fn build() -> io::Result<Cli> {
    let path = opentofu::build(&cache_dir()?).await?;
    let version = version(&path).await?;
    Ok(Cli { name: "tofu", path, version })
}

async fn version(path: &Path) -> io::Result<String> {
    let output = clear_user_settings(&mut Command::new(path))
        .args(["version", "-json"])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await?;
    let json: serde_json::Value = serde_json::from_slice(&output.stdout)
        .map_err(|_| io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned()))?;
    // OpenTofu kept Terraform's name for it.
    let version = json["terraform_version"].as_str();
    version.map(str::to_owned).ok_or_else(|| io::Error::other("its output contains no version"))
}
