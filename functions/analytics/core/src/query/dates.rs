//! Dates and times of the query, as pydantic accepts and rejects them, since the clients of the API that this one replaces send such:
//! `YYYY-MM-DD`, a date-time with or without an offset, seconds or milliseconds since 1970.
//!
//! The local time is kept as it was given: an offset is read and does not shift it. Exhibitions have a broadcast day and no zone, so
//! whoever asks for `2021-03-31T23:59:59-03:00` means the day that they wrote. Numbers count in UTC.

use std::num::NonZero;

use jiff::civil::{Date, DateTime, Time, date};

/// Why a text is no date-time, in the words of pydantic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DateFault {
    /// `datetime_from_date_parsing` or `datetime_parsing`.
    pub(crate) kind: &'static str,
    pub(crate) error: &'static str,
}

impl DateFault {
    /// The message, whose end is the error.
    pub(crate) fn message(&self) -> String {
        let wanted = if self.kind == OUT_OF_RANGE { "datetime" } else { "datetime or date" };
        format!("Input should be a valid {wanted}, {}", self.error)
    }
}

const UNREADABLE: &str = "datetime_from_date_parsing";
const OUT_OF_RANGE: &str = "datetime_parsing";

/// Numbers beyond are milliseconds, others seconds.
const SECONDS_UNTIL: u64 = 20_000_000_000;
const MICROSECONDS: i128 = 1_000_000;
/// From the year 0 to the end of 9999, in seconds since 1970.
const FIRST_SECOND: i128 = -62_167_219_200;
const END_SECOND: i128 = 253_402_300_800;

/// Reads a text.
pub(crate) fn read(text: &str) -> Result<DateTime, DateFault> {
    let read = match number(text) {
        Some(micros) => since_1970(micros),
        None => written(text),
    };
    let at = read.map_err(|error| DateFault { kind: UNREADABLE, error })?;
    match at.year() {
        ..1 => Err(DateFault { kind: OUT_OF_RANGE, error: "year 0 is out of range" }),
        _ => Ok(at),
    }
}

/// The microseconds of a decimal number; none for what is not one. The fraction is rounded to microseconds.
fn number(text: &str) -> Option<i128> {
    let (sign, digits) = match text.as_bytes().first() {
        Some(b'-') => (-1, &text[1..]),
        Some(b'+') => (1, &text[1..]),
        _ => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    // More digits than fit are no number to pydantic either, but a text.
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse::<i64>().ok()?.unsigned_abs() };
    let unit = if whole > SECONDS_UNTIL { 1_000 } else { MICROSECONDS };
    let scale = 10_i128.pow(9);
    let parts: i128 = format!("{fraction:0<9.9}").parse().ok()?;
    let micros = i128::from(whole) * unit + (parts * unit + scale / 2) / scale;
    Some(sign * micros)
}

fn since_1970(micros: i128) -> Result<DateTime, &'static str> {
    let (seconds, micros) = (micros.div_euclid(MICROSECONDS), micros.rem_euclid(MICROSECONDS));
    if seconds < FIRST_SECOND {
        return Err("dates before 0000 are not supported as unix timestamps");
    }
    if seconds >= END_SECOND {
        return Err("dates after 9999 are not supported as unix timestamps");
    }
    let span = jiff::SignedDuration::new(seconds as i64, micros as i32 * 1_000);
    date(1970, 1, 1)
        .at(0, 0, 0, 0)
        .checked_add(span)
        .map_err(|_| "dates after 9999 are not supported as unix timestamps")
}

const TOO_SHORT: &str = "input is too short";
const SEPARATOR: &str = "invalid date separator, expected `-`";
const EXTRA: &str = "unexpected extra characters at the end of the input";

/// `YYYY-MM-DD`, and behind it a time or nothing. A day with a time that cannot be read is a day with something behind it.
fn written(text: &str) -> Result<DateTime, &'static str> {
    let bytes = text.as_bytes();
    let Some((day, rest)) = bytes.split_at_checked(10) else { return Err(TOO_SHORT) };
    let day = written_day(day)?;
    match rest {
        [] => Ok(day.to_datetime(Time::midnight())),
        [b'T' | b't' | b' ' | b'_', time @ ..] => written_time(time).map(|time| day.to_datetime(time)).ok_or(EXTRA),
        _ => Err(EXTRA),
    }
}

