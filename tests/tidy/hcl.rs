//! Rules of the modules and examples.

use hcl::{Body, Expression};

use super::assert_none;
use super::tree::files;

#[test]
fn every_variable_and_output_has_a_description() {
    let mut violations = Vec::new();
    for file in ["modules", "examples"].into_iter().flat_map(files).filter(|file| file.path.ends_with(".tf")) {
        let body = hcl::parse(&file.text).unwrap_or_else(|error| panic!("{}: {error}", file.path));
        let blocks = body.blocks().filter(|block| ["variable", "output"].contains(&block.identifier()));
        for block in blocks.filter(|block| !has_description(block.body())) {
            let name = block.labels().first().map_or("", |label| label.as_str());
            violations.push(format!("{}: {} \"{name}\"", file.path, block.identifier()));
        }
    }
    assert_none("A variable or output has a description.", &violations);
}

fn has_description(body: &Body) -> bool {
    let mut descriptions = body.attributes().filter(|attribute| attribute.key() == "description");
    descriptions.any(|attribute| match attribute.expr() {
        Expression::String(text) => !text.trim().is_empty(),
        // A heredoc.
        Expression::TemplateExpr(_) => true,
        _ => false,
    })
}
