//! Durations and counts as people read them, in at most two units.

use std::time::Duration;

/// `0.4s`, `12s`, `3m12s`, `1h04m`.
pub(crate) fn exact(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..10 => format!("{seconds}.{}s", duration.subsec_millis() / 100),
        10..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// For estimates: `~20s`, `~9m`, `~1h`.
pub(crate) fn about(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..90 => format!("~{}s", seconds.max(1)),
        90..5_400 => format!("~{}m", (seconds + 30) / 60),
        _ => format!("~{}h", (seconds + 1_800) / 3_600),
    }
}

/// `1 resource`, `3 resources`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_two_units_at_most() {
        for (milliseconds, text) in
            [(400, "0.4s"), (9_990, "9.9s"), (12_900, "12s"), (192_000, "3m12s"), (3_840_000, "1h04m")]
        {
            assert_eq!(exact(Duration::from_millis(milliseconds)), text);
        }
    }

    #[test]
    fn what_is_usual_has_one_unit() {
        for (seconds, text) in [(0, "~1s"), (20, "~20s"), (540, "~9m"), (89, "~89s"), (90, "~2m"), (5_400, "~2h")] {
            assert_eq!(about(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!((counted(1, "stack"), counted(0, "stack")), ("1 stack".to_owned(), "0 stacks".to_owned()));
    }
}
