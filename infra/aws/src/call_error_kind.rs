//! What follows from a failed call: whether a retry can help, and what is wrong when it cannot. Independent of AWS's codes.

/// What follows from a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallErrorKind {
    /// The account's rate limit: the same call succeeds later.
    Throttled,
    /// Timeout, reset connection or a 5xx response: the same call may succeed later.
    Transient,
    /// The requested thing does not exist.
    NotFound,
    /// There are no credentials to sign the request with; nothing was sent.
    Unsigned,
    /// The credentials are invalid, or not allowed to do this.
    Denied,
    /// The request itself was rejected.
    Invalid,
    /// The call succeeded, but its response lacks a field that AWS always returns, or contains something unreadable there. The
    /// operation may have been carried out; a retry returns the same response.
    Incomplete {
        /// The field in AWS's spelling, for example `StackStatus`.
        field: &'static str,
    },
}
