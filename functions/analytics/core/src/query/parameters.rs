//! Reads the parameters of a query, all of them, and keeps what is wrong with each. Of a repeated parameter the last counts, unknown ones
//! are ignored.

use std::ops::RangeInclusive;

use function_http::{Invalid, Place, Problem, Request, unprocessable};
use jiff::civil::DateTime;
use serde_json::Value;

use crate::query::dates;

/// The parameters of a request; reading one that is wrong gives a default and keeps the fault.
pub(crate) struct Parameters<'r> {
    request: &'r Request,
    faults: Vec<Invalid>,
}

impl<'r> Parameters<'r> {
    pub(crate) fn of(request: &'r Request) -> Self {
        Self { request, faults: Vec::new() }
    }

    /// The question, or 422 with every fault.
    pub(crate) fn finish<Q>(self, question: Q) -> Result<Q, Problem> {
        if self.faults.is_empty() { Ok(question) } else { Err(unprocessable(&self.faults)) }
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.request.parameter(name).map(|value| value.into_owned())
    }

    pub(crate) fn required_text(&mut self, name: &str) -> String {
        let text = self.text(name);
        if text.is_none() {
            self.faults.push(Invalid::missing(Place::Query, name, Value::Null));
        }
        text.unwrap_or_default()
    }

    pub(crate) fn date_time(&mut self, name: &str) -> Option<DateTime> {
        let text = self.text(name)?;
        match dates::read(&text) {
            Ok(at) => Some(at),
            Err(fault) => {
                let invalid = Invalid::new(Place::Query, name, fault.kind, fault.message(), text.as_str());
                self.faults.push(invalid.with("error", fault.error));
                None
            }
        }
    }

    pub(crate) fn required_date_time(&mut self, name: &str) -> DateTime {
        if self.request.parameter(name).is_none() {
            self.faults.push(Invalid::missing(Place::Query, name, Value::Null));
        }
        self.date_time(name).unwrap_or_default()
    }

    /// A whole number, or the default where there is none.
    pub(crate) fn number(&mut self, name: &str, allowed: RangeInclusive<u64>, default: u64) -> u64 {
        let Some(text) = self.text(name) else { return default };
        let invalid = |kind, msg: String| Invalid::new(Place::Query, name, kind, msg, text.as_str());
        let (low, high) = (*allowed.start(), *allowed.end());
        let digits = text.strip_prefix(['+', '-']).unwrap_or(&text);
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        // Beyond 64 bits it is beyond the range.
        let number = if text.starts_with('-') { 0 } else { digits.parse().unwrap_or(u64::MAX) };
        let fault = if !is_number {
            invalid("int_parsing", "Input should be a valid integer, unable to parse string as an integer".to_owned())
        } else if number < low || text.starts_with('-') && digits.bytes().any(|byte| byte != b'0') {
            invalid("greater_than_equal", format!("Input should be greater than or equal to {low}")).with("ge", low)
        } else if number > high {
            invalid("less_than_equal", format!("Input should be less than or equal to {high}")).with("le", high)
        } else {
            return number;
        };
        self.faults.push(fault);
        default
    }

    pub(crate) fn boolean(&mut self, name: &str) -> bool {
        let Some(text) = self.text(name) else { return false };
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" | "t" | "y" => true,
            "false" | "0" | "no" | "off" | "f" | "n" => false,
            _ => {
                let msg = "Input should be a valid boolean, unable to interpret input";
                self.faults.push(Invalid::new(Place::Query, name, "bool_parsing", msg, text.as_str()));
                false
            }
        }
    }

    /// What `read` makes of a text that is given; `wanted` says what that is.
    pub(crate) fn read<T>(&mut self, name: &str, wanted: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = self.text(name)?;
        let value = read(&text);
        if value.is_none() {
            let msg = format!("Input should be {wanted}");
            self.faults.push(Invalid::new(Place::Query, name, "value_error", msg, text.as_str()));
        }
        value
    }

    /// Keeps a fault of a parameter that is wrong beside another.
    pub(crate) fn refuse(&mut self, name: &str, msg: &str) {
        let text = self.text(name).unwrap_or_default();
        self.faults.push(Invalid::new(Place::Query, name, "value_error", msg, text.as_str()));
    }
}
