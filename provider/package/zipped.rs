//! Lists the files of a zip file that the user built.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use zip::ZipArchive;
use zip::result::ZipError;

use super::entry::{Content, Entry};
use super::exclude::Patterns;
use super::walk::show;
use super::{MAX_FILES, MAX_UNZIPPED_BYTES, PackageError};

/// The user's zip file.
pub(super) type UserZip = ZipArchive<BufReader<File>>;

/// The longest target of a symbolic link, in bytes.
///
/// # Source
/// Linux, `limits.h`: `PATH_MAX`.
const MAX_TARGET: u64 = 4096;

/// Opens the zip file `path`, and lists its files and links, sorted by name.
///
/// The directories of a zip file are left out, as empty directories of a `source_dir` are.
pub(super) fn open(path: &Path) -> Result<(UserZip, Vec<Entry>), PackageError> {
    let unreadable = |source| PackageError::Unreadable { path: show(path), source };
    let file = File::open(path).map_err(unreadable)?;
    let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|error| match error {
        ZipError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => unreadable(error),
        source => PackageError::NotAZip { path: show(path), source },
    })?;
    let never_packed = Patterns::parse(&[])?;
    let mut found = Vec::new();
    let mut bytes: u64 = 0;
    for index in 0..zip.len() {
        let Some((name, content, size)) = entry(path, &mut zip, index)? else { continue };
        if never_packed.exclude_within(&name) {
            continue;
        }
        bytes = bytes.saturating_add(size);
        found.push(Entry { name, content });
    }
    if found.is_empty() {
        return Err(PackageError::Empty { path: show(path) });
    }
    if found.len() > MAX_FILES {
        return Err(PackageError::TooManyFiles { path: show(path) });
    }
    if bytes > MAX_UNZIPPED_BYTES {
        return Err(PackageError::TooLarge { path: show(path), bytes });
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    if let Some([twice, _]) = found.windows(2).find(|pair| matches!(pair, [one, other] if one.name == other.name)) {
        return Err(PackageError::EntryName { path: show(path), name: twice.name.clone(), why: "two files have it" });
    }
    Ok((zip, found))
}

/// The file or link at a position: its name, its content, its size in bytes. `None` for a directory.
fn entry(path: &Path, zip: &mut UserZip, index: usize) -> Result<Option<(String, Content, u64)>, PackageError> {
    let at = format!("number {}", index + 1);
    let raw = zip.by_index_raw(index).map_err(|source| unreadable(path, &at, source))?;
    let name = raw.name().map(|name| name.into_owned()).map_err(|source| unreadable(path, &at, source))?;
    let (is_directory, is_link, size) = (raw.is_dir(), raw.is_symlink(), raw.size());
    drop(raw);
    if is_directory {
        return Ok(None);
    }
    let clean = clean(&name).map_err(|why| PackageError::EntryName { path: show(path), name: name.clone(), why })?;
    if !is_link {
        return Ok(Some((clean, Content::Zipped { index }, size)));
    }
    let mut target = String::new();
    let link = zip.by_index(index).map_err(|source| unreadable(path, &name, source))?;
    let read = link.take(MAX_TARGET).read_to_string(&mut target);
    read.map_err(|source| unreadable(path, &name, ZipError::Io(source)))?;
    Ok(Some((clean, Content::Link(target), size)))
}

/// The path in the package of the name in a zip file.
///
/// # Errors
/// The reason why there is none, as a clause.
fn clean(name: &str) -> Result<String, &'static str> {
    if name.contains('\\') {
        return Err("it contains a backslash, and the directories of a path are separated by slashes");
    }
    if name.starts_with('/') {
        return Err("it is an absolute path");
    }
    let parts: Vec<&str> = name.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if parts.contains(&"..") {
        return Err("it contains `..`");
    }
    Ok(parts.join("/"))
}

fn unreadable(path: &Path, name: &str, source: ZipError) -> PackageError {
    PackageError::EntryUnreadable { path: show(path), name: name.to_owned(), source }
}
