//! The function's package: the plan reports an unusable package, and treats a missing one as unchanged.

use super::super::testing::{expand, expand_existing, raw};
use super::mistakes::{base_with, merge, summaries, validate};
use super::roundtrip::deployed;
use crate::components::lambda::function::Function;
use crate::desired::{Address, Desired};
use crate::resources::{Expansion, Prior};
use crate::wire::{Diagnostics, Value};

#[test]
fn unusable_package_is_rejected_at_plan_time() {
    for (hcl, expected) in [
        (r#"function = { source_dir = "missing" }"#, "Package not found @ function.source_dir"),
        (r#"function = { source_dir = "broken" }"#, "Package cannot be read @ function.source_dir"),
        (r#"function = { source_dir = null, filename = "missing" }"#, "Package not found @ function.filename"),
        (r#"function = { handler = "main.handler" }"#, "Handler file not found @ function.handler"),
        (r#"function = { handler = "app" }"#, "Invalid handler @ function.handler"),
        (
            r#"function = { handler = "app.handler", runtime = "nodejs22.x" }"#,
            "Handler file not found @ function.handler",
        ),
        (r#"function = { handler = "x", runtime = "provided.al2023" }"#, "Handler file not found @ function.handler"),
    ] {
        assert_eq!(validate(hcl, false), [""; 0], "validation must not read the package: {hcl}");
        assert_eq!(summaries(expand(&base_with(hcl, false)).unwrap_err()), [expected], "{hcl}");
    }
}

/// Expands `after` for an API that was deployed from `before` while its package was readable.
fn update(before: &Value, after: &Value) -> Result<Expansion, Diagnostics> {
    let view = deployed(&expand(&with_readable_package(before)).unwrap().desired);
    expand_existing(after, Prior { state: before, view: &view })
}

/// Replaces the path of an unusable package with that of a readable one.
fn with_readable_package(config: &Value) -> Value {
    match config {
        Value::String(text) if text == "missing" || text == "broken" => Value::String("src".to_owned()),
        Value::Map(values) => {
            Value::Map(values.iter().map(|(key, value)| (key.clone(), with_readable_package(value))).collect())
        }
        other => other.clone(),
    }
}

#[test]
fn missing_package_keeps_the_deployed_code() {
    let missing = base_with(r#"function = { source_dir = "missing", exclude = ["tests/**"] }"#, false);
    let kept = update(&missing, &missing).unwrap();
    assert_eq!(summaries(kept.unread), ["Package not found @ function.source_dir"]);
    let code = |desired: &Desired, region: &str| {
        desired.get(&Address::of::<Function>(region)).map(|node| node.spec["code"].clone())
    };
    let readable = expand(&with_readable_package(&missing)).unwrap();
    for region in ["us-east-1", "us-west-2"] {
        assert_eq!(code(&kept.desired, region), code(&readable.desired, region), "{region}");
    }
    assert!(readable.unread.is_empty());
    // A new region has no deployed code to keep.
    let more = base_with(r#"regions = { "eu-west-1" = {} }"#, false);
    let more = merge(more, raw(r#"function = { source_dir = "missing", exclude = ["tests/**"] }"#));
    let more = update(&missing, &more).unwrap();
    let new = code(&more.desired, "eu-west-1").unwrap().to_string();
    assert!(new.contains("$unknown"), "{new}");
}

#[test]
fn missing_package_is_rejected_when_the_function_changes() {
    let with = |function: &str| base_with(&format!("function = {{ {function} }}"), false);
    let missing = with(r#"source_dir = "missing""#);
    for (before, after, expected) in [
        (&with(""), &missing, "Package not found @ function.source_dir"),
        (
            &missing,
            &with(r#"source_dir = "missing", handler = "app.other""#),
            "Package not found @ function.source_dir",
        ),
        (
            &missing,
            &with(r#"source_dir = "missing", runtime = "python3.13""#),
            "Package not found @ function.source_dir",
        ),
        (&missing, &with(r#"source_dir = "missing", exclude = ["a"]"#), "Package not found @ function.source_dir"),
        (&missing, &with(r#"source_dir = null, filename = "missing""#), "Package not found @ function.filename"),
        // An existing package that cannot be read may have changed.
        (
            &with(r#"source_dir = "broken""#),
            &with(r#"source_dir = "broken""#),
            "Package cannot be read @ function.source_dir",
        ),
    ] {
        assert_eq!(summaries(update(before, after).unwrap_err()), [expected], "{after:?}");
    }
}
