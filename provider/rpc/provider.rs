//! ValidateProviderConfig, ConfigureProvider, StopProvider.

use std::sync::Arc;

use super::diagnostic::to_protocol;
use super::protocol::{configure_provider, stop_provider, validate_provider_config};
use super::server::{Configuration, Server};
use super::value::decode;
use crate::aws::{Aws, Config};
use crate::configuration::{self, Settings};
use crate::lifecycle::{self, Provider};
use crate::wire::{Diagnostic, Diagnostics, Path};

pub(super) async fn validate(
    _: Arc<Server>,
    request: validate_provider_config::Request,
) -> Result<validate_provider_config::Response, Diagnostics> {
    let config = decode(request.config.as_ref(), &configuration::schema())?;
    Ok(validate_provider_config::Response { diagnostics: to_protocol(&configuration::validate(&config)) })
}

pub(super) async fn configure(
    server: Arc<Server>,
    request: configure_provider::Request,
) -> Result<configure_provider::Response, Diagnostics> {
    // If this fails, the configuration of an earlier run in debug mode must not stay in force.
    server.configure(Configuration::Missing);
    let config = decode(request.config.as_ref(), &configuration::schema())?;
    let configuration = match configuration::read(&config)? {
        Settings::Unknown(argument) => {
            tracing::info!(%argument, "an argument of the provider is not known yet");
            Configuration::Unknown(argument)
        }
        Settings::Known(config) => {
            let aws = Arc::new(connect(&server, *config).await?);
            let mut provider = Provider::new(aws, server.clock(), server.cancellation());
            provider.pending_acks = server.pending_acks();
            Configuration::Known(provider)
        }
    };
    server.configure(configuration);
    Ok(configure_provider::Response::default())
}

async fn connect(server: &Server, config: Config) -> Result<Aws, Diagnostics> {
    let connecting = lifecycle::connect(config.clone(), server.clock());
    let connected = tokio::select! {
        connected = connecting => connected,
        () = server.cancellation().cancelled_owned() => return Err(vec![Diagnostic::error(
            Path::root(),
            "Cancelled",
            "The operation was cancelled before AWS responded. Nothing was changed.",
        )]),
    };
    connected.map_err(|error| vec![configuration::refusal(&error, &config)])
}

/// Cancels all operations in progress. The host waits until they end, and may start further ones.
pub(super) async fn stop(
    server: Arc<Server>,
    _: stop_provider::Request,
) -> Result<stop_provider::Response, Diagnostics> {
    tracing::info!("the host cancels all operations");
    server.stop();
    Ok(stop_provider::Response::default())
}
