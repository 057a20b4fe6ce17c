//! The function's package: what is wrong with it is told by the plan, and what is not there counts as unchanged.

use super::super::testing::{expand, expand_again, raw};
use super::mistakes::{change, changed, found, told};
use super::roundtrip::made;
use crate::components::lambda::function::Function;
use crate::desired::{Address, Desired};
use crate::resources::{Expansion, Prior};
use crate::wire::{Diagnostics, Value};

#[test]
fn package() {
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
        assert_eq!(found(hcl, false), [""; 0], "validate reads no package: {hcl}");
        assert_eq!(told(expand(&changed(hcl, false)).unwrap_err()), [expected], "{hcl}");
    }
}

/// A plan of `after` for an API that was made of `before` when its package was there.
fn planned(before: &Value, after: &Value) -> Result<Expansion, Diagnostics> {
    let made = made(&expand(&unpacked(before)).unwrap().desired);
    expand_again(after, Prior { state: before, view: &made })
}

/// A configuration whose package is there.
fn unpacked(config: &Value) -> Value {
    match config {
        Value::String(text) if text == "missing" || text == "broken" => Value::String("src".to_owned()),
        Value::Map(values) => Value::Map(values.iter().map(|(key, value)| (key.clone(), unpacked(value))).collect()),
        other => other.clone(),
    }
}

#[test]
fn code_whose_files_are_missing_is_what_was_deployed() {
    let missing = changed(r#"function = { source_dir = "missing", exclude = ["tests/**"] }"#, false);
    let kept = planned(&missing, &missing).unwrap();
    assert_eq!(told(kept.unread), ["Package not found @ function.source_dir"]);
    let function = |desired: &Desired, region: &str| {
        desired.get(&Address::of::<Function>(region)).map(|node| node.spec["code"].clone())
    };
    let deployed = expand(&unpacked(&missing)).unwrap();
    for region in ["us-east-1", "us-west-2"] {
        assert_eq!(function(&kept.desired, region), function(&deployed.desired, region), "{region}");
    }
    assert!(deployed.unread.is_empty());
    // Of a region that is new nothing was deployed.
    let more = changed(r#"regions = { "eu-west-1" = {} }"#, false);
    let more = change(more, raw(r#"function = { source_dir = "missing", exclude = ["tests/**"] }"#));
    let more = planned(&missing, &more).unwrap();
    let new = function(&more.desired, "eu-west-1").unwrap().to_string();
    assert!(new.contains("$unknown"), "{new}");
}

#[test]
fn files_are_missing_only_where_nothing_else_may_have_changed() {
    let with = |function: &str| changed(&format!("function = {{ {function} }}"), false);
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
        // What is there and cannot be read may have changed.
        (
            &with(r#"source_dir = "broken""#),
            &with(r#"source_dir = "broken""#),
            "Package cannot be read @ function.source_dir",
        ),
    ] {
        assert_eq!(told(planned(before, after).unwrap_err()), [expected], "{after:?}");
    }
}
