//! Where a reader goes on.

use serde::{Deserialize, Serialize};

use crate::{Delimiter, Encoding, Kind};

/// The state of a reader at the start of a record: [`crate::Reader::resume`] goes on from it with the bytes from `next_byte` on.
///
/// It lags behind the bytes that were fed by at most one record, so by [`crate::RECORD_BYTES`] and a line end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Bytes of the file that are done. A file that ends here has nothing more to feed.
    pub next_byte: u64,
    /// Records that were handed over, good and rejected.
    pub records: u64,
    /// The line that `next_byte` is on, from 1.
    pub line: u64,
    /// The header as it came, without a byte order mark and its line end.
    pub header: String,
    pub kind: Kind,
    pub delimiter: Delimiter,
    pub encoding: Encoding,
    /// Number of the header's columns.
    pub width: u32,
    /// Where the columns of the kind are, from 0, in the order of [`Kind::columns`].
    pub columns: Vec<u32>,
    /// Whether text was read that is UTF-8 and not ASCII.
    pub is_utf8_seen: bool,
    /// Whether the byte before was a carriage return, so that a line feed belongs to the same line end.
    pub is_after_return: bool,
    /// Whether what follows, up to its line end, belongs to a record that was rejected as too long.
    pub is_skipping: bool,
    /// Records that start before this byte end with their line, even inside quotes.
    pub line_by_line_until: u64,
}
