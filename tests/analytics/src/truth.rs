//! What the API has to answer, from the rows themselves: plain vectors, sorted. Has nothing in common with the store.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::ensure;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

/// A row of an audience file.
#[derive(Debug, Clone, PartialEq)]
pub struct Exhibition {
    pub signal: String,
    pub program: String,
    pub day: Date,
    pub start: Timestamp,
    pub audience: f64,
}

/// A row of an availability file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    pub signal: String,
    pub program: String,
    pub day: Date,
    pub time: i64,
}

/// From Monday.
pub const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
/// How far an answer may be from the truth: additions in another order.
const TOLERANCE: f64 = 1e-12;

/// From 0, Monday.
pub fn weekday(day: Date) -> usize {
    usize::from(day.weekday().to_monday_zero_offset().unsigned_abs())
}

/// What one signal shows of a program on one weekday.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    pub signal: String,
    pub weekday: &'static str,
    pub available_time: i64,
    pub predicted_audience: Option<f64>,
}

/// An exhibition and its prediction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Predicted {
    pub day: Date,
    pub audience: f64,
    pub prediction: f64,
}

/// A program in the list of programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    pub signals: Vec<String>,
    pub first_day: Option<Date>,
    pub last_day: Option<Date>,
    pub first_slot_day: Option<Date>,
    pub last_slot_day: Option<Date>,
}

/// Everything that counts.
#[derive(Debug, Clone, Default)]
pub struct Truth {
    exhibitions: BTreeMap<(String, String, Date, Timestamp), f64>,
    slots: BTreeMap<(String, String, Date, usize), i64>,
}

impl Truth {
    /// Takes an audience file. Where a row was there before, the later one counts.
    pub fn exhibitions(&mut self, rows: &[Exhibition]) -> &mut Self {
        for Exhibition { signal, program, day, start, audience } in rows {
            self.exhibitions.insert((program.clone(), signal.clone(), *day, *start), *audience);
        }
        self
    }

    /// Takes an availability file. The slots of a day are told apart by their order in the file.
    pub fn slots(&mut self, rows: &[Slot]) -> &mut Self {
        let mut seen = BTreeMap::new();
        for Slot { signal, program, day, time } in rows {
            let nth: &mut usize = seen.entry((program, signal, day)).or_default();
            self.slots.insert((program.clone(), signal.clone(), *day, *nth), *time);
            *nth += 1;
        }
        self
    }

    /// How many exhibitions and slots count.
    pub fn rows(&self) -> (usize, usize) {
        (self.exhibitions.len(), self.slots.len())
    }

    /// The days on which a program was shown.
    pub fn days(&self, program: &str) -> Vec<Date> {
        let mut days: Vec<Date> =
            self.exhibitions.keys().filter(|(of, ..)| of == program).map(|(_, _, day, _)| *day).collect();
        days.sort();
        days.dedup();
        days
    }

    /// Every program that has exhibitions or slots.
    pub fn programs(&self) -> BTreeMap<&str, Program> {
        let codes = self.exhibitions.keys().map(|(code, ..)| code).chain(self.slots.keys().map(|(code, ..)| code));
        let codes: BTreeSet<&String> = codes.collect();
        let program = |code: &String| {
            let shown = self.exhibitions.keys().filter(|(of, ..)| of == code);
            let slots = self.slots.keys().filter(|(of, ..)| of == code);
            let signals =
                shown.clone().map(|(_, signal, ..)| signal).chain(slots.clone().map(|(_, signal, ..)| signal));
            Program {
                signals: signals.cloned().collect::<BTreeSet<_>>().into_iter().collect(),
                first_day: shown.clone().map(|(_, _, day, _)| *day).min(),
                last_day: shown.clone().map(|(_, _, day, _)| *day).max(),
                first_slot_day: slots.clone().map(|(_, _, day, _)| *day).min(),
                last_slot_day: slots.map(|(_, _, day, _)| *day).max(),
            }
        };
        codes.into_iter().map(|code| (code.as_str(), program(code))).collect()
    }

