//! Errors of the SDK as faults of a port.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use messages_core::{BoxError, Fault};

/// Codes for too many requests: of DynamoDB at the table and at the account, and of SQS.
const THROTTLED: [&str; 6] = [
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "Throttling",
    "OverLimit",
];

pub(crate) fn fault<E>(what: &'static str, error: E) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let is_throttled = error.code().is_some_and(|code| THROTTLED.contains(&code));
    let source = Box::new(error);
    if is_throttled { Fault::Throttled { what, source } } else { Fault::Failed { what, source } }
}

pub(crate) fn unreadable(what: &'static str, source: impl Into<BoxError>) -> Fault {
    Fault::Failed { what, source: source.into() }
}
