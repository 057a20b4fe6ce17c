//! The tree of this repository, and Rust sources split into code, strings and comments.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A text file of the repository.
pub(super) struct File {
    /// Its path from the repository's top, with slashes.
    pub(super) path: String,
    /// Its content.
    pub(super) text: String,
}

/// A Rust file without its tests.
pub(super) struct Source {
    /// Its path from the repository's top, with slashes.
    pub(super) path: String,
    /// Its lines, with blanks in place of comments and of what stands in strings.
    pub(super) code: Vec<String>,
    /// Each string literal with the number of its line, counted from 1.
    pub(super) strings: Vec<(usize, String)>,
}

/// The repository's top.
pub(super) fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every text file under `directory` that could be committed, by path.
pub(super) fn files(directory: &str) -> Vec<File> {
    let mut paths = Vec::new();
    collect(&top().join(directory), &mut paths);
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).ok()?;
        let path = path.strip_prefix(top()).ok()?.to_str()?.replace('\\', "/");
        Some(File { path, text })
    };
    paths.into_iter().filter_map(read).collect()
}

/// Every Rust file under `directory` that is not a test.
pub(super) fn sources(directory: &str) -> Vec<Source> {
    let files = files(directory);
    let tests: BTreeSet<String> = files.iter().flat_map(test_modules).collect();
    let is_test =
        |path: &str| tests.iter().any(|test| path == format!("{test}.rs") || path.starts_with(&format!("{test}/")));
    let sources = files.iter().filter(|file| file.path.ends_with(".rs") && !is_test(&file.path));
    sources.map(|file| Source::new(file.path.clone(), without_tests(&file.text))).collect()
}

fn collect(directory: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_ours = !["target", ".git", ".terraform", ".terraform.lock.hcl", "__pycache__"].contains(&name.as_str())
            && !name.contains(".tfstate");
        match entry.file_type() {
            Ok(kind) if is_ours && kind.is_dir() => collect(&entry.path(), paths),
            Ok(kind) if is_ours && kind.is_file() => paths.push(entry.path()),
            _ => {}
        }
    }
}

/// The modules in files of their own that `file` declares for tests only, without `.rs`.
fn test_modules(file: &File) -> Vec<String> {
    let parent = Path::new(&file.path).parent().unwrap_or(Path::new("")).to_string_lossy().into_owned();
    let base = match file.path.rsplit('/').next() {
        Some("mod.rs" | "lib.rs" | "main.rs") => parent,
        _ => file.path.trim_end_matches(".rs").to_owned(),
    };
    let lines: Vec<&str> = file.text.lines().map(str::trim).collect();
    let declared = lines.windows(2).filter(|pair| pair[0].starts_with("#[cfg(test)]"));
    let names = declared.filter_map(|pair| pair[1].split("mod ").nth(1)?.strip_suffix(';'));
    names.map(|name| format!("{base}/{name}")).collect()
}

/// Unit tests stand last in their file.
fn without_tests(text: &str) -> &str {
    let mut marks = text.match_indices("#[cfg(test)]\n").map(|(at, mark)| (at, &text[at + mark.len()..]));
    let tests =
        marks.find(|(_, after)| after.lines().next().is_some_and(|line| line.contains("mod ") && line.ends_with('{')));
    tests.map_or(text, |(at, _)| &text[..at])
}

