//! The rooms of the provider: which one imports which, performs I/O, or names AWS objects.

use std::collections::BTreeSet;

use multiregion::{components, resources};

use super::assert_none;
use super::tree::{File, files, sources};

/// A folder of `provider/`.
struct Room {
    name: &'static str,
    /// Whether it performs no I/O.
    is_pure: bool,
}

/// The rooms. A room imports only itself and those that come after it.
const ROOMS: [Room; 18] = [
    with_io("plugin"),
    pure("docs"),
    with_io("rpc"),
    with_io("configuration"),
    with_io("lifecycle"),
    with_io("ownership"),
    with_io("apply"),
    with_io("data_sources"),
    pure("functions"),
    pure("resources"),
    with_io("components"),
    with_io("package"),
    with_io("aws"),
    pure("traffic"),
    pure("plan"),
    pure("schema"),
    pure("desired"),
    pure("wire"),
];

/// The rooms that work with every kind and resource type.
const ENGINE: [&str; 5] = ["desired", "plan", "apply", "ownership", "lifecycle"];

const fn with_io(name: &'static str) -> Room {
    Room { name, is_pure: false }
}

const fn pure(name: &'static str) -> Room {
    Room { name, is_pure: true }
}

#[track_caller]
fn room(name: &str) -> Vec<File> {
    sources(&format!("provider/{name}"))
}

/// The files of every room that is not in `except`.
fn rooms_except(except: &[&str]) -> Vec<File> {
    ROOMS.iter().filter(|it| !except.contains(&it.name)).flat_map(|it| room(it.name)).collect()
}

/// The folders of `components/`, one for each AWS service.
fn services() -> BTreeSet<String> {
    let paths = room("components").into_iter().map(|file| file.path);
    let folders =
        paths.filter_map(|path| Some(path.strip_prefix("provider/components/")?.split_once('/')?.0.to_owned()));
    folders.filter(|folder| folder != "support").collect()
}

#[test]
fn the_table_lists_every_room() {
    let paths = files("provider").into_iter().map(|file| file.path);
    let folders: BTreeSet<_> =
        paths.filter_map(|path| Some(path.strip_prefix("provider/")?.split_once('/')?.0.to_owned())).collect();
    let listed: BTreeSet<_> = ROOMS.iter().map(|room| room.name.to_owned()).chain(["proto".to_owned()]).collect();
    assert_eq!(folders, listed, "the folders of provider/ and the table ROOMS differ");
}

#[test]
fn no_room_imports_one_that_comes_before_it() {
    let mut violations = Vec::new();
    for (at, importer) in ROOMS.iter().enumerate() {
        let before: Vec<_> = ROOMS.iter().take(at).map(|room| format!("crate::{}", room.name)).collect();
        let is_violation = |line: &str| {
            // `crate::{a, b}` would hide the names of the rooms from this test.
            line.contains("crate::{") || before.iter().any(|path| contains_path(line, path))
        };
        violations.extend(room(importer.name).iter().flat_map(|file| file.violations(is_violation)));
    }
    assert_none("A room imports only itself and rooms that come after it in the table ROOMS.", &violations);
}

#[test]
fn pure_rooms_perform_no_io() {
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
        "fastrand",
        "aws_sdk_",
        "aws_config",
        "aws_smithy",
        "crate::aws",
        "crate::package",
    ];
    let is_violation = |line: &str| forbidden.iter().any(|path| line.contains(path));
    let pure = ROOMS.iter().filter(|room| room.is_pure).flat_map(|it| room(it.name));
    let violations: Vec<_> = pure.flat_map(|file| file.violations(is_violation)).collect();
    assert_none("A pure room uses no file, network, process, thread, clock, log or environment variable.", &violations);
}

#[test]
fn only_aws_and_components_name_aws_sdks() {
    let all = rooms_except(&["aws", "components"]);
    let violations: Vec<_> = all.iter().flat_map(|file| file.violations(|line| line.contains("aws_sdk_"))).collect();
    assert_none("The crates aws_sdk_* are named only in aws/ and components/.", &violations);
}

