//! Fields of a log line: one JSON object a line, written by functions and read by the operator.

pub const TIMESTAMP: &str = "timestamp";
pub const LEVEL: &str = "level";
pub const FUNCTION: &str = "function";
pub const STAGE: &str = "stage";
pub const REQUEST_ID: &str = "request_id";
/// The one value that all functions log alike for a piece of work.
pub const TRACE_ID: &str = "trace_id";
pub const ACTION: &str = "action";
/// `started`, `success` or `error`.
pub const STATUS: &str = "status";
/// The object with all fields of the action's own.
pub const DETAILS: &str = "details";
