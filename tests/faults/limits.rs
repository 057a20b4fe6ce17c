//! Rate limits: many APIs in one apply, on the simulated clock, against an AWS that throttles at exactly its published
//! limits. The provider must not be throttled.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::{Either, join_all, select};
use futures::stream::{FuturesUnordered, StreamExt};
use multiregion::aws::{CancellationToken, Clock, Region, Run};
use multiregion::lifecycle::{Provider, State};
use multiregion::wire::{Diagnostic, Diagnostics, Value};
use serde_json::{Map, Value as Json, json};
use strict_aws::{Call, shortest_time};

use super::clock::{Outcome, simulate};
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

const ABSENT: State = State { value: Value::Null, private: Vec::new() };

/// The `n`th API, in this many regions.
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

/// The result of applying several APIs.
struct Applied {
    /// The simulated time from the first call to the last.
    took: Duration,
    /// The calls of the process that planned.
    planning: Vec<Call>,
    /// The calls of the process that applied.
    applying: Vec<Call>,
    /// The real time.
    real: Duration,
}

impl Applied {
    fn throttled(&self) -> Vec<String> {
        let throttled = self.planning.iter().chain(&self.applying).filter(|call| is_throttled(call));
        throttled.map(|call| format!("{} in {} at {:?}", call.name(), call.region, call.started)).collect()
    }

