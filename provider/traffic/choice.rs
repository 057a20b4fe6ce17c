//! Which records of a name Route 53 answers with.

use super::health::Cause;
use super::place::Precision;
use super::{Client, Model, Record, Routing};

/// The records that Route 53 answers with, and the reason.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision<'a> {
    /// The rule that applied.
    pub rule: Rule,
    /// The records; none without an answer.
    pub choices: Vec<Choice<'a>>,
    /// The unhealthy records among those that the client could have received.
    pub excluded: Vec<Excluded<'a>>,
    /// Whether all of them are unhealthy, so that Route 53 considers them healthy.
    pub none_healthy: bool,
}

/// A record, and its share of the answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice<'a> {
    /// The record.
    pub record: &'a Record,
    /// More than 0 and at most 1.
    pub share: f64,
}

/// A record that is unhealthy.
#[derive(Debug, Clone, PartialEq)]
pub struct Excluded<'a> {
    /// The record.
    pub record: &'a Record,
    /// Why it is unhealthy.
    cause: Cause,
}

/// A documented rule by which Route 53 or CloudFront chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Route 53 Developer Guide, "Simple routing": there is one record, and it is always returned.
    Simple,
    /// "Failover routing": the primary record while it is healthy.
    Primary,
    /// "Failover routing": the secondary record while the primary is unhealthy or does not exist.
    Secondary,
    /// "Weighted routing": in proportion to the weights.
    Weight,
    /// "How Amazon Route 53 chooses records when health checking is configured", "Weighted records with a weight of 0": only
    /// when all records with higher weights are unhealthy.
    WeightZero,
    /// Route 53 API Reference, `ResourceRecordSet`, `Weight`: with the weight 0 everywhere, all records are equally likely.
    AllZero,
    /// "Latency-based routing": the region with the lowest latency.
    Latency,
    /// "Geolocation routing": the record of the client's state.
    State,
    /// "Geolocation routing": the record of the client's country.
    Country,
    /// "Geolocation routing": the record of the client's continent.
    Continent,
    /// "Geolocation routing", "IP-based routing": the default record.
    Default,
    /// "Geoproximity routing": the nearest place, changed by the bias.
    Geoproximity,
    /// "IP-based routing": the record with the most specific block of the client's address.
    Block,
    /// "Multivalue answer routing": up to eight healthy records.
    Multivalue,
    /// "Geolocation routing", "IP-based routing": without a default record, Route 53 returns no answer to clients in no
    /// location.
    NoLocation,
    /// There is no record of the name.
    NoRecord,
    /// CloudFront Developer Guide, "Distribution settings": the origin of the first cache behavior that matches the path.
    Origin,
    /// "Optimize high availability with CloudFront origin failover": the first origin of a group.
    FirstOrigin,
    /// The same: the second origin after a failure of the first.
    SecondOrigin,
    /// The distribution does not serve the client: it is disabled, has another name, or restricts countries.
    NoDistribution,
}

impl<'a> Model<'a> {
    /// The records of `kind` that Route 53 answers with for a name; `None` when no zone contains the name.
    ///
    /// Sources: "How Amazon Route 53 chooses records when health checking is configured" and "How Amazon Route 53 averts
    /// cascading failures" (when no record is healthy, all are considered healthy), and those of [`Rule`].
    pub fn decide(&self, name: &str, kind: &str, client: &Client) -> Option<Decision<'a>> {
        let (_, group) = self.group(name, kind)?;
        if group.is_empty() {
            return Some(Decision::none(Rule::NoRecord));
        }
        let precision = |record: &Record| record.precision(client, &self.world.blocks);
        let all: Vec<&Record> = group.into_iter().filter(|record| precision(record).is_some()).collect();
        if all.is_empty() {
            return Some(Decision::none(Rule::NoLocation));
        }
        let (mut healthy, mut excluded) = (Vec::new(), Vec::new());
        for record in &all {
            match self.unhealthy(record) {
                None => healthy.push(*record),
                Some(cause) => excluded.push(Excluded { record, cause }),
            }
        }
        let none_healthy = healthy.is_empty();
        let has_weights = all.iter().any(|record| record.weight() > 0);
        let candidates = if none_healthy { all } else { healthy };
        let (rule, choices) = match self.choose(&candidates, client) {
            // Records with higher weights exist, and are unhealthy.
            (Rule::AllZero, choices) if has_weights => (Rule::WeightZero, choices),
            chosen => chosen,
        };
        Some(Decision { rule, choices, excluded, none_healthy })
    }

    fn choose(&self, candidates: &[&'a Record], client: &Client) -> (Rule, Vec<Choice<'a>>) {
        let one =
            |record: Option<&&'a Record>| record.map(|record| Choice { record, share: 1.0 }).into_iter().collect();
        let routing = candidates.first().map(|record| &record.routing);
        match routing {
            Some(Routing::Weighted(_)) => weighted(candidates),
            Some(Routing::Multivalue) => {
                let answered: Vec<_> = candidates.iter().take(MOST_VALUES).collect();
                let share = 1.0 / answered.len() as f64;
                (Rule::Multivalue, answered.into_iter().map(|record| Choice { record, share }).collect())
            }
            Some(Routing::Failover { .. }) => {
                let primary = candidates.iter().find(|record| record.routing == Routing::Failover { primary: true });
                let rule = if primary.is_some() { Rule::Primary } else { Rule::Secondary };
                (rule, one(primary.or(candidates.first())))
            }
            Some(Routing::Latency(_) | Routing::Geoproximity(..)) => {
                let distance = |record: &&Record| record.distance(client);
                let nearest = candidates.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
                let is_latency = matches!(routing, Some(Routing::Latency(_)));
                (if is_latency { Rule::Latency } else { Rule::Geoproximity }, one(nearest))
            }
            Some(Routing::Geolocation(_) | Routing::IpBased { .. }) => {
                let precision = |record: &Record| record.precision(client, &self.world.blocks);
                let most = candidates.iter().max_by_key(|record| precision(record));
                let rule = match most.and_then(|record| precision(record)) {
                    Some(Precision::State) => Rule::State,
                    Some(Precision::Country) => Rule::Country,
                    Some(Precision::Continent) => Rule::Continent,
                    Some(Precision::Block(_)) => Rule::Block,
                    Some(Precision::Default) | None => Rule::Default,
                };
                (rule, one(most))
            }
            Some(Routing::Simple) | None => (Rule::Simple, one(candidates.first())),
        }
    }
}

