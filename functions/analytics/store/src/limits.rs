//! How much of a file is stored, and how much work its end may be.

/// What a file may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A file with more rejected rows than this share is rejected as a whole, in percent.
    pub reject_above_percent: u16,
    /// Rejected rows of a file that are stored; the others are counted.
    pub rejected_rows: usize,
    /// Rows of a piece: what is read again when an invocation ends in the middle of one.
    pub piece_rows: u64,
}
