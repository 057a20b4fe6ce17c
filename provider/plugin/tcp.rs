//! The loopback port that the host connects to on systems without Unix sockets.

use std::io;
use std::net::Ipv4Addr;

use tokio::net::{TcpListener, TcpStream};

use super::environment::Config;
use super::listener::Address;

/// A listener on a loopback port.
pub(super) struct Listener(TcpListener);

impl Listener {
    /// Listens on the first free port of the host's range.
    pub(super) fn bind(config: &Config) -> io::Result<Self> {
        let listener = config
            .ports
            .clone()
            .find_map(|port| std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok())
            .ok_or_else(|| io::Error::other("all ports from PLUGIN_MIN_PORT to PLUGIN_MAX_PORT are in use"))?;
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener).map(Self)
    }

    /// The address for the handshake line.
    pub(super) fn address(&self) -> io::Result<Address> {
        Ok(Address { network: "tcp", text: self.0.local_addr()?.to_string() })
    }

    /// Accepts the next connection.
    pub(super) async fn accept(&self) -> io::Result<TcpStream> {
        self.0.accept().await.map(|(stream, _)| stream)
    }

    /// A port leaves nothing behind.
    pub(super) fn remove(&self) {}
}

#[cfg(test)]
mod tests {
    use super::super::environment::Mode;
    use super::super::log::Level;
    use super::*;

    fn bind(ports: std::ops::RangeInclusive<u16>) -> io::Result<Listener> {
        let mode = Mode::Debug;
        Listener::bind(&Config { mode, socket_directory: None, socket_group: None, ports, log_level: Level::Off })
    }

    #[tokio::test]
    async fn a_port_in_use_is_skipped() {
        let first = bind(20_000..=25_000).unwrap();
        let address = first.address().unwrap();
        let port: u16 = address.text.strip_prefix("127.0.0.1:").unwrap().parse().unwrap();
        assert_eq!(address.network, "tcp");
        assert!(bind(port..=port).is_err());
        assert_ne!(bind(port..=25_000).unwrap().address().unwrap(), address);
        let (_client, accepted) = tokio::join!(TcpStream::connect(&address.text), first.accept());
        assert!(accepted.is_ok());
        first.remove();
    }
}
