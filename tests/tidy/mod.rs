//! The invariants in `ARCHITECTURE.md` that the compiler cannot check. A failed test lists every violation.

mod features;
mod hcl;
mod rooms;
mod tree;

use tree::{files, sources};

/// The largest number of lines in a file, without its unit tests.
const MAX_LINES: usize = 400;

/// Fails with a list of `violations`, unless there are none.
#[track_caller]
fn assert_none(rule: &str, violations: &[String]) {
    assert!(violations.is_empty(), "{rule}\n{}", violations.join("\n"));
}

#[test]
fn files_have_at_most_400_lines() {
    let all = ["provider", "xtask/src", "tests/aws/src"].into_iter().flat_map(sources);
    let long = all.filter(|file| file.length() > MAX_LINES);
    let violations: Vec<_> = long.map(|file| format!("{}: {} lines", file.path, file.length())).collect();
    assert_none("A file has at most 400 lines, not counting unit tests at its end.", &violations);
}

#[test]
fn every_rust_file_begins_with_a_doc_comment() {
    let rust = ["provider", "xtask/src", "tests"].into_iter().flat_map(files).filter(|file| file.path.ends_with(".rs"));
    let undocumented = rust.filter(|file| !file.text.starts_with("//!"));
    let violations: Vec<_> = undocumented.map(|file| file.path).collect();
    assert_none("A Rust file begins with `//!` and its purpose.", &violations);
}

#[test]
fn every_package_has_the_lints_of_the_workspace() {
    let manifests = files("").into_iter().filter(|file| file.path.ends_with("Cargo.toml"));
    // The fuzzer is a workspace of its own.
    let members = manifests.filter(|file| !file.path.starts_with("fuzz/"));
    let without = members.filter(|file| !file.text.contains("\n[lints]\nworkspace = true\n"));
    let violations: Vec<_> = without.map(|file| file.path).collect();
    assert_none("A Cargo.toml contains `[lints]` with `workspace = true`.", &violations);
}

#[test]
fn no_file_depends_on_one_machine() {
    // Split, because this test also reads this file.
    let machine_paths = [
        concat!("/wo", "rk/"),
        concat!("/tm", "p/"),
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("C:\\", "Users"),
    ];
    let registries = [concat!("replace", "-with"), concat!("index", "-url"), concat!("GO", "PROXY")];
    let mut violations = Vec::new();
    for file in files("") {
        for (line, number) in file.text.lines().zip(1..) {
            let found = machine_paths.iter().chain(&registries).find(|name| line.contains(*name));
            violations.extend(found.map(|name| format!("{}:{number}: {name}", file.path)));
        }
    }
    assert_none("No file contains a path of one machine or the address of a package registry.", &violations);
}
