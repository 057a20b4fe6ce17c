//! Packages built from real files.

use std::fs;
use std::io::Cursor;
use std::time::UNIX_EPOCH;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::*;

fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = TempDir::new().unwrap();
    for (name, content) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    directory
}

fn source(path: &Path, exclude: &[&str]) -> PackageSource {
    let exclude = exclude.iter().map(|pattern| (*pattern).to_owned()).collect();
    PackageSource::Directory { path: path.to_str().unwrap().to_owned(), exclude }
}

fn file(path: &Path) -> PackageSource {
    PackageSource::File { path: path.to_str().unwrap().to_owned() }
}

#[track_caller]
fn described(source: &PackageSource) -> Package {
    DiskPackages.describe(source).unwrap()
}

#[track_caller]
fn refused(source: &PackageSource) -> &'static str {
    let Unusable { summary, detail, .. } = DiskPackages.describe(source).unwrap_err();
    assert!(detail.len() > 40, "{detail}");
    summary
}

#[test]
fn the_same_files_give_the_same_bytes() {
    let one = directory(&[("app.py", "print(1)"), ("lib/a.py", "a"), ("lib/b.py", "b")]);
    let other = directory(&[("lib/b.py", "b"), ("lib/a.py", "a"), ("app.py", "print(1)")]);
    fs::File::open(other.path().join("app.py")).unwrap().set_modified(UNIX_EPOCH).unwrap();
    fs::create_dir(other.path().join("nothing")).unwrap();

    let package = described(&source(one.path(), &[]));
    assert_eq!(package, described(&source(other.path(), &[])));
    assert_eq!(package.files, ["app.py", "lib/a.py", "lib/b.py"]);
    assert_eq!(package.unzipped_bytes, 10);
    // When this digest changes, the next apply of every user uploads every function again.
    assert_eq!(package.sha256, "ox53NWsFdL6vt8fs/iFe8hRgEwW971ELPb6k0oW3fag=");
}

#[test]
fn the_described_package_is_the_one_uploaded() {
    let package = directory(&[("app.py", "print(1)"), ("ä/ö.txt", "x")]);
    let source = source(package.path(), &[]);
    let described = described(&source);
    let bytes = open(&source, &described.sha256).unwrap().bytes().unwrap();
    assert_eq!(bytes.len() as u64, described.zipped_bytes);
    assert_eq!(STANDARD.encode(Sha256::digest(&bytes)), described.sha256);

    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut entry = archive.by_name("ä/ö.txt").unwrap();
    assert_eq!(entry.last_modified(), Some(zip::DateTime::DEFAULT));
    let mut content = String::new();
    entry.read_to_string(&mut content).unwrap();
    assert_eq!(content, "x");
}

