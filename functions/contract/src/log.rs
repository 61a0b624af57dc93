//! Fields of a log line: one JSON object per line, written by functions and read by the operator.

pub const TIMESTAMP: &str = "timestamp";
pub const LEVEL: &str = "level";
pub const FUNCTION: &str = "function";
pub const STAGE: &str = "stage";
pub const REQUEST_ID: &str = "request_id";
/// The value that all functions log for the same piece of work.
pub const TRACE_ID: &str = "trace_id";
pub const ACTION: &str = "action";
/// `started`; `info`, a step on the way; `success`; `duplicate`, which was done before and changed nothing; `skipped`, which was left undone for now
/// or for ever; or `error`. The level is `ERROR` for `error`, `WARN` for `skipped` and `INFO` for the others.
pub const STATUS: &str = "status";
/// The object with the action's own fields.
pub const DETAILS: &str = "details";
