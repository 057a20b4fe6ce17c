//! The invariants of the source, as `ARCHITECTURE.md` gives them. Each test names every place that breaks its rule.

mod dependencies;
mod source;

use hcl::{Expression, Structure};
use source::{Source, files, sources};

/// Lines that a file may have besides its tests.
const LONGEST_FILE: usize = 400;

/// Lines that a function may have.
const LONGEST_FUNCTION: usize = 60;

#[track_caller]
fn none(rule: &str, offenders: &[String]) {
    assert!(offenders.is_empty(), "{rule}:\n{}", offenders.join("\n"));
}

/// The sources of the provider, but for those in `rooms`.
fn outside(rooms: &[&str]) -> Vec<Source> {
    let mut all = sources("provider");
    assert!(!all.is_empty(), "there is no provider/");
    all.retain(|source| !rooms.iter().any(|room| source.path.starts_with(&format!("provider/{room}/"))));
    all
}

/// The sources in `rooms` of the provider.
fn inside(rooms: &[&str]) -> Vec<Source> {
    let in_room = |room: &&str| {
        let found = sources(&format!("provider/{room}"));
        assert!(!found.is_empty(), "there is no room provider/{room}");
        found
    };
    rooms.iter().flat_map(in_room).collect()
}

/// The kinds that the files in `components/` declare, with the place.
fn kinds() -> Vec<(String, String)> {
    let mut kinds = Vec::new();
    for source in inside(&["components"]) {
        for (line, name) in &source.strings {
            if *line > 1 && source.code[line - 2].contains("const META: KindMeta = ") {
                kinds.push((name.clone(), source.at(*line)));
            }
        }
    }
    kinds
}

/// The paths of the folders in `components/`: `components::lambda::`.
fn services() -> Vec<String> {
    let paths = inside(&["components"]).into_iter().map(|source| source.path);
    let folder =
        |path: String| path.strip_prefix("provider/components/")?.split_once('/').map(|(folder, _)| folder.to_owned());
    let mut services: Vec<String> = paths.filter_map(folder).map(|folder| format!("components::{folder}::")).collect();
    services.dedup();
    services
}

#[test]
fn only_two_rooms_call_aws() {
    let found = outside(&["aws", "components"]);
    let is_sdk = |line: &str| line.contains("aws_sdk_");
    let offenders: Vec<_> = found.iter().flat_map(|source| lines(source, is_sdk)).collect();
    none("The SDKs of AWS are named only in aws/ and components/", &offenders);
}

#[test]
fn only_two_rooms_know_the_protocol() {
    let found = outside(&["rpc", "plugin"]);
    let is_generated = |line: &str| line.contains("tfplugin6") || line.contains("include_proto!");
    let offenders: Vec<_> = found.iter().flat_map(|source| lines(source, is_generated)).collect();
    none("Generated types are named only in rpc/ and plugin/", &offenders);
}

#[test]
fn pure_rooms_do_nothing() {
    let forbidden = [
        "tokio",
        "std::fs",
        "std::env",
        "std::net",
        "std::process",
        "std::thread",
        "std::io",
        "Instant",
        "SystemTime",
        "println!",
        "tracing::",
        "aws_sdk_",
        "aws_config",
        "aws_smithy",
        "crate::aws",
        "crate::apply",
        "crate::lifecycle",
    ];
    let reaches_out = |line: &str| forbidden.iter().any(|word| line.contains(word));
    let pure = inside(&["wire", "schema", "resources", "desired", "plan"]);
    let offenders: Vec<_> = pure.iter().flat_map(|source| lines(source, reaches_out)).collect();
    none(
        "wire/, schema/, resources/, desired/ and plan/ reach for no file, clock, network, task or environment",
        &offenders,
    );
}

#[test]
fn the_engine_knows_no_kind_and_no_resource() {
    let kinds = kinds();
    let is_kind = |text: &str| kinds.iter().any(|(kind, _)| kind == text);
    let mut offenders = Vec::new();
    for source in inside(&["desired", "plan", "apply", "ownership", "lifecycle"]) {
        for (line, text) in &source.strings {
            if is_kind(text) || text.starts_with("multiregion_") {
                offenders.push(format!("{} names {text:?}", source.at(*line)));
            }
        }
        let services = services();
        offenders.extend(lines(&source, |line| services.iter().any(|service| line.contains(service))));
    }
    none("desired/, plan/, apply/, ownership/ and lifecycle/ name no kind and no resource", &offenders);
}

#[test]
fn every_kind_is_registered() {
    let registered: Vec<_> = multiregion::components::REGISTRY.iter().map(|component| component.meta().name).collect();
    let missing = kinds().into_iter().filter(|(kind, _)| !registered.contains(&kind.as_str()));
    let offenders: Vec<_> = missing.map(|(kind, place)| format!("{place} declares {kind:?}")).collect();
    none("Every kind stands in the registry", &offenders);
}

