//! Why a package cannot be used.

use std::error::Error;
use std::io;

use super::{MAX_FILES, MAX_UNZIPPED_BYTES, MAX_ZIPPED_BYTES};
use crate::desired::Unusable;

/// Why a package cannot be used. `Display` says what was found, why it is wrong and how to mend it.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// Nothing is there.
    #[error("There is nothing at {path:?}. Paths are relative to where the command runs: begin with ${{path.module}}.")]
    Missing {
        /// What was looked for.
        path: String,
    },
    /// A file where a directory was meant, or the other way round.
    #[error("{path:?} is not a {expected}. Give a directory to have it zipped, or a zip file as it is.")]
    WrongKind {
        /// What was found.
        path: String,
        /// `directory` or `file`.
        expected: &'static str,
    },
    /// No file is left to be zipped.
    #[error(
        "No file is in {path:?}, or everything in it is excluded. A function needs at least the file of its handler."
    )]
    Empty {
        /// The directory or zip.
        path: String,
    },
    /// A file, directory or link that cannot be read.
    #[error("{path:?} cannot be read. Mend its permissions, or exclude it from the package.")]
    Unreadable {
        /// Which.
        path: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A link to something outside of the directory.
    #[error(
        "{path:?} is a link to something outside of the package. It would send what another machine has not, or what \
         nobody means to send. Copy the file, or exclude the link from the package."
    )]
    LinkLeadsOut {
        /// The link.
        path: String,
    },
    /// A link to a directory that it is in itself.
    #[error("{path:?} is a link to a directory that holds it, so the package would never end. Exclude the link.")]
    LinkLoop {
        /// The link.
        path: String,
    },
    /// A device, socket or pipe.
    #[error("{path:?} is neither a file nor a directory nor a link. Exclude it from the package.")]
    Special {
        /// Which.
        path: String,
    },
    /// A name that is not Unicode.
    #[error("The name of {path:?} is not UTF-8, as the names in a zip must be. Rename it, or exclude its directory.")]
    Name {
        /// The path, as far as it can be shown.
        path: String,
    },
    /// A pattern that cannot be understood.
    #[error("The pattern {pattern:?} cannot be used: {why}. It may hold `*`, `?`, `[a-z]`, and `**` for directories.")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// More files than a zip can count.
    #[error("{path:?} holds more than {MAX_FILES} files, which is the most that a zip can hold. Exclude some of them.")]
    TooManyFiles {
        /// The directory.
        path: String,
    },
    /// Too much content for Lambda.
    #[error(
        "The files in {path:?} come to {bytes} bytes, and Lambda takes at most {MAX_UNZIPPED_BYTES}. Exclude what the \
         function does not need, or use a container image."
    )]
    TooLarge {
        /// The directory or zip.
        path: String,
        /// How much was found, at least.
        bytes: u64,
    },
    /// Too large a zip to be sent.
    #[error(
        "The zip of {path:?} has {bytes} bytes, and Lambda takes at most {MAX_ZIPPED_BYTES} in a request. Exclude what \
         the function does not need, or put the package into S3, or use a container image."
    )]
    ZipTooLarge {
        /// The directory or zip.
        path: String,
        /// Its size.
        bytes: u64,
    },
    /// A file that is no zip.
    #[error("{path:?} is not a zip file that can be read. Give a zip file, or a directory to have it zipped.")]
    NotAZip {
        /// The file.
        path: String,
        /// What is wrong with it.
        #[source]
        source: zip::result::ZipError,
    },
    /// Files that were edited after they were planned.
    #[error(
        "The files at {path:?} are no longer what was planned. Run plan and apply again to send what is there now."
    )]
    Changed {
        /// The directory or zip.
        path: String,
    },
    /// The temporary file failed.
    #[error(
        "The temporary file of a package cannot be used. Look for free space in the directory for temporary files."
    )]
    Scratch(#[source] io::Error),
}

impl PackageError {
    /// A constant sentence that names the mistake.
    pub fn summary(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "Package not found",
            Self::WrongKind { .. } => "Package is of another kind",
            Self::Empty { .. } => "Package is empty",
            Self::Unreadable { .. } => "Package cannot be read",
            Self::LinkLeadsOut { .. } => "Link leads out of the package",
            Self::LinkLoop { .. } => "Link leads in a circle",
            Self::Special { .. } => "Package holds a special file",
            Self::Name { .. } => "File name is not UTF-8",
            Self::Pattern { .. } => "Exclude pattern cannot be used",
            Self::TooManyFiles { .. } => "Package holds too many files",
            Self::TooLarge { .. } | Self::ZipTooLarge { .. } => "Package is too large",
            Self::NotAZip { .. } => "Package is not a zip file",
            Self::Changed { .. } => "Package changed between plan and apply",
            Self::Scratch(_) => "Temporary file failed",
        }
    }

    /// What is told of a package that cannot be used.
    pub fn unusable(&self) -> Unusable {
        let is_missing = matches!(self, Self::Missing { .. } | Self::Empty { .. });
        Unusable { summary: self.summary(), detail: self.detail(), is_missing }
    }

    /// What was found, why it is wrong, how to mend it; with what the system said.
    pub fn detail(&self) -> String {
        match self.source() {
            Some(source) => format!("{self} ({source})"),
            None => self.to_string(),
        }
    }
}
