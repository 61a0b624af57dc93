//! Running a handler within the deadline and apart from the rest: what hangs or panics ends as a failure.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use crate::invocation::Invocation;
use crate::outcome::Failure;

/// A record whose handling panicked this often is no coincidence: it goes to the dead-letter queue with its reason.
const PANICS: u32 = 3;

/// A handler that did not return.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Unfinished {
    #[error("not finished before the deadline")]
    Deadline,
    #[error("panicked: {0}")]
    Panic(String),
    #[error("panicked {receives} times: {text}")]
    Panics { receives: u32, text: String },
}

impl Unfinished {
    /// The failure of a message that was received this often.
    pub(crate) fn failure(&self, receives: u32) -> Failure {
        match self {
            Self::Panic(text) if receives >= PANICS => {
                Failure::permanent("panic", Self::Panics { receives, text: text.clone() })
            }
            other => Failure::transient(other.clone()),
        }
    }
}

/// The result of the work, unless it panics or the deadline comes first.
pub(crate) async fn guarded<R>(work: impl Future<Output = R>, invocation: &Invocation) -> Result<R, Unfinished> {
    match tokio::time::timeout_at(invocation.deadline, AssertUnwindSafe(work).catch_unwind()).await {
        Err(_) => Err(Unfinished::Deadline),
        Ok(Ok(done)) => Ok(done),
        Ok(Err(panic)) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            Err(Unfinished::Panic(text.unwrap_or_else(|| "without a message".to_owned())))
        }
    }
}
