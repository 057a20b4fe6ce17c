//! A create whose heartbeat is denied: it fails within minutes and keeps what it has created, and the next apply
//! continues.

use std::time::Duration;

use strict_aws::{Call, Effect, Fault};

use super::create::Create;
use super::host::Run;
use super::matrix::runtime;

/// How long a create may continue after its heartbeat was denied.
const BOUND: Duration = Duration::from_secs(180);
const HEARTBEAT: &str = "logs:TagResource";
/// The part of the subject that identifies the log group of a claim.
const CLAIM: &str = ":/multiregion/";

fn is_heartbeat(call: &Call) -> bool {
    call.name() == HEARTBEAT && call.subject.contains(CLAIM)
}

/// The problems when the heartbeats of a create are denied from the nth one on.
async fn denied_from(create: &Create, n: usize) -> Vec<String> {
    let (world, mut stored, mut problems) = (&create.world, create.stored.clone(), Vec::new());
    create.reset();
    world.aws.inject(Fault::new(Effect::AccessDenied).operation(HEARTBEAT).subject(CLAIM).from_nth(n));
    let run = stored.run(world, &create.to).await;
    world.aws.clear_faults();
    let calls = world.network.take_calls();
    let denied = calls.iter().find(|call| is_heartbeat(call) && call.status >= 400);
    let continued_for = denied.map_or(Duration::ZERO, |call| world.clock.elapsed().saturating_sub(call.started));
    if continued_for > BOUND {
        problems.push(format!("the create continued for {continued_for:?}"));
    }
    if let Run::Failed(errors) = &run
        && !errors.iter().any(|error| error.detail.contains(HEARTBEAT))
    {
        problems.push(format!("no error names the denied call: {run:?}"));
    }
    problems.extend(create.problems_after(&mut stored).await);
    problems
}

async fn check(name: &str, on_create_failure: &str) -> Vec<String> {
    let create = Create::of(name, on_create_failure).await;
    let heartbeats = create.calls.iter().filter(|call| is_heartbeat(call)).count();
    assert!(heartbeats > 0, "{name}: a create tags its claim");
    let mut problems = Vec::new();
    for n in 1..=heartbeats {
        let found = denied_from(&create, n).await;
        problems.extend(found.into_iter().map(|why| format!("{name}, {on_create_failure}, from {n}: {why}")));
    }
    problems
}

#[test]
fn a_create_without_permission_for_its_heartbeat_ends_in_three_minutes() {
    runtime().block_on(async {
        let mut problems = check("zone", "rollback").await;
        for name in ["one-region", "latency", "cdn-group"] {
            for on_create_failure in ["rollback", "keep"] {
                problems.extend(check(name, on_create_failure).await);
            }
        }
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    });
}
