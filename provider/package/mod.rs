//! A function's package on this machine: the one zip that every region gets.
//!
//! A directory is zipped so that the same files always give the same bytes, wherever and whenever that is done. The zip
//! lies in a temporary file without a name, once per source and process, however many regions it is sent to; it goes
//! away with the process, however that ends.

mod archive;
mod error;
mod exclude;
mod walk;

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::desired::{Package, PackageSource, Packages, Unusable};

pub use error::PackageError;
use walk::Entry;

/// The largest zip that can be sent to Lambda, in bytes. A larger one must go by way of S3.
///
/// # Source
/// AWS, "Lambda quotas": deployment package 50 MB, zipped, when uploaded through the Lambda API.
pub const MAX_ZIPPED_BYTES: u64 = 50 * 1024 * 1024;

/// The most that all files of a package may come to, in bytes.
///
/// # Source
/// AWS, "Lambda quotas": deployment package 250 MB, unzipped; refused by Lambda beyond 262144000 bytes.
pub const MAX_UNZIPPED_BYTES: u64 = 250 * 1024 * 1024;

/// The most files that a package may hold.
///
/// # Source
/// PKWARE, "APPNOTE.TXT", 4.4.22: the number of entries is a 16-bit field; more need the Zip64 extension.
pub const MAX_FILES: usize = 65_535;

/// How long a file must have been left alone until its time of change tells its next change: the coarsest clock of a
/// file system in use (FAT) ticks every two seconds.
const SETTLED: Duration = Duration::from_secs(2);

/// The packages of the file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct DiskPackages;

impl Packages for DiskPackages {
    fn describe(&self, source: &PackageSource) -> Result<Package, Unusable> {
        let slot = slot(source);
        let built = current(source, &mut lock(&slot));
        built.map(|built| built.package.clone()).map_err(|error| error.unusable())
    }
}

/// A package that is ready to be sent.
#[derive(Debug, Clone)]
pub struct Zip(Arc<Built>);

impl Zip {
    /// What is known of it.
    pub fn package(&self) -> &Package {
        &self.0.package
    }

    /// The zip's bytes, at most [`MAX_ZIPPED_BYTES`]. Reads a file: not for an async task.
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

/// The package of `source`, as it was planned: its zip has the SHA-256 `expected_sha256`, in base64.
///
/// Every region gets the same bytes: what was read for the first stays valid for the others, even when somebody edits
/// the files meanwhile. Reads files: not for an async task.
///
/// # Errors
/// [`PackageError::Changed`] when the files are no longer what was planned; all that [`Packages::describe`] finds.
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

/// A zip in its temporary file.
#[derive(Debug)]
struct Built {
    package: Package,
    file: Mutex<File>,
    /// The files it was made of, as they were before they were read.
    entries: Vec<Entry>,
    /// When they were looked at.
    seen: SystemTime,
}

impl Built {
    /// Whether `entries` cannot be anything else than what this was made of.
    fn is_of(&self, entries: &[Entry]) -> bool {
        let settled = |entry: &Entry| entry.modified.is_some_and(|modified| modified + SETTLED < self.seen);
        self.entries == entries && entries.iter().all(settled)
    }
}

/// What was built of one source; locked while it is being built, so that nobody builds it twice.
type Slot = Arc<Mutex<Option<Arc<Built>>>>;

fn slot(source: &PackageSource) -> Slot {
    static SLOTS: LazyLock<Mutex<HashMap<PackageSource, Slot>>> = LazyLock::new(Mutex::default);
    lock(&SLOTS).entry(source.clone()).or_default().clone()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What these locks guard is replaced as a whole, so a panic leaves nothing half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The package as the files are now: what was kept when nothing changed since, else built anew.
fn current(source: &PackageSource, kept: &mut Option<Arc<Built>>) -> Result<Arc<Built>, PackageError> {
    let seen = SystemTime::now();
    let path = Path::new(path_of(source));
    let entries = match source {
        PackageSource::Directory { exclude, .. } => walk::directory(path, exclude)?,
        PackageSource::File { .. } => vec![walk::file(path)?],
    };
    if let Some(built) = kept.as_ref().filter(|built| built.is_of(&entries)) {
        return Ok(built.clone());
    }

    let (package, file) = match source {
        PackageSource::Directory { .. } => archive::write(path, &entries)?,
        PackageSource::File { .. } => archive::copy(path)?,
    };
    let built = Arc::new(Built { package, file: Mutex::new(file), entries, seen });
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
