//! Errors of the local AWS.

use std::path::PathBuf;

/// An error of the local AWS itself, not one that it imitates.
#[derive(Debug)]
pub enum Error {
    /// ministack is not installed and could not be installed.
    Install {
        /// The command or setting that failed.
        what: String,
        /// What it said.
        output: String,
    },
    /// A file or folder could not be used.
    File {
        /// Its path.
        path: PathBuf,
        /// The I/O error.
        source: std::io::Error,
    },
    /// The local AWS did not start.
    Start {
        /// What it said.
        output: String,
    },
    /// ministack did not respond as expected.
    Upstream(String),
    /// Only the in-memory AWS has snapshots.
    NoSnapshots,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Install { what, output } => write!(f, "could not install ministack: {what}\n{output}"),
            Self::File { path, .. } => write!(f, "could not use {}", path.display()),
            Self::Start { output } => write!(f, "ministack did not start\n{output}"),
            Self::Upstream(what) => write!(f, "ministack: {what}"),
            Self::NoSnapshots => f.write_str("only the in-memory AWS has snapshots"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { source, .. } => Some(source),
            Self::Install { .. } | Self::Start { .. } | Self::Upstream(_) | Self::NoSnapshots => None,
        }
    }
}
