//! The critical path of an apply, from the log of its AWS calls.
//!
//! The log does not say which call needed which other's answer. But a call that depends on another one begins after it
//! has ended, so the longest chain of dependent calls is at most the longest chain of calls that do not overlap; and
//! regions do not depend on each other, only on what is global. So: for each region, of its calls and the global ones,
//! the most that were made one after the other; and of these numbers the greatest.
//!
//! What one region waits for because of another one is not in that number: it shows as time beyond the critical path.

use std::collections::BTreeSet;
use std::time::Duration;

use strict_aws::Call;

/// Services that are the same in every region.
const GLOBAL: &[&str] = &["iam", "sts", "route53", "cloudfront"];

/// The number of calls in the longest chain.
pub(super) fn longest_chain(calls: &[Call]) -> usize {
    let regions: BTreeSet<&str> = calls.iter().map(|call| call.region.as_str()).collect();
    let chain = |region: &str| {
        let is_global = |call: &Call| GLOBAL.contains(&call.service.as_str());
        one_after_the_other(calls.iter().filter(|call| call.region == region || is_global(call)))
    };
    regions.into_iter().map(chain).max().unwrap_or_default()
}

/// From the first request to the last answer.
pub(super) fn span(calls: &[Call]) -> Duration {
    let begun = calls.iter().map(|call| call.started).min().unwrap_or_default();
    let ended = calls.iter().map(|call| call.ended).max().unwrap_or_default();
    ended.saturating_sub(begun)
}

/// The most calls of which none begins before the one before it has ended: always take the one that ends first.
fn one_after_the_other<'a>(calls: impl Iterator<Item = &'a Call>) -> usize {
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
    fn regions_at_the_same_time_are_no_chain() {
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
    fn one_region_after_the_other_does_not_lengthen_the_chain() {
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
