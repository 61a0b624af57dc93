//! What keeps a message from a queue: the call, the entry, or the message itself. Each knows whether a retry can help.

use std::error::Error;
use std::fmt;

use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};

use crate::outcome::Cause;

/// SQS's codes for throttling, of a call and of an entry.
const THROTTLING_CODES: [&str; 4] =
    ["RequestThrottled", "ThrottlingException", "Throttling", "RequestThrottledException"];

/// The messages that were not sent; all others were.
#[derive(Debug, thiserror::Error)]
#[error("{} of {total} messages were not sent (the first: number {})", failed.len(), failed.first().copied().unwrap_or_default())]
pub struct SendError {
    /// Indexes of the messages that were not accepted, ascending.
    pub failed: Vec<usize>,
    pub total: usize,
    /// Why the first of them was not accepted.
    #[source]
    pub first: SendFault,
}

impl SendError {
    /// The queue is throttling at the moment.
    pub fn is_throttled(&self) -> bool {
        self.first.code().is_some_and(|code| THROTTLING_CODES.contains(&code))
    }

    /// Whether sending the first of them again can help.
    pub fn is_retryable(&self) -> bool {
        match &self.first {
            SendFault::TooLarge { .. } => false,
            SendFault::Behind => true,
            SendFault::Entry(fault) => !fault.sender_fault,
            SendFault::Call(fault) => fault.retryable,
        }
    }
}

/// Why one message was not accepted.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SendFault {
    #[error("{bytes} bytes are more than SQS's {limit}")]
    TooLarge { bytes: usize, limit: usize },
    #[error("an earlier message of its group was not sent")]
    Behind,
    #[error(transparent)]
    Entry(#[from] EntryFault),
    #[error(transparent)]
    Call(#[from] CallFault),
}

impl SendFault {
    fn code(&self) -> Option<&str> {
        match self {
            Self::TooLarge { .. } | Self::Behind => None,
            Self::Entry(fault) => Some(&fault.code),
            Self::Call(fault) => fault.code.as_deref(),
        }
    }
}

/// An entry of a batch that SQS did not accept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}{}", message.as_ref().map(|text| format!(": {text}")).unwrap_or_default())]
pub struct EntryFault {
    pub code: String,
    pub message: Option<String>,
    /// A fault on our side: sending the same again cannot help.
    pub sender_fault: bool,
}

/// A call that failed as a whole, after the client's own retries.
#[derive(Debug, Clone)]
pub struct CallFault {
    source: Cause,
    code: Option<String>,
    retryable: bool,
}

impl CallFault {
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>, code: Option<String>, retryable: bool) -> Self {
        Self { source: Cause::from(source.into()), code, retryable }
    }

    pub(crate) fn of<E>(error: SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let code = error.code().map(str::to_owned);
        let retryable = match &error {
            SdkError::ConstructionFailure(_) => false,
            SdkError::ServiceError(refused) => {
                let is_throttled = code.as_deref().is_some_and(|code| THROTTLING_CODES.contains(&code));
                refused.raw().status().is_server_error() || is_throttled
            }
            // No response, or none that could be read.
            _ => true,
        };
        Self::new(error, code, retryable)
    }
}

/// Displays its source, with what is known about it.
impl fmt::Display for CallFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl Error for CallFault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.source()
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::error::ErrorMetadata;
    use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchError;
    use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
    use aws_smithy_runtime_api::http::StatusCode;

    use super::*;
    use crate::log::chain;

    fn refused(status: u16, code: &str) -> SendError {
        let error = SendMessageBatchError::generic(ErrorMetadata::builder().code(code).message("slow down").build());
        let status = StatusCode::try_from(status).expect("a status");
        let response = HttpResponse::new(status, aws_smithy_types::body::SdkBody::empty());
        let first = CallFault::of(SdkError::service_error(error, response)).into();
        SendError { failed: vec![0], total: 1, first }
    }

    #[test]
    fn a_queue_that_takes_no_more_at_the_moment_is_told_from_one_that_refuses_or_is_sick() {
        for (status, code, throttled, retryable) in [
            (400, "ThrottlingException", true, true),
            (403, "RequestThrottled", true, true),
            (400, "AccessDenied", false, false),
            (500, "InternalFailure", false, true),
        ] {
            let error = refused(status, code);
            assert_eq!((error.is_throttled(), error.is_retryable()), (throttled, retryable), "{error:?}");
            assert!(chain(&error).contains("slow down"), "{}", chain(&error));
        }
        let entry = EntryFault { code: "RequestThrottled".to_owned(), message: None, sender_fault: false };
        let error = SendError { failed: vec![0], total: 1, first: entry.into() };
        assert!(error.is_throttled() && error.is_retryable());
    }
}
