//! The two kinds of file, and how one is written.

use serde::{Deserialize, Serialize};

/// What a file's rows are, told by its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Exhibitions and their average audience.
    Audience,
    /// Slots and their available time.
    Availability,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Audience, Self::Availability];

    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Audience => "audience",
            Self::Availability => "availability",
        }
    }

    /// The columns that a file of this kind must have.
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Audience => &["signal", "program_code", "exhibition_date", "program_start_time", "average_audience"],
            Self::Availability => &["signal", "program_code", "date", "available_time"],
        }
    }
}

/// What separates the fields of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Delimiter {
    #[serde(rename = ",")]
    Comma,
    #[serde(rename = ";")]
    Semicolon,
    #[serde(rename = "\t")]
    Tab,
    #[serde(rename = "|")]
    Bar,
}

impl Delimiter {
    /// In the order in which a header is tried.
    pub const ALL: [Self; 4] = [Self::Comma, Self::Semicolon, Self::Tab, Self::Bar];

    /// As in JSON, and as in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Comma => ",",
            Self::Semicolon => ";",
            Self::Tab => "\t",
            Self::Bar => "|",
        }
    }

    pub(crate) fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
            Self::Bar => b'|',
        }
    }
}

/// How a file's text is written. A file of ASCII alone counts as UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Encoding {
    #[serde(rename = "utf-8")]
    Utf8,
    #[serde(rename = "windows-1252")]
    Windows1252,
}

impl Encoding {
    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Windows1252 => "windows-1252",
        }
    }
}
