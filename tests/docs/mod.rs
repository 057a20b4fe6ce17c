//! The reference documentation in `docs/` is current, and its examples are valid.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use multiregion::docs;
use strict_aws::tools::{Cli, Workspace};

/// When this environment variable is set, the test writes the pages. `cargo xtask docs` sets it.
const WRITE: &str = "MULTIREGION_WRITE_DOCS";

/// The directories in `examples/` whose files are examples of pages. The others are whole configurations.
const FOLDERS: [&str; 4] = ["provider/", "resources/", "data-sources/", "functions/"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn generated() -> BTreeMap<String, String> {
    docs::files(&|path| fs::read_to_string(root().join("examples").join(path)).ok())
}

/// The files in a directory of the project and below it, as paths relative to it.
fn files_in(directory: &Path) -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(next) = directories.pop() {
        for entry in fs::read_dir(next).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else {
                files.insert(path.strip_prefix(directory).unwrap().display().to_string());
            }
        }
    }
    files
}

/// The picture that `cargo xtask drill` draws.
const PICTURE: &str = "drill.svg";

/// Whether the file is generated from schemas and kinds. Guides are written by hand.
fn is_generated(path: &str) -> bool {
    !path.starts_with("guides/") && path != PICTURE
}

#[test]
fn pages_are_current() {
    let directory = root().join("docs");
    let generated = generated();
    let obsolete = files_in(&directory).into_iter().filter(|path| is_generated(path) && !generated.contains_key(path));
    if std::env::var_os(WRITE).is_some() {
        obsolete.for_each(|path| fs::remove_file(directory.join(path)).unwrap());
        for (path, text) in &generated {
            let path = directory.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        return;
    }
    let stale =
        generated.iter().filter(|(path, text)| fs::read_to_string(directory.join(path)).ok().as_ref() != Some(text));
    let stale: Vec<String> = stale.map(|(path, _)| path.clone()).chain(obsolete).collect();
    assert!(
        stale.is_empty(),
        "Run `cargo xtask docs` and commit the result. Not current in docs/: {}",
        stale.join(", ")
    );
}

/// What the registries accept.
///
/// # Source
/// Terraform, "Provider documentation"; the checks of `tfplugindocs validate` 0.25.
#[test]
fn pages_follow_the_rules_of_the_registries() {
    let directory = root().join("docs");
    for path in files_in(&directory).into_iter().filter(|path| path != "iam-policy.json" && path != PICTURE) {
        let text = fs::read_to_string(directory.join(&path)).unwrap();
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        assert!(
            ["", "resources", "data-sources", "functions", "guides"].contains(&folder),
            "{path} is in no known directory"
        );
        assert!(path.ends_with(".md") && text.len() < 500_000, "{path} is not Markdown, or is too large");
        let front_matter = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
        let (front_matter, body) = front_matter.unwrap_or_else(|| panic!("{path} has no front matter"));
        let fields = front_matter.lines().filter(|line| !line.starts_with(' '));
        let keys: BTreeSet<_> = fields.filter_map(|line| line.split_once(':')).map(|(key, _)| key).collect();
        let mut expected = BTreeSet::from(["page_title", "description"]);
        if path != "index.md" {
            expected.insert("subcategory");
        }
        assert_eq!(keys, expected, "the keys in the front matter of {path}");
        let titles = body.lines().scan(false, |code, line| {
            *code ^= line.starts_with("```");
            Some((*code, line))
        });
        assert_eq!(
            titles.filter(|(code, line)| !code && line.starts_with("# ")).count(),
            1,
            "{path} has no single title"
        );
    }
}

/// The guides quote diagnostics as `**"Summary"**`.
#[test]
fn guides_quote_diagnostics_that_exist() {
    let provider = root().join("provider");
    let sources: Vec<String> =
        files_in(&provider).into_iter().map(|path| fs::read_to_string(provider.join(path)).unwrap()).collect();
    let guides = root().join("docs/guides");
    for guide in files_in(&guides) {
        for quoted in fs::read_to_string(guides.join(&guide)).unwrap().split("**\"").skip(1) {
            let summary = quoted.split("\"**").next().unwrap().replace('\n', " ");
            let exists = sources.iter().any(|source| source.contains(&format!("\"{summary}\"")));
            assert!(exists, "{guide} quotes {summary:?}, which is not a diagnostic of the provider");
        }
    }
}

/// The examples of the pages, each in a directory of its own: path and text.
fn examples() -> Vec<(PathBuf, String)> {
    let directory = root().join("examples");
    let files = files_in(&directory).into_iter().filter(|path| FOLDERS.iter().any(|folder| path.starts_with(folder)));
    files
        .filter(|path| path.ends_with(".tf"))
        .map(|path| (path.clone().into(), fs::read_to_string(directory.join(path)).unwrap()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn examples_are_valid() {
    let provider = Path::new(env!("CARGO_BIN_EXE_terraform-provider-multiregion"));
    let examples = examples();
    for resource in multiregion::resources::REGISTRY {
        for file in ["resource.tf", "import.tf", "import.sh"] {
            let path = format!("resources/{}/{file}", resource.type_name());
            assert!(root().join("examples").join(&path).is_file(), "examples/{path} is missing");
        }
    }
    for cli in strict_aws::tools::clis().await.unwrap() {
        for (path, text) in &examples {
            validate(&cli, provider, path, text).await;
        }
    }
}

async fn validate(cli: &Cli, provider: &Path, path: &Path, text: &str) {
    let workspace = Workspace::new(cli, provider).unwrap();
    workspace.write("main.tf", text).unwrap();
    if path.ends_with("import.tf") {
        let resource = root().join("examples").join(path).with_file_name("resource.tf");
        workspace.write("resource.tf", &fs::read_to_string(resource).unwrap()).unwrap();
    }
    if !text.contains("required_providers") {
        let source =
            "terraform {\n  required_providers {\n    multiregion = { source = \"multiregion/multiregion\" }\n  }\n}\n";
        workspace.write("versions.tf", source).unwrap();
    }
    workspace.init().await.unwrap().ok().unwrap();
    let run = workspace.run(&["validate", "-json"]).await.unwrap();
    assert!(run.success(), "{cli}, examples/{}:\n{}", path.display(), run.stdout);
}
