//! The response to a DNS query, as Route 53's name servers give it.
//!
//! They are authoritative for the hosted zones of all accounts. The names that AWS assigns to APIs and distributions have the
//! addresses of [`crate::addresses`].
//!
//! Sources: RFC 1034, RFC 2308 (negative answers), RFC 6891 (EDNS), RFC 7871 (client subnet), RFC 9460 (HTTPS records); Route 53 Developer Guide,
//! "Choosing between alias and non-alias records", "How Amazon Route 53 uses EDNS0 to estimate the location of a user".

use std::net::IpAddr;
use std::sync::Arc;

use hickory_proto::op::{Edns, Message, MessageType, Metadata, OpCode, ResponseCode};
use hickory_proto::rr::rdata::opt::{ClientSubnet, EdnsCode, EdnsOption};
use hickory_proto::rr::rdata::svcb::{Alpn, SvcParamKey, SvcParamValue};
use hickory_proto::rr::rdata::{HTTPS, SVCB};
use hickory_proto::rr::{DNSClass, Name, RData, Record as Rr, RecordType};

use super::HostedZone;
use crate::addresses;
use crate::data_plane::{Endpoint, accounts, aws_host};
use crate::edge;
use crate::error::Error;
use crate::geography::region_of;
use crate::model::{Choice, Client};
use crate::proxy::Proxy;
use crate::records::{Policy, Record, Target, absolute};

/// The largest response over UDP. Longer ones are truncated, so that the client asks again over TCP.
pub(super) const MAX_UDP: u16 = 1_232;
/// The time to live of an alias for a name of AWS, in seconds.
const ALIAS_TTL: u32 = 60;
/// Longer chains of names are loops.
const MAX_CHAIN: usize = 8;

/// The response to a request; `None` for a message that needs none.
pub(super) async fn respond(proxy: &Arc<Proxy>, request: &Message) -> Option<Message> {
    if request.metadata.message_type == MessageType::Response {
        return None;
    }
    let mut response = Message::response(request.metadata.id, request.metadata.op_code);
    response.metadata = Metadata::response_from_request(&request.metadata);
    response.add_queries(request.queries.iter().cloned());
    let subnet = request.edns.as_ref().and_then(client_subnet);
    if let Some(edns) = &request.edns {
        let mut own = Edns::new();
        own.set_max_payload(MAX_UDP);
        response.set_edns(own);
        if edns.version() > 0 {
            response.metadata.response_code = ResponseCode::BADVERS;
            return Some(response);
        }
    }
    let query = match (request.metadata.op_code, request.queries.as_slice()) {
        (OpCode::Query, [query]) => query,
        (OpCode::Query, _) => {
            response.metadata.response_code = ResponseCode::FormErr;
            return Some(response);
        }
        _ => {
            response.metadata.response_code = ResponseCode::NotImp;
            return Some(response);
        }
    };
    let is_refused = matches!(query.query_type(), RecordType::AXFR | RecordType::IXFR | RecordType::ANY);
    if is_refused || query.query_class() != DNSClass::IN {
        response.metadata.response_code = ResponseCode::Refused;
        return Some(response);
    }
    let client = client(subnet.as_ref());
    let found = match answer(proxy, query.name(), query.query_type(), &client).await {
        Ok(found) => found,
        Err(_) => Answer { code: ResponseCode::ServFail, ..Answer::default() },
    };
    response.metadata.response_code = found.code;
    response.metadata.authoritative = found.is_authoritative;
    response.add_answers(found.answers);
    response.add_authorities(found.authorities);
    if let (Some(edns), Some(mut subnet)) = (&mut response.edns, subnet) {
        subnet.set_scope_prefix(if found.depends_on_client { subnet.source_prefix() } else { 0 });
        edns.options_mut().insert(EdnsOption::Subnet(subnet));
    }
    Some(response)
}

fn client_subnet(edns: &Edns) -> Option<ClientSubnet> {
    match edns.option(EdnsCode::Subnet)? {
        EdnsOption::Subnet(subnet) => Some(*subnet),
        _ => None,
    }
}

/// The client in a subnet. Clients in 198.18.N.0/24, which RFC 2544 reserves for tests, are near the region with number N; all
/// others are near us-east-1.
fn client(subnet: Option<&ClientSubnet>) -> Client {
    let address = subnet.filter(|subnet| subnet.source_prefix() > 0).map(ClientSubnet::addr);
    let region = match address {
        Some(IpAddr::V4(address)) if address.octets()[..2] == [198, 18] => region_of(address.octets()[2]),
        _ => None,
    };
    Client { address, ..Client::near(region.unwrap_or("us-east-1")) }
}

