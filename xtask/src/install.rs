//! `cargo xtask install`: the provider where OpenTofu and Terraform find it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use strict_aws::tools::{self, PROVIDER_SOURCE, PROVIDER_VERSION};

use crate::provider::{self, Build};
use crate::{Outcome, ui};

/// Builds the release provider, copies it into the implied local mirror, and prints how to require it.
pub(crate) async fn run() -> Outcome {
    ui::headline("Installing the provider for OpenTofu and Terraform");
    provider::announce(Build::Release);
    let provider = provider::build(Build::Release).await?;
    let installed = tools::install(&provider, &tools::implied_mirror()?)?;
    ui::success(&format!("Installed version {PROVIDER_VERSION}:"));
    installed.iter().for_each(|path| ui::detail(&path.display().to_string()));
    println!("\nRequire it in a configuration, then run tofu init or terraform init:\n\n{}", requirement());
    println!(
        "A directory that was initialized with an earlier build of the same version has that build's checksum in\n\
         .terraform.lock.hcl: delete that file before you run init again."
    );
    for file in cli_configurations().iter().filter(|file| disables_implied_mirrors(file)) {
        println!(
            "\n{} has a provider_installation block, so the command-line tools do not search\n{}.\nAdd to that block:\n\n\
             {}",
            file.display(),
            tools::implied_mirror()?.display(),
            filesystem_mirror(&tools::implied_mirror()?)
        );
    }
    Ok(())
}

/// The block that requires the installed version.
fn requirement() -> String {
    format!(
        "terraform {{\n  required_providers {{\n    multiregion = {{\n      source  = \"{PROVIDER_SOURCE}\"\n      version \
         = \"{PROVIDER_VERSION}\"\n    }}\n  }}\n}}\n"
    )
}

/// The installation method that replaces the implied mirror where a CLI configuration lists its own methods.
fn filesystem_mirror(mirror: &Path) -> String {
    format!("  filesystem_mirror {{\n    path    = {mirror:?}\n    include = [\"*/{PROVIDER_SOURCE}\"]\n  }}\n")
}

/// The CLI configuration files that the tools may read.
///
/// # Source
/// OpenTofu, "CLI Configuration File", locations; Terraform, the same page.
fn cli_configurations() -> Vec<PathBuf> {
    if let Some(file) = env::var_os("TF_CLI_CONFIG_FILE") {
        return vec![file.into()];
    }
    let set = |name: &str| env::var_os(name).map(PathBuf::from);
    if cfg!(windows) {
        let data = set("APPDATA").unwrap_or_default();
        return vec![data.join("tofu.rc"), data.join("terraform.rc")];
    }
    let home = env::home_dir().unwrap_or_default();
    let of_xdg = set("XDG_CONFIG_HOME").map(|config| config.join("opentofu/tofurc"));
    [home.join(".tofurc"), home.join(".terraformrc")].into_iter().chain(of_xdg).collect()
}

/// Whether a CLI configuration lists installation methods: the implied local mirrors are not searched then.
fn disables_implied_mirrors(file: &Path) -> bool {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines().any(|line| line.trim_start().starts_with("provider_installation"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_installation_methods_disable_the_implied_mirrors() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tofurc");
        for (text, expected) in [
            ("provider_installation {\n  direct {}\n}\n", true),
            ("# provider_installation\nplugin_cache_dir = \"/tmp\"\n", false),
        ] {
            fs::write(&file, text).unwrap();
            assert_eq!(disables_implied_mirrors(&file), expected, "{text}");
        }
        assert!(!disables_implied_mirrors(&folder.path().join("missing")));
    }

    #[test]
    fn the_requirement_names_the_installed_version() {
        assert!(requirement().contains(&format!("version = \"{PROVIDER_VERSION}\"")), "{}", requirement());
    }
}
