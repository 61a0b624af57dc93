//! Why an operator's work ended without a result, and what follows from it; the exit code depends on it.

use std::error::Error;

use aws_access::CallError;

/// What a failure means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Arguments or values are wrong, or nothing is deployed; nothing was touched.
    Usage,
    /// AWS, the network or the system was busy or unavailable; the same command may succeed later.
    Retryable,
    /// The work stopped and is not complete, or a part of what was given to it was not accepted.
    Incomplete,
    /// The work was started and failed.
    Failed,
    /// It needs an approval that it did not get; nothing was touched.
    NotApproved,
    /// The user stopped it.
    Interrupted,
}

/// A failure that knows what it means.
#[derive(Debug)]
pub struct Failed {
    pub how: How,
    pub source: Box<dyn Error + Send + Sync>,
}

impl Failed {
    pub fn new(how: How, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { how, source: source.into() }
    }

    pub fn usage(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(How::Usage, source)
    }

    pub fn other(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(How::Failed, source)
    }
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.source.fmt(f)
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.source()
    }
}

impl From<CallError> for Failed {
    fn from(error: CallError) -> Self {
        Self::new(if error.is_retryable() { How::Retryable } else { How::Failed }, error)
    }
}
