//! How a model year and fuel is written: FIPE's `2014-5`. Never parses labels, which are incomplete for motorcycles and trucks.

use std::fmt;
use std::str::FromStr;

use crate::Error;
use crate::limits::{FUEL_CODES, MODEL_YEARS, ZERO_KM};
use crate::message::YearFuel;

impl YearFuel {
    /// # Errors
    /// [`Error::YearFuel`] when the year is neither within [`MODEL_YEARS`] nor [`ZERO_KM`], or the fuel not within
    /// [`FUEL_CODES`].
    pub fn new(model_year: i32, fuel_code: i16) -> Result<Self, Error> {
        let year = MODEL_YEARS.contains(&model_year) || model_year == ZERO_KM;
        if year && FUEL_CODES.contains(&fuel_code) {
            Ok(Self { model_year, fuel_code })
        } else {
            Err(Error::YearFuel { text: format!("{model_year}-{fuel_code}") })
        }
    }
}

impl fmt::Display for YearFuel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.model_year, self.fuel_code)
    }
}

impl FromStr for YearFuel {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let fault = || Error::YearFuel { text: text.to_owned() };
        let (year, fuel) = text.split_once('-').ok_or_else(fault)?;
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(year) || !digits(fuel) {
            return Err(fault());
        }
        Self::new(year.parse().map_err(|_| fault())?, fuel.parse().map_err(|_| fault())?)
    }
}

impl TryFrom<String> for YearFuel {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<YearFuel> for String {
    fn from(year_fuel: YearFuel) -> Self {
        year_fuel.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_and_fuel_reads_as_fipe_writes_it() {
        for text in ["2014-5", "32000-1", "1985-3", "2100-99"] {
            assert_eq!(text.parse::<YearFuel>().unwrap().to_string(), text);
        }
        for wrong in ["", "2014", "2014-", "-1", "2014-0", "2014-100", "1899-1", "2101-1", "+2014-1", "2014 Flex"] {
            assert!(wrong.parse::<YearFuel>().is_err(), "{wrong:?}");
        }
    }
}
