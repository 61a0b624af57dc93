//! Finds the fields and the end of a record, in bytes that may stop anywhere. Quotes are those of RFC 4180; what other text does is
//! said in the README.

use crate::Delimiter;
use crate::text::{QUOTE, trimmed};

/// What a byte outside quotes means; 0 is text.
const DELIMITER: u8 = 1;
const LINE_END: u8 = 2;
const MARK: u8 = 3;
const NOT_ASCII: u8 = 4;

/// What each byte means under a delimiter.
pub(crate) struct Classes {
    of: [u8; 256],
    /// The delimiter in each byte of a word.
    delimiters: u64,
}

/// 1 in each byte of a word.
const ONES: u64 = 0x0101_0101_0101_0101;
/// Quotes in each.
const QUOTES: u64 = ONES * QUOTE as u64;

impl Classes {
    pub(crate) fn new(delimiter: Delimiter) -> Self {
        let mut of = [0; 256];
        of[128..].fill(NOT_ASCII);
        of[usize::from(delimiter.byte())] = DELIMITER;
        of[usize::from(b'\n')] = LINE_END;
        of[usize::from(b'\r')] = LINE_END;
        of[usize::from(QUOTE)] = MARK;
        Self { of, delimiters: u64::from(delimiter.byte()) * ONES }
    }

    #[inline]
    fn of(&self, byte: u8) -> u8 {
        self.of[usize::from(byte)]
    }
}

/// The next place from `at` on that is perhaps not text, eight bytes at a time: what is up to a quote, not ASCII, or one of `others`.
#[inline]
fn next_mark(bytes: &[u8], mut at: usize, others: u64) -> usize {
    while let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*word);
        let differing = word ^ others;
        let other = differing.wrapping_sub(ONES) & !differing;
        let low = word.wrapping_sub(ONES * (u64::from(QUOTE) + 1)) & !word;
        // A byte may wrongly be marked above one that is rightly so; the lowest is right.
        let marks = (other | low | word) & (ONES << 7);
        if marks != 0 {
            return at + (marks.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    at
}

/// A field by its place in the record.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Field {
    /// Without the quotes around it.
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) is_quoted: bool,
    /// Whether it contains doubled quotes.
    pub(crate) is_doubled: bool,
    /// Whether it is unquoted and contains a quote, or quoted and goes on after the closing quote.
    pub(crate) is_stray: bool,
}

impl Field {
    /// Its bytes, without blanks around them.
    #[inline]
    pub(crate) fn of(self, record: &[u8]) -> &[u8] {
        trimmed(record.get(self.start as usize..self.end as usize).unwrap_or_default())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// At the start of a field.
    Start,
    /// In a field without quotes, or after the closing quote of one.
    Plain,
    /// Between quotes.
    Quoted,
    /// After a quote between quotes: it closes the field, or is the first of two.
    Mark,
    /// After the closing quote and blanks.
    Closed,
}

/// The scan of one record.
#[derive(Debug)]
pub(crate) struct Scan {
    /// Bytes of the record that were looked at.
    at: usize,
    state: State,
    field: Field,
    /// Whether all that was looked at is ASCII.
    pub(crate) is_ascii: bool,
    /// Fields that are closed.
    pub(crate) fields: u32,
    /// Line ends between quotes.
    pub(crate) breaks: u64,
    /// The first of them.
    pub(crate) first_break: Option<usize>,
    /// The first field that goes on after its closing quote, and where it starts.
    pub(crate) after_quote: Option<(u32, u32)>,
}

impl Default for Scan {
    fn default() -> Self {
        Self {
            at: 0,
            state: State::Start,
            field: Field::default(),
            is_ascii: true,
            fields: 0,
            breaks: 0,
            first_break: None,
            after_quote: None,
        }
    }
}

impl Scan {
    /// Whether the record is between quotes.
    pub(crate) fn is_open(&self) -> bool {
        self.state == State::Quoted
    }