#[test]
fn only_rpc_and_plugin_name_generated_types() {
    let is_violation = |line: &str| line.contains("tfplugin6") || line.contains("include_proto!");
    let all = rooms_except(&["rpc", "plugin"]);
    let violations: Vec<_> = all.iter().flat_map(|file| file.violations(is_violation)).collect();
    assert_none("The generated types of the plugin protocol are named only in rpc/ and plugin/.", &violations);
}

#[test]
fn only_components_resources_and_data_sources_import_a_kind() {
    let services = services();
    let mut violations = Vec::new();
    for file in rooms_except(&["components", "resources", "data_sources"]) {
        let code: Vec<&str> = file.code().map(|(_, line)| line).collect();
        let code = code.join("\n");
        // What follows is one name, or a list in braces that ends with the statement.
        for path in code.split("components::").skip(1) {
            let end = if path.starts_with('{') { path.find(';') } else { path.find(|next| !is_word(next)) };
            let imported = path.get(..end.unwrap_or(path.len())).unwrap_or_default();
            let service = imported.split(|next| !is_word(next)).find(|word| services.contains(*word));
            violations.extend(service.map(|service| format!("{}: components::{service}", file.path)));
        }
    }
    assert_none(
        "The kinds of components/ are imported only in components/, resources/ and data_sources/.",
        &violations,
    );
}

#[test]
fn the_engine_names_no_kind_and_no_resource_type() {
    let kinds = components::REGISTRY.iter().map(|component| format!("\"{}\"", component.meta().name));
    let types = resources::REGISTRY.iter().map(|resource| resource.type_name().to_owned());
    let names: Vec<_> = kinds.chain(types).collect();
    let is_violation = |line: &str| names.iter().any(|name| line.contains(name));
    let engine = ENGINE.iter().flat_map(|name| room(name));
    let violations: Vec<_> = engine.flat_map(|file| file.violations(is_violation)).collect();
    assert_none(&format!("{ENGINE:?} name no kind and no resource type."), &violations);
}

#[test]
fn every_kind_is_registered() {
    let all = room("components");
    let registry = all.iter().find(|file| file.path == "provider/components/registry.rs").unwrap();
    let registered = |kind: &str| registry.text.contains(&format!("::{kind}>"));
    let mut kinds = 0;
    let mut violations = Vec::new();
    for file in &all {
        for (number, line) in file.code() {
            let Some(kind) = line.strip_prefix("impl Component for ") else { continue };
            kinds += 1;
            if !registered(kind.trim_end_matches(" {")) {
                violations.push(format!("{}:{number}: {kind}", file.path));
            }
        }
    }
    assert_none("A type that implements Component is in the registry.", &violations);
    assert_eq!(kinds, components::REGISTRY.len(), "a registered kind is not found in components/");
}

#[test]
fn every_resource_lists_its_kinds_in_the_order_of_the_registry() {
    let registry: Vec<&str> = components::REGISTRY.iter().map(|component| component.meta().name).collect();
    let place = |kind: &str| {
        registry.iter().position(|other| *other == kind).unwrap_or_else(|| panic!("{kind} is not in the registry"))
    };
    let mut listed: BTreeSet<&str> = BTreeSet::new();
    for resource in resources::REGISTRY {
        let places: Vec<usize> = resource.kinds().iter().map(|kind| place(kind)).collect();
        assert!(places.is_sorted(), "the kinds of {} are not in the order of the registry", resource.type_name());
        listed.extend(resource.kinds());
    }
    assert_eq!(listed.len(), registry.len(), "a kind is listed by no resource type, so an import does not find it");
}

/// Whether `line` contains `path`, and not just as the beginning of a longer name.
fn contains_path(line: &str, path: &str) -> bool {
    let rest = line.match_indices(path).filter_map(|(at, _)| line.get(at + path.len()..));
    rest.into_iter().any(|rest| !rest.starts_with(is_word))
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

#[test]
fn paths_are_compared_as_a_whole() {
    assert!(contains_path("use crate::apply::Job;", "crate::apply"));
    assert!(contains_path("let a = crate::plan;", "crate::plan"));
    assert!(!contains_path("use crate::planner::Job;", "crate::plan"));
}
