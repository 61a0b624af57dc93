//! Message attributes of a dead letter that a function sends itself.

pub const REASON: &str = "reason";
/// A short stable identifier to filter by, such as `malformed`.
pub const ERROR_KIND: &str = "error_kind";
pub const FUNCTION: &str = "function";
pub const ORIGINAL_MESSAGE_ID: &str = "original_message_id";
pub const TRACE_ID: &str = "trace_id";
