//! What people do with this project besides building it: `cargo xtask demo`, `test`, `faults`, `local`, `bench`.
//!
//! Each command sets itself up from nothing, shows how far it is, and leaves nothing running behind: all that it starts
//! ends with it, also by Ctrl-C.

#![expect(clippy::print_stdout, reason = "commands print their results")]
#![expect(clippy::indexing_slicing, reason = "a panic ends the command")]

mod bench;
mod components;
mod demo;
mod faults;
mod local;
mod provider;
mod request;
mod test;
mod ui;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What went wrong, in words for a person.
type Error = Box<dyn std::error::Error + Send + Sync>;
/// The result of everything here.
type Outcome<T = ()> = Result<T, Error>;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "What people do with this project besides building it")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make an API in three regions of an AWS on this machine, ask it, change it, take it away
    Demo(demo::Arguments),
    /// Run all tests, with OpenTofu and with Terraform where both are there
    Test(test::Arguments),
    /// Fail every AWS call of every operation in every way, and see whether all ends well
    Faults(faults::Arguments),
    /// Start an AWS on this machine, print what to export, and stay
    Local(provider::Build),
    /// Measure plans and applies of 1, 3, 10 and 30 regions
    Bench(bench::Arguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let command = Arguments::parse().command;
    let work = async {
        match command {
            Command::Demo(arguments) => demo::run(&arguments).await,
            Command::Test(arguments) => test::run(&arguments).await,
            Command::Faults(arguments) => faults::run(&arguments).await,
            Command::Local(build) => local::run(&build).await,
            Command::Bench(arguments) => bench::run(&arguments).await,
        }
    };
    // Whatever was started belongs to the work, and ends when that is dropped.
    let outcome = tokio::select! {
        outcome = work => outcome,
        _ = tokio::signal::ctrl_c() => {
            eprintln!("\nInterrupted: everything that was started is stopped.");
            return ExitCode::from(130);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            ui::failure(error.as_ref());
            ExitCode::FAILURE
        }
    }
}
