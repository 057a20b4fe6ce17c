//! A session that expires while a failed create is rolled back: the state keeps what is left, and the next apply continues.

use std::sync::Arc;

use multiregion::wire::Value;
use serde_json::json;
use strict_aws::{Call, Fault as Trouble, Harm, Inventory};

use super::compare::{continues, difference, inventory};
use super::fault::Fault;
use super::host::{Kept, Run};
use super::matrix::runtime;
use super::parties::topology;
use super::topologies;
use super::world::{Moment, Sources, World, config, resource};

/// A create of which one call is denied.
struct Failing {
    world: World,
    beginning: Moment,
    nothing: Inventory,
    to: Value,
    kept: Kept,
    /// What AWS holds after an undisturbed create.
    end: Inventory,
    denied: &'static str,
    /// Up to which call it is no rollback yet, and how many calls there are.
    calls: (usize, usize),
}

impl Failing {
    async fn of(name: &str, denied: &'static str) -> Self {
        let world = World::start(&Arc::new(Sources::new())).await;
        let (type_name, wanted) = if name == "zone" {
            ("multiregion_zone", json!({ "name": "rollback.example" }))
        } else {
            let zone_id = topologies::zone(&world).await;
            ("multiregion_api", (topology(name).config)(&world, &zone_id))
        };
        let kept = Kept::nothing(resource(type_name));
        let to = config(kept.resource, &wanted);
        let (beginning, nothing) = (world.moment(), inventory(&world).await);
        assert!(kept.clone().run(&world, &to).await.is_well(), "{name} can be created");
        let end = inventory(&world).await;
        let mut failing = Self { world, beginning, nothing, to, kept, end, denied, calls: (0, 0) };
        let run = failing.fail(usize::MAX, &mut failing.kept.clone()).await;
        assert!(matches!(run, Run::Errors(_)), "{name}: {denied} is needed");
        let calls = failing.world.network.take_calls();
        let first = calls.iter().position(|call| call.name() == denied && call.status >= 400);
        failing.calls = (first.expect("the call is denied") + 2, calls.len());
        failing
    }

    /// Creates with one operation denied, in a session that expires before the `n`th call.
    async fn fail(&self, n: usize, kept: &mut Kept) -> Run {
        self.world.restore(&self.beginning);
        self.world.network.take_calls();
        Fault::Expired.set(&self.world, n);
        self.world.aws.fault(Trouble::new(Harm::AccessDenied).operation(self.denied));
        let run = kept.run(&self.world, &self.to).await;
        self.world.aws.clear_faults();
        run
    }

    /// What is not as promised when the session expires before the `n`th call.
    async fn expired_at(&self, n: usize) -> Vec<String> {
        let (world, mut kept, mut problems) = (&self.world, self.kept.clone(), Vec::new());
        self.fail(n, &mut kept).await;
        if kept.value == Value::Null {
            let left = difference(&self.nothing, &inventory(world).await);
            problems.extend(left.into_iter().map(|left| format!("not in the state: {left}")));
        }
        problems.extend(continues(world, &mut kept, &self.to, &self.end, &self.nothing).await);
        problems
    }
}

async fn check(name: &str, denied: &'static str, step: usize) -> Vec<String> {
    let failing = Failing::of(name, denied).await;
    let mut problems = Vec::new();
    for n in (failing.calls.0..=failing.calls.1).step_by(step) {
        let found = failing.expired_at(n).await;
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

/// Every call from the `n`th on, whatever service it is for.
#[test]
fn an_expired_session_refuses_every_call() {
    runtime().block_on(async {
        let failing = Failing::of("one-region", "apigateway:CreateStage").await;
        let n = failing.calls.0;
        failing.fail(n, &mut failing.kept.clone()).await;
        let refused = |call: &Call| call.error.as_deref().is_some_and(|code| code.starts_with("ExpiredToken"));
        assert!(failing.world.network.take_calls().iter().skip(n - 1).all(refused));
    });
}
