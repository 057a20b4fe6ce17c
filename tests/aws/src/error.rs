//! Why the local AWS cannot be used.

use std::path::PathBuf;

/// What can go wrong between us and the local AWS.
#[derive(Debug)]
pub enum Error {
    /// ministack is not on this machine and could not be installed.
    Install {
        /// What was tried.
        what: String,
        /// What it said.
        output: String,
    },
    /// A file or folder could not be used.
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// ministack did not start.
    Start {
        /// What it said.
        output: String,
    },
    /// ministack did not answer as expected.
    Upstream(String),
    /// Only the memory has snapshots.
    NoSnapshots,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Install { what, output } => write!(f, "ministack cannot be installed: {what}\n{output}"),
            Self::File { path, .. } => write!(f, "{} cannot be used", path.display()),
            Self::Start { output } => write!(f, "ministack did not start\n{output}"),
            Self::Upstream(what) => write!(f, "ministack: {what}"),
            Self::NoSnapshots => f.write_str("ministack has no snapshots"),
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
