//! The commands of this project: `cargo xtask demo`, `drill`, `test`, `faults`, `local`, `install`, `docs`, `bench`.
//!
//! Each command installs what it needs and shows its progress. Everything that it starts ends with it, also after
//! Ctrl-C.

#![expect(clippy::print_stdout, reason = "commands print their results")]
#![expect(clippy::indexing_slicing, reason = "a panic ends the command")]

mod bench;
mod components;
mod demo;
mod docs;
mod drill;
mod failover;
mod faults;
mod install;
mod local;
mod provider;
mod request;
mod setup;
mod test;
mod ui;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// An error with a message for the user.
type Error = Box<dyn std::error::Error + Send + Sync>;
/// The result of a command or of a part of it.
type Outcome<T = ()> = Result<T, Error>;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Commands for users and contributors of the multiregion provider")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Create an API in three regions of a local AWS, send it requests, change it, fail over, destroy it
    Demo(demo::Arguments),
    /// Send requests from three clients while a region fails and another one is drained, and draw which region responded
    Drill(drill::Arguments),
    /// Run all tests, with OpenTofu and with Terraform if both are installed
    Test(test::Arguments),
    /// Fail every AWS call of every operation in every way, and check that every run converges
    Faults(faults::Arguments),
    /// Start a local AWS for your own configuration, and print the environment variables to set
    Local(provider::Selection),
    /// Build the release provider and install it where `tofu init` and `terraform init` find it
    Install,
    /// Write the reference documentation in docs/ from the schemas
    Docs(docs::Arguments),
    /// Measure plans and applies of 1, 3, 10 and 30 regions with the release build
    Bench(bench::Arguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let command = Arguments::parse().command;
    let work = async {
        match command {
            Command::Demo(arguments) => demo::run(&arguments).await,
            Command::Drill(arguments) => drill::run(&arguments).await,
            Command::Test(arguments) => test::run(&arguments).await,
            Command::Faults(arguments) => faults::run(&arguments).await,
            Command::Local(selection) => local::run(&selection).await,
            Command::Install => install::run().await,
            Command::Docs(arguments) => docs::run(&arguments).await,
            Command::Bench(arguments) => bench::run(&arguments).await,
        }
    };
    // Processes end when the future that started them is dropped.
    let outcome = tokio::select! {
        outcome = work => outcome,
        _ = tokio::signal::ctrl_c() => {
            eprintln!("\nInterrupted. All processes that this command started have been stopped.");
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
