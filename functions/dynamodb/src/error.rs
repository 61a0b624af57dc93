//! What can go wrong in a call, and whether a retry can help.

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// A source of an error, of whatever type.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An error of a call; `what` is what its table is called.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Too many calls, of the table or of the account.
    #[error("{what} is throttled")]
    Throttled {
        what: &'static str,
        #[source]
        source: BoxError,
    },
    /// No answer, a fault of DynamoDB's own, or a conflict with a transaction.
    #[error("{what} is out of reach")]
    Unavailable {
        what: &'static str,
        #[source]
        source: BoxError,
    },
    /// DynamoDB refuses the call, and will again: no permission, no such table, a wrong expression.
    #[error("{what} failed")]
    Permanent {
        what: &'static str,
        #[source]
        source: BoxError,
    },
}

impl Error {
    pub(crate) fn of<E>(what: &'static str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let is_refusal = match &error {
            SdkError::ConstructionFailure(_) => true,
            SdkError::ServiceError(answered) => !answered.raw().status().is_server_error(),
            _ => false,
        };
        let code = error.code().map(str::to_owned);
        let source = error.into();
        match code.as_deref() {
            Some("ProvisionedThroughputExceededException" | "ThrottlingException" | "RequestLimitExceeded") => {
                Self::Throttled { what, source }
            }
            Some("TransactionConflictException") => Self::Unavailable { what, source },
            _ if is_refusal => Self::Permanent { what, source },
            _ => Self::Unavailable { what, source },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use aws_sdk_dynamodb::error::ErrorMetadata;
    use aws_sdk_dynamodb::operation::get_item::GetItemError;

    use super::*;

    fn answered(status: u16, code: &str) -> Error {
        let error = GetItemError::generic(ErrorMetadata::builder().code(code).build());
        let response = HttpResponse::new(status.try_into().unwrap(), "".into());
        Error::of("the table", SdkError::service_error(error, response))
    }

    #[test]
    fn a_refusal_is_permanent_and_the_rest_can_be_tried_again() {
        for code in ["AccessDeniedException", "ValidationException", "ResourceNotFoundException"] {
            assert!(matches!(answered(400, code), Error::Permanent { .. }), "{code}");
        }
        for code in ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"] {
            assert!(matches!(answered(400, code), Error::Throttled { .. }), "{code}");
        }
        assert!(matches!(answered(500, "InternalServerError"), Error::Unavailable { .. }));
        assert!(matches!(answered(503, "ServiceUnavailable"), Error::Unavailable { .. }));
        assert!(matches!(answered(400, "TransactionConflictException"), Error::Unavailable { .. }));
        let silent = SdkError::<GetItemError, HttpResponse>::timeout_error("no answer");
        assert!(matches!(Error::of("the table", silent), Error::Unavailable { .. }));
    }

    #[test]
    fn the_source_is_kept() {
        let error = answered(400, "AccessDeniedException");
        assert_eq!(error.to_string(), "the table failed");
        let source = error.source().unwrap().source().unwrap();
        assert!(source.to_string().contains("AccessDeniedException"), "{source}");
    }
}
