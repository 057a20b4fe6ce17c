//! Which of OpenTofu and Terraform there are.

use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::{cache_dir, forget_settings, on_path, opentofu};

/// One installed OpenTofu or Terraform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cli {
    /// `tofu` or `terraform`.
    pub name: &'static str,
    /// Its executable.
    pub path: PathBuf,
    /// Its version, as it says itself.
    pub version: String,
}

impl std::fmt::Display for Cli {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let product = if self.name == "tofu" { "OpenTofu" } else { "Terraform" };
        write!(f, "{product} {}", self.version)
    }
}

/// Where a tool stands after looking for it.
enum Sought {
    /// It is there.
    Found(Cli),
    /// It is not there.
    Missing,
    /// Its environment variable is set to nothing: it is not wanted.
    Unwanted,
}

/// Every command-line tool that there is: OpenTofu (built from its Go module when it is missing and Go is there), then
/// Terraform. An environment variable `MULTIREGION_TOFU` or `MULTIREGION_TERRAFORM` names the executable; set to
/// nothing, it leaves the tool out.
///
/// # Errors
/// When there is none, with what to install; when a variable names what does not run.
pub async fn clis() -> io::Result<Vec<Cli>> {
    let terraform = seek("terraform", "MULTIREGION_TERRAFORM").await?;
    let mut found = Vec::new();
    match (seek("tofu", "MULTIREGION_TOFU").await?, &terraform) {
        (Sought::Found(tofu), _) => found.push(tofu),
        (Sought::Missing, Sought::Found(_)) if on_path("go").is_none() => {
            eprintln!("OpenTofu is not here, nor Go to build it: going on with Terraform alone.");
        }
        (Sought::Missing, Sought::Found(_)) => match build().await {
            Ok(tofu) => found.push(tofu),
            Err(error) => eprintln!("{error}\nGoing on with Terraform alone."),
        },
        (Sought::Missing, _) => found.push(build().await?),
        (Sought::Unwanted, _) => {}
    }
    if let Sought::Found(terraform) = terraform {
        found.push(terraform);
    }
    if found.is_empty() {
        return Err(io::Error::other("MULTIREGION_TOFU leaves OpenTofu out, and there is no Terraform on PATH"));
    }
    Ok(found)
}

/// One command-line tool, whichever is there; OpenTofu is built only when there is neither.
///
/// # Errors
/// As [`clis`].
pub async fn cli() -> io::Result<Cli> {
    for (name, variable) in [("tofu", "MULTIREGION_TOFU"), ("terraform", "MULTIREGION_TERRAFORM")] {
        if let Sought::Found(cli) = seek(name, variable).await? {
            return Ok(cli);
        }
    }
    build().await
}

async fn seek(name: &'static str, variable: &str) -> io::Result<Sought> {
    match env::var_os(variable) {
        Some(value) if value.is_empty() => return Ok(Sought::Unwanted),
        Some(value) => {
            let path = PathBuf::from(value);
            let version = version(&path).await.map_err(|error| {
                io::Error::other(format!("{variable} names {}, which does not run: {error}", path.display()))
            })?;
            return Ok(Sought::Found(Cli { name, path, version }));
        }
        None => {}
    }
    let cached = (name == "tofu").then(|| Some(opentofu::executable(&cache_dir().ok()?))).flatten();
    for path in on_path(name).into_iter().chain(cached.filter(|path| path.is_file())) {
        // A version manager's shim without a version behind it is on PATH, and does not run.
        if let Ok(version) = version(&path).await {
            return Ok(Sought::Found(Cli { name, path, version }));
        }
    }
    Ok(Sought::Missing)
}

async fn build() -> io::Result<Cli> {
    let path = opentofu::build(&cache_dir()?).await?;
    let version = version(&path).await?;
    Ok(Cli { name: "tofu", path, version })
}

async fn version(path: &Path) -> io::Result<String> {
    let output = forget_settings(&mut Command::new(path))
        .args(["version", "-json"])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await?;
    let json: serde_json::Value = serde_json::from_slice(&output.stdout)
        .map_err(|_| io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned()))?;
    // Both call it so: OpenTofu kept Terraform's name.
    let version = json["terraform_version"].as_str();
    version.map(str::to_owned).ok_or_else(|| io::Error::other("it does not tell its version"))
}
