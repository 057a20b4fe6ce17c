//! Filesystem mirrors: folders in which OpenTofu and Terraform find providers.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::PROVIDER_VERSION;

/// The registries that a source address without a host name refers to: OpenTofu's and Terraform's.
const HOSTS: [&str; 2] = ["registry.opentofu.org", "registry.terraform.io"];

/// The provider's source address, without the registry's host name.
pub const PROVIDER_SOURCE: &str = "multiregion/multiregion";

/// The folder of one provider version in a filesystem mirror: `HOST/NAMESPACE/TYPE/VERSION/OS_ARCH`.
pub(super) struct Package {
    dir: PathBuf,
}

impl Package {
    /// The folder.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The path of the provider's executable, with the name that both tools look for.
    pub(super) fn executable(&self) -> PathBuf {
        self.dir.join(format!("terraform-provider-multiregion_v{PROVIDER_VERSION}{}", env::consts::EXE_SUFFIX))
    }
}

/// The provider's folders in a filesystem mirror that serves OpenTofu and Terraform.
pub(super) fn packages(mirror: &Path) -> Vec<Package> {
    let package = |host| mirror.join(host).join(PROVIDER_SOURCE).join(PROVIDER_VERSION).join(platform());
    HOSTS.iter().map(|host| Package { dir: package(host) }).collect()
}

/// The implied local mirror of this user, which both tools search when their CLI configuration has no
/// `provider_installation` block: `~/.terraform.d/plugins`, on Windows `%APPDATA%\terraform.d\plugins`.
///
/// # Errors
/// When the environment does not name the home folder.
///
/// # Source
/// Terraform, "CLI Configuration File", implied local mirror directories; OpenTofu, `cliconfig.DataDirs`.
pub fn implied_mirror() -> io::Result<PathBuf> {
    if cfg!(windows) {
        let data = env::var_os("APPDATA").ok_or_else(|| io::Error::other("APPDATA is not set"))?;
        return Ok(Path::new(&data).join("terraform.d").join("plugins"));
    }
    let home = env::home_dir().ok_or_else(|| io::Error::other("there is no home folder: set HOME"))?;
    Ok(home.join(".terraform.d").join("plugins"))
}

/// Copies the provider into a filesystem mirror, for both tools, and returns the paths of the copies. An executable that
/// is running is replaced without disturbing it.
///
/// # Errors
/// When a file cannot be written.
pub fn install(provider: &Path, mirror: &Path) -> io::Result<Vec<PathBuf>> {
    let mut installed = Vec::new();
    for package in packages(mirror) {
        fs::create_dir_all(package.dir())?;
        let copy = tempfile::Builder::new().prefix(".installing-").tempdir_in(package.dir())?;
        let finished = copy.path().join("provider");
        fs::copy(provider, &finished)?;
        fs::rename(&finished, package.executable())?;
        installed.push(package.executable());
    }
    Ok(installed)
}

/// This platform in the spelling of provider registries: `linux_amd64`.
fn platform() -> String {
    let os = if cfg!(target_os = "macos") { "darwin" } else { env::consts::OS };
    let architecture = match env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    };
    format!("{os}_{architecture}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_tools_find_the_installed_provider() {
        let folder = tempfile::tempdir().unwrap();
        let provider = folder.path().join("built");
        let mirror = folder.path().join("mirror");
        for build in ["first", "second"] {
            fs::write(&provider, build).unwrap();
            let installed = install(&provider, &mirror).unwrap();
            assert_eq!(installed.len(), 2);
            for (path, host) in installed.iter().zip(HOSTS) {
                let package = mirror.join(host).join(PROVIDER_SOURCE).join(PROVIDER_VERSION).join(platform());
                assert_eq!(path.parent(), Some(package.as_path()));
                assert_eq!(fs::read_to_string(path).unwrap(), build);
                assert_eq!(fs::read_dir(package).unwrap().count(), 1, "only the executable is left");
            }
        }
    }
}
