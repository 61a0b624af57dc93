//! When the next call may start, and how long to wait after a fault. Pure: time is an argument, and nothing sleeps here.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::Fault;

/// Calls may start this much ahead of an even pace, so that timers of 1 ms do not cap high rates.
const BURST: Duration = Duration::from_millis(20);
/// HTTP 429 and 403 halve the rate; each success restores this share of the full one.
const RECOVERY: f64 = 0.02;
/// However often calls are throttled, the rate stays at least at this share.
const LOWEST_SHARE: f64 = 1.0 / 16.0;
/// Two 429 within this time are one event: the calls were in flight together.
const SAME_EVENT: Duration = Duration::from_millis(500);

const FIRST_BACKOFF: Duration = Duration::from_millis(200);
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);
/// A blocked address stays blocked for a while.
const FIRST_BACKOFF_BLOCKED: Duration = Duration::from_secs(5);

/// An even pace below a budget of calls a minute, slower after HTTP 429 and 403.
#[derive(Debug, Clone)]
pub(crate) struct Pacing {
    per_second: f64,
    /// 1/16 to 1: the share of the rate that is currently used.
    share: f64,
    /// When the next call is due at an even pace.
    due: Instant,
    slowed_at: Option<Instant>,
}

impl Pacing {
    /// `per_minute` above 0.
    pub(crate) fn new(per_minute: f64, now: Instant) -> Self {
        Self { per_second: per_minute / 60.0, share: 1.0, due: now, slowed_at: None }
    }

    /// Takes the next slot: when that call may start, which is `soonest` when the pace allows it.
    pub(crate) fn take(&mut self, soonest: Instant) -> Instant {
        let start = self.due.checked_sub(BURST).map_or(soonest, |earliest| earliest.max(soonest));
        self.due = self.due.max(soonest) + Duration::from_secs_f64(1.0 / (self.per_second * self.share));
        start
    }

    /// Returns the slot that was taken last and not used.
    pub(crate) fn give_back(&mut self) {
        let interval = Duration::from_secs_f64(1.0 / (self.per_second * self.share));
        self.due = self.due.checked_sub(interval).unwrap_or(self.due);
    }

    /// A call was answered with HTTP 429 or 403.
    pub(crate) fn throttled(&mut self, now: Instant) {
        if self.slowed_at.is_none_or(|at| now >= at + SAME_EVENT) {
            self.share = (self.share / 2.0).max(LOWEST_SHARE);
            self.slowed_at = Some(now);
        }
    }

    /// A call succeeded.
    pub(crate) fn succeeded(&mut self) {
        self.share = (self.share + RECOVERY).min(1.0);
    }
}

/// How long to wait before a retry: what `Retry-After` says, else exponential backoff with full jitter
/// (<https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/>).
///
/// `attempt` counts from 1; `random` is 0 to 1.
pub(crate) fn wait_after(fault: &Fault, attempt: u32, random: f64) -> Duration {
    let doubled =
        |first: Duration| first.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1))).min(LONGEST_BACKOFF);
    match fault {
        // Never before the requested time; spread beyond it, so that waiting calls do not all return at once.
        Fault::Throttled { retry_after: Some(wait) } => wait.mul_f64(1.0 + random / 4.0),
        Fault::Blocked => doubled(FIRST_BACKOFF_BLOCKED).mul_f64(0.5 + random / 2.0),
        _ => doubled(FIRST_BACKOFF).mul_f64(random),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(pacing: &mut Pacing, now: Instant, count: usize) -> Vec<Duration> {
        (0..count).map(|_| pacing.take(now) - now).collect()
    }

    #[test]
    fn calls_start_evenly_and_never_above_the_budget() {
        let now = Instant::now();
        let mut pacing = Pacing::new(40.0, now);
        let starts = starts(&mut pacing, now, 41);
        assert_eq!(starts[0], Duration::ZERO);
        assert_eq!(starts[1], Duration::from_millis(1_480), "even pace less the burst");
        assert!(starts[40] >= Duration::from_secs(59), "{:?}", starts[40]);
    }

    #[test]
    fn an_idle_time_is_not_saved_up() {
        let now = Instant::now();
        let mut pacing = Pacing::new(60.0, now);
        pacing.take(now);
        let later = now + Duration::from_secs(600);
        assert_eq!(starts(&mut pacing, later, 3), [0, 980, 1_980].map(Duration::from_millis));
    }

    #[test]
    fn throttling_halves_the_rate_once_an_event_and_successes_bring_it_back() {
        let now = Instant::now();
        let mut pacing = Pacing::new(600.0, now);
        pacing.throttled(now);
        pacing.throttled(now + Duration::from_millis(100));
        assert!((pacing.share - 0.5).abs() < 1e-9);
        pacing.throttled(now + Duration::from_secs(1));
        assert!((pacing.share - 0.25).abs() < 1e-9);
        for _ in 0..38 {
            pacing.succeeded();
        }
        assert!((pacing.share - 1.0).abs() < 1e-9);
        for second in 0..100 {
            pacing.throttled(now + Duration::from_secs(10 + second));
        }
        assert!((pacing.share - LOWEST_SHARE).abs() < 1e-9, "a little is always tried");
    }

    #[test]
    fn calls_that_may_not_start_before_a_time_are_even_after_it() {
        let now = Instant::now();
        let mut pacing = Pacing::new(60.0, now);
        let soonest = now + Duration::from_secs(30);
        let starts: Vec<Duration> = (0..3).map(|_| pacing.take(soonest) - now).collect();
        assert_eq!(starts, [30_000, 30_980, 31_980].map(Duration::from_millis));
    }

    #[test]
    fn a_place_given_back_is_taken_again() {
        let now = Instant::now();
        let mut pacing = Pacing::new(60.0, now);
        pacing.take(now);
        let second = pacing.take(now);
        pacing.give_back();
        assert_eq!(pacing.take(now), second);
    }

    #[test]
    fn back_off_doubles_with_full_jitter_up_to_its_cap() {
        let sick = Fault::Unavailable { reason: String::new() };
        let waits: Vec<Duration> = (1..=4).map(|attempt| wait_after(&sick, attempt, 1.0)).collect();
        assert_eq!(waits, [200, 400, 800, 1_600].map(Duration::from_millis));
        assert_eq!(wait_after(&sick, 3, 0.5), Duration::from_millis(400));
        assert_eq!(wait_after(&sick, 60, 1.0), LONGEST_BACKOFF);
        assert_eq!(wait_after(&Fault::Blocked, 1, 1.0), Duration::from_secs(5));
        assert_eq!(wait_after(&Fault::Blocked, 1, 0.0), Duration::from_millis(2_500), "never at once");
    }

    #[test]
    fn retry_after_is_a_lower_bound() {
        let throttled = Fault::Throttled { retry_after: Some(Duration::from_secs(8)) };
        assert_eq!(wait_after(&throttled, 5, 0.0), Duration::from_secs(8));
        assert_eq!(wait_after(&throttled, 1, 1.0), Duration::from_secs(10));
        let unsaid = Fault::Throttled { retry_after: None };
        assert_eq!(wait_after(&unsaid, 1, 1.0), FIRST_BACKOFF);
    }
}
