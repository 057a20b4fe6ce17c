//! Real `kill -9`, at chosen calls and again and again: a user who runs once more ends where nobody was killed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::stream::{StreamExt, iter};
use strict_aws::tools::{Cli, Run, clis, kill_in_group};
use strict_aws::{Call, Effect, Fault, Inventory, Options};

use super::configs::Config;
use super::stage::{APP, Stage, unwrapped};
use crate::faults::compare::{comparable, difference};

/// Who is killed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Victim {
    /// The provider alone; the CLI saves what it knows.
    Provider,
    /// The CLI with it: all that the user has started.
    Both,
}

/// Starts `command`, and kills at the call that `when` leaves of a fault that befalls every call: AWS did it, nobody heard
/// of it.
///
/// # Errors
/// How it ended, when nobody was killed.
pub(super) async fn kill(
    stage: &Stage,
    command: &str,
    victim: Victim,
    when: impl FnOnce(Fault) -> Fault,
) -> Result<(), Run> {
    let running = stage.workspace.start(&[command, "-auto-approve", "-no-color"]).expect("it starts");
    let group = running.group().id();
    // The CLI's own program file is named otherwise.
    let name = match victim {
        Victim::Provider => "terraform-provider-multiregion",
        Victim::Both => "",
    };
    let reached = Arc::new(AtomicBool::new(false));
    let tell = Arc::clone(&reached);
    let hook = move |_: &Call| {
        // Before anybody can have seen it.
        tell.store(true, Ordering::SeqCst);
        kill_in_group(group, name);
    };
    stage.aws.inject(when(Fault::new(Effect::Hook(Arc::new(hook)))));
    let run = running.wait().await.expect("it ends");
    stage.aws.clear_faults();
    if reached.load(Ordering::SeqCst) && !run.success() { Ok(()) } else { Err(run) }
}

/// Something that a user does: from one configuration to another, `None` for nothing.
#[derive(Clone)]
struct Deed {
    from: Option<Config>,
    to: Option<Config>,
    code: String,
}

/// What users do, and the calls at which the provider is killed: the last of them is the operation's `nth`.
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
    ("a region more", "apigateway:CreateApi", 1),
    ("a region less", "apigateway:DeleteDomainName", 1),
    ("destroy", "route53:ChangeResourceRecordSets", 1),
    ("destroy", "logs:DeleteLogGroup", 3),
];

fn deed(name: &str) -> Deed {
    let three = Config::latency();
    let mut two = three.clone();
    two.regions.remove("eu-central-1");
    let deed = |from: Option<&Config>, to: Option<&Config>| Deed {
        from: from.cloned(),
        to: to.cloned(),
        code: APP.to_owned(),
    };
    match name {
        "create" => deed(None, Some(&two)),
        "new code" => Deed { code: APP.replace("\"Hello\"", "\"Howdy\""), ..deed(Some(&two), Some(&two)) },
        "a region more" => deed(Some(&two), Some(&three)),
        "a region less" => deed(Some(&three), Some(&two)),
        "destroy" => deed(Some(&two), None),
        other => panic!("nobody does {other:?}"),
    }
}

