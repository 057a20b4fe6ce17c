//! `cargo xtask bench`: the cost of plans and applies by number of regions, as a Markdown table.

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
    /// Numbers of regions to measure
    #[arg(long, value_delimiter = ',', default_values_t = [1, 3, 10, 30])]
    regions: Vec<usize>,
    /// Milliseconds added to each AWS call for the comparison with the critical path
    #[arg(long, default_value_t = 50)]
    latency: u64,
    /// A filesystem mirror that contains hashicorp/aws, to measure the same API with it
    #[arg(long, value_name = "DIRECTORY")]
    peer: Option<PathBuf>,
}

/// Measures, and prints the tables.
pub(crate) async fn run(arguments: &Arguments) -> Outcome {
    let cli = tools::cli().await?;
    ui::headline(&format!("Measuring with {cli}"));
    provider::announce(Build::Release);
    let provider = provider::build(Build::Release).await?;
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
        "| regions | first plan | apply | empty plan | destroy | peak memory | AWS calls of the apply | \
         longest chain | apply with {latency} ms per call | ÷ critical path |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    rows.iter().for_each(|row| println!("{row}"));
    println!(
        "\nTimes are wall times of the command-line tool; memory is that of the provider's processes. The longest chain \
         is the largest number of consecutive calls to one region and to global services. The critical path is that \
         number times {latency} ms. The last column divides the time from the first call to the last response by the \
         critical path. It includes the time that the local AWS, a single Python process, takes itself, which dominates \
         with many regions; a larger `--latency` reduces its share."
    );
    if !peers.is_empty() {
        println!("\nThe same API with hashicorp/aws, with one provider alias and one module call per region:\n");
        println!("| regions | first plan | apply | plan again | destroy | peak memory | AWS calls of the apply |");
        println!("|---|---|---|---|---|---|---|");
        peers.iter().for_each(|row| println!("{row}"));
    }
}
