//! The files of a package, from a directory or a zip file.

use std::path::PathBuf;
use std::time::SystemTime;

/// A file or symbolic link in a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Path in the package, with slashes.
    pub(super) name: String,
    /// Its content.
    pub(super) content: Content,
}

/// The content of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    /// A file on this machine.
    File(Stamp),
    /// A file in the user's zip file.
    Zipped {
        /// Its position in the zip file.
        index: usize,
    },
    /// A symbolic link to this target.
    Link(String),
}

/// A file on this machine. Equal stamps have the same content, as far as the metadata shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Its path.
    pub(super) path: PathBuf,
    /// Size in bytes.
    pub(super) bytes: u64,
    /// Modification time, where the file system has one.
    pub(super) modified: Option<SystemTime>,
}

impl Entry {
    /// Whether this is a symbolic link.
    pub(super) fn is_link(&self) -> bool {
        matches!(self.content, Content::Link(_))
    }
}

/// Whether Lambda must be able to execute the file `name`, whose content begins with `head`.
///
/// Only name and content decide, not the permissions on this machine: those differ between operating systems, and are lost in
/// archives of builds.
///
/// # Source
/// AWS Lambda developer guide, "Building a custom runtime": `bootstrap` is executable. Linux executes files in the format ELF,
/// and scripts that begin with `#!`.
pub(super) fn is_executable(name: &str, head: &[u8]) -> bool {
    name == "bootstrap" || head.starts_with(b"\x7fELF") || head.starts_with(b"#!")
}
