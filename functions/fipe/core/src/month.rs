//! A calendar month, and how FIPE spells it. No days and no clock.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::limits::REFERENCE_YEARS;

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

/// A month within the [`REFERENCE_YEARS`], ordered by calendar; `YYYY-MM` as text and in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Month {
    year: i16,
    month: i8,
}

impl Month {
    /// # Errors
    /// [`InvalidMonth`] when the year is none of [`REFERENCE_YEARS`] or the month not 1 to 12.
    pub fn new(year: i16, month: i8) -> Result<Self, InvalidMonth> {
        if REFERENCE_YEARS.contains(&year) && (1..=12).contains(&month) {
            Ok(Self { year, month })
        } else {
            Err(InvalidMonth { text: format!("{year}-{month}") })
        }
    }

    /// Reads FIPE's two spellings, `agosto/2026 ` and `agosto de 2026 `, with or without the cedilla of `março`.
    ///
    /// # Errors
    /// [`InvalidMonth`] for any other text.
    pub fn from_portuguese(text: &str) -> Result<Self, InvalidMonth> {
        let fault = || InvalidMonth { text: text.to_owned() };
        let lower = text.trim().to_lowercase();
        let (name, year) = lower.split_once('/').or_else(|| lower.split_once(" de ")).ok_or_else(fault)?;
        let name = name.trim();
        let index = if name == "marco" { Some(2) } else { NAMES.iter().position(|known| *known == name) };
        let month = index.and_then(|index| i8::try_from(index + 1).ok()).ok_or_else(fault)?;
        Self::new(year.trim().parse().map_err(|_| fault())?, month).map_err(|_| fault())
    }

    /// One of [`REFERENCE_YEARS`].
    pub fn year(self) -> i16 {
        self.year
    }

    /// 1 to 12.
    pub fn month(self) -> i8 {
        self.month
    }

    /// The first day of the month, as the database stores it.
    pub fn to_date(self) -> Date {
        jiff::civil::date(self.year, self.month, 1)
    }
}

/// A text that is no month.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a month: YYYY-MM of the years {} to {}", REFERENCE_YEARS.start(), REFERENCE_YEARS.end())]
pub struct InvalidMonth {
    text: String,
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = InvalidMonth;

    fn from_str(text: &str) -> Result<Self, InvalidMonth> {
        let fault = || InvalidMonth { text: text.to_owned() };
        let (year, month) = text.split_once('-').ok_or_else(fault)?;
        let digits = |part: &str, count: usize| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(fault());
        }
        Self::new(year.parse().map_err(|_| fault())?, month.parse().map_err(|_| fault())?)
    }
}

impl TryFrom<String> for Month {
    type Error = InvalidMonth;

    fn try_from(text: String) -> Result<Self, InvalidMonth> {
        text.parse()
    }
}

impl From<Month> for String {
    fn from(month: Month) -> Self {
        month.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_of_fipes_spellings_are_the_same_month() {
        let august = Month::new(2026, 8).unwrap();
        assert_eq!(Month::from_portuguese("agosto/2026 ").unwrap(), august);
        assert_eq!(Month::from_portuguese("agosto de 2026 ").unwrap(), august);
        assert_eq!(Month::from_portuguese("MARÇO de 2019").unwrap(), Month::new(2019, 3).unwrap());
        assert_eq!(Month::from_portuguese("marco/2019").unwrap(), Month::new(2019, 3).unwrap());
        for wrong in ["", "agosto", "agosto 2026", "august/2026", "agosto/26", "agosto/20266", "agosto de dois"] {
            assert!(Month::from_portuguese(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_month_is_four_and_two_digits_in_json() {
        let march = Month::new(2026, 3).unwrap();
        assert_eq!(serde_json::to_string(&march).unwrap(), r#""2026-03""#);
        assert_eq!(serde_json::from_str::<Month>(r#""2026-03""#).unwrap(), march);
        for wrong in [r#""2026-13""#, r#""2026-00""#, r#""2026-3""#, r#""26-03""#, r#""2026-+3""#, "202603"] {
            assert!(serde_json::from_str::<Month>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn months_order_by_calendar_and_start_on_their_first_day() {
        let mut months: Vec<Month> = ["2026-01", "2003-12", "2026-11"].map(|text| text.parse().unwrap()).to_vec();
        months.sort();
        assert_eq!(months.iter().map(ToString::to_string).collect::<Vec<_>>(), ["2003-12", "2026-01", "2026-11"]);
        assert_eq!(months[2].to_date(), jiff::civil::date(2026, 11, 1));
    }
}
