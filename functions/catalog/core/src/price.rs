//! A price: a decimal of at most two places from 0 to 9,999,999,999.99. Never a float and never rounded: it is read from its digits.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::PartialSchema;
use utoipa::openapi::{RefOr, Schema};

/// 9,999,999,999.99 in hundredths.
const MOST_CENTS: i64 = 999_999_999_999;

/// A price, displayed with two places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Price(Decimal);

/// A text that is not a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoPrice {
    #[error("must be digits with at most two decimal places, such as \"19.90\"")]
    Text,
    #[error("must have at most two decimal places")]
    Places,
    #[error("must not be below 0")]
    Negative,
    #[error("must be at most 9999999999.99")]
    Large,
}

impl Price {
    /// Reads a decimal string: 1 to 10 digits, optionally followed by a point and one or two more.
    ///
    /// # Errors
    /// Says what is allowed.
    pub fn from_text(text: &str) -> Result<Self, NoPrice> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (whole, places) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(places) {
            return Err(NoPrice::Text);
        }
        if text.starts_with('-') {
            return Err(NoPrice::Negative);
        }
        if places.len() > 2 {
            return Err(NoPrice::Places);
        }
        if whole.len() > 10 {
            return Err(NoPrice::Large);
        }
        Self::checked(Decimal::from_str_exact(unsigned).map_err(|_| NoPrice::Text)?)
    }

    /// Reads a number as JSON writes it, from its digits: `19.99`, `1e2`, `-0.0`. Its value counts, so `1.500` has one place.
    ///
    /// # Errors
    /// Says what is allowed.
    pub fn from_number(text: &str) -> Result<Self, NoPrice> {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, places) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_negative = whole.starts_with('-');
        let digits = format!("{}{places}", whole.trim_start_matches('-'));
        let significant = digits.trim_start_matches('0');
        if significant.is_empty() {
            return Ok(Self(Decimal::new(0, 2)));
        }
        if is_negative {
            return Err(NoPrice::Negative);
        }
        let trimmed = significant.trim_end_matches('0');
        let zeros = i64::try_from(significant.len() - trimmed.len()).unwrap_or(i64::MAX);
        let after_point = i64::try_from(places.len()).unwrap_or(i64::MAX);
        let exponent = match exponent.parse::<i64>() {
            Ok(exponent) => exponent,
            Err(_) if exponent.starts_with('-') => return Err(NoPrice::Places),
            Err(_) => return Err(NoPrice::Large),
        };
        // The value is `trimmed` × 10^power.
        let power = exponent.saturating_sub(after_point).saturating_add(zeros);
        match (power, trimmed.parse::<i64>()) {
            (..=-3, _) => Err(NoPrice::Places),
            (-2..=9, Ok(value)) => {
                let factor = 10_i64.pow(u32::try_from(power + 2).unwrap_or_default());
                let cents = value.checked_mul(factor).ok_or(NoPrice::Large)?;
                Self::checked(Decimal::new(cents, 2))
            }
            _ => Err(NoPrice::Large),
        }
    }

    fn checked(value: Decimal) -> Result<Self, NoPrice> {
        if value > Decimal::new(MOST_CENTS, 2) { Err(NoPrice::Large) } else { Ok(Self(value)) }
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", self.0)
    }
}

impl From<Price> for String {
    fn from(price: Price) -> Self {
        price.to_string()
    }
}

impl TryFrom<String> for Price {
    type Error = NoPrice;

    fn try_from(text: String) -> Result<Self, NoPrice> {
        Self::from_text(&text)
    }
}

/// The OpenAPI schema of a price that a client gives.
pub(crate) fn schema() -> RefOr<Schema> {
    let schema = json!({
        "description": "A decimal string or a number with at most two places, from 0 to 9999999999.99; it is never rounded.",
        "examples": ["19.90", 19.9],
        "oneOf": [
            {"type": "string", "pattern": r"^[0-9]{1,10}(\.[0-9]{1,2})?$"},
            {"type": "number", "minimum": 0, "maximum": 9_999_999_999.99, "multipleOf": 0.01},
        ],
    });
    serde_json::from_value(schema).unwrap_or_else(|_| <String as PartialSchema>::schema())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_string_is_a_price_with_two_places() {
        let read = |text| Price::from_text(text).map(|price| price.to_string());
        for (text, price) in [("0", "0.00"), ("19.9", "19.90"), ("007", "7.00"), ("9999999999.99", "9999999999.99")] {
            assert_eq!(read(text).as_deref(), Ok(price));
        }
        for text in ["", " 1", "1 ", "1\n", "+1", "1.", ".5", "1e2", "1,5", "1.2.3", "٣", "NaN", "0x1", "-"] {
            assert_eq!(read(text), Err(NoPrice::Text), "{text:?}");
        }
        assert_eq!(read("1.999"), Err(NoPrice::Places));
        assert_eq!(read("-1"), Err(NoPrice::Negative));
        assert_eq!(read("10000000000"), Err(NoPrice::Large));
    }

    #[test]
    fn a_number_is_read_by_its_digits() {
        let read = |text| Price::from_number(text).map(|price| price.to_string());
        for (text, price) in [
            ("0", "0.00"),
            ("-0.0", "0.00"),
            ("0e99999999999999999999", "0.00"),
            ("19.99", "19.99"),
            ("1.500", "1.50"),
            ("1e2", "100.00"),
            ("1E+2", "100.00"),
            ("1234e-2", "12.34"),
            ("0.0012e3", "1.20"),
            ("9999999999.99", "9999999999.99"),
            ("1000000000", "1000000000.00"),
            ("1e9", "1000000000.00"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(price), "{text}");
        }
        // As a float, each of the first two would be 19.99.
        for text in [
            "19.990000000000000001",
            "19.98999999999999999999999999999999999",
            "1.234",
            "1e-3",
            "1e-999999999999999999999",
        ] {
            assert_eq!(read(text), Err(NoPrice::Places), "{text}");
        }
        for text in [
            "9999999999.991e1",
            "10000000000",
            "1e10",
            "123456789e9",
            "12345678901234567890",
            "1e999999999999999999999",
        ] {
            assert_eq!(read(text), Err(NoPrice::Large), "{text}");
        }
        assert_eq!(read("-0.01"), Err(NoPrice::Negative));
    }

    #[test]
    fn equal_prices_are_equal_however_written() {
        assert_eq!(Price::from_text("19.9"), Price::from_number("1.99e1"));
        assert_eq!(serde_json::to_string(&Price::from_text("5").unwrap()).unwrap(), r#""5.00""#);
        assert!(serde_json::from_str::<Price>("5").is_err(), "messages carry text alone");
    }
}
