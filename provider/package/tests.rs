//! Packages built from real files.

use std::fs;
use std::io::{Cursor, Write};
use std::time::UNIX_EPOCH;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::*;
use crate::desired::Links;

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
    PackageSource::Directory { path: path.to_str().unwrap().to_owned(), exclude, links: Links::Inside }
}

/// The package of a directory without patterns, with this treatment of links.
fn linked(path: &Path, links: Links) -> PackageSource {
    PackageSource::Directory { path: path.to_str().unwrap().to_owned(), exclude: Vec::new(), links }
}

/// Each name in the zip file of a package, with the type and permissions of the file, and the content.
#[track_caller]
fn unpacked(source: &PackageSource) -> Vec<(String, u32, String)> {
    let bytes = open(source, &described(source).sha256).unwrap().bytes().unwrap();
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let entries = (0..archive.len()).map(|index| {
        let mut entry = archive.by_index(index).unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        let name = entry.name().unwrap().into_owned();
        (name, entry.unix_mode().unwrap(), String::from_utf8_lossy(&content).into_owned())
    });
    entries.collect()
}

/// A zip file, of names with their permissions and contents, in the order of `files`.
fn zip_file(path: &Path, files: &[(&str, u32, &str)], time: zip::DateTime) {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().last_modified_time(time);
    for (name, mode, content) in files {
        zip.start_file(*name, options.unix_permissions(*mode)).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    fs::write(path, zip.finish().unwrap().into_inner()).unwrap();
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

#[test]
fn content_decides_whether_a_file_is_executable() {
    let files = [
        ("bootstrap", "no script"),
        ("bin/script", "#!/bin/sh"),
        ("bin/program", "\x7fELF\x02"),
        ("bin/bootstrap", "a file of this name elsewhere"),
        ("data", "x"),
        ("empty", ""),
    ];
    let package = directory(&files);
    let modes: Vec<_> =
        unpacked(&source(package.path(), &[])).into_iter().map(|(name, mode, _)| format!("{name} {mode:o}")).collect();
    assert_eq!(
        modes,
        [
            "bin/bootstrap 100644",
            "bin/program 100755",
            "bin/script 100755",
            "bootstrap 100755",
            "data 100644",
            "empty 100644"
        ]
    );
}

#[cfg(unix)]
#[test]
fn permissions_do_not_affect_the_digest() {
    use std::os::unix::fs::PermissionsExt;

    let package = directory(&[("bootstrap", "#!/bin/sh"), ("data", "x")]);
    let source = source(package.path(), &[]);
    let before = described(&source);
    for (name, mode) in [("bootstrap", 0o755), ("bootstrap", 0o600), ("data", 0o755), ("data", 0o400)] {
        fs::set_permissions(package.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(described(&source), before, "{name} {mode:o}");
    }
}

#[test]
fn files_of_tools_are_never_packed() {
    let package = directory(&[
        ("main.tf", "1"),
        ("app.py", "2"),
        (".gitignore", "3"),
        (".git/HEAD", "4"),
        (".terraform/providers/provider", "5"),
        (".terraform.lock.hcl", "6"),
        (".terraform.tfstate.lock.info", "7"),
        ("terraform.tfstate", "8"),
        ("terraform.tfstate.backup", "9"),
        ("terraform.tfstate.d/staging/terraform.tfstate", "10"),
        ("saved.tfplan", "11"),
        ("lib/.DS_Store", "12"),
        ("__MACOSX/._app.py", "13"),
        ("lib/tfplan", "14"),
    ]);
    assert_eq!(described(&source(package.path(), &[])).files, [".gitignore", "app.py", "main.tf"]);
    let zip = package.path().join("a.zip");
    zip_file(&zip, &[("__MACOSX/._app.py", 0o644, "a"), ("app.py", 0o644, "b")], zip::DateTime::DEFAULT);
    assert_eq!(described(&file(&zip)).files, ["app.py"]);
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

/// The layout of pnpm: a module finds its own dependencies beside the place to which the link to it leads.
#[cfg(unix)]
#[test]
fn links_within_the_package_stay_links() {
    use std::os::unix::fs::symlink;

    let package = directory(&[
        ("index.js", "1"),
        ("node_modules/.pnpm/greeter@1.0.0/node_modules/greeter/index.js", "2"),
        ("node_modules/.pnpm/words@1.0.0/node_modules/words/index.js", "3"),
    ]);
    let link = |target: &str, name: &str| symlink(target, package.path().join(name)).unwrap();
    link(".pnpm/greeter@1.0.0/node_modules/greeter", "node_modules/greeter");
    link("../../words@1.0.0/node_modules/words", "node_modules/.pnpm/greeter@1.0.0/node_modules/words");
    link("..", "node_modules/top");

    let source = source(package.path(), &[]);
    let links: Vec<_> = unpacked(&source).into_iter().filter(|(_, mode, _)| *mode == 0o120_777).collect();
    let links: Vec<_> = links.iter().map(|(name, _, target)| (name.as_str(), target.as_str())).collect();
    assert_eq!(
        links,
        [
            ("node_modules/.pnpm/greeter@1.0.0/node_modules/words", "../../words@1.0.0/node_modules/words"),
            ("node_modules/greeter", ".pnpm/greeter@1.0.0/node_modules/greeter"),
            ("node_modules/top", ".."),
        ]
    );
    let package = described(&source);
    assert_eq!(package.links.len(), 3);
    assert_eq!(package.files.len(), 6);
}

#[cfg(unix)]
#[test]
fn links_out_of_the_package_need_a_decision() {
    use std::os::unix::fs::symlink;

    let outside = directory(&[("shared.py", "s"), ("lib/b.py", "b")]);
    let package = directory(&[("app.py", "1"), ("lib/a.py", "2")]);
    let path = package.path();
    let shared = outside.path().join("shared.py");
    let beside = format!("../{}/app.py", path.file_name().unwrap().to_str().unwrap());
    for (target, name, summary) in [
        (shared.to_str().unwrap(), "out", "Symbolic link leads out of the package"),
        (path.join("app.py").to_str().unwrap(), "absolute", "Symbolic link leads out of the package"),
        // It leads back into the directory, but not into the directory in which Lambda unpacks the package.
        (beside.as_str(), "back", "Symbolic link leads out of the package"),
        ("/opt/nodejs", "layer", "Symbolic link leads out of the package"),
        ("nowhere", "broken", "Symbolic link leads nowhere"),
        ("self", "self", "Symbolic link leads nowhere"),
    ] {
        symlink(target, path.join(name)).unwrap();
        assert_eq!(refused(&source(path, &[])), summary, "{name}");
        assert_eq!(described(&source(path, &[name])).files, ["app.py", "lib/a.py"]);
        let kept = unpacked(&linked(path, Links::Keep));
        assert!(kept.contains(&(name.to_owned(), 0o120_777, target.to_owned())), "{kept:?}");
        fs::remove_file(path.join(name)).unwrap();
    }

    symlink("lib/a.py", path.join("chosen.py")).unwrap();
    assert_eq!(refused(&source(path, &["lib"])), "Symbolic link leads nowhere");
    symlink(outside.path().join("lib"), path.join("more")).unwrap();
    let followed = described(&linked(path, Links::Follow));
    assert_eq!(followed.files, ["app.py", "chosen.py", "lib/a.py", "more/b.py"]);
    assert!(followed.links.is_empty());

    let link_to_package = outside.path().join("link");
    symlink(path, &link_to_package).unwrap();
    assert_eq!(described(&linked(&link_to_package, Links::Follow)).sha256, followed.sha256);
    symlink("..", path.join("lib/up")).unwrap();
    assert_eq!(refused(&linked(path, Links::Follow)), "Symbolic link forms a loop");
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
    assert_eq!(refused(&linked(package.path(), Links::Follow)), "Package contains too many files");
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

    let path = Path::new("a.zip");
    archive::check_upload(path, MAX_ZIPPED_BYTES).unwrap();
    assert_eq!(archive::check_upload(path, MAX_ZIPPED_BYTES + 1).unwrap_err().summary(), "Package is too large");
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
fn a_rebuilt_zip_file_with_the_same_files_is_the_same_package() {
    let from = directory(&[("app.py", "print(1)"), ("lib/a.py", "a"), ("bootstrap", "#!/bin/sh")]);
    let to = directory(&[]);
    let path = to.path().join("a.zip");
    let expected = described(&source(from.path(), &[]));
    let later = zip::DateTime::from_date_and_time(2026, 2, 3, 4, 5, 6).unwrap();
    let builds = [
        vec![("app.py", 0o644, "print(1)"), ("bootstrap", 0o755, "#!/bin/sh"), ("lib/a.py", 0o644, "a")],
        vec![("lib/a.py", 0o600, "a"), ("./bootstrap", 0o644, "#!/bin/sh"), ("app.py", 0o777, "print(1)")],
    ];
    for (files, time) in builds.iter().zip([zip::DateTime::DEFAULT, later]) {
        zip_file(&path, files, time);
        assert_eq!(described(&file(&path)), expected);
    }
    let zip = open(&file(&path), &expected.sha256).unwrap().bytes().unwrap();
    assert_eq!(zip, open(&source(from.path(), &[]), &expected.sha256).unwrap().bytes().unwrap());
}

#[test]
fn links_in_a_zip_file_stay_links() {
    let to = directory(&[]);
    let path = to.path().join("a.zip");
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    zip.add_directory("lib", options).unwrap();
    zip.add_symlink("lib/layer", "/opt/nodejs", options).unwrap();
    fs::write(&path, zip.finish().unwrap().into_inner()).unwrap();
    assert_eq!(unpacked(&file(&path)), [("lib/layer".to_owned(), 0o120_777, "/opt/nodejs".to_owned())]);
}

#[test]
fn unusable_zip_files_are_rejected() {
    let to = directory(&[]);
    let path = to.path().join("a.zip");
    let long = "a".repeat(1000);
    zip_file(&path, &[("app.py", 0o644, &long)], zip::DateTime::DEFAULT);
    let good = fs::read(&path).unwrap();

    fs::write(&path, &good[..60]).unwrap();
    assert_eq!(refused(&file(&path)), "Package is not a zip file");
    fs::write(&path, "").unwrap();
    assert_eq!(refused(&file(&path)), "Package is not a zip file");
    let mut empty = zip::ZipWriter::new(Cursor::new(Vec::new()));
    empty.add_directory("lib", zip::write::SimpleFileOptions::default()).unwrap();
    fs::write(&path, empty.finish().unwrap().into_inner()).unwrap();
    assert_eq!(refused(&file(&path)), "Package is empty");

    // The data of the only file follow a header of 30 bytes and its name.
    let mut damaged = good.clone();
    for byte in &mut damaged[36..40] {
        *byte = !*byte;
    }
    fs::write(&path, damaged).unwrap();
    assert_eq!(refused(&file(&path)), "Zip file cannot be read");

    for names in [vec!["lib\\app.py"], vec!["../app.py"], vec!["/app.py"], vec!["a.py", "./a.py"]] {
        let files: Vec<_> = names.iter().map(|name| (*name, 0o644, "1")).collect();
        zip_file(&path, &files, zip::DateTime::DEFAULT);
        assert_eq!(refused(&file(&path)), "Invalid name in a zip file", "{names:?}");
    }
}

#[test]
fn an_entry_of_a_zip_file_is_not_left_out_without_it() {
    let entries = [Entry { name: "app.py".to_owned(), content: Content::Zipped { index: 0 } }];
    let error = archive::write(Path::new("app.zip"), &entries, None).unwrap_err();
    assert!(matches!(&error, PackageError::EntryUnreadable { name, .. } if name == "app.py"), "{error}");
}
