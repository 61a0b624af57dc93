//! How much a client may do in a window of time, and the headers that tell it: `RateLimit-Policy` and `RateLimit` (IETF draft "RateLimit header
//! fields for HTTP"). Windows are fixed, so that a store needs one counter a client and window. The counting is the caller's.

use crate::answer::Answer;
use crate::problem::Problem;

/// A limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Letters, digits and hyphens, such as `user`.
    pub name: &'static str,
    /// How much is allowed in a window.
    pub quota: u32,
    /// The length of a window, in seconds; at least 1.
    pub window: u32,
}

/// How much of a limit is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    limit: Limit,
    used: u32,
    reset: u32,
}

impl Limit {
    /// The window of a time: the number to count under. `now` is in seconds since 1970.
    pub fn window_at(&self, now: i64) -> i64 {
        now.div_euclid(self.length())
    }

    /// When a window ends, in seconds since 1970: what is counted in it is worthless from then on.
    pub fn end_of(&self, window: i64) -> i64 {
        window.saturating_add(1).saturating_mul(self.length())
    }

    /// The usage once `used` has been counted in the window of `now`, including what is asked for.
    pub fn usage(&self, used: u32, now: i64) -> Usage {
        let reset = self.end_of(self.window_at(now)).saturating_sub(now);
        Usage { limit: *self, used, reset: u32::try_from(reset).unwrap_or(self.window) }
    }

    fn length(&self) -> i64 {
        i64::from(self.window.max(1))
    }
}

impl Usage {
    /// Whether what is asked for is too much.
    pub fn is_exceeded(&self) -> bool {
        self.used > self.limit.quota
    }

    /// How much may still be done in the window.
    pub fn remaining(&self) -> u32 {
        self.limit.quota.saturating_sub(self.used)
    }

    /// Seconds until the next window begins, at least 1.
    pub fn reset(&self) -> u32 {
        self.reset
    }

    /// The error 429 for what is too much, with `Retry-After`. Its answer needs the other headers too: [`Answer::with_usage`].
    pub fn problem(&self) -> Problem {
        let Self { limit, reset, .. } = self;
        let detail = format!("{} in {} seconds are allowed; try again in {reset} seconds", limit.quota, limit.window);
        Problem::new(429).because(detail).retry_after(*reset)
    }
}

impl Answer {
    /// The same with what is left of a limit.
    #[must_use]
    pub fn with_usage(self, usage: &Usage) -> Self {
        let Limit { name, quota, window } = usage.limit;
        self.with_header("ratelimit-policy", format!("\"{name}\";q={quota};w={window}"))
            .with_header("ratelimit", format!("\"{name}\";r={};t={}", usage.remaining(), usage.reset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit { name: "user", quota: 600, window: 60 };
    /// The start of a minute.
    const START: i64 = 1_767_225_600;

    #[test]
    fn a_window_is_counted_under_one_number_until_it_ends() {
        let window = LIMIT.window_at(START);
        assert_eq!(LIMIT.window_at(START + 59), window);
        assert_eq!(LIMIT.window_at(START + 60), window + 1);
        assert_eq!(LIMIT.window_at(START - 1), window - 1);
        assert_eq!(LIMIT.end_of(window), START + 60);
        assert_eq!((LIMIT.window_at(-1), LIMIT.end_of(-1)), (-1, 0));
    }

    #[test]
    fn every_answer_says_what_is_left_and_until_when() {
        let headers = |used: u32, now: i64| {
            let answer = Answer::json(200, &1).with_usage(&LIMIT.usage(used, now));
            (answer.headers["ratelimit-policy"].clone(), answer.headers["ratelimit"].clone())
        };
        let policy = "\"user\";q=600;w=60".to_owned();
        assert_eq!(headers(1, START + 18), (policy.clone(), "\"user\";r=599;t=42".to_owned()));
        assert_eq!(headers(600, START), (policy.clone(), "\"user\";r=0;t=60".to_owned()));
        assert_eq!(headers(700, START + 59), (policy, "\"user\";r=0;t=1".to_owned()));
    }

    #[test]
    fn what_is_too_much_is_told_to_wait_for_the_next_window() {
        assert!(!LIMIT.usage(600, START).is_exceeded());
        let usage = LIMIT.usage(601, START + 18);
        assert!(usage.is_exceeded());
        let answer = Answer::from(usage.problem()).with_usage(&usage);
        assert_eq!((answer.status, answer.headers["retry-after"].as_str()), (429, "42"));
        assert_eq!(answer.headers["ratelimit"], "\"user\";r=0;t=42");
        assert!(answer.body.contains("600 in 60 seconds are allowed; try again in 42 seconds"), "{}", answer.body);
        assert!(!LIMIT.usage(1, START + 60).is_exceeded(), "the next window starts from nothing");
    }

    #[test]
    fn a_limit_without_length_lasts_a_second() {
        let limit = Limit { window: 0, ..LIMIT };
        assert_eq!((limit.window_at(7), limit.usage(1, 7).reset()), (7, 1));
    }
}
