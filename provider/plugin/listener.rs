//! Accepts connections of hosts. TLS handshakes run concurrently.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::Stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;

use super::host::{self, Presence};
#[cfg(not(unix))]
pub(super) use super::tcp::Listener;
#[cfg(unix)]
pub(super) use super::unix::Listener;

/// The address of a listener, in the terms of the handshake line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Address {
    /// `unix` or `tcp`.
    pub(super) network: &'static str,
    /// A path, or host and port.
    pub(super) text: String,
}

/// One connection, with or without TLS.
pub(super) struct Connection {
    io: Pin<Box<dyn Io>>,
    _connected: host::Connected,
}

trait Io: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> Io for T {}

/// The accepted connections. A connection whose TLS handshake fails is dropped, and delays no other.
pub(super) fn connections(
    listener: Arc<Listener>,
    tls: Option<TlsAcceptor>,
    presence: Presence,
) -> impl Stream<Item = io::Result<Connection>> + Send {
    let (sender, receiver) = mpsc::channel(16);
    tokio::spawn(async move {
        loop {
            let stream = match listener.accept().await {
                Ok(stream) => stream,
                Err(error) => {
                    // For example out of file descriptors, some of which running calls may free.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let (sender, tls, presence) = (sender.clone(), tls.clone(), presence.clone());
            tokio::spawn(async move {
                match secure(stream, tls, &presence).await {
                    Ok(connection) => drop(sender.send(Ok(connection)).await),
                    Err(error) => tracing::warn!(%error, "a connection was refused"),
                }
            });
        }
    });
    ReceiverStream::new(receiver)
}

async fn secure<T>(stream: T, tls: Option<TlsAcceptor>, presence: &Presence) -> io::Result<Connection>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let io: Pin<Box<dyn Io>> = match tls {
        Some(tls) => Box::pin(tls.accept(stream).await?),
        None => Box::pin(stream),
    };
    Ok(Connection { io, _connected: presence.connected() })
}

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.io.as_mut().poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.io.as_mut().poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.as_mut().poll_shutdown(cx)
    }
}
