//! How much of a timeout is available for work.

use std::time::Duration;

/// The longest time that is held back.
const LONGEST_MARGIN: Duration = Duration::from_secs(20);

/// The part of a timeout in which a function may start work: four fifths, and all but 20 s of a long one. The rest is for
/// sending the results. Synth plans batches with it, and the runtime stops starting work at it.
pub fn work_time(timeout: Duration) -> Duration {
    timeout - (timeout / 5).min(LONGEST_MARGIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_is_kept_back_and_never_more_than_twenty_seconds() {
        let seconds = |timeout| work_time(Duration::from_secs(timeout)).as_secs_f64();
        assert_eq!([1, 10, 100, 101, 300, 900].map(seconds), [0.8, 8.0, 80.0, 81.0, 280.0, 880.0]);
        assert_eq!(work_time(Duration::ZERO), Duration::ZERO);
    }
}
