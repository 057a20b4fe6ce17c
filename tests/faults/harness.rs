//! The tests of `cargo xtask faults`.
//!
//! `cargo xtask faults` and `cargo xtask test` run them in full, in an optimized build; otherwise they run what takes
//! seconds without optimization. `MULTIREGION_FAULTS` selects runs by parts of their names, as a failure prints them.

use std::sync::Arc;

use super::fault::Fault;
use super::limits;
use super::matrix::{self, Selection};
use super::operations;
use super::scenario::Scenario;
use super::topologies;
use super::world::{Sources, World};

#[test]
fn every_operation_converges_after_every_fault() {
    let selection = Selection::from_env();
    let report = matrix::run(&selection);
    report.print();
    assert!(report.failures.is_empty(), "{}", report.explain());
}

#[test]
fn drift_of_every_component_is_corrected() {
    let selection = Selection::from_env();
    let report = matrix::drift(&selection);
    report.print();
    assert!(report.uncorrected.is_empty(), "{}", report.explain());
}

/// A run that is repeated to find out why it failed must fail in the same way.
#[test]
fn a_repeated_run_makes_the_same_calls() {
    matrix::runtime().block_on(async {
        let world = World::start(&Arc::new(Sources::new())).await;
        let create = operations::ALL.iter().find(|operation| operation.name == "create").expect("an operation");
        let scenario = Scenario::start(&world, &topologies::ALL[0], create).await.ok().flatten().expect("a scenario");
        for (k, fault) in (1..scenario.calls.len()).step_by(4).zip(Fault::ALL.into_iter().cycle()) {
            let mut runs = Vec::new();
            for _ in 0..2 {
                let (_, run) = scenario.fail(&world, k, fault).await;
                runs.push((run, format!("{:#?}", world.network.take_calls())));
            }
            assert!(runs[0] == runs[1], "{k}/{}:\n{}\n\n{}", fault.name(), runs[0].1, runs[1].1);
        }
    });
}

/// Thirty APIs in ten regions, created in one apply, against an AWS that throttles at its published limits; four APIs in
/// three regions without optimization.
#[test]
fn many_apis_are_not_throttled() {
    let (apis, regions) = if Selection::from_env().is_complete() { (30, 10) } else { (4, 3) };
    limits::assert_not_throttled(apis, regions);
}
