//! The regions that respond to a client: follows the records and distributions that lead from a name to a region.

use std::collections::BTreeSet;

use super::geography::region_in;
use super::{Client, Decision, MAX_HOPS, Model, Record, Rule, Target, Zone, is_within, normal};

/// One of the answers that clients in the same place receive.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The region that responds, or that should; `None` without an answer, or for an address outside of AWS's APIs.
    pub region: Option<String>,
    /// The records and origins that led there, in order.
    pub steps: Vec<Step>,
    /// The share of the requests that receive this answer, more than 0 and at most 1.
    pub share: f64,
    /// Whether there is a response: false without an answer, and when the region is down.
    pub answered: bool,
}

/// A record or an origin on the way to a region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The name of the record, or of the distribution.
    pub name: String,
    /// The set identifier of the record, or the id of the origin; empty when there is none.
    pub label: String,
    /// The rule that applied.
    pub rule: Rule,
    /// The reason, as one or two sentences.
    pub reason: String,
}

impl Step {
    pub(super) fn new(name: &str, label: &str, rule: Rule, reason: String) -> Self {
        Self { name: name.to_owned(), label: label.to_owned(), rule, reason }
    }
}

impl Answer {
    /// No answer, because of `step`.
    pub(super) fn none(step: Step) -> Self {
        Self { region: None, steps: vec![step], share: 1.0, answered: false }
    }

    /// This answer after one more step before it, which `share` of the clients take.
    pub(super) fn after(mut self, step: Step, share: f64) -> Self {
        self.steps.insert(0, step);
        Self { share: self.share * share, ..self }
    }

    /// The last record or origin that led to the region: `api.example.com us-east-1`.
    pub fn record(&self) -> String {
        let last = self.steps.last().map(|step| [step.name.as_str(), step.label.as_str()].join(" "));
        last.unwrap_or_default().trim_end().to_owned()
    }

    /// The reasons of all steps.
    pub fn reason(&self) -> String {
        self.steps.iter().map(|step| step.reason.as_str()).collect::<Vec<_>>().join(" ")
    }
}

impl<'a> Model<'a> {
    /// The answers to a client that requests `path` of `host`.
    pub fn answers(&self, client: &Client, host: &str, path: &str) -> Vec<Answer> {
        self.follow((&normal(host), path), client, 0)
    }

    /// Whether the name leads somewhere: it has records, or AWS assigned it.
    pub fn has(&self, host: &str) -> bool {
        let host = normal(host);
        region_in(&host).is_some() || self.distribution(&host).is_some() || self.records(&host).next().is_some()
    }

