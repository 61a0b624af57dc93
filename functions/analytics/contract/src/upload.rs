//! What became of an uploaded file.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where an upload stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Announced; the file has not arrived.
    Waiting,
    /// Announced; the file had not arrived when its address expired. One whose sending began before is still taken.
    Expired,
    /// The file has arrived and is being read.
    Reading,
    /// Its rows count.
    Applied,
    /// The file was not taken; `reason` says why.
    Rejected,
    /// A newer version of the same key counts instead.
    Superseded,
    /// Taken back; what it replaced counts again.
    Reverted,
    /// A dry run that has ended; nothing was changed.
    Checked,
}

impl State {
    pub const ALL: [Self; 8] = [
        Self::Waiting,
        Self::Expired,
        Self::Reading,
        Self::Applied,
        Self::Rejected,
        Self::Superseded,
        Self::Reverted,
        Self::Checked,
    ];

    /// As in JSON and, but for expired, in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Expired => "expired",
            Self::Reading => "reading",
            Self::Applied => "applied",
            Self::Rejected => "rejected",
            Self::Superseded => "superseded",
            Self::Reverted => "reverted",
            Self::Checked => "checked",
        }
    }

    /// Whether the file has been read to its end, or is not expected to be.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Waiting | Self::Reading)
    }
}

/// What a file's rows are, told by its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Exhibitions and their average audience.
    Audience,
    /// Slots and their available time.
    Availability,
}

impl Kind {
    /// As in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Audience => "audience",
            Self::Availability => "availability",
        }
    }
}

/// The report of an upload. Times are RFC 3339 in UTC.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Upload {
    #[schema(format = "uuid", example = "6f1c0a52-6a0b-4b7e-9a3c-0d5f8f4f2b11")]
    pub id: String,
    /// The object's key in the bucket.
    #[schema(example = "march.csv")]
    pub key: String,
    pub state: State,
    /// Whether it is only checked.
    pub dry_run: bool,
    /// Absent until the header has been read.
    pub kind: Option<Kind>,
    /// `,`, `;`, a tab or `|`.
    pub delimiter: Option<String>,
    /// `utf-8` or `windows-1252`.
    pub encoding: Option<String>,
    /// Size of the file in bytes.
    pub bytes: Option<u64>,
    /// Bytes that have been read.
    pub bytes_done: u64,
    /// Rows that were read and are good. Only those of an applied upload count.
    pub rows_taken: u64,
    /// Rows that were rejected.
    pub rows_rejected: u64,
    /// Of the good ones, how many another upload that counted then had as well. Null where that is not counted: of a file of more than 200,000 rows, and of one that has not been applied.
    pub rows_repeated: Option<u64>,
    /// Of the good ones, how many have another row of the same file after them with the same key; the last counts. Null where that is not counted: of a file of more than 200,000 rows, and of one that has neither been applied nor checked.
    pub rows_overwritten: Option<u64>,
    /// What it replaced when it was applied; null if nothing of its key counted.
    pub replaced: Option<Replaced>,
    /// What a dry run found; not counted for files of more than 200,000 rows.
    pub effect: Option<Effect>,
    /// First and last day of its rows, `YYYY-MM-DD`.
    pub first_day: Option<String>,
    pub last_day: Option<String>,
    /// A short stable identifier, such as `unknown_header`, when the file was not taken.
    pub error_kind: Option<String>,
    /// Why it was not taken, or why it does not count.
    pub reason: Option<String>,
    pub requested_at: Option<String>,
    pub received_at: Option<String>,
    pub finished_at: Option<String>,
}

/// An upload that no longer counts, since a newer version of its key does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Replaced {
    /// The upload.
    #[schema(format = "uuid", example = "0b9a4c1e-3f52-4c0d-8a55-5a1f0e9d7c36")]
    pub id: String,
    /// Its rows. A file without any replaces them all the same.
    pub rows: u64,
}

/// What an upload changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Effect {
    /// Rows whose key is new.
    pub new: u64,
    /// Rows that change the value of an existing key.
    pub changed: u64,
    /// Rows that are as they were.
    pub unchanged: u64,
    /// Rows that counted before and no longer do.
    pub gone: u64,
    /// Predictions that move.
    pub predictions_moved: u64,
    /// The largest relative move of a prediction, in percent of the former one.
    pub largest_move_percent: Option<f64>,
}

/// A row that was not taken, and all that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RejectedRow {
    /// From 1, the first row after the header.
    pub record: u64,
    /// The line on which it starts, from 1, the header's first line.
    pub line: u64,
    pub faults: Vec<Fault>,
}

/// What is wrong with one field of a row, or with the row as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Fault {
    /// Absent for the row as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "exhibition_date")]
    pub column: Option<String>,
    /// A short stable identifier.
    #[schema(example = "no_such_day")]
    pub code: String,
    /// As it came, at most 100 characters of it.
    #[schema(example = "2021-02-30")]
    pub value: String,
    #[schema(example = "February 2021 has 28 days")]
    pub message: String,
}
