//! What the values of a row are, read from their bytes.

use crate::{Day, Micros, code};

/// Why a value is not one of its column. One byte, so that results are returned in registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Problem {
    Missing,
    LongSignal,
    LongProgramCode,
    NulCharacter,
    StrayQuote,
    NotAnIsoDate,
    NotASlashedDate,
    NoSuchDay,
    NotATime,
    TimeOutOfRange,
    NotADecimal,
    NotAnInteger,
    Negative,
    LargeDecimal,
    LargeInteger,
}

impl Problem {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Missing => code::MISSING,
            Self::LongSignal | Self::LongProgramCode => code::TOO_LONG,
            Self::NulCharacter => code::NUL_CHARACTER,
            Self::StrayQuote => code::STRAY_QUOTE,
            Self::NotAnIsoDate | Self::NotASlashedDate => code::NOT_A_DATE,
            Self::NoSuchDay => code::NO_SUCH_DAY,
            Self::NotATime => code::NOT_A_TIME,
            Self::NotADecimal | Self::NotAnInteger => code::NOT_A_NUMBER,
            Self::Negative => code::NEGATIVE,
            Self::TimeOutOfRange | Self::LargeDecimal | Self::LargeInteger => code::OUT_OF_RANGE,
        }
    }

    /// What would be right.
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::Missing => "must have a value",
            Self::LongSignal => "must have at most 50 characters",
            Self::LongProgramCode => "must have at most 100 characters",
            Self::NulCharacter => "must not contain the character U+0000",
            Self::StrayQuote => "must have its quotes around the whole value and doubled inside it: \"TV \"\"A\"\"\"",
            Self::NotAnIsoDate => "must be a date as YYYY-MM-DD",
            Self::NotASlashedDate => "must be a date as DD/MM/YYYY",
            Self::NoSuchDay => "must be a day that the calendar has",
            Self::NotATime => "must be an RFC 3339 time, such as 2021-03-01T23:05:00Z or 2021-03-01T20:05:00-03:00",
            Self::TimeOutOfRange => "must be from 0001-01-01T00:00:00Z to 9999-12-30T21:59:59.999999Z",
            Self::NotADecimal => "must be a decimal with a point, such as 1250000.5 or 1.25E6",
            Self::NotAnInteger => "must be an integer, such as 30",
            Self::Negative => "must not be below 0",
            Self::LargeDecimal => "must be at most 1.7976931348623157E308",
            Self::LargeInteger => "must be at most 2147483647",
        }
    }
}

/// 9999-12-30T22:00:00Z.
const TIMES_END: i64 = 253_402_207_200_000_000;
/// 0001-01-01T00:00:00Z.
const TIMES_START: i64 = -62_135_596_800_000_000;

/// A date as `YYYY-MM-DD`.
pub(crate) fn iso_date(text: &[u8]) -> Result<Day, Problem> {
    match *text {
        [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] => {
            date([y1, y2, y3, y4], [m1, m2], [d1, d2], Problem::NotAnIsoDate)
        }
        [] => Err(Problem::Missing),
        _ => Err(Problem::NotAnIsoDate),
    }
}

/// A date as `DD/MM/YYYY`.
pub(crate) fn slashed_date(text: &[u8]) -> Result<Day, Problem> {
    match *text {
        [d1, d2, b'/', m1, m2, b'/', y1, y2, y3, y4] => {
            date([y1, y2, y3, y4], [m1, m2], [d1, d2], Problem::NotASlashedDate)
        }
        [] => Err(Problem::Missing),
        _ => Err(Problem::NotASlashedDate),
    }
}