fn written_day(bytes: &[u8]) -> Result<Date, &'static str> {
    let year = digits(&bytes[..4]).ok_or("invalid character in year")?;
    if bytes[4] != b'-' {
        return Err(SEPARATOR);
    }
    let month = digits(&bytes[5..7]).ok_or("invalid character in month")?;
    if bytes[7] != b'-' {
        return Err(SEPARATOR);
    }
    let day = digits(&bytes[8..]).ok_or("invalid character in day")?;
    if !(1..=12).contains(&month) {
        return Err("month value is outside expected range of 1-12");
    }
    Date::new(year, month as i8, day as i8).map_err(|_| "day value is outside expected range")
}

/// `HH:MM[:SS[.fraction]]` and an offset, which is checked and left out.
fn written_time(bytes: &[u8]) -> Option<Time> {
    let (hour, rest) = two_digits(bytes)?;
    let (minute, mut rest) = two_digits(rest.strip_prefix(b":")?)?;
    let (mut second, mut nanosecond) = (0, 0);
    if let Some(seconds) = rest.strip_prefix(b":") {
        (second, rest) = two_digits(seconds)?;
        if let [b'.' | b',', fraction @ ..] = rest {
            let length = NonZero::new(fraction.iter().take_while(|byte| byte.is_ascii_digit()).count())?.get();
            // To the microsecond; what is smaller is cut off.
            let places = fraction[..length].iter().copied().chain(std::iter::repeat(b'0')).take(6);
            nanosecond = places.fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0')) * 1_000;
            rest = &fraction[length..];
        }
    }
    is_offset(rest).then(|| Time::new(hour, minute, second, nanosecond).ok())?
}

fn is_offset(bytes: &[u8]) -> bool {
    // With a hyphen or the true minus sign.
    let digits = match bytes {
        [] | [b'Z' | b'z'] => return true,
        [b'+' | b'-', digits @ ..] | [0xE2, 0x88, 0x92, digits @ ..] => digits,
        _ => return false,
    };
    let Some((hours, rest)) = two_digits(digits) else { return false };
    let Some((minutes, rest)) = two_digits(rest.strip_prefix(b":").unwrap_or(rest)) else { return false };
    rest.is_empty() && hours < 24 && minutes < 60
}

fn two_digits(bytes: &[u8]) -> Option<(i8, &[u8])> {
    let (two, rest) = bytes.split_at_checked(2)?;
    Some((digits(two)? as i8, rest))
}

