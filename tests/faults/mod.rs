//! Whatever fails, it converges: every AWS call of every operation fails once in every way, and a user who runs again ends
//! where an undisturbed run ends, with nothing leaked and nobody unserved.
//!
//! All in this process, in memory, on a simulated clock. A run that breaks the promise prints how to repeat it alone.

mod case;
mod clock;
mod compare;
mod fault;
mod host;
mod matrix;
mod network;
mod operations;
mod report;
mod topologies;
mod traffic;
mod world;

use matrix::Selection;

/// All of it. `MULTIREGION_FAULTS` picks some: words that a run's name contains, as a failure prints them.
#[test]
fn whatever_fails_it_converges() {
    let selection = Selection::from_env();
    let report = matrix::run(&selection);
    report.print();
    assert!(report.failures.is_empty(), "{}", report.explain());
}
