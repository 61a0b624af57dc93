//! Moments as arguments: an age such as `2h`, or the moment itself.

use jiff::{SpanRelativeTo, Timestamp};

/// A moment, or a duration before now.
pub(crate) fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(moment) = text.parse() {
        return Ok(moment);
    }
    let span: Result<jiff::Span, _> = text.parse();
    let age = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()));
    let age =
        age.map_err(|_| "give an age such as 90s, 10m, 2h, 1d, or a moment such as 2026-08-05T06:00:00Z".to_owned())?;
    Timestamp::now().checked_sub(age.abs()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_an_age_or_a_moment() {
        for (age, seconds) in [("90s", 90), ("10m", 600), ("2h", 7_200), ("1d", 86_400)] {
            let from = moment(age).unwrap();
            let ago = Timestamp::now().duration_since(from).as_secs();
            assert!((seconds..seconds + 5).contains(&ago), "{age}: {ago}");
        }
        assert_eq!(moment("2026-08-05T06:00:00Z"), Ok("2026-08-05T06:00:00Z".parse().unwrap()));
        assert!(moment("yesterday").unwrap_err().contains("10m"));
    }
}
