//! Files as people upload them, generated from a seed: several signals and programs, gaps, ties, nights, and slots of all sorts.

use jiff::civil::{Date, Time, date};
use jiff::{Timestamp, ToSpan, tz::TimeZone};

use crate::truth::{Exhibition, Slot};

/// The header of audience files.
pub const AUDIENCE: &str = "signal,program_code,exhibition_date,program_start_time,average_audience";
/// The header of availability files.
pub const AVAILABILITY: &str = "signal;program_code;date;available_time";
/// Signals of generated files.
pub const SIGNALS: [&str; 6] = ["BH", "DF", "PE1", "RJ", "SP1", "São"];
const FIRST: Date = date(2020, 4, 27);

/// A generator of numbers: SplitMix64, the same on every machine.
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Below a limit.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.number() % limit
    }

    /// Another order.
    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for at in (1..all.len()).rev() {
            let other = self.below(at as u64 + 1) as usize;
            all.swap(at, other);
        }
    }
}

/// So many days after the first one of generated files.
pub fn day(after: u64) -> Date {
    FIRST.saturating_add((after as i64).days())
}

/// The moment of an hour of a broadcast day, which ends late at night.
pub fn start(day: Date, minutes: u64) -> Timestamp {
    let at = day.to_datetime(Time::midnight()).saturating_add((minutes as i64).minutes());
    at.to_zoned(TimeZone::UTC).map(|at| at.timestamp()).unwrap_or_default()
}

/// Exhibitions of so many weeks of programs whose codes begin with `prefix`. The first program has them on each day, the second twice a
/// day, the third on a few weekdays with gaps, the fourth seldom, the fifth without slots.
pub fn exhibitions(seed: u64, prefix: &str, weeks: u64) -> Vec<Exhibition> {
    let mut random = Random(seed);
    let mut rows = Vec::new();
    for (nth, share) in [100, 100, 60, 5, 40].into_iter().enumerate() {
        for signal in SIGNALS {
            let weekdays = if nth < 2 { 0x7F } else { random.below(0x80) };
            for after in 0..weeks * 7 {
                if weekdays >> (after % 7) & 1 == 0 || random.below(100) >= share {
                    continue;
                }
                for show in 0..=u64::from(nth == 1) {
                    let minutes = 60 * (18 + 5 * show) + random.below(240);
                    // Few values for some, so that medians have ties.
                    let audience = match random.below(4) {
                        0 => random.below(6) as f64 * 1e5,
                        _ => random.below(35_413_269_000) as f64 / 997.0,
                    };
                    rows.push(Exhibition {
                        signal: signal.to_owned(),
                        program: format!("{prefix}{nth}"),
                        day: day(after),
                        start: start(day(after), minutes),
                        audience,
                    });
                }
            }
        }
    }
    random.shuffle(&mut rows);
    rows
}

/// Slots of the same programs, but the fifth, and of a sixth that is never shown; several a day, some of nothing.
pub fn slots(seed: u64, prefix: &str, number: usize) -> Vec<Slot> {
    let mut random = Random(seed);
    let mut slot = || Slot {
        signal: SIGNALS[random.below(SIGNALS.len() as u64) as usize].to_owned(),
        program: format!("{prefix}{}", [0, 1, 2, 3, 5][random.below(5) as usize]),
        day: day(random.below(40)),
        time: random.below(300) as i64,
    };
    (0..number).map(|_| slot()).collect()
}

/// As the real files are: with a byte order mark and CRLF.
pub fn audience(rows: &[Exhibition]) -> String {
    let mut text = format!("\u{FEFF}{AUDIENCE}\r\n");
    for (index, Exhibition { signal, program, day, start, audience }) in rows.iter().enumerate() {
        // Exponents are numbers as well.
        let audience = if index % 3 == 0 { format!("{audience:E}") } else { audience.to_string() };
        text += &format!("{signal},{program},{day},{start:.3},{audience}\r\n");
    }
    text
}

/// As the real files are: the last row has no end of line.
pub fn availability(rows: &[Slot]) -> String {
    let mut text = format!("\u{FEFF}{AVAILABILITY}");
    for Slot { signal, program, day, time } in rows {
        text += &format!("\r\n{signal};{program};{};{time}", day.strftime("%d/%m/%Y"));
    }
    text
}

/// A long audience file: each row of another moment, of `programs` programs whose codes begin with `prefix`.
pub fn long(seed: u64, prefix: &str, programs: usize, rows: usize) -> String {
    let mut random = Random(seed);
    let mut text = String::with_capacity(rows * 80);
    text += AUDIENCE;
    text += "\n";
    for row in 0..rows {
        let (program, at) = (row % programs, row / programs);
        let (signal, at) = (SIGNALS[at % 5], at / 5);
        // Ten shows a day.
        let (day, minutes) = (day(at as u64 / 10), 60 * (at as u64 % 10) + 600 + random.below(60));
        let audience = 4_438.6 + random.below(35_408_830_400_000) as f64 / 1e6;
        text += &format!("{signal},{prefix}{program},{day},{:.3},{audience}\n", start(day, minutes));
    }
    text
}
