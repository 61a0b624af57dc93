//! What follows from a failed call: whether making it again can help, and what is wrong when it cannot. Refuses AWS's codes.

/// What follows from a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallErrorKind {
    /// The rate limit of the account: the same call succeeds later.
    Throttled,
    /// Time-out, reset connection or a 5xx answer: the same call may succeed later.
    Transient,
    /// What was asked for does not exist.
    NotFound,
    /// There are no credentials to sign the request with; nothing was sent.
    Unsigned,
    /// The credentials are not valid, or not allowed to do this.
    Denied,
    /// The request itself was refused.
    Invalid,
    /// The call succeeded, and its answer lacks a field that AWS always gives, or holds something unreadable there. What was
    /// asked for may have been done; asking again brings the same answer.
    Incomplete {
        /// The field in AWS's spelling, for example `StackStatus`.
        field: &'static str,
    },
}