    /// The records that answer for a name, of all types, drained or not.
    pub fn records(&self, name: &str) -> impl Iterator<Item = &'a Record> {
        self.zone(&normal(name)).map(|(zone, owner)| records_of(zone, &owner)).unwrap_or_default().into_iter()
    }

    pub(super) fn follow(&self, (host, path): (&str, &str), client: &Client, hops: usize) -> Vec<Answer> {
        self.resolve(host, (host, path), client, hops)
    }

    /// The answers to a request that names `requested.0` as its host, where that name has led to `name`.
    fn resolve(&self, name: &str, requested: (&str, &str), client: &Client, hops: usize) -> Vec<Answer> {
        if hops > MAX_HOPS {
            return vec![Answer::none(Step::new(name, "", Rule::NoRecord, "The records are a loop.".to_owned()))];
        }
        if let Some(region) = region_in(name) {
            let answered = !self.assume.down.contains(region);
            return vec![Answer { region: Some(region.to_owned()), steps: Vec::new(), share: 1.0, answered }];
        }
        if let Some(distribution) = self.distribution(name) {
            return self.distributed(distribution, requested, client, hops);
        }
        let kinds = ["A", "AAAA", "CNAME"];
        let kind = kinds.into_iter().find(|kind| self.exists(name, kind)).unwrap_or("A");
        let Some(decision) = self.decide(name, kind, client) else {
            // A name outside of the account is assumed to respond.
            return vec![Answer { region: None, steps: Vec::new(), share: 1.0, answered: true }];
        };
        if decision.choices.is_empty() {
            return vec![Answer::none(Step::new(name, "", decision.rule, decision.reason(None, client)))];
        }
        self.targets(&decision, requested, client, hops)
    }

    /// The answers behind each choice of a decision.
    fn targets(&self, decision: &Decision<'a>, requested: (&str, &str), client: &Client, hops: usize) -> Vec<Answer> {
        let mut answers = Vec::new();
        for choice in &decision.choices {
            let record = choice.record;
            let label = record.set.as_deref().unwrap_or_default();
            let reason = decision.reason(Some(choice), client);
            let next = match &record.target {
                Target::Alias { host, .. } | Target::Cname(host) => self.resolve(host, requested, client, hops + 1),
                Target::Addresses(_) => vec![Answer { region: None, steps: Vec::new(), share: 1.0, answered: true }],
            };
            let step = Step::new(&record.name, label, decision.rule, reason);
            answers.extend(next.into_iter().map(|answer| answer.after(step.clone(), choice.share)));
        }
        answers
    }

    /// The regions to which a host name can lead.
    pub(super) fn regions_of(&self, host: &str) -> BTreeSet<String> {
        self.regions_within(host, 0)
    }

    fn regions_within(&self, host: &str, hops: usize) -> BTreeSet<String> {
        if let Some(region) = region_in(host) {
            return BTreeSet::from([region.to_owned()]);
        }
        if hops == MAX_HOPS {
            return BTreeSet::new();
        }
        let records = self.zone(host).map(|(zone, owner)| records_of(zone, &owner)).unwrap_or_default();
        let targets = records.into_iter().filter_map(|record| match &record.target {
            Target::Alias { host, .. } | Target::Cname(host) => Some(host),
            Target::Addresses(_) => None,
        });
        targets.flat_map(|target| self.regions_within(target, hops + 1)).collect()
    }

    /// Whether a host name leads only to regions that are drained.
    pub(super) fn is_drained(&self, host: &str) -> bool {
        let regions = self.regions_of(host);
        !regions.is_empty() && regions.is_subset(&self.assume.drained)
    }

    /// The records of a name and type that are not drained, and the name that they have in the zone. `None` when no zone
    /// contains the name.
    pub(super) fn group(&self, name: &str, kind: &str) -> Option<(String, Vec<&'a Record>)> {
        let (zone, owner) = self.zone(name)?;
        let is_drained = |record: &Record| match &record.target {
            Target::Alias { host, .. } | Target::Cname(host) => self.is_drained(host),
            Target::Addresses(_) => false,
        };
        let of_kind = records_of(zone, &owner).into_iter().filter(|record| record.kind == kind);
        let records: Vec<_> = of_kind.filter(|record| !is_drained(record)).collect();
        Some((owner, records))
    }

    /// Whether a name has a record of this type, drained or not.
    fn exists(&self, name: &str, kind: &str) -> bool {
        let records = self.zone(name).map(|(zone, owner)| records_of(zone, &owner)).unwrap_or_default();
        records.iter().any(|record| record.kind == kind)
    }

    /// The zone with the longest name that contains `name`, and the name of its records: itself, or a wildcard.
    fn zone(&self, name: &str) -> Option<(&'a Zone, String)> {
        let zones = self.world.zones.iter().filter(|zone| is_within(name, &zone.name));
        let zone = zones.max_by_key(|zone| zone.name.len())?;
        Some((zone, owner(zone, name)))
    }

    fn distribution(&self, host: &str) -> Option<&'a super::Distribution> {
        self.world.distributions.iter().find(|distribution| distribution.domain_name == host)
    }
}

fn records_of<'a>(zone: &'a Zone, name: &str) -> Vec<&'a Record> {
    zone.records.iter().filter(|record| record.name == name).collect()
}

/// The name of the records that answer for a name: itself, or a wildcard of the closest name that exists.
///
/// # Sources
/// RFC 4592; Route 53 Developer Guide, "DNS domain name format", "Using an asterisk (*) in the names of hosted zones and
/// records".
fn owner(zone: &Zone, name: &str) -> String {
    let exists = |name: &str| zone.records.iter().any(|it| it.name == name || it.name.ends_with(&format!(".{name}")));
    if exists(name) {
        return name.to_owned();
    }
    let mut parent = name;
    while let Some((_, above)) = parent.split_once('.').filter(|_| parent != zone.name) {
        parent = above;
        if exists(parent) {
            return format!("*.{parent}");
        }
    }
    name.to_owned()
}
