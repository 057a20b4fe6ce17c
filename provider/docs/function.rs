//! The page of a provider function.

use std::fmt::Write;

use super::attributes::plain;
use super::page::Page;
use crate::functions::Function;
use crate::wire::Type;

/// The page of one function, with an example if there is one.
pub(super) fn page(function: &dyn Function, example: Option<String>) -> String {
    let name = function.name();
    let signature = function.signature();
    let mut parameters = Vec::new();
    let mut arguments = "## Arguments\n\n".to_owned();
    for (position, parameter) in signature.parameters.iter().chain(&signature.variadic).enumerate() {
        let is_variadic = position == signature.parameters.len();
        let note = if is_variadic { ", Variadic" } else { "" };
        let ellipsis = if is_variadic { "..." } else { "" };
        parameters.push(format!("{} {}{ellipsis}", parameter.name, code(&parameter.ty)));
        let ty = plain(&parameter.ty);
        let _ = writeln!(arguments, "{}. `{}` ({ty}{note}) {}", position + 1, parameter.name, parameter.description);
    }
    let call = format!("{name}({}) {}", parameters.join(", "), code(&signature.returns));
    Page::new(&format!("{name} Function - multiregion"), &format!("function: {name}"), signature.description)
        .example(example)
        .section(&format!("## Signature\n\n```text\n{call}\n```\n"))
        .section(if parameters.is_empty() { "" } else { &arguments })
        .finish()
}

/// The name of a type in a signature.
fn code(ty: &Type) -> String {
    plain(ty).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::{FunctionError, Parameter, Signature};
    use crate::wire::Value;

    struct Join;

    impl Function for Join {
        fn name(&self) -> &'static str {
            "join_regions"
        }

        fn signature(&self) -> Signature {
            let separator = Parameter::new("separator", Type::String, "The text between two names.");
            let mut signature = Signature::new("Join names", "Joins names of regions.", [separator], Type::String);
            signature.variadic = Some(Parameter::new("regions", Type::String, "The names."));
            signature
        }

        fn call(&self, _: &[Value]) -> Result<Value, FunctionError> {
            Err(FunctionError::arguments())
        }
    }

    #[test]
    fn the_page_shows_the_signature() {
        let page = page(&Join, Some("output \"x\" {}".to_owned()));
        for expected in [
            "# function: join_regions\n\nJoins names of regions.\n",
            "```terraform\noutput \"x\" {}\n```\n",
            "join_regions(separator string, regions string...) string\n",
            "1. `separator` (String) The text between two names.\n2. `regions` (String, Variadic) The names.\n",
        ] {
            assert!(page.contains(expected), "{page} lacks {expected}");
        }
    }
}
