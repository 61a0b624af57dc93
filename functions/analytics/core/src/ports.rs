//! The ports to the database, to whoever signs addresses and to the clock, and how they fail. No SQL and no AWS here.

use std::collections::BTreeMap;
use std::time::Duration;

use analytics_contract::{Fault as FieldFault, RejectedRow, State, Upload};
use function_http::TokenError;
use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use uuid::Uuid;

/// The source of a fault: any error of an adapter.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A call that failed, or whose response was lost: it may have taken effect.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Retrying later can work.
    #[error("{what} is out of reach")]
    Unavailable {
        what: &'static str,
        /// Whether the database was asleep and is resuming, which takes about 15 s.
        waking: bool,
        #[source]
        source: BoxError,
    },
    /// A bug or a wrong configuration.
    #[error("{what} failed")]
    Failed {
        what: &'static str,
        #[source]
        source: BoxError,
    },
}

impl From<TokenError> for Fault {
    fn from(error: TokenError) -> Self {
        let what = "the token";
        match error {
            TokenError::Unavailable(_) => Self::Unavailable { what, waking: false, source: error.into() },
            TokenError::Failed(_) => Self::Failed { what, source: error.into() },
        }
    }
}

/// Which exhibitions a question selects, by their `exhibition_date`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// All, and slots that have none.
    All,
    /// Those of these days, both included; `first` is not after `last`.
    Days { first: Date, last: Date },
}

/// A question about a program's groups. A group is what one signal shows of a program on one weekday.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupQuestion {
    /// Compared as it is: case counts.
    pub program_code: String,
    pub selection: Selection,
}

/// A question about what is behind the numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainQuestion {
    pub of: GroupQuestion,
    /// This signal alone.
    pub signal: Option<String>,
    /// This weekday alone.
    pub weekday: Option<Weekday>,
}

/// The numbers of a group that has slots.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    pub signal: String,
    /// From ISO's 1 to 7 by [`Weekday::from_monday_one_offset`].
    pub weekday: Weekday,
    /// The sum over the group's slots, each once, of all days.
    pub available_time: i64,
    /// The mean over the selected exhibitions; none without any, which only [`Selection::All`] lists.
    pub predicted_audience: Option<f64>,
}

/// A program that has exhibitions or slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramRow {
    pub program_code: String,
    /// In order, of exhibitions and slots.
    pub signals: Vec<String>,
    /// The first and last `exhibition_date`; none without exhibitions.
    pub first_day: Option<Date>,
    pub last_day: Option<Date>,
    /// The first and last `date` of slots; none without slots.
    pub first_slot_day: Option<Date>,
    pub last_slot_day: Option<Date>,
}

/// Where a row came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub upload: Uuid,
    /// The key of its object.
    pub key: String,
    /// The line of the file on which the row starts.
    pub line: u64,
}

/// What is behind the numbers of a group; the groups are those that [`Store::groups`] lists.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainedGroup {
    pub signal: String,
    pub weekday: Weekday,
    pub available_time: i64,
    pub predicted_audience: Option<f64>,
    /// Those selected, in order of day and start.
    pub exhibitions: Vec<ExplainedExhibition>,
    /// All of the group, in order of day.
    pub slots: Vec<ExplainedSlot>,
}

/// A selected exhibition and the values that its prediction is the median of.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainedExhibition {
    pub exhibition_date: Date,
    pub program_start_time: Timestamp,
    pub predicted_audience: f64,
    /// Up to four of the group, the oldest first; the last is this exhibition's own.
    pub values: Vec<ExplainedValue>,
}

/// A value that a prediction rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainedValue {
    pub exhibition_date: Date,
    pub average_audience: f64,
    pub origin: Origin,
}

/// A slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedSlot {
    pub date: Date,
    pub available_time: i64,
    pub origin: Origin,
}

/// How far a group's predictions were from what came: each exhibition's prediction against the audience of the next exhibition of the
/// group. Selected are the exhibitions that came. Slots do not matter. Errors are `(predicted - came) / came` in percent; where nobody
/// watched there is none, and without any error they are absent.
#[derive(Debug, Clone, PartialEq)]
pub struct AccuracyRow {
    pub signal: String,
    pub weekday: Weekday,
    /// How many predictions were compared, at least 1.
    pub predictions: u64,
    /// The mean of the errors' absolute values.
    pub mape: Option<f64>,
    /// The mean of the errors: above 0 when more was predicted than came.
    pub bias: Option<f64>,
    /// Percentiles of the errors, interpolated as by `percentile_cont`.
    pub p10: Option<f64>,
    pub p50: Option<f64>,
    pub p90: Option<f64>,
}

