//! The critical path of an apply, from the log of its AWS calls.
//!
//! The log does not record which call needed the response to which other call. But a call that depends on another one
//! begins after that one has ended, so the longest chain of dependent calls is at most the longest chain of calls that do
//! not overlap. Regions depend on global objects, not on each other. The result is therefore the maximum over all regions
//! of the largest number of consecutive calls to that region and to global services.
//!
//! When one region waits for another one, that time is not part of the critical path; it appears as time beyond it.

use std::collections::BTreeSet;
use std::time::Duration;

use strict_aws::Call;

/// Global services.
const GLOBAL: &[&str] = &["iam", "sts", "route53", "cloudfront", "cloudfront-keyvaluestore"];

/// The number of calls in the longest chain.
pub(super) fn longest_chain(calls: &[Call]) -> usize {
    let regions: BTreeSet<&str> = calls.iter().map(|call| call.region.as_str()).collect();
    let chain = |region: &str| {
        let is_global = |call: &Call| GLOBAL.contains(&call.service.as_str());
        consecutive(calls.iter().filter(|call| call.region == region || is_global(call)))
    };
    regions.into_iter().map(chain).max().unwrap_or_default()
}

/// The time from the first request to the last response.
pub(super) fn span(calls: &[Call]) -> Duration {
    let begun = calls.iter().map(|call| call.started).min().unwrap_or_default();
    let ended = calls.iter().map(|call| call.ended).max().unwrap_or_default();
    ended.saturating_sub(begun)
}

/// The largest number of calls that do not overlap: the greedy choice is always the call that ends first.
fn consecutive<'a>(calls: impl Iterator<Item = &'a Call>) -> usize {
    let mut spans: Vec<(Duration, Duration)> = calls.map(|call| (call.ended, call.started)).collect();
    spans.sort_unstable();
    let mut free = Duration::ZERO;
    let mut count = 0;
    for (ended, started) in spans {
        if started >= free {
            count += 1;
            free = ended;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(service: &str, region: &str, started: u64, ended: u64) -> Call {
        Call {
            service: service.to_owned(),
            operation: String::new(),
            region: region.to_owned(),
            account: String::new(),
            method: String::new(),
            path: String::new(),
            subject: String::new(),
            status: 200,
            error: None,
            started: Duration::from_millis(started),
            ended: Duration::from_millis(ended),
        }
    }

    #[test]
    fn concurrent_regions_form_no_chain() {
        let mut calls = vec![call("iam", "us-east-1", 0, 10)];
        for region in ["us-east-1", "us-west-2", "eu-central-1"] {
            calls.push(call("lambda", region, 10, 20));
            calls.push(call("lambda", region, 20, 30));
            calls.push(call("logs", region, 10, 30));
        }
        calls.push(call("route53", "us-east-1", 30, 40));
        assert_eq!(longest_chain(&calls), 4);
        assert_eq!(span(&calls), Duration::from_millis(40));
    }

    #[test]
    fn consecutive_regions_do_not_lengthen_the_chain() {
        let calls = [call("lambda", "a", 0, 10), call("lambda", "b", 10, 20), call("lambda", "c", 20, 30)];
        assert_eq!(longest_chain(&calls), 1);
        assert_eq!(span(&calls), Duration::from_millis(30));
    }

    #[test]
    fn without_calls_there_is_no_path() {
        assert_eq!(longest_chain(&[]), 0);
        assert_eq!(span(&[]), Duration::ZERO);
    }
}
