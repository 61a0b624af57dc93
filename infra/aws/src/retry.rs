//! How often AWS is polled, and when a call is retried. Never repeats what cannot succeed.

use std::time::Duration;

use crate::CallError;

/// The polling interval: it starts at `first` and grows by half after each poll without news, up to `most`.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Pause after the first poll.
    pub first: Duration,
    /// Longest pause.
    pub most: Duration,
    /// How many times a throttled or transient call is retried before it counts as failed.
    pub retries: u32,
}

impl Pace {
    /// AWS: every 2 s, as its own tools do; sooner at first, since small changes are done in a second.
    pub const AWS: Self = Self { first: Duration::from_millis(500), most: Duration::from_secs(2), retries: 8 };
    /// A cloud on this machine.
    pub const LOCAL: Self = Self { first: Duration::from_millis(10), most: Duration::from_millis(100), retries: 8 };

    /// Pauses at this pace, from the start.
    pub fn start(self) -> Pauses {
        Pauses { pace: self, next: self.first }
    }
}

/// The pauses between polls.
#[derive(Debug, Clone)]
pub struct Pauses {
    pace: Pace,
    next: Duration,
}

impl Pauses {
    /// Starts again with the shortest pause.
    pub fn restart(&mut self) {
        self.next = self.pace.first;
    }

    /// Waits; the next pause is longer.
    pub async fn pause(&mut self) {
        tokio::time::sleep(self.next).await;
        self.next = (self.next * 3 / 2).min(self.pace.most);
    }
}

/// Repeats a call until it succeeds, fails permanently, or has been retried `pace.retries` times. `on_retry` gets each error
/// after which the call is retried.
///
/// # Errors
/// The permanent error, or the last one.
pub async fn retry<T>(
    pace: Pace,
    mut on_retry: impl FnMut(CallError),
    mut call: impl AsyncFnMut() -> Result<T, CallError>,
) -> Result<T, CallError> {
    let mut pause = pace.most;
    for _ in 0..pace.retries {
        match call().await {
            Err(error) if error.is_retryable() => on_retry(error),
            answer => return answer,
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(pace.most * 8);
    }
    call().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CallErrorKind;

    const PACE: Pace = Pace { first: Duration::ZERO, most: Duration::ZERO, retries: 2 };

    /// How many calls are made when each fails with this kind.
    async fn calls(kind: CallErrorKind) -> (u32, u32) {
        let (mut calls, mut retries) = (0, 0);
        let answer = retry(
            PACE,
            |_| retries += 1,
            async || {
                calls += 1;
                Err::<(), _>(CallError { operation: "X", code: None, message: String::new(), kind, source: None })
            },
        );
        answer.await.unwrap_err();
        (calls, retries)
    }

    #[tokio::test]
    async fn only_what_can_succeed_later_is_called_again_and_not_for_ever() {
        assert_eq!(calls(CallErrorKind::Throttled).await, (3, 2));
        assert_eq!(calls(CallErrorKind::Transient).await, (3, 2));
        for kind in [CallErrorKind::Denied, CallErrorKind::Unsigned, CallErrorKind::Incomplete { field: "Id" }] {
            assert_eq!(calls(kind).await, (1, 0), "{kind:?}");
        }
    }
}
