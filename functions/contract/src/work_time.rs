//! How much of a time-out is for work.

use std::time::Duration;

/// The longest time that is kept back.
const LONGEST_MARGIN: Duration = Duration::from_secs(20);

/// The part of a time-out in which a function begins work: four fifths, and all but 20 s of a long one. The rest is for
/// sending on what is done. Synth plans a batch with it, and the runtime stops at it.
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
