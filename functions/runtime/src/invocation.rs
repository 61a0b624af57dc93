//! One invocation: its id and its deadlines.

use std::time::{Duration, SystemTime};

use contract::work_time;
use lambda_runtime::Context;
use tokio::time::Instant;

/// One invocation of a function.
///
/// Lambda kills the process at the timeout. Before it there are three deadlines: `work_until`, after which no new work begins so
/// that results can still be sent, `deadline`, at which the harness
/// stops waiting for the handler, and `answer_by`, at which it stops trying to send dead letters.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Lambda's id of the invocation, the same again when an asynchronous invocation is retried.
    pub request_id: String,
    /// No new work after this: see [`contract::work_time`].
    pub work_until: Instant,
    /// The harness responds now: a tenth of the time, at most 5 s, before the timeout.
    pub deadline: Instant,
    /// The response leaves now, whatever is still in progress: half of that margin before the timeout.
    pub answer_by: Instant,
}

impl Invocation {
    /// An invocation that has `left` until its timeout.
    pub fn new(request_id: impl Into<String>, left: Duration) -> Self {
        let now = Instant::now();
        let answer_margin = (left / 10).min(Duration::from_secs(5));
        Self {
            request_id: request_id.into(),
            work_until: now + work_time(left),
            deadline: now + (left - answer_margin),
            answer_by: now + (left - answer_margin / 2),
        }
    }

    pub(crate) fn from_context(context: &Context) -> Self {
        let left = context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
        Self::new(context.request_id.clone(), left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn margins_scale_with_the_time_out() {
        let left = |seconds| {
            let invocation = Invocation::new("r", Duration::from_secs(seconds));
            let now = Instant::now();
            (invocation.work_until - now, invocation.deadline - now, invocation.answer_by - now)
        };
        assert_eq!(left(300), (Duration::from_secs(280), Duration::from_secs(295), Duration::from_millis(297_500)));
        assert_eq!(left(9), (Duration::from_millis(7_200), Duration::from_millis(8_100), Duration::from_millis(8_550)));
        assert_eq!(left(0), (Duration::ZERO, Duration::ZERO, Duration::ZERO));
    }
}
