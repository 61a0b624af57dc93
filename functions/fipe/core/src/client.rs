//! A FIPE client that stays within its rate and its time. Never starts a call or a wait that cannot end in time.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fipe_contract::metric;
use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::answer::RawAnswer;
use crate::call::Call;
use crate::error::{Error, Fault};
use crate::message::Calls;
use crate::month::Month;
use crate::pacing::{Pacing, wait_after};

/// A call times out after this; a healthy FIPE responds within a second.
const CALL_TIMEOUT: Duration = Duration::from_secs(20);
/// A call is not started with less time left than this.
const SHORTEST_CALL: Duration = Duration::from_millis(300);
/// Attempts per request in one invocation; while it is throttled, only time limits them.
const ATTEMPTS: i32 = 8;

/// HTTP to FIPE.
pub trait Http {
    /// Posts a JSON body to an endpoint. Any HTTP status is a response.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] when there is no response: refused, reset, cut off or late.
    fn post(
        &self,
        endpoint: &'static str,
        body: String,
        timeout: Duration,
    ) -> impl Future<Output = Result<RawAnswer, Fault>>;
}

/// What an instance has done since these counts were last taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub calls: u64,
    pub retries: u64,
    /// HTTP 429.
    pub throttled: u64,
    /// HTTP 403.
    pub blocked: u64,
}

impl Counts {
    /// By the names of their metrics.
    pub fn named(self) -> [(&'static str, u64); 4] {
        [
            (metric::CALLS, self.calls),
            (metric::RETRIES, self.retries),
            (metric::THROTTLED, self.throttled),
            (metric::BLOCKED, self.blocked),
        ]
    }
}

/// The client of one instance; all its work shares one pace.
#[derive(Debug)]
pub struct Fipe<H> {
    pub(crate) http: H,
    pacing: Mutex<Pacing>,
    in_flight: Semaphore,
    width: usize,
    /// The month of each reference code, as FIPE last listed them.
    pub(crate) months: tokio::sync::Mutex<HashMap<i32, Month>>,
    /// In total; never reset.
    successes: AtomicU64,
    calls: AtomicU64,
    retries: AtomicU64,
    throttled: AtomicU64,
    blocked: AtomicU64,
}

impl<H: Http> Fipe<H> {
    /// `calls_per_minute` above 0, `calls_in_flight` at least 1. Needs a tokio runtime.
    pub fn new(http: H, calls_per_minute: f64, calls_in_flight: u16) -> Self {
        let width = usize::from(calls_in_flight.max(1));
        Self {
            http,
            pacing: Mutex::new(Pacing::new(calls_per_minute, Instant::now())),
            in_flight: Semaphore::new(width),
            width,
            months: tokio::sync::Mutex::default(),
            successes: AtomicU64::new(0),
            calls: AtomicU64::new(0),
            retries: AtomicU64::new(0),
            throttled: AtomicU64::new(0),
            blocked: AtomicU64::new(0),
        }
    }

    /// Calls that may be in flight at the same time.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Successful calls of this instance so far. A caller that could not even start learns from it whether other
    /// callers were just faster or the upstream is down.
    pub(crate) fn successes(&self) -> u64 {
        self.successes.load(Ordering::Relaxed)
    }

    /// Takes the counts since the last time.
    pub fn take_counts(&self) -> Counts {
        Counts {
            calls: self.calls.swap(0, Ordering::Relaxed),
            retries: self.retries.swap(0, Ordering::Relaxed),
            throttled: self.throttled.swap(0, Ordering::Relaxed),
            blocked: self.blocked.swap(0, Ordering::Relaxed),
        }
    }

    /// Calls until there is a response, retrying after transient faults, and adds the calls to `calls`.
    ///
    /// # Errors
    /// [`Error::Call`] for a permanent fault or after too many transient ones, [`Error::OutOfTime`] at `until`.
    pub async fn ask<C: Call>(&self, call: &C, until: Instant, calls: &mut Calls) -> Result<C::Answer, Error> {
        let mut attempts = 0;
        let mut last = None;
        loop {
            let Some(outcome) = self.attempt(call, until, attempts > 0, calls).await else {
                return Err(Error::OutOfTime { call: call.to_string(), last });
            };
            attempts += 1;
            let fault = match outcome {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            let throttled = matches!(fault, Fault::Throttled { .. });
            if !fault.is_transient() || (attempts >= ATTEMPTS && !throttled) {
                return Err(Error::Call { call: call.to_string(), attempts, fault });
            }
            let attempt = u32::try_from(attempts).unwrap_or(u32::MAX);
            let again = Instant::now() + wait_after(&fault, attempt, rand::random());
            if again + SHORTEST_CALL > until {
                return Err(Error::OutOfTime { call: call.to_string(), last: Some(fault) });
            }
            last = Some(fault);
            sleep_until(again).await;
        }
    }

    /// One call in its turn; `None` when its turn would come too late.
    async fn attempt<C: Call>(
        &self,
        call: &C,
        until: Instant,
        again: bool,
        calls: &mut Calls,
    ) -> Option<Result<C::Answer, Fault>> {
        let latest = until.checked_sub(SHORTEST_CALL)?;
        let _permit = timeout_at(latest, self.in_flight.acquire()).await.ok()?.ok()?;
        let start = self.pace(|pacing| {
            let start = pacing.take(Instant::now());
            if start > latest {
                pacing.give_back();
            }
            start
        });
        if start > latest {
            return None;
        }
        // A timer rounds up to the next millisecond, which would delay a call that is due already.
        if start > Instant::now() {
            sleep_until(start).await;
        }

        calls.made += 1;
        self.calls.fetch_add(1, Ordering::Relaxed);
        if again {
            calls.retried += 1;
            self.retries.fetch_add(1, Ordering::Relaxed);
        }
        let timeout = CALL_TIMEOUT.min(until - Instant::now());
        let answer = self.http.post(C::ENDPOINT, call.body().to_string(), timeout).await;
        let outcome = answer.and_then(|raw| call.read(raw.read(Timestamp::now())?));
        match &outcome {
            Ok(_) => {
                self.successes.fetch_add(1, Ordering::Relaxed);
                self.pace(Pacing::succeeded);
            }
            Err(Fault::Throttled { retry_after }) => {
                self.throttled.fetch_add(1, Ordering::Relaxed);
                let now = Instant::now();
                self.pace(|pacing| {
                    pacing.throttled(now);
                    pacing.pause(now + retry_after.unwrap_or_default());
                });
            }
            Err(Fault::Blocked) => {
                self.blocked.fetch_add(1, Ordering::Relaxed);
                self.pace(|pacing| pacing.throttled(Instant::now()));
            }
            Err(_) => {}
        }
        Some(outcome)
    }

    /// The pacing, also after a panic of another task: its state is consistent between any two statements.
    fn pace<R>(&self, change: impl FnOnce(&mut Pacing) -> R) -> R {
        change(&mut self.pacing.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests;
