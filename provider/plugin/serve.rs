//! Serving: from the handshake line to the end of the process.

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

/// How long answers under way may take once the process is to end: the host waits 2 s before it kills.
const FAREWELL: Duration = Duration::from_millis(500);

/// How long calls under way may take to end after a cancel.
const LAST_CALLS: Duration = Duration::from_secs(60);

/// How long a host that is connected may take to say that it has stored everything, after a signal that reached it too.
const LAST_WORD: Duration = Duration::from_secs(5);

/// Why the provider cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// No socket, no standard output.
    #[error("the host cannot be reached")]
    Io(#[from] io::Error),
    /// No certificate could be made.
    #[error("no TLS identity could be made")]
    Tls(#[source] BoxError),
    /// The gRPC server failed.
    #[error("the gRPC server failed")]
    Transport(#[from] tonic::transport::Error),
}

/// Serves until the host asks to end, or is gone.
///
/// # Errors
/// [`ServeError`] when it cannot begin, or cannot go on.
pub async fn serve(config: Config, parent: Parent) -> Result<(), ServeError> {
    let end = CancellationToken::new();
    let identity = match &config.mode {
        Mode::Host { certificate: Some(certificate) } => Some(tls::identity(certificate.clone())?),
        Mode::Host { certificate: None } | Mode::Debug => None,
    };
    let listener = Arc::new(Listener::bind(&config)?);
    heed_interrupts(&config.mode, &end)?;
    let provider = Arc::new(rpc::Server::new(rpc::Registries::default()));
    let ending = Ending { provider, presence: Presence::default(), end: end.clone() };
    #[cfg(unix)]
    ending.clone().heed_termination()?;
    if config.mode != Mode::Debug {
        ending.clone().follow_host(parent);
    }
    let greeting = match &config.mode {
        Mode::Host { .. } => handshake(&listener.address()?, identity.as_ref().map(|own| &own.certificate)),
        Mode::Debug => invitation(&listener.address()?),
    };
    // The socket takes connections from `bind` on: whoever reads this line may come at once.
    announce(&greeting)?;
    let result = run(Arc::clone(&listener), identity.map(|own| own.acceptor), ending).await;
    listener.remove();
    result
}

async fn run(
    listener: Arc<Listener>,
    tls: Option<tokio_rustls::TlsAcceptor>,
    Ending { provider, presence, end }: Ending,
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
        () = async { end.cancelled().await; tokio::time::sleep(FAREWELL).await } => Ok(()),
    }
}

/// What a host that started us reads: protocol, address, our certificate.
fn handshake(address: &Address, certificate: Option<&CertificateDer<'_>>) -> String {
    // A host without TLS crashes on a certificate, so the field stays empty then.
    let certificate = certificate.map(|der| STANDARD_NO_PAD.encode(der)).unwrap_or_default();
    format!("1|{PROTOCOL}|{}|{}|grpc|{certificate}", address.network, address.text)
}

/// What a person tells their host, so that it attaches itself to us.
fn invitation(address: &Address) -> String {
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
        "The provider waits. Set this in the environment of OpenTofu or Terraform; Ctrl-C ends it.\n\n\
         TF_REATTACH_PROVIDERS='{reattach}'"
    )
}

fn announce(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{text}")?;
    output.flush()
}

/// Ctrl-C reaches every process of the terminal. A host passes on what its user means by `StopProvider`, so we ignore it;
/// without a host, it means the end.
fn heed_interrupts(mode: &Mode, end: &CancellationToken) -> io::Result<()> {
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

/// What it takes to end in good order.
#[derive(Clone)]
struct Ending {
    provider: Arc<rpc::Server>,
    presence: Presence,
    end: CancellationToken,
}

impl Ending {
    /// A signal to end, sent to this process or to all of its group. Calls under way end first, as after `StopProvider`,
    /// and a host that lives hears how; it ends the provider when it has stored everything. A second signal ends at once.
    #[cfg(unix)]
    fn heed_termination(self) -> io::Result<()> {
        let mut terminations = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::spawn(async move {
            terminations.recv().await;
            tracing::info!("asked to end: calls under way end first");
            tokio::select! {
                () = self.wind_up() => {}
                _ = terminations.recv() => {}
            }
            self.end.cancel();
        });
        Ok(())
    }

    async fn wind_up(&self) {
        let clock = self.provider.clock();
        self.provider.stop();
        within(LAST_CALLS, clock.as_ref(), rpc::idle()).await;
        if self.presence.is_connected() {
            clock.sleep(LAST_WORD).await;
        }
    }

    /// Ends when the host has gone without a word; at once when its process has ended.
    fn follow_host(self, parent: Parent) {
        tokio::spawn(async move {
            let clock = self.provider.clock();
            let sign = self.presence.gone(parent, clock.as_ref()).await;
            tracing::warn!(sign, "the host is gone");
            if !parent.has_ended() {
                self.wind_up().await;
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
