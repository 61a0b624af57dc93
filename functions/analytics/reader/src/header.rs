//! Recognises the header: the delimiter under which it has all columns of one kind, and where they are.

use std::cmp::Reverse;

use crate::limits::RECORD_BYTES;
use crate::scan::{Classes, Field, Scan};
use crate::text::{decode, is_utf8, trimmed};
use crate::{Checkpoint, Delimiter, Encoding, FileFault, Guess, Kind, UnknownHeader};

const BOM: &[u8] = b"\xEF\xBB\xBF";
/// Columns that an error names at most, and the characters of each.
const NAMED: usize = 40;
const NAME_CHARACTERS: usize = 60;
/// How alike a column found and a missing one are, from 0 to 1, to be taken for a misspelling.
const ALIKE: f64 = 0.5;

/// The search for a header. Its decisions depend on the bytes alone, not on how they come.
#[derive(Debug)]
pub(crate) struct Opening {
    encoding: Encoding,
    offset: u64,
    line: u64,
    is_after_return: bool,
    /// Whether the start of the file was looked at for a BOM.
    is_begun: bool,
    scan: Scan,
    /// Where the header ends under each delimiter tried; nothing if it is too long.
    ends: Vec<Option<usize>>,
}

impl Opening {
    pub(crate) fn new(encoding: Encoding) -> Self {
        let (scan, ends) = (Scan::default(), Vec::new());
        Self { encoding, offset: 0, line: 1, is_after_return: false, is_begun: false, scan, ends }
    }

    /// Reads on; returns the bytes that are done and, after the header, where the rows start.
    pub(crate) fn read(&mut self, bytes: &[u8], is_last: bool) -> Result<(usize, Option<Checkpoint>), FileFault> {
        let mut from = 0;
        if !self.is_begun {
            if !is_last && bytes.len() < BOM.len() && BOM.starts_with(bytes) {
                return Ok((0, None));
            }
            self.is_begun = true;
            from = if bytes.starts_with(BOM) { BOM.len() } else { 0 };
        }
        loop {
            if self.is_after_return && from < bytes.len() {
                self.is_after_return = false;
                from += usize::from(bytes[from] == b'\n');
            }
            let rest = &bytes[from..];
            let Some(delimiter) = Delimiter::ALL.get(self.ends.len()).copied() else {
                return Err(self.unknown(rest));
            };
            let window = &rest[..rest.len().min(RECORD_BYTES + 1)];
            let end = match self.scan.advance(window, &Classes::new(delimiter), false, |_, _| {}) {
                Some(end) => Some(end),
                None if window.len() > RECORD_BYTES => None,
                None if is_last && window.is_empty() => return Err(FileFault::EmptyFile),
                None if is_last => Some(window.len()),
                None => {
                    self.offset += from as u64;
                    return Ok((from, None));
                }
            };
            self.scan = Scan::default();
            match end {
                Some(end) if self.ends.is_empty() && trimmed(&rest[..end]).is_empty() => {
                    let line_end = rest.get(end);
                    self.line += 1;
                    self.is_after_return = line_end == Some(&b'\r');
                    from += end + usize::from(line_end.is_some());
                }
                Some(end) => match self.recognised(delimiter, &rest[..end], rest.get(end).copied())? {
                    Some(mut rows) => {
                        from += end + usize::from(end < rest.len());
                        rows.next_byte = self.offset + from as u64;
                        return Ok((from, Some(rows)));
                    }
                    None => self.ends.push(Some(end)),
                },
                None => self.ends.push(None),
            }
        }
    }

    /// The start of the rows, if the header has all columns of a kind.
    fn recognised(
        &self,
        delimiter: Delimiter,
        header: &[u8],
        line_end: Option<u8>,
    ) -> Result<Option<Checkpoint>, FileFault> {
        let tried = Tried::new(delimiter, header);
        let complete = Kind::ALL.into_iter().find(|kind| tried.missing(*kind).is_empty());
        let Some(kind) = complete.filter(|_| !tried.is_open) else { return Ok(None) };
        if let Some(column) = kind.columns().iter().find(|column| tried.places(column).count() > 1) {
            return Err(FileFault::RepeatedColumn { line: self.line, column });
        }
        let is_utf8 = is_utf8(header, false);
        let encoding = if is_utf8 { self.encoding } else { Encoding::Windows1252 };
        let mut text = String::new();
        decode(header, encoding, false, usize::MAX, &mut text);
        Ok(Some(Checkpoint {
            header: text.trim_start_matches('\u{FEFF}').to_owned(),
            next_byte: 0,
            records: 0,
            line: self.line + tried.breaks + 1,
            kind,
            delimiter,
            encoding,
            width: tried.width as u32,
            columns: kind.columns().iter().filter_map(|column| tried.places(column).next()).collect(),
            is_utf8_seen: is_utf8 && !header.is_ascii(),
            is_after_return: line_end == Some(b'\r'),
            is_skipping: false,
            line_by_line_until: 0,
        }))
    }

