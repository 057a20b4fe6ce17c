//! The package of a function's code: where it comes from, and what is known of it.

use serde::{Deserialize, Serialize};

/// Reads a function's package. The only way in which pure code reaches a file.
pub trait Packages {
    /// What is known of the package of a directory or zip file.
    ///
    /// # Errors
    /// Why it cannot be used.
    fn describe(&self, source: &PackageSource) -> Result<Package, Unusable>;
}

/// Why a package cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// A constant sentence that names the mistake.
    pub summary: &'static str,
    /// What was found, why it is wrong, how to fix it.
    pub detail: String,
    /// Whether its files are not on this machine at all.
    pub is_missing: bool,
}

/// Where a package comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PackageSource {
    /// A directory that is zipped.
    Directory {
        /// Its path.
        path: String,
        /// Patterns of what is left out.
        exclude: Vec<String>,
    },
    /// A zip file made by somebody else.
    File {
        /// Its path.
        path: String,
    },
}

/// A package that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// SHA-256 of the zip in base64, as Lambda reports it.
    pub sha256: String,
    /// Size of the zip in bytes.
    pub zipped_bytes: u64,
    /// Size of everything in it in bytes.
    pub unzipped_bytes: u64,
    /// The names of the files in it.
    pub files: Vec<String>,
}
