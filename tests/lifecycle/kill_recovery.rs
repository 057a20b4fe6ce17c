//! Real `kill -9`, at chosen calls and many times in a row: when the user repeats the command, the result is the one of
//! a run that was not killed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::stream::{StreamExt, iter};
use strict_aws::tools::{Cli, Run, clis, kill_in_group};
use strict_aws::{Call, Effect, Fault, Inventory, Options};

use super::configs::Config;
use super::stage::{APP, Stage, unwrapped};
use crate::faults::compare::{comparable, difference};

/// The processes that are killed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Victim {
    /// The provider alone; the command-line tool saves the state that it has.
    Provider,
    /// The provider and the command-line tool.
    Both,
}

/// Runs `command` and kills `victim` at the call that `when` selects: after AWS has done the call, before its response
/// arrives.
///
/// # Errors
/// The finished run, when nothing was killed.
pub(super) async fn kill(
    stage: &Stage,
    command: &str,
    victim: Victim,
    when: impl FnOnce(Fault) -> Fault,
) -> Result<(), Run> {
    let running = stage.workspace.start(&[command, "-auto-approve", "-no-color"]).expect("it starts");
    let group = running.group().id();
    // The name selects the process within the group; the empty name selects all.
    let name = match victim {
        Victim::Provider => "terraform-provider-multiregion",
        Victim::Both => "",
    };
    let reached = Arc::new(AtomicBool::new(false));
    let on_reached = Arc::clone(&reached);
    let hook = move |_: &Call| {
        // Set before the kill, so that it is visible when the run ends.
        on_reached.store(true, Ordering::SeqCst);
        kill_in_group(group, name);
    };
    stage.aws.inject(when(Fault::new(Effect::Hook(Arc::new(hook)))));
    let run = running.wait().await.expect("it ends");
    stage.aws.clear_faults();
    if reached.load(Ordering::SeqCst) && !run.success() { Ok(()) } else { Err(run) }
}

/// An operation from one configuration to another; `None` means that the resource does not exist.
#[derive(Clone)]
struct Operation {
    from: Option<Config>,
    to: Option<Config>,
    /// The application's code, as of the operation.
    code: String,
}

/// The operations, and the AWS call and its occurrence at which the provider is killed.
const KILLS: &[(&str, &str, usize)] = &[
    ("create", "logs:CreateLogGroup", 1),
    ("create", "iam:CreateRole", 1),
    ("create", "lambda:CreateFunction", 1),
    ("create", "acm:RequestCertificate", 2),
    ("create", "apigateway:CreateDomainName", 1),
    ("create", "route53:ChangeResourceRecordSets", 2),
    ("create", "logs:TagResource", 1),
    ("create", "logs:TagResource", 2),
    ("new code", "lambda:UpdateFunctionCode", 1),
    ("added region", "apigateway:CreateApi", 1),
    ("removed region", "apigateway:DeleteDomainName", 1),
    ("destroy", "route53:ChangeResourceRecordSets", 1),
    ("destroy", "logs:DeleteLogGroup", 3),
];

fn operation_named(name: &str) -> Operation {
    let three = Config::latency();
    let mut two = three.clone();
    two.regions.remove("eu-central-1");
    let operation = |from: Option<&Config>, to: Option<&Config>| Operation {
        from: from.cloned(),
        to: to.cloned(),
        code: APP.to_owned(),
    };
    match name {
        "create" => operation(None, Some(&two)),
        "new code" => Operation { code: APP.replace("\"Hello\"", "\"Howdy\""), ..operation(Some(&two), Some(&two)) },
        "added region" => operation(Some(&two), Some(&three)),
        "removed region" => operation(Some(&three), Some(&two)),
        "destroy" => operation(Some(&two), None),
        other => panic!("unknown operation {other:?}"),
    }
}

impl Operation {
    /// A stage with `from` applied and `to` configured.
    async fn prepare(&self, cli: &Cli) -> Stage {
        let stage = Stage::with(cli, Options::in_memory()).await;
        if let Some(from) = &self.from {
            stage.apply(&from.hcl()).await;
        }
        stage.workspace.write("src/app.py", &self.code).expect("the code is written");
        if let Some(to) = &self.to {
            stage.configure(&to.hcl()).await;
        }
        stage
    }

    fn command(&self) -> &'static str {
        if self.to.is_some() { "apply" } else { "destroy" }
    }

    /// The objects in AWS after the operation without a kill.
    async fn expected_end(&self, cli: &Cli) -> Inventory {
        let stage = self.prepare(cli).await;
        repeat(&stage, self.command()).await;
        comparable(&stage.aws).await
    }
}

