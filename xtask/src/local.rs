//! `cargo xtask local`: a local AWS for the user's own configuration.

use strict_aws::{LocalAws, Options, subnet_near, tools};

use crate::provider::{self, Selection};
use crate::setup;
use crate::{Outcome, ui};

/// Starts it, prints the environment variables to set, and runs until Ctrl-C.
pub(crate) async fn run(selection: &Selection) -> Outcome {
    ui::headline("A local AWS");
    let options = Options { health_checkers: Some(1), ..Options::default() };
    let set_up = setup::all(selection.build(), options, std::future::ready(Ok(()))).await?;
    let folder = tempfile::Builder::new().prefix("multiregion-").tempdir()?;
    tools::write_cli_config(folder.path(), &set_up.provider)?;

    println!("\nRun in another terminal:\n");
    println!("export TF_CLI_CONFIG_FILE={}", folder.path().join(tools::CLI_CONFIG).display());
    for (name, value) in set_up.aws.env() {
        println!("export {name}={value}");
    }
    println!(
        "\nThen run tofu or terraform init, plan and apply in a directory with a configuration, for example a copy of\n\
         examples/active-active. TF_CLI_CONFIG_FILE selects the provider that was just built; leave it out to use the\n\
         one that cargo xtask install has installed.\n\n\
         The local AWS has no rate limits. To turn off those of the provider:\n\n{}\n\
         Send requests to the API of one region under the host name in the output endpoints:\n\n    \
         curl -H 'Host: ID.execute-api.REGION.amazonaws.com' {}/\n\n\
         A DNS server answers from the records of Route 53, here for a client near us-west-2. Health checks are sent at \
         their\nintervals. The APIs of each region listen at the address in the answer, on the port of the local AWS:\n\n    \
         {}\n\nPress Ctrl-C to stop the local AWS. All its objects \
         are lost then.",
        provider::NO_LIMITS,
        set_up.aws.endpoint(),
        dig(&set_up.aws)
    );
    // Ctrl-C ends every command.
    std::future::pending().await
}

/// A command that looks up the name of an API.
fn dig(aws: &LocalAws) -> String {
    let port = aws.dns_server().map(|server| server.port()).unwrap_or_default();
    let subnet = subnet_near("us-west-2").unwrap_or_default();
    format!("dig @127.0.0.1 -p {port} +subnet={subnet} api.example.com")
}
