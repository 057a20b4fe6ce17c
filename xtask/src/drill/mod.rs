//! `cargo xtask drill`: a failover and a drain under the requests of clients, and a picture of them.
//!
//! The clients resolve the name of an API in three regions through the DNS server of a local AWS, and send HTTP requests to the
//! addresses that it returns. A region stops responding and returns, and another one is drained by an apply.

mod picture;
mod terminal;
mod timeline;
mod traffic;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use strict_aws::LocalAws;
use strict_aws::tools::source_root;

use crate::demo::{self, DRAINED, Demo, FAILING, promise};
use crate::failover::LIMIT;
use crate::{Outcome, request, ui};
use timeline::{Recorder, Timeline};

/// The regions, near each of which is a client.
pub(crate) const REGIONS: [&str; 3] = ["us-east-1", "us-west-2", "eu-central-1"];
/// The number of consecutive responses of a region after which its client has arrived there.
const ARRIVED: usize = 6;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    demo: demo::Arguments,
    /// Where to write the picture; the default is docs/drill.svg
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs the drill, prints its timeline, and writes the picture.
pub(crate) async fn run(arguments: &Arguments) -> Outcome {
    let begun = Instant::now();
    ui::headline("A failover and a drain under traffic");
    let set_up = arguments.demo.set_up().await?;
    let demo = Demo::start(&set_up).await?;
    let api = demo.api().await?;
    let host = api["url"].as_str().and_then(request::host_of).ok_or("the API has no URL")?;
    let recorder = Recorder::start(&REGIONS);
    // The clients send requests until the script ends.
    tokio::select! {
        ended = traffic::send(&set_up.aws, host, &recorder) => ended?,
        ended = script(&demo, &set_up.aws, &recorder) => ended?,
    }
    let timeline = recorder.finish();
    terminal::print(&timeline);
    let path = arguments.output.clone().unwrap_or_else(|| source_root().join("docs/drill.svg"));
    std::fs::write(&path, picture::draw(&timeline))?;
    ui::note(&format!("Picture: {}", path.display()));
    demo.destroy().await?;
    keeps_promises(&timeline)?;
    ui::success(&format!("Everything was as promised. Time: {}.", ui::duration(begun.elapsed())));
    Ok(())
}

/// The outage and the drain. Each part begins when the clients have arrived at the region to which the previous part leads.
async fn script(demo: &Demo<'_>, aws: &LocalAws, recorder: &Recorder) -> Outcome {
    for region in REGIONS {
        arrival(recorder, region, |from| from == region).await?;
    }
    recorder.event(&format!("{FAILING} stops responding"));
    aws.set_down(&[FAILING]);
    arrival(recorder, FAILING, |from| from != FAILING).await?;
    recorder.event(&format!("{FAILING} responds again"));
    aws.set_down(&[]);
    arrival(recorder, FAILING, |from| from == FAILING).await?;
    recorder.event(&format!("apply: drain {DRAINED}"));
    demo.set_drained(&[DRAINED])?;
    demo.plan().await?;
    demo.apply().await?;
    recorder.event("apply ends");
    arrival(recorder, DRAINED, |from| from != DRAINED).await
}

/// Waits until the latest responses to the client near `client` have all come from regions that are `right`.
async fn arrival(recorder: &Recorder, client: &str, right: impl Fn(&str) -> bool) -> Outcome {
    let since = recorder.now();
    loop {
        if recorder.has_arrived(client, since, ARRIVED, &right) {
            return Ok(());
        }
        // The time for a failover, and for the responses after it.
        if recorder.now().saturating_sub(since) > LIMIT + Duration::from_secs(10) {
            return Err(format!("The client near {client} does not arrive at the expected region in time.").into());
        }
        // Until the next responses.
        tokio::time::sleep(traffic::PERIOD).await;
    }
}

/// Only the client of the failing region sees errors, and only until health checks and DNS have led it elsewhere.
fn keeps_promises(timeline: &Timeline) -> Outcome {
    for (client, name) in timeline.clients.iter().enumerate() {
        let failed: Vec<Duration> = timeline.failures(client).map(|sample| sample.at).collect();
        let (Some(first), Some(last)) = (failed.first(), failed.last()) else { continue };
        promise(name == FAILING, &format!("the client near {name} gets a response to every request"))?;
        let outage = last.saturating_sub(*first);
        promise(
            outage <= LIMIT,
            &format!("the failover takes at most {}, not {}", ui::duration(LIMIT), ui::duration(outage)),
        )?;
    }
    Ok(())
}