/// The sections of a response.
#[derive(Debug, Default)]
struct Answer {
    code: ResponseCode,
    is_authoritative: bool,
    answers: Vec<Rr>,
    authorities: Vec<Rr>,
    /// Whether other clients may get another answer.
    depends_on_client: bool,
}

/// Answers a question, following aliases and CNAME records to all names that the local AWS has.
async fn answer(proxy: &Arc<Proxy>, name: &Name, kind: RecordType, client: &Client) -> Result<Answer, Error> {
    let mut found = Answer { is_authoritative: true, ..Answer::default() };
    let mut owner = name.clone();
    for _ in 0..MAX_CHAIN {
        let text = absolute(&owner.to_ascii());
        if let Some(addresses) = addresses_of(proxy, &text, kind).await {
            found.answers.extend(addresses.map(|data| Rr::from_rdata(owner.clone(), ALIAS_TTL, data)));
            return Ok(found);
        }
        let Some(zone) = zone_of(proxy, &text).await? else {
            if found.answers.is_empty() {
                return Ok(Answer { code: ResponseCode::Refused, ..Answer::default() });
            }
            // A CNAME record leads to a name elsewhere, which the client's resolver looks up.
            return Ok(found);
        };
        match zone.find_answer(&text, kind, client, proxy.next_share(), &mut found.depends_on_client) {
            Step::Records(records) => {
                found.answers.extend(resource_records(&owner, &records)?);
                return Ok(found);
            }
            Step::Cname(record) => {
                let records = resource_records(&owner, &[record])?;
                let target = records.iter().find_map(|record| match &record.data {
                    RData::CNAME(target) => Some(target.0.clone()),
                    _ => None,
                });
                found.answers.extend(records);
                owner = target.ok_or_else(|| Error::Upstream(format!("{owner} has an empty CNAME record")))?;
            }
            Step::Alias(host) => {
                if let Some(addresses) = addresses_of(proxy, &host, kind).await {
                    found.answers.extend(addresses.map(|data| Rr::from_rdata(owner.clone(), ALIAS_TTL, data)));
                }
                if found.answers.is_empty() {
                    found.authorities = start_of_authority(&zone)?;
                }
                return Ok(found);
            }
            Step::Delegated(servers) => {
                found.is_authoritative = false;
                found.authorities = resource_records(&servers.owner, &[servers.record])?;
                return Ok(found);
            }
            Step::NoRecord | Step::NoName if !found.answers.is_empty() => return Ok(found),
            nothing => {
                found.code =
                    if matches!(nothing, Step::NoName) { ResponseCode::NXDomain } else { ResponseCode::NoError };
                found.authorities = start_of_authority(&zone)?;
                return Ok(found);
            }
        }
    }
    Err(Error::Upstream(format!("{name} leads to itself")))
}

/// The addresses of a name that AWS assigns; `None` for other names. Regional APIs have only IPv4 addresses by default,
/// distributions also an IPv6 address, here the IPv4 address in another form, and an HTTPS record with their versions of HTTP.
async fn addresses_of(proxy: &Arc<Proxy>, name: &str, kind: RecordType) -> Option<impl Iterator<Item = RData> + use<>> {
    let endpoint = aws_host(name.trim_end_matches('.'))?;
    let is_distribution = matches!(endpoint, Endpoint::Distribution(_));
    let address = addresses::of(proxy, &endpoint).await?;
    let data = match kind {
        RecordType::A => Some(RData::A(address.into())),
        RecordType::HTTPS if is_distribution => {
            let versions = edge::http_versions(proxy, name.trim_end_matches('.')).await;
            let alpn = (SvcParamKey::Alpn, SvcParamValue::Alpn(Alpn(versions.clone())));
            (!versions.is_empty()).then(|| RData::HTTPS(HTTPS(SVCB::new(1, Name::root(), vec![alpn]))))
        }
        RecordType::AAAA if is_distribution => Some(RData::AAAA(address.to_ipv6_mapped().into())),
        _ => None,
    };
    Some(data.into_iter())
}

/// The most specific zone of any account.
async fn zone_of(proxy: &Proxy, name: &str) -> Result<Option<HostedZone>, Error> {
    for place in accounts(proxy) {
        if let Some(zone) = HostedZone::find(proxy, &place, name, false).await? {
            return Ok(Some(zone));
        }
    }
    Ok(None)
}

