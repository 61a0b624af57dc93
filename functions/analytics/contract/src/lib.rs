//! What the analytics' stacks, functions and operator agree on: settings, names, routes, and the report of an upload. The rules are
//! in `analytics-core`.

mod keys;
mod operator;
mod routes;
mod settings;
mod upload;

pub use contract::FunctionNames;
pub use keys::{DRY_RUN_DAYS, DRY_RUN_PREFIX, KEY_BYTES, KEY_CHARACTERS, dry_run_key, key_of_dry_run};
pub use operator::{Report, Request, Status};
pub use routes::{Operation, PAGE, ROUTES, UPLOAD};
pub use settings::{AnalyticsApi, AnalyticsApiEnvironment, CsvImporter, CsvImporterEnvironment};
pub use upload::{Effect, Fault, Kind, RejectedRow, Replaced, State, Upload};

/// Reads uploaded files into PostgreSQL, and answers the operator.
pub const CSV_IMPORTER: FunctionNames = FunctionNames { name: "CsvImporter", asset: "csv-importer" };
/// The HTTP API.
pub const ANALYTICS_API: FunctionNames = FunctionNames { name: "AnalyticsApi", asset: "analytics-api" };
/// Applies `sql/analytics`.
pub const DB_INIT: FunctionNames = FunctionNames { name: "AnalyticsDbInit", asset: "analytics-db-init" };

/// The database and its roles, as `sql/analytics` creates them.
pub mod database {
    pub const NAME: &str = "analytics";
    /// Owns the schema; db-init applies the migrations as this role.
    pub const OWNER: &str = "analytics_owner";
    /// The least-privilege role that functions connect as.
    pub const APPLICATION_ROLE: &str = "analytics_app";
}

/// Metrics of the importer in addition to those of every consumer, [`contract::metric`]; counts, but for the share.
pub mod metric {
    pub const NAMESPACE: &str = "Analytics";
    pub const FILES_APPLIED: &str = "FilesApplied";
    pub const FILES_REJECTED: &str = "FilesRejected";
    pub const ROWS_TAKEN: &str = "RowsTaken";
    pub const ROWS_REJECTED: &str = "RowsRejected";
    /// Rejected rows of a file, in percent of its rows.
    pub const REJECTED_SHARE: &str = "RejectedShare";
    /// Programs that a signal showed on the same weekday in each of four weeks and no more in its latest week.
    pub const GROUPS_SILENT: &str = "GroupsSilent";
    /// Invocations that stopped before the end of a file and left the rest to another.
    pub const HANDED_ON: &str = "HandedOn";
}

/// The object metadata (`x-amz-meta-upload-id`) by which an object is recognised as the one that `POST /analytics/uploads` announced.
pub const UPLOAD_ID_METADATA: &str = "upload-id";
/// The object metadata (`x-amz-meta-dry-run: true`) of a file that is only to be checked, as all under [`DRY_RUN_PREFIX`] are.
pub const DRY_RUN_METADATA: &str = "dry-run";
/// Rejected rows of a file that are stored and can be read back; the others are counted.
pub const STORED_REJECTED_ROWS: u16 = 1_000;
/// Rows of the largest file that is compared with others, and of which a dry run tells what it would change.
pub const COMPARED_ROWS: u64 = 200_000;
/// Seconds for which the address of an announced file is good, and after which an upload whose file has not come is expired.
pub const ADDRESS_SECONDS: u16 = 15 * 60;
/// Days for which an upload can be reverted: how long replaced rows are kept.
pub const REVERT_DAYS: u16 = 30;
