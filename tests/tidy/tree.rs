//! The files of this repository.

use std::fs;
use std::path::{Path, PathBuf};

/// A text file of the repository.
pub(super) struct File {
    /// Path from the root of the repository, with slashes.
    pub(super) path: String,
    /// Content.
    pub(super) text: String,
}

/// Returns every text file under `directory`, except build output and state, sorted by path.
pub(super) fn files(directory: &str) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    collect(&root.join(directory), &mut paths);
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).ok()?;
        let path = path.strip_prefix(root).ok()?.to_str()?.replace('\\', "/");
        Some(File { path, text })
    };
    paths.into_iter().filter_map(read).collect()
}

/// Returns every Rust file under `directory` that does not consist of tests.
///
/// Tests are in files named `tests.rs` or `testing.rs`, or in a folder `tests`.
#[track_caller]
pub(super) fn sources(directory: &str) -> Vec<File> {
    let is_source = |path: &str| {
        let inside = path.strip_prefix(directory).unwrap_or(path);
        path.ends_with(".rs") && !["/tests.rs", "/testing.rs", "/tests/"].iter().any(|tests| inside.contains(tests))
    };
    let mut found = files(directory);
    found.retain(|file| is_source(&file.path));
    assert!(!found.is_empty(), "no Rust file in {directory}/");
    found
}

fn collect(directory: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_ours = !["target", ".git", ".terraform", ".terraform.lock.hcl", "__pycache__"].contains(&name.as_str())
            && !name.contains(".tfstate");
        match entry.file_type() {
            Ok(kind) if is_ours && kind.is_dir() => collect(&entry.path(), paths),
            Ok(kind) if is_ours && kind.is_file() => paths.push(entry.path()),
            _ => {}
        }
    }
}

impl File {
    /// The number of lines before the unit tests, which come last in a file.
    pub(super) fn length(&self) -> usize {
        let tests = self.text.find("\n#[cfg(test)]\nmod tests {");
        self.text.get(..tests.unwrap_or(self.text.len())).map_or(0, |text| text.lines().count())
    }

    /// The lines before the unit tests that are not comments, each with its number, counted from 1.
    pub(super) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().take(self.length()).zip(1..);
        lines.filter(|(line, _)| !line.trim_start().starts_with("//")).map(|(line, number)| (number, line))
    }

    /// Returns `FILE:LINE: CODE` for every line of code for which `is_violation` is true.
    pub(super) fn violations(&self, is_violation: impl Fn(&str) -> bool) -> Vec<String> {
        let lines = self.code().filter(|(_, line)| is_violation(line));
        lines.map(|(number, line)| format!("{}:{number}: {}", self.path, line.trim())).collect()
    }
}
