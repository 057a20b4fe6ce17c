//! The result of a command-line tool's run.

use std::time::Duration;

use serde_json::Value as Json;

/// A finished run of a tool.
#[derive(Debug, Clone)]
pub struct Run {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
    /// The time that it took.
    pub elapsed: Duration,
}

impl Run {
    /// Whether it succeeded. A plan with changes also succeeds: it exits with 2.
    pub fn success(&self) -> bool {
        matches!(self.code, Some(0 | 2))
    }

    /// Whether it was a plan with `-detailed-exitcode` that found no changes.
    pub fn is_empty_plan(&self) -> bool {
        self.code == Some(0)
    }

    /// The parsed lines of `-json` output.
    fn events(&self) -> Vec<Json> {
        self.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The diagnostics among the events: objects with `severity`, `summary`, `detail` and, if known, `address` and
    /// `range`.
    fn diagnostics(&self) -> Vec<Json> {
        self.events().into_iter().filter_map(|mut event| Some(event.get_mut("diagnostic")?.take())).collect()
    }

    /// The error diagnostics as text: summary, then detail.
    pub fn errors(&self) -> Vec<String> {
        let text = |diagnostic: &Json, key: &str| diagnostic[key].as_str().unwrap_or_default().to_owned();
        let errors = self.diagnostics().into_iter().filter(|diagnostic| diagnostic["severity"] == "error");
        errors.map(|error| format!("{}\n{}", text(&error, "summary"), text(&error, "detail"))).collect()
    }

    /// The number of resources added, changed and removed, or to be: the last summary among the events.
    pub fn changes(&self) -> Option<(u64, u64, u64)> {
        let summary = self.events().into_iter().rev().find_map(|mut event| Some(event.get_mut("changes")?.take()))?;
        Some((summary["add"].as_u64()?, summary["change"].as_u64()?, summary["remove"].as_u64()?))
    }

    /// The run if it succeeded, otherwise its error text.
    ///
    /// # Errors
    /// The error diagnostics, or the whole output.
    pub fn ok(self) -> Result<Self, String> {
        if self.success() {
            return Ok(self);
        }
        let errors = self.errors();
        Err(if errors.is_empty() { format!("{}{}", self.stdout, self.stderr) } else { errors.join("\n\n") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(code: i32, stdout: &str) -> Run {
        Run { code: Some(code), stdout: stdout.to_owned(), stderr: String::new(), elapsed: Duration::ZERO }
    }

    #[test]
    fn errors_include_their_details() {
        let stdout = r#"{"@level":"info","type":"version","terraform":"1.11.4"}
{"type":"diagnostic","diagnostic":{"severity":"warning","summary":"Careful","detail":""}}
not json
{"type":"diagnostic","diagnostic":{"severity":"error","summary":"Unknown region","detail":"There is no region \"x\"."}}"#;
        let run = run(1, stdout);
        assert_eq!(run.events().len(), 3);
        assert_eq!(run.diagnostics().len(), 2);
        assert_eq!(run.ok().unwrap_err(), "Unknown region\nThere is no region \"x\".");
    }

    #[test]
    fn the_last_summary_counts() {
        let stdout = r#"{"type":"change_summary","changes":{"add":2,"change":0,"remove":0,"operation":"plan"}}
{"type":"change_summary","changes":{"add":1,"change":1,"remove":3,"operation":"apply"}}"#;
        assert_eq!(run(0, stdout).changes(), Some((1, 1, 3)));
        assert!(run(2, "").success());
        assert!(!run(2, "").is_empty_plan());
    }
}
