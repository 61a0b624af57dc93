//! How large a function is, and how many of its instances run at the same time.

use std::time::Duration;

use crate::Section;

/// Memory and timeout of one invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FunctionSize {
    /// MB, 128 to 10,240.
    pub memory_mb: u32,
    /// 1 s to 900 s.
    pub timeout: Duration,
}

/// A function that consumes a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsumerSize {
    pub size: FunctionSize,
    /// The most instances that the queue's mapping starts, 2 to 1,000 (SQS's limits).
    pub max_concurrency: u32,
}

impl FunctionSize {
    /// `memory_mb`, `timeout_seconds`.
    pub fn read(mut section: Section<'_>) -> Self {
        let size = Self::of(&mut section);
        section.refuse_unknown_keys();
        size
    }

    /// The same, among other keys of the section.
    pub fn of(section: &mut Section<'_>) -> Self {
        Self {
            memory_mb: section.whole("memory_mb", 128..=10_240, "MB"),
            timeout: seconds(section.whole("timeout_seconds", 1..=900, "seconds")),
        }
    }
}

impl ConsumerSize {
    /// `memory_mb`, `timeout_seconds`, `max_concurrency`.
    pub fn read(mut section: Section<'_>) -> Self {
        let size = FunctionSize::of(&mut section);
        let consumer = Self { size, max_concurrency: section.whole("max_concurrency", 2..=1000, "instances") };
        section.refuse_unknown_keys();
        consumer
    }
}

/// A number of seconds as a duration.
pub fn seconds(number: u32) -> Duration {
    Duration::from_secs(u64::from(number))
}
