//! The loopback addresses of AWS's host names: one for the APIs of each region, so that DNS decides which region serves a
//! client. Clients connect to the port of the local AWS.
//!
//! Where the system has only 127.0.0.1, as macOS has by default, all names have that address; the local AWS then chooses the
//! region by its own routing model.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::Mutex;

use crate::data_plane::Endpoint;
use crate::geography::{number_of, region_of};
use crate::proxy::{self, Proxy};

/// The addresses at which the APIs of a region listen already.
#[derive(Debug, Default)]
pub(crate) struct Addresses(Mutex<BTreeMap<&'static str, Ipv4Addr>>);

/// The address of an endpoint; `None` when it has none. The first request for the address of a region opens the port there.
pub(crate) async fn of(proxy: &Arc<Proxy>, endpoint: &Endpoint) -> Option<Ipv4Addr> {
    let region = match endpoint {
        Endpoint::Api { region: Some(region), .. } | Endpoint::Domain { region, .. } => region,
        Endpoint::Api { region: None, .. } | Endpoint::Distribution(_) => return Some(Ipv4Addr::LOCALHOST),
        Endpoint::Unresolved => return None,
    };
    let Some(number) = number_of(region) else { return Some(Ipv4Addr::LOCALHOST) };
    let region = region_of(number)?;
    let mut listening = proxy.addresses.0.lock().await;
    if let Some(address) = listening.get(region) {
        return Some(*address);
    }
    let own = Ipv4Addr::new(127, 0, 1, number);
    let address = match TcpListener::bind((own, proxy.port)).await {
        Ok(listener) => {
            tokio::spawn(proxy::serve(Arc::clone(proxy), listener, Some(region)));
            own
        }
        Err(_) => Ipv4Addr::LOCALHOST,
    };
    listening.insert(region, address);
    Some(address)
}

/// The region whose APIs have an address that the DNS server returned; `None` for another address.
pub fn region_at(address: IpAddr) -> Option<&'static str> {
    match address.to_canonical() {
        IpAddr::V4(address) if address.octets()[..3] == [127, 0, 1] => region_of(address.octets()[3]),
        _ => None,
    }
}
