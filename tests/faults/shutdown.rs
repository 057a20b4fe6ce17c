//! Acknowledgement: a create is acknowledged as soon as the host has persisted its state, and not before. The phases of
//! the claims show it.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, Either, FutureExt, join_all, select};
use multiregion::aws::Clock;
use multiregion::lifecycle::{Provider, State};
use multiregion::wire::{Diagnostic, Value};
use serde_json::json;
use strict_aws::{Effect, Fault};

use super::clock::{Outcome, simulate};
use super::compare::inventory;
use super::matrix::runtime;
use super::world::{Sources, World, config, resource};

/// The maximum number of creates that wait for an acknowledgement.
const MAX_PENDING: usize = 32;
/// After this time, a host that has received a later result has persisted the earlier one.
const PERSIST_TIME: Duration = Duration::from_secs(25);

/// The number of claims in the phase `creating`.
async fn claims_in_creation(world: &World) -> usize {
    let objects = inventory(world).await.objects;
    let claims: Vec<String> = objects
        .iter()
        .filter(|(key, _)| key.contains("/multiregion/zone/"))
        .map(|(_, claim)| claim.to_string())
        .collect();
    let count_phase = |phase: &str| claims.iter().filter(|claim| claim.contains(&format!("{phase:?}"))).count();
    assert_eq!(count_phase("creating") + count_phase("ready"), claims.len(), "{claims:#?}");
    count_phase("creating")
}

async fn simulated<T>(world: &World, work: impl Future<Output = T>) -> T {
    match simulate(&world.clock, &world.network, work).await {
        Outcome::Done(done) => done,
        Outcome::Killed => unreachable!("nothing kills the provider"),
    }
}

/// Creates the zone with this number as a host does.
async fn create_zone(provider: &Provider, number: usize) -> State {
    let zone = resource("multiregion_zone");
    let config = config(zone, &json!({ "name": format!("zone{number}.example") }));
    let absent = State { value: Value::Null, private: Vec::new() };
    let (planned, diagnostics) = provider.plan(zone, absent, config.clone()).await;
    assert!(!diagnostics.iter().any(Diagnostic::is_error), "{diagnostics:#?}");
    let (state, diagnostics) = provider.apply(zone, Value::Null, planned.state, config).await;
    assert!(!diagnostics.iter().any(Diagnostic::is_error), "{diagnostics:#?}");
    state
}

#[test]
fn a_create_is_acknowledged_when_the_host_has_persisted_it() {
    runtime().block_on(async {
        let world = World::start(&Arc::new(Sources::new())).await;
        let provider = world.connect().await.expect("the provider connects");
        let first = simulated(&world, create_zone(&provider, 0)).await;
        let second = simulated(&world, create_zone(&provider, 1)).await;
        assert_eq!(claims_in_creation(&world).await, 2, "the host may die before it has persisted anything");

        simulated(&world, provider.read(resource("multiregion_zone"), second)).await;
        assert_eq!(claims_in_creation(&world).await, 1, "the host sent the state of the second zone");

        let run_with_heartbeats = async |work: BoxFuture<'_, ()>| {
            simulated(&world, select(provider.pending_acks.keep_alive(&world.clock), work)).await;
        };
        run_with_heartbeats(
            join_all((2..MAX_PENDING + 4).map(|number| create_zone(&provider, number))).map(drop).boxed(),
        )
        .await;
        run_with_heartbeats(world.clock.sleep(2 * PERSIST_TIME)).await;
        assert_eq!(
            claims_in_creation(&world).await,
            MAX_PENDING + 2,
            "all but the first ended at the same time, so none may be persisted"
        );
        run_with_heartbeats(create_zone(&provider, MAX_PENDING + 4).map(drop).boxed()).await;
        assert_eq!(claims_in_creation(&world).await, MAX_PENDING + 3, "the host may not have received this result");
        run_with_heartbeats(world.clock.sleep(PERSIST_TIME)).await;
        assert_eq!(claims_in_creation(&world).await, MAX_PENDING, "creates beyond the maximum are acknowledged");

        simulated(&world, provider.pending_acks.acknowledge_all()).await;
        assert_eq!(claims_in_creation(&world).await, 0, "the host shuts the provider down");
        let (again, diagnostics) = simulated(&world, provider.read(resource("multiregion_zone"), first.clone())).await;
        assert!(diagnostics.is_empty() && again.value == first.value, "there is nothing to do: {diagnostics:#?}");
    });
}

/// Two Ctrl-C in a row: the host exits at once and may have persisted nothing.
#[test]
fn nothing_is_acknowledged_when_the_host_exits_during_a_call() {
    runtime().block_on(async {
        let world = World::start(&Arc::new(Sources::new())).await;
        let provider = world.connect().await.expect("the provider connects");
        simulated(&world, create_zone(&provider, 0)).await;
        let (apply, plan) = ("route53:CreateHostedZone", "route53:ListHostedZonesByName");
        for (number, operation) in [(1, apply), (2, plan)] {
            world.aws.inject(Fault::new(Effect::Hangs).operation(operation));
            simulated(&world, async {
                let making = pin!(create_zone(&provider, number));
                let Either::Right(((), making)) = select(making, world.clock.sleep(Duration::from_secs(20))).await
                else {
                    panic!("the create ended although {operation} hangs")
                };
                provider.pending_acks.acknowledge_all().await;
                world.aws.clear_faults();
                making.await;
            })
            .await;
            assert_eq!(claims_in_creation(&world).await, number + 1, "the host did not wait for {operation}");
        }
        simulated(&world, provider.pending_acks.acknowledge_all()).await;
        assert_eq!(claims_in_creation(&world).await, 0, "the host waited for all calls");
    });
}
