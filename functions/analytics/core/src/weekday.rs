//! The names of weekdays, in one place.

use jiff::civil::Weekday;

/// All, from Monday.
pub(crate) const ALL: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

/// As answers name it: in English.
pub(crate) fn name(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

/// The weekday of this name; case does not count.
pub(crate) fn read(text: &str) -> Option<Weekday> {
    ALL.into_iter().find(|weekday| name(*weekday).eq_ignore_ascii_case(text))
}

/// For sorting from Monday to Sunday.
pub(crate) fn rank(weekday: Weekday) -> i8 {
    weekday.to_monday_zero_offset()
}