    /// Why the header, which is at the start of `bytes`, is none.
    fn unknown(&self, bytes: &[u8]) -> FileFault {
        let bytes = &bytes[..bytes.len().min(RECORD_BYTES + 1)];
        let first_line = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let header = |end: Option<usize>| end.or(first_line).map(|end| &bytes[..end]);
        if let Some(found) = other_format(header(None).unwrap_or(bytes)) {
            return FileFault::NotCsv { found };
        }
        let tried = Delimiter::ALL.into_iter().zip(&self.ends);
        let tried = tried.filter_map(|(delimiter, end)| Some(Tried::new(delimiter, header(*end)?)));
        let nearest =
            tried.flat_map(|tried| Kind::ALL.map(|kind| (kind, tried.clone()))).min_by_key(|(kind, tried)| {
                (tried.missing(*kind).len(), Reverse(tried.guesses(*kind).len()), Reverse(tried.width))
            });
        let Some((nearest, tried)) = nearest else { return FileFault::HeaderTooLong { line: self.line } };
        FileFault::UnknownHeader(UnknownHeader {
            line: self.line,
            more: tried.width - tried.named.len(),
            nearest,
            missing: tried.missing(nearest),
            did_you_mean: tried.guesses(nearest),
            found: tried.named,
        })
    }
}

/// A header parsed under one delimiter.
#[derive(Clone)]
struct Tried {
    /// The first columns.
    named: Vec<String>,
    /// The columns of any kind, and their places.
    known: Vec<(&'static str, u32)>,
    width: usize,
    breaks: u64,
    is_open: bool,
}

impl Tried {
    fn new(delimiter: Delimiter, header: &[u8]) -> Self {
        let encoding = if is_utf8(header, false) { Encoding::Utf8 } else { Encoding::Windows1252 };
        let (mut named, mut known, mut width) = (Vec::new(), Vec::<(&'static str, u32)>::new(), 0);
        let mut each = |place: u32, field: Field| {
            width += 1;
            let mut name = String::new();
            decode(field.of(header), encoding, field.is_doubled, NAME_CHARACTERS, &mut name);
            let name = name.trim_matches(|character: char| character.is_whitespace() || character == '\u{FEFF}');
            let columns = Kind::ALL.into_iter().flat_map(Kind::columns);
            // Two places tell that it is repeated; more need not be kept.
            if let Some(column) = columns.into_iter().find(|column| column.eq_ignore_ascii_case(name))
                && known.iter().filter(|(earlier, _)| earlier == column).count() < 2
            {
                known.push((column, place));
            }
            if named.len() < NAMED {
                named.push(name.to_owned());
            }
        };
        let mut scan = Scan::default();
        scan.advance(header, &Classes::new(delimiter), false, &mut each);
        scan.finish(header.len(), &mut each);
        Self { named, known, width, breaks: scan.breaks, is_open: scan.is_open() }
    }

    fn places(&self, column: &str) -> impl Iterator<Item = u32> {
        self.known.iter().filter(move |(known, _)| *known == column).map(|(_, place)| *place)
    }

    fn missing(&self, kind: Kind) -> Vec<&'static str> {
        kind.columns().iter().copied().filter(|column| self.places(column).next().is_none()).collect()
    }

    /// For each missing column the most similar one that was found, if any is similar.
    fn guesses(&self, kind: Kind) -> Vec<Guess> {
        let plain = |name: &str| name.to_lowercase().replace([' ', '-'], "_");
        let others =
            self.named.iter().filter(|name| !kind.columns().iter().any(|column| column.eq_ignore_ascii_case(name)));
        let guess = |column: &'static str| {
            let scored =
                others.clone().map(|name| (strsim::normalized_damerau_levenshtein(&plain(name), column), name));
            let (score, found) = scored.max_by(|(left, _), (right, _)| left.total_cmp(right))?;
            (score >= ALIKE).then(|| Guess { found: found.clone(), column })
        };
        self.missing(kind).into_iter().filter_map(guess).collect()
    }
}

/// What the file is instead of CSV, by its first bytes.
fn other_format(start: &[u8]) -> Option<&'static str> {
    match start {
        [b'P', b'K', 3, 4, ..] => Some("a ZIP archive or an Excel workbook"),
        [0xD0, 0xCF, 0x11, 0xE0, ..] => Some("an Excel workbook"),
        [0x1F, 0x8B, ..] => Some("a gzip archive"),
        [b'P', b'A', b'R', b'1', ..] => Some("a Parquet file"),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Some("text in UTF-16"),
        _ => start.contains(&0).then_some("binary, or text in UTF-16"),
    }
}
