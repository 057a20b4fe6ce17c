//! Lists the files of a package.

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::exclude::Patterns;
use super::{MAX_FILES, MAX_UNZIPPED_BYTES, PackageError};

/// A file in a package. Equal entries have the same content, as far as the metadata shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Path in the package, with slashes.
    pub(super) name: String,
    /// Path on this machine.
    pub(super) path: PathBuf,
    /// Size in bytes.
    pub(super) bytes: u64,
    /// Whether any executable bit is set.
    pub(super) executable: bool,
    /// Modification time, where the file system has one.
    pub(super) modified: Option<SystemTime>,
}

/// Lists every file in a directory that is not excluded, sorted by name.
///
/// Follows symbolic links whose targets are inside the directory. Never opens excluded files and directories, so they
/// may be unreadable or special.
pub(super) fn directory(path: &Path, exclude: &[String]) -> Result<Vec<Entry>, PackageError> {
    let patterns = Patterns::parse(exclude)?;
    let top = fs::canonicalize(path).map_err(|error| unreadable(path, error))?;
    if !top.is_dir() {
        return Err(PackageError::WrongKind { path: show(path), expected: "directory" });
    }
    let mut walk = Walk { shown: path, top: &top, patterns, ancestors: Vec::new(), found: Vec::new(), bytes: 0 };
    walk.enter(&top, path, "")?;
    let mut found = walk.found;
    if found.is_empty() {
        return Err(PackageError::Empty { path: show(path) });
    }
    found.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

/// Returns the entry of a finished zip file.
pub(super) fn file(path: &Path) -> Result<Entry, PackageError> {
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, error))?;
    if !metadata.is_file() {
        return Err(PackageError::WrongKind { path: show(path), expected: "file" });
    }
    Ok(entry(show(path), path.to_owned(), &metadata))
}

struct Walk<'a> {
    /// `source_dir` as configured.
    shown: &'a Path,
    /// `source_dir` with all links resolved.
    top: &'a Path,
    patterns: Patterns,
    /// The directories from `top` to the current one, with all links resolved.
    ancestors: Vec<PathBuf>,
    found: Vec<Entry>,
    bytes: u64,
}

impl Walk<'_> {
    /// Reads the directory `real` (links resolved), found at `path` on this machine and at `name` in the package.
    fn enter(&mut self, real: &Path, path: &Path, name: &str) -> Result<(), PackageError> {
        if self.ancestors.iter().any(|ancestor| ancestor == real) {
            return Err(PackageError::LinkLoop { path: show(path) });
        }
        self.ancestors.push(real.to_owned());
        for item in fs::read_dir(real).map_err(|error| unreadable(path, error))? {
            let item = item.map_err(|error| unreadable(path, error))?;
            let path = path.join(item.file_name());
            let file_name = item.file_name().into_string().map_err(|_| PackageError::Name { path: show(&path) })?;
            let name = if name.is_empty() { file_name } else { format!("{name}/{file_name}") };
            if !self.patterns.exclude(&name) {
                self.visit(&item.path(), path, name)?;
            }
        }
        self.ancestors.pop();
        Ok(())
    }

    fn visit(&mut self, real: &Path, path: PathBuf, name: String) -> Result<(), PackageError> {
        let mut metadata = fs::symlink_metadata(real).map_err(|error| unreadable(&path, error))?;
        let mut real = real.to_owned();
        if metadata.is_symlink() {
            real = fs::canonicalize(&real).map_err(|error| cannot_read(&path, error))?;
            if !real.starts_with(self.top) {
                return Err(PackageError::LinkLeadsOut { path: show(&path) });
            }
            metadata = fs::metadata(&real).map_err(|error| cannot_read(&path, error))?;
        }
        if metadata.is_dir() {
            self.enter(&real, &path, &name)
        } else if metadata.is_file() {
            self.add(entry(name, path, &metadata))
        } else {
            Err(PackageError::Special { path: show(&path) })
        }
    }

    /// Adds a file, or fails once a limit is exceeded: links can make a small directory a very large package.
    fn add(&mut self, entry: Entry) -> Result<(), PackageError> {
        self.bytes = self.bytes.saturating_add(entry.bytes);
        self.found.push(entry);
        if self.bytes > MAX_UNZIPPED_BYTES {
            return Err(PackageError::TooLarge { path: show(self.shown), bytes: self.bytes });
        }
        if self.found.len() > MAX_FILES {
            return Err(PackageError::TooManyFiles { path: show(self.shown) });
        }
        Ok(())
    }
}

fn entry(name: String, path: PathBuf, metadata: &Metadata) -> Entry {
    let modified = metadata.modified().ok();
    Entry { name, path, bytes: metadata.len(), executable: is_executable(metadata), modified }
}

#[cfg(unix)]
fn is_executable(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o111 != 0
}

/// Other systems have no executable bit.
#[cfg(not(unix))]
fn is_executable(_: &Metadata) -> bool {
    false
}

fn unreadable(path: &Path, error: io::Error) -> PackageError {
    if error.kind() == ErrorKind::NotFound {
        PackageError::Missing { path: show(path) }
    } else {
        cannot_read(path, error)
    }
}

/// Used for broken links, too: the link itself exists, so [`PackageError::Missing`] would be misleading.
fn cannot_read(path: &Path, source: io::Error) -> PackageError {
    PackageError::Unreadable { path: show(path), source }
}

pub(super) fn show(path: &Path) -> String {
    path.display().to_string()
}
