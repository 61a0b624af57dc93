//! The fields of a record that are needed, and the codes in them.

use crate::Encoding;
use crate::scan::Field;
use crate::text::{decode, valid};
use crate::value::Problem;

/// Characters of the codes, the widths of their columns.
pub(crate) const SIGNAL_CHARACTERS: usize = 50;
pub(crate) const PROGRAM_CODE_CHARACTERS: usize = 100;

/// The fields of a record that are needed, in the order of [`Kind::columns`].
#[derive(Debug)]
pub(crate) struct Needed {
    /// Their places, in ascending order, and which column each is; then places that no field has.
    places: [(u32, usize); 6],
    /// How many of them were found in this record.
    pub(crate) found: usize,
    pub(crate) fields: [Field; 5],
}

impl Needed {
    pub(crate) fn new(columns: &[u32]) -> Self {
        let mut places = [(u32::MAX, 0); 6];
        for (index, place) in columns.iter().copied().take(5).enumerate() {
            places[index] = (place, index);
        }
        places.sort_unstable();
        Self { places, found: 0, fields: Default::default() }
    }

    #[inline]
    pub(crate) fn take(&mut self, place: u32, field: Field) {
        let (next, column) = self.places[self.found];
        if next == place {
            self.fields[column] = field;
            self.found += 1;
        }
    }

    /// Which column is at a place.
    pub(crate) fn column_at(&self, place: u32) -> Option<usize> {
        self.places.iter().find(|(next, _)| *next == place).map(|(_, column)| *column)
    }
}

/// A code of 1 to 50 characters.
#[inline]
pub(crate) fn signal<'a>(
    record: &'a [u8],
    field: Field,
    encoding: Encoding,
    scratch: &'a mut String,
) -> Result<&'a str, Problem> {
    code(record, field, encoding, SIGNAL_CHARACTERS, Problem::LongSignal, scratch)
}

/// A code of 1 to 100 characters.
#[inline]
pub(crate) fn program_code<'a>(
    record: &'a [u8],
    field: Field,
    encoding: Encoding,
    scratch: &'a mut String,
) -> Result<&'a str, Problem> {
    code(record, field, encoding, PROGRAM_CODE_CHARACTERS, Problem::LongProgramCode, scratch)
}

fn code<'a>(
    record: &'a [u8],
    field: Field,
    encoding: Encoding,
    most: usize,
    too_long: Problem,
    scratch: &'a mut String,
) -> Result<&'a str, Problem> {
    let bytes = field.of(record);
    if field.is_stray {
        return Err(Problem::StrayQuote);
    }
    if bytes.is_empty() {
        return Err(Problem::Missing);
    }
    if bytes.contains(&0) {
        return Err(Problem::NulCharacter);
    }
    let text = if field.is_doubled || (encoding == Encoding::Windows1252 && !bytes.is_ascii()) {
        scratch.clear();
        decode(bytes, encoding, field.is_doubled, most + 1, scratch);
        scratch.as_str()
    } else {
        valid(bytes)
    };
    // A character has at least a byte.
    if text.len() > most && text.chars().count() > most { Err(too_long) } else { Ok(text) }
}