/// The largest number of multivalue answer records in an answer.
const MOST_VALUES: usize = 8;

fn weighted<'a>(candidates: &[&'a Record]) -> (Rule, Vec<Choice<'a>>) {
    let total: u32 = candidates.iter().map(|record| record.weight()).sum();
    if total > 0 {
        let share = |record: &&'a Record| f64::from(record.weight()) / f64::from(total);
        let choices = candidates.iter().map(|record| Choice { record, share: share(record) });
        return (Rule::Weight, choices.filter(|choice| choice.share > 0.0).collect());
    }
    let share = 1.0 / candidates.len() as f64;
    (Rule::AllZero, candidates.iter().map(|record| Choice { record, share }).collect())
}

impl<'a> Decision<'a> {
    fn none(rule: Rule) -> Self {
        Self { rule, choices: Vec::new(), excluded: Vec::new(), none_healthy: false }
    }

    /// The reason for one of the choices, or for none, as one or two sentences.
    pub(super) fn reason(&self, choice: Option<&Choice<'a>>, client: &Client) -> String {
        let rule = self.rule_text(choice, client);
        if self.none_healthy {
            return format!("{rule} No record is healthy, so Route 53 considers all of them healthy.");
        }
        let excluded: Vec<String> = self.excluded.iter().map(Excluded::text).collect();
        if excluded.is_empty() { rule } else { format!("{rule} Unhealthy: {}.", excluded.join(", ")) }
    }

    fn rule_text(&self, choice: Option<&Choice<'a>>, client: &Client) -> String {
        let percent = choice.map(|choice| (choice.share * 10_000.0).round() / 100.0).unwrap_or_default();
        let text = match self.rule {
            Rule::Primary => "Failover routing: the primary record.",
            Rule::Secondary => "Failover routing: the secondary record.",
            Rule::Weight => return format!("Weighted routing: {percent} % of the answers."),
            Rule::WeightZero => {
                return format!(
                    "Weighted routing: {percent} % of the answers, because no record with a weight above 0 is healthy."
                );
            }
            Rule::AllZero => {
                return format!("Weighted routing: {percent} % of the answers, because all weights are 0.");
            }
            Rule::Latency => return format!("Latency routing: the nearest region to {}.", client.region),
            Rule::State => return format!("Geolocation routing: the record of the state US-{}.", client.place.state),
            Rule::Country => {
                return format!("Geolocation routing: the record of the country {}.", client.place.country);
            }
            Rule::Continent => {
                return format!("Geolocation routing: the record of the continent {}.", client.place.continent);
            }
            Rule::Default => "The default record, because no other location contains the client.",
            Rule::Geoproximity => {
                return match choice.map(|choice| &choice.record.routing) {
                    Some(Routing::Geoproximity(spot, bias)) => {
                        format!(
                            "Geoproximity routing: {} with the bias {bias} is the nearest place to {}.",
                            spot.name(),
                            client.region
                        )
                    }
                    _ => String::new(),
                };
            }
            Rule::Block => "IP-based routing: the most specific block that contains the client's address.",
            Rule::Multivalue => {
                return format!(
                    "Multivalue answer routing: one of the records in the answer, {percent} % of the clients."
                );
            }
            Rule::NoLocation => "No record is for the client's location, and there is no default record.",
            Rule::NoRecord => "The name has no record.",
            _ => "Simple routing: the only record.",
        };
        text.to_owned()
    }
}

impl Excluded<'_> {
    fn text(&self) -> String {
        match &self.cause {
            Cause::Check(id) => format!("{} (health check {id})", self.record.label()),
            Cause::Target(host) => format!("{} (all records of {host})", self.record.label()),
        }
    }
}
