//! A circuit breaker: when FIPE is not called for a while. Calls nothing itself.
//!
//! After several failures in a row the upstream is *suspected*. Whether it is down or one question is only never answered, the table of references tells,
//! which is always there ([`Fipe`](crate::Fipe) asks for it): if it is not answered either, nothing is called for a growing pause, and then it is asked for first.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::error::Fault;

/// Transient failures in a row, of any call, until the upstream is suspected. As many as the attempts of one call.
const SUSPICIOUS: u32 = 8;
const FIRST_PAUSE: Duration = Duration::from_secs(60);
/// As long as SQS delays a message, so that work is there when the pause ends.
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);

/// What an instance knows of the upstream's health.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    /// In a row.
    failures: u32,
    /// Pauses in a row that no success has ended.
    pauses: u32,
    paused: Option<(Pause, Fault)>,
}

/// A time until which nothing is called. Between invocations Lambda freezes an instance, whose monotonic clock may then stand still, and a wall clock
/// may be set: it is over as soon as either says so.
#[derive(Debug, Clone, Copy)]
struct Pause {
    monotonic: Instant,
    wall: Timestamp,
}

impl Pause {
    fn of(wait: Duration) -> Self {
        let wall = Timestamp::now().saturating_add(wait).unwrap_or(Timestamp::MAX);
        Self { monotonic: Instant::now() + wait, wall }
    }

    fn left(self) -> Duration {
        let wall = Duration::try_from(self.wall.duration_since(Timestamp::now())).unwrap_or_default();
        wall.min(self.monotonic.saturating_duration_since(Instant::now()))
    }
}

impl Breaker {
    /// How long nothing is called from now on, and because of what. Whoever has the time may wait, unless the upstream is suspected, too: then nobody
    /// knows whether it will answer.
    pub(crate) fn paused(&self) -> Option<(Duration, &Fault)> {
        let (pause, fault) = self.paused.as_ref()?;
        Some((pause.left(), fault)).filter(|(left, _)| !left.is_zero())
    }

    /// Whether the table of references is to be asked for before anything else.
    pub(crate) fn is_suspicious(&self) -> bool {
        self.failures >= SUSPICIOUS
    }

    /// The upstream answered a call with a transient fault. What `Retry-After` asks for holds for all calls: FIPE counts them by address, not by question.
    pub(crate) fn failed(&mut self, fault: &Fault) {
        self.failures = self.failures.saturating_add(1);
        if let Fault::Throttled { retry_after: Some(wait) } = fault {
            self.pause(*wait, fault);
        }
    }

    /// It did not answer the table of references either.
    pub(crate) fn is_down(&mut self, fault: &Fault) {
        if !matches!(fault, Fault::Throttled { retry_after: Some(_) }) {
            let wait = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(self.pauses)).min(LONGEST_PAUSE);
            self.pause(wait, fault);
            self.pauses = self.pauses.saturating_add(1);
        }
    }

    /// It answered a call. A pause that it asked for goes on.
    pub(crate) fn succeeded(&mut self) {
        (self.failures, self.pauses) = (0, 0);
    }

    fn pause(&mut self, wait: Duration, fault: &Fault) {
        if self.paused().is_none_or(|(left, _)| left < wait) {
            self.paused = Some((Pause::of(wait), fault.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sick() -> Fault {
        Fault::Unavailable { reason: "HTTP 503".to_owned() }
    }

    #[tokio::test(start_paused = true)]
    async fn failures_in_a_row_make_the_upstream_suspicious_and_one_success_clears_it() {
        let mut breaker = Breaker::default();
        (1..SUSPICIOUS).for_each(|_| breaker.failed(&sick()));
        assert!(!breaker.is_suspicious());
        breaker.succeeded();
        breaker.failed(&sick());
        assert!(!breaker.is_suspicious());
        (1..SUSPICIOUS).for_each(|_| breaker.failed(&sick()));
        assert!(breaker.is_suspicious() && breaker.paused().is_none(), "suspected, not yet convicted");
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_double_up_to_fifteen_minutes_until_a_success() {
        let mut breaker = Breaker::default();
        let mut pauses = Vec::new();
        for _ in 0..6 {
            breaker.is_down(&sick());
            let (left, fault) = breaker.paused().unwrap();
            assert_eq!(*fault, sick());
            pauses.push(left.as_secs_f64().round());
            tokio::time::advance(left + Duration::from_millis(1)).await;
            assert!(breaker.paused().is_none());
        }
        assert_eq!(pauses, [60.0, 120.0, 240.0, 480.0, 900.0, 900.0]);
        breaker.succeeded();
        breaker.is_down(&sick());
        assert_eq!(breaker.paused().unwrap().0.as_secs_f64().round(), 60.0);
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_upstream_asks_for_counts_and_is_never_shortened() {
        let mut breaker = Breaker::default();
        let throttled = |seconds| Fault::Throttled { retry_after: Some(Duration::from_secs(seconds)) };
        breaker.failed(&throttled(86_400));
        breaker.failed(&throttled(5));
        breaker.is_down(&throttled(5));
        breaker.is_down(&sick());
        breaker.succeeded();
        let (left, fault) = breaker.paused().unwrap();
        assert_eq!((left.as_secs_f64().round(), fault), (86_400.0, &throttled(86_400)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_is_over_when_either_clock_says_so() {
        let hour = Duration::from_secs(3_600);
        let frozen = Pause { monotonic: Instant::now() + hour, wall: Timestamp::now() };
        let set_back = Pause { monotonic: Instant::now(), wall: Timestamp::now().saturating_add(hour).unwrap() };
        assert_eq!([frozen, set_back].map(Pause::left), [Duration::ZERO; 2]);
        assert!(Pause::of(hour).left() > Duration::from_secs(3_590));
    }
}
