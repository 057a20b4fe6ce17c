//! Errors of packages.

use std::error::Error;
use std::io;

use super::{MAX_FILES, MAX_UNZIPPED_BYTES, MAX_ZIPPED_BYTES};
use crate::desired::Unusable;

/// A package that cannot be built or uploaded. `Display` gives the path, the reason and the fix.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// No file or directory exists at the path.
    #[error(
        "No file or directory exists at {path:?}. A relative path starts in the directory in which the command runs; \
         use ${{path.module}} to start in the directory of the module."
    )]
    Missing {
        /// The configured path.
        path: String,
    },
    /// `source_dir` is not a directory, or `filename` is not a file.
    #[error("{path:?} is not a {expected}. Set source_dir to a directory, or filename to a zip file.")]
    WrongKind {
        /// The configured path.
        path: String,
        /// `directory` or `file`.
        expected: &'static str,
    },
    /// The package contains no file.
    #[error(
        "{path:?} contains no files, or all of them are excluded. A function needs at least the file that contains \
         its handler."
    )]
    Empty {
        /// The directory or zip file.
        path: String,
    },
    /// The operating system refused to read a file, directory or link.
    #[error("Could not read {path:?}. Check its permissions, or exclude it from the package.")]
    Unreadable {
        /// The path that could not be read.
        path: String,
        /// The operating system's error.
        #[source]
        source: io::Error,
    },
    /// A symbolic link to a target outside `source_dir`.
    #[error(
        "{path:?} is a symbolic link to {target:?}, which is outside the package. Set symlinks to \"follow\" to pack the file \
         or directory to which the link leads, or to \"keep\" if the target exists where the function runs, such as below \
         /opt in a layer. Or exclude the link from the package."
    )]
    LinkLeadsOut {
        /// The link.
        path: String,
        /// Its target, as stored in the link.
        target: String,
    },
    /// A symbolic link to a target that is not in the package.
    #[error(
        "{path:?} is a symbolic link to {target:?}, which is not in the package: it does not exist, or it is excluded. \
         Exclude the link, too, or set symlinks to \"keep\"."
    )]
    LinkLeadsNowhere {
        /// The link.
        path: String,
        /// Its target, as stored in the link.
        target: String,
    },
    /// A symbolic link to one of the directories that contain it.
    #[error(
        "{path:?} is a symbolic link to a directory that contains the link, so the package would never end. Exclude \
         the link from the package."
    )]
    LinkLoop {
        /// The link.
        path: String,
    },
    /// A device, socket or pipe.
    #[error("{path:?} is a device, socket or pipe. Exclude it from the package.")]
    Special {
        /// The special file.
        path: String,
    },
    /// A file name that is not UTF-8.
    #[error(
        "The file name of {path:?} is not valid UTF-8, which a zip file requires. Rename the file, or exclude its \
         directory from the package."
    )]
    Name {
        /// The path; invalid bytes are shown as replacement characters.
        path: String,
    },
    /// An invalid pattern in `exclude`.
    #[error(
        "The pattern {pattern:?} in exclude is invalid: {why}. Patterns support `*`, `?` and `[a-z]` within a name, and \
         `**` for any number of directories."
    )]
    Pattern {
        /// The pattern as configured.
        pattern: String,
        /// The reason, as a clause.
        why: &'static str,
    },
    /// More files than a zip file can contain.
    #[error(
        "{path:?} contains more than {MAX_FILES} files, the maximum of a zip file. Exclude the files that the function \
         does not need."
    )]
    TooManyFiles {
        /// The directory.
        path: String,
    },
    /// The files exceed Lambda's limit on the unzipped size.
    #[error(
        "The files in {path:?} have {bytes} bytes, but Lambda accepts at most {MAX_UNZIPPED_BYTES} bytes unzipped. \
         Exclude the files that the function does not need, or use a container image."
    )]
    TooLarge {
        /// The directory or zip file.
        path: String,
        /// The size in bytes when reading stopped; the total may be larger.
        bytes: u64,
    },
    /// The zip file exceeds Lambda's limit on a direct upload.
    #[error(
        "The zip file of {path:?} has {bytes} bytes, but Lambda accepts at most {MAX_ZIPPED_BYTES} bytes in a direct \
         upload. Exclude the files that the function does not need, upload the package to S3, or use a container image."
    )]
    ZipTooLarge {
        /// The directory or zip file.
        path: String,
        /// The size of the zip file in bytes.
        bytes: u64,
    },
    /// A file that is not a zip file.
    #[error("{path:?} is not a valid zip file. Set filename to a zip file, or source_dir to a directory.")]
    NotAZip {
        /// The file.
        path: String,
        /// The error of the zip reader.
        #[source]
        source: zip::result::ZipError,
    },
    /// A name in a zip file that is no path within the package.
    #[error(
        "The zip file {path:?} contains the name {name:?}, which Lambda does not unpack to a file of the package: {why}. Build \
         the zip file again, or set source_dir to the directory."
    )]
    EntryName {
        /// The zip file.
        path: String,
        /// The name in the zip file.
        name: String,
        /// The reason, as a clause.
        why: &'static str,
    },
    /// A file in a zip file that cannot be decompressed.
    #[error(
        "The file {name:?} in the zip file {path:?} cannot be read. It may be damaged, encrypted, or compressed with another \
         method than deflate. Build the zip file again."
    )]
    EntryUnreadable {
        /// The zip file.
        path: String,
        /// The name in the zip file.
        name: String,
        /// The error of the zip reader.
        #[source]
        source: zip::result::ZipError,
    },
    /// The files were edited after the plan.
    #[error("The files at {path:?} have changed since the plan. Create a new plan, and apply that.")]
    Changed {
        /// The directory or zip file.
        path: String,
    },
    /// The temporary file could not be written or read.
    #[error(
        "Could not write or read a temporary file. Check the free space and the permissions of the directory for \
         temporary files."
    )]
    Scratch(#[source] io::Error),
}

impl PackageError {
    /// The summary of the diagnostic: constant for each kind of error.
    pub fn summary(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "Package not found",
            Self::WrongKind { .. } => "Package has the wrong file type",
            Self::Empty { .. } => "Package is empty",
            Self::Unreadable { .. } => "Package cannot be read",
            Self::LinkLeadsOut { .. } => "Symbolic link leads out of the package",
            Self::LinkLeadsNowhere { .. } => "Symbolic link leads nowhere",
            Self::LinkLoop { .. } => "Symbolic link forms a loop",
            Self::Special { .. } => "Package contains a special file",
            Self::Name { .. } => "File name is not UTF-8",
            Self::Pattern { .. } => "Invalid exclude pattern",
            Self::TooManyFiles { .. } => "Package contains too many files",
            Self::TooLarge { .. } | Self::ZipTooLarge { .. } => "Package is too large",
            Self::NotAZip { .. } => "Package is not a zip file",
            Self::EntryName { .. } => "Invalid name in a zip file",
            Self::EntryUnreadable { .. } => "Zip file cannot be read",
            Self::Changed { .. } => "Package changed between plan and apply",
            Self::Scratch(_) => "Temporary file failed",
        }
    }

    /// This error as the pure rooms see it.
    pub fn unusable(&self) -> Unusable {
        let is_missing = matches!(self, Self::Missing { .. } | Self::Empty { .. });
        Unusable { summary: self.summary(), detail: self.detail(), is_missing }
    }

    /// The detail of the diagnostic: `Display`, followed by the cause in parentheses when there is one.
    pub fn detail(&self) -> String {
        match self.source() {
            Some(source) => format!("{self} ({source})"),
            None => self.to_string(),
        }
    }
}
