//! Lists the files of a directory.

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

use super::entry::{Content, Entry, Stamp};
use super::exclude::Patterns;
use super::{MAX_FILES, MAX_UNZIPPED_BYTES, PackageError};
use crate::desired::Links;

/// Lists every file and link in a directory that is not excluded, sorted by name.
///
/// Never opens excluded files and directories, so they may be unreadable or special.
pub(super) fn directory(path: &Path, exclude: &[String], links: Links) -> Result<Vec<Entry>, PackageError> {
    let patterns = Patterns::parse(exclude)?;
    let top = fs::canonicalize(path).map_err(|error| unreadable(path, error))?;
    if !top.is_dir() {
        return Err(PackageError::WrongKind { path: show(path), expected: "directory" });
    }
    let mut walk = Walk { shown: path, top: &top, patterns, links, ancestors: Vec::new(), found: Vec::new(), bytes: 0 };
    walk.enter(&top, path, "")?;
    let mut found = walk.found;
    if found.is_empty() {
        return Err(PackageError::Empty { path: show(path) });
    }
    found.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

/// Returns the stamp of a zip file.
pub(super) fn file(path: &Path) -> Result<Stamp, PackageError> {
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, error))?;
    if !metadata.is_file() {
        return Err(PackageError::WrongKind { path: show(path), expected: "file" });
    }
    Ok(stamp(path.to_owned(), &metadata))
}

struct Walk<'a> {
    /// `source_dir` as configured.
    shown: &'a Path,
    /// `source_dir` with all links resolved.
    top: &'a Path,
    patterns: Patterns,
    links: Links,
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
            if self.links != Links::Follow {
                let target = self.target(&real, &path, &name)?;
                return self.add(Entry { name, content: Content::Link(target) }, 0);
            }
            real = fs::canonicalize(&real).map_err(|error| cannot_read(&path, error))?;
            metadata = fs::metadata(&real).map_err(|error| cannot_read(&path, error))?;
        }
        if metadata.is_dir() {
            self.enter(&real, &path, &name)
        } else if metadata.is_file() {
            self.add(Entry { name, content: Content::File(stamp(path, &metadata)) }, metadata.len())
        } else {
            Err(PackageError::Special { path: show(&path) })
        }
    }

    /// The target of the link `real`, found at `path`, which becomes the link `name` of the package.
    fn target(&self, real: &Path, path: &Path, name: &str) -> Result<String, PackageError> {
        let target = fs::read_link(real).map_err(|error| cannot_read(path, error))?;
        let text = target.to_str().ok_or_else(|| PackageError::Name { path: show(&target) })?;
        let text = if cfg!(windows) { text.replace('\\', "/") } else { text.to_owned() };
        if self.links == Links::Keep {
            return Ok(text);
        }
        let Some(within) = within(name, &target) else {
            return Err(PackageError::LinkLeadsOut { path: show(path), target: text });
        };
        // The target may itself be a link, which leads somewhere else.
        let leads_to = fs::canonicalize(real).ok().and_then(|real| Some(real.strip_prefix(self.top).ok()?.to_owned()));
        let is_packed = leads_to.is_some_and(|real| !self.patterns.exclude_within(&slashes(&real)));
        if !is_packed || self.patterns.exclude_within(&within) {
            return Err(PackageError::LinkLeadsNowhere { path: show(path), target: text });
        }
        Ok(text)
    }

    /// Adds a file of this size, or fails once a limit is exceeded: links can make a small directory a very large package.
    fn add(&mut self, entry: Entry, bytes: u64) -> Result<(), PackageError> {
        self.bytes = self.bytes.saturating_add(bytes);
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

/// The path in the package to which the link `name` with this target leads; `None` when that is outside the package, wherever
/// the package is unpacked.
fn within(name: &str, target: &Path) -> Option<String> {
    let (directory, _) = name.rsplit_once('/').unwrap_or_default();
    let mut at: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.components() {
        match part {
            Component::Prefix(_) | Component::RootDir => return None,
            Component::CurDir => {}
            Component::ParentDir => {
                at.pop()?;
            }
            Component::Normal(part) => at.push(part.to_str()?),
        }
    }
    Some(at.join("/"))
}

fn slashes(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

fn stamp(path: PathBuf, metadata: &Metadata) -> Stamp {
    Stamp { path, bytes: metadata.len(), modified: metadata.modified().ok() }
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
