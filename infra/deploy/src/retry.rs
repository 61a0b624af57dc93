//! How often AWS is asked, and again after a refusal for the moment. Refuses to repeat what cannot succeed.

use std::time::Duration;

use crate::run::Teller;
use crate::{CallError, Event};

/// The rhythm of asking: it starts at `first` and grows by half with every question that brought nothing new, up to `most`.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Pause after the first question.
    pub first: Duration,
    /// Longest pause.
    pub most: Duration,
    /// How many times a throttled or transient call is made again before it counts as failed.
    pub retries: u32,
}

impl Pace {
    /// AWS: every 2 s, as its own tools do; the first answers sooner, since small changes are done in a second.
    pub const AWS: Self = Self { first: Duration::from_millis(500), most: Duration::from_secs(2), retries: 8 };
    /// A cloud on this machine.
    pub const LOCAL: Self = Self { first: Duration::from_millis(10), most: Duration::from_millis(100), retries: 8 };

    pub(crate) fn start(self) -> Pauses {
        Pauses { pace: self, next: self.first }
    }
}

pub(crate) struct Pauses {
    pace: Pace,
    next: Duration,
}

impl Pauses {
    pub(crate) fn restart(&mut self) {
        self.next = self.pace.first;
    }

    pub(crate) async fn pause(&mut self) {
        tokio::time::sleep(self.next).await;
        self.next = (self.next * 3 / 2).min(self.pace.most);
    }
}

/// Makes a call until it is answered, fails for good, or has been refused `pace.retries` times.
pub(crate) async fn retry<T>(
    pace: Pace,
    teller: &Teller<'_>,
    mut call: impl AsyncFnMut() -> Result<T, CallError>,
) -> Result<T, CallError> {
    let mut pause = pace.most;
    for _ in 0..pace.retries {
        match call().await {
            Err(error) if error.is_retryable() => {
                teller.tell(Event::Retrying { operation: error.operation.to_owned(), reason: error.message });
            }
            answer => return answer,
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(pace.most * 8);
    }
    call().await
}
