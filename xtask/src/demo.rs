//! `cargo xtask demo`: the life of an API in three regions of a local AWS, from create to destroy.
//!
//! Each step also checks its result: the demo fails when something is not as the README promises.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value as Json, json};
use strict_aws::tools::{self, Cli, Workspace, copy_dir, source_root};
use strict_aws::{Inventory, LocalAws, Options};

use crate::components::{self, Change, Components};
use crate::provider::{self, Selection};
use crate::request::{self, Answer};
use crate::setup::{self, Setup};
use crate::{Outcome, failover, ui};

/// The region that is drained.
pub(crate) const DRAINED: &str = "eu-central-1";
/// The region that stops responding.
pub(crate) const FAILING: &str = "us-west-2";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// Use Terraform even if OpenTofu is installed
    #[arg(long)]
    terraform: bool,
}

/// Runs the demo.
pub(crate) async fn run(arguments: &Arguments) -> Outcome {
    let begun = Instant::now();
    ui::headline("One HTTP API in three AWS regions");
    let set_up = arguments.set_up().await?;
    let demo = Demo::start(&set_up).await?;
    demo.ask("Send a request to each region", "Hello from us-east-1").await?;
    demo.plan_nothing().await?;
    demo.change_code().await?;
    demo.ask("Send a request to each region again", "Hello again from us-east-1").await?;
    demo.drain().await?;
    demo.fail_over().await?;
    demo.destroy().await?;
    ui::success(&format!("Everything was as promised. Time: {}.", ui::duration(begun.elapsed())));
    Ok(())
}

impl Arguments {
    /// The tool, the provider, and a local AWS with health checkers.
    pub(crate) async fn set_up(&self) -> Outcome<Setup<Cli>> {
        let cli = async { if self.terraform { terraform().await } else { tools::cli().await } };
        let options = Options { health_checkers: Some(failover::SPEED), ..Options::default() };
        setup::all(self.selection.build(), options, cli).await
    }
}

/// Terraform, if it is installed.
async fn terraform() -> io::Result<Cli> {
    let found = tools::clis().await?.into_iter().find(|cli| cli.name == "terraform");
    found.ok_or_else(|| io::Error::other("Terraform is not on PATH, and MULTIREGION_TERRAFORM is not set."))
}

/// A copy of the example, in a temporary folder.
pub(crate) struct Demo<'a> {
    aws: &'a LocalAws,
    workspace: Workspace,
}

impl<'a> Demo<'a> {
    /// A workspace with the example, which is applied.
    pub(crate) async fn start(set_up: &'a Setup<Cli>) -> Outcome<Self> {
        let demo = Self::new(&set_up.tools, &set_up.provider, &set_up.aws)?;
        ui::note(&format!("{}, and a local AWS at {}", set_up.tools, set_up.aws.endpoint()));
        ui::step(&demo.title("init"), demo.init(), |()| "examples/active-active".to_owned()).await?;
        demo.create().await?;
        Ok(demo)
    }

    fn new(cli: &Cli, provider: &Path, aws: &'a LocalAws) -> Outcome<Self> {
        let mut workspace = Workspace::new(cli, provider)?;
        copy_dir(&source_root().join("examples/active-active"), &workspace.dir())?;
        workspace.write("local_override.tf", provider::NO_LIMITS)?;
        workspace.set_env(aws.env());
        let demo = Self { aws, workspace };
        demo.set_drained(&[])?;
        Ok(demo)
    }

    /// The title of a step: the tool and its command.
    pub(crate) fn title(&self, action: &str) -> String {
        format!("{} {action}", self.workspace.cli().name)
    }

    /// Writes the variables: the regions that are drained, and a short drain period, because no other client has resolved
    /// the name.
    pub(crate) fn set_drained(&self, drained: &[&str]) -> Outcome {
        let variables = json!({ "drained": drained, "drain_seconds": 1 });
        Ok(self.workspace.write("demo.auto.tfvars.json", &variables.to_string())?)
    }

