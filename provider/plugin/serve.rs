//! Serves the provider from the handshake line to the end of the process.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;

use super::SOURCE;
use super::controller::{Controller, GrpcControllerServer, GrpcStdioServer, Stdio};
use super::environment::{Config, Mode};
use super::host::{Parent, Presence, within};
use super::listener::{Address, Listener, connections};
use super::tls;
use crate::aws::BoxError;
use crate::rpc;

/// The protocol's major version.
const PROTOCOL: u32 = 6;

/// How long responses in progress may take once the process ends. The host kills the process after 2 s.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(500);

/// How long calls in progress may take to end after they are cancelled.
const CANCEL_GRACE: Duration = Duration::from_secs(60);

/// How long a connected host may take to store the results and request the shutdown, after a signal that reached it too.
const HOST_GRACE: Duration = Duration::from_secs(5);

/// Why the provider cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The socket could not be created, or standard output could not be written.
    #[error("the connection to the host could not be set up")]
    Io(#[from] io::Error),
    /// The certificate could not be created.
    #[error("the TLS certificate could not be created")]
    Tls(#[source] BoxError),
    /// The gRPC server failed.
    #[error("the gRPC server failed")]
    Transport(#[from] tonic::transport::Error),
}

/// Serves until the host requests the shutdown or is gone.
///
/// # Errors
/// [`ServeError`] when the server cannot start or fails.
pub async fn serve(config: Config, parent: Parent) -> Result<(), ServeError> {
    let end = CancellationToken::new();
    let identity = match &config.mode {
        Mode::Host { certificate: Some(certificate) } => Some(tls::identity(certificate.clone())?),
        Mode::Host { certificate: None } | Mode::Debug => None,
    };
    let listener = Arc::new(Listener::bind(&config)?);
    handle_interrupts(&config.mode, &end)?;
    let provider = Arc::new(rpc::Server::new(rpc::Registries::default()));
    let shutdown = Shutdown { provider, presence: Presence::default(), end: end.clone() };
    #[cfg(unix)]
    shutdown.clone().handle_termination()?;
    if config.mode != Mode::Debug {
        shutdown.clone().follow_host(parent);
    }
    let line = match &config.mode {
        Mode::Host { .. } => handshake(&listener.address()?, identity.as_ref().map(|own| &own.certificate)),
        Mode::Debug => reattach_hint(&listener.address()?),
    };
    // The socket has accepted connections since `bind`, so a host may connect as soon as it reads this line.
    print_line(&line)?;
    let result = run(Arc::clone(&listener), identity.map(|own| own.acceptor), shutdown).await;
    listener.remove();
    result
}

async fn run(
    listener: Arc<Listener>,
    tls: Option<tokio_rustls::TlsAcceptor>,
    Shutdown { provider, presence, end }: Shutdown,
) -> Result<(), ServeError> {
    let (pending_acks, clock) = (provider.pending_acks(), provider.clock());
    let controller = Controller { pending_acks: pending_acks.clone(), end: end.clone() };
    let stdio = Stdio { presence: presence.clone(), end: end.clone() };
    // Restarts itself after a panic, so nothing awaits this task.
    tokio::spawn(async move { pending_acks.keep_alive(clock.as_ref()).await });
    let serving = Server::builder()
        .add_service(rpc::service(provider))
        .add_service(GrpcControllerServer::new(controller))
        .add_service(GrpcStdioServer::new(stdio))
        .serve_with_incoming_shutdown(connections(listener, tls, presence), end.clone().cancelled_owned());
    tokio::select! {
        result = serving => Ok(result?),
        () = async { end.cancelled().await; tokio::time::sleep(SHUTDOWN_GRACE).await } => Ok(()),
    }
}

/// The handshake line for the host that started the program: protocol, address, certificate.
fn handshake(address: &Address, certificate: Option<&CertificateDer<'_>>) -> String {
    // A host without TLS crashes on a certificate, so the field is empty in that case.
    let certificate = certificate.map(|der| STANDARD_NO_PAD.encode(der)).unwrap_or_default();
    format!("1|{PROTOCOL}|{}|{}|grpc|{certificate}", address.network, address.text)
}

/// The text of debug mode: how to attach a host to this process.
fn reattach_hint(address: &Address) -> String {
    let reattach = serde_json::json!({
        SOURCE: {
            "Protocol": "grpc",
            "ProtocolVersion": PROTOCOL,
            "Pid": std::process::id(),
            "Test": true,
            "Addr": { "Network": address.network, "String": address.text },
        }
    });
    format!(
        "The provider is running. Set this variable for OpenTofu or Terraform. To stop the provider, press Ctrl-C.\n\n\
         TF_REATTACH_PROVIDERS='{reattach}'"
    )
}

fn print_line(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{text}")?;
    output.flush()
}

/// Handles Ctrl-C, which reaches every process of the terminal. A host sends `StopProvider` instead, so the provider ignores
/// the signal. In debug mode, Ctrl-C ends the process.
fn handle_interrupts(mode: &Mode, end: &CancellationToken) -> io::Result<()> {
    #[cfg(unix)]
    let mut interrupts = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?;
    #[cfg(windows)]
    let mut interrupts = tokio::signal::windows::ctrl_c()?;
    let (debug, end) = (*mode == Mode::Debug, end.clone());
    tokio::spawn(async move {
        while interrupts.recv().await.is_some() {
            if debug {
                end.cancel();
            }
        }
    });
    Ok(())
}

/// Ends the process in good order.
#[derive(Clone)]
struct Shutdown {
    provider: Arc<rpc::Server>,
    presence: Presence,
    end: CancellationToken,
}

impl Shutdown {
    /// Handles SIGTERM, sent to this process or to its whole group. Calls in progress are cancelled and end first, as after
    /// `StopProvider`. A living host receives their results, stores them, and requests the shutdown. A second signal ends
    /// the process at once.
    #[cfg(unix)]
    fn handle_termination(self) -> io::Result<()> {
        let mut terminations = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::spawn(async move {
            terminations.recv().await;
            tracing::info!("received SIGTERM: cancelling the calls in progress");
            tokio::select! {
                () = self.end_calls() => {}
                _ = terminations.recv() => {}
            }
            self.end.cancel();
        });
        Ok(())
    }

    /// Cancels the calls in progress, waits for their end, and gives a connected host time to store the results.
    async fn end_calls(&self) {
        let clock = self.provider.clock();
        self.provider.stop();
        within(CANCEL_GRACE, clock.as_ref(), rpc::idle()).await;
        if self.presence.is_connected() {
            clock.sleep(HOST_GRACE).await;
        }
    }

    /// Ends the process when the host is gone without a shutdown request: at once if the process of the host has ended.
    fn follow_host(self, parent: Parent) {
        tokio::spawn(async move {
            let clock = self.provider.clock();
            let reason = self.presence.gone(parent, clock.as_ref()).await;
            tracing::warn!(reason, "the host is gone");
            if !parent.has_ended() {
                self.end_calls().await;
            }
            self.end.cancel();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> Address {
        Address { network: "unix", text: "/run/plugin1".to_owned() }
    }

    #[test]
    fn a_certificate_is_sent_without_padding() {
        let line = handshake(&address(), Some(&CertificateDer::from(vec![1, 2, 3, 4])));
        assert_eq!(line, "1|6|unix|/run/plugin1|grpc|AQIDBA");
    }

    #[test]
    fn without_tls_the_last_field_is_empty() {
        assert_eq!(handshake(&address(), None), "1|6|unix|/run/plugin1|grpc|");
    }
}
