//! Dimensions of the metrics that a function writes, and the metrics that all functions of a kind have.

pub const STAGE: &str = "Stage";
/// The function's name without the stage.
pub const FUNCTION: &str = "Function";

/// Records of a batch.
pub const RECORDS: &str = "Records";
/// Records that are redelivered.
pub const TRANSIENT_FAILURES: &str = "TransientFailures";
/// Records that were put back with a delay, since what they need is away for a while.
pub const POSTPONED: &str = "Postponed";
/// Records that went to the dead-letter queue.
pub const PERMANENT_FAILURES: &str = "PermanentFailures";

/// Requests of an HTTP function.
pub const REQUESTS: &str = "Requests";
/// 4xx responses.
pub const CLIENT_ERRORS: &str = "ClientErrors";
/// 5xx responses.
pub const SERVER_ERRORS: &str = "ServerErrors";
/// Milliseconds from request to response.
pub const DURATION: &str = "Duration";
