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
#[derive(Default)]
pub(super) struct Watch {
    /// Names that were answered once, and have to be from then on. `None` while they may vanish: in a destroy.
    answered: Option<BTreeSet<String>>,
    /// Ways that are no more, and until when somebody may still go them.
    old: BTreeMap<Way, Duration>,
    ways: BTreeSet<Way>,
    /// What was not as promised.
    pub(super) holes: Vec<String>,
}

impl Watch {
    /// Names that are answered once have to stay so.
    pub(super) fn over_a_change() -> Self {
        Self { answered: Some(BTreeSet::new()), ..Self::default() }
    }

    /// Looks at everything, after `call` at the time `now`.
    pub(super) async fn look(&mut self, aws: &LocalAws, now: Duration, call: &Call) {
        let ways: BTreeSet<Way> = aws.ways().await.expect("the ways are known").into_iter().collect();
        for gone in self.ways.difference(&ways) {
            let lag = match gone.by {
                Guide::Record => INSYNC + TTL,
                Guide::Distribution => DEPLOYED,
            };
            self.old.insert(gone.clone(), now + lag);
        }
        self.old.retain(|way, until| *until > now && !ways.contains(way));
        for (way, still) in ways.iter().map(|way| (way, "")).chain(self.old.keys().map(|way| (way, "still "))) {
            let status = aws.ask(&way.target, &way.host, PATH, CLIENTS[0]).await.expect("it can be asked");
            if status != 200 {
                let Way { name, target, .. } = way;
                self.holes
                    .push(format!("{name} {still}leads to {target}, which answers {status} after {}", told(call)));
            }
        }
        if let Some(answered) = &mut self.answered {
            let names: BTreeSet<String> = ways.iter().map(|way| way.name.clone()).collect();
            for name in answered.union(&names) {
                for client in CLIENTS {
                    let status = aws.ask(name, name, PATH, client).await.expect("it can be asked");
                    if status != 200 {
                        self.holes.push(format!("{name} answers {status} to {client} after {}", told(call)));
                    }
                }
            }
            answered.extend(names);
        }
        self.ways = ways;
    }
}

fn told(call: &Call) -> String {
    format!("{} in {} ({})", call.name(), call.region, call.subject)
}
