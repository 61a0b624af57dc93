//! Dimensions of every metric that a function writes, and the metrics that every function of a kind has.

pub const STAGE: &str = "Stage";
/// The function's name without the stage.
pub const FUNCTION: &str = "Function";

/// Records of a batch.
pub const RECORDS: &str = "Records";
/// Records that come back.
pub const TRANSIENT_FAILURES: &str = "TransientFailures";
/// Records that went to the dead-letter queue.
pub const PERMANENT_FAILURES: &str = "PermanentFailures";

/// Requests of an HTTP function.
pub const REQUESTS: &str = "Requests";
/// Answers 4xx.
pub const CLIENT_ERRORS: &str = "ClientErrors";
/// Answers 5xx.
pub const SERVER_ERRORS: &str = "ServerErrors";
/// Milliseconds from request to answer.
pub const DURATION: &str = "Duration";
