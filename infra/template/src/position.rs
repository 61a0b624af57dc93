//! Positions in a text, and errors at a position.

/// A position in a template's text: line and column count from 1, columns are characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

impl Position {
    /// The position right after this text.
    pub(crate) fn of(text: &str) -> Self {
        let line = text.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = text.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        Self { line: number(line), column: number(column) }
    }
}

/// Why a text is not a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}:{line}:{column}: {message}")]
pub struct ParseError {
    /// The caller's name for the text, such as its path.
    pub name: String,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    pub message: String,
}

/// An error that does not know the text's name yet.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) at: Position,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(at: Position, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }

    pub(crate) fn of(self, name: &str) -> ParseError {
        let Self { at, message } = self;
        ParseError { name: name.to_owned(), line: at.line, column: at.column, message }
    }
}