impl Deed {
    /// A stage on which everything is ready for it.
    async fn ready(&self, cli: &Cli) -> Stage {
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

    /// What AWS holds after it, when nobody is killed.
    async fn undisturbed(&self, cli: &Cli) -> Inventory {
        let stage = self.ready(cli).await;
        again(&stage, self.command()).await;
        comparable(&stage.aws).await
    }
}

/// What a user does after a kill: the same once more.
async fn again(stage: &Stage, command: &str) {
    stage.age_the_heartbeats().await;
    let run = stage.workspace.run(&[command, "-auto-approve", "-no-color"]).await.expect("it runs");
    run.ok().unwrap_or_else(|failed| panic!("{}: {failed}", stage.workspace.cli().name));
}

/// What a create makes: addresses and names.
const MADE: [(&str, &str); 2] = [("multiregion_zone.this", "ipgiraffe.com"), ("multiregion_api.this", "ipgiraffe")];

/// Does what an error says that `run` ended with: imports what is finished and in no state. `false` when it says nothing of
/// that.
///
/// OpenTofu ends its providers first and writes the state then. When both are killed in between, it is lost, and nobody
/// can know that it is.
async fn import_as_told(stage: &Stage, run: &Run) -> bool {
    let told = unwrapped(&run.stderr);
    let mut was_told = false;
    for (resource, name) in MADE {
        if told.contains(&format!("import it by the name \"{name}\"")) {
            let import = stage.workspace.run(&["import", "-no-color", resource, name]).await.expect("import runs");
            import.ok().unwrap_or_else(|failed| panic!("{}: {failed}", stage.workspace.cli().name));
            was_told = true;
        }
    }
    was_told
}

/// The same once more; where that says to import something, this and then the same again.
async fn again_as_told(stage: &Stage) {
    for _ in MADE {
        stage.age_the_heartbeats().await;
        let run = stage.workspace.run(&["apply", "-auto-approve", "-no-color"]).await.expect("it runs");
        if run.success() {
            return;
        }
        assert!(import_as_told(stage, &run).await, "{}: {}", stage.workspace.cli().name, run.stderr);
    }
    again(stage, "apply").await;
}

/// The promise: nothing is left to do, AWS holds what it should, and a destroy leaves nothing.
async fn converged(stage: &Stage, end: &Inventory) {
    if !end.is_empty() {
        stage.assert_nothing_to_do().await;
    }
    let differing = difference(end, &comparable(&stage.aws).await);
    assert!(differing.is_empty(), "AWS holds something else than after an undisturbed run: {differing:#?}");
    stage.destroy().await;
}

/// Every kill with one CLI, the CLIs in turn.
#[tokio::test(flavor = "multi_thread")]
async fn a_dozen_chosen_kills() {
    let clis = clis().await.expect("a CLI is found or built");
    let mut names: Vec<&str> = KILLS.iter().map(|(name, ..)| *name).collect();
    names.dedup();
    let ends = iter(names.clone()).map(|name| {
        let cli = clis[0].clone();
        async move { deed(name).undisturbed(&cli).await }
    });
    let ends: Vec<Inventory> = ends.buffered(SIDE_BY_SIDE).collect().await;
    let kills = KILLS.iter().zip(clis.iter().cycle()).map(|(&(name, operation, nth), cli)| {
        let (cli, end) = (cli.clone(), ends[names.iter().position(|other| *other == name).unwrap()].clone());
        let what = format!("{}: {name}, killed at {operation}", cli.name);
        let case = async move {
            let deed = deed(name);
            let stage = deed.ready(&cli).await;
            let killed = kill(&stage, deed.command(), Victim::Provider, |fault| fault.operation(operation).nth(nth));
            killed.await.unwrap_or_else(|run| panic!("it was not killed: {}{}", run.stdout, run.stderr));
            again(&stage, deed.command()).await;
            converged(&stage, &end).await;
        };
        (what, case)
    });
    side_by_side(kills.collect()).await;
}

/// How many lives go on at a time.
const SIDE_BY_SIDE: usize = 3;

/// Lives all of these, and tells which do not end well.
async fn side_by_side<F: Future<Output = ()> + Send + 'static>(cases: Vec<(String, F)>) {
    let lives = iter(cases).map(|(what, case)| async move { tokio::spawn(case).await.err().map(|why| (what, why)) });
    let lives: Vec<_> = lives.buffer_unordered(SIDE_BY_SIDE).collect().await;
    let broken: Vec<String> = lives.into_iter().flatten().map(|(what, why)| format!("{what}: {why}")).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// With every CLI: a create is `disturbed` on a stage of its own and gone on with, and ends where nobody disturbs it.
async fn each_create_goes_on_after<F>(disturbed: fn(Stage) -> F)
where
    F: Future<Output = Stage> + Send + 'static,
{
    let clis = clis().await.expect("a CLI is found or built");
    let end = deed("create").undisturbed(&clis[0]).await;
    let cases = clis.iter().map(|cli| {
        let (cli, end) = (cli.clone(), end.clone());
        (cli.name.to_owned(), async move {
            let stage = disturbed(deed("create").ready(&cli).await).await;
            converged(&stage, &end).await;
        })
    });
    side_by_side(cases.collect()).await;
}

/// At the last word of a create the provider is killed with its host, which may have kept nothing of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_the_last_word() {
    each_create_goes_on_after(|stage| async move {
        // Two seals come before the last words.
        let last = |fault: Fault| fault.operation("logs:TagResource").nth(4);
        let killed = kill(&stage, "apply", Victim::Both, last).await;
        killed.unwrap_or_else(|run| panic!("it was not killed: {}{}", run.stdout, run.stderr));
        again_as_told(&stage).await;
        stage
    })
    .await;
}

