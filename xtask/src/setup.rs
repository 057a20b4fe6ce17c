//! What every command needs first: the provider, a local AWS, and the command-line tools.

use std::io;
use std::path::PathBuf;
use std::time::Instant;

use strict_aws::{LocalAws, Options};

use crate::provider::{self, Build};
use crate::{Outcome, ui};

/// What [`all`] sets up.
pub(crate) struct Setup<T> {
    /// The result of the search for command-line tools.
    pub(crate) tools: T,
    /// The provider's executable.
    pub(crate) provider: PathBuf,
    /// A running local AWS.
    pub(crate) aws: LocalAws,
}

/// Builds the provider, starts a local AWS and awaits `tools`, all at the same time: the first time, ministack is
/// downloaded and OpenTofu may be built while the provider compiles.
pub(crate) async fn all<T>(
    build: Build,
    options: Options,
    tools: impl Future<Output = io::Result<T>>,
) -> Outcome<Setup<T>> {
    let begun = Instant::now();
    provider::announce(build);
    let tools = async { Ok(tools.await?) };
    let (tools, provider, aws) = tokio::try_join!(tools, provider::build(build), start(options))?;
    ui::note(&format!("Everything is set up, after {}.", ui::duration(begun.elapsed())));
    Ok(Setup { tools, provider, aws })
}

/// Starts a local AWS, installing ministack the first time.
pub(crate) async fn aws() -> Outcome<LocalAws> {
    start(Options::default()).await
}

async fn start(options: Options) -> Outcome<LocalAws> {
    Ok(LocalAws::start(options).await?)
}
