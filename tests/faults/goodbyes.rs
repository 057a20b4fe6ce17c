//! What is made is its host's as soon as that has kept it, and not before: told by the claims.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, Either, FutureExt, join_all, select};
use multiregion::aws::Clock;
use multiregion::lifecycle::{Provider, State};
use multiregion::wire::{Diagnostic, Value};
use serde_json::json;
use strict_aws::{Fault, Harm};

use super::clock::{Ended, simulate};
use super::compare::inventory;
use super::matrix::runtime;
use super::world::{Sources, World, config, resource};

/// How many ends the host may not have kept yet.
const MOST: usize = 32;
/// How long after an end a host that is told of another one has kept the first.
const WRITTEN: Duration = Duration::from_secs(25);

/// How many claims say that their create is under way.
async fn creating(world: &World) -> usize {
    let objects = inventory(world).await.objects;
    let claims: Vec<String> = objects
        .iter()
        .filter(|(key, _)| key.contains("/multiregion/zone/"))
        .map(|(_, claim)| claim.to_string())
        .collect();
    let says = |phase: &str| claims.iter().filter(|claim| claim.contains(&format!("{phase:?}"))).count();
    assert_eq!(says("creating") + says("ready"), claims.len(), "{claims:#?}");
    says("creating")
}

async fn simulated<T>(world: &World, work: impl Future<Output = T>) -> T {
    match simulate(&world.clock, &world.network, work).await {
        Ended::Done(done) => done,
        Ended::Killed => unreachable!("nobody is killed"),
    }
}

/// The state of the zone of this number, made as a host has it made.
async fn make(provider: &Provider, number: usize) -> State {
    let zone = resource("multiregion_zone");
    let config = config(zone, &json!({ "name": format!("zone{number}.example") }));
    let nothing = State { value: Value::Null, private: Vec::new() };
    let (planned, told) = provider.plan(zone, nothing, config.clone()).await;
    assert!(!told.iter().any(Diagnostic::is_error), "{told:#?}");
    let (state, told) = provider.apply(zone, Value::Null, planned.state, config).await;
    assert!(!told.iter().any(Diagnostic::is_error), "{told:#?}");
    state
}

#[test]
fn what_is_made_is_signed_off_when_the_host_has_kept_it() {
    runtime().block_on(async {
        let world = World::start(&Arc::new(Sources::new())).await;
        let provider = world.connect().await.expect("it connects");
        let first = simulated(&world, make(&provider, 0)).await;
        let second = simulated(&world, make(&provider, 1)).await;
        assert_eq!(creating(&world).await, 2, "the host may die before it has written anything down");

        simulated(&world, provider.read(resource("multiregion_zone"), second)).await;
        assert_eq!(creating(&world).await, 1, "it comes with the state of the second");

        let goes_on = async |work: BoxFuture<'_, ()>| {
            simulated(&world, select(provider.pending_acks.keep_alive(&world.clock), work)).await;
        };
        goes_on(join_all((2..MOST + 4).map(|number| make(&provider, number))).map(drop).boxed()).await;
        goes_on(world.clock.sleep(2 * WRITTEN)).await;
        assert_eq!(
            creating(&world).await,
            MOST + 2,
            "all but the first ended at the same time; it may have written none"
        );
        goes_on(make(&provider, MOST + 4).map(drop).boxed()).await;
        assert_eq!(creating(&world).await, MOST + 3, "it may not have heard of this one");
        goes_on(world.clock.sleep(WRITTEN)).await;
        assert_eq!(creating(&world).await, MOST, "more are not kept alive than have to be");

        simulated(&world, provider.pending_acks.acknowledge_all()).await;
        assert_eq!(creating(&world).await, 0, "it asks the provider to end");
        let (again, told) = simulated(&world, provider.read(resource("multiregion_zone"), first.clone())).await;
        assert!(told.is_empty() && again.value == first.value, "nothing is left to do: {told:#?}");
    });
}

/// Two Ctrl-C in a row: the host ends at once, and has perhaps kept nothing.
#[test]
fn nothing_is_signed_off_when_the_host_does_not_wait_for_an_answer() {
    runtime().block_on(async {
        let world = World::start(&Arc::new(Sources::new())).await;
        let provider = world.connect().await.expect("it connects");
        simulated(&world, make(&provider, 0)).await;
        let (apply, plan) = ("route53:CreateHostedZone", "route53:ListHostedZonesByName");
        for (number, operation) in [(1, apply), (2, plan)] {
            world.aws.fault(Fault::new(Harm::Hangs).operation(operation));
            simulated(&world, async {
                let making = pin!(make(&provider, number));
                let Either::Right(((), making)) = select(making, world.clock.sleep(Duration::from_secs(20))).await
                else {
                    panic!("it is made though {operation} hangs")
                };
                provider.pending_acks.acknowledge_all().await;
                world.aws.clear_faults();
                making.await;
            })
            .await;
            assert_eq!(creating(&world).await, number + 1, "the host did not wait for {operation}");
        }
        simulated(&world, provider.pending_acks.acknowledge_all()).await;
        assert_eq!(creating(&world).await, 0, "it has waited for everything");
    });
}
