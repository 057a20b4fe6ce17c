//! What may be among the dependencies, by the lists in `deny.toml`, for whoever has no `cargo deny`.

use std::process::Command;

use super::none;
use super::source::top;

/// Every dependency, however it is used, as name and licence.
fn dependencies() -> Vec<(String, String)> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--workspace", "--locked", "--prefix", "none", "--format", "{p}|{l}"])
        .current_dir(top())
        .output()
        .unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    assert!(tree.contains("aws-lc-rs v"), "cargo tree answered {tree:?}");
    let mut all: Vec<(String, String)> = tree
        .lines()
        .filter_map(|line| line.split_once('|'))
        .map(|(package, licence)| {
            (package.split(' ').next().unwrap_or_default().to_owned(), licence.replace(" (*)", ""))
        })
        .collect();
    all.sort();
    all.dedup();
    all
}

/// The texts in the list `name` of `deny.toml`.
fn list(name: &str) -> Vec<String> {
    let rules = std::fs::read_to_string(top().join("deny.toml")).unwrap();
    let begin = format!("\n{name} = [\n");
    let from = rules.find(&begin).unwrap_or_else(|| panic!("deny.toml has no {name}")) + begin.len();
    let lines = rules[from..].lines().take_while(|line| *line != "]");
    lines.filter_map(|line| line.split('"').nth(1)).map(str::to_owned).collect()
}

/// Whether a licence, as SPDX writes it, lets us use what has it when `allowed` are the licences that do.
fn is_allowed(licence: &str, allowed: &[String]) -> bool {
    let (mut depth, mut parts, mut or) = (0, vec![String::new()], false);
    for word in licence.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ").split_whitespace() {
        depth += i32::from(word == "(") - i32::from(word == ")");
        if depth == 0 && (word == "AND" || word == "OR") {
            or |= word == "OR";
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(' ');
            part.push_str(word);
        }
    }
    let part = |part: &String| {
        let part = part.trim();
        match part.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
            Some(inner) => is_allowed(inner, allowed),
            None => allowed.iter().any(|licence| licence == part),
        }
    };
    // No licence here mixes both on one level, where AND would bind more tightly.
    if or { parts.iter().any(part) } else { parts.iter().all(part) }
}

#[test]
fn nothing_banned_is_used() {
    let banned = list("deny");
    assert!(banned.contains(&"ring".to_owned()));
    let offenders: Vec<_> =
        dependencies().into_iter().map(|(name, _)| name).filter(|name| banned.contains(name)).collect();
    none("Crates that deny.toml bans are no dependencies (`cargo tree -i NAME`)", &offenders);
}

#[test]
fn licences_are_free() {
    let allowed = list("allow");
    let offenders: Vec<_> = dependencies()
        .into_iter()
        .filter(|(_, licence)| !is_allowed(licence, &allowed))
        .map(|(name, licence)| format!("{name} has {licence:?}"))
        .collect();
    none("Every dependency has a licence that deny.toml allows", &offenders);
}

#[test]
fn licences_are_read_as_spdx_means_them() {
    let allowed = ["MIT".to_owned(), "ISC".to_owned()];
    for (licence, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("Apache-2.0/MIT", true),
        ("MIT AND GPL-3.0", false),
        ("ISC AND (GPL-3.0 OR MIT)", true),
        ("(MIT OR GPL-3.0) AND GPL-3.0", false),
        ("", false),
    ] {
        assert_eq!(is_allowed(licence, &allowed), expected, "{licence}");
    }
}
