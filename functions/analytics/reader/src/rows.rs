//! Reads the rows after the header: finds each record, takes its values or says what is wrong with it.

use crate::fault::{Fault, Rejected};
use crate::fields::{Needed, program_code, signal};
use crate::limits::RECORD_BYTES;
use crate::reject::{self, Broken};
use crate::scan::{Classes, Scan};
use crate::text::{decode, decoded, is_utf8, trimmed, valid};
use crate::value::{decimal, integer, iso_date, slashed_date, time};
use crate::{Checkpoint, Encoding, Exhibition, FileFault, Kind, Sink, Slot};

/// The rows of a file, from a checkpoint on.
pub(crate) struct Rows {
    /// At the start of the record that `scan` is in.
    pub(crate) at: Checkpoint,
    classes: Classes,
    scan: Scan,
    needed: Needed,
    /// The codes of the row, where they are not in the file as they are.
    texts: [String; 2],
    faults: Vec<Fault>,
}

impl Rows {
    pub(crate) fn new(at: Checkpoint) -> Self {
        let classes = Classes::new(at.delimiter);
        let needed = Needed::new(&at.columns);
        Self { at, classes, scan: Scan::default(), needed, texts: Default::default(), faults: Vec::new() }
    }

    /// Hands over the records that are complete; returns the bytes that are done. The rest, at most a record and a byte, must be given again, with more.
    pub(crate) fn read(&mut self, bytes: &[u8], is_last: bool, sink: &mut impl Sink) -> Result<usize, FileFault> {
        let mut from = 0;
        loop {
            if self.at.is_after_return && from < bytes.len() {
                self.at.is_after_return = false;
                if bytes[from] == b'\n' {
                    from += 1;
                    self.at.next_byte += 1;
                }
            }
            let rest = &bytes[from..];
            if rest.is_empty() {
                return Ok(from);
            }
            if self.at.is_skipping {
                from += self.skip(rest);
                continue;
            }
            let window = &rest[..rest.len().min(RECORD_BYTES + 1)];
            let is_one_line = self.at.next_byte < self.at.line_by_line_until;
            let needed = &mut self.needed;
            let end = self.scan.advance(window, &self.classes, is_one_line, |place, field| needed.take(place, field));
            from += match end {
                Some(end) => {
                    self.record(&rest[..end], sink)?;
                    self.pass(rest, end)
                }
                None if window.len() > RECORD_BYTES => self.too_long(rest, sink)?,
                None if is_last => self.last(rest, sink)?,
                None => return Ok(from),
            };
        }
    }

    /// Goes to the start of the next record; returns the bytes of this one, which ends at `end`.
    #[inline]
    fn pass(&mut self, bytes: &[u8], end: usize) -> usize {
        let line_end = bytes.get(end);
        let length = end + usize::from(line_end.is_some());
        self.at.is_after_return = line_end == Some(&b'\r');
        self.at.next_byte += length as u64;
        self.at.line += self.scan.breaks + 1;
        self.scan = Scan::default();
        self.needed.found = 0;
        length
    }

    /// Skips the rest of a line.
    fn skip(&mut self, bytes: &[u8]) -> usize {
        let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        match end {
            Some(end) => {
                self.at.is_skipping = false;
                self.pass(bytes, end)
            }
            None => {
                self.at.next_byte += bytes.len() as u64;
                bytes.len()
            }
        }
    }

    /// Rejects a record of more than 64 KiB. If it goes over lines it is its first line alone, and what was looked at in vain is read
    /// again line by line, so that a quote that is never closed costs one line and every byte is looked at twice at most. Else the rest of its line is skipped.
    #[cold]
    fn too_long(&mut self, bytes: &[u8], sink: &mut impl Sink) -> Result<usize, FileFault> {
        let line = self.at.line;
        if let Some(end) = self.scan.first_break {
            self.at.line_by_line_until = self.at.next_byte + RECORD_BYTES as u64 + 1;
            self.reject(&bytes[..end], &reject::endless(line), sink)?;
            return Ok(self.pass_first_line(bytes, end));
        }
        self.reject(&bytes[..RECORD_BYTES], &reject::long(line), sink)?;
        self.at.is_skipping = true;
        self.at.next_byte += RECORD_BYTES as u64 + 1;
        self.scan = Scan::default();
        self.needed.found = 0;
        Ok(RECORD_BYTES + 1)
    }

