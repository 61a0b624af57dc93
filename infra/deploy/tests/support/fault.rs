//! What can happen to a call.

use aws_access::{CallError, CallErrorKind};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Refused for its rate; nothing is done.
    Throttled,
    /// The connection is reset before anything is done.
    Reset,
    /// No answer in time; nothing is done.
    TimeOut,
    /// It is done, and the answer gets lost.
    AnswerLost,
    /// Refused as if the state were another; nothing is done.
    WrongState,
    /// Refused because the caller may not pass the role.
    RoleNotPassed,
    /// Refused because the role does not trust CloudFormation.
    RoleNotAssumed,
    /// Refused because the credentials may not make this call.
    Denied,
    /// Refused because the credentials have expired.
    Expired,
    /// It is done, and right after it somebody deletes the stack.
    Deleted(&'static str),
    /// It is done, and right after it another deployer begins to make this stack.
    Overtaken(&'static str),
}

impl Fault {
    pub(crate) const ALL: [Self; 5] = [Self::Throttled, Self::Reset, Self::TimeOut, Self::AnswerLost, Self::WrongState];

    /// The error that is answered instead of doing anything.
    pub(crate) fn before(self, operation: &'static str) -> Option<CallError> {
        match self {
            Self::Throttled => Some(error(operation, "Throttling", "Rate exceeded", CallErrorKind::Throttled)),
            Self::Reset => Some(error(operation, "", "connection reset", CallErrorKind::Transient)),
            Self::TimeOut => Some(error(operation, "", "no answer in time", CallErrorKind::Transient)),
            Self::WrongState => Some(invalid(operation, "Stack is in a state in which this cannot be called")),
            Self::RoleNotPassed => {
                let message = "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/x";
                Some(error(operation, "AccessDenied", message, CallErrorKind::Denied))
            }
            Self::RoleNotAssumed => {
                Some(invalid(operation, "Role arn:aws:iam::1:role/x is invalid or cannot be assumed"))
            }
            Self::Denied => {
                let message = "User is not authorized to perform this";
                Some(error(operation, "AccessDenied", message, CallErrorKind::Denied))
            }
            Self::Expired => {
                let message = "The security token included in the request is expired";
                Some(error(operation, "ExpiredToken", message, CallErrorKind::Denied))
            }
            Self::AnswerLost | Self::Overtaken(_) | Self::Deleted(_) => None,
        }
    }

    /// The error that is answered after everything was done.
    pub(crate) fn after(self, operation: &'static str) -> Option<CallError> {
        (self == Self::AnswerLost).then(|| error(operation, "", "connection reset", CallErrorKind::Transient))
    }
}

pub(crate) fn error(operation: &'static str, code: &str, message: &str, kind: CallErrorKind) -> CallError {
    let code = (!code.is_empty()).then(|| code.to_owned());
    CallError { operation, code, message: message.to_owned(), kind, source: None }
}

pub(crate) fn invalid(operation: &'static str, message: &str) -> CallError {
    error(operation, "ValidationError", message, CallErrorKind::Invalid)
}
