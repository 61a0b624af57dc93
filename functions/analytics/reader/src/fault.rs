//! What is wrong with a row.

/// Characters of a value that a fault repeats at most.
pub const VALUE_CHARACTERS: usize = 100;

/// The codes of faults: a public, stable set.
pub mod code {
    /// A required value is empty, or blank.
    pub const MISSING: &str = "missing";
    /// A code has more characters than its column takes.
    pub const TOO_LONG: &str = "too_long";
    /// A code contains U+0000, which PostgreSQL cannot store.
    pub const NUL_CHARACTER: &str = "nul_character";
    /// Not of the form of a date.
    pub const NOT_A_DATE: &str = "not_a_date";
    /// Of the form of a date, but no calendar has the day.
    pub const NO_SUCH_DAY: &str = "no_such_day";
    /// Not an RFC 3339 time.
    pub const NOT_A_TIME: &str = "not_a_time";
    /// Not a decimal, or not an integer.
    pub const NOT_A_NUMBER: &str = "not_a_number";
    /// Below 0.
    pub const NEGATIVE: &str = "negative";
    /// Of the right form, but beyond what can be stored.
    pub const OUT_OF_RANGE: &str = "out_of_range";
    /// Not as many fields as the header.
    pub const FIELD_COUNT: &str = "field_count";
    /// A quote inside an unquoted code, or text after a closing quote.
    pub const STRAY_QUOTE: &str = "stray_quote";
    /// A quote that is never closed.
    pub const OPEN_QUOTE: &str = "open_quote";
    /// More than 64 KiB.
    pub const RECORD_TOO_LONG: &str = "record_too_long";

    pub const ALL: [&str; 13] = [
        MISSING,
        TOO_LONG,
        NUL_CHARACTER,
        NOT_A_DATE,
        NO_SUCH_DAY,
        NOT_A_TIME,
        NOT_A_NUMBER,
        NEGATIVE,
        OUT_OF_RANGE,
        FIELD_COUNT,
        STRAY_QUOTE,
        OPEN_QUOTE,
        RECORD_TOO_LONG,
    ];
}

/// A row that is not taken, with all its faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejected<'a> {
    /// 1 is the first row after the header.
    pub record: u64,
    /// The line of the file that it starts on, from 1.
    pub line: u64,
    /// The row as it came, without its line end; of a longer one the first [`crate::RECORD_BYTES`] bytes.
    pub raw: &'a str,
    /// At least one.
    pub faults: &'a [Fault],
}

/// One fault of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The column, unless it is one that is ignored or the fault is the whole row's.
    pub column: Option<&'static str>,
    /// One of [`code`].
    pub code: &'static str,
    /// The value without surrounding blanks, or how the row begins; at most [`VALUE_CHARACTERS`] characters.
    pub value: String,
    /// What would be right, for people.
    pub message: String,
}
