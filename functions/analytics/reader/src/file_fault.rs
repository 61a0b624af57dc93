//! Why a file cannot be read at all.

use std::fmt::Write as _;

use crate::Kind;

/// Why a file cannot be read. All are permanent; [`FileFault::OtherEncoding`] alone is followed by another attempt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    #[error("the file is empty; its first line must name the columns")]
    EmptyFile,
    #[error("{}", .0.message())]
    UnknownHeader(UnknownHeader),
    #[error("line {line}: the column {column} is there more than once; keep one of them")]
    RepeatedColumn { line: u64, column: &'static str },
    #[error("line {line}: the header has more than 64 KiB, or a quote in it is never closed")]
    HeaderTooLong { line: u64 },
    /// Known by its first bytes.
    #[error("the file is {found}, not CSV; save it as CSV in UTF-8")]
    NotCsv { found: &'static str },
    /// A signal: rows were read as UTF-8 that are not. Drop them, and start from byte 0 with `Reader::new_in(Encoding::Windows1252)`.
    #[error("line {line}: this is not UTF-8, although text before it is; the file must be read again as Windows-1252")]
    OtherEncoding { line: u64 },
}

impl FileFault {
    /// A short stable identifier.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::EmptyFile => "empty_file",
            Self::UnknownHeader(_) => "unknown_header",
            Self::RepeatedColumn { .. } => "repeated_column",
            Self::HeaderTooLong { .. } => "header_too_long",
            Self::NotCsv { .. } => "not_csv",
            Self::OtherEncoding { .. } => "other_encoding",
        }
    }
}

/// A header that has the columns of no kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownHeader {
    /// The line that it starts on.
    pub line: u64,
    /// The first columns found, each cut to 60 characters.
    pub found: Vec<String>,
    /// How many columns there are beyond those.
    pub more: usize,
    /// The kind that most columns are of.
    pub nearest: Kind,
    /// Its columns that are not there; none if the header's last quote is never closed.
    pub missing: Vec<&'static str>,
    pub did_you_mean: Vec<Guess>,
}

/// A column found that looks like a misspelt one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guess {
    pub found: String,
    pub column: &'static str,
}

impl UnknownHeader {
    /// Whether it looks like the header of a kind at all: it has a column of one, or two that are misspelt. A single resemblance is chance.
    fn is_near(&self) -> bool {
        let mut columns = Kind::ALL.iter().flat_map(|kind| kind.columns());
        self.did_you_mean.len() > 1
            || columns.any(|column| self.found.iter().any(|name| name.eq_ignore_ascii_case(column)))
    }

    fn message(&self) -> String {
        let Self { line, nearest, .. } = self;
        let quoted: Vec<String> = self.found.iter().map(|name| format!("{name:?}")).collect();
        let mut text = format!("line {line}: no kind of file has the columns {}", quoted.join(", "));
        if self.more > 0 {
            let _ = write!(text, " and {} more", self.more);
        }
        let _ = match self.missing.as_slice() {
            [] => write!(text, "; the last quote is not closed"),
            _ if !self.is_near() => Ok(()),
            missing => write!(text, "; nearest is {}, which lacks {}", nearest.as_str(), missing.join(", ")),
        };
        for Guess { found, column } in self.did_you_mean.iter().filter(|_| self.is_near()) {
            let _ = write!(text, "; {found:?}: did you mean {column}?");
        }
        for kind in Kind::ALL {
            let _ = write!(text, "; {} needs {}", kind.as_str(), kind.columns().join(", "));
        }
        text + "; separated by a comma, a semicolon, a tab or |"
    }
}
