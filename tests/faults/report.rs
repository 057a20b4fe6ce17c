//! What came of it: a table, and every run that broke the promise.

use std::collections::BTreeMap;

use super::drift::Healing;

/// After how many runs it is said how far they are.
const PROGRESS: usize = 500;

/// What came of all runs.
#[derive(Default)]
pub(super) struct Report {
    rows: BTreeMap<(&'static str, &'static str), Counts>,
    done: usize,
    pub(super) failures: Vec<Failure>,
}

#[derive(Default)]
struct Counts {
    runs: usize,
    converged: usize,
    leaked: usize,
}

/// A run that broke the promise.
pub(super) struct Failure {
    /// `topology/operation/k/fault`.
    pub(super) name: String,
    /// The call that was disturbed.
    pub(super) call: String,
    pub(super) why: Vec<String>,
}

impl Report {
    #[expect(clippy::print_stderr, reason = "whoever watches wants to know")]
    pub(super) fn count(&mut self, topology: &'static str, operation: &'static str, converged: bool, leaked: bool) {
        let counts = self.rows.entry((topology, operation)).or_default();
        counts.runs += 1;
        counts.converged += usize::from(converged);
        counts.leaked += usize::from(leaked);
        self.done += 1;
        if self.done.is_multiple_of(PROGRESS) {
            eprintln!("{} runs", self.done);
        }
    }

    /// Keeps what went wrong, and says it at once: the rest may take minutes.
    #[expect(clippy::print_stderr, reason = "whoever watches wants to know")]
    pub(super) fn fail(&mut self, failure: Failure) {
        eprintln!("{}: {}\n    {}", failure.name, failure.call, failure.why.join("\n    "));
        self.failures.push(failure);
    }

    /// The table, as it stands in the README.
    #[expect(clippy::print_stdout, reason = "the table is what the command is for")]
    pub(super) fn print(&self) {
        println!("| topology | operation | runs | converged | leaked |");
        println!("|---|---|---:|---:|---:|");
        let mut all = Counts::default();
        for ((topology, operation), Counts { runs, converged, leaked }) in &self.rows {
            println!("| {topology} | {operation} | {runs} | {converged} | {leaked} |");
            all.runs += runs;
            all.converged += converged;
            all.leaked += leaked;
        }
        println!("| **all** | | **{}** | **{}** | **{}** |", all.runs, all.converged, all.leaked);
    }

    /// Every failure, and how to repeat it.
    pub(super) fn explain(&self) -> String {
        let mut text = format!("{} runs broke the promise\n", self.failures.len());
        let mut alike: BTreeMap<&[String], Vec<&Failure>> = BTreeMap::new();
        for failure in &self.failures {
            alike.entry(&failure.why).or_default().push(failure);
        }
        for (why, failures) in alike {
            text.push('\n');
            for Failure { name, call, .. } in &failures {
                text.push_str(&format!("{name}: {call}\n"));
            }
            for line in why {
                text.push_str(&format!("    {line}\n"));
            }
            text.push_str(&format!("    again: cargo xtask faults --only {}\n", failures[0].name));
        }
        text
    }
}

/// What came of everything that drifted.
#[derive(Default)]
pub(super) struct DriftReport {
    rows: BTreeMap<&'static str, [usize; 3]>,
    refused: Vec<String>,
    pub(super) broken: Vec<(String, Vec<String>)>,
}

impl DriftReport {
    pub(super) fn count(&mut self, topology: &'static str, name: String, healing: Healing) {
        let counts = self.rows.entry(topology).or_default();
        match healing {
            Healing::Healed => counts[0] += 1,
            Healing::Broken(why) => {
                counts[1] += 1;
                self.broken.push((name, why));
            }
            Healing::Refused => {
                counts[2] += 1;
                self.refused.push(name);
            }
        }
    }

    /// How often what drifted was healed.
    #[expect(clippy::print_stdout, reason = "the table is what the command is for")]
    pub(super) fn print(&self) {
        println!("| topology | healed | not healed | AWS allows no such drift |");
        println!("|---|---:|---:|---:|");
        for (topology, [healed, broken, refused]) in &self.rows {
            println!("| {topology} | {healed} | {broken} | {refused} |");
        }
        println!("\nAWS allows no such drift: {}", self.refused.join(", "));
    }

    /// What was not healed.
    pub(super) fn explain(&self) -> String {
        self.broken.iter().map(|(name, why)| format!("\n{name}\n    {}\n", why.join("\n    "))).collect()
    }
}
