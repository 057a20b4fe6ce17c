//! Waits end at the operation's deadline, and say what they waited for.

use std::sync::Arc;
use std::time::Duration;

use multiregion::aws::{CallError, CancellationToken, Clock, Region};
use serde_json::json;

use super::clock::{Ended, simulate};
use super::host::{Kept, Run};
use super::matrix::runtime;
use super::topologies;
use super::world::{Sources, World, config, resource};

/// The drain period fits into the timeout, but not after the record's change has taken its time.
#[test]
fn a_drain_period_beyond_the_timeout_fails_before_it_begins() {
    runtime().block_on(async {
        let world = World::start(&Arc::new(Sources::new())).await;
        let zone_id = topologies::zone(&world).await;
        let latency = topologies::ALL.iter().find(|topology| topology.name == "latency").expect("a topology");
        let mut api = (latency.config)(&world, &zone_id);
        api["routing"]["drain_seconds"] = json!(3590);
        api["timeouts"] = json!({ "update": "1h" });
        let mut kept = Kept::nothing(resource("multiregion_api"));
        assert!(kept.run(&world, &config(kept.resource, &api)).await.is_well());

        api["regions"].as_object_mut().expect("regions").remove("us-west-2");
        let began = world.clock.elapsed();
        let run = kept.run(&world, &config(kept.resource, &api)).await;
        let Run::Errors(errors) = run else { panic!("{run:?}") };
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
fn a_change_that_waits_for_another_ends_at_the_deadline_and_with_a_cancel() {
    runtime().block_on(async {
        let world = World::start(&Arc::new(Sources::new())).await;
        let aws = Arc::new(world.account(false).await.expect("AWS answers"));
        let clock: Arc<dyn Clock> = Arc::new(world.clock.clone());
        let cancel = CancellationToken::new();
        let party = |seconds| {
            let deadline = clock.now() + Duration::from_secs(seconds);
            let run = multiregion::aws::Run::new(deadline, cancel.clone(), Arc::clone(&clock));
            Region::new(Arc::clone(&aws), Arc::new(run), "us-east-1")
        };
        let (one, other) = (party(3600), party(60));
        let work = async {
            let held = one.exclusive("giraffe").await;
            assert!(held.is_ok());
            let error = other.exclusive("giraffe").await.expect_err("it is held");
            let why = "it waited 60 s for another change of it to end, until the operation reached its timeout";
            assert_eq!(error.to_string(), format!("changing giraffe in us-east-1 was not started: {why}"));
            let patient = party(3600);
            let (error, ()) = futures::join!(patient.exclusive("giraffe"), async { cancel.cancel() });
            assert!(matches!(error, Err(CallError::Cancelled(_))));
        };
        assert_eq!(simulate(&world.clock, &world.network, work).await, Ended::Done(()));
        assert!(world.clock.elapsed() < Duration::from_secs(120));
    });
}