/// At most four.
fn digits(bytes: &[u8]) -> Option<i16> {
    bytes.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i16::from(byte - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        match read(text) {
            Ok(at) => at.to_string(),
            Err(fault) => format!("{}: {}", fault.kind, fault.error),
        }
    }

    fn unreadable(text: &str, error: &str) {
        assert_eq!(of(text), format!("datetime_from_date_parsing: {error}"), "{text:?}");
    }

    /// What pydantic 2 makes of these texts was found by asking it.
    #[test]
    fn dates_and_date_times_are_read_as_they_were_written() {
        for (text, expected) in [
            ("2021-03-08", "2021-03-08T00:00:00"),
            ("2021-03-31T23:59:59", "2021-03-31T23:59:59"),
            ("2021-03-08 10:00", "2021-03-08T10:00:00"),
            ("2021-03-08t10:00z", "2021-03-08T10:00:00"),
            ("2021-03-08_10:00:00", "2021-03-08T10:00:00"),
            ("2021-03-08T10:00:00.1", "2021-03-08T10:00:00.1"),
            ("2021-03-08T10:00:00,5", "2021-03-08T10:00:00.5"),
            ("2021-03-08T10:00:00.1234567891234", "2021-03-08T10:00:00.123456"),
            ("0001-01-01", "0001-01-01T00:00:00"),
            ("9999-12-31T23:59:59", "9999-12-31T23:59:59"),
            ("2020-02-29", "2020-02-29T00:00:00"),
        ] {
            assert_eq!(of(text), expected, "{text:?}");
        }
    }

    #[test]
    fn an_offset_does_not_shift_the_local_time() {
        for offset in ["", "Z", "z", "+02:00", "+0200", "-23:59", "\u{2212}02:00", "+00:00"] {
            assert_eq!(of(&format!("2021-03-08T10:00:00{offset}")), "2021-03-08T10:00:00", "{offset:?}");
        }
        for offset in ["+02", "-24:00", "+02:60", "Zx", " +02:00", " 02:00", "+2", "+2:00", "Z0", "+02:00x"] {
            unreadable(&format!("2021-03-08T10:00:00{offset}"), EXTRA);
        }
    }

    #[test]
    fn numbers_are_seconds_or_milliseconds_in_utc() {
        for (text, expected) in [
            ("1615161600", "2021-03-08T00:00:00"),
            ("+1615161600", "2021-03-08T00:00:00"),
            ("1615161600.5", "2021-03-08T00:00:00.5"),
            ("1615161600.123456789", "2021-03-08T00:00:00.123457"),
            ("1615161599.9999999", "2021-03-08T00:00:00"),
            ("1615161600000", "2021-03-08T00:00:00"),
            ("1615161600000.5", "2021-03-08T00:00:00.0005"),
            ("20210308", "1970-08-22T21:58:28"),
            ("2021", "1970-01-01T00:33:41"),
            ("0", "1970-01-01T00:00:00"),
            ("1.", "1970-01-01T00:00:01"),
            (".5", "1970-01-01T00:00:00.5"),
            ("-.5", "1969-12-31T23:59:59.5"),
            ("-1.5", "1969-12-31T23:59:58.5"),
            ("20000000000", "2603-10-11T11:33:20"),
            ("20000000001", "1970-08-20T11:33:20.001"),
            ("-20000000000", "1336-03-23T12:26:40"),
            ("-20000000001", "1969-05-14T12:26:39.999"),
            ("253402300799999", "9999-12-31T23:59:59.999"),
            ("-62135596800000", "0001-01-01T00:00:00"),
            ("-62135596800001", "datetime_parsing: year 0 is out of range"),
            ("-62167219200000", "datetime_parsing: year 0 is out of range"),
            ("0000-01-01", "datetime_parsing: year 0 is out of range"),
        ] {
            assert_eq!(of(text), expected, "{text:?}");
        }
        unreadable("-62167219200001", "dates before 0000 are not supported as unix timestamps");
        unreadable("253402300800000", "dates after 9999 are not supported as unix timestamps");
        unreadable("9223372036854775807", "dates after 9999 are not supported as unix timestamps");
        unreadable("99999999999999999999", SEPARATOR);
    }

    #[test]
    fn what_is_neither_is_rejected_with_pydantics_words() {
        for (error, texts) in [
            (
                TOO_SHORT,
                &[
                    "", " ", "x", "today", "2021-3-8", "2021-03", "1e9", "1_000", "nan", "-inf", "+", "-", ".", "0x10",
                    "--03-08",
                ] as &[_],
            ),
            ("invalid character in year", &["22/03/2021", "12-05-2021", " 2021-03-08", "-2021-03-08", " 1615161600"]),
            (SEPARATOR, &["2021/03/08", "2021-03/08", "10000-01-01", "1615161600 ", "2021é-03-08"]),
            ("invalid character in month", &["2021-W10-1", "2021-é-01-01"]),
            ("invalid character in day", &["2021-01-é1", "2021-01-1x"]),
            ("month value is outside expected range of 1-12", &["2021-13-01", "2021-00-01"]),
            ("day value is outside expected range", &["2021-01-00", "2021-02-29", "2021-02-30", "2021-04-31"]),
            (
                EXTRA,
                &[
                    "2021-03-08T",
                    "2021-03-08x",
                    "2021-03-081",
                    "2021-03-08 ",
                    "2021-03-08T10",
                    "2021-03-08T10:",
                    "2021-03-08T10:00:",
                    "2021-03-08T10:00:00.",
                    "2021-03-08T24:00:00",
                    "2021-03-08T23:60:00",
                    "2021-03-08T23:59:60",
                    "2021-03-08T23:59:59:00",
                    "2021-03-08T1:00",
                    "2021-03-08T10:0",
                    "2021-03-08T1000",
                    "2021-03-08T10:00:00.é",
                ],
            ),
        ] {
            for text in texts {
                unreadable(text, error);
            }
        }
        assert_eq!(
            read("22/03/2021").unwrap_err().message(),
            "Input should be a valid datetime or date, invalid character in year"
        );
        assert_eq!(
            read("0000-01-01").unwrap_err().message(),
            "Input should be a valid datetime, year 0 is out of range"
        );
    }
}