    /// Runs `init`.
    pub(crate) async fn init(&self) -> Outcome {
        self.workspace.init().await?.ok()?;
        Ok(())
    }

    /// Plans, prints the plan, and returns the change of each AWS object.
    pub(crate) async fn plan(&self) -> Outcome<BTreeMap<String, Change>> {
        let plan = async {
            let run = self.workspace.plan().await?.ok()?;
            Ok((run.changes(), components::planned(&self.workspace.show_plan().await?)))
        };
        let (_, planned) = ui::step(&self.title("plan"), plan, |(resources, planned)| {
            let (add, change, remove) = resources.unwrap_or_default();
            format!("{add} to add, {change} to change, {remove} to destroy: {}", objects(planned.len()))
        })
        .await?;
        components::by_scope(&planned).iter().for_each(|line| ui::detail(line));
        Ok(planned)
    }

    /// Applies the saved plan, and prints the number of AWS calls.
    pub(crate) async fn apply(&self) -> Outcome {
        self.aws.clear_calls();
        let apply = async {
            self.workspace.apply_plan().await?.ok()?;
            Ok(self.aws.calls().len())
        };
        ui::step(&self.title("apply"), apply, |calls| format!("{calls} AWS calls")).await?;
        Ok(())
    }

    /// The attributes of the API.
    pub(crate) async fn api(&self) -> Outcome<Json> {
        let state = self.workspace.show_json().await?;
        components::api_in(&state).cloned()
    }

    /// Creates the API.
    pub(crate) async fn create(&self) -> Outcome {
        let planned = self.plan().await?;
        promise(planned.values().all(|change| *change == Change::Add), "a first plan only adds")?;
        self.apply().await?;
        let api = self.api().await?;
        promise(api["status"] == "ready", &format!("the status is {}", api["status"]))?;
        let created: Components = components::of(&api);
        promise(created.keys().eq(planned.keys()), "the created objects are the planned ones")
    }

    /// Sends an HTTP request to each region, and expects `greeting` from us-east-1.
    async fn ask(&self, title: &str, greeting: &str) -> Outcome {
        let answers = ui::step(title, self.answers(), |answers| format!("{} regions responded", answers.len())).await?;
        for (region, answer) in &answers {
            let message = answer.body["message"].as_str().unwrap_or_default();
            let time = ui::dim(&format!("{:>8}", ui::duration(answer.elapsed)));
            ui::detail(&format!("{region:14} {} {time}   {message}", answer.status));
            promise(answer.status == 200, &format!("{region} responds with status 200, not {}", answer.status))?;
            promise(answer.body["region"] == region.as_str(), &format!("{region} reports its own name"))?;
        }
        let first = answers.get("us-east-1").map(|answer| &answer.body["message"]);
        promise(first.is_some_and(|message| message == greeting), &format!("us-east-1 responds with {greeting:?}"))
    }

    async fn answers(&self) -> Outcome<BTreeMap<String, Answer>> {
        let api = self.api().await?;
        let endpoints = api["endpoints"].as_object().ok_or("the API has no endpoints")?;
        let mut answers = BTreeMap::new();
        for (region, endpoint) in endpoints {
            let host = endpoint["execute_api_url"].as_str().and_then(request::host_of);
            let host = host.ok_or_else(|| format!("{region} has no URL"))?;
            answers.insert(region.clone(), request::get(&self.aws.endpoint(), host, "/", region).await?);
        }
        promise(answers.len() == 3, "the API has three endpoints")?;
        Ok(answers)
    }

    async fn plan_nothing(&self) -> Outcome {
        let plan = async {
            let run = self.workspace.plan().await?.ok()?;
            promise(run.is_empty_plan(), "a plan of the same configuration is empty")
        };
        ui::step(&format!("{} again", self.title("plan")), plan, |()| "no changes".to_owned()).await
    }

