//! Whatever fails, it converges: every AWS call of every operation fails in every way, and a user who runs again ends
//! where an undisturbed run ends, with nothing leaked and nobody unserved.
//!
//! All in this process, in memory, on a simulated clock. A run that breaks the promise prints how to repeat it alone.

mod case;
mod clock;
pub(crate) mod compare;
mod core;
mod drift;
mod fault;
mod goodbyes;
mod heartbeats;
mod homes;
mod host;
mod lies;
mod limits;
mod matrix;
mod network;
mod operations;
mod parties;
mod report;
mod rivals;
mod rollbacks;
mod topologies;
mod traffic;
mod waits;
mod world;
mod zone;

use std::sync::Arc;

use case::Row;
use fault::Fault;
use matrix::Selection;
use world::{Sources, World};

/// All of it by `cargo xtask test` and `cargo xtask faults`, in a build that is optimised; else what takes seconds without.
/// `MULTIREGION_FAULTS` picks some: parts of a run's name, as a failure prints them.
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

/// What somebody has withdrawn behind our back, resolvers remember as well.
#[test]
fn what_others_withdrew_is_remembered() {
    matrix::runtime().block_on(async {
        let world = World::start(&Arc::new(Sources::new())).await;
        let latency = topologies::ALL.iter().find(|topology| topology.name == "latency").expect("a topology");
        assert_eq!(drift::of_a_region_that_goes(&world, latency).await, Vec::<String>::new());
    });
}

/// Whoever repeats a run, to see why it failed, sees the same.
#[test]
fn whatever_is_repeated_goes_the_same_way() {
    matrix::runtime().block_on(async {
        let world = World::start(&Arc::new(Sources::new())).await;
        let create = operations::ALL.iter().find(|operation| operation.name == "create").expect("an operation");
        let row = Row::begin(&world, &topologies::ALL[0], create).await.ok().flatten().expect("a row");
        for (k, fault) in (1..row.calls.len()).step_by(4).zip(Fault::ALL.into_iter().cycle()) {
            let mut ways = Vec::new();
            for _ in 0..2 {
                let (_, run) = row.fail(&world, k, fault).await;
                ways.push((run, format!("{:#?}", world.network.take_calls())));
            }
            assert!(ways[0] == ways[1], "{k}/{}:\n{}\n\n{}", fault.name(), ways[0].1, ways[1].1);
        }
    });
}

/// Thirty APIs in ten regions, in one apply, are never throttled by an AWS that throttles at its published limits; four in
/// three where nothing is optimised.
#[test]
fn whatever_many_they_are_none_is_throttled() {
    let (apis, regions) = if Selection::from_env().is_of_everything() { (30, 10) } else { (4, 3) };
    limits::are_never_throttled(apis, regions);
}
