//! A session that expires during the rollback of a failed create: the state keeps what is left, and the next apply
//! continues.

use strict_aws::{Call, Effect, Fault as InjectedFault};

use super::create::Create;
use super::fault::Fault;
use super::host::{Run, StoredResource};
use super::matrix::runtime;

/// A create with one operation denied.
struct DeniedCreate {
    create: Create,
    denied: &'static str,
    /// The first call of the rollback, counted from 1.
    rollback: usize,
    /// The number of calls, with those of the rollback.
    calls: usize,
}

impl DeniedCreate {
    async fn of(name: &str, denied: &'static str) -> Self {
        let create = Create::of(name, "rollback").await;
        let mut denied_create = Self { create, denied, rollback: 0, calls: 0 };
        let run = denied_create.run(usize::MAX, &mut denied_create.create.stored.clone()).await;
        assert!(matches!(run, Run::Failed(_)), "{name}: {denied} is needed");
        let calls = denied_create.create.world.network.take_calls();
        let first = calls.iter().position(|call| call.name() == denied && call.status >= 400);
        denied_create.rollback = first.expect("the call is denied") + 2;
        denied_create.calls = calls.len();
        denied_create
    }

    /// Runs the create in a session that expires before the `n`th call.
    async fn run(&self, n: usize, stored: &mut StoredResource) -> Run {
        let world = &self.create.world;
        self.create.reset();
        Fault::Expired.inject(world, n);
        world.aws.inject(InjectedFault::new(Effect::AccessDenied).operation(self.denied));
        let run = stored.run(world, &self.create.to).await;
        world.aws.clear_faults();
        run
    }
}

/// The problems when the session expires before each `step`th call of the rollback.
async fn check(name: &str, denied: &'static str, step: usize) -> Vec<String> {
    let denied_create = DeniedCreate::of(name, denied).await;
    let mut problems = Vec::new();
    for n in (denied_create.rollback..=denied_create.calls).step_by(step) {
        let mut stored = denied_create.create.stored.clone();
        denied_create.run(n, &mut stored).await;
        let found = denied_create.create.problems_after(&mut stored).await;
        problems.extend(found.into_iter().map(|why| format!("{name}, {denied} denied, expired before {n}: {why}")));
    }
    problems
}

#[test]
fn a_rollback_whose_session_expires_is_continued() {
    runtime().block_on(async {
        let mut problems = check("zone", "route53:ChangeTagsForResource", 1).await;
        problems.extend(check("one-region", "apigateway:CreateStage", 1).await);
        problems.extend(check("failover", "apigateway:CreateApiMapping", 3).await);
        problems.extend(check("latency", "route53:CreateHealthCheck", 5).await);
        problems.extend(check("cdn-group", "cloudfront:CreateDistributionWithTags", 3).await);
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    });
}

/// Every call from the `n`th on, of any service.
#[test]
fn calls_in_an_expired_session_are_rejected() {
    runtime().block_on(async {
        let denied_create = DeniedCreate::of("one-region", "apigateway:CreateStage").await;
        let n = denied_create.rollback;
        denied_create.run(n, &mut denied_create.create.stored.clone()).await;
        let is_rejected = |call: &Call| call.error.as_deref().is_some_and(|code| code.starts_with("ExpiredToken"));
        assert!(denied_create.create.world.network.take_calls().iter().skip(n - 1).all(is_rejected));
    });
}
