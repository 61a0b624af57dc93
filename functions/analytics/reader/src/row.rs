//! The rows that a reader hands over, and who takes them.

use crate::Rejected;

/// A calendar day of the years 1 to 9999, as days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

/// An instant in microseconds since 1970-01-01T00:00:00Z, from 0001-01-01T00:00:00Z to 9999-12-30T21:59:59.999999Z, so that its local
/// time has a year of four digits whatever the offset. Finer fractions are cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Micros(pub i64);

/// A row of an audience file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exhibition<'a> {
    /// 1 is the first row after the header.
    pub record: u64,
    /// The line of the file that it starts on, from 1.
    pub line: u64,
    /// 1 to 50 characters.
    pub signal: &'a str,
    /// 1 to 100 characters.
    pub program_code: &'a str,
    /// The broadcast day, which need not be the day of the start time.
    pub exhibition_date: Day,
    pub program_start_time: Micros,
    /// Finite and at least 0.
    pub average_audience: f64,
}

/// A row of an availability file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot<'a> {
    /// 1 is the first row after the header.
    pub record: u64,
    /// The line of the file that it starts on, from 1.
    pub line: u64,
    /// 1 to 50 characters.
    pub signal: &'a str,
    /// 1 to 100 characters.
    pub program_code: &'a str,
    pub date: Day,
    /// At least 0.
    pub available_time: i32,
}

/// Takes the rows in the order of the file. Each record is handed over once, to one of the three.
pub trait Sink {
    fn audience(&mut self, row: Exhibition<'_>);
    fn availability(&mut self, row: Slot<'_>);
    fn rejected(&mut self, row: Rejected<'_>);
}