    /// The answer about all exhibitions.
    pub fn all(&self, program: &str) -> Vec<Group> {
        self.groups(program, None)
    }

    /// The answer about some exhibitions.
    pub fn of_days(&self, program: &str, is_selected: impl Fn(Date) -> bool) -> Vec<Group> {
        self.groups(program, Some(&is_selected))
    }

    fn groups(&self, program: &str, is_selected: Option<&dyn Fn(Date) -> bool>) -> Vec<Group> {
        let mut times: BTreeMap<(&str, usize), i64> = BTreeMap::new();
        for ((of, signal, day, _), time) in &self.slots {
            if of == program {
                *times.entry((signal, weekday(*day))).or_default() += time;
            }
        }
        let group = |((signal, weekday), time): ((&str, usize), i64)| {
            let chosen: Vec<f64> = self
                .predictions(program, signal, weekday)
                .into_iter()
                .filter(|shown| is_selected.is_none_or(|is_selected| is_selected(shown.day)))
                .map(|shown| shown.prediction)
                .collect();
            let mean = (!chosen.is_empty()).then(|| chosen.iter().sum::<f64>() / chosen.len() as f64);
            (is_selected.is_none() || mean.is_some()).then(|| Group {
                signal: signal.to_owned(),
                weekday: WEEKDAYS[weekday],
                available_time: time,
                predicted_audience: mean,
            })
        };
        times.into_iter().filter_map(group).collect()
    }

    /// The exhibitions of a group in order, each with its prediction.
    pub fn predictions(&self, program: &str, signal: &str, of: usize) -> Vec<Predicted> {
        let mut shown: Vec<(Date, Timestamp, f64)> = self
            .exhibitions
            .iter()
            .filter(|((code, on, day, _), _)| code == program && on == signal && weekday(*day) == of)
            .map(|((_, _, day, start), audience)| (*day, *start, *audience))
            .collect();
        shown.sort_by_key(|(day, start, _)| (*day, *start));
        let median = |at: usize| {
            let mut last: Vec<f64> =
                shown[at.saturating_sub(3)..=at].iter().map(|(_, _, audience)| *audience).collect();
            last.sort_by(f64::total_cmp);
            let middle = last.len() / 2;
            if last.len().is_multiple_of(2) { f64::midpoint(last[middle - 1], last[middle]) } else { last[middle] }
        };
        let predicted = |at: usize| Predicted { day: shown[at].0, audience: shown[at].2, prediction: median(at) };
        (0..shown.len()).map(predicted).collect()
    }
}

/// Compares an answer's body with the truth: the same groups in the same order, the same numbers.
///
/// # Errors
/// They differ; says where.
pub fn compare(question: &str, answer: &Value, program: &str, expected: &[Group]) -> anyhow::Result<()> {
    let found = answer["body"].as_array().cloned().unwrap_or_default();
    ensure!(answer["status"] == "SUCCESS" && answer["body"].is_array(), "{question}: {answer}");
    ensure!(
        found.len() == expected.len(),
        "{question}: {} groups instead of {}: {answer} and {expected:?}",
        found.len(),
        expected.len()
    );
    for (found, expected) in found.iter().zip(expected) {
        let mut rest = found.clone();
        let number = rest["predicted_audience"].take();
        let same = json!({
            "signal": expected.signal, "program_code": program, "weekday": expected.weekday,
            "available_time": expected.available_time, "predicted_audience": null,
        });
        ensure!(rest == same, "{question}: {found} instead of {expected:?}");
        ensure!(is_near(&number, expected.predicted_audience), "{question}: {found} instead of {expected:?}");
    }
    Ok(())
}

/// Whether an answer has this number, or null for none.
pub fn is_near(found: &Value, expected: Option<f64>) -> bool {
    match (found.as_f64(), expected) {
        (Some(found), Some(expected)) => (found - expected).abs() <= TOLERANCE * expected.abs(),
        (None, None) => found.is_null(),
        _ => false,
    }
}
