//! Rows on their way into the database, in the binary format of COPY:
//! <https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.4>

use analytics_reader::{Exhibition, Fault, Kind, Rejected, Sink, Slot};
use bytes::{BufMut, Bytes, BytesMut};
use jiff::civil::Date;
use serde_json::json;

/// PostgreSQL counts from 2000-01-01.
const EPOCH_DAY: i32 = 10_957;
const EPOCH_MICROS: i64 = 946_684_800_000_000;
/// The signature, no flags, no header extension.
const HEADER: &[u8] = b"PGCOPY\n\xFF\r\n\0\0\0\0\0\0\0\0\0";
/// Ends the rows.
const TRAILER: i16 = -1;

/// Gathers what a reader hands over until it is sent.
#[derive(Debug, Default)]
pub struct Rows {
    number: i32,
    copy: BytesMut,
    counts: Counts,
    rejected: Vec<RejectedText>,
    room: usize,
}

/// What the rows since the last commit add up to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) taken: u64,
    pub(crate) rejected: u64,
    pub(crate) first_day: Option<i32>,
    pub(crate) last_day: Option<i32>,
}

/// A rejected row as it is stored.
#[derive(Debug)]
pub(crate) struct RejectedText {
    pub(crate) record: i64,
    pub(crate) line: i64,
    pub(crate) raw: Vec<u8>,
    pub(crate) faults: serde_json::Value,
}

impl Rows {
    /// For the upload of this number; `room` is how many rejected rows may still be stored.
    pub(crate) fn new(number: i32, room: usize) -> Self {
        Self { number, room, ..Self::default() }
    }

    /// Bytes that wait to be sent.
    pub fn len(&self) -> usize {
        self.copy.len()
    }

    pub fn is_empty(&self) -> bool {
        self.copy.is_empty()
    }

    /// Rows since the last commit, good and rejected.
    pub fn records(&self) -> u64 {
        self.counts.taken + self.counts.rejected
    }

    /// What waits to be sent.
    pub(crate) fn take(&mut self) -> Bytes {
        self.copy.split().freeze()
    }

    /// Starts counting anew.
    pub(crate) fn settle(&mut self) -> (Counts, Vec<RejectedText>) {
        (std::mem::take(&mut self.counts), std::mem::take(&mut self.rejected))
    }

    fn start(&mut self, fields: i16, record: u64, line: u64, day: i32) {
        self.counts.taken += 1;
        self.counts.first_day = Some(self.counts.first_day.map_or(day, |first| first.min(day)));
        self.counts.last_day = Some(self.counts.last_day.map_or(day, |last| last.max(day)));
        self.copy.reserve(256);
        self.copy.put_i16(fields);
        self.copy.put_i32(4);
        self.copy.put_i32(self.number);
        self.copy.put_i32(8);
        self.copy.put_u64(record);
        self.copy.put_i32(8);
        self.copy.put_u64(line);
        self.copy.put_i32(4);
        self.copy.put_i32(day - EPOCH_DAY);
    }

    fn text(&mut self, text: &str) {
        self.copy.put_i32(text.len() as i32);
        self.copy.put_slice(text.as_bytes());
    }
}

impl Sink for Rows {
    fn audience(&mut self, row: Exhibition<'_>) {
        self.start(8, row.record, row.line, row.exhibition_date.0);
        self.copy.put_i32(8);
        self.copy.put_i64(row.program_start_time.0 - EPOCH_MICROS);
        self.copy.put_i32(8);
        self.copy.put_f64(row.average_audience);
        self.text(row.signal);
        self.text(row.program_code);
    }

    fn availability(&mut self, row: Slot<'_>) {
        self.start(7, row.record, row.line, row.date.0);
        self.copy.put_i32(4);
        self.copy.put_i32(row.available_time);
        self.text(row.signal);
        self.text(row.program_code);
    }

    fn rejected(&mut self, row: Rejected<'_>) {
        self.counts.rejected += 1;
        if self.room > 0 {
            self.room -= 1;
            let faults: Vec<_> = row.faults.iter().map(fault).collect();
            self.rejected.push(RejectedText {
                record: row.record.cast_signed(),
                line: row.line.cast_signed(),
                raw: row.raw.as_bytes().to_vec(),
                faults: faults.into(),
            });
        }
    }
}

fn fault(fault: &Fault) -> serde_json::Value {
    // JSON in PostgreSQL cannot hold U+0000.
    let value = fault.value.replace('\0', "\u{FFFD}");
    let Fault { column, code, message, .. } = fault;
    match column {
        Some(column) => json!({"column": column, "code": code, "value": value, "message": message}),
        None => json!({"code": code, "value": value, "message": message}),
    }
}

/// What precedes the rows of a COPY.
pub(crate) fn header() -> Bytes {
    Bytes::from_static(HEADER)
}

/// What follows them.
pub(crate) fn trailer() -> Bytes {
    Bytes::copy_from_slice(&TRAILER.to_be_bytes())
}

/// The statement that takes them, in the order of the fields above.
pub(crate) fn copy_statement(kind: Kind) -> &'static str {
    match kind {
        Kind::Audience => {
            "COPY exhibition (upload_number, record, line, exhibition_date, program_start_time, average_audience, signal, \
             program_code) FROM STDIN (FORMAT binary)"
        }
        Kind::Availability => {
            "COPY slot (upload_number, record, line, day, available_time, signal, program_code) FROM STDIN (FORMAT binary)"
        }
    }
}

/// A day of the reader as a date.
pub(crate) fn date(day: i32) -> Option<Date> {
    let epoch = jiff::civil::date(1970, 1, 1);
    epoch.checked_add(jiff::Span::new().days(day)).ok()
}
