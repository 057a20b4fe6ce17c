//! AWS's limits are kept, not hit: many APIs in one apply, on the simulated clock, against an AWS that throttles at exactly
//! the limits that it publishes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::{Either, join_all, select};
use futures::stream::{FuturesUnordered, StreamExt};
use multiregion::aws::{CancellationToken, Clock, Regional, Run};
use multiregion::desired::Address;
use multiregion::lifecycle::{Provider, State};
use multiregion::wire::{Diagnostic, Diagnostics, Value};
use serde_json::{Map, Value as Json, json};
use strict_aws::{Call, shortest_time};

use super::clock::{Ended, simulate};
use super::matrix::runtime;
use super::topologies::{self, ZONE};
use super::world::{Sources, World, config, resource, text};

const REGIONS: [&str; 10] = [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "eu-central-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "ap-southeast-1",
    "ap-southeast-2",
];

const NOTHING: State = State { value: Value::Null, private: Vec::new() };

/// The `n`th API, in `regions` regions.
fn api(world: &World, zone_id: &str, n: usize, regions: usize) -> Value {
    let regions: Map<String, Json> =
        REGIONS.iter().take(regions).map(|region| ((*region).to_owned(), json!({}))).collect();
    let api = json!({
        "name": format!("giraffe{n}"),
        "regions": regions,
        "function": world.function(),
        "domain": { "name": format!("api{n}.{ZONE}"), "zone_id": zone_id },
        "routing": { "policy": "latency", "health_check": { "path": "/health" } },
        "timeouts": { "create": "6h" },
    });
    config(resource("multiregion_api"), &api)
}

/// How an apply of several APIs went.
struct Applied {
    /// The simulated time from the first call to the last.
    took: Duration,
    /// The calls of the process that planned.
    planning: Vec<Call>,
    /// The calls of the process that applied.
    applying: Vec<Call>,
    /// What the machine needed for it.
    real: Duration,
}

impl Applied {
    fn throttled(&self) -> Vec<String> {
        let throttled = self.planning.iter().chain(&self.applying).filter(|call| is_throttled(call));
        throttled.map(|call| format!("{} in {} at {:?}", call.name(), call.region, call.started)).collect()
    }

    /// The shortest time in which AWS takes the calls of the one process and then those of the other.
    fn least(&self) -> Duration {
        shortest_time(&self.planning).0 + shortest_time(&self.applying).0
    }

    fn print(&self, what: &str) {
        let calls = self.planning.len() + self.applying.len();
        let ((planning, first), (applying, second)) = (shortest_time(&self.planning), shortest_time(&self.applying));
        eprintln!(
            "{what}: {calls} calls in {:?} simulated and {:?} real; AWS's limits dictate {planning:?} ({first}) for the \
             plan and {applying:?} ({second}) for the apply",
            self.took, self.real,
        );
    }
}

fn is_throttled(call: &Call) -> bool {
    let codes = ["Throttling", "ThrottlingException", "TooManyRequestsException"];
    call.error.as_deref().is_some_and(|code| codes.contains(&code))
}

/// Makes the APIs as the host does: planned by one process of the provider, then applied by another, all at once.
/// `meanwhile` goes on beside it until they are made.
async fn make(world: &World, apis: &[Value], meanwhile: impl Future<Output = ()>) -> Applied {
    let (before, began) = (world.clock.elapsed(), Instant::now());
    world.network.take_calls();
    let work = Box::pin(async {
        let first = world.connect().await?;
        each(apis, |api| async { planned(&first, api).await.map(drop) }).await?;
        let planning = world.network.take_calls();
        let second = world.connect().await?;
        each(apis, |api| made(&second, api)).await?;
        Ok::<_, Diagnostics>(planning)
    });
    let both = async {
        match select(work, Box::pin(meanwhile)).await {
            Either::Left((done, _)) => done,
            Either::Right(((), work)) => work.await,
        }
    };
    let Ended::Done(done) = simulate(&world.clock, &world.network, both).await else { unreachable!("nobody kills it") };
    let planning = done.unwrap_or_else(|told| panic!("{told:#?}"));
    let (took, applying) = (world.clock.elapsed() - before, world.network.take_calls());
    Applied { took, planning, applying, real: began.elapsed() }
}

/// Does it to all of them at once; all errors of all of them.
async fn each<'a, F: Future<Output = Result<(), Diagnostics>> + 'a>(
    apis: &'a [Value],
    work: impl Fn(&'a Value) -> F,
) -> Result<(), Diagnostics> {
    let all: FuturesUnordered<F> = apis.iter().map(work).collect();
    let told: Diagnostics = all.filter_map(async |done| done.err()).concat().await;
    if told.is_empty() { Ok(()) } else { Err(told) }
}

async fn planned(provider: &Provider, api: &Value) -> Result<State, Diagnostics> {
    let (planned, told) = provider.plan(resource("multiregion_api"), NOTHING, api.clone()).await;
    without_errors(told).map(|()| planned.state)
}

async fn made(provider: &Provider, api: &Value) -> Result<(), Diagnostics> {
    let planned = planned(provider, api).await?;
    let (made, told) = provider.apply(resource("multiregion_api"), Value::Null, planned, api.clone()).await;
    without_errors(told)?;
    assert_eq!(text(&made.value, "status"), "ready");
    Ok(())
}

fn without_errors(told: Diagnostics) -> Result<(), Diagnostics> {
    let errors: Diagnostics = told.into_iter().filter(Diagnostic::is_error).collect();
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// The time that one API takes by itself: the longest chain of what it has to wait for, with no limit in its way.
async fn longest_chain(sources: &Arc<Sources>, regions: usize) -> Duration {
    let world = World::start(sources).await;
    let zone_id = topologies::zone(&world).await;
    let alone = make(&world, &[api(&world, &zone_id, 0, regions)], std::future::pending()).await;
    alone.print("one API by itself, without limits");
    alone.took
}

fn many_apis(apis: usize, regions: usize) {
    let sources = Arc::new(Sources::new());
    runtime().block_on(async {
        let chain = longest_chain(&sources, regions).await;
        let world = World::start_throttling(&sources).await;
        let zone_id = topologies::zone(&world).await;
        let apis: Vec<Value> = (0..apis).map(|n| api(&world, &zone_id, n, regions)).collect();
        let applied = make(&world, &apis, std::future::pending()).await;
        applied.print("all of them, with limits");
        if let Ok(path) = std::env::var("DUMP_CALLS") {
            let line = |c: &Call| format!("{:.3} {} {} {:?}\n", c.started.as_secs_f64(), c.name(), c.region, c.error);
            std::fs::write(path, applied.planning.iter().chain(&applied.applying).map(line).collect::<String>())
                .unwrap();
        }
        assert_eq!(applied.throttled(), Vec::<String>::new());
        let least = applied.least() + chain;
        assert!(applied.took <= least.mul_f64(1.1), "{:?} is more than a tenth above {least:?}", applied.took);
    });
}

#[test]
fn probe_small() {
    many_apis(4, 3);
}

#[test]
#[ignore]
fn probe_big() {
    many_apis(30, 10);
}
