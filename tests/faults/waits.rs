//! Waits end at the operation's deadline and name what they waited for.

use std::sync::Arc;
use std::time::Duration;

use multiregion::aws::{CallError, CancellationToken, Clock, Region};
use serde_json::json;

use super::clock::{Outcome, simulate};
use super::host::{Run, StoredResource};
use super::matrix::runtime;
use super::topologies;
use super::world::{Sources, World, config, resource};

/// The drain period alone fits into the timeout, but not after the change of the record.
#[test]
fn a_drain_period_beyond_the_timeout_fails_before_it_starts() {
    runtime().block_on(async {
        let world = World::start(&Arc::new(Sources::new())).await;
        let zone_id = topologies::zone(&world).await;
        let latency = topologies::topology("latency");
        let mut api = (latency.config)(&world, &zone_id);
        api["routing"]["drain_seconds"] = json!(3590);
        api["timeouts"] = json!({ "update": "1h" });
        let mut stored = StoredResource::absent(resource("multiregion_api"));
        assert!(stored.run(&world, &config(stored.resource, &api)).await.succeeded());

        api["regions"].as_object_mut().expect("regions").remove("us-west-2");
        let began = world.clock.elapsed();
        let run = stored.run(&world, &config(stored.resource, &api)).await;
        let Run::Failed(errors) = run else { panic!("{run:?}") };
        let details: Vec<&str> = errors.iter().map(|error| error.detail.as_str()).collect();
        assert!(!details.is_empty());
        for detail in details {
            assert!(detail.contains("no time was left for the drain period before us-west-2/"), "{detail}");
            assert!(detail.contains("it takes 35"), "{detail}");
        }
        let took = world.clock.elapsed() - began;
        assert!(took < Duration::from_secs(600), "{took:?}");
    });
}

#[test]
fn a_change_stops_waiting_for_another_at_the_deadline_and_on_cancel() {
    runtime().block_on(async {
        let world = World::start(&Arc::new(Sources::new())).await;
        let aws = Arc::new(world.account(false).await.expect("AWS responds"));
        let clock: Arc<dyn Clock> = Arc::new(world.clock.clone());
        let cancel = CancellationToken::new();
        let caller = |seconds| {
            let deadline = clock.now() + Duration::from_secs(seconds);
            let run = multiregion::aws::Run::new(deadline, cancel.clone(), Arc::clone(&clock));
            Region::new(Arc::clone(&aws), Arc::new(run), "us-east-1")
        };
        let (one, other) = (caller(3600), caller(60));
        let work = async {
            let held = one.exclusive("giraffe").await;
            assert!(held.is_ok());
            let error = other.exclusive("giraffe").await.expect_err("it is held");
            let why = "it waited 60 s for another change of it to end, until the operation reached its timeout";
            assert_eq!(error.to_string(), format!("changing giraffe in us-east-1 was not started: {why}"));
            let patient = caller(3600);
            let (error, ()) = futures::join!(patient.exclusive("giraffe"), async { cancel.cancel() });
            assert!(matches!(error, Err(CallError::Cancelled(_))));
        };
        assert_eq!(simulate(&world.clock, &world.network, work).await, Outcome::Done(()));
        assert!(world.clock.elapsed() < Duration::from_secs(120));
    });
}