    /// The last record, which has no line end. An open quote that goes over lines is handled as in one that is too long.
    #[cold]
    fn last(&mut self, bytes: &[u8], sink: &mut impl Sink) -> Result<usize, FileFault> {
        match self.scan.first_break {
            Some(end) if self.scan.is_open() => {
                self.at.line_by_line_until = self.at.next_byte + bytes.len() as u64;
                self.reject(&bytes[..end], &reject::unclosed(self.at.line), sink)?;
                Ok(self.pass_first_line(bytes, end))
            }
            _ => {
                self.record(bytes, sink)?;
                Ok(self.pass(bytes, bytes.len()))
            }
        }
    }

    fn pass_first_line(&mut self, bytes: &[u8], end: usize) -> usize {
        self.scan.breaks = 0;
        self.pass(bytes, end)
    }

    fn record(&mut self, record: &[u8], sink: &mut impl Sink) -> Result<(), FileFault> {
        let needed = &mut self.needed;
        self.scan.finish(record.len(), |place, field| needed.take(place, field));
        if self.scan.is_bare() && trimmed(record).is_empty() {
            return Ok(());
        }
        if !self.scan.is_ascii {
            self.check_encoding(record, false)?;
        }
        let is_whole = self.scan.fields == self.at.width && self.scan.after_quote.is_none() && !self.scan.is_open();
        if is_whole && self.values(record, sink) {
            self.at.records += 1;
        } else {
            self.fault(record, sink);
        }
        Ok(())
    }

    /// Hands over the values if all of them are good.
    #[inline]
    fn values(&mut self, record: &[u8], sink: &mut impl Sink) -> bool {
        let (line, number, encoding) = (self.at.line, self.at.records + 1, self.at.encoding);
        let [signal_field, code_field, third, fourth, fifth] = self.needed.fields;
        let third = third.of(record);
        let [first, second] = &mut self.texts;
        let Ok(signal) = signal(record, signal_field, encoding, first) else { return false };
        let Ok(program_code) = program_code(record, code_field, encoding, second) else {
            return false;
        };
        match self.at.kind {
            Kind::Audience => {
                let Ok(exhibition_date) = iso_date(third) else { return false };
                let Ok(program_start_time) = time(fourth.of(record), (third, exhibition_date)) else { return false };
                let Ok(average_audience) = decimal(valid(fifth.of(record))) else { return false };
                let record = number;
                sink.audience(Exhibition {
                    record,
                    line,
                    signal,
                    program_code,
                    exhibition_date,
                    program_start_time,
                    average_audience,
                });
            }
            Kind::Availability => {
                let Ok(date) = slashed_date(third) else { return false };
                let Ok(available_time) = integer(fourth.of(record)) else { return false };
                sink.availability(Slot { record: number, line, signal, program_code, date, available_time });
            }
        }
        true
    }

    fn check_encoding(&mut self, record: &[u8], is_cut: bool) -> Result<(), FileFault> {
        if self.at.encoding == Encoding::Windows1252 || record.is_ascii() {
            return Ok(());
        }
        match (is_utf8(record, is_cut), self.at.is_utf8_seen) {
            (true, _) => self.at.is_utf8_seen = true,
            (false, false) => self.at.encoding = Encoding::Windows1252,
            (false, true) => return Err(FileFault::OtherEncoding { line: self.at.line }),
        }
        Ok(())
    }

    /// Rejects a record with all its faults.
    #[cold]
    fn fault(&mut self, record: &[u8], sink: &mut impl Sink) {
        let broken = Broken {
            record,
            line: self.at.line,
            kind: self.at.kind,
            encoding: self.at.encoding,
            width: self.at.width,
            scan: &self.scan,
            needed: &self.needed,
        };
        self.faults.clear();
        broken.faults(&mut self.faults);
        self.hand_over_rejected(record, sink);
    }

    /// Rejects what is in no state to have values.
    fn reject(&mut self, raw: &[u8], fault: &Fault, sink: &mut impl Sink) -> Result<(), FileFault> {
        self.check_encoding(raw, raw.len() == RECORD_BYTES)?;
        let mut value = String::new();
        decode(raw, self.at.encoding, false, crate::VALUE_CHARACTERS, &mut value);
        self.faults.clear();
        self.faults.push(Fault { value, ..fault.clone() });
        self.hand_over_rejected(raw, sink);
        Ok(())
    }

    fn hand_over_rejected(&mut self, raw: &[u8], sink: &mut impl Sink) {
        self.at.records += 1;
        let (record, line, faults) = (self.at.records, self.at.line, self.faults.as_slice());
        match self.at.encoding {
            Encoding::Utf8 => sink.rejected(Rejected { record, line, raw: valid(raw), faults }),
            Encoding::Windows1252 => {
                let raw = decoded(raw);
                sink.rejected(Rejected { record, line, raw: &raw, faults });
            }
        }
    }
}