#[inline]
fn date(year: [u8; 4], month: [u8; 2], day: [u8; 2], otherwise: Problem) -> Result<Day, Problem> {
    let (Some(year), Some(month), Some(day)) = (digits(year), digits(month), digits(day)) else {
        return Err(otherwise);
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    // Tables, since no branch can be predicted from the month.
    let [before, length] = MONTHS[if month > 12 { 0 } else { month as usize }];
    if year == 0 || day == 0 || day > length + u32::from(is_leap && month == 2) {
        return Err(Problem::NoSuchDay);
    }
    let years = year - 1;
    let days = years * 365 + years / 4 - years / 100 + years / 400 + before + u32::from(is_leap && month > 2) + day;
    Ok(Day(days as i32 - DAYS_TO_1970))
}

/// Days before each month and in it, of a year without a leap day; month 0 has none.
const MONTHS: [[u32; 2]; 13] = [
    [0, 0],
    [0, 31],
    [31, 28],
    [59, 31],
    [90, 30],
    [120, 31],
    [151, 30],
    [181, 31],
    [212, 31],
    [243, 30],
    [273, 31],
    [304, 30],
    [334, 31],
];
/// From the day before 0001-01-01 to 1970-01-01.
const DAYS_TO_1970: i32 = 719_163;

#[inline]
fn digits<const N: usize>(text: [u8; N]) -> Option<u32> {
    let (mut value, mut are_digits) = (0, true);
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        are_digits &= digit <= 9;
        value = value * 10 + u32::from(digit);
    }
    are_digits.then_some(value)
}

/// An RFC 3339 time. Beyond microseconds it is cut off; a leap second is not a time. `known` is a date that was read, which most times begin with.
pub(crate) fn time(text: &[u8], known: (&[u8], Day)) -> Result<Micros, Problem> {
    let Some((date, rest)) = text.split_at_checked(10) else {
        return Err(if text.is_empty() { Problem::Missing } else { Problem::NotATime });
    };
    let Some(micros) = time_of_day(rest) else { return Err(Problem::NotATime) };
    let day = if date == known.0 { Ok(known.1) } else { iso_date(date) };
    let Day(day) = day.map_err(|problem| match problem {
        Problem::NoSuchDay => problem,
        _ => Problem::NotATime,
    })?;
    let micros = i64::from(day) * 86_400_000_000 + micros;
    if (TIMES_START..TIMES_END).contains(&micros) { Ok(Micros(micros)) } else { Err(Problem::TimeOutOfRange) }
}

/// From midnight of the day in UTC.
fn time_of_day(text: &[u8]) -> Option<i64> {
    let [b'T' | b't' | b' ', h1, h2, b':', m1, m2, b':', s1, s2, rest @ ..] = text else { return None };
    let (hour, minute, second) = (digits([*h1, *h2])?, digits([*m1, *m2])?, digits([*s1, *s2])?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (fraction, offset) = match rest {
        [b'.', rest @ ..] => fraction(rest)?,
        _ => (0, rest),
    };
    let offset = match *offset {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (digits([h1, h2])?, digits([m1, m2])?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            i64::from(hours * 60 + minutes) * if sign == b'-' { -1 } else { 1 }
        }
        _ => return None,
    };
    let minutes = i64::from(hour * 60 + minute) - offset;
    Some((minutes * 60 + i64::from(second)) * 1_000_000 + fraction)
}

/// Microseconds, and what follows the digits.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let (mut micros, mut unit, mut length) = (0, 100_000, 0);
    for digit in text.iter().map(|byte| byte.wrapping_sub(b'0')).take_while(|digit| *digit <= 9) {
        micros += i64::from(digit) * unit;
        unit /= 10;
        length += 1;
    }
    (length > 0).then_some((micros, &text[length..]))
}

/// A finite decimal, at least 0, with or without an exponent.
pub(crate) fn decimal(text: &str) -> Result<f64, Problem> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value >= 0.0 => Ok(value.abs()),
        Err(_) if text.is_empty() => Err(Problem::Missing),
        // "inf" and "nan" are read too.
        Ok(value) if value.is_finite() || text.bytes().any(|byte| byte.is_ascii_digit()) => {
            Err(if value < 0.0 { Problem::Negative } else { Problem::LargeDecimal })
        }
        _ => Err(Problem::NotADecimal),
    }
}

/// An integer from 0 to 2,147,483,647.
pub(crate) fn integer(text: &[u8]) -> Result<i32, Problem> {
    let (is_negative, number) = match text {
        [] => return Err(Problem::Missing),
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if number.is_empty() || !number.iter().all(u8::is_ascii_digit) {
        return Err(Problem::NotAnInteger);
    }
    if is_negative && number.iter().any(|digit| *digit != b'0') {
        return Err(Problem::Negative);
    }
    let next = |value: i32, digit: &u8| value.checked_mul(10)?.checked_add(i32::from(digit - b'0'));
    number.iter().try_fold(0, next).ok_or(Problem::LargeInteger)
}
