//! The section "Schema": every attribute, nested objects in sections of their own.

use std::fmt::Write;

use crate::schema::{Attribute, Mode, Nested, Nesting, Schema, Shape};
use crate::wire::Type;

/// The section for all attributes of a schema.
pub(super) fn section(schema: &Schema) -> String {
    let mut text = "## Schema\n".to_owned();
    groups(&mut text, &schema.attributes, &[], |title| format!("### {title}"));
    nested(&mut text, &schema.attributes, &[]);
    text
}

/// Lists attributes by who sets them.
fn groups(text: &mut String, attributes: &[Attribute], path: &[&str], heading: impl Fn(&str) -> String) {
    let groups: [(&str, &[Mode]); 3] = [
        ("Required", &[Mode::Required]),
        ("Optional", &[Mode::Optional, Mode::OptionalComputed]),
        ("Read-Only", &[Mode::Computed]),
    ];
    for (title, modes) in groups {
        let group: Vec<_> = attributes.iter().filter(|attribute| modes.contains(&attribute.mode)).collect();
        if !group.is_empty() {
            let _ = write!(text, "\n{}\n\n", heading(title));
            group.into_iter().for_each(|attribute| text.push_str(&item(attribute, path)));
        }
    }
}

/// Adds a section for the attributes of every nested object below `path`.
fn nested(text: &mut String, attributes: &[Attribute], path: &[&str]) {
    for attribute in attributes {
        if let Shape::Nested(Nested { attributes, .. }) = &attribute.shape {
            let path = [path, &[attribute.name]].concat();
            let _ = write!(text, "\n<a id=\"{}\"></a>\n### Nested Schema for `{}`\n", anchor(&path), path.join("."));
            groups(text, attributes, &path, |title| format!("{title}:"));
            nested(text, attributes, &path);
        }
    }
}

/// One attribute as a list item: name, type, description.
fn item(attribute: &Attribute, path: &[&str]) -> String {
    let mut facts = vec![type_name(attribute)];
    if attribute.sensitive {
        facts.push("Sensitive".to_owned());
    }
    if attribute.write_only {
        facts.push("Write-only".to_owned());
    }
    let mut description = attribute.documentation();
    if matches!(attribute.shape, Shape::Nested(_)) {
        let anchor = anchor(&[path, &[attribute.name]].concat());
        let _ = write!(description, " (see [below for nested schema](#{anchor}))");
    }
    // Lines after the first belong to the list item only when they are indented.
    let description = description.replace('\n', "\n  ").replace("\n  \n", "\n\n");
    format!("- `{}` ({}) {description}\n", attribute.name, facts.join(", "))
}

fn anchor(path: &[&str]) -> String {
    format!("nestedatt--{}", path.join("--"))
}

fn type_name(attribute: &Attribute) -> String {
    match &attribute.shape {
        Shape::Plain(ty) => plain(ty),
        Shape::Nested(nested) => match nested.nesting {
            Nesting::Single => "Attributes",
            Nesting::Map => "Attributes Map",
        }
        .to_owned(),
    }
}

/// The name of a type in the documentation.
pub(super) fn plain(ty: &Type) -> String {
    match ty {
        Type::String => "String".to_owned(),
        Type::Number => "Number".to_owned(),
        Type::Bool => "Boolean".to_owned(),
        Type::Dynamic => "Dynamic".to_owned(),
        Type::List(of) => format!("List of {}", plain(of)),
        Type::Set(of) => format!("Set of {}", plain(of)),
        Type::Map(of) => format!("Map of {}", plain(of)),
        Type::Object(_) => "Object".to_owned(),
        Type::Tuple(_) => "Tuple".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_grouped_and_nested() {
        let schema = Schema {
            version: 0,
            description: "",
            attributes: vec![
                Attribute::objects(
                    "regions",
                    Mode::Required,
                    "The regions.",
                    vec![
                        Attribute::object(
                            "s3",
                            Mode::Optional,
                            "The zip.",
                            vec![Attribute::string("bucket", Mode::Required, "The bucket.")],
                        ),
                        Attribute::string("url", Mode::Computed, "The URL."),
                    ],
                ),
                Attribute::string("key", Mode::Optional, "One of:\n\n- `a`\n- `b`").sensitive(),
                Attribute::list("ids", Type::String, Mode::OptionalComputed, "The ids."),
            ],
        };
        insta::assert_snapshot!(section(&schema), @r#"
        ## Schema

        ### Required

        - `regions` (Attributes Map) The regions. (see [below for nested schema](#nestedatt--regions))

        ### Optional

        - `key` (String, Sensitive) One of:

          - `a`
          - `b`
        - `ids` (List of String) The ids.

        <a id="nestedatt--regions"></a>
        ### Nested Schema for `regions`

        Optional:

        - `s3` (Attributes) The zip. (see [below for nested schema](#nestedatt--regions--s3))

        Read-Only:

        - `url` (String) The URL.

        <a id="nestedatt--regions--s3"></a>
        ### Nested Schema for `regions.s3`

        Required:

        - `bucket` (String) The bucket.
        "#);
    }
}