#[test]
fn files_and_functions_are_short() {
    let mut offenders = Vec::new();
    for source in ["provider", "xtask/src", "tests/aws/src"].into_iter().flat_map(sources) {
        if source.code.len() > LONGEST_FILE {
            offenders.push(format!("{} has {} lines, at most {LONGEST_FILE}", source.path, source.code.len()));
        }
        let long = source.functions().into_iter().filter(|(_, lines)| *lines > LONGEST_FUNCTION);
        offenders.extend(long.map(|(line, lines)| {
            format!("{} is a function of {lines} lines, at most {LONGEST_FUNCTION}", source.at(line))
        }));
    }
    none("Files and functions are short", &offenders);
}

#[test]
fn every_file_says_what_it_is() {
    let rust = ["provider", "xtask/src", "tests"].into_iter().flat_map(files).filter(|file| file.path.ends_with(".rs"));
    let silent = rust.filter(|file| !file.text.starts_with("//!"));
    let offenders: Vec<_> = silent.map(|file| format!("{}:1", file.path)).collect();
    none("Every Rust file begins with `//!`", &offenders);
}

#[test]
fn the_lints_are_on() {
    let mut offenders = Vec::new();
    let manifest = |path: &str| files("").into_iter().find(|file| file.path == path).unwrap().text;
    let workspace = manifest("Cargo.toml");
    for lint in ["unsafe_code = \"forbid\"", "missing_docs = \"warn\"", "unwrap_used = \"warn\""] {
        if !workspace.contains(lint) {
            offenders.push(format!("Cargo.toml lacks {lint}"));
        }
    }
    for path in ["Cargo.toml", "xtask/Cargo.toml", "tests/aws/Cargo.toml"] {
        if !manifest(path).contains("[lints]\nworkspace = true") {
            offenders.push(format!("{path} does not take the lints of the workspace"));
        }
    }
    // What is generated has no comments.
    for source in outside(&["rpc", "plugin"]) {
        offenders.extend(lines(&source, |line| line.contains("(missing_docs")));
    }
    none("Every public item has a comment, and nothing is unsafe", &offenders);
}

#[test]
fn every_variable_and_output_is_described() {
    let mut offenders = Vec::new();
    for file in ["modules", "examples"].into_iter().flat_map(files).filter(|file| file.path.ends_with(".tf")) {
        let body = match hcl::parse(&file.text) {
            Ok(body) => body,
            Err(error) => {
                offenders.push(format!("{}: {error}", file.path));
                continue;
            }
        };
        let blocks = body.blocks().filter(|block| ["variable", "output"].contains(&block.identifier()));
        for block in blocks.filter(|block| !is_described(block)) {
            let name = block.labels().first().map_or("", |label| label.as_str());
            let head = format!("{} \"{name}\"", block.identifier());
            let line = file.text.lines().position(|line| line.starts_with(&head)).unwrap_or(0) + 1;
            offenders.push(format!("{}:{line} {head}", file.path));
        }
    }
    none("Every variable and output has a description", &offenders);
}

fn is_described(block: &hcl::Block) -> bool {
    block.body().iter().any(|structure| match structure {
        Structure::Attribute(attribute) if attribute.key() == "description" => match attribute.expr() {
            Expression::String(text) => !text.trim().is_empty(),
            Expression::TemplateExpr(_) => true,
            _ => false,
        },
        _ => false,
    })
}

#[test]
fn no_machine_is_named() {
    // Put together, so that this file does not break its own rule.
    let forbidden = [
        concat!("/wo", "rk/"),
        concat!("/tm", "p/"),
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("C:\\", "Users"),
    ];
    let mirrors = [concat!("replace", "-with"), concat!("index", "-url"), concat!("GO", "PROXY")];
    let mut offenders = Vec::new();
    for file in files("") {
        for (number, line) in file.text.lines().enumerate() {
            let named = forbidden.iter().chain(&mirrors).find(|name| line.contains(*name));
            offenders.extend(named.map(|name| format!("{}:{} names {name}", file.path, number + 1)));
            if file.path == "Cargo.lock"
                && line.starts_with("source = ")
                && !line.contains("github.com/rust-lang/crates.io-index")
            {
                offenders.push(format!("Cargo.lock:{} has {line}", number + 1));
            }
        }
    }
    none("No path of one machine and no registry of one workplace is in the tree", &offenders);
}

fn lines(source: &Source, breaks: impl Fn(&str) -> bool) -> Vec<String> {
    let found = source.code.iter().enumerate().filter(|(_, line)| breaks(line));
    found.map(|(number, line)| format!("{} has {}", source.at(number + 1), line.trim())).collect()
}

#[test]
fn imports_look_for_every_kind_parents_first() {
    let registry: Vec<&str> = multiregion::components::REGISTRY.iter().map(|component| component.meta().name).collect();
    let place = |kind: &str| {
        registry.iter().position(|other| *other == kind).unwrap_or_else(|| panic!("{kind} is in no registry"))
    };
    let mut looked_for: std::collections::BTreeSet<&str> = std::collections::BTreeSet::new();
    for resource in multiregion::resources::REGISTRY {
        let places: Vec<usize> = resource.kinds().iter().map(|kind| place(kind)).collect();
        assert!(places.is_sorted(), "{} has its kinds in another order than the registry", resource.type_name());
        looked_for.extend(resource.kinds());
    }
    assert_eq!(looked_for.len(), registry.len(), "a kind is looked for by no resource");
}
