//! The reference documentation in the layout of the provider registries, rendered from schemas and kinds.
//!
//! `cargo xtask docs` writes the pages to `docs/`; a test fails when they are not current.
//!
//! # Source
//! Terraform, "Provider documentation"; tfplugindocs 0.25, whose page structure most providers in the registries have.

mod attributes;
mod function;
mod kinds;
mod page;

use std::collections::BTreeMap;

use crate::configuration;
use crate::data_sources::{self, DataSource};
use crate::functions;
use crate::resources::{self, Resource};

/// The text of a file in `examples/`; `None` when there is no such file.
pub type Example<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Every generated file by its path in `docs/`.
pub fn files(example: &Example<'_>) -> BTreeMap<String, String> {
    let mut files =
        BTreeMap::from([("index.md".to_owned(), index(example)), ("iam-policy.json".to_owned(), kinds::policy())]);
    for resource in resources::REGISTRY {
        files.insert(format!("resources/{}.md", short(resource.type_name())), resource_page(*resource, example));
    }
    for data_source in data_sources::REGISTRY {
        files.insert(
            format!("data-sources/{}.md", short(data_source.type_name())),
            data_source_page(*data_source, example),
        );
    }
    for function in functions::REGISTRY {
        let code = example(&format!("functions/{}/function.tf", function.name()));
        files.insert(format!("functions/{}.md", function.name()), function::page(*function, code));
    }
    files
}

/// The name of a page: the type's name without the provider's.
fn short(type_name: &str) -> &str {
    type_name.strip_prefix("multiregion_").unwrap_or(type_name)
}

fn index(example: &Example<'_>) -> String {
    let schema = configuration::schema();
    page::Page::index("multiregion Provider", schema.description)
        .example(example("provider/provider.tf"))
        .section(&attributes::section(&schema))
        .finish()
}

fn resource_page(resource: &dyn Resource, example: &Example<'_>) -> String {
    let name = resource.type_name();
    let schema = resource.schema();
    let has_components = schema.attributes.iter().any(|attribute| attribute.name == "components");
    let file = |file: &str| example(&format!("resources/{name}/{file}"));
    page::Page::new(&format!("{name} Resource - multiregion"), &format!("{name} (Resource)"), schema.description)
        .example(file("resource.tf"))
        .section(&attributes::section(schema))
        .section(&kinds::section(&resource.kinds(), has_components))
        .section(&kinds::permissions(&resource.kinds()))
        .import(file("import.tf"), file("import.sh"))
        .finish()
}

fn data_source_page(data_source: &dyn DataSource, example: &Example<'_>) -> String {
    let name = data_source.type_name();
    let schema = data_source.schema();
    page::Page::new(&format!("{name} Data Source - multiregion"), &format!("{name} (Data Source)"), schema.description)
        .example(example(&format!("data-sources/{name}/data-source.tf")))
        .section(&attributes::section(&schema))
        .section(&kinds::permissions_to_read(data_source.actions()))
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resource_has_a_page() {
        let files = files(&|path| Some(format!("# {path}\n")));
        for resource in resources::REGISTRY {
            let page = &files[&format!("resources/{}.md", short(resource.type_name()))];
            for expected in
                ["resource.tf\n", "import.tf\n", "import.sh\n", "### Read-Only", "## Components", "## Import"]
            {
                assert!(page.contains(expected), "{} lacks {expected:?}", resource.type_name());
            }
        }
        assert!(files["index.md"].contains("- `region` (String)"));
    }

    #[test]
    fn pages_without_examples_have_no_empty_sections() {
        for (path, page) in files(&|_| None) {
            assert!(!page.contains("## Example Usage") && !page.contains("## Import"), "{path}");
        }
    }
}
