//! A function's deployment package: the zip file that is uploaded to every region.
//!
//! The files of a directory or of the user's zip file are zipped deterministically: the same names and contents give the same
//! bytes on every machine. The zip is kept in an unnamed temporary file, one for each source and process, which the operating
//! system removes when the process ends.

mod archive;
mod entry;
mod error;
mod exclude;
mod walk;
mod zipped;

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::desired::{Package, PackageSource, Packages, Unusable};

use entry::{Content, Entry, Stamp};
pub use error::PackageError;

/// The largest zip file that Lambda accepts in a direct upload, in bytes. Larger packages have to be uploaded to S3.
///
/// # Source
/// AWS, "Lambda quotas": deployment package 50 MB, zipped, when uploaded through the Lambda API. Lambda counts the request,
/// which contains the file in base64, and rejects it with "Request must be smaller than 69905067 bytes".
pub const MAX_ZIPPED_BYTES: u64 = 69_905_067 / 4 * 3;

/// The largest total size of the files in a package, in bytes.
///
/// # Source
/// AWS, "Lambda quotas": deployment package 250 MB, unzipped; Lambda rejects more than 262144000 bytes.
pub const MAX_UNZIPPED_BYTES: u64 = 250 * 1024 * 1024;

/// The largest number of files in a package.
///
/// # Source
/// PKWARE, "APPNOTE.TXT", 4.4.22: the number of entries is a 16-bit field; larger archives need Zip64.
pub const MAX_FILES: usize = 65_535;

/// The age from which the modification time of a file proves that the file has not changed again: the coarsest
/// timestamps of a common file system (FAT) have a resolution of two seconds.
const TIMESTAMP_RESOLUTION: Duration = Duration::from_secs(2);

/// Packages built from local files.
#[derive(Debug, Clone, Copy, Default)]
pub struct DiskPackages;

impl Packages for DiskPackages {
    fn describe(&self, source: &PackageSource) -> Result<Package, Unusable> {
        let slot = slot(source);
        let built = current(source, &mut lock(&slot));
        built.map(|built| built.package.clone()).map_err(|error| error.unusable())
    }
}

/// The zip file of texts by name: the code of a function of the provider's own.
///
/// # Errors
/// [`PackageError::Scratch`].
pub fn of_texts(files: &[(&str, &str)]) -> Result<Vec<u8>, PackageError> {
    archive::of_texts(files)
}

/// A package that is ready for upload.
#[derive(Debug, Clone)]
pub struct Zip(Arc<Built>);

impl Zip {
    /// Its digest, sizes and file names.
    pub fn package(&self) -> &Package {
        &self.0.package
    }

    /// The bytes of the zip file, at most [`MAX_ZIPPED_BYTES`]. Blocks on a file read: do not call it in an async task.
    ///
    /// # Errors
    /// [`PackageError::Scratch`] when the temporary file cannot be read.
    pub fn bytes(&self) -> Result<Vec<u8>, PackageError> {
        let mut file = lock(&self.0.file);
        let mut bytes = Vec::with_capacity(usize::try_from(self.0.package.zipped_bytes).unwrap_or(0));
        file.rewind().and_then(|()| file.read_to_end(&mut bytes)).map_err(PackageError::Scratch)?;
        Ok(bytes)
    }
}

/// Returns the package of `source` that was planned: `expected_sha256` is the SHA-256 of its zip file, in base64.
///
/// Every region gets the same bytes: once the package was opened, edits of the source files no longer affect it. Blocks
/// on file reads: do not call it in an async task.
///
/// # Errors
/// [`PackageError::Changed`] when the files have changed since the plan, and every error of [`Packages::describe`].
pub fn open(source: &PackageSource, expected_sha256: &str) -> Result<Zip, PackageError> {
    let slot = slot(source);
    let mut kept = lock(&slot);
    if let Some(built) = kept.as_ref().filter(|built| built.package.sha256 == expected_sha256) {
        return Ok(Zip(built.clone()));
    }
    let built = current(source, &mut kept)?;
    if built.package.sha256 == expected_sha256 {
        Ok(Zip(built))
    } else {
        Err(PackageError::Changed { path: path_of(source).to_owned() })
    }
}

/// A zip file in its temporary file.
#[derive(Debug)]
struct Built {
    package: Package,
    file: Mutex<File>,
    /// The source files, as listed before they were read: those of the directory, or the zip file.
    listed: Vec<Entry>,
    /// When they were listed.
    listed_at: SystemTime,
}

impl Built {
    /// Whether `listed` are certainly the files from which this was built.
    fn is_current(&self, listed: &[Entry]) -> bool {
        let settled = |entry: &Entry| match &entry.content {
            Content::File(Stamp { modified, .. }) => {
                modified.is_some_and(|modified| modified + TIMESTAMP_RESOLUTION < self.listed_at)
            }
            Content::Link(_) | Content::Zipped { .. } => true,
        };
        self.listed == listed && listed.iter().all(settled)
    }
}

/// The package of one source. Locked while it is built, so that concurrent callers build it once.
type Slot = Arc<Mutex<Option<Arc<Built>>>>;

fn slot(source: &PackageSource) -> Slot {
    static SLOTS: LazyLock<Mutex<HashMap<PackageSource, Slot>>> = LazyLock::new(Mutex::default);
    lock(&SLOTS).entry(source.clone()).or_default().clone()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // The guarded values are replaced as a whole, so a panic cannot leave them inconsistent.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the package of the files as they are now: `kept` while the files are unchanged, otherwise a new one.
fn current(source: &PackageSource, kept: &mut Option<Arc<Built>>) -> Result<Arc<Built>, PackageError> {
    let listed_at = SystemTime::now();
    let path = Path::new(path_of(source));
    let listed = match source {
        PackageSource::Directory { exclude, links, .. } => walk::directory(path, exclude, *links)?,
        PackageSource::File { path: name } => {
            vec![Entry { name: name.clone(), content: Content::File(walk::file(path)?) }]
        }
    };
    if let Some(built) = kept.as_ref().filter(|built| built.is_current(&listed)) {
        return Ok(built.clone());
    }

    let (package, file) = match source {
        PackageSource::Directory { .. } => archive::write(path, &listed, None)?,
        PackageSource::File { .. } => {
            let (mut zip, entries) = zipped::open(path)?;
            archive::write(path, &entries, Some(&mut zip))?
        }
    };
    let built = Arc::new(Built { package, file: Mutex::new(file), listed, listed_at });
    *kept = Some(built.clone());
    Ok(built)
}

fn path_of(source: &PackageSource) -> &str {
    match source {
        PackageSource::Directory { path, .. } | PackageSource::File { path } => path,
    }
}

#[cfg(test)]
mod tests;
