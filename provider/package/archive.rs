//! Writes deterministic zip files, and copies and inspects the user's zip files.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use zip::result::ZipError;
use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, DateTime, System, ZipArchive};

use super::walk::{Entry, show};
use super::{MAX_UNZIPPED_BYTES, MAX_ZIPPED_BYTES, PackageError};
use crate::desired::Package;

/// The compression level of deflate, 1 to 9. Another level would change the digest of every user's package.
const LEVEL: i64 = 6;

/// Zips `entries`, the files of the directory `path`, into a temporary file.
pub(super) fn write(path: &Path, entries: &[Entry]) -> Result<(Package, File), PackageError> {
    let file = tempfile::tempfile().map_err(PackageError::Scratch)?;
    let mut zip = ZipWriter::new_stream(Hashing::new(file));
    let mut unzipped_bytes = 0;
    for entry in entries {
        let mode = if entry.executable { 0o755 } else { 0o644 };
        zip.start_file(&entry.name, options().unix_permissions(mode)).map_err(scratch)?;
        // A file may have grown since it was listed.
        let left = MAX_UNZIPPED_BYTES - unzipped_bytes;
        unzipped_bytes += pour(&entry.path, left + 1, &mut zip)?;
        if unzipped_bytes > MAX_UNZIPPED_BYTES {
            return Err(PackageError::TooLarge { path: show(path), bytes: unzipped_bytes });
        }
    }
    let (file, sha256, zipped_bytes) = zip.finish().map_err(scratch)?.into_inner().finish()?;
    if zipped_bytes > MAX_ZIPPED_BYTES {
        return Err(PackageError::ZipTooLarge { path: show(path), bytes: zipped_bytes });
    }
    let files = entries.iter().map(|entry| entry.name.clone()).collect();
    Ok((Package { sha256, zipped_bytes, unzipped_bytes, files }, file))
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

/// Copies the user's zip file into a temporary file, byte for byte, and inspects it.
pub(super) fn copy(path: &Path) -> Result<(Package, File), PackageError> {
    let mut copy = Hashing::new(tempfile::tempfile().map_err(PackageError::Scratch)?);
    pour(path, MAX_ZIPPED_BYTES + 1, &mut copy)?;
    let (file, sha256, zipped_bytes) = copy.finish()?;
    if zipped_bytes > MAX_ZIPPED_BYTES {
        let bytes = std::fs::metadata(path).map_or(zipped_bytes, |metadata| metadata.len());
        return Err(PackageError::ZipTooLarge { path: show(path), bytes });
    }

    let (files, unzipped_bytes) = contents(&file).map_err(|error| match error {
        ZipError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => PackageError::Scratch(error),
        source => PackageError::NotAZip { path: show(path), source },
    })?;
    if files.is_empty() {
        return Err(PackageError::Empty { path: show(path) });
    }
    if unzipped_bytes > MAX_UNZIPPED_BYTES {
        return Err(PackageError::TooLarge { path: show(path), bytes: unzipped_bytes });
    }
    Ok((Package { sha256, zipped_bytes, unzipped_bytes, files }, file))
}

/// Returns the names of the files in a zip file, and their total size in bytes.
fn contents(file: &File) -> Result<(Vec<String>, u64), ZipError> {
    let mut archive = ZipArchive::new(file)?;
    let mut files = Vec::new();
    let mut bytes: u64 = 0;
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index)?;
        if !entry.is_dir() {
            bytes = bytes.saturating_add(entry.size());
            files.push(entry.name()?.into_owned());
        }
    }
    Ok((files, bytes))
}

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(LEVEL))
        .last_modified_time(DateTime::DEFAULT)
        .system(System::Unix)
}

/// Copies at most `limit` bytes of the file at `path`, and returns how many it copied.
fn pour(path: &Path, limit: u64, to: &mut impl Write) -> Result<u64, PackageError> {
    let unreadable = |source| PackageError::Unreadable { path: show(path), source };
    let mut from = File::open(path).map_err(unreadable)?.take(limit);
    let mut buffer = vec![0; 64 * 1024];
    let mut copied = 0;
    loop {
        // Not `io::copy`, whose error does not show which side failed.
        match from.read(&mut buffer).map_err(unreadable)? {
            0 => return Ok(copied),
            length => {
                to.write_all(buffer.get(..length).unwrap_or_default()).map_err(PackageError::Scratch)?;
                copied += length as u64;
            }
        }
    }
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
