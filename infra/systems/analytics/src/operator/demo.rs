//! Files for a demonstration, the same in every run of a week: half a year of exhibitions of invented programs, their slots of the next four
//! weeks, and a few rows that are deliberately wrong. Draws no random numbers; every value follows from its row.

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};

/// Keys of the files.
pub(super) const AUDIENCE: &str = "demo-audience.csv";
pub(super) const AVAILABILITY: &str = "demo-availability.csv";
pub(super) const WITH_ERRORS: &str = "demo-with-errors.csv";
/// A program with exhibitions and slots.
pub(super) const PROGRAM: &str = "LUAR";
/// Rows of [`with_errors`] that are wrong.
pub(super) const ERRORS: u64 = 3;

const WEEKS: i64 = 26;
const WEEKS_OF_SLOTS: i64 = 4;
/// UTF-8 with a byte order mark, and lines as spreadsheets write them.
const BOM: &str = "\u{FEFF}";
const END: &str = "\r\n";
/// Bounds of an average audience.
const LEAST: f64 = 4_000.0;
const MOST: f64 = 35_000_000.0;

/// Signals with their share of a program's audience: the whole country, and five regions.
const SIGNALS: [(&str, f64); 6] =
    [("BR", 1.0), ("SUL", 0.38), ("LES", 0.21), ("NOR", 0.12), ("CEN", 0.07), ("OES", 0.05)];

struct Program {
    code: &'static str,
    /// Monday is 0.
    weekdays: &'static [i8],
    /// Hour and minute in UTC of the broadcast day; from 24 on it is the next day in UTC.
    start: (i64, i64),
    /// Of the whole country.
    audience: f64,
    /// How many minutes can be sold of an exhibition; 0: none are offered.
    minutes: u64,
    is_new: bool,
}

const DAILY: &[i8] = &[0, 1, 2, 3, 4, 5];
const WORKDAYS: &[i8] = &[0, 1, 2, 3, 4];

const PROGRAMS: [Program; 12] = [
    of("MARE", DAILY, (9, 30), 1_900_000.0, 30),
    of("SOLE", DAILY, (15, 10), 5_200_000.0, 45),
    of("VOLT", DAILY, (21, 40), 17_500_000.0, 60),
    of(PROGRAM, DAILY, (24, 20), 28_000_000.0, 90),
    of("TREM", WORKDAYS, (12, 0), 3_100_000.0, 30),
    of("FARO", WORKDAYS, (26, 5), 310_000.0, 0),
    of("ZINC", &[6], (13, 15), 2_400_000.0, 120),
    of("KORA", &[6], (23, 0), 21_000_000.0, 120),
    of("BRIO", &[5], (19, 30), 6_700_000.0, 60),
    of("NIMB", &[2], (25, 45), 820_000.0, 20),
    of("PRAX", &[3], (26, 30), 88_000.0, 15),
    Program { is_new: true, ..of("DUNA", &[1, 4], (22, 15), 0.0, 60) },
];

const fn of(code: &'static str, weekdays: &'static [i8], start: (i64, i64), audience: f64, minutes: u64) -> Program {
    Program { code, weekdays, start, audience, minutes, is_new: false }
}

/// The Monday of a day's week.
pub(super) fn monday(day: Date) -> Date {
    day.saturating_sub(i64::from(day.weekday().to_monday_zero_offset()).days())
}

/// Exhibitions of the weeks before a Monday, by day.
pub(super) fn audience(monday: Date) -> String {
    let mut text = format!("{BOM}signal,program_code,exhibition_date,program_start_time,average_audience{END}");
    for days in -7 * WEEKS..0 {
        let day = monday.saturating_add(days.days());
        for program in PROGRAMS.iter().filter(|program| !program.is_new && program.is_on(day)) {
            for (index, _) in SIGNALS.iter().enumerate() {
                text.push_str(&exhibition(program, index, day, 1.0));
            }
        }
    }
    text
}

/// Slots of the weeks from a Monday on, by day.
pub(super) fn availability(monday: Date) -> String {
    let mut text = format!("{BOM}signal;program_code;date;available_time{END}");
    for days in 0..7 * WEEKS_OF_SLOTS {
        let day = monday.saturating_add(days.days());
        for program in PROGRAMS.iter().filter(|program| program.minutes > 0 && program.is_on(day)) {
            for (index, (signal, _)) in SIGNALS.iter().enumerate() {
                let minutes = 2 + drawn(program, index, day) % program.minutes;
                text.push_str(&format!("{signal};{};{};{minutes}{END}", program.code, day.strftime("%d/%m/%Y")));
            }
        }
    }
    text
}

/// Last week's exhibitions of [`PROGRAM`] once more with other values, and [`ERRORS`] rows that cannot be read.
pub(super) fn with_errors(monday: Date) -> String {
    let mut text = "average_audience;Signal;program_start_time;PROGRAM_CODE;exhibition_date;remark\n".to_owned();
    let mut row = |fields: [&str; 5], remark: &str| {
        let [signal, code, day, time, value] = fields;
        text.push_str(&format!("{value};{signal};{time};{code};{day};{remark}\n"));
    };
    let program = PROGRAMS.iter().find(|program| program.code == PROGRAM);
    for days in -7..0 {
        let day = monday.saturating_add(days.days());
        for program in program.iter().filter(|program| program.is_on(day)) {
            let line = exhibition(program, 0, day, 1.12);
            let fields: Vec<&str> = line.trim_end().split(',').collect();
            if let Ok(fields) = <[&str; 5]>::try_from(fields) {
                row(fields, "corrected");
            }
        }
    }
    let time = "2026-02-27T00:20:00Z";
    row(["BR", PROGRAM, "2026-02-30", time, "28000000"], "\"a day that does not exist; deliberately\"");
    row(["BR", PROGRAM, "2026-02-26", time, "n/a"], "no number");
    row(["BR", "", "26/02/2026", time, "-1"], "three faults");
    text
}

