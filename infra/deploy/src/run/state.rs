//! What a deployer remembers from run to run: what is to be cleaned up, and the numbers it has given out. Refuses to act on it.

use std::cell::{Cell, RefCell};

/// What a deployer has to remember from run to context.
#[derive(Debug, Default)]
pub(crate) struct RunState {
    pub(super) temporaries: RefCell<Vec<Temporary>>,
    pub(super) numbers: Cell<u32>,
}

/// Something that a run makes for its own use and removes before it ends, however it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Temporary {
    /// A change set that was not executed.
    ChangeSet {
        /// Physical name.
        stack: String,
        /// Name of the change set.
        name: String,
        /// The stack holds nothing else, so it goes too once no other change set waits on it.
        with_stack: bool,
        /// Nested stacks got change sets of their own.
        nested: bool,
    },
    /// A stack policy that was opened.
    Policy {
        /// Physical name.
        stack: String,
        /// The policy to put back.
        policy: String,
    },
}
