//! The day on which a change is judged: acknowledgements expire in UTC.

/// Year, month and day in UTC.
pub(crate) fn today() -> (i32, u8, u8) {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let number = |number: i8| u8::try_from(number).unwrap_or(1);
    (i32::from(today.year()), number(today.month()), number(today.day()))
}
