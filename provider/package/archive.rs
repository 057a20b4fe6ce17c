//! Writes deterministic zip files.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use zip::result::ZipError;
use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, DateTime, System};

use super::entry::{Content, Entry, Stamp, is_executable};
use super::walk::show;
use super::zipped::UserZip;
use super::{MAX_UNZIPPED_BYTES, MAX_ZIPPED_BYTES, PackageError};
use crate::desired::Package;

/// The compression level of deflate, 1 to 9. Another level would change the digest of every user's package.
const LEVEL: i64 = 6;

/// Zips `entries`, the files of the directory or zip file `path`, into a temporary file. `from` is that zip file.
///
/// # Errors
/// [`PackageError::EntryUnreadable`] for an entry of a zip file without `from`, among others.
pub(super) fn write(
    path: &Path,
    entries: &[Entry],
    mut from: Option<&mut UserZip>,
) -> Result<(Package, File), PackageError> {
    let file = tempfile::tempfile().map_err(PackageError::Scratch)?;
    let mut zip = ZipWriter::new_stream(Hashing::new(file));
    let mut unzipped_bytes = 0;
    for Entry { name, content } in entries {
        // A file may have grown since it was listed.
        let limit = MAX_UNZIPPED_BYTES - unzipped_bytes + 1;
        unzipped_bytes += match content {
            Content::Link(target) => {
                zip.add_symlink(name, target, options()).map_err(scratch)?;
                target.len() as u64
            }
            Content::File(Stamp { path, .. }) => {
                let unreadable = |source| PackageError::Unreadable { path: show(path), source };
                let from = File::open(path).map_err(unreadable)?;
                add(&mut zip, name, from.take(limit), unreadable)?
            }
            Content::Zipped { index } => {
                let unreadable =
                    |source: ZipError| PackageError::EntryUnreadable { path: show(path), name: name.clone(), source };
                let from = from.as_mut().ok_or_else(|| unreadable(ZipError::FileNotFound))?;
                let from = from.by_index(*index).map_err(unreadable)?;
                add(&mut zip, name, from.take(limit), |source| unreadable(ZipError::Io(source)))?
            }
        };
        if unzipped_bytes > MAX_UNZIPPED_BYTES {
            return Err(PackageError::TooLarge { path: show(path), bytes: unzipped_bytes });
        }
    }
    let (file, sha256, zipped_bytes) = zip.finish().map_err(scratch)?.into_inner().finish()?;
    check_upload(path, zipped_bytes)?;
    let files = entries.iter().map(|entry| entry.name.clone()).collect();
    let links = entries.iter().filter(|entry| entry.is_link()).map(|entry| entry.name.clone()).collect();
    Ok((Package { sha256, zipped_bytes, unzipped_bytes, files, links }, file))
}

/// # Errors
/// [`PackageError::ZipTooLarge`] when the zip file of `path` is too large for an upload.
pub(super) fn check_upload(path: &Path, bytes: u64) -> Result<(), PackageError> {
    if bytes > MAX_ZIPPED_BYTES {
        return Err(PackageError::ZipTooLarge { path: show(path), bytes });
    }
    Ok(())
}

/// Zips texts by name.
pub(super) fn of_texts(files: &[(&str, &str)]) -> Result<Vec<u8>, PackageError> {
    let mut zip = ZipWriter::new(io::Cursor::new(Vec::new()));
    for (name, text) in files {
        zip.start_file(*name, options().unix_permissions(0o644)).map_err(scratch)?;
        zip.write_all(text.as_bytes()).map_err(PackageError::Scratch)?;
    }
    Ok(zip.finish().map_err(scratch)?.into_inner())
}

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(LEVEL))
        .last_modified_time(DateTime::DEFAULT)
        .system(System::Unix)
}

/// Adds the file `name`, and returns its size in bytes. `unreadable` is the error when `from` cannot be read.
fn add<W: Write + Seek>(
    zip: &mut ZipWriter<W>,
    name: &str,
    mut from: impl Read,
    unreadable: impl Fn(io::Error) -> PackageError,
) -> Result<u64, PackageError> {
    let mut buffer = vec![0; 64 * 1024];
    let mut length = fill(&mut from, &mut buffer).map_err(&unreadable)?;
    let head = buffer.get(..length).unwrap_or_default();
    let mode = if is_executable(name, head) { 0o755 } else { 0o644 };
    zip.start_file(name, options().unix_permissions(mode)).map_err(scratch)?;
    let mut added = 0;
    // Not `io::copy`, whose error does not show which side failed.
    while length > 0 {
        zip.write_all(buffer.get(..length).unwrap_or_default()).map_err(PackageError::Scratch)?;
        added += length as u64;
        length = fill(&mut from, &mut buffer).map_err(&unreadable)?;
    }
    Ok(added)
}

/// Reads until `buffer` is full or `from` ends, and returns the number of bytes.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match from.read(rest)? {
            0 => break,
            length => filled += length,
        }
    }
    Ok(filled)
}

fn scratch(error: ZipError) -> PackageError {
    PackageError::Scratch(error.into())
}

/// A file whose digest is computed while it is written.
struct Hashing {
    file: BufWriter<File>,
    sha256: Sha256,
    bytes: u64,
}

impl Hashing {
    fn new(file: File) -> Self {
        Self { file: BufWriter::new(file), sha256: Sha256::new(), bytes: 0 }
    }

    /// Returns the rewound file, its SHA-256 in base64, and its size in bytes.
    fn finish(self) -> Result<(File, String, u64), PackageError> {
        let mut file = self.file.into_inner().map_err(|error| PackageError::Scratch(error.into_error()))?;
        file.rewind().map_err(PackageError::Scratch)?;
        Ok((file, STANDARD.encode(self.sha256.finalize()), self.bytes))
    }
}

impl Write for Hashing {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let length = self.file.write(buffer)?;
        self.sha256.update(buffer.get(..length).unwrap_or(buffer));
        self.bytes += length as u64;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
