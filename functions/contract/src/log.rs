//! Fields of a log line: one JSON object per line, written by functions and read by the operator.

pub const TIMESTAMP: &str = "timestamp";
pub const LEVEL: &str = "level";
pub const FUNCTION: &str = "function";
pub const STAGE: &str = "stage";
pub const REQUEST_ID: &str = "request_id";
/// The value that all functions log for the same piece of work.
pub const TRACE_ID: &str = "trace_id";
pub const ACTION: &str = "action";
/// `started`, `success` or `error`.
pub const STATUS: &str = "status";
/// The object with the action's own fields.
pub const DETAILS: &str = "details";
