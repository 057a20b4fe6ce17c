//! Tools that tests and `xtask` share: OpenTofu and Terraform, found or built, and a folder to run them in.
//!
//! A tool is taken from the environment variable that names it, from PATH, or from the versioned cache folder;
//! otherwise it is built. Only the cache folder and temporary folders are written to.

mod cli;
mod issuer;
mod mirror;
mod opentofu;
mod process;
mod run;
mod workspace;

pub use cli::{Cli, cli, clis};
pub use issuer::Issuer;
pub use mirror::{PROVIDER_SOURCE, implied_mirror, install};
pub use process::{ProcessGroup, Running, kill_in_group};
pub use run::Run;
pub use workspace::{CLI_CONFIG, Workspace, copy_dir, write_cli_config};

use std::env;
use std::io;
use std::path::{Path, PathBuf};

use tokio::process::Command;

/// The provider's version in Cargo.toml.
pub const PROVIDER_VERSION: &str = package_version(include_str!("../../../../Cargo.toml"));

/// The folder for what tests download or build, by name and version: `$MULTIREGION_CACHE`, else
/// `terraform-provider-multiregion` in `$XDG_CACHE_HOME` or `~/.cache`. Created when missing.
///
/// # Errors
/// When there is no home folder, or the folder cannot be created.
pub fn cache_dir() -> io::Result<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let dir = set("MULTIREGION_CACHE")
        .or_else(|| {
            let base = set("XDG_CACHE_HOME").or_else(|| Some(env::home_dir()?.join(".cache")))?;
            Some(base.join("terraform-provider-multiregion"))
        })
        .ok_or_else(|| io::Error::other("no home folder for the cache; set MULTIREGION_CACHE"))?;
    std::fs::create_dir_all(&dir)?;
    Ok(dir)
}

/// The root of the source tree.
pub fn source_root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}

/// Removes the settings of the person who runs this from a command, so that it neither reaches that person's AWS
/// account nor behaves differently.
fn clear_user_settings(command: &mut Command) -> &mut Command {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("TF_") || text.starts_with("AWS_") {
            command.env_remove(&name);
        }
    }
    command.env("CHECKPOINT_DISABLE", "1")
}

/// The path of the program `name` on PATH.
fn on_path(name: &str) -> Option<PathBuf> {
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&env::var_os("PATH")?).map(|dir| dir.join(&file)).find(|path| path.is_file())
}

/// The first `version = "…"` of a Cargo.toml.
const fn package_version(manifest: &'static str) -> &'static str {
    let (text, key) = (manifest.as_bytes(), b"\nversion = \"");
    let mut start = 0;
    while start + key.len() < text.len() {
        let mut matched = 0;
        while matched < key.len() && text[start + matched] == key[matched] {
            matched += 1;
        }
        if matched == key.len() {
            let from = start + matched;
            let mut to = from;
            while text[to] != b'"' {
                to += 1;
            }
            return manifest.split_at(to).0.split_at(from).1;
        }
        start += 1;
    }
    panic!("Cargo.toml has no version")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_cargo_toml() {
        assert_eq!(package_version("[package]\nname = \"x\"\nversion = \"1.2.3\"\n"), "1.2.3");
        assert_eq!(PROVIDER_VERSION.split('.').count(), 3, "{PROVIDER_VERSION}");
    }

    #[test]
    fn the_source_root_contains_the_provider() {
        assert!(source_root().join("provider/lib.rs").is_file());
    }

    #[test]
    fn only_existing_programs_are_found_on_path() {
        assert!(on_path("sh").is_some());
        assert!(on_path("no-such-tool-anywhere").is_none());
    }
}
