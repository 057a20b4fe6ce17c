//! The clients: each resolves the name of the API and sends requests at a fixed rate.

use std::time::Duration;

use strict_aws::{LocalAws, region_at};
use tokio::time::MissedTickBehavior;

use super::REGIONS;
use super::timeline::{Recorder, Sample};
use crate::{Outcome, request};

/// The time between two requests of a client.
pub(super) const PERIOD: Duration = Duration::from_millis(200);

/// Sends the requests of all clients until the future is dropped. Returns only with an error.
pub(super) async fn send(aws: &LocalAws, host: &str, recorder: &Recorder) -> Outcome {
    let clients = REGIONS.iter().enumerate().map(|(number, near)| client(aws, host, recorder, number, near));
    futures::future::try_join_all(clients).await.map(drop)
}

async fn client(aws: &LocalAws, host: &str, recorder: &Recorder, number: usize, near: &str) -> Outcome {
    let resolver = aws.resolver_near(near);
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        let at = recorder.now();
        let address = resolver.address(host).await?.ok_or_else(|| format!("{host} has no address"))?;
        let answer = request::get(&aws.endpoint_at(address), host, "/", near).await;
        let resolved = region_at(address).unwrap_or_default();
        let (region, status) = match &answer {
            Ok(answer) => (answer.body["region"].as_str().unwrap_or(resolved), answer.status),
            Err(_) => (resolved, 0),
        };
        recorder.sample(Sample { client: number, at, region: region.to_owned(), status });
    }
}