/// Repeats the command, as a user does after a kill.
async fn repeat(stage: &Stage, command: &str) {
    stage.age_the_heartbeats().await;
    let run = stage.workspace.run(&[command, "-auto-approve", "-no-color"]).await.expect("it runs");
    run.ok().unwrap_or_else(|failed| panic!("{}: {failed}", stage.workspace.cli().name));
}

/// The resources of the configuration: addresses and import ids.
const RESOURCES: [(&str, &str); 2] =
    [("multiregion_zone.this", "ipgiraffe.com"), ("multiregion_api.this", "ipgiraffe")];

/// Imports the resources that the error of `run` says to import, because they are complete and in no state. Returns
/// whether there were any.
///
/// OpenTofu ends its providers before it writes the state. When both are killed in between, the state is lost, and the
/// provider cannot detect that.
async fn import_as_suggested(stage: &Stage, run: &Run) -> bool {
    let errors = unwrapped(&run.stderr);
    let mut has_imported = false;
    for (resource, name) in RESOURCES {
        if errors.contains(&format!("import it by the name \"{name}\"")) {
            let import = stage.workspace.run(&["import", "-no-color", resource, name]).await.expect("import runs");
            import.ok().unwrap_or_else(|failed| panic!("{}: {failed}", stage.workspace.cli().name));
            has_imported = true;
        }
    }
    has_imported
}

/// Repeats the apply; when it fails and says to import a resource, imports it and repeats the apply again.
async fn repeat_and_import(stage: &Stage) {
    for _ in RESOURCES {
        stage.age_the_heartbeats().await;
        let run = stage.workspace.run(&["apply", "-auto-approve", "-no-color"]).await.expect("it runs");
        if run.success() {
            return;
        }
        assert!(import_as_suggested(stage, &run).await, "{}: {}", stage.workspace.cli().name, run.stderr);
    }
    repeat(stage, "apply").await;
}

/// Checks that the plan is empty, AWS has the expected objects, and a destroy leaves nothing.
async fn assert_converged(stage: &Stage, end: &Inventory) {
    if !end.is_empty() {
        stage.assert_nothing_to_do().await;
    }
    let differing = difference(end, &comparable(&stage.aws).await);
    assert!(differing.is_empty(), "AWS differs from a run without a kill: {differing:#?}");
    stage.destroy().await;
}

/// Every entry of [`KILLS`], with the command-line tools in turn.
#[tokio::test(flavor = "multi_thread")]
async fn an_operation_killed_at_a_chosen_call_is_continued() {
    let clis = clis().await.expect("a CLI is found or built");
    let mut names: Vec<&str> = KILLS.iter().map(|(name, ..)| *name).collect();
    names.dedup();
    let ends = iter(names.clone()).map(|name| {
        let cli = clis[0].clone();
        async move { operation_named(name).expected_end(&cli).await }
    });
    let ends: Vec<Inventory> = ends.buffered(CONCURRENCY).collect().await;
    let kills = KILLS.iter().zip(clis.iter().cycle()).map(|(&(name, call, nth), cli)| {
        let (cli, end) = (cli.clone(), ends[names.iter().position(|other| *other == name).unwrap()].clone());
        let what = format!("{}: {name}, killed at {call}", cli.name);
        let case = async move {
            let operation = operation_named(name);
            let stage = operation.prepare(&cli).await;
            let killed = kill(&stage, operation.command(), Victim::Provider, |fault| fault.operation(call).nth(nth));
            killed.await.unwrap_or_else(|run| panic!("nothing was killed: {}{}", run.stdout, run.stderr));
            repeat(&stage, operation.command()).await;
            assert_converged(&stage, &end).await;
        };
        (what, case)
    });
    run_concurrently(kills.collect()).await;
}

/// The number of cases that run at a time.
const CONCURRENCY: usize = 3;

/// Runs all cases concurrently; fails with the names of those that failed.
async fn run_concurrently<F: Future<Output = ()> + Send + 'static>(cases: Vec<(String, F)>) {
    let results = iter(cases).map(|(what, case)| async move { tokio::spawn(case).await.err().map(|why| (what, why)) });
    let results: Vec<_> = results.buffer_unordered(CONCURRENCY).collect().await;
    let failed: Vec<String> = results.into_iter().flatten().map(|(what, why)| format!("{what}: {why}")).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Runs `disturb` on a configured create with every command-line tool, and compares the result with that of an