/// The start of authority, with the time for which a negative answer may be cached.
fn start_of_authority(zone: &HostedZone) -> Result<Vec<Rr>, Error> {
    let records: Vec<&Record> =
        zone.records.iter().filter(|record| record.name == zone.name && record.kind == "SOA").collect();
    let mut records = resource_records(&named(&zone.name)?, &records)?;
    for record in &mut records {
        if let RData::SOA(start) = &record.data {
            record.ttl = record.ttl.min(start.minimum);
        }
    }
    Ok(records)
}

fn resource_records(owner: &Name, records: &[&Record]) -> Result<Vec<Rr>, Error> {
    let mut found = Vec::new();
    for record in records {
        let Target::Values(values) = &record.target else { continue };
        let unreadable = |value: &str| Error::Upstream(format!("{value:?} is no value of a {} record", record.kind));
        let kind: RecordType = record.kind.parse().map_err(|_| unreadable(""))?;
        for value in values {
            let data = RData::try_from_str(kind, value).map_err(|_| unreadable(value))?;
            found.push(Rr::from_rdata(owner.clone(), record.ttl.unwrap_or(ALIAS_TTL), data));
        }
    }
    Ok(found)
}

fn named(name: &str) -> Result<Name, Error> {
    Name::from_ascii(name).map_err(|error| Error::Upstream(format!("{name:?} is no name: {error}")))
}

/// What a zone has for a question.
enum Step<'a> {
    /// These records.
    Records(Vec<&'a Record>),
    /// A CNAME record.
    Cname(&'a Record),
    /// An alias for a host outside of the zone.
    Alias(String),
    /// Name servers of a zone below this one.
    Delegated(Delegation<'a>),
    /// The name, but no record of this type.
    NoRecord,
    /// No such name.
    NoName,
}

struct Delegation<'a> {
    owner: Name,
    record: &'a Record,
}

impl HostedZone {
    /// What the zone has for a question. `share`, from 0 to 1, selects among weighted records.
    fn find_answer(
        &self,
        name: &str,
        kind: RecordType,
        client: &Client,
        share: f64,
        depends_on_client: &mut bool,
    ) -> Step<'_> {
        if let Some(delegation) = self.delegation(name) {
            return Step::Delegated(delegation);
        }
        if !self.has(name) {
            return Step::NoName;
        }
        let mut name = name.to_owned();
        for _ in 0..MAX_CHAIN {
            let mut choices = self.choices(&name, &kind.to_string(), client);
            if choices.is_empty() && kind != RecordType::CNAME {
                choices = self.choices(&name, "CNAME", client);
            }
            *depends_on_client |= choices.iter().any(|choice| depends_on_client_of(&choice.record.policy));
            let Some(record) = selected(&choices, share) else { return Step::NoRecord };
            match &record.target {
                Target::Values(_) if record.policy == Policy::Multivalue => {
                    return Step::Records(choices.iter().map(|choice| choice.record).collect());
                }
                Target::Values(_) if record.kind == kind.to_string() => return Step::Records(vec![record]),
                Target::Values(_) => return Step::Cname(record),
                Target::Alias { host, .. } => {
                    let host = absolute(host);
                    if !host.ends_with(&format!(".{}", self.name)) && host != self.name {
                        return Step::Alias(host);
                    }
                    name = host;
                }
            }
        }
        Step::NoRecord
    }

    /// The name servers to which the zone delegates `name`, unless that is the zone itself.
    fn delegation(&self, name: &str) -> Option<Delegation<'_>> {
        let mut below = name;
        while below != self.name {
            let is_delegated = |record: &&Record| record.kind == "NS" && record.name == below;
            if let Some(record) = self.records.iter().find(is_delegated) {
                return Some(Delegation { owner: named(below).ok()?, record });
            }
            below = below.split_once('.')?.1;
        }
        None
    }
}

/// Whether a record of this policy answers only some clients.
fn depends_on_client_of(policy: &Policy) -> bool {
    matches!(
        policy,
        Policy::Latency(_) | Policy::Geolocation(_) | Policy::Geoproximity(..) | Policy::IpBased(..) | Policy::Other(_)
    )
}

