//! A FIPE client that stays within its rate and its time, and leaves an upstream alone that is down or asks for it. Never starts a call or a wait that
//! cannot end in time.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fipe_contract::metric;
use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::answer::RawAnswer;
use crate::breaker::Breaker;
use crate::call::{Call, ReferenceTables};
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
    breaker: Mutex<Breaker>,
    /// Held while the table of references is asked for: one at a time.
    probing: tokio::sync::Mutex<()>,
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
            breaker: Mutex::default(),
            probing: tokio::sync::Mutex::default(),
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
    /// [`Error::Call`] for a permanent fault or after too many transient ones, [`Error::OutOfTime`] at `until`, [`Error::Paused`] when the upstream is
    /// down or takes no calls until then.
    pub async fn ask<C: Call>(&self, call: &C, until: Instant, calls: &mut Calls) -> Result<C::Answer, Error> {
        let mut attempts = 0;
        let mut last = None;
        loop {
            self.check_health(call, until, calls).await?;
            let Some(outcome) = self.attempt(call, until, attempts > 0, calls).await else {
                self.check_pause(call, until)?;
                return Err(Error::OutOfTime { call: call.to_string(), last });
            };
            attempts += 1;
            let fault = match outcome {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            if fault.is_transient() {
                self.check_health(call, until, calls).await?;
            }
            let throttled = matches!(fault, Fault::Throttled { .. });
            if !fault.is_transient() || (attempts >= ATTEMPTS && !throttled) {
                return Err(Error::Call { call: call.to_string(), attempts, fault });
            }
            let attempt = u32::try_from(attempts).unwrap_or(u32::MAX);
            let again = Instant::now() + wait_after(&fault, attempt, rand::random());
            if again + SHORTEST_CALL > until {
                let call = call.to_string();
                return Err(match fault {
                    Fault::Throttled { retry_after: Some(wait) } => Error::Paused { call, wait, fault },
                    _ => Error::OutOfTime { call, last: Some(fault) },
                });
            }
            last = Some(fault);
            sleep_until(again).await;
        }
    }

    /// Goes on if the upstream takes calls before `until`, as far as is known; asks for the table of references if it is suspected to be down.
    async fn check_health(&self, call: &impl Call, until: Instant, calls: &mut Calls) -> Result<(), Error> {
        self.check_pause(call, until)?;
        if !self.breaker(|breaker| breaker.is_suspicious()) {
            return Ok(());
        }
        let Ok(_probing) = timeout_at(until, self.probing.lock()).await else {
            return Err(Error::OutOfTime { call: call.to_string(), last: None });
        };
        // Somebody else may have asked meanwhile.
        self.check_pause(call, until)?;
        if self.breaker(|breaker| breaker.is_suspicious())
            && let Some(Err(fault)) = self.attempt(&ReferenceTables, until, false, calls).await
        {
            self.breaker(|breaker| breaker.is_down(&fault));
        }
        self.check_pause(call, until)
    }

    fn check_pause(&self, call: &impl Call, until: Instant) -> Result<(), Error> {
        self.breaker(|breaker| match breaker.paused() {
            Some((wait, fault)) if breaker.is_suspicious() || Instant::now() + wait + SHORTEST_CALL > until => {
                Err(Error::Paused { call: call.to_string(), wait, fault: fault.clone() })
            }
            _ => Ok(()),
        })
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
        let pause = self.breaker(|breaker| breaker.paused().map_or(Duration::ZERO, |(wait, _)| wait));
        let start = self.pace(|pacing| {
            let start = pacing.take(Instant::now() + pause);
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
            Err(fault) if fault.is_transient() => self.breaker(|breaker| breaker.failed(fault)),
            // That it refuses parameters is an answer, too.
            _ => self.breaker(Breaker::succeeded),
        }
        match &outcome {
            Ok(_) => {
                self.successes.fetch_add(1, Ordering::Relaxed);
                self.pace(Pacing::succeeded);
            }
            Err(Fault::Throttled { .. }) => {
                self.throttled.fetch_add(1, Ordering::Relaxed);
                self.pace(|pacing| pacing.throttled(Instant::now()));
            }
            Err(Fault::Blocked) => {
                self.blocked.fetch_add(1, Ordering::Relaxed);
                self.pace(|pacing| pacing.throttled(Instant::now()));
            }
            Err(_) => {}
        }
        Some(outcome)
    }

    fn pace<R>(&self, change: impl FnOnce(&mut Pacing) -> R) -> R {
        locked(&self.pacing, change)
    }

    fn breaker<R>(&self, change: impl FnOnce(&mut Breaker) -> R) -> R {
        locked(&self.breaker, change)
    }
}

/// What is locked, also after a panic of another task: its state is consistent between any two statements.
fn locked<T, R>(mutex: &Mutex<T>, change: impl FnOnce(&mut T) -> R) -> R {
    change(&mut mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
}

#[cfg(test)]
mod tests;