    /// The shortest time in which AWS accepts the calls of the two processes, one after the other.
    fn minimum_time(&self) -> Duration {
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

/// Creates the APIs as a host does: one provider process plans, another applies, both for all APIs concurrently.
/// `meanwhile` runs beside it until they are created.
async fn create_all(world: &World, apis: &[Value], meanwhile: impl Future<Output = ()>) -> Applied {
    let (before, began) = (world.clock.elapsed(), Instant::now());
    world.network.take_calls();
    let work = Box::pin(async {
        let first = world.connect().await?;
        each(apis, |api| async { planned(&first, api).await.map(drop) }).await?;
        let planning = world.network.take_calls();
        let second = world.connect().await?;
        each(apis, |api| created(&second, api)).await?;
        Ok::<_, Diagnostics>(planning)
    });
    let both = async {
        match select(work, Box::pin(meanwhile)).await {
            Either::Left((done, _)) => done,
            Either::Right(((), work)) => work.await,
        }
    };
    let Outcome::Done(done) = simulate(&world.clock, &world.network, both).await else {
        unreachable!("nothing kills it")
    };
    let planning = done.unwrap_or_else(|diagnostics| panic!("{diagnostics:#?}"));
    let (took, applying) = (world.clock.elapsed() - before, world.network.take_calls());
    Applied { took, planning, applying, real: began.elapsed() }
}

/// Does `work` for all APIs concurrently; all errors.
async fn each<'a, F: Future<Output = Result<(), Diagnostics>> + 'a>(
    apis: &'a [Value],
    work: impl Fn(&'a Value) -> F,
) -> Result<(), Diagnostics> {
    let all: FuturesUnordered<F> = apis.iter().map(work).collect();
    let diagnostics: Diagnostics = all.filter_map(async |done| done.err()).concat().await;
    if diagnostics.is_empty() { Ok(()) } else { Err(diagnostics) }
}

async fn planned(provider: &Provider, api: &Value) -> Result<State, Diagnostics> {
    let (planned, diagnostics) = provider.plan(resource("multiregion_api"), ABSENT, api.clone()).await;
    without_errors(diagnostics).map(|()| planned.state)
}

async fn created(provider: &Provider, api: &Value) -> Result<(), Diagnostics> {
    let planned = planned(provider, api).await?;
    let (created, diagnostics) = provider.apply(resource("multiregion_api"), Value::Null, planned, api.clone()).await;
    without_errors(diagnostics)?;
    assert_eq!(text(&created.value, "status"), "ready");
    Ok(())
}

fn without_errors(diagnostics: Diagnostics) -> Result<(), Diagnostics> {
    let errors: Diagnostics = diagnostics.into_iter().filter(Diagnostic::is_error).collect();
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// The time that one API takes alone: its longest chain of waits, without limits.
async fn longest_chain(sources: &Arc<Sources>, regions: usize) -> Duration {
    let world = World::start(sources).await;
    let zone_id = topologies::zone(&world).await;
    let alone = create_all(&world, &[api(&world, &zone_id, 0, regions)], std::future::pending()).await;
    alone.print("one API alone, without limits");
    alone.took
}

/// Asserts that no call is throttled, and that the time is at most a tenth above the minimum that AWS's limits dictate:
/// the calls of the fullest bucket one after the other, plus the waits of one API before its first and after its last
/// of them. Both are lower bounds, and the second process starts after the first has ended.
pub(super) fn assert_not_throttled(apis: usize, regions: usize) {
    let sources = Arc::new(Sources::new());
    runtime().block_on(async {
        let chain = longest_chain(&sources, regions).await;
        let world = World::start_throttling(&sources).await;
        let zone_id = topologies::zone(&world).await;
        let apis: Vec<Value> = (0..apis).map(|n| api(&world, &zone_id, n, regions)).collect();
        let applied = create_all(&world, &apis, std::future::pending()).await;
        applied.print(&format!("{} APIs in {regions} regions", apis.len()));
        assert_eq!(applied.throttled(), Vec::<String>::new());
        let minimum_time = applied.minimum_time() + chain;
        eprintln!("{:.3} times {minimum_time:?}", applied.took.as_secs_f64() / minimum_time.as_secs_f64());
        assert!(
            applied.took <= minimum_time.mul_f64(1.1),
            "{:?} is more than a tenth above {minimum_time:?}",
            applied.took
        );
    });
}

/// The AWS clients of a process in `region`.
async fn process(world: &World, keep_rate_limits: bool, region: &str) -> Region {
    let aws = Arc::new(world.account(keep_rate_limits).await.expect("AWS responds"));
    let clock: Arc<dyn Clock> = Arc::new(world.clock.clone());
    let deadline = clock.now() + Duration::from_secs(24 * 60 * 60);
    let run = Arc::new(Run::new(deadline, CancellationToken::new(), clock));
    Region::new(aws, run, region)
}

/// Another process in the account, which uses half of Route 53's rate and half of API Gateway's in each region. Its
/// results are ignored.
async fn other_process(world: &World, regions: usize) {
    let aws = process(world, false, REGIONS[0]).await;
    let everywhere: Vec<Region> = REGIONS.iter().take(regions).map(|region| aws.at(region)).collect();
    for round in 0_u64.. {
        let (route53, is_minute) = (aws.route53(), round % 300 == 0);
        let in_a_region = |aws: &Region| {
            let apigateway = aws.apigatewayv2();
            async move {
                let _ = apigateway.get_api().api_id("missing").send().await;
                if is_minute {
                    let _ = apigateway.create_domain_name().domain_name("missing").send().await;
                }
            }
        };
        let calls = join_all(everywhere.iter().map(in_a_region));
        let _ = futures::future::join(route53.list_health_checks().send(), calls).await;
        world.clock.sleep(Duration::from_millis(200)).await;
    }
}

#[test]
fn creates_succeed_beside_another_process() {
    let sources = Arc::new(Sources::new());
    runtime().block_on(async {
        let world = World::start_throttling(&sources).await;
        let zone_id = topologies::zone(&world).await;
        let apis: Vec<Value> = (0..3).map(|n| api(&world, &zone_id, n, 1)).collect();
        let applied = create_all(&world, &apis, other_process(&world, 1)).await;
        applied.print("beside another process that uses half of the limits");
        let (throttled, calls) = (applied.throttled().len(), applied.planning.len() + applied.applying.len());
        eprintln!("{throttled} of {calls} calls of both were throttled");
        assert!(throttled > 0, "the processes do not compete");
        assert!(throttled * 50 < calls, "{throttled} of {calls} were throttled");
    });
}

/// A process with more calls than the limits allow, which shares them with another, is throttled at first and then
/// slows down to the remaining rate.
#[test]
fn a_bucket_slows_down_to_the_remaining_rate() {
    const CALLS: u32 = 1000;
    let sources = Arc::new(Sources::new());
    runtime().block_on(async {
        let world = World::start_throttling(&sources).await;
        let busy = Box::pin(async {
            let aws = process(&world, true, REGIONS[0]).await;
            let client = &aws.route53();
            let call = |_| aws.call("route53:ListHostedZones", move || client.list_hosted_zones().send());
            join_all((0..CALLS).map(call)).await
        });
        let both = async {
            match select(busy, Box::pin(other_process(&world, 0))).await {
                Either::Left((done, _)) => done,
                Either::Right(((), busy)) => busy.await,
            }
        };
        let Outcome::Done(done) = simulate(&world.clock, &world.network, both).await else { unreachable!() };
        assert!(done.iter().all(Result::is_ok), "all calls succeed in the end");
        let calls = world.network.take_calls();
        let ours: Vec<&Call> = calls.iter().filter(|call| call.operation == "ListHostedZones").collect();
        let throttled: Vec<&&Call> = ours.iter().filter(|call| is_throttled(call)).collect();
        let first = throttled.first().expect("both together exceed the limit").started;
        let slowed = first + Duration::from_secs(10);
        let (all, late) = (throttled.len(), throttled.iter().filter(|call| call.started > slowed).count());
        let after = ours.iter().filter(|call| call.started > slowed).count();
        let took = world.clock.elapsed();
        eprintln!("{all} of {} throttled, {late} of {after} after the bucket had slowed down; {took:?}", ours.len());
        assert!(late * 50 < after, "{late} of {after} were throttled after the bucket had slowed down");
        // Five calls a second remain; slowing down must not waste most of them.
        assert!(took < Duration::from_secs(u64::from(CALLS) / 5 * 4 / 3), "{took:?}");
    });
}
