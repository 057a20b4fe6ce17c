//! Looks, after every change of AWS, whether users are answered.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use strict_aws::{Call, Guide, LocalAws, Way};

use super::world::{DEPLOYED, INSYNC, TTL};

/// Where users are.
const CLIENTS: [&str; 3] = ["us-east-1", "eu-west-1", "ap-southeast-2"];
/// What they ask for.
const PATH: &str = "/health";

/// Somebody who looks.
pub(super) struct Watch {
    /// Whether everything may vanish, names and all.
    ends: bool,
    /// Names that were answered once.
    answered: BTreeSet<String>,
    ways: BTreeSet<Way>,
    /// Ways that are no more, and until when somebody may still go them.
    old: BTreeMap<Way, Duration>,
    /// What was not as promised, and after which call it was seen first.
    holes: BTreeMap<Hole, String>,
}

/// A user who is not answered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Hole {
    /// A way ends at somebody who does not answer so.
    Dead { way: Way, is_old: bool, status: u16 },
    /// Somebody who asks from there is not answered.
    Unanswered { name: String, client: &'static str, status: u16 },
}

impl Watch {
    /// Over an operation after which the API lives: who was answered once has to be answered until the end.
    pub(super) fn over_a_change() -> Self {
        Self {
            ends: false,
            answered: BTreeSet::new(),
            ways: BTreeSet::new(),
            old: BTreeMap::new(),
            holes: BTreeMap::new(),
        }
    }

    /// Over an operation that takes the API away: nobody may be sent to who is no more.
    pub(super) fn over_a_destroy() -> Self {
        Self { ends: true, ..Self::over_a_change() }
    }

    /// Looks at everything, after `call` at the time `now`.
    pub(super) async fn look(&mut self, aws: &LocalAws, now: Duration, call: &Call) {
        let ways: BTreeSet<Way> = aws.ways().await.expect("the ways are known").into_iter().collect();
        let mut found = Vec::new();
        for way in &ways {
            found.extend(dead(aws, way, false).await);
        }
        if !self.ends {
            for gone in self.ways.difference(&ways) {
                let lag = match gone.by {
                    Guide::Record => INSYNC + TTL,
                    Guide::Distribution => DEPLOYED,
                };
                self.old.insert(gone.clone(), now + lag);
            }
            self.old.retain(|way, until| *until > now && !ways.contains(way));
            for way in self.old.keys() {
                found.extend(dead(aws, way, true).await);
            }
            self.answered.extend(ways.iter().map(|way| way.name.clone()));
            for name in &self.answered {
                for client in CLIENTS {
                    let status = aws.ask(name, name, PATH, client).await.expect("it can be asked");
                    if status != 200 {
                        found.push(Hole::Unanswered { name: name.clone(), client, status });
                    }
                }
            }
        }
        self.ways = ways;
        for hole in found {
            self.holes.entry(hole).or_insert_with(|| format!("{} in {} ({})", call.name(), call.region, call.subject));
        }
    }

    /// What was not as promised. Names that are not among the `wanted` may have vanished.
    pub(super) fn holes(self, wanted: &BTreeSet<String>) -> Vec<String> {
        let unwanted = |hole: &Hole| matches!(hole, Hole::Unanswered { name, .. } if !wanted.contains(name));
        self.told(|hole| !unwanted(hole))
    }

    /// What was not as promised, where everything was taken away in the end: who led nowhere while it still led.
    pub(super) fn holes_of_the_end(self) -> Vec<String> {
        self.told(|hole| matches!(hole, Hole::Dead { is_old: false, .. }))
    }

    fn told(self, counts: impl Fn(&Hole) -> bool) -> Vec<String> {
        self.holes.into_iter().filter(|(hole, _)| counts(hole)).map(|(hole, call)| hole.tell(&call)).collect()
    }
}

impl Hole {
    fn tell(&self, call: &str) -> String {
        match self {
            Self::Unanswered { name, client, status } => {
                format!("{name} answers {status} to users near {client} after {call}")
            }
            Self::Dead { way: Way { name, target, .. }, is_old, status } => {
                let leads = if *is_old { "led a moment ago" } else { "leads" };
                format!("{name} {leads} to {target}, which answers {status} after {call}")
            }
        }
    }
}

async fn dead(aws: &LocalAws, way: &Way, is_old: bool) -> Option<Hole> {
    let status = aws.ask(&way.target, &way.host, PATH, CLIENTS[0]).await.expect("it can be asked");
    (status != 200).then(|| Hole::Dead { way: way.clone(), is_old, status })
}

/// Every name that leads somewhere at the moment.
pub(super) async fn names(aws: &LocalAws) -> BTreeSet<String> {
    aws.ways().await.expect("the ways are known").into_iter().map(|way| way.name).collect()
}
