//! Checks after every change in AWS whether clients are served.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use strict_aws::{Call, LocalAws, RequestPath, RoutedBy};

use super::world::{DEPLOYED, INSYNC, TTL};

/// The regions that clients are near.
const CLIENTS: [&str; 3] = ["us-east-1", "eu-west-1", "ap-southeast-2"];
/// The beginning of a name that only another record leads to. Clients request the rest, the name of that record.
const INTERNAL: &str = "secondary.";
/// The path that they request.
const PATH: &str = "/health";

/// A monitor of traffic during an operation.
pub(super) struct TrafficMonitor {
    /// Whether everything may disappear, names included.
    allows_removal: bool,
    /// Names that have been served.
    served_names: BTreeSet<String>,
    request_paths: BTreeSet<RequestPath>,
    /// Request paths that were removed, and until when clients may still use them.
    retired: BTreeMap<RequestPath, Duration>,
    /// The outages, each with the call after which it was first seen.
    outages: BTreeMap<Outage, String>,
}

/// A client that is not served.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Outage {
    /// A request path leads to a target that does not respond with 200.
    BrokenPath { path: RequestPath, is_cached: bool, status: u16 },
    /// A client near this region is not served.
    Unanswered { name: String, client: &'static str, status: u16 },
}

impl TrafficMonitor {
    /// A monitor of an operation that keeps the API: a name that was served once must be served until the end.
    pub(super) fn for_change() -> Self {
        Self {
            allows_removal: false,
            served_names: BTreeSet::new(),
            request_paths: BTreeSet::new(),
            retired: BTreeMap::new(),
            outages: BTreeMap::new(),
        }
    }

    /// A monitor of an operation that deletes the API: no request path may lead to a deleted target.
    pub(super) fn for_destroy() -> Self {
        Self { allows_removal: true, ..Self::for_change() }
    }

    /// Checks everything, after `call` at the time `now`.
    pub(super) async fn check(&mut self, aws: &LocalAws, now: Duration, call: &Call) {
        let request_paths = request_paths(aws).await;
        let mut found = Vec::new();
        for path in &request_paths {
            found.extend(broken_path(aws, path, false).await);
        }
        if !self.allows_removal {
            for gone in self.request_paths.difference(&request_paths) {
                let lag = match gone.by {
                    RoutedBy::Record => INSYNC + TTL,
                    RoutedBy::Distribution => DEPLOYED,
                };
                self.retired.insert(gone.clone(), now + lag);
            }
            self.retired.retain(|path, until| *until > now && !request_paths.contains(path));
            for path in self.retired.keys() {
                found.extend(broken_path(aws, path, true).await);
            }
            self.served_names.extend(requested(&request_paths));
            for name in &self.served_names {
                for client in CLIENTS {
                    let status = aws.status_with_certificate(name, name, PATH, client).await.expect("a response");
                    if status != 200 {
                        found.push(Outage::Unanswered { name: name.clone(), client, status });
                    }
                }
            }
        }
        self.request_paths = request_paths;
        for outage in found {
            self.outages
                .entry(outage)
                .or_insert_with(|| format!("{} in {} ({})", call.name(), call.region, call.subject));
        }
    }

    /// The outages. Names that are not `wanted` may have disappeared.
    pub(super) fn outages(self, wanted: &BTreeSet<String>) -> Vec<String> {
        let unwanted = |outage: &Outage| matches!(outage, Outage::Unanswered { name, .. } if !wanted.contains(name));
        self.report(|outage| !unwanted(outage))
    }

    /// The outages if everything was deleted in the end: request paths that led nowhere while they existed.
    pub(super) fn broken_paths(self) -> Vec<String> {
        self.report(|outage| matches!(outage, Outage::BrokenPath { is_cached: false, .. }))
    }

    fn report(self, counts: impl Fn(&Outage) -> bool) -> Vec<String> {
        self.outages
            .into_iter()
            .filter(|(outage, _)| counts(outage))
            .map(|(outage, call)| outage.describe(&call))
            .collect()
    }
}

impl Outage {
    fn describe(&self, call: &str) -> String {
        match self {
            Self::Unanswered { name, client, status } => {
                format!("{name} responds with {status} to clients near {client} after {call}")
            }
            Self::BrokenPath { path: RequestPath { name, target, .. }, is_cached, status } => {
                let leads = if *is_cached { "led until recently" } else { "leads" };
                format!("{name} {leads} to {target}, which responds with {status} after {call}")
            }
        }
    }
}

async fn broken_path(aws: &LocalAws, path: &RequestPath, is_cached: bool) -> Option<Outage> {
    let requested = format!("{}{PATH}", path.prefix);
    let status =
        aws.status_with_certificate(&path.target, &path.host, &requested, CLIENTS[0]).await.expect("a response");
    (status != 200).then(|| Outage::BrokenPath { path: path.clone(), is_cached, status })
}

/// Every path that a request of a client can take at the moment.
async fn request_paths(aws: &LocalAws) -> BTreeSet<RequestPath> {
    let all = aws.request_paths().await.expect("the request paths are read").into_iter();
    let host = |path: &RequestPath| path.host.strip_prefix(INTERNAL).unwrap_or(&path.host).to_owned();
    all.map(|path| RequestPath { host: host(&path), ..path }).collect()
}

/// The names that clients request.
fn requested(paths: &BTreeSet<RequestPath>) -> impl Iterator<Item = String> {
    paths.iter().map(|path| &path.name).filter(|name| !name.starts_with(INTERNAL)).cloned()
}

/// Every name that routes traffic at the moment.
pub(super) async fn names(aws: &LocalAws) -> BTreeSet<String> {
    requested(&request_paths(aws).await).collect()
}
