//! Where calls fail and work is killed.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use jiff::Timestamp;
use messages_core::{Clock, Fault};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::Instant;
use uuid::Uuid;

/// The dice, and how often calls fail.
pub(crate) struct Chance {
    dice: RefCell<StdRng>,
    /// Percent of the calls that fail; 0 once the faults are over.
    pub(crate) failing: Cell<u32>,
}

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self { dice: RefCell::new(StdRng::seed_from_u64(seed)), failing: Cell::new(0) }
    }

    /// An id that no other has.
    pub(crate) fn id(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.dice.borrow_mut().random()).into_uuid()
    }

    /// A number below `end`.
    pub(crate) fn below(&self, end: usize) -> usize {
        self.dice.borrow_mut().random_range(0..end.max(1))
    }

    /// True in so many of a hundred cases.
    pub(crate) fn percent(&self, percent: u32) -> bool {
        (self.below(100) as u32) < percent
    }

    /// One call: it can be killed before and after its effect, and fail before or after it.
    pub(crate) async fn call<T>(&self, effect: impl FnOnce() -> T) -> Result<T, Fault> {
        let failed = || Fault::Failed { what: "the model", source: "on purpose".into() };
        pause().await;
        // Calls take time, and what runs beside them goes on.
        if self.failing.get() > 0 {
            tokio::time::sleep(Duration::from_millis(1 + self.below(40) as u64)).await;
        }
        if self.percent(self.failing.get()) {
            return Err(failed());
        }
        let value = effect();
        pause().await;
        if self.percent(self.failing.get()) {
            return Err(failed());
        }
        Ok(value)
    }
}

/// Pending once: where work can be killed.
async fn pause() {
    let mut is_first = true;
    poll_fn(|context| {
        if std::mem::take(&mut is_first) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}

/// Runs work, and kills it at the poll with this number, if it comes so far.
pub(crate) async fn killed_at<T>(poll: Option<usize>, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut polls = 0;
    poll_fn(|context| {
        polls += 1;
        if poll.is_some_and(|last| polls > last) {
            return Poll::Ready(None);
        }
        work.as_mut().poll(context).map(Some)
    })
    .await
}

/// The runtime's paused time, as a time of day.
#[derive(Clone, Copy)]
pub(crate) struct VirtualClock {
    start: Instant,
}

impl VirtualClock {
    pub(crate) fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let base: Timestamp = "2026-11-02T12:00:00Z".parse().unwrap();
        base + (Instant::now() - self.start)
    }
}
