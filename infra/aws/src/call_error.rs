//! A failed call to AWS: which operation, AWS's code and message, and what follows from them.

use std::fmt;

use crate::{CallErrorKind, error_codes};

/// One failed call to AWS.
#[derive(Debug, thiserror::Error)]
pub struct CallError {
    /// Operation in AWS's spelling, for example `CreateChangeSet`.
    pub operation: &'static str,
    /// Error code in AWS's spelling, if there was a response.
    pub code: Option<String>,
    /// AWS's message, or what prevented a response.
    pub message: String,
    /// What follows from it.
    pub kind: CallErrorKind,
    /// The underlying error, if there was no response.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl CallError {
    /// AWS responded without a field that it always returns.
    pub fn incomplete(operation: &'static str, field: &'static str) -> Self {
        Self::of_answer(operation, field, format!("answered without {field}"))
    }

    /// AWS responded with an unexpected value in a field.
    pub fn unreadable(operation: &'static str, field: &'static str) -> Self {
        Self::of_answer(operation, field, format!("answered with an unreadable {field}"))
    }

    fn of_answer(operation: &'static str, field: &'static str, message: String) -> Self {
        Self { operation, code: None, message, kind: CallErrorKind::Incomplete { field }, source: None }
    }

    /// Whether the same call may succeed when it is retried.
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind, CallErrorKind::Throttled | CallErrorKind::Transient)
    }

    /// Whether the credentials are missing, invalid or expired: no call is allowed with them.
    pub fn is_about_credentials(&self) -> bool {
        match self.kind {
            CallErrorKind::Unsigned => true,
            CallErrorKind::Denied => self.code.as_deref().is_some_and(error_codes::is_about_credentials),
            _ => false,
        }
    }

    /// Whether it may have been rejected because of the current state.
    pub fn is_about_state(&self) -> bool {
        matches!(self.kind, CallErrorKind::Invalid | CallErrorKind::NotFound)
    }

    /// Whether CloudFormation says that there is no such stack. It has no code for that: the message under the general validation
    /// error code is the only sign.
    pub fn is_absent_stack(&self) -> bool {
        self.code.as_deref() == Some("ValidationError") && self.message.contains("does not exist")
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, message, .. } = self;
        match (&self.code, self.kind) {
            (Some(code), _) => write!(f, "{operation}: {code}: {message}"),
            (None, CallErrorKind::Incomplete { .. }) => write!(f, "{operation} {message}"),
            (None, _) => write!(f, "{operation}: {message}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: Option<&str>, message: &str, kind: CallErrorKind) -> CallError {
        let code = code.map(str::to_owned);
        CallError { operation: "DescribeStacks", code, message: message.to_owned(), kind, source: None }
    }

    #[test]
    fn an_incomplete_answer_names_operation_and_field_and_is_not_asked_for_again() {
        let error = CallError::incomplete("DescribeStacks", "StackStatus");
        assert_eq!(error.to_string(), "DescribeStacks answered without StackStatus");
        assert_eq!(error.kind, CallErrorKind::Incomplete { field: "StackStatus" });
        assert!(!error.is_retryable() && !error.is_about_state() && !error.is_about_credentials());
        let error = CallError::unreadable("GetQueueAttributes", "ApproximateNumberOfMessages");
        assert_eq!(error.to_string(), "GetQueueAttributes answered with an unreadable ApproximateNumberOfMessages");
    }

    #[test]
    fn a_refusal_is_shown_with_its_code_when_there_is_one() {
        let error = refused(Some("Throttling"), "Rate exceeded", CallErrorKind::Throttled);
        assert_eq!(error.to_string(), "DescribeStacks: Throttling: Rate exceeded");
        let error = refused(None, "no answer in time", CallErrorKind::Transient);
        assert_eq!(error.to_string(), "DescribeStacks: no answer in time");
    }

    #[test]
    fn credentials_that_are_missing_or_expired_are_told_from_those_that_may_not() {
        assert!(refused(None, "no credentials", CallErrorKind::Unsigned).is_about_credentials());
        assert!(refused(Some("ExpiredToken"), "expired", CallErrorKind::Denied).is_about_credentials());
        assert!(!refused(Some("AccessDenied"), "not authorized", CallErrorKind::Denied).is_about_credentials());
    }

    #[test]
    fn a_stack_is_absent_only_when_cloudformation_says_so() {
        let said = "Stack with id Shop-dev does not exist";
        assert!(refused(Some("ValidationError"), said, CallErrorKind::Invalid).is_absent_stack());
        assert!(!refused(Some("ValidationError"), "1 error", CallErrorKind::Invalid).is_absent_stack());
        assert!(!refused(Some("AccessDenied"), said, CallErrorKind::Denied).is_absent_stack());
    }
}
