//! ValidateProviderConfig, ConfigureProvider, StopProvider: the provider's own life.

use std::sync::Arc;

use super::diagnostic::to_protocol;
use super::protocol::{configure_provider, stop_provider, validate_provider_config};
use super::server::{Configured, Server};
use super::value::decode_config;
use crate::aws::{Aws, Config};
use crate::configuration::{self, Settings};
use crate::lifecycle::{self, Provider};
use crate::wire::{Diagnostic, Diagnostics, Path};

pub(super) async fn validate(
    request: validate_provider_config::Request,
) -> Result<validate_provider_config::Response, Diagnostics> {
    let config = decode_config(request.config.as_ref(), &configuration::schema())?;
    Ok(validate_provider_config::Response { diagnostics: to_protocol(&configuration::validate(&config)) })
}

pub(super) async fn configure(
    server: Arc<Server>,
    request: configure_provider::Request,
) -> Result<configure_provider::Response, Diagnostics> {
    // What an earlier run in debug mode configured must not serve this one when the rest fails.
    server.configure(Configured::Not);
    let config = decode_config(request.config.as_ref(), &configuration::schema())?;
    let configured = match configuration::read(&config)? {
        Settings::Unknown(argument) => {
            tracing::info!(%argument, "the provider's configuration is not wholly known yet");
            Configured::Later(argument)
        }
        Settings::Known(config) => {
            let aws = Arc::new(connect(&server, *config).await?);
            let mut provider = Provider::new(aws, server.clock(), server.cancellation());
            provider.pending_acks = server.pending_acks();
            Configured::Known(provider)
        }
    };
    server.configure(configured);
    Ok(configure_provider::Response::default())
}

async fn connect(server: &Server, config: Config) -> Result<Aws, Diagnostics> {
    let connecting = lifecycle::connect(config.clone(), server.clock());
    let connected = tokio::select! {
        connected = connecting => connected,
        () = server.cancellation().cancelled_owned() => return Err(vec![Diagnostic::error(
            Path::root(),
            "Cancelled",
            "The operation was cancelled before AWS answered. Nothing was touched.",
        )]),
    };
    connected.map_err(|error| vec![configuration::refusal(&error, &config)])
}

/// Cancels what runs. The host waits for it to end, and may begin more.
pub(super) fn stop(server: &Server) -> stop_provider::Response {
    tracing::info!("the host asks to stop");
    server.stop();
    stop_provider::Response::default()
}
