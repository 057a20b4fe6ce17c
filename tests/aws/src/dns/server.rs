//! The DNS server: UDP and TCP on one port of 127.0.0.1.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::op::{Message, OpCode, ResponseCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::time::timeout;

use super::response::{MAX_UDP, respond};
use crate::proxy::Proxy;

/// The largest response to a client that does not announce what it accepts.
const DEFAULT_UDP: u16 = 512;
/// How long a connection may be idle.
const IDLE: Duration = Duration::from_secs(10);
/// How many ports are tried until one is free for both protocols.
const ATTEMPTS: usize = 16;

/// The sockets of the server.
#[derive(Debug)]
pub(crate) struct Sockets {
    udp: UdpSocket,
    tcp: TcpListener,
    /// The port of both.
    pub(crate) port: u16,
}

/// Opens a port that is free for both protocols.
pub(crate) async fn bind() -> io::Result<Sockets> {
    let mut attempts = 0;
    loop {
        let tcp = TcpListener::bind("127.0.0.1:0").await?;
        let port = tcp.local_addr()?.port();
        match UdpSocket::bind(("127.0.0.1", port)).await {
            Ok(udp) => return Ok(Sockets { udp, tcp, port }),
            Err(error) if attempts == ATTEMPTS => return Err(error),
            Err(_) => attempts += 1,
        }
    }
}

/// Answers queries forever.
pub(crate) async fn serve(proxy: Arc<Proxy>, sockets: Sockets) -> Infallible {
    let udp = over_udp(Arc::clone(&proxy), Arc::new(sockets.udp));
    tokio::select! {
        never = udp => never,
        never = over_tcp(proxy, sockets.tcp) => never,
    }
}

async fn over_udp(proxy: Arc<Proxy>, socket: Arc<UdpSocket>) -> Infallible {
    let mut datagram = vec![0; usize::from(u16::MAX)];
    loop {
        // An error belongs to an earlier response, whose client has gone.
        let Ok((length, client)) = socket.recv_from(&mut datagram).await else { continue };
        let (proxy, socket, query) = (Arc::clone(&proxy), Arc::clone(&socket), datagram[..length].to_vec());
        tokio::spawn(async move {
            if let Some(response) = handle(&proxy, &query, true).await {
                let _ = socket.send_to(&response, client).await;
            }
        });
    }
}

async fn over_tcp(proxy: Arc<Proxy>, listener: TcpListener) -> Infallible {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors: wait for a connection to close.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let proxy = Arc::clone(&proxy);
        tokio::spawn(async move {
            // An error means that the client has gone.
            let _ = connection(&proxy, stream).await;
        });
    }
}

/// Answers the queries of one connection, each of which follows its length.
async fn connection(proxy: &Arc<Proxy>, mut stream: TcpStream) -> io::Result<()> {
    loop {
        let Ok(length) = timeout(IDLE, stream.read_u16()).await else { return Ok(()) };
        let mut query = vec![0; usize::from(length?)];
        stream.read_exact(&mut query).await?;
        let Some(response) = handle(proxy, &query, false).await else { return Ok(()) };
        let length = u16::try_from(response.len()).map_err(io::Error::other)?;
        stream.write_all(&[&length.to_be_bytes()[..], &response].concat()).await?;
    }
}

/// The response to a query in wire format; `None` when there is none.
async fn handle(proxy: &Arc<Proxy>, query: &[u8], over_udp: bool) -> Option<Vec<u8>> {
    let Ok(request) = Message::from_vec(query) else {
        let id = u16::from_be_bytes([*query.first()?, *query.get(1)?]);
        return Message::error_msg(id, OpCode::Query, ResponseCode::FormErr).to_vec().ok();
    };
    let response = respond(proxy, &request).await?;
    let limit = match (over_udp, &request.edns) {
        (false, _) => usize::from(u16::MAX),
        (true, None) => usize::from(DEFAULT_UDP),
        (true, Some(edns)) => usize::from(edns.max_payload().clamp(DEFAULT_UDP, MAX_UDP)),
    };
    let message = response.to_vec().ok()?;
    if message.len() > limit { response.truncate().to_vec().ok() } else { Some(message) }
}