/// A person who loses patience ten times: with the provider, and with everything.
#[tokio::test(flavor = "multi_thread")]
async fn ten_kills_in_a_row() {
    let clis = clis().await.expect("a CLI is found or built");
    let seed = seed();
    let undisturbed = deed("create").ready(&clis[0]).await;
    again(&undisturbed, "apply").await;
    let (calls, end) = (undisturbed.aws.calls().len(), comparable(&undisturbed.aws).await);
    let victims = [(Victim::Provider, "the provider"), (Victim::Both, "all of it")];
    let pairs = clis.iter().flat_map(|cli| victims.map(|victim| (victim, cli)));
    let cases = pairs.map(|((victim, whom), cli)| {
        let (cli, end, mut dice) = (cli.clone(), end.clone(), Dice(seed));
        let what = format!("{}: {whom} killed, MULTIREGION_SEED={seed}", cli.name);
        let case = async move {
            let stage = deed("create").ready(&cli).await;
            let (mut kills, mut attempts) = (0, 0);
            while kills < 10 {
                attempts += 1;
                assert!(attempts < 50, "it neither comes to its end nor so far that it is killed");
                stage.age_the_heartbeats().await;
                let nth = 1 + dice.roll(calls);
                match kill(&stage, "apply", victim, |fault| fault.nth(nth)).await {
                    Ok(()) => kills += 1,
                    // So much was made before that it came to its end: another life begins.
                    Err(run) if run.success() => stage.destroy().await,
                    // The kill before this one was at the last word.
                    Err(run) if victim == Victim::Both && import_as_told(&stage, &run).await => {}
                    Err(run) => panic!("it was not killed: {}{}", run.stdout, run.stderr),
                }
            }
            match victim {
                Victim::Provider => again(&stage, "apply").await,
                Victim::Both => again_as_told(&stage).await,
            }
            converged(&stage, &end).await;
        };
        (what, case)
    });
    side_by_side(cases.collect()).await;
}

/// The first Ctrl-C asks for an end, the second one does not wait for it: as a kill.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_interrupt() {
    each_create_goes_on_after(|stage| async move {
        // It would end by itself after the first one otherwise.
        stage.aws.inject(Fault::new(Effect::Hangs).operation("lambda:CreateFunction").region("us-west-2"));
        let apply = stage.workspace.start(&["apply", "-auto-approve", "-no-color"]).expect("apply starts");
        let hangs = |call: &Call| call.name() == "lambda:CreateFunction" && call.region == "us-west-2";
        while !stage.aws.calls().iter().any(hangs) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        apply.group().interrupt();
        assert!(apply.wait_for_output("Interrupt received").await, "the first one is heard");
        apply.group().interrupt();
        let run = apply.wait().await.expect("apply ends");
        let told = format!("{}{}", run.stdout, run.stderr);
        assert!(!run.success() && told.contains("Two interrupts received"), "{told}");
        stage.aws.clear_faults();
        again(&stage, "apply").await;
        stage
    })
    .await;
}

/// Another one every time; `MULTIREGION_SEED` repeats one that a failure has told.
fn seed() -> u64 {
    let told = std::env::var("MULTIREGION_SEED").ok().and_then(|seed| seed.parse().ok());
    told.unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs())
}

/// Chance, the same for the same seed: SplitMix64.
struct Dice(u64);

impl Dice {
    /// Less than `sides`.
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).unwrap()
    }
}
