//! Reads arguments and environment, and serves the provider.

use std::io::Write;
use std::process::ExitCode;

use multiregion::aws::chain;
use multiregion::plugin::{self, Config, Invocation, Parent};

fn main() -> ExitCode {
    let parent = Parent::now();
    plugin::install_panic_hook();
    let invocation = Invocation::read(std::env::args_os().skip(1), |name| std::env::var_os(name));
    match invocation {
        Ok(Invocation::Version) => {
            let _ = writeln!(std::io::stdout(), "{} {}", plugin::NAME, plugin::VERSION);
            ExitCode::SUCCESS
        }
        Ok(Invocation::RunByHand) => failure(&plugin::introduction()),
        Ok(Invocation::Serve(config)) => {
            serve(config, parent).map_or_else(|error| failure(&chain(&*error)), |()| ExitCode::SUCCESS)
        }
        Err(error) => failure(&chain(&error)),
    }
}

fn serve(config: Config, parent: Parent) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    plugin::install_logs(config.log_level);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(plugin::serve(config, parent));
    // The host is gone, so do not wait for tasks that are still running.
    runtime.shutdown_background();
    Ok(result?)
}

fn failure(message: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{message}");
    ExitCode::FAILURE
}
