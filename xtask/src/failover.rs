//! The end of the demo: a client resolves the name of the API and sends a request every second while its region fails.

use std::time::{Duration, Instant};

use strict_aws::{LocalAws, region_at};
use tokio::time::MissedTickBehavior;

use crate::{Outcome, request, ui};

/// How many times faster than in AWS health checks are sent and DNS answers expire, so that a failover takes seconds.
pub(crate) const SPEED: u32 = 20;

/// The longest failover in AWS: the defaults of `interval_seconds` and `failure_threshold`, and the TTL of an alias record.
const IN_AWS: Duration = Duration::from_secs(30 * 3 + 60);
/// The longest failover here, with time for the requests themselves and for a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_millis(IN_AWS.as_millis() as u64 / SPEED as u64 + 3_000);
/// The number of requests before the region fails, and after another region has responded.
const CALM: usize = 2;

/// What one request of the client showed.
struct Seen {
    region: String,
    status: u16,
}

/// Sends a request every second as a client near `region`, which fails after the first ones. Returns the region that then
/// responds, and the time from the failure to its first response.
pub(crate) async fn watch(aws: &LocalAws, host: &str, region: &str) -> Outcome<(String, Duration)> {
    let begun = Instant::now();
    let resolver = aws.resolver_near(region);
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ui::detail(&ui::dim("time   DNS answer    region       HTTP status"));
    let mut failed_at = None;
    let (mut before, mut after) = (0, Vec::new());
    while after.len() < CALM {
        seconds.tick().await;
        let address = resolver.address(host).await?.ok_or_else(|| format!("{host} has no address"))?;
        let answer = request::get(&aws.endpoint_at(address), host, "/", region).await?;
        let reported = answer.body["region"].as_str().or(region_at(address)).unwrap_or_default();
        let seen = Seen { region: reported.to_owned(), status: answer.status };
        let time = format!("{:.0} s", begun.elapsed().as_secs_f64());
        ui::detail(&format!("{time:>4}   {address:13} {:12} {}", seen.region, seen.status));
        match failed_at {
            None if seen.region != region || seen.status != 200 => {
                return Err(format!("{region} must respond to a client near it, not {}", seen.region).into());
            }
            None => {
                before += 1;
                if before == CALM {
                    aws.set_down(&[region]);
                    failed_at = Some(Instant::now());
                    ui::detail(&format!("       {region} stops responding"));
                }
            }
            Some(failed) if seen.status == 200 => after.push((seen.region, failed.elapsed())),
            Some(failed) if failed.elapsed() > LIMIT => {
                return Err(
                    format!("no other region responds {} after the failure", ui::duration(failed.elapsed())).into()
                );
            }
            Some(_) => after.clear(),
        }
    }
    aws.set_down(&[]);
    after.into_iter().next().ok_or_else(|| "no region has responded".into())
}
