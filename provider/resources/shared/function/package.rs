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
    if has_layers(function) || files.iter().any(is_there) || has_module(handler, runtime, &package.files) {
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

/// Whether one of `files` belongs to the module of a handler in a form that [`handler_files`] does not list.
fn has_module(handler: &str, runtime: &str, files: &[String]) -> bool {
    let (module, belongs): (_, fn(&str, &str) -> bool) = match runtime {
        _ if runtime.starts_with("python") => (python_module(handler), is_extension_module),
        _ if runtime.starts_with("nodejs") => (node_module(handler), is_in_directory),
        _ => return false,
    };
    module.is_some_and(|module| files.iter().any(|file| belongs(&module, file)))
}

/// Whether a file is the extension module of a Python module, such as `app.cpython-313-x86_64-linux-gnu.so` or
/// `app/__init__.abi3.so`.
///
/// # Source
/// Python, `importlib.machinery.EXTENSION_SUFFIXES`.
fn is_extension_module(module: &str, file: &str) -> bool {
    let Some(ending) = file.strip_prefix(module) else { return false };
    let ending = ending.strip_prefix("/__init__").unwrap_or(ending);
    ending.starts_with('.') && ending.ends_with(".so")
}

/// Whether a file is in the directory that a Node.js module names: in the package, or in `node_modules`.
///
/// # Source
/// AWS Lambda Node.js runtime interface client, `UserFunction.js`: it resolves a module that is no file as Node.js does.
fn is_in_directory(module: &str, file: &str) -> bool {
    let inside = |file: &str| file.strip_prefix(module).is_some_and(|rest| rest.starts_with('/'));
    inside(file) || file.strip_prefix("node_modules/").is_some_and(inside)
}

/// The module of a Python handler, as a path.
fn python_module(handler: &str) -> Option<String> {
    let module = handler.rsplit_once('.').map(|(module, _)| module.replace('.', "/"));
    module.filter(|module| !module.is_empty())
}

/// The module of a Node.js handler, as a path: the name of the file ends at the first dot of the last segment. A nested export
/// may follow.
fn node_module(handler: &str) -> Option<String> {
    let handler = handler.trim_start_matches("./");
    let start = handler.rfind('/').map_or(0, |slash| slash + 1);
    let (folder, file) = handler.split_at_checked(start)?;
    let module = file.split_once('.').map(|(module, _)| module).filter(|module| !module.is_empty())?;
    Some(format!("{folder}{module}"))
}

/// The files that may contain a handler. Empty when the handler names no file; `None` when the runtime may find it
/// elsewhere.
fn handler_files(handler: &str, runtime: &str) -> Option<Vec<String>> {
    let spelled = |module: String, endings: &[&str]| endings.iter().map(|end| format!("{module}{end}")).collect();
    if runtime.starts_with("python") {
        let endings = [".py", "/__init__.py", ".pyc", "/__init__.pyc"];
        return Some(python_module(handler).map(|module| spelled(module, &endings)).unwrap_or_default());
    }
    if runtime.starts_with("nodejs") {
        let endings = [".js", ".mjs", ".cjs", ""];
        return Some(node_module(handler).map(|module| spelled(module, &endings)).unwrap_or_default());
    }
    runtime.starts_with("provided").then(|| vec!["bootstrap".to_owned()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handlers_and_their_files() {
        for (runtime, handler, files) in [
            ("python3.12", "app.handler", Some("app.py app/__init__.py app.pyc app/__init__.pyc")),
            (
                "python3.12",
                "src/a.app.handler",
                Some("src/a/app.py src/a/app/__init__.py src/a/app.pyc src/a/app/__init__.pyc"),
            ),
            ("python3.12", "handler", Some("")),
            ("nodejs22.x", "index.handler", Some("index.js index.mjs index.cjs index")),
            ("nodejs22.x", "./index.handler", Some("index.js index.mjs index.cjs index")),
            ("nodejs22.x", "src/index.nested.handler", Some("src/index.js src/index.mjs src/index.cjs src/index")),
            ("nodejs22.x", "src/", Some("")),
            ("provided.al2023", "anything", Some("bootstrap")),
            ("java21", "com.example.Handler::handle", None),
        ] {
            let found = handler_files(handler, runtime).map(|files| files.join(" "));
            assert_eq!(found.as_deref(), files, "{runtime} {handler}");
        }
    }

    #[test]
    fn a_module_can_be_a_directory_or_compiled() {
        for (runtime, handler, file, expected) in [
            ("nodejs22.x", "index.handler", "index/index.js", true),
            ("nodejs22.x", "node_modules/wrapper/dist/main.handler", "node_modules/wrapper/dist/main/index.mjs", true),
            ("nodejs22.x", "wrapper/dist.handler", "node_modules/wrapper/dist/index.cjs", true),
            ("nodejs22.x", "index.handler", "indexes/a.js", false),
            ("python3.13", "index.handler", "index/index.js", false),
            ("python3.13", "app.handler", "app.cpython-313-x86_64-linux-gnu.so", true),
            ("python3.13", "app.handler", "app/__init__.abi3.so", true),
            ("python3.13", "app.handler", "application.so", false),
        ] {
            assert_eq!(has_module(handler, runtime, &[file.to_owned()]), expected, "{runtime} {handler} {file}");
        }
    }
}
