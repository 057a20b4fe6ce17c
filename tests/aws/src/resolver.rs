//! A stub resolver for clients of the local AWS: it asks the DNS server over UDP and TCP, and caches answers.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hickory_proto::op::{Edns, Message, Query, ResponseCode};
use hickory_proto::rr::rdata::opt::{ClientSubnet, EdnsOption};
use hickory_proto::rr::{Name, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

/// How long it waits for an answer, as stub resolvers do by default.
const WITHIN: Duration = Duration::from_secs(5);

/// A client's resolver.
#[derive(Debug)]
pub struct Resolver {
    server: SocketAddr,
    subnet: Option<ClientSubnet>,
    /// How many times faster cached answers expire.
    speed: u32,
    cache: Mutex<HashMap<String, (Instant, Option<IpAddr>)>>,
}

impl Resolver {
    /// A resolver that asks `server` for clients near no region in particular.
    pub(crate) fn new(server: SocketAddr, speed: u32) -> Self {
        Self { server, subnet: None, speed: speed.max(1), cache: Mutex::default() }
    }

    /// The same for clients in a subnet, such as `203.0.113.0/24`.
    ///
    /// # Panics
    /// When the text is no subnet.
    #[must_use]
    pub fn in_subnet(mut self, subnet: &str) -> Self {
        let parsed = ClientSubnet::from_str(subnet);
        self.subnet = Some(parsed.unwrap_or_else(|error| panic!("{subnet:?} is no subnet: {error}")));
        self
    }

    /// The IPv4 address of a name; `None` when it has none. An answer is used until its time to live has passed.
    ///
    /// # Errors
    /// When the server does not answer, or fails.
    pub async fn address(&self, name: &str) -> io::Result<Option<IpAddr>> {
        let now = Instant::now();
        let cached = |(end, address): &(Instant, Option<IpAddr>)| (*end > now).then_some(*address);
        if let Some(address) = self.cache().get(name).and_then(cached) {
            return Ok(address);
        }
        let answer = self.query(name, RecordType::A).await?;
        if !matches!(answer.metadata.response_code, ResponseCode::NoError | ResponseCode::NXDomain) {
            return Err(io::Error::other(format!("{name}: {}", answer.metadata.response_code)));
        }
        let address = answer.answers.iter().find_map(|record| record.data.ip_addr());
        let records = answer.answers.iter().chain(&answer.authorities);
        let seconds = records.map(|record| record.ttl).min().unwrap_or_default();
        let end = now + Duration::from_secs(seconds.into()) / self.speed;
        self.cache().insert(name.to_owned(), (end, address));
        Ok(address)
    }

    /// The answer of the server to one question, over TCP when that over UDP is truncated.
    ///
    /// # Errors
    /// When there is no valid answer in time.
    pub async fn query(&self, name: &str, kind: RecordType) -> io::Result<Message> {
        let name = Name::from_ascii(format!("{}.", name.trim_end_matches('.'))).map_err(io::Error::other)?;
        let mut query = Message::query();
        query.metadata.recursion_desired = true;
        query.add_query(Query::query(name, kind));
        if let Some(subnet) = self.subnet {
            let mut edns = Edns::new();
            edns.options_mut().insert(EdnsOption::Subnet(subnet));
            query.set_edns(edns);
        }
        let answer = timeout(WITHIN, self.over_udp(&query)).await??;
        let answer = if answer.metadata.truncation { timeout(WITHIN, self.over_tcp(&query)).await?? } else { answer };
        let is_answer = answer.metadata.id == query.metadata.id && answer.queries == query.queries;
        is_answer.then_some(answer).ok_or_else(|| io::Error::other("the answer belongs to another question"))
    }

    /// The answer of the server over UDP.
    ///
    /// # Errors
    /// When there is no valid answer.
    pub async fn over_udp(&self, query: &Message) -> io::Result<Message> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        socket.connect(self.server).await?;
        socket.send(&query.to_vec().map_err(io::Error::other)?).await?;
        let mut answer = vec![0; usize::from(u16::MAX)];
        let length = socket.recv(&mut answer).await?;
        Message::from_vec(&answer[..length]).map_err(io::Error::other)
    }

    /// The answer of the server over TCP.
    ///
    /// # Errors
    /// When there is no valid answer.
    pub async fn over_tcp(&self, query: &Message) -> io::Result<Message> {
        let mut stream = TcpStream::connect(self.server).await?;
        let query = query.to_vec().map_err(io::Error::other)?;
        let length = u16::try_from(query.len()).map_err(io::Error::other)?;
        stream.write_all(&[&length.to_be_bytes()[..], &query].concat()).await?;
        let mut answer = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut answer).await?;
        Message::from_vec(&answer).map_err(io::Error::other)
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Instant, Option<IpAddr>)>> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
