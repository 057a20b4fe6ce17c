//! `cargo xtask local`: an AWS on this machine for a configuration of one's own.

use strict_aws::tools;
use strict_aws::{LocalAws, Options};

use crate::provider::{self, Build};
use crate::{Outcome, ui};

/// Starts it, prints what to export, and stays until Ctrl-C.
pub(crate) async fn run(arguments: &Build) -> Outcome {
    let provider = provider::build(arguments.profile()).await?;
    let aws = ui::step("Start an AWS on this machine", start(), |aws| aws.endpoint()).await?;
    let folder = tempfile::Builder::new().prefix("multiregion-").tempdir()?;
    tools::write_cli_config(folder.path(), &provider)?;

    println!("\nIn another terminal:\n");
    println!("export TF_CLI_CONFIG_FILE={}", folder.path().join(tools::CLI_CONFIG).display());
    for (name, value) in aws.env() {
        println!("export {name}={value}");
    }
    println!(
        "\nThen tofu or terraform, init and apply, in a folder with a configuration: examples/active-active is one.\n\
         AWS's limits on calls need not be kept here:\n\n{}\n\
         Ask an API by its name, as the output endpoints tells it:\n\n    \
         curl -H 'Host: ID.execute-api.REGION.amazonaws.com' {}/\n\nCtrl-C stops it and forgets everything in it.",
        provider::NO_LIMITS,
        aws.endpoint()
    );
    // Ctrl-C ends all commands alike.
    std::future::pending().await
}

async fn start() -> Outcome<LocalAws> {
    Ok(LocalAws::start(Options::default()).await?)
}
