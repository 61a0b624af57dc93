//! What a deployer remembers between runs: what has to be cleaned up, and the numbers it has used. Does not act on it.

use std::cell::{Cell, RefCell};

/// What a deployer has to remember between runs.
#[derive(Debug, Default)]
pub(crate) struct RunState {
    pub(super) temporaries: RefCell<Vec<Temporary>>,
    pub(super) numbers: Cell<u32>,
}

/// Something that a run creates for its own use and removes before it ends, however it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Temporary {
    /// A change set that was not executed.
    ChangeSet {
        /// Physical name.
        stack: String,
        /// Name of the change set.
        name: String,
        /// The stack contains nothing else, so it is deleted too once no other change set waits on it.
        with_stack: bool,
        /// Nested stacks got change sets of their own.
        nested: bool,
    },
    /// A stack policy that was opened.
    Policy {
        /// Physical name.
        stack: String,
        /// The policy to restore.
        policy: String,
    },
}
