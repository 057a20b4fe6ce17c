//! `cargo xtask bench`: what plans and applies cost, by number of regions, as a Markdown table.

mod handshake;
mod memory;
mod path;
mod peer;
mod run;

use std::path::PathBuf;
use std::time::Duration;

use strict_aws::tools;

use crate::provider::{self, Build};
use crate::{Outcome, ui};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    build: Build,
    /// Numbers of regions to measure
    #[arg(long, value_delimiter = ',', default_values_t = [1, 3, 10, 30])]
    regions: Vec<usize>,
    /// Time added to each AWS call for the comparison with the critical path, in milliseconds
    #[arg(long, default_value_t = 50)]
    latency: u64,
    /// A filesystem mirror with hashicorp/aws, to measure the same configuration by hand beside ours
    #[arg(long, value_name = "DIRECTORY")]
    peer: Option<PathBuf>,
}

/// Measures and prints.
pub(crate) async fn run(arguments: &Arguments) -> Outcome {
    let cli = tools::cli().await?;
    ui::headline(&format!("Measuring with {cli}"));
    let provider = provider::build(arguments.build.profile()).await?;
    let schema = ui::step("Start to schema", handshake::median(&provider), |time| ui::duration(*time)).await?;
    let latency = Duration::from_millis(arguments.latency);
    let mut rows = Vec::new();
    for &regions in &arguments.regions {
        let title = counted(regions);
        let measured =
            ui::step(&title, run::measure(&cli, &provider, regions, latency), run::Measured::summary).await?;
        rows.push(measured.row(regions));
    }
    let mut peers = Vec::new();
    if let Some(mirror) = &arguments.peer {
        for &regions in arguments.regions.iter().filter(|regions| **regions <= peer::MOST) {
            let title = format!("{} with hashicorp/aws", counted(regions));
            let measured = ui::step(&title, peer::measure(&cli, mirror, regions), run::Costs::summary).await?;
            peers.push(measured.row(regions));
        }
    }
    print_tables(schema, arguments.latency, &rows, &peers);
    Ok(())
}

fn counted(regions: usize) -> String {
    if regions == 1 { "1 region".to_owned() } else { format!("{regions} regions") }
}

fn print_tables(schema: Duration, latency: u64, rows: &[String], peers: &[String]) {
    println!("\nStart to schema: {} ms.\n", schema.as_millis());
    println!(
        "| regions | first plan | apply | plan with nothing to do | destroy | peak memory | AWS calls of the apply | \
         longest chain | apply with {latency} ms per call | ÷ critical path |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    rows.iter().for_each(|row| println!("{row}"));
    println!(
        "\nWall time of the command-line tool; memory of the provider's process. The longest chain is the greatest \
         number of calls of one region and of global services that were made one after the other; the critical path is \
         that many times {latency} ms, and what is divided by it is the time from the first call to the last answer, \
         the local AWS's own time included: with many regions it is that, one Python process, which is waited for, and \
         a greater `--latency` makes its share small."
    );
    if !peers.is_empty() {
        println!("\nThe same by hand, with hashicorp/aws and one alias and one module per region:\n");
        println!("| regions | first plan | apply | plan again | destroy | peak memory | AWS calls of the apply |");
        println!("|---|---|---|---|---|---|---|");
        peers.iter().for_each(|row| println!("{row}"));
    }
}
