//! The peak memory of the providers of a run, from Linux's /proc; zero on other systems.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::time::Duration;

use strict_aws::tools::{Run, Running};

use crate::Outcome;

/// The interval at which /proc is read. The kernel records the peak, so one reading before the end is enough.
const INTERVAL: Duration = Duration::from_millis(10);

/// Waits for a run, and returns it with the peak memory of its concurrent providers, in KiB. A tool starts a new provider
/// for each part of a command; the memory of consecutive processes is not added up.
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

/// The sum of the peaks of the providers that are running in the process group.
fn held(group: u32) -> u64 {
    let Ok(processes) = fs::read_dir("/proc") else { return 0 };
    let ids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    ids.filter_map(|id| {
        let read = |file: &str| fs::read_to_string(format!("/proc/{id}/{file}")).unwrap_or_default();
        let is_provider = group_of(&read("stat")) == Some(group) && runs_a_provider(&read("cmdline"));
        is_provider.then(|| peak(&read("status")))?
    })
    .sum()
}

/// Whether `/proc/PID/cmdline` is that of a provider. The directories of the executable do not matter: the cached
/// OpenTofu is in one that is named after this provider.
fn runs_a_provider(cmdline: &str) -> bool {
    let program = cmdline.split('\0').next().unwrap_or_default();
    Path::new(program).file_name().and_then(OsStr::to_str).is_some_and(|name| name.starts_with("terraform-provider-"))
}

/// The process group in `/proc/PID/stat`: the third field after the name, which is in parentheses and may contain any
/// character.
fn group_of(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(2)?.parse().ok()
}

/// The peak resident memory in `/proc/PID/status`, in KiB.
fn peak(status: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_is_read() {
        assert!(runs_a_provider("/plugins/terraform-provider-aws_v5.100.0_x5\0"));
        assert!(!runs_a_provider("/cache/terraform-provider-multiregion/tofu\0apply\0"));
        assert_eq!(group_of("42 (a ) b) S 1 77 77 0 -1"), Some(77));
        assert_eq!(peak("Name:\tx\nVmHWM:\t   23456 kB\nVmRSS:\t 1 kB\n"), Some(23456));
    }
}
