//! Says all that is wrong with a record.

use crate::fault::{Fault, VALUE_CHARACTERS, code};
use crate::fields::{Needed, program_code, signal};
use crate::scan::{Field, Scan};
use crate::text::decode;
use crate::value::{Problem, decimal, integer, iso_date, slashed_date, time};
use crate::{Day, Encoding, Kind};

/// A record that is to be rejected.
pub(crate) struct Broken<'a> {
    pub(crate) record: &'a [u8],
    pub(crate) line: u64,
    pub(crate) kind: Kind,
    pub(crate) encoding: Encoding,
    /// Columns of the header.
    pub(crate) width: u32,
    pub(crate) scan: &'a Scan,
    pub(crate) needed: &'a Needed,
}

impl Broken<'_> {
    /// Appends them: of the whole record, then by column. Values are not judged where it is not sure which column they are of.
    pub(crate) fn faults(&self, into: &mut Vec<Fault>) {
        let Self { line, width, scan, .. } = self;
        if scan.is_open() {
            let fault = unclosed(*line);
            into.push(Fault { value: self.value(self.record, false), ..fault });
            return;
        }
        if let Some((place, start)) = scan.after_quote {
            let column = self.needed.column_at(place).and_then(|column| self.kind.columns().get(column)).copied();
            let value = self.value(self.record.get(start.saturating_sub(1) as usize..).unwrap_or_default(), false);
            let message = format!(
                "column {} must have nothing after the quote that closes it; double the quotes inside it",
                place + 1
            );
            into.push(Fault { column, code: code::STRAY_QUOTE, value, message });
        }
        if scan.fields != *width {
            let message = format!("must have {width} fields like the header, has {}", scan.fields);
            let value = self.value(self.record, false);
            into.push(Fault { column: None, code: code::FIELD_COUNT, value, message });
            return;
        }
        let named = self.kind.columns().iter().zip(self.needed.fields).enumerate();
        for (index, (column, field)) in named {
            let is_told = scan.after_quote.is_some_and(|(place, _)| self.needed.column_at(place) == Some(index));
            if let Some(problem) = self.problem(index, field).filter(|_| !is_told) {
                let value = self.value(field.of(self.record), field.is_doubled);
                into.push(Fault {
                    column: Some(column),
                    code: problem.code(),
                    value,
                    message: problem.message().to_owned(),
                });
            }
        }
    }

    /// What is wrong with the value of a column.
    fn problem(&self, column: usize, field: Field) -> Option<Problem> {
        let bytes = field.of(self.record);
        let number = || std::str::from_utf8(bytes).map_or(Some(Problem::NotADecimal), |text| decimal(text).err());
        let mut scratch = String::new();
        match (self.kind, column) {
            (_, 0) => signal(self.record, field, self.encoding, &mut scratch).err(),
            (_, 1) => program_code(self.record, field, self.encoding, &mut scratch).err(),
            (Kind::Audience, 2) => iso_date(bytes).err(),
            (Kind::Audience, 3) => time(bytes, (b"", Day(0))).err(),
            (Kind::Audience, _) => number(),
            (Kind::Availability, 2) => slashed_date(bytes).err(),
            (Kind::Availability, _) => integer(bytes).err(),
        }
    }

    fn value(&self, bytes: &[u8], is_doubled: bool) -> String {
        let mut value = String::new();
        decode(bytes, self.encoding, is_doubled, VALUE_CHARACTERS, &mut value);
        value
    }
}

fn whole(code: &'static str, message: String) -> Fault {
    Fault { column: None, code, value: String::new(), message }
}

/// A record of more than 64 KiB within a line.
pub(crate) fn long(line: u64) -> Fault {
    whole(code::RECORD_TOO_LONG, format!("the row in line {line} has more than 65,536 bytes"))
}

/// A record of more than 64 KiB, because of its quotes.
pub(crate) fn endless(line: u64) -> Fault {
    let message = format!(
        "the quote that opens in line {line} makes the row longer than 65,536 bytes; it is taken to end with its line, and lines after it are read one by one"
    );
    whole(code::RECORD_TOO_LONG, message)
}

/// A record whose quote is not closed.
pub(crate) fn unclosed(line: u64) -> Fault {
    whole(
        code::OPEN_QUOTE,
        format!("the quote that opens in line {line} is never closed; the row is taken to end with its line"),
    )
}
