//! An amount of money: an exact decimal above 0 with at most 15 digits before the point and 4 after it. Read from its digits, never a float.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// The most digits before the point.
pub(crate) const WHOLE_DIGITS: usize = 15;
/// The most digits after the point.
pub(crate) const PLACES: usize = 4;

/// An amount, displayed and serialized as the number that came: `12` stays `12`, `12.50` stays `12.50`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(Decimal);

/// A number or text that is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoAmount {
    #[error("Input should be a valid number, unable to parse string as a number")]
    Text,
    #[error("Input should be a finite number")]
    Infinite,
    #[error("Input should be greater than 0")]
    NotPositive,
    #[error("Decimal input should have no more than {WHOLE_DIGITS} digits before the decimal point")]
    Large,
    #[error("Decimal input should have no more than {PLACES} decimal places")]
    Places,
}

impl Amount {
    /// Reads a number: digits with or without a point and an exponent. Blanks around it are ignored.
    ///
    /// # Errors
    /// Says what is allowed.
    pub(crate) fn read(text: &str) -> Result<Self, NoAmount> {
        let text = text.trim_ascii();
        let (is_negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        if ["nan", "inf", "infinity"].contains(&unsigned.to_ascii_lowercase().as_str()) {
            return Err(NoAmount::Infinite);
        }
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let exponent_digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let is_number = !(whole.is_empty() && fraction.is_empty()) && is_digits(whole) && is_digits(fraction);
        if !is_number || exponent_digits.is_empty() || !is_digits(exponent_digits) {
            return Err(NoAmount::Text);
        }
        if is_negative || [whole, fraction].concat().bytes().all(|byte| byte == b'0') {
            return Err(NoAmount::NotPositive);
        }
        // An exponent beyond 64 bits is beyond every limit.
        let beyond = if exponent.starts_with('-') { i64::MIN } else { i64::MAX };
        Self::of_digits(whole, fraction, exponent.parse().unwrap_or(beyond))
    }

    /// The value of the digits, with the point moved by the exponent.
    fn of_digits(whole: &str, fraction: &str, exponent: i64) -> Result<Self, NoAmount> {
        let digits = format!("{whole}{fraction}");
        let (digits, point) = match exponent {
            0 => (digits, i64::try_from(whole.len()).unwrap_or(i64::MAX)),
            _ => {
                let significant = digits.trim_end_matches('0');
                (significant.to_owned(), i64::try_from(whole.len()).unwrap_or(i64::MAX).saturating_add(exponent))
            }
        };
        let leading = digits.len() - digits.trim_start_matches('0').len();
        let significant = i64::try_from(digits.trim_end_matches('0').len()).unwrap_or(i64::MAX);
        if point.saturating_sub(i64::try_from(leading).unwrap_or_default()) > WHOLE_DIGITS as i64 {
            return Err(NoAmount::Large);
        }
        if significant.saturating_sub(point) > PLACES as i64 {
            return Err(NoAmount::Places);
        }
        // Zeros at the end of a fraction do not count as places; more of them than the places are left out.
        let text = if point >= digits.len() as i64 {
            format!("{digits}{}", "0".repeat((point - digits.len() as i64) as usize))
        } else if point <= 0 {
            format!("0.{}{digits}", "0".repeat((-point) as usize))
        } else {
            format!("{}.{}", &digits[..point as usize], &digits[point as usize..])
        };
        let text = match text.split_once('.') {
            Some((whole, places)) if places.len() > PLACES => format!("{whole}.{}", &places[..PLACES]),
            _ => text,
        };
        Decimal::from_str_exact(&text).map(Self).map_err(|_| NoAmount::Text)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string()).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

/// A JSON number, by its digits.
impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = <&RawValue>::deserialize(deserializer)?.get();
        if !number.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            return Err(serde::de::Error::custom("the amount is no number"));
        }
        Self::read(number).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, NoAmount> {
        Amount::read(text).map(|amount| amount.to_string())
    }

    #[test]
    fn an_amount_goes_back_as_the_number_that_came() {
        for (text, amount) in [
            ("12", "12"),
            ("12.50", "12.50"),
            ("0.0001", "0.0001"),
            ("999999999999999.9999", "999999999999999.9999"),
            ("1e2", "100"),
            ("1.5E+1", "15"),
            ("1234e-4", "0.1234"),
            ("0.0000012e5", "0.12"),
            ("1.500000000", "1.5000"),
            (" 7 ", "7"),
            ("007.5", "7.5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("+3", "3"),
            ("100000000000000000e-3", "100000000000000"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(amount), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_told_apart() {
        for text in ["", ".", "x", "1,5", "1.2.3", "0x1", "1e", "e5", "1 2", "٣", "1_000", "--1", "1e+-2"] {
            assert_eq!(read(text), Err(NoAmount::Text), "{text:?}");
        }
        for text in ["NaN", "-inf", "Infinity"] {
            assert_eq!(read(text), Err(NoAmount::Infinite), "{text}");
        }
        for text in ["0", "0.000", "-1", "-0.0", "0e99999999999999999999", "-1e5"] {
            assert_eq!(read(text), Err(NoAmount::NotPositive), "{text}");
        }
        for text in ["1000000000000000", "1e15", "1e99999999999999999999", "123456789012345678.1"] {
            assert_eq!(read(text), Err(NoAmount::Large), "{text}");
        }
        // As a float, the first would be 12.5.
        for text in ["12.50000000000000000001", "0.00001", "1e-5", "1e-99999999999999999999", "1.23456"] {
            assert_eq!(read(text), Err(NoAmount::Places), "{text}");
        }
    }

    #[test]
    fn json_holds_the_digits_and_no_float() {
        let amount: Amount = serde_json::from_str("999999999999999.9999").unwrap();
        assert_eq!(serde_json::to_string(&amount).unwrap(), "999999999999999.9999");
        for wrong in ["\"12\"", "null", "true", "[1]", "0"] {
            assert!(serde_json::from_str::<Amount>(wrong).is_err(), "{wrong}");
        }
    }
}
