//! What can go wrong when a stage is inspected or redriven. Does not render causes: the caller walks the chain.

use aws_access::CallError;

/// Why a command has no result, or a redrive did not finish.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A call to AWS failed for good.
    #[error("a call to AWS failed")]
    Call(#[from] CallError),
    /// No queue with a dead-letter queue has this name.
    #[error("no queue with a dead-letter queue is called {name:?}; there {}", list(.known))]
    UnknownQueue {
        /// The name that was given.
        name: String,
        /// Logical ids of those that could be named.
        known: Vec<String>,
    },
    /// Two stacks of the stage have a queue of this name.
    #[error("{name:?} could be any of {}; give a queue's physical name", .physical_names.join(", "))]
    AmbiguousQueue {
        /// The name that was given.
        name: String,
        /// Physical names of those that match.
        physical_names: Vec<String>,
    },
    /// SQS's own task is working on this queue, and it takes no limit.
    #[error(
        "a move task of {queue} is in progress and moves everything; wait for it, or run redrive without --max to follow it"
    )]
    MoveUnderWay {
        /// Name of the dead-letter queue.
        queue: String,
    },
    /// SQS abandoned its move task.
    #[error("SQS gave up moving the messages of {queue} after {moved}: {reason}; the rest is still there")]
    MoveFailed {
        /// Name of the dead-letter queue.
        queue: String,
        /// How many it had moved.
        moved: u64,
        /// SQS's message.
        reason: String,
    },
    /// A message was not accepted by its queue; it is still in the dead-letter queue, as are those after it.
    #[error("{queue} did not take a message back after {moved} had been moved; it is still in the dead-letter queue")]
    NotSent {
        /// Name of the source queue.
        queue: String,
        /// How many had been moved.
        moved: u64,
        /// The reason.
        source: Box<CallError>,
    },
}

impl Error {
    /// Whether the same command may succeed when it is run again unchanged.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Call(error) => error.is_retryable(),
            Self::NotSent { source, .. } => source.is_retryable(),
            Self::MoveUnderWay { .. } => true,
            Self::UnknownQueue { .. } | Self::AmbiguousQueue { .. } | Self::MoveFailed { .. } => false,
        }
    }

    /// Whether the request itself was invalid, so that nothing was changed.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::UnknownQueue { .. } | Self::AmbiguousQueue { .. })
    }
}

fn list(known: &[String]) -> String {
    match known {
        [] => "is none in these stacks".to_owned(),
        known => format!("are {}", known.join(", ")),
    }
}
