//! The machine's clock.

use std::time::Duration;

use analytics_core::Clock;
use jiff::Timestamp;

/// What time it is, and waiting.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}
