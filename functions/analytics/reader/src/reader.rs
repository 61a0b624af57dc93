//! The reader: keeps what is left of a record until the rest of it comes.

use std::mem;

use crate::header::Opening;
use crate::limits::RECORD_BYTES;
use crate::rows::Rows;
use crate::{Checkpoint, Encoding, FileFault, Kind, Sink};

/// Bytes that are added at a time to what is kept, until the record that it starts is complete.
const STEP: usize = 4 * 1024;
/// Bytes that are kept at most.
const KEPT_BYTES: usize = RECORD_BYTES + 1 + STEP;

/// Reads one file. It holds at most about 260 KiB and the header: a record, a step and, while it rejects a record of Windows-1252, that as UTF-8.
pub struct Reader {
    phase: Phase,
    /// The start of a record that is not complete, or of the header.
    kept: Vec<u8>,
    fault: Option<FileFault>,
}

enum Phase {
    Opening(Opening),
    Rows(Box<Rows>),
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

impl Reader {
    /// Starts at byte 0 of a file whose encoding is to be found out.
    pub fn new() -> Self {
        Self::new_in(Encoding::Utf8)
    }

    /// Starts at byte 0. A file that is not UTF-8 is still read as Windows-1252, one in Windows-1252 never as UTF-8.
    pub fn new_in(encoding: Encoding) -> Self {
        Self { phase: Phase::Opening(Opening::new(encoding)), kept: Vec::new(), fault: None }
    }

    /// Goes on where another reader was: the next byte to feed is the checkpoint's `next_byte`.
    pub fn resume(checkpoint: Checkpoint) -> Self {
        Self { phase: Phase::Rows(Box::new(Rows::new(checkpoint))), kept: Vec::new(), fault: None }
    }

    /// Reads on. The rows that are complete go to the sink.
    ///
    /// # Errors
    /// The file cannot be read; every later call fails in the same way.
    pub fn feed(&mut self, bytes: &[u8], sink: &mut impl Sink) -> Result<(), FileFault> {
        match &self.fault {
            Some(fault) => Err(fault.clone()),
            None => self.read_all(bytes, sink).inspect_err(|fault| self.fault = Some(fault.clone())),
        }
    }

    /// Reads what is left once all bytes were fed. Returns the end of the file as a checkpoint: it has the kind, encoding and counts.
    ///
    /// # Errors
    /// The file cannot be read, or has no header.
    pub fn finish(mut self, sink: &mut impl Sink) -> Result<Checkpoint, FileFault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let kept = mem::take(&mut self.kept);
        let mut done = 0;
        loop {
            match &mut self.phase {
                Phase::Opening(opening) => {
                    let (length, rows) = opening.read(&kept[done..], true)?;
                    done += length;
                    if let Some(rows) = rows {
                        self.phase = Phase::Rows(Box::new(Rows::new(rows)));
                    }
                }
                Phase::Rows(rows) => {
                    rows.read(&kept[done..], true, sink)?;
                    return Ok(rows.at.clone());
                }
            }
        }
    }

    /// The last record start up to which all was handed over; absent until the header has been read.
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        self.at().cloned()
    }

    /// Absent until the header has been read.
    pub fn kind(&self) -> Option<Kind> {
        self.at().map(|at| at.kind)
    }

    fn at(&self) -> Option<&Checkpoint> {
        match &self.phase {
            Phase::Opening(_) => None,
            Phase::Rows(rows) => Some(&rows.at),
        }
    }

    fn read_all(&mut self, bytes: &[u8], sink: &mut impl Sink) -> Result<(), FileFault> {
        let mut done = 0;
        while !self.kept.is_empty() && done < bytes.len() {
            let length = (bytes.len() - done).min(KEPT_BYTES - self.kept.len());
            let length = length.min(STEP);
            self.keep(&bytes[done..done + length]);
            done += length;
            let mut kept = mem::take(&mut self.kept);
            let read = self.read(&kept, sink)?;
            let left = kept.len() - read;
            // What is left and came with this piece is read where it is.
            if left <= length {
                done -= left;
                kept.clear();
            } else {
                kept.drain(..read);
            }
            self.kept = kept;
        }
        if self.kept.is_empty() {
            let rest = &bytes[done..];
            let read = self.read(rest, sink)?;
            self.keep(&rest[read..]);
        }
        Ok(())
    }

    /// Reads what is complete; returns its length.
    fn read(&mut self, bytes: &[u8], sink: &mut impl Sink) -> Result<usize, FileFault> {
        let mut done = 0;
        if let Phase::Opening(opening) = &mut self.phase {
            let (length, rows) = opening.read(bytes, false)?;
            done = length;
            if let Some(rows) = rows {
                self.phase = Phase::Rows(Box::new(Rows::new(rows)));
            }
        }
        match &mut self.phase {
            Phase::Opening(_) => Ok(done),
            Phase::Rows(rows) => Ok(done + rows.read(&bytes[done..], false, sink)?),
        }
    }

    /// Grows by doubling, but never beyond what can be needed.
    fn keep(&mut self, bytes: &[u8]) {
        let needed = self.kept.len() + bytes.len();
        if needed > self.kept.capacity() {
            let capacity = needed.max((needed * 2).min(KEPT_BYTES));
            self.kept.reserve_exact(capacity - self.kept.len());
        }
        self.kept.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Exhibition, Rejected, Slot};

    struct Nobody;

    impl Sink for Nobody {
        fn audience(&mut self, _: Exhibition<'_>) {}
        fn availability(&mut self, _: Slot<'_>) {}
        fn rejected(&mut self, _: Rejected<'_>) {}
    }

    #[test]
    fn no_file_makes_it_keep_more_than_a_record_and_a_step() {
        for header in ["", "signal;program_code;date;available_time\n"] {
            for text in ["x", "\"", "\"x\n", ";", " ", "\r\n", "a\";x;\"\n"] {
                let mut reader = Reader::new();
                let mut bytes = header.to_owned() + &text.repeat(300_000 / text.len());
                bytes.insert(bytes.len() / 2, '"');
                for piece in bytes.as_bytes().chunks(3_001) {
                    if reader.feed(piece, &mut Nobody).is_err() {
                        break;
                    }
                    assert!(reader.kept.capacity() <= KEPT_BYTES, "{text:?}: {}", reader.kept.capacity());
                }
            }
        }
    }
}
