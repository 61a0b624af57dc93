//! What the messages' stack, functions and operator agree on: names, settings, routes, attributes of the table, the secret of the signing
//! keys. The rules are in `messages-auth` and `messages-core`.

mod operator;
mod routes;
mod settings;
mod signing_keys;

pub use contract::FunctionNames;
pub use operator::{Request, User};
pub use routes::{JOB, MESSAGE, Operation, ROUTES};
pub use settings::{
    Login, LoginEnvironment, Producer, ProducerEnvironment, Status, StatusEnvironment, Sweeper, SweeperEnvironment,
    Worker, WorkerEnvironment,
};
pub use signing_keys::SigningKeys;

/// Logs people in, and publishes the keys that tokens are verified with. Checks passwords, which takes a processor.
pub const LOGIN: FunctionNames = FunctionNames { name: "MessagesLogin", asset: "messages-login" };
/// Accepts messages and queues them.
pub const PRODUCER: FunctionNames = FunctionNames { name: "ApiProducerSqs", asset: "api-producer-sqs" };
/// Reports messages, queues and dead letters, reprocesses dead letters, and describes the API.
pub const STATUS: FunctionNames = FunctionNames { name: "MessagesStatus", asset: "messages-status" };
/// Saves each message once, in the order of its payer.
pub const WORKER: FunctionNames = FunctionNames { name: "WorkerConsumerSqs", asset: "worker-consumer-sqs" };
/// Sends what was accepted and never queued, notes what SQS itself has moved to the dead-letter queue, and continues replay jobs.
pub const SWEEPER: FunctionNames = FunctionNames { name: "MessagesSweeper", asset: "messages-sweeper" };

/// The main queue, as clients name it; its name on a stage is [`queue_on_stage`].
pub const MAIN_QUEUE: &str = "main_queue.fifo";
/// Its dead-letter queue.
pub const DEAD_LETTER_QUEUE: &str = "dlq_queue.fifo";

/// A queue's name on a stage, such as `main_queue-dev.fifo`.
pub fn queue_on_stage(queue: &str, stage: &str) -> String {
    let name = queue.strip_suffix(".fifo").unwrap_or(queue);
    format!("{name}-{stage}.fifo")
}

/// Days for which the main queue keeps a message.
pub const QUEUE_DAYS: u32 = 4;
/// Days for which the dead-letter queue keeps one: SQS's most.
pub const DEAD_LETTER_DAYS: u32 = 14;
/// How often a dead letter may be sent again before it is parked.
pub const REPLAYS: u32 = 5;
/// Seconds for which an access token is valid.
pub const TOKEN_SECONDS: u32 = 900;

/// Metrics of the functions behind the API, without and with dimensions; counts, but for the time.
pub mod api_metric {
    pub const NAMESPACE: &str = "API-Producer-SQS/Messages";
    pub const MESSAGES_SENT: &str = "MessagesSent";
    pub const MESSAGES_REPROCESSED: &str = "MessagesReprocessed";
    /// Seconds that a message took from the request to the queue.
    pub const PROCESSING_TIME: &str = "ProcessingTime";
    pub const ERRORS: &str = "Errors";
    pub const FAILED_LOGINS: &str = "FailedLogins";
    pub const SUCCESSFUL_LOGINS: &str = "SuccessfulLogins";
    /// Messages that were parked: replayed as often as is allowed, or no messages, or kept for too long.
    pub const DLQ_MAX_RETRIES_REACHED: &str = "DLQMaxRetriesReached";
    /// Messages that were accepted and had to be sent by the sweeper.
    pub const MESSAGES_SWEPT: &str = "MessagesSwept";
}

/// Metrics of the worker, without and with dimensions; counts.
pub mod worker_metric {
    pub const NAMESPACE: &str = "Worker-consumer-SQS/Messages";
    pub const MESSAGES_SAVED: &str = "MessagesSaved";
    pub const DUPLICATE_MESSAGES: &str = "DuplicateMessages";
    pub const INVALID_MESSAGES: &str = "InvalidMessages";
    /// Messages that were acknowledged: saved, known before, or safe in the dead-letter queue.
    pub const MESSAGES_DELETED: &str = "MessagesDeleted";
    pub const DYNAMODB_SAVE_ERROR: &str = "DynamoDBSaveError";
}

/// What the declaration of the table needs. One table holds messages by their id, and everything else by keys with a prefix.
pub mod table {
    /// The partition key, a text.
    pub const KEY: &str = "message_id";
    /// The time to live, in seconds since 1970.
    pub const TIME_TO_LIVE: &str = "expiration";
    /// The index of what has to be found: messages that are accepted, queued, dead or parked, jobs that run, and users. Items without its keys are not in it.
    pub const OPEN_INDEX: &str = "open";
    /// Its partition key, a text: the status of messages, `JOB`, or `USER`.
    pub const OPEN_STATUS: &str = "open_status";
    /// Its sort key, a text: since when, as `2026-11-02T13:43:38.862912Z`, with a `#` and the id; of users the address.
    pub const OPEN_SINCE: &str = "open_since";
}
