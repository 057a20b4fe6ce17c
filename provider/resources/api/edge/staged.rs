//! The staging distribution: `cdn.staging`.

use super::Edge;
use crate::components::cloudfront::continuous_deployment_policy::{Session, Traffic};
use crate::resources::api::config::{Cdn, Staging};
use crate::schema::Unknown;

/// The staging distribution.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::resources::api) struct Staged {
    /// Its settings.
    pub(in crate::resources::api) edge: Edge,
    /// The requests that it receives.
    pub(in crate::resources::api) traffic: Traffic,
}

impl Staged {
    pub(super) fn of(staging: &Staging, cdn: &Cdn) -> Result<Self, Unknown> {
        let traffic = match (staging.header().decided()?, staging.percent().decided()?) {
            (Some(header), _) => {
                Traffic::Header { name: header.name()?.to_lowercase(), value: header.value()?.clone() }
            }
            (None, percent) => Traffic::Share {
                // Without either, the check of the configuration has found a mistake.
                percent: percent.copied().unwrap_or_default(),
                session: match staging.session().decided()? {
                    Some(session) => Some(Session {
                        idle_seconds: session.idle_seconds()?,
                        maximum_seconds: session.maximum_seconds()?,
                    }),
                    None => None,
                },
            },
        };
        Ok(Self { edge: Edge::of(&staging.over(cdn))?, traffic })
    }
}
