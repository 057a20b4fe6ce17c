//! `rollout`: how a change reaches the regions, one wave after another.

use std::collections::BTreeMap;

use crate::desired;
use crate::schema::{Attr, Texts, attributes, choices};

attributes! {
    /// How a change that clients notice reaches the regions: a new version of a function, a new deployment of a REST API, and
    /// the routes, the authorizers and the other settings of an API. New versions are published and invoked in all regions at
    /// the same time. Without this block, one region changes first, and the others follow when it has answered: a drained
    /// region, else one that is not primary, with `routing.policy = "weighted"` the one with the lowest weight.
    pub(in crate::resources::api) struct Rollout {
        /// The regions of each wave, in order. A wave begins when every region of the previous one has answered. Regions that
        /// are not listed form the last wave. With an empty list, all regions change at the same time.
        waves: Vec<Attr<Texts>> = optional, example("[[\"us-west-2\"], [\"us-east-1\", \"eu-west-1\"]]");
        /// The time between two waves, in seconds. It must fit into `timeouts.update`. With `alarms`, it also follows the last
        /// wave.
        bake_seconds: i64 = optional, default(0), range(0..=86_400);
        verify: Verify = optional;
        /// The share of the requests, in percent, that a new version answers in each region before it answers all of them. It
        /// must answer the requests of `verify`, which is required, and then `bake_seconds` pass.
        canary_percent: i64 = optional, range(1..=99);
        /// The CloudWatch alarms of each region, metric alarms or composite alarms, by the name of the region. After a region has
        /// changed, the provider watches them for `bake_seconds`, which is required. An alarm that goes into the state `ALARM` is a
        /// failure. An alarm that was in this state before the change of its region is ignored. All alarms must exist.
        alarms: BTreeMap<String, Attr<Texts>> = optional, example("{ \"us-east-1\" = [\"shop-errors\"] }");
        on_failure: OnFailure = optional, default(OnFailure::Rollback);
    }

    /// Requests that every region must answer after it has changed, in addition to the request of the provider's own probe.
    pub(in crate::resources::api) struct Verify {
        /// The path of the requests. A route must match it.
        path: String = optional, default("/"), example("\"/health\"");
        /// The status that every response must have.
        status: i64 = optional, default(200), range(100..=599);
        /// The number of requests to each region.
        requests: i64 = optional, default(10), range(1..=1_000);
    }
}

choices! {
    /// What happens when a region does not answer after it has changed, or one of its alarms goes into `ALARM`. No further wave
    /// begins in either case.
    pub(in crate::resources::api) enum OnFailure {
        /// All regions that have changed return to their previous version and settings.
        Rollback = "rollback",
        /// The regions keep the new version and settings.
        Stop = "stop",
    }
}

impl From<OnFailure> for desired::OnFailure {
    fn from(given: OnFailure) -> Self {
        match given {
            OnFailure::Rollback => Self::Rollback,
            OnFailure::Stop => Self::Stop,
        }
    }
}