impl Source {
    /// Takes a text apart. Good for what rustfmt leaves; a macro that is given half a string would confuse it.
    pub(super) fn new(path: String, text: &str) -> Self {
        let (mut code, mut strings) = (String::new(), Vec::new());
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let before = rest;
            if rest.starts_with("//") {
                rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
            } else if rest.starts_with("/*") {
                rest = &rest[rest.find("*/").map_or(rest.len(), |end| end + 2)..];
                blank(&before[..before.len() - rest.len()], &mut code);
            } else if let Some((content, length)) = string(rest, code.chars().next_back()) {
                strings.push((code.matches('\n').count() + 1, content.to_owned()));
                rest = &rest[length..];
                blank(&before[..length], &mut code);
            } else if let Some(length) = character(rest) {
                rest = &rest[length..];
                blank(&before[..length], &mut code);
            } else {
                code.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
        Self { path, code: code.lines().map(str::to_owned).collect(), strings }
    }

    /// Where `word` stands in the code as a whole word, as `file:line`.
    pub(super) fn uses(&self, word: &str) -> Vec<String> {
        let lines = self.code.iter().enumerate().filter(|(_, line)| has_word(line, word));
        lines.map(|(line, _)| self.at(line + 1)).collect()
    }

    /// `file:line`.
    pub(super) fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.path)
    }

    /// Every function with a body: its first line, and how many it has from `fn` to the closing brace.
    pub(super) fn functions(&self) -> Vec<(usize, usize)> {
        let text = self.code.join("\n");
        let starts = text.match_indices("fn ").filter(|(at, _)| !text[..*at].ends_with(is_word));
        let line = |at: usize| text[..at].matches('\n').count() + 1;
        starts
            .filter_map(|(start, _)| Some((line(start), line(end_of_body(&text, start)?) - line(start) + 1)))
            .collect()
    }
}

/// Where the body of the function at `start` is closed; `None` when it has none.
fn end_of_body(text: &str, start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut brackets = 0_usize;
    for (at, next) in text[start..].char_indices() {
        match next {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets = brackets.checked_sub(1)?,
            // Not the semicolon of `[u8; 4]`.
            ';' if depth == 0 && brackets == 0 => return None,
            '{' => depth += 1,
            '}' if depth == 1 => return Some(start + at),
            '}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    None
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(is_word) && !line[at + word.len()..].starts_with(is_word))
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn blank(text: &str, code: &mut String) {
    code.extend(text.chars().map(|character| if character == '\n' { '\n' } else { ' ' }));
}

/// A string literal at the beginning of `text`: what is in it, and its length with quotes.
fn string(text: &str, before: Option<char>) -> Option<(&str, usize)> {
    let plain = text.strip_prefix('"');
    if let Some(content) = plain {
        let mut escaped = false;
        let end = content.find(|next| {
            let found = next == '"' && !escaped;
            escaped = next == '\\' && !escaped;
            found
        })?;
        return Some((&content[..end], end + 2));
    }
    let hashes = text.strip_prefix('r')?;
    let fence: String = hashes.chars().take_while(|next| *next == '#').collect();
    let content = hashes[fence.len()..].strip_prefix('"')?;
    // The r of an identifier that ends before a string is none of a raw string; that of br"" is.
    if before.is_some_and(|before| is_word(before) && before != 'b') {
        return None;
    }
    let end = content.find(&format!("\"{fence}"))?;
    Some((&content[..end], 1 + fence.len() + 1 + end + 1 + fence.len()))
}

/// The length of a character literal at the beginning of `text`; a lifetime is none.
fn character(text: &str) -> Option<usize> {
    let content = text.strip_prefix('\'')?;
    if let Some(escape) = content.strip_prefix('\\') {
        return Some(2 + 1 + escape[1..].find('\'')? + 1);
    }
    let one = content.chars().next()?.len_utf8();
    content[one..].starts_with('\'').then_some(1 + one + 1)
}

#[test]
fn code_and_strings_are_told_apart() {
    let text = "fn a(x: &'static str) { // it's \"no\" string\n    let b = ('\"', '\\'', r#\"raw \"quoted\"\"#, \"esc\\\"aped\");\n}\n";
    let source = Source::new("a.rs".to_owned(), text);
    assert_eq!(source.strings, [(2, "raw \"quoted\"".to_owned()), (2, "esc\\\"aped".to_owned())]);
    assert_eq!(source.uses("string"), Vec::<String>::new());
    assert_eq!(source.uses("b"), ["a.rs:2"]);
    assert_eq!(source.functions(), [(1, 3)]);
}

#[test]
fn functions_are_measured() {
    let text = "trait T {\n    fn a(&self) -> [u8; 4];\n    fn b<F: Fn(u8)>(f: F)\n    where\n        F: Copy,\n    {\n        g(|| {});\n    }\n}\n";
    assert_eq!(Source::new("a.rs".to_owned(), text).functions(), [(3, 6)]);
}
