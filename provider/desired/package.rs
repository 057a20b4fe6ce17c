//! The package of a function's code: its source and its properties.

use serde::{Deserialize, Serialize};

/// Reads packages: the only way in which pure code reads files.
pub trait Packages {
    /// The properties of the package of a directory or zip file.
    ///
    /// # Errors
    /// [`Unusable`]: why the package cannot be used.
    fn describe(&self, source: &PackageSource) -> Result<Package, Unusable>;
}

/// Why a package cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// The summary of a diagnostic.
    pub summary: &'static str,
    /// The detail of a diagnostic: the value found, the reason, the fix.
    pub detail: String,
    /// Whether its files do not exist on this machine.
    pub is_missing: bool,
}

/// The source of a package.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PackageSource {
    /// A directory, which the provider zips.
    Directory {
        /// Its path.
        path: String,
        /// Patterns of the files to exclude.
        exclude: Vec<String>,
        /// What becomes of its symbolic links.
        #[serde(default, skip_serializing_if = "Links::is_default")]
        links: Links,
    },
    /// An existing zip file.
    File {
        /// Its path.
        path: String,
    },
}

/// What becomes of the symbolic links in a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Links {
    /// A link to another file or directory of the package stays a link; every other link is an error.
    #[default]
    Inside,
    /// Every link stays a link.
    Keep,
    /// The file or directory to which a link leads takes the place of the link.
    Follow,
}

impl Links {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A package that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// SHA-256 of the zip in base64, as Lambda reports it.
    pub sha256: String,
    /// Size of the zip in bytes.
    pub zipped_bytes: u64,
    /// Size of its files in bytes.
    pub unzipped_bytes: u64,
    /// The names of its files and symbolic links.
    pub files: Vec<String>,
    /// The names of its symbolic links.
    pub links: Vec<String>,
}
