//! The most memory that the providers of a run held, as Linux counts it; nothing elsewhere.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use strict_aws::tools::{Run, Running};

use crate::Outcome;

/// How often a running tool is looked at. The kernel keeps the peak, so it only has to be seen once before its end.
const INTERVAL: Duration = Duration::from_millis(10);

/// Waits for a run, and tells the sum of its providers' peaks in KiB.
pub(super) async fn watch(running: Running) -> Outcome<(Run, u64)> {
    let group = running.group().id();
    let mut peaks = BTreeMap::new();
    let mut end = std::pin::pin!(running.wait());
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            run = &mut end => return Ok((run?, peaks.values().sum())),
            _ = ticks.tick() => look(group, &mut peaks),
        }
    }
}

/// Notes the peak of each provider in the process group.
fn look(group: u32, peaks: &mut BTreeMap<u32, u64>) {
    let Ok(processes) = fs::read_dir("/proc") else { return };
    let ids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    for id in ids {
        let read = |file: &str| fs::read_to_string(format!("/proc/{id}/{file}")).unwrap_or_default();
        if group_of(&read("stat")) == Some(group) && read("cmdline").contains("terraform-provider-") {
            peaks.extend(peak(&read("status")).map(|peak| (id, peak)));
        }
    }
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
