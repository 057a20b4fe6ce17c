//! Whatever fails, it converges: every AWS call of every operation fails once in every way, and a user who runs again ends
//! where an undisturbed run ends, with nothing leaked and nobody unserved.
//!
//! All in this process, in memory, on a simulated clock. A run that breaks the promise prints how to repeat it alone.

mod case;
mod clock;
pub(crate) mod compare;
mod drift;
mod fault;
mod host;
mod lies;
mod limits;
mod matrix;
mod network;
mod operations;
mod report;
mod rivals;
mod topologies;
mod traffic;
mod world;
mod zone;

use matrix::Selection;

/// All of it by `cargo xtask faults`, in a build that is optimised; in any other, what takes seconds. `MULTIREGION_FAULTS`
/// picks some: parts of a run's name, as a failure prints them.
#[test]
fn whatever_fails_it_converges() {
    let selection = Selection::from_env();
    let report = matrix::run(&selection);
    report.print();
    assert!(report.failures.is_empty(), "{}", report.explain());
}

/// Whatever somebody deletes or changes behind our back is named by the plan and mended by the apply.
#[test]
fn whatever_drifts_is_healed() {
    let selection = Selection::from_env();
    let report = matrix::drift(&selection);
    report.print();
    assert!(report.broken.is_empty(), "{}", report.explain());
}

/// Thirty APIs in ten regions, in one apply, are never throttled by an AWS that throttles at its published limits; four in
/// three where nothing is optimised.
#[test]
fn whatever_many_they_are_none_is_throttled() {
    let (apis, regions) = if Selection::from_env().is_of_everything() { (30, 10) } else { (4, 3) };
    limits::are_never_throttled(apis, regions);
}