#[cfg(unix)]
#[test]
fn only_the_executable_bit_affects_the_digest() {
    use std::os::unix::fs::PermissionsExt;

    let package = directory(&[("bootstrap", "#!/bin/sh"), ("data", "x")]);
    let mode = |name: &str, mode| {
        fs::set_permissions(package.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    let source = source(package.path(), &[]);
    mode("bootstrap", 0o700);
    mode("data", 0o600);
    let before = described(&source);
    let bytes = open(&source, &before.sha256).unwrap().bytes().unwrap();
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    assert_eq!(archive.by_name("bootstrap").unwrap().unix_mode(), Some(0o100_755));
    assert_eq!(archive.by_name("data").unwrap().unix_mode(), Some(0o100_644));

    mode("bootstrap", 0o755);
    mode("data", 0o666);
    assert_eq!(described(&source), before);
    mode("data", 0o755);
    assert_ne!(described(&source).sha256, before.sha256);
}

#[test]
fn excluded_files_are_not_in_the_package() {
    let package = directory(&[("app.py", "1"), ("__pycache__/app.pyc", "2"), ("lib/x.pyc", "3"), ("tests/t.py", "4")]);
    let excluded = source(package.path(), &["**/__pycache__/**", "*.pyc", "tests/"]);
    assert_eq!(described(&excluded).files, ["app.py"]);
    assert_eq!(refused(&source(package.path(), &["**"])), "Package is empty");
    assert_eq!(refused(&source(package.path(), &["*.{a,b}"])), "Invalid exclude pattern");
}

#[test]
fn missing_and_empty_packages_are_rejected() {
    let empty = directory(&[]);
    assert_eq!(refused(&source(empty.path(), &[])), "Package is empty");
    fs::create_dir_all(empty.path().join("only/directories")).unwrap();
    assert_eq!(refused(&source(empty.path(), &[])), "Package is empty");
    assert_eq!(refused(&source(&empty.path().join("gone"), &[])), "Package not found");
    assert_eq!(refused(&file(&empty.path().join("gone.zip"))), "Package not found");
    assert_eq!(refused(&file(empty.path())), "Package has the wrong file type");
    let one = directory(&[("app.py", "1")]);
    assert_eq!(refused(&source(&one.path().join("app.py"), &[])), "Package has the wrong file type");
}

#[cfg(unix)]
#[test]
fn links_are_followed_only_inside_the_package() {
    use std::os::unix::fs::symlink;

    let outside = directory(&[("secret", "s")]);
    let package = directory(&[("app.py", "1"), ("lib/a.py", "2")]);
    let link = |target: &Path, name: &str| symlink(target, package.path().join(name)).unwrap();
    link(Path::new("../app.py"), "lib/same.py");
    link(Path::new("lib"), "again");
    let inside = described(&source(package.path(), &[]));
    assert_eq!(inside.files, ["again/a.py", "again/same.py", "app.py", "lib/a.py", "lib/same.py"]);

    let link_to_package = outside.path().join("link");
    symlink(package.path(), &link_to_package).unwrap();
    assert_eq!(described(&source(&link_to_package, &[])).sha256, inside.sha256);

    link(&outside.path().join("secret"), "lib/out");
    assert_eq!(refused(&source(package.path(), &[])), "Symbolic link leads out of the package");
    assert_eq!(described(&source(package.path(), &["out"])).files.len(), 5);
    fs::remove_file(package.path().join("lib/out")).unwrap();

    link(Path::new("nowhere"), "broken");
    assert_eq!(refused(&source(package.path(), &[])), "Package cannot be read");
    link(Path::new(".."), "lib/up");
    assert_eq!(refused(&source(package.path(), &["broken"])), "Symbolic link forms a loop");
}

#[cfg(unix)]
#[test]
fn nested_links_cannot_build_a_huge_package() {
    use std::os::unix::fs::symlink;

    let package = directory(&[("0/file", "")]);
    for level in 1..40 {
        let directory = package.path().join(level.to_string());
        fs::create_dir(&directory).unwrap();
        for name in ["a", "b", "c", "d"] {
            symlink(format!("../{}", level - 1), directory.join(name)).unwrap();
        }
    }
    assert_eq!(refused(&source(package.path(), &[])), "Package contains too many files");
}

#[cfg(unix)]
#[test]
fn special_and_unreadable_files_are_rejected() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixListener;

    let package = directory(&[("app.py", "1")]);
    let _socket = UnixListener::bind(package.path().join("socket")).unwrap();
    assert_eq!(refused(&source(package.path(), &[])), "Package contains a special file");
    // A pipe without a writer: opening it would block forever.
    let pipe = package.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert_eq!(refused(&source(package.path(), &["socket"])), "Package contains a special file");
    for endless in [pipe.as_path(), Path::new("/dev/zero")] {
        assert_eq!(refused(&file(endless)), "Package has the wrong file type");
    }
    fs::remove_file(pipe).unwrap();

    fs::write(package.path().join(OsStr::from_bytes(b"\xff")), "").unwrap();
    assert_eq!(refused(&source(package.path(), &["socket"])), "File name is not UTF-8");

    let package = directory(&[("app.py", "1")]);
    let locked = package.path().join("app.py");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    // The superuser can read every file.
    if fs::File::open(&locked).is_err() {
        assert_eq!(refused(&source(package.path(), &[])), "Package cannot be read");
    }
}

#[test]
fn lambda_size_limits_are_enforced() {
    let package = directory(&[("app.py", "1")]);
    let large = fs::File::create(package.path().join("large")).unwrap();
    large.set_len(MAX_UNZIPPED_BYTES).unwrap();
    assert_eq!(refused(&source(package.path(), &[])), "Package is too large");

    let package = directory(&[]);
    let zip = package.path().join("a.zip");
    fs::File::create(&zip).unwrap().set_len(MAX_ZIPPED_BYTES + 1).unwrap();
    assert_eq!(refused(&file(&zip)), "Package is too large");
}

#[test]
fn edits_are_detected_immediately() {
    let package = directory(&[("app.py", "1")]);
    let source = source(package.path(), &[]);
    let mut seen = vec![described(&source).sha256];
    for content in ["2", "3", "4"] {
        // The same length, and within the resolution of the file system's timestamps.
        fs::write(package.path().join("app.py"), content).unwrap();
        seen.push(described(&source).sha256);
    }
    seen.dedup();
    assert_eq!(seen.len(), 4);
}

#[test]
fn unchanged_packages_are_not_rebuilt() {
    let package = directory(&[("app.py", "1")]);
    let source = source(package.path(), &[]);
    fs::File::open(package.path().join("app.py")).unwrap().set_modified(UNIX_EPOCH).unwrap();
    let sha256 = described(&source).sha256;
    let one = open(&source, &sha256).unwrap();
    assert_eq!(described(&source).sha256, sha256);
    assert!(Arc::ptr_eq(&one.0, &open(&source, &sha256).unwrap().0));
}

#[test]
fn a_package_that_changed_after_the_plan_is_rejected() {
    let package = directory(&[("app.py", "1")]);
    let source = source(package.path(), &[]);
    let planned = STANDARD.encode(Sha256::digest("something else"));
    let error = open(&source, &planned).unwrap_err();
    assert_eq!(error.summary(), "Package changed between plan and apply");
}

#[test]
fn every_region_gets_the_same_bytes() {
    let package = directory(&[("app.py", "1")]);
    let source = source(package.path(), &[]);
    let planned = described(&source).sha256;
    let first = open(&source, &planned).unwrap().bytes().unwrap();
    fs::write(package.path().join("app.py"), "2").unwrap();
    assert_eq!(open(&source, &planned).unwrap().bytes().unwrap(), first);
}

#[test]
fn a_zip_file_is_uploaded_unchanged() {
    let from = directory(&[("app.py", "print(1)"), ("lib/a.py", "a")]);
    let made = source(from.path(), &[]);
    let made = open(&made, &described(&made).sha256).unwrap();
    let to = directory(&[]);
    let path = to.path().join("a.zip");
    fs::write(&path, made.bytes().unwrap()).unwrap();
    assert_eq!(described(&file(&path)), *made.package());
    assert_eq!(open(&file(&path), &made.package().sha256).unwrap().bytes().unwrap(), made.bytes().unwrap());

    fs::write(&path, &made.bytes().unwrap()[..60]).unwrap();
    assert_eq!(refused(&file(&path)), "Package is not a zip file");
    fs::write(&path, "").unwrap();
    assert_eq!(refused(&file(&path)), "Package is not a zip file");
    let mut empty = zip::ZipWriter::new(Cursor::new(Vec::new()));
    empty.add_directory("lib", zip::write::SimpleFileOptions::default()).unwrap();
    fs::write(&path, empty.finish().unwrap().into_inner()).unwrap();
    assert_eq!(refused(&file(&path)), "Package is empty");
}
