//! Eventual consistency: how far behind AWS may answer, and the seeded chance by which it does.

use std::time::Duration;

use crate::calls::is_read;

/// For a while after a write AWS does not know of it everywhere: reads may tell the state before it, and the name of what
/// was deleted is not free. Only with [`crate::Backend::Memory`].
///
/// - What a read tells is chosen by chance, anew each time, also when it told something newer before. Half of all reads
///   in that time tell the truth.
/// - Writes, and what they refuse, always know the newest state, and their own replies tell the truth.
/// - So do Route 53's ListResourceRecordSets, of which AWS says so, and GetChange.
/// - So do [`crate::LocalAws::inventory`] and the users of APIs.
///
/// The same seed and the same calls in the same order give the same replies; of calls at the same time, the order within
/// a service and region decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Eventual {
    /// What chance comes from.
    pub seed: u64,
    /// How long a write may be unknown, on AWS's clock ([`crate::LocalAws::advance`]).
    pub window: Duration,
}

impl Eventual {
    /// A number by chance: always the same for the same `what`.
    pub(crate) fn roll(&self, what: &str) -> u64 {
        // FNV-1a, and then SplitMix64's last steps, because FNV leaves the bits that matter here alike.
        let hash = what.bytes().fold(0xcbf2_9ce4_8422_2325 ^ self.seed, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let mixed = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A part of the window by chance; none of it half of the time.
    pub(crate) fn share(&self, what: &str) -> Duration {
        let number = self.roll(what);
        if number.is_multiple_of(2) {
            return Duration::ZERO;
        }
        // A thousandth is fine enough.
        let thousandths = u32::try_from((number >> 1) % 1_000).unwrap_or_default() + 1;
        self.window * thousandths / 1_000
    }
}

/// Whether an operation may tell what was.
pub(crate) fn may_lie(service: &str, operation: &str) -> bool {
    // AWS, Route 53 API reference, ListResourceRecordSets: "returns the most current version of the records". A change is
    // its submitter's own, and waiting for it is how one gets to the truth.
    let is_truthful = service == "route53" && matches!(operation, "ListResourceRecordSets" | "GetChange");
    is_read(operation) && !is_truthful
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_is_fair_and_comes_again() {
        let one = Eventual { seed: 1, window: Duration::from_secs(10) };
        let other = Eventual { seed: 2, ..one };
        let shares = |of: Eventual| (0..1_000).map(move |n| of.share(&format!("lambda/GetFunction/{n}")));
        assert!(shares(one).eq(shares(one)));
        assert!(!shares(one).eq(shares(other)));
        let none = shares(one).filter(Duration::is_zero).count();
        assert!((400..600).contains(&none), "{none}");
        assert!(shares(one).all(|share| share <= one.window));
    }

    #[test]
    fn few_reads_never_lie() {
        for (service, operation, expected) in [
            ("lambda", "GetFunction", true),
            ("acm", "DescribeCertificate", true),
            ("lambda", "CreateFunction", false),
            ("route53", "ListHostedZones", true),
            ("route53", "ListResourceRecordSets", false),
            ("route53", "GetChange", false),
        ] {
            assert_eq!(may_lie(service, operation), expected, "{service}:{operation}");
        }
    }
}
