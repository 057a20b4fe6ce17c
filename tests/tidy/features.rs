//! The dependencies are compiled once: all builds in the profile `tests` enable the same features.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// The features of each package, in one selection of packages and dependencies.
type Features = BTreeMap<String, BTreeSet<String>>;

/// The features of all packages that Cargo builds with these arguments.
fn features(arguments: &[&str]) -> Features {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["tree", "--offline", "--prefix", "none", "--format", "{p}|{f}", "--no-dedupe"]).args(arguments);
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut packages = Features::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let Some((package, features)) = line.split_once('|') else { continue };
        let name = package.split(' ').take(2).collect::<Vec<_>>().join(" ");
        let features = features.split(',').filter(|feature| !feature.is_empty()).map(str::to_owned);
        packages.entry(name).or_default().extend(features);
    }
    packages
}

#[test]
fn every_build_enables_the_same_features() {
    let tests = features(&["--workspace", "--edges", "normal,dev"]);
    // As .cargo/config.toml and xtask/src/provider.rs select packages.
    let xtask = features(&["--package", "xtask", "--edges", "normal"]);
    let provider =
        features(&["--package", "terraform-provider-multiregion", "--package", "strict-aws", "--edges", "normal"]);
    let mut missing = BTreeSet::new();
    for (package, enabled) in xtask.iter().chain(&provider) {
        let lacking: Vec<_> =
            tests.get(package).into_iter().flatten().filter(|name| !enabled.contains(*name)).collect();
        if !lacking.is_empty() {
            missing.insert(format!("{package}: {lacking:?}"));
        }
    }
    super::assert_none(
        "Builds enable different features, so Cargo compiles a package twice. Add the features to tests/aws/Cargo.toml.",
        &missing.into_iter().collect::<Vec<_>>(),
    );
}
