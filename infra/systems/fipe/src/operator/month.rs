//! A reference month, as people write it and as data files are named.

use std::fmt;
use std::path::Path;

/// A reference month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Month {
    pub(crate) year: u16,
    pub(crate) month: u8,
}

impl Month {
    /// Reads `YYYY-MM`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let is_month = year.len() == 4 && month.len() == 2 && digits(year) && digits(month);
        let (year, month) = (year.parse().ok()?, month.parse().ok()?);
        // FIPE's first month is January 2001.
        (is_month && year >= 2001 && (1..=12).contains(&month)).then_some(Self { year, month })
    }

    /// The month of a file named `YYYY-MM-refNNN..`.
    pub(crate) fn of_file(path: &Path) -> Option<Self> {
        Self::parse(path.file_name()?.to_str()?.get(..7)?)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:02}", self.year, self.month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_read_only_in_its_one_form() {
        assert_eq!(Month::parse("2026-08"), Some(Month { year: 2026, month: 8 }));
        for text in ["2026-8", "2026-13", "2026-00", "26-08", "2000-12", "08-2026", "2026-08-01", "+026-08", ""] {
            assert_eq!(Month::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_file_tells_its_month() {
        let month = Month::of_file(Path::new("../data/2026-07-ref335.csv.gz"));
        assert_eq!(month.unwrap().to_string(), "2026-07");
        assert_eq!(Month::of_file(Path::new("prices.csv.gz")), None);
    }
}
