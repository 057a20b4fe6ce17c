//! Delays between attempts of a call, and between polls of a wait.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

const TEN_SECONDS: Duration = Duration::from_secs(10);

/// Delays after failed attempts: 0.3 s, doubled up to 10 s, each with up to the same time again as jitter, so that calls that
/// failed together are not retried together. `seed` determines the jitter. Never ends.
pub(super) fn after_failure(seed: u64) -> impl Iterator<Item = Duration> + Send {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(300))
        .with_factor(2.0)
        .with_max_delay(TEN_SECONDS)
        .without_max_times()
        .with_jitter()
        .with_jitter_seed(seed)
        .build()
}

/// Delays between retries of a change that AWS refuses for now, such as one whose dependency is not visible yet: 0.5 s to
/// 10 s. Never ends.
pub(super) fn until_visible() -> impl Iterator<Item = Duration> + Send {
    growing(Duration::from_millis(500), 1.6, TEN_SECONDS)
}

/// Delays between two polls of a wait: 0.2 s to 15 s. Never ends.
pub(super) fn between_polls() -> impl Iterator<Item = Duration> + Send {
    growing(Duration::from_millis(200), 1.5, Duration::from_secs(15))
}

fn growing(from: Duration, factor: f32, to: Duration) -> impl Iterator<Item = Duration> + Send {
    ExponentialBuilder::new()
        .with_min_delay(from)
        .with_factor(factor)
        .with_max_delay(to)
        .without_max_times()
        .build()
        .chain(std::iter::repeat(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_and_stay_bounded() {
        let delays: Vec<f64> = after_failure(7).map(|delay| delay.as_secs_f64()).take(1000).collect();
        assert_eq!(delays.len(), 1000);
        for (attempt, delay) in delays.iter().enumerate() {
            let base = (0.3 * 2_f64.powi(i32::try_from(attempt.min(20)).unwrap())).min(10.0);
            assert!((base - 1e-3..=2.0 * base + 1e-3).contains(delay), "attempt {attempt}: {delay}");
        }
        let some = |seed| after_failure(seed).take(8);
        assert!(some(7).eq(some(7)) && some(7).ne(some(8)));
    }

    #[test]
    fn polling_intervals_grow_to_a_maximum() {
        let delays: Vec<Duration> = between_polls().take(40).collect();
        assert_eq!(delays.first(), Some(&Duration::from_millis(200)));
        assert_eq!(delays.last(), Some(&Duration::from_secs(15)));
    }
}
