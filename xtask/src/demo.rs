//! `cargo xtask demo`: an API in three regions of an AWS on this machine, from nothing to nothing.
//!
//! What it shows it also checks: it fails when anything is not as promised.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value as Json, json};
use strict_aws::tools::{self, Cli, Workspace, copy_dir, source_root};
use strict_aws::{Inventory, LocalAws, Options};

use crate::components::{self, Change, Components};
use crate::provider::{self, Build};
use crate::request::{self, Answer};
use crate::{Outcome, ui};

/// The region that is drained.
const DRAINED: &str = "eu-central-1";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    build: Build,
    /// Use Terraform although OpenTofu is there
    #[arg(long)]
    terraform: bool,
}

/// Runs all of it.
pub(crate) async fn run(arguments: &Arguments) -> Outcome {
    let begun = std::time::Instant::now();
    let cli = if arguments.terraform { terraform().await? } else { tools::cli().await? };
    ui::headline(&format!("One HTTP API in three AWS regions, with {cli}"));
    let provider = provider::build(arguments.build.profile()).await?;
    let aws = ui::step("Start an AWS on this machine", start(), |aws| aws.endpoint()).await?;
    let demo = Demo::new(&cli, &provider, &aws)?;

    ui::step(&demo.title("init"), demo.init(), |()| "examples/active-active".to_owned()).await?;
    demo.create().await?;
    demo.ask("Ask every region", "Hello from us-east-1").await?;
    demo.plan_nothing().await?;
    demo.change_code().await?;
    demo.ask("Ask every region again", "Hello again from us-east-1").await?;
    demo.drain().await?;
    demo.destroy().await?;
    ui::success(&format!("All as promised, in {}.", ui::duration(begun.elapsed())));
    Ok(())
}

async fn start() -> Outcome<LocalAws> {
    Ok(LocalAws::start(Options::default()).await?)
}

async fn terraform() -> Outcome<Cli> {
    let found = tools::clis().await?.into_iter().find(|cli| cli.name == "terraform");
    Ok(found.ok_or("there is no Terraform on PATH, and MULTIREGION_TERRAFORM does not name one")?)
}

/// The example, in a folder of its own.
struct Demo<'a> {
    aws: &'a LocalAws,
    workspace: Workspace,
}

impl<'a> Demo<'a> {
    fn new(cli: &Cli, provider: &Path, aws: &'a LocalAws) -> Outcome<Self> {
        let mut workspace = Workspace::new(cli, provider)?;
        copy_dir(&source_root().join("examples/active-active"), &workspace.dir())?;
        workspace.write("local_override.tf", provider::NO_LIMITS)?;
        workspace.set_env(aws.env());
        let demo = Self { aws, workspace };
        demo.set_regions("serving")?;
        Ok(demo)
    }

    fn title(&self, action: &str) -> String {
        format!("{} {action}", self.workspace.cli().name)
    }

    /// Writes the variables: the three regions, the drained one with its `traffic`. Nobody but us has asked for the
    /// name, so there is no old answer to outlive.
    fn set_regions(&self, traffic: &str) -> Outcome {
        let regions = json!({
            "us-east-1": {},
            "us-west-2": {},
            DRAINED: { "traffic": traffic, "environment": { "GREETING": "Hallo" } },
        });
        let variables = json!({ "regions": regions, "drain_seconds": 1 });
        Ok(self.workspace.write("demo.auto.tfvars.json", &variables.to_string())?)
    }

    async fn init(&self) -> Outcome {
        self.workspace.init().await?.ok()?;
        Ok(())
    }

