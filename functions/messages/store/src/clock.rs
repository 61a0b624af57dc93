//! The machine's clock.

use jiff::Timestamp;
use messages_core::Clock;

/// What time it is.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