    /// Whether nothing but one field without quotes was found.
    pub(crate) fn is_bare(&self) -> bool {
        self.fields == 1 && !self.field.is_quoted
    }

    /// Goes on to the line end that ends the record, and returns its place. `bytes` start with the record and may have grown since the
    /// last call; each field is given to `each` with its number. `is_one_line`: a line end ends the record between quotes too.
    pub(crate) fn advance(
        &mut self,
        bytes: &[u8],
        classes: &Classes,
        is_one_line: bool,
        mut each: impl FnMut(u32, Field),
    ) -> Option<usize> {
        let mut at = self.at;
        let end = loop {
            let Some(&byte) = bytes.get(at) else { break None };
            match self.state {
                State::Start => {
                    let is_quoted = byte == QUOTE;
                    at += usize::from(is_quoted);
                    self.field = Field { start: at as u32, is_quoted, ..Field::default() };
                    self.state = if is_quoted { State::Quoted } else { State::Plain };
                }
                State::Plain => {
                    at = next_mark(bytes, at, classes.delimiters);
                    match bytes.get(at).map(|byte| classes.of(*byte)) {
                        None => break None,
                        Some(DELIMITER) => {
                            self.close(at, &mut each);
                            at += 1;
                            // The next field most often needs no quotes either.
                            if bytes.get(at).is_some_and(|byte| *byte != QUOTE) {
                                self.field = Field { start: at as u32, ..Field::default() };
                                self.state = State::Plain;
                            }
                        }
                        Some(MARK) => {
                            self.field.is_stray = true;
                            at += 1;
                        }
                        Some(LINE_END) => break Some(at),
                        Some(class) => {
                            self.is_ascii &= class != NOT_ASCII;
                            at += 1;
                        }
                    }
                }
                State::Quoted => {
                    at = next_mark(bytes, at, QUOTES);
                    match bytes.get(at) {
                        None => break None,
                        Some(&QUOTE) => {
                            self.field.end = at as u32;
                            self.state = State::Mark;
                        }
                        Some(b'\r' | b'\n') if is_one_line => break Some(at),
                        Some(b'\n') if bytes[at - 1] == b'\r' => {}
                        Some(b'\r' | b'\n') => {
                            self.breaks += 1;
                            self.first_break.get_or_insert(at);
                        }
                        Some(byte) => self.is_ascii &= byte.is_ascii(),
                    }
                    at += 1;
                }
                State::Mark if byte == QUOTE => {
                    self.field.is_doubled = true;
                    self.state = State::Quoted;
                    at += 1;
                }
                State::Mark | State::Closed => match classes.of(byte) {
                    DELIMITER => {
                        self.close(self.field.end as usize, &mut each);
                        at += 1;
                    }
                    LINE_END => break Some(at),
                    _ if matches!(byte, b' ' | b'\t') => {
                        self.state = State::Closed;
                        at += 1;
                    }
                    _ => {
                        self.field.is_stray = true;
                        self.after_quote.get_or_insert((self.fields, self.field.start));
                        self.state = State::Plain;
                    }
                },
            }
        };
        self.at = end.unwrap_or(at);
        end
    }

    /// Closes the last field, whose record ends at `end`.
    pub(crate) fn finish(&mut self, end: usize, mut each: impl FnMut(u32, Field)) {
        let state = self.state;
        match state {
            State::Start => {
                self.field = Field { start: end as u32, ..Field::default() };
                self.close(end, &mut each);
            }
            State::Plain | State::Quoted => self.close(end, &mut each),
            State::Mark | State::Closed => self.close(self.field.end as usize, &mut each),
        }
        self.state = state;
    }

    #[inline]
    fn close(&mut self, end: usize, each: &mut impl FnMut(u32, Field)) {
        self.field.end = end as u32;
        each(self.fields, self.field);
        self.fields += 1;
        self.state = State::Start;
    }
}
