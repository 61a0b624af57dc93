//! How a message ends. A message that is neither done nor permanently failed is redelivered.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use crate::log::chain;

/// An error that several failures may share.
pub type Cause = Arc<dyn Error + Send + Sync>;

/// Why a message was not done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// A retry can help: the message is reported and redelivered after a back-off that grows with its receives; the last receive
    /// that its queue allows ends in the dead-letter queue.
    #[error("transient")]
    Transient { source: Cause },
    /// What the message needs is known not to be there for `wait`, whichever message it is: a standard queue gets it again with a delay, so that no
    /// receive is used up, for at most three days; then, and on a FIFO queue, it counts as transient. `kind` as of a permanent failure.
    #[error("{kind}")]
    Postponed { kind: &'static str, wait: Duration, source: Cause },
    /// A retry cannot help: the message goes to the dead-letter queue with the reason and is acknowledged.
    /// `kind` is a short stable identifier to filter by, such as `malformed`.
    #[error("{kind}")]
    Permanent { kind: &'static str, source: Cause },
}

impl Failure {
    /// A transient failure.
    pub fn transient(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Transient { source: Cause::from(error.into()) }
    }

    /// A failure of everything for a while, such as an outage of an upstream.
    pub fn postponed(wait: Duration, kind: &'static str, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Postponed { kind, wait, source: Cause::from(error.into()) }
    }

    /// A permanent failure.
    pub fn permanent(kind: &'static str, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Permanent { kind, source: Cause::from(error.into()) }
    }

    /// A failure from an error that knows its own kind and whether it is transient.
    pub fn of(is_retryable: bool, kind: &'static str, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        if is_retryable { Self::transient(error) } else { Self::permanent(kind, error) }
    }

    /// Whether a retry can help.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Transient { .. } | Self::Postponed { .. })
    }

    /// `transient`, or the kind of another failure.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Transient { .. } => "transient",
            Self::Postponed { kind, .. } | Self::Permanent { kind, .. } => kind,
        }
    }

    /// The error and all its sources.
    pub fn reason(&self) -> String {
        let (Self::Transient { source } | Self::Postponed { source, .. } | Self::Permanent { source, .. }) = self;
        chain(source.as_ref())
    }
}

/// How each message of a batch ended, by message id. A message that is not named failed as transient.
pub type Outcomes = Vec<(String, Result<(), Failure>)>;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot send")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn a_failure_keeps_the_error_and_whether_it_can_pass() {
        let error = || Outer(std::io::Error::other("no route"));
        let failure = Failure::of(true, "send", error());
        assert_eq!((failure.is_retryable(), failure.kind()), (true, "transient"));
        assert_eq!(failure.reason(), "cannot send: no route");
        let failure = Failure::of(false, "send", error());
        assert_eq!((failure.is_retryable(), failure.kind()), (false, "send"));
        let Failure::Permanent { source, .. } = &failure else { panic!("{failure:?}") };
        assert!(source.is::<Outer>(), "{failure:?}");
    }
}
