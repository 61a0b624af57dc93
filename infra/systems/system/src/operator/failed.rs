//! Why an operator's work ended without a result, and what follows from it; the exit code depends on it.

use std::error::Error;

use aws_access::CallError;
use operate::InvokeError;

/// The `errorType` with which our functions say that the request is what has to change.
const REFUSED: &str = "refused";

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

impl From<InvokeError> for Failed {
    /// A refusal is told in the function's words alone.
    fn from(error: InvokeError) -> Self {
        match error {
            InvokeError::Function { kind, message, .. } if kind == REFUSED => Self::usage(message),
            error if error.is_retryable() => Self::new(How::Retryable, error),
            error => Self::other(error),
        }
    }
}

/// Whether an API responds with this status for now: too many requests, or something behind it is out of reach.
pub fn is_busy(status: u16) -> bool {
    matches!(status, 429 | 502 | 503 | 504)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_the_functions_words_alone_and_an_absent_database_is_tried_again() {
        let of = |kind: &str| {
            let [function, kind, message] = ["Importer-dev", kind, "there is no upload 7"].map(str::to_owned);
            let failed = Failed::from(InvokeError::Function { function, kind, message });
            (failed.how, failed.to_string())
        };
        assert_eq!(of("refused"), (How::Usage, "there is no upload 7".to_owned()));
        for kind in ["transient", "Sandbox.Timedout"] {
            assert_eq!(of(kind), (How::Retryable, format!("Importer-dev failed: {kind}: there is no upload 7")));
        }
        assert_eq!(of("database").0, How::Failed);
    }
}
