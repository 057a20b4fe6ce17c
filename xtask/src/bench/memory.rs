//! The most memory that the providers of a run held, as Linux counts it; nothing elsewhere.

use std::fs;
use std::time::Duration;

use strict_aws::tools::{Run, Running};

use crate::Outcome;

/// How often a running tool is looked at. The kernel keeps the peak, so it only has to be seen once before its end.
const INTERVAL: Duration = Duration::from_millis(10);

/// Waits for a run, and tells the most that its providers held at the same time, in KiB. A tool starts a provider anew
/// for each part of a command: what one after the other held does not add up.
pub(super) async fn watch(running: Running) -> Outcome<(Run, u64)> {
    let group = running.group().id();
    let mut most = 0;
    let mut end = std::pin::pin!(running.wait());
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            run = &mut end => return Ok((run?, most)),
            _ = ticks.tick() => most = most.max(held(group)),
        }
    }
}

/// The sum of the peaks of the providers that run in the process group now.
fn held(group: u32) -> u64 {
    let Ok(processes) = fs::read_dir("/proc") else { return 0 };
    let ids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    ids.filter_map(|id| {
        let read = |file: &str| fs::read_to_string(format!("/proc/{id}/{file}")).unwrap_or_default();
        let is_provider = group_of(&read("stat")) == Some(group) && read("cmdline").contains("terraform-provider-");
        is_provider.then(|| peak(&read("status")))?
    })
    .sum()
}

/// The process group in `/proc/PID/stat`: the third field after the name, which may hold anything but is in parentheses.
fn group_of(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(2)?.parse().ok()
}

/// The peak of resident memory in `/proc/PID/status`, in KiB.
fn peak(status: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_is_read() {
        assert_eq!(group_of("42 (a ) b) S 1 77 77 0 -1"), Some(77));
        assert_eq!(peak("Name:\tx\nVmHWM:\t   23456 kB\nVmRSS:\t 1 kB\n"), Some(23456));
    }
}
