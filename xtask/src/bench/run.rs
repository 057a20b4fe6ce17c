//! Measures the create, a second plan and the destroy of one API.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use strict_aws::tools::{Cli, Run, Workspace, copy_dir, source_root};
use strict_aws::{LocalAws, Options};

use super::{memory, path};
use crate::provider::NO_LIMITS;
use crate::{Outcome, ui};

/// Regions, in the order in which they are added.
pub(super) const REGIONS: [&str; 30] = [
    "us-east-1",
    "us-west-2",
    "eu-central-1",
    "us-east-2",
    "us-west-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eu-north-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ca-central-1",
    "sa-east-1",
    "af-south-1",
    "ap-east-1",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "me-south-1",
    "ca-west-1",
    "eu-central-2",
    "eu-south-1",
    "eu-south-2",
    "il-central-1",
    "me-central-1",
];

/// The costs of the four steps.
#[derive(Debug, Clone, Default)]
pub(super) struct Costs {
    plan: Duration,
    apply: Duration,
    plan_again: Duration,
    /// Whether the plan after the apply was empty.
    pub(super) settled: bool,
    destroy: Duration,
    /// The peak memory of the providers of a step, in KiB.
    peak: u64,
    /// The number of AWS calls of the apply.
    calls: usize,
}

/// The costs, and a comparison of the apply with its critical path.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    costs: Costs,
    chain: usize,
    slow_apply: Duration,
    latency: Duration,
}

impl Costs {
    /// The row of a table.
    pub(super) fn row(&self, regions: usize) -> String {
        let seconds = |time: Duration| format!("{:.1} s", time.as_secs_f64());
        let times = [self.plan, self.apply, self.plan_again, self.destroy].map(seconds).join(" | ");
        // Without /proc there is no measurement.
        let peak = if self.peak == 0 { "–".to_owned() } else { format!("{} MiB", self.peak / 1024) };
        format!("| {regions} | {times} | {peak} | {} |", self.calls)
    }

    /// The summary of a step.
    pub(super) fn summary(&self) -> String {
        format!("plan {}, apply {}", ui::duration(self.plan), ui::duration(self.apply))
    }
}

impl Measured {
    /// The row of the table.
    pub(super) fn row(&self, regions: usize) -> String {
        let critical = self.latency.as_secs_f64() * self.chain as f64;
        let ratio = self.slow_apply.as_secs_f64() / critical.max(f64::EPSILON);
        let slow = self.slow_apply.as_secs_f64();
        format!("{} {} | {slow:.1} s | {ratio:.2} |", self.costs.row(regions), self.chain)
    }

    /// The summary of a step.
    pub(super) fn summary(&self) -> String {
        self.costs.summary()
    }
}

/// Measures the example active-active in the first `regions` regions: once at the full speed of the local AWS, and once
/// with `latency` added to each call.
pub(super) async fn measure(cli: &Cli, provider: &Path, regions: usize, latency: Duration) -> Outcome<Measured> {
    let aws = LocalAws::start(Options { all_regions: true, ..Options::immediate() }).await?;
    let mut workspace = Workspace::new(cli, provider)?;
    copy_dir(&source_root().join("examples/active-active"), &workspace.dir())?;
    workspace.write("local_override.tf", NO_LIMITS)?;
    let named = REGIONS.get(..regions).ok_or_else(|| format!("At most {} regions can be measured.", REGIONS.len()))?;
    let variables = json!({
        "regions": named.iter().map(|region| (*region, json!({}))).collect::<BTreeMap<_, _>>(),
        "drain_seconds": 0,
    });
    workspace.write("bench.auto.tfvars.json", &variables.to_string())?;
    workspace.set_env(aws.env());
    workspace.init().await?.ok()?;
    let costs = costs(&workspace, &aws).await?;
    if !costs.settled {
        return Err("The plan after the apply is not empty.".into());
    }

    aws.set_latency(latency);
    workspace.plan().await?.ok()?;
    aws.clear_calls();
    workspace.apply_plan().await?.ok()?;
    let calls = aws.calls();
    aws.set_latency(Duration::ZERO);
    workspace.destroy().await?.ok()?;
    Ok(Measured { costs, chain: path::longest_chain(&calls), slow_apply: path::span(&calls), latency })
}

/// Plans, applies, plans again and destroys the configuration in `workspace`.
pub(super) async fn costs(workspace: &Workspace, aws: &LocalAws) -> Outcome<Costs> {
    let mut costs = Costs::default();
    costs.plan = step(workspace, &["plan", "-json", "-out=bench.tfplan"], &mut costs.peak).await?.elapsed;
    aws.clear_calls();
    costs.apply = step(workspace, &["apply", "-json", "bench.tfplan"], &mut costs.peak).await?.elapsed;
    costs.calls = aws.calls().len();
    let again = step(workspace, &["plan", "-json", "-detailed-exitcode"], &mut costs.peak).await?;
    (costs.plan_again, costs.settled) = (again.elapsed, again.is_empty_plan());
    costs.destroy = step(workspace, &["destroy", "-json", "-auto-approve"], &mut costs.peak).await?.elapsed;
    Ok(costs)
}

async fn step(workspace: &Workspace, args: &[&str], peak: &mut u64) -> Outcome<Run> {
    let (run, memory) = memory::watch(workspace.start(args)?).await?;
    *peak = memory.max(*peak);
    Ok(run.ok()?)
}