/// The choice at a place from 0 to 1, by their shares.
fn selected<'a>(choices: &[Choice<'a>], mut share: f64) -> Option<&'a Record> {
    for choice in choices {
        if share < choice.share {
            return Some(choice.record);
        }
        share -= choice.share;
    }
    choices.last().map(|choice| choice.record)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::records::absolute;

    fn record(name: &str, kind: &str, target: &str) -> Record {
        let target = match target.strip_prefix("alias ") {
            Some(host) => Target::Alias { host: host.to_owned(), zone: "Z".to_owned(), evaluate_health: false },
            None => Target::Values(vec![target.to_owned()]),
        };
        let kind = kind.to_owned();
        Record {
            name: absolute(name),
            kind,
            set: None,
            policy: Policy::Simple,
            health_check: None,
            ttl: Some(5),
            target,
        }
    }

    fn zone() -> HostedZone {
        let records = [
            ("a.com", "SOA", "ns.a.com. host.a.com. 1 7200 900 1209600 86400"),
            ("a.com", "NS", "ns.a.com."),
            ("www.a.com", "CNAME", "api.a.com"),
            ("api.a.com", "A", "alias d-1.execute-api.us-west-2.amazonaws.com"),
            ("near.a.com", "A", "alias api.a.com"),
            ("loop.a.com", "A", "alias loop.a.com"),
            ("deep.er.a.com", "TXT", "\"x\""),
            ("*.wild.a.com", "TXT", "\"y\""),
            ("sub.a.com", "NS", "ns.other.com."),
        ];
        let records = records.map(|(name, kind, target)| record(name, kind, target)).into();
        HostedZone { name: "a.com.".to_owned(), records, blocks: Vec::new(), healthy: BTreeMap::new() }
    }

    fn step(name: &str, kind: RecordType) -> String {
        let zone = zone();
        match zone.find_answer(&absolute(name), kind, &client(None), 0.0, &mut false) {
            Step::Records(records) => format!("records {}", records[0].name),
            Step::Cname(record) => format!("cname {}", record.name),
            Step::Alias(host) => format!("alias {host}"),
            Step::Delegated(delegation) => format!("delegated {}", delegation.owner),
            Step::NoRecord => "no record".to_owned(),
            Step::NoName => "no name".to_owned(),
        }
    }

    #[test]
    fn names_lead_to_records() {
        let host = "alias d-1.execute-api.us-west-2.amazonaws.com.";
        for (name, kind, expected) in [
            ("a.com", RecordType::NS, "records a.com."),
            ("A.com", RecordType::SOA, "records a.com."),
            ("www.a.com", RecordType::A, "cname www.a.com."),
            ("www.a.com", RecordType::CNAME, "records www.a.com."),
            ("api.a.com", RecordType::A, host),
            ("near.a.com", RecordType::A, host),
            ("near.a.com", RecordType::AAAA, "no record"),
            ("loop.a.com", RecordType::A, "no record"),
            ("er.a.com", RecordType::TXT, "no record"),
            ("other.a.com", RecordType::TXT, "no name"),
            ("b.deep.er.a.com", RecordType::TXT, "no name"),
            ("b.wild.a.com", RecordType::TXT, "records *.wild.a.com."),
            ("c.b.wild.a.com", RecordType::TXT, "records *.wild.a.com."),
            ("b.wild.a.com", RecordType::A, "no record"),
            ("b.sub.a.com", RecordType::A, "delegated sub.a.com."),
        ] {
            assert_eq!(step(name, kind), expected, "{name} {kind}");
        }
    }

    #[test]
    fn a_negative_answer_has_the_shorter_time_to_live() {
        let mut zone = zone();
        assert_eq!(start_of_authority(&zone).unwrap()[0].ttl, 5);
        zone.records[0].ttl = Some(90_000);
        assert_eq!(start_of_authority(&zone).unwrap()[0].ttl, 86_400);
    }

    #[test]
    fn shares_select_records() {
        let records = [record("a.a.com", "A", "192.0.2.1"), record("b.a.com", "A", "192.0.2.2")];
        let choices = [0.75, 0.25].iter().zip(&records).map(|(share, record)| Choice { record, share: *share });
        let choices: Vec<_> = choices.collect();
        for (share, expected) in [(0.0, "a.a.com."), (0.74, "a.a.com."), (0.76, "b.a.com."), (1.0, "b.a.com.")] {
            assert_eq!(selected(&choices, share).unwrap().name, expected);
        }
        assert_eq!(selected(&[], 0.5), None);
    }

    #[test]
    fn a_subnet_is_near_a_region() {
        let of = |text: &str| client(Some(&text.parse().unwrap())).region;
        assert_eq!(of("198.18.31.0/24"), "us-west-2");
        assert_eq!(of("203.0.113.0/24"), "us-east-1");
        assert_eq!(of("2001:db8::/32"), "us-east-1");
    }
}
