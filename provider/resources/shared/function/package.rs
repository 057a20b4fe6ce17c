//! Mistakes in the function's package.

use super::Function;
use crate::desired::Package;
use crate::resources::shared::checks::Found;
use crate::wire::{Diagnostics, Path};

/// The mistakes in the package of the function at `path`.
pub(crate) fn package(function: &Function, path: &Path, package: &Package) -> Diagnostics {
    let mut found = Found::default();
    handler(function, path, package, &mut found);
    found.0
}

fn handler(function: &Function, path: &Path, package: &Package, found: &mut Found) {
    let (Some(handler), Some(runtime)) = (function.handler().known(), function.runtime().known()) else { return };
    let Some(files) = handler_files(handler, runtime) else { return };
    // The handler may be in a layer, as it is with wrappers for tracing, or behind a link to a directory.
    let is_linked = |file: &String| package.links.iter().any(|link| file.starts_with(&format!("{link}/")));
    let is_there = |file: &String| package.files.contains(file) || is_linked(file);
    if has_layers(function) || files.iter().any(is_there) || has_extension_module(handler, runtime, &package.files) {
        return;
    }
    let path = path.attribute("handler");
    if files.is_empty() {
        let detail =
            format!("{handler:?} does not name a function in a file. Use FILE.FUNCTION, as in \"app.handler\".");
        found.error(path, "Invalid handler", detail);
        return;
    }
    let detail = format!(
        "With the runtime {runtime}, the handler {handler:?} needs a file {}, and the package has no such file. Correct the \
         handler, or add the file to the package. Check that the function's exclude does not match it.",
        files.join(" or ")
    );
    found.error(path, "Handler file not found", detail);
}

/// Whether the function has layers, or may have some.
fn has_layers(function: &Function) -> bool {
    function.layers().is_unknown() || function.layers().known().is_some_and(|layers| !layers.is_empty())
}

/// Whether the module of a Python handler is an extension module, such as `app.cpython-313-x86_64-linux-gnu.so`.
///
/// # Source
/// Python, `importlib.machinery.EXTENSION_SUFFIXES`.
fn has_extension_module(handler: &str, runtime: &str, files: &[String]) -> bool {
    let module = handler.rsplit_once('.').map(|(module, _)| module.replace('.', "/"));
    let Some(module) = module.filter(|_| runtime.starts_with("python")) else { return false };
    let ending = |file: &String| file.strip_prefix(&module).map(ToOwned::to_owned);
    files.iter().filter_map(ending).any(|ending| ending.starts_with('.') && ending.ends_with(".so"))
}

/// The files that may contain a handler. Empty when the handler names no file; `None` when the runtime may find it
/// elsewhere.
fn handler_files(handler: &str, runtime: &str) -> Option<Vec<String>> {
    if runtime.starts_with("python") {
        let module = handler.rsplit_once('.').map(|(module, _)| module.replace('.', "/"));
        let module = module.filter(|module| !module.is_empty());
        return Some(
            module
                .map(|module| vec![format!("{module}.py"), format!("{module}/__init__.py"), format!("{module}.pyc")])
                .unwrap_or_default(),
        );
    }
    if runtime.starts_with("nodejs") {
        // The file's name ends at the first dot of the last segment. A nested export may follow.
        let (folder, file) = handler.rsplit_once('/').map_or(("", handler), |(folder, file)| (folder, file));
        let module = file.split_once('.').map(|(module, _)| module).filter(|module| !module.is_empty());
        let folder = if folder.is_empty() { String::new() } else { format!("{}/", folder.trim_start_matches("./")) };
        let name = |module: &str| ["js", "mjs", "cjs"].map(|ending| format!("{folder}{module}.{ending}")).to_vec();
        return Some(module.map(name).unwrap_or_default());
    }
    runtime.starts_with("provided").then(|| vec!["bootstrap".to_owned()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handlers_and_their_files() {
        for (runtime, handler, files) in [
            ("python3.12", "app.handler", Some("app.py app/__init__.py app.pyc")),
            ("python3.12", "src/api.app.handler", Some("src/api/app.py src/api/app/__init__.py src/api/app.pyc")),
            ("python3.12", "handler", Some("")),
            ("nodejs22.x", "index.handler", Some("index.js index.mjs index.cjs")),
            ("nodejs22.x", "src/index.nested.handler", Some("src/index.js src/index.mjs src/index.cjs")),
            ("provided.al2023", "anything", Some("bootstrap")),
            ("java21", "com.example.Handler::handle", None),
        ] {
            let found = handler_files(handler, runtime).map(|files| files.join(" "));
            assert_eq!(found.as_deref(), files, "{runtime} {handler}");
        }
    }
}