    /// Plans, shows it, and gives back what becomes of each AWS object.
    async fn plan(&self) -> Outcome<BTreeMap<String, Change>> {
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

    /// Applies what was planned, and gives back how many AWS calls it took.
    async fn apply(&self) -> Outcome {
        self.aws.clear_calls();
        let apply = async {
            self.workspace.apply_plan().await?.ok()?;
            Ok(self.aws.calls().len())
        };
        ui::step(&self.title("apply"), apply, |calls| format!("{calls} AWS calls")).await?;
        Ok(())
    }

    async fn api(&self) -> Outcome<Json> {
        let state = self.workspace.show_json().await?;
        components::api_in(&state).cloned()
    }

    async fn create(&self) -> Outcome {
        let planned = self.plan().await?;
        promise(planned.values().all(|change| *change == Change::Add), "a first plan only adds")?;
        self.apply().await?;
        let api = self.api().await?;
        promise(api["status"] == "ready", &format!("the status is {}", api["status"]))?;
        let made: Components = components::of(&api);
        promise(made.keys().eq(planned.keys()), "what was made is what was planned")
    }

    /// Asks each region over HTTP, and expects `greeting` of the first.
    async fn ask(&self, title: &str, greeting: &str) -> Outcome {
        let answers = ui::step(title, self.answers(), |answers| format!("{} regions answered", answers.len())).await?;
        for (region, answer) in &answers {
            let message = answer.body["message"].as_str().unwrap_or_default();
            let time = ui::dim(&format!("{:>8}", ui::duration(answer.elapsed)));
            ui::detail(&format!("{region:14} {} {time}   {message}", answer.status));
            promise(answer.status == 200, &format!("{region} answered with status {}", answer.status))?;
            promise(answer.body["region"] == region.as_str(), &format!("{region} says that it is another region"))?;
        }
        let first = answers.get("us-east-1").map(|answer| &answer.body["message"]);
        promise(first.is_some_and(|message| message == greeting), &format!("us-east-1 does not say {greeting:?}"))
    }

    async fn answers(&self) -> Outcome<BTreeMap<String, Answer>> {
        let api = self.api().await?;
        let endpoints = api["endpoints"].as_object().ok_or("the API has no endpoints")?;
        let mut answers = BTreeMap::new();
        for (region, endpoint) in endpoints {
            let host = endpoint["execute_api_url"].as_str().and_then(request::host_of);
            let host = host.ok_or_else(|| format!("{region} has no URL"))?;
            answers.insert(region.clone(), request::get(&self.aws.endpoint(), host, "/").await?);
        }
        promise(answers.len() == 3, "there are three regions")?;
        Ok(answers)
    }

    async fn plan_nothing(&self) -> Outcome {
        let plan = async {
            let run = self.workspace.plan().await?.ok()?;
            promise(run.is_empty_plan(), "a plan of the same configuration has nothing to do")
        };
        ui::step(&format!("{} again", self.title("plan")), plan, |()| "nothing to do".to_owned()).await
    }

    async fn change_code(&self) -> Outcome {
        let path = self.workspace.dir().join("src/app.py");
        let code = std::fs::read_to_string(&path)?;
        let changed = code.replace("{GREETING} from", "{GREETING} again from");
        promise(changed != code, "src/app.py says where it greets from")?;
        std::fs::write(&path, changed)?;
        ui::note("src/app.py: greets with \"Hello again\" from now on");
        let planned = self.plan().await?;
        let kinds: BTreeSet<&str> = planned.keys().map(|address| components::kind(address)).collect();
        let of_code = BTreeSet::from(["alias", "function", "version"]);
        promise(!kinds.is_empty() && kinds.is_subset(&of_code), "new code changes functions and nothing else")?;
        self.apply().await
    }

    async fn drain(&self) -> Outcome {
        ui::note(&format!("{DRAINED}: traffic = \"drained\""));
        self.set_regions("drained")?;
        let planned = self.plan().await?;
        let records_only = planned.keys().all(|address| components::kind(address) == "record");
        promise(!planned.is_empty() && records_only, "draining a region changes records and nothing else")?;
        self.apply().await?;
        let api = self.api().await?;
        let serving: Vec<&String> = api["endpoints"].as_object().map_or_else(Vec::new, |endpoints| {
            endpoints.iter().filter(|(_, endpoint)| endpoint["serving"] == true).map(|(region, _)| region).collect()
        });
        ui::detail(&format!("{} serve; {DRAINED} runs and can be asked at its own endpoint", join(&serving)));
        promise(serving == ["us-east-1", "us-west-2"], "the other two regions serve")?;
        self.ask("Ask every region at its own endpoint", "Hello again from us-east-1").await
    }

    async fn destroy(&self) -> Outcome {
        self.aws.clear_calls();
        let destroy = async {
            self.workspace.destroy().await?.ok()?;
            Ok(self.aws.calls().len())
        };
        ui::step(&self.title("destroy"), destroy, |calls| format!("{calls} AWS calls")).await?;
        let left = async { Ok(self.aws.inventory().await?) };
        let tell = |left: &Inventory| if left.is_empty() { "nothing".to_owned() } else { objects(left.keys().len()) };
        let left = ui::step("Ask AWS what is left", left, tell).await?;
        promise(left.is_empty(), &format!("a destroy leaves nothing, and this is left:\n{}", left.keys().join("\n")))
    }
}

/// Ends the demo when something is not as promised.
fn promise(kept: bool, what: &str) -> Outcome {
    if kept { Ok(()) } else { Err(format!("Not as promised: {what}.").into()) }
}

fn objects(count: usize) -> String {
    if count == 1 { "1 AWS object".to_owned() } else { format!("{count} AWS objects") }
}

fn join(regions: &[&String]) -> String {
    regions.iter().map(|region| region.as_str()).collect::<Vec<_>>().join(" and ")
}