/// undisturbed create.
async fn each_create_recovers_from<F>(disturb: fn(Stage) -> F)
where
    F: Future<Output = Stage> + Send + 'static,
{
    let clis = clis().await.expect("a CLI is found or built");
    let end = operation_named("create").expected_end(&clis[0]).await;
    let cases = clis.iter().map(|cli| {
        let (cli, end) = (cli.clone(), end.clone());
        (cli.name.to_owned(), async move {
            let stage = disturb(operation_named("create").prepare(&cli).await).await;
            assert_converged(&stage, &end).await;
        })
    });
    run_concurrently(cases.collect()).await;
}

/// Provider and host are killed when the provider writes the final phase to a claim; the host may have saved no state.
#[tokio::test(flavor = "multi_thread")]
async fn a_create_killed_at_its_final_phase_is_continued() {
    each_create_recovers_from(|stage| async move {
        // Two completion markers come before the final phases.
        let last = |fault: Fault| fault.operation("logs:TagResource").nth(4);
        let killed = kill(&stage, "apply", Victim::Both, last).await;
        killed.unwrap_or_else(|run| panic!("nothing was killed: {}{}", run.stdout, run.stderr));
        repeat_and_import(&stage).await;
        stage
    })
    .await;
}

/// Ten kills at random calls: of the provider alone, and of both processes.
#[tokio::test(flavor = "multi_thread")]
async fn a_create_killed_ten_times_is_continued() {
    let clis = clis().await.expect("a CLI is found or built");
    let seed = seed();
    let undisturbed = operation_named("create").prepare(&clis[0]).await;
    repeat(&undisturbed, "apply").await;
    let (calls, end) = (undisturbed.aws.calls().len(), comparable(&undisturbed.aws).await);
    let victims = [(Victim::Provider, "the provider"), (Victim::Both, "both")];
    let pairs = clis.iter().flat_map(|cli| victims.map(|victim| (victim, cli)));
    let cases = pairs.map(|((victim, whom), cli)| {
        let (cli, end, mut random) = (cli.clone(), end.clone(), Random(seed));
        let what = format!("{}: {whom} killed, MULTIREGION_SEED={seed}", cli.name);
        let case = async move {
            let stage = operation_named("create").prepare(&cli).await;
            let (mut kills, mut attempts) = (0, 0);
            while kills < 10 {
                attempts += 1;
                assert!(attempts < 50, "the apply neither succeeds nor reaches a kill");
                stage.age_the_heartbeats().await;
                let nth = 1 + random.below(calls);
                match kill(&stage, "apply", victim, |fault| fault.nth(nth)).await {
                    Ok(()) => kills += 1,
                    // Earlier applies created so much that this one ended before the chosen call. Start again.
                    Err(run) if run.success() => stage.destroy().await,
                    // The previous kill came after the final phase was written.
                    Err(run) if victim == Victim::Both && import_as_suggested(&stage, &run).await => {}
                    Err(run) => panic!("nothing was killed: {}{}", run.stdout, run.stderr),
                }
            }
            match victim {
                Victim::Provider => repeat(&stage, "apply").await,
                Victim::Both => repeat_and_import(&stage).await,
            }
            assert_converged(&stage, &end).await;
        };
        (what, case)
    });
    run_concurrently(cases.collect()).await;
}

/// The first Ctrl-C cancels; the second one ends the processes at once, like a kill.
#[tokio::test(flavor = "multi_thread")]
async fn a_create_interrupted_twice_is_continued() {
    each_create_recovers_from(|stage| async move {
        // Without a hanging call, the first interrupt would end the run.
        stage.aws.inject(Fault::new(Effect::Hangs).operation("lambda:CreateFunction").region("us-west-2"));
        let apply = stage.workspace.start(&["apply", "-auto-approve", "-no-color"]).expect("apply starts");
        let hangs = |call: &Call| call.name() == "lambda:CreateFunction" && call.region == "us-west-2";
        while !stage.aws.calls().iter().any(hangs) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        apply.group().interrupt();
        assert!(apply.wait_for_output("Interrupt received").await, "the first interrupt is received");
        apply.group().interrupt();
        let run = apply.wait().await.expect("apply ends");
        let output = format!("{}{}", run.stdout, run.stderr);
        assert!(!run.success() && output.contains("Two interrupts received"), "{output}");
        stage.aws.clear_faults();
        repeat(&stage, "apply").await;
        stage
    })
    .await;
}

/// A new seed in every run, unless `MULTIREGION_SEED` repeats the one that a failure has printed.
fn seed() -> u64 {
    let given = std::env::var("MULTIREGION_SEED").ok().and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs())
}

/// A pseudo-random number generator (SplitMix64).
struct Random(u64);

impl Random {
    /// A number below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }
}
