//! How a message ends. Refuses to guess: what is neither done nor permanent comes back.

use crate::log::chain;

/// Why a message was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Trying again can help: the message is reported and comes back after its visibility time-out.
    Transient { reason: String },
    /// Trying again cannot help: the message goes to the dead-letter queue with this reason and is acknowledged.
    /// `kind` is a short stable word to filter by, such as `malformed`.
    Permanent { kind: &'static str, reason: String },
}

impl Failure {
    pub fn transient(error: &(dyn std::error::Error + 'static)) -> Self {
        Self::Transient { reason: chain(error) }
    }

    pub fn permanent(kind: &'static str, error: &(dyn std::error::Error + 'static)) -> Self {
        Self::Permanent { kind, reason: chain(error) }
    }

    /// The failure that an error is which knows its own kind and whether it can pass.
    pub fn of(is_transient: bool, kind: &'static str, error: &(dyn std::error::Error + 'static)) -> Self {
        if is_transient { Self::transient(error) } else { Self::permanent(kind, error) }
    }

    pub fn reason(&self) -> &str {
        match self {
            Self::Transient { reason } | Self::Permanent { reason, .. } => reason,
        }
    }
}

/// How each message of a batch ended, by message id. A message that is not named failed as transient.
pub type Outcomes = Vec<(String, Result<(), Failure>)>;