    async fn change_code(&self) -> Outcome {
        let path = self.workspace.dir().join("src/app.py");
        let code = std::fs::read_to_string(&path)?;
        let changed = code.replace("{GREETING} from", "{GREETING} again from");
        promise(changed != code, "src/app.py contains the greeting")?;
        std::fs::write(&path, changed)?;
        ui::note("Change in src/app.py: the greeting is \"Hello again\"");
        let planned = self.plan().await?;
        let kinds: BTreeSet<&str> = planned.keys().map(|address| components::kind(address)).collect();
        let of_code = BTreeSet::from(["alias", "function", "version"]);
        promise(!kinds.is_empty() && kinds.is_subset(&of_code), "new code changes functions only")?;
        self.apply().await
    }

    async fn drain(&self) -> Outcome {
        ui::note(&format!("Change in the configuration: drained = [{DRAINED:?}]"));
        self.set_drained(&[DRAINED])?;
        let planned = self.plan().await?;
        let records_only = planned.keys().all(|address| components::kind(address) == "record");
        promise(!planned.is_empty() && records_only, "draining a region changes records only")?;
        self.apply().await?;
        let api = self.api().await?;
        let serving: Vec<&String> = api["endpoints"].as_object().map_or_else(Vec::new, |endpoints| {
            endpoints.iter().filter(|(_, endpoint)| endpoint["serving"] == true).map(|(region, _)| region).collect()
        });
        ui::detail(&format!("{} receive traffic; {DRAINED} runs and responds at its own endpoint", join(&serving)));
        promise(serving == ["us-east-1", "us-west-2"], "the other two regions receive traffic")?;
        self.ask("Send a request to each region's endpoint", "Hello again from us-east-1").await
    }

    /// A region stops responding, and its clients are served by the other one.
    async fn fail_over(&self) -> Outcome {
        ui::note(&format!("A client near {FAILING} looks up the name of the API and sends a request every second"));
        let api = self.api().await?;
        let host = api["url"].as_str().and_then(request::host_of).ok_or("the API has no URL")?;
        let begun = Instant::now();
        let (region, time) = failover::watch(self.aws, host, FAILING).await?;
        let in_aws = ui::duration(time * failover::SPEED);
        let summary = format!("{region} responds {} later, which is {in_aws} in AWS", ui::duration(time));
        ui::done("Failover", begun.elapsed(), &summary);
        promise(region == "us-east-1", &format!("us-east-1 serves the clients of {FAILING}, not {region}"))?;
        promise(time <= failover::LIMIT, "a failover takes no longer than health checks and the TTL of the record")
    }

    /// Destroys the API; nothing may be left.
    pub(crate) async fn destroy(&self) -> Outcome {
        self.aws.clear_calls();
        let destroy = async {
            self.workspace.destroy().await?.ok()?;
            Ok(self.aws.calls().len())
        };
        ui::step(&self.title("destroy"), destroy, |calls| format!("{calls} AWS calls")).await?;
        let left = async { Ok(self.aws.inventory().await?) };
        let describe = |left: &Inventory| if left.is_empty() { "none".to_owned() } else { objects(left.keys().len()) };
        let left = ui::step("List the AWS objects that are left", left, describe).await?;
        promise(
            left.is_empty(),
            &format!("destroy deletes every object, and these are left:\n{}", left.keys().join("\n")),
        )
    }
}

/// Ends the command when a promise of the README is not kept.
pub(crate) fn promise(kept: bool, what: &str) -> Outcome {
    if kept { Ok(()) } else { Err(format!("This promise was not kept: {what}.").into()) }
}

fn objects(count: usize) -> String {
    if count == 1 { "1 AWS object".to_owned() } else { format!("{count} AWS objects") }
}

fn join(regions: &[&String]) -> String {
    regions.iter().map(|region| region.as_str()).collect::<Vec<_>>().join(" and ")
}