impl Program {
    fn is_on(&self, day: Date) -> bool {
        self.weekdays.contains(&day.weekday().to_monday_zero_offset())
    }
}

fn exhibition(program: &Program, signal: usize, day: Date, factor: f64) -> String {
    let (hours, minutes) = program.start;
    let begin =
        day.to_datetime(jiff::civil::Time::midnight()).saturating_add(Span::new().hours(hours).minutes(minutes));
    let (name, share) = SIGNALS[signal];
    // Within 15 % of the usual, more at the end of the week, and growing by a tenth in half a year.
    let noise = 0.85 + (drawn(program, signal, day) % 3_001) as f64 / 10_000.0;
    let weekend = if matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) { 1.08 } else { 1.0 };
    let growth = 1.0 + f64::from(day.day_of_year() % 182) / 1_820.0;
    let value = (program.audience * share * noise * weekend * growth * factor).clamp(LEAST, MOST);
    format!("{name},{},{day},{},{value:.1}{END}", program.code, begin.strftime("%Y-%m-%dT%H:%M:%S.000Z"))
}

/// A number that depends on its arguments alone, by the finalizer of SplitMix64.
fn drawn(program: &Program, signal: usize, day: Date) -> u64 {
    let day = u64::from(day.year().cast_unsigned()) * 366 + u64::from(day.day_of_year().cast_unsigned());
    let code = program.code.bytes().fold(0, |code, byte| code << 8 | u64::from(byte));
    let mut bits = (code << 24 ^ day << 4 ^ signal as u64).wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ bits >> 31
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const MONDAY: Date = jiff::civil::date(2026, 8, 31);

    /// The fields of the rows.
    fn rows(text: &str, delimiter: char) -> Vec<Vec<&str>> {
        let lines = text.trim_start_matches(BOM).lines().skip(1);
        lines.map(|line| line.trim_end().split(delimiter).collect()).collect()
    }

    #[test]
    fn a_week_begins_on_monday() {
        for day in [31, 30, 29, 25] {
            let monday = monday(jiff::civil::date(2026, 8, day));
            assert_eq!(monday, jiff::civil::date(2026, 8, if day == 31 { 31 } else { 24 }));
        }
    }

    #[test]
    fn exhibitions_are_unique_plausible_and_of_half_a_year() {
        let text = audience(MONDAY);
        let rows = rows(&text, ',');
        let keys: BTreeSet<&[&str]> = rows.iter().map(|row| &row[..3]).collect();
        assert_eq!((rows.len(), keys.len()), (6_084, 6_084));
        let days: BTreeSet<&str> = rows.iter().map(|row| row[2]).collect();
        assert_eq!((days.first(), days.last()), (Some(&"2026-03-02"), Some(&"2026-08-30")));
        for row in &rows {
            let value: f64 = row[4].parse().unwrap();
            assert!((LEAST..=MOST).contains(&value), "{row:?}");
            let start: jiff::Timestamp = row[3].parse().unwrap();
            let day: Date = row[2].parse().unwrap();
            let late = start.to_zoned(jiff::tz::TimeZone::UTC).date() - day;
            assert!(matches!(late.get_days(), 0 | 1), "{row:?}");
        }
        // Late programs begin on the next day in UTC, which is not their broadcast day.
        assert!(rows.iter().any(|row| !row[3].starts_with(row[2])));
        assert!(rows.iter().any(|row| row[4].parse::<f64>().unwrap() < 6_000.0));
    }

    #[test]
    fn slots_are_of_the_next_four_weeks_also_of_a_program_without_exhibitions() {
        let text = availability(MONDAY);
        let rows = rows(&text, ';');
        let days: BTreeSet<String> =
            rows.iter().map(|row| [&row[2][6..], &row[2][3..5], &row[2][..2]].join("-")).collect();
        assert_eq!((days.first().unwrap().as_str(), days.last().unwrap().as_str()), ("2026-08-31", "2026-09-27"));
        assert!(rows.iter().any(|row| row[1] == "DUNA") && !audience(MONDAY).contains("DUNA"));
        assert!(rows.iter().all(|row| (2..=300).contains(&row[3].parse::<u64>().unwrap())));
    }

    #[test]
    fn the_files_are_the_same_in_every_run() {
        assert_eq!(audience(MONDAY).lines().nth(1), Some("BR,MARE,2026-03-02,2026-03-02T09:30:00.000Z,2222298.1"));
        assert_eq!(audience(MONDAY).lines().last(), Some("OES,KORA,2026-08-30,2026-08-30T23:00:00.000Z,1302814.0"));
        assert_eq!(availability(MONDAY).lines().nth(1), Some("BR;MARE;31/08/2026;25"));
        assert_eq!(availability(MONDAY).lines().last(), Some("OES;KORA;27/09/2026;85"));
        assert!(availability(MONDAY).len() + audience(MONDAY).len() < 500_000);
    }

    #[test]
    fn of_the_file_with_errors_three_rows_are_wrong() {
        let text = with_errors(MONDAY);
        let rows = rows(&text, ';');
        assert_eq!(rows.len() as u64, 6 + ERRORS);
        assert_eq!(rows[0][1..5], ["BR", "2026-08-25T00:20:00.000Z", "LUAR", "2026-08-24"]);
    }
}
