//! Reference months as FIPE writes them: a code, a calendar month and two spellings.
//! Refuses codes as an order: months are ordered by the calendar alone, because FIPE's codes are not monotonic.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

const NAMES: [&str; 12] = [
    "janeiro",
    "fevereiro",
    "março",
    "abril",
    "maio",
    "junho",
    "julho",
    "agosto",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
];

/// A calendar month, ordered by the calendar. Written `2026-08`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: u16,
    month: u8,
}

impl Month {
    /// `month` is 1 to 12; anything else is `None`.
    pub fn new(year: u16, month: u8) -> Option<Self> {
        (1..=12).contains(&month).then_some(Self { year, month })
    }

    pub fn year(self) -> u16 {
        self.year
    }

    /// The month `count` months earlier.
    pub fn minus(self, count: u16) -> Self {
        let months = u32::from(self.year) * 12 + u32::from(self.month) - 1;
        Self::from_months(months.saturating_sub(u32::from(count)))
    }

    pub fn next(self) -> Self {
        Self::from_months(u32::from(self.year) * 12 + u32::from(self.month))
    }

    fn from_months(months: u32) -> Self {
        Self { year: u16::try_from(months / 12).unwrap_or(u16::MAX), month: (months % 12) as u8 + 1 }
    }

    /// `agosto/2026 `, as the reference table writes it: with a trailing blank.
    pub fn in_reference_table(self) -> String {
        format!("{}/{} ", self.name(), self.year)
    }

    /// `agosto de 2026 `, as a price writes it: with a trailing blank.
    pub fn in_price(self) -> String {
        format!("{} de {} ", self.name(), self.year)
    }

    /// The month's Portuguese name, in lower case.
    pub fn name(self) -> &'static str {
        NAMES[usize::from(self.month) - 1]
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = || format!("{text:?} is not a month: write it as 2026-08");
        let (year, month) = text.split_once('-').ok_or_else(refuse)?;
        if year.len() != 4 || month.len() != 2 {
            return Err(refuse());
        }
        Self::new(year.parse().map_err(|_| refuse())?, month.parse().map_err(|_| refuse())?).ok_or_else(refuse)
    }
}

impl Serialize for Month {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One entry of FIPE's reference table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Reference {
    pub month: Month,
    pub code: u32,
}

impl Reference {
    /// From a data set's file name, which begins `YYYY-MM-refNNN` (`2026-08-ref336.csv.gz`).
    pub fn from_file_name(name: &str) -> Option<Self> {
        let month = name.get(..7)?.parse().ok()?;
        let rest = name.get(7..)?.strip_prefix("-ref")?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        Some(Self { month, code: rest[..digits].parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_end_with_a_blank() {
        let march: Month = "2026-03".parse().unwrap();
        assert_eq!(march.in_reference_table(), "março/2026 ");
        assert_eq!(march.in_price(), "março de 2026 ");
    }

    #[test]
    fn months_are_counted_over_the_turn_of_the_year() {
        let january: Month = "2026-01".parse().unwrap();
        assert_eq!(january.minus(1).to_string(), "2025-12");
        assert_eq!(january.minus(13).to_string(), "2024-12");
        assert_eq!(january.minus(1).next(), january);
    }

    #[test]
    fn a_file_name_tells_month_and_reference() {
        let reference = Reference::from_file_name("2026-08-ref336.csv.gz").unwrap();
        assert_eq!((reference.month.to_string().as_str(), reference.code), ("2026-08", 336));
        for name in ["2026-8-ref336.csv", "2026-13-ref1.csv", "2026-08.csv", "2026-08-ref.csv", "agosto"] {
            assert_eq!(Reference::from_file_name(name), None, "{name}");
        }
    }
}