/// A file that is announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUpload {
    pub id: Uuid,
    pub key: String,
    /// Its size in bytes.
    pub bytes: u64,
    pub sha256: [u8; 32],
    pub dry_run: bool,
    pub requested_at: Timestamp,
}

/// The rejected rows of a file, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedText {
    /// The file's header as it came, without byte order mark and end of line.
    pub header: String,
    /// `,`, `;`, a tab or `|`.
    pub delimiter: char,
    pub rows: Vec<RejectedRecord>,
}

/// A rejected row as it came, decoded, without its end of line, with all its faults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedRecord {
    /// From 1, the first row after the header.
    pub record: u64,
    pub text: String,
    pub faults: Vec<FieldFault>,
}

/// How an attempt to take an upload back ended.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "one is made for a request, and most are the largest")]
pub enum Reverted {
    /// It is taken back, now or before.
    Done(Upload),
    /// No upload has this id.
    Unknown,
    /// It does not count, so there is nothing to take back.
    NotApplied(State),
    /// It was applied longer ago than replaced rows are kept.
    TooLate,
}

/// The database. Each method is one statement or one transaction.
pub trait Store {
    /// A number that is another one whenever the answer to any question about groups or programs can be.
    fn version(&self) -> impl Future<Output = Result<i64, Fault>>;

    /// The groups with slots, in any order. With [`Selection::Days`] only those that have a selected exhibition. They are of `version`, which
    /// the caller has read, or newer; what was read for the same version before may be used again.
    fn groups(&self, version: i64, question: &GroupQuestion) -> impl Future<Output = Result<Vec<Group>, Fault>>;

    /// At most `limit` programs whose code comes after `after`, in the order of the codes' bytes (`COLLATE "C"`).
    fn programs(&self, after: Option<&str>, limit: u16) -> impl Future<Output = Result<Vec<ProgramRow>, Fault>>;

    /// What is behind [`Store::groups`], in any order of groups.
    fn explain(
        &self,
        version: i64,
        question: &ExplainQuestion,
    ) -> impl Future<Output = Result<Vec<ExplainedGroup>, Fault>>;

    /// The groups with at least one prediction that can be compared, in any order.
    fn accuracy(&self, question: &GroupQuestion) -> impl Future<Output = Result<Vec<AccuracyRow>, Fault>>;

    /// Announces an upload, in state waiting.
    fn create_upload(&self, upload: &NewUpload) -> impl Future<Output = Result<(), Fault>>;

    /// At most `limit` uploads, the newest first, from the one after `after` on; none when that one is unknown.
    fn uploads(&self, after: Option<Uuid>, limit: u16) -> impl Future<Output = Result<Vec<Upload>, Fault>>;

    fn upload(&self, id: Uuid) -> impl Future<Output = Result<Option<Upload>, Fault>>;

    /// At most `limit` stored rejected rows whose record is greater than `after`, in order.
    fn faults(&self, id: Uuid, after: u64, limit: u16) -> impl Future<Output = Result<Vec<RejectedRow>, Fault>>;

    /// The same rows with their text; none when there is no such upload or its header has not been read.
    fn rejected_rows(
        &self,
        id: Uuid,
        after: u64,
        limit: u16,
    ) -> impl Future<Output = Result<Option<RejectedText>, Fault>>;

    /// Takes an upload back, so that what it replaced counts again. Safe to repeat.
    fn revert(&self, id: Uuid, now: Timestamp) -> impl Future<Output = Result<Reverted, Fault>>;
}

/// A file that may be put under a signed address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadRequest {
    /// Becomes the object's metadata [`analytics_contract::UPLOAD_ID_METADATA`].
    pub id: Uuid,
    /// The object's key, which is another one than the upload's for a dry run.
    pub key: String,
    /// Signed as `Content-Length`, in bytes.
    pub bytes: u64,
    /// Signed as `x-amz-checksum-sha256`.
    pub sha256: [u8; 32],
    /// Becomes the object's metadata [`analytics_contract::DRY_RUN_METADATA`] when it is true.
    pub dry_run: bool,
}

/// Where a file can be put with the method PUT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedAddress {
    pub url: String,
    /// Headers that the client has to send, names in lower case.
    pub headers: BTreeMap<String, String>,
    pub expires_at: Timestamp,
}

/// Signs addresses in the bucket.
pub trait Signer {
    fn sign(&self, request: &UploadRequest, now: Timestamp) -> impl Future<Output = Result<SignedAddress, Fault>>;
}

/// What time it is, and waiting.
pub trait Clock {
    fn now(&self) -> Timestamp;

    fn sleep(&self, time: Duration) -> impl Future<Output = ()>;
}
