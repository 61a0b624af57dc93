//! A limit of calls a minute, as FIPE has one for each address: within any 60 seconds, no more than so many calls.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct RateLimit {
    calls_per_minute: usize,
    granted: VecDeque<Instant>,
}

impl RateLimit {
    pub(crate) fn new(calls_per_minute: u32) -> Self {
        Self { calls_per_minute: calls_per_minute as usize, granted: VecDeque::new() }
    }

    /// Grants a call, or says after how long the next one will be granted.
    pub(crate) fn ask(&mut self, now: Instant) -> Result<(), Duration> {
        while self.granted.front().is_some_and(|&call| now.duration_since(call) >= WINDOW) {
            self.granted.pop_front();
        }
        if self.granted.len() < self.calls_per_minute {
            self.granted.push_back(now);
            return Ok(());
        }
        Err(self.granted.front().map_or(WINDOW, |&call| WINDOW - now.duration_since(call)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_minute_has_more_calls_than_allowed() {
        let (mut limit, start) = (RateLimit::new(2), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(limit.ask(at(0)), Ok(()));
        assert_eq!(limit.ask(at(10)), Ok(()));
        assert_eq!(limit.ask(at(20)), Err(Duration::from_secs(40)));
        assert_eq!(limit.ask(at(60)), Ok(()));
        assert_eq!(limit.ask(at(60)), Err(Duration::from_secs(10)));
    }
}
