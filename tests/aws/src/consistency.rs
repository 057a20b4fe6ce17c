//! Eventual consistency: how long reads lag behind writes, decided by seeded random numbers.

use std::time::Duration;

use crate::calls::is_read;

/// For a while after a write, AWS does not return it everywhere: reads may return the state before it, and the name of
/// a deleted object is not yet available. Requires [`crate::Backend::InMemory`].
///
/// - Each read is random, even if an earlier read has returned a newer state. Half of all reads in that time are
///   current.
/// - Writes always see the newest state, and their own responses are current.
/// - ListResourceRecordSets and GetChange of Route 53 are always current; AWS documents this for the first.
/// - [`crate::LocalAws::inventory`] and the clients of APIs always see the newest state.
///
/// The same seed and the same calls in the same order give the same responses. Among concurrent calls, the order within
/// a service and region decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventualConsistency {
    /// The seed of the random numbers.
    pub seed: u64,
    /// How long reads may miss a write, on AWS's clock ([`crate::LocalAws::advance`]).
    pub window: Duration,
}

impl EventualConsistency {
    /// A random number, always the same for the same `what`.
    pub(crate) fn random(&self, what: &str) -> u64 {
        // FNV-1a, then the last steps of SplitMix64, because FNV barely changes the bits that are used here.
        let hash = what.bytes().fold(0xcbf2_9ce4_8422_2325 ^ self.seed, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let mixed = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A random part of the window; zero in half of all cases.
    pub(crate) fn random_delay(&self, what: &str) -> Duration {
        let number = self.random(what);
        if number.is_multiple_of(2) {
            return Duration::ZERO;
        }
        // Thousandths are fine enough.
        let thousandths = u32::try_from((number >> 1) % 1_000).unwrap_or_default() + 1;
        self.window * thousandths / 1_000
    }
}

/// Whether an operation may return an old state.
pub(crate) fn may_be_stale(service: &str, operation: &str) -> bool {
    // AWS, Route 53 API reference, ListResourceRecordSets: "returns the most current version of the records". GetChange
    // reports the caller's own change, and waiting for it ends the uncertainty.
    let is_current = service == "route53" && matches!(operation, "ListResourceRecordSets" | "GetChange");
    is_read(operation) && !is_current
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_delays_are_balanced_and_repeatable() {
        let one = EventualConsistency { seed: 1, window: Duration::from_secs(10) };
        let other = EventualConsistency { seed: 2, ..one };
        let delays =
            |of: EventualConsistency| (0..1_000).map(move |n| of.random_delay(&format!("lambda/GetFunction/{n}")));
        assert!(delays(one).eq(delays(one)));
        assert!(!delays(one).eq(delays(other)));
        let none = delays(one).filter(Duration::is_zero).count();
        assert!((400..600).contains(&none), "{none}");
        assert!(delays(one).all(|delay| delay <= one.window));
    }

    #[test]
    fn only_reads_may_be_stale() {
        for (service, operation, expected) in [
            ("lambda", "GetFunction", true),
            ("acm", "DescribeCertificate", true),
            ("lambda", "CreateFunction", false),
            ("route53", "ListHostedZones", true),
            ("route53", "ListResourceRecordSets", false),
            ("route53", "GetChange", false),
        ] {
            assert_eq!(may_be_stale(service, operation), expected, "{service}:{operation}");
        }
    }
}
