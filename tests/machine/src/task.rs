//! Tasks without a runtime, for rules over fakes: run alone, or two of them in a given order, call by call.

use std::future::{Future, poll_fn};
use std::task::{Context, Poll, Waker};

/// Runs a task alone.
pub fn alone<R>(task: impl Future<Output = R>) -> R {
    let mut task = std::pin::pin!(task);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(end) = task.as_mut().poll(&mut context) {
            return end;
        }
    }
}

/// Runs two tasks to their ends in the order that the bits of `schedule` say, call by call.
///
/// # Panics
/// Never: both end.
#[must_use]
pub fn interleave<F: Future>(schedule: u32, tasks: [F; 2]) -> [F::Output; 2] {
    let mut tasks = tasks.map(Box::pin);
    let mut ends: [Option<F::Output>; 2] = [None, None];
    let mut context = Context::from_waker(Waker::noop());
    let mut step = 0;
    while ends.iter().any(Option::is_none) {
        let wanted = (schedule.rotate_right(step) & 1) as usize;
        step += 1;
        let turn = if ends[wanted].is_none() { wanted } else { 1 - wanted };
        if let Poll::Ready(end) = tasks[turn].as_mut().poll(&mut context) {
            ends[turn] = Some(end);
        }
    }
    ends.map(|end| end.expect("both ended"))
}

/// What a fake waits for in each of its calls, so that the other task can have its turn.
pub fn others_first() -> impl Future<Output = ()> {
    let mut is_first = true;
    poll_fn(move |_| if std::mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) })
}
