//! Reports: a table, and every failed run.

use std::collections::BTreeMap;

use super::drift::DriftResult;

/// Progress is printed after this many runs.
const PROGRESS: usize = 500;

/// The results of all runs.
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

/// A run with problems.
pub(super) struct Failure {
    /// `topology/operation/k/fault`.
    pub(super) name: String,
    /// The call with the fault.
    pub(super) call: String,
    pub(super) why: Vec<String>,
}

impl Report {
    #[expect(clippy::print_stderr, reason = "progress for the person who watches")]
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

    /// Records a failure and prints it at once: the remaining runs may take minutes.
    #[expect(clippy::print_stderr, reason = "progress for the person who watches")]
    pub(super) fn fail(&mut self, failure: Failure) {
        eprintln!("{}: {}\n    {}", failure.name, failure.call, failure.why.join("\n    "));
        self.failures.push(failure);
    }

    /// Prints the table of the README.
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
        let mut text = format!("{} runs failed\n", self.failures.len());
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
            text.push_str(&format!("    repeat with: cargo xtask faults --only {}\n", failures[0].name));
        }
        text
    }
}

/// The results of the drift tests.
#[derive(Default)]
pub(super) struct DriftReport {
    rows: BTreeMap<&'static str, [usize; 3]>,
    impossible: Vec<String>,
    pub(super) uncorrected: Vec<(String, Vec<String>)>,
}

impl DriftReport {
    pub(super) fn count(&mut self, topology: &'static str, name: String, result: DriftResult) {
        let counts = self.rows.entry(topology).or_default();
        match result {
            DriftResult::Corrected => counts[0] += 1,
            DriftResult::Uncorrected(why) => {
                counts[1] += 1;
                self.uncorrected.push((name, why));
            }
            DriftResult::Impossible => {
                counts[2] += 1;
                self.impossible.push(name);
            }
        }
    }

    /// Prints how often drift was corrected.
    #[expect(clippy::print_stdout, reason = "the table is what the command is for")]
    pub(super) fn print(&self) {
        println!("| topology | corrected | not corrected | not possible in AWS |");
        println!("|---|---:|---:|---:|");
        for (topology, [healed, uncorrected, impossible]) in &self.rows {
            println!("| {topology} | {healed} | {uncorrected} | {impossible} |");
        }
        println!("\nNot possible in AWS: {}", self.impossible.join(", "));
    }

    /// The drift that was not corrected.
    pub(super) fn explain(&self) -> String {
        self.uncorrected.iter().map(|(name, why)| format!("\n{name}\n    {}\n", why.join("\n    "))).collect()
    }
}
