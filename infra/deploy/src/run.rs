//! What every step of one run shares: the port with its retries, the listener, and what has to be put away in the end.
//! Refuses decisions.

use std::cell::RefCell;

use crate::retry::retry;
use crate::{CallError, CloudFormation, Event, Options};

/// One run over a port. Shared by the stacks that are worked on at the same time.
pub(crate) struct Run<'a, C> {
    pub(crate) cloudformation: &'a C,
    pub(crate) options: &'a Options,
    pub(crate) leavings: &'a RefCell<Vec<Leaving>>,
    pub(crate) teller: Teller<'a>,
}

/// Something that must not stay when the run ends, however it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// A change set that was not executed.
    ChangeSet {
        /// Physical name.
        stack: String,
        /// Name of the change set.
        name: String,
        /// The stack holds nothing else, so it goes too once no other change set waits on it.
        with_stack: bool,
    },
    /// A stack policy that was opened.
    Policy {
        /// Physical name.
        stack: String,
        /// The policy to put back.
        policy: String,
    },
}

/// Passes events on to the one listener, from whichever stack they come.
pub(crate) struct Teller<'a>(RefCell<&'a mut dyn FnMut(Event)>);

impl<'a> Teller<'a> {
    pub(crate) fn new(on: &'a mut dyn FnMut(Event)) -> Self {
        Self(RefCell::new(on))
    }

    pub(crate) fn tell(&self, event: Event) {
        (*self.0.borrow_mut())(event);
    }
}

impl<C: CloudFormation> Run<'_, C> {
    pub(crate) fn tell(&self, event: Event) {
        self.teller.tell(event);
    }

    /// Makes a call, again and again while that can help.
    pub(crate) async fn call<T>(&self, call: impl AsyncFnMut() -> Result<T, CallError>) -> Result<T, CallError> {
        retry(self.options.pace, &self.teller, call).await
    }

    /// A client request token of at most 128 characters, the same for the same step of this run.
    pub(crate) fn token(&self, step: &str, stack: &str) -> String {
        let stack = crate::archive::sha256(stack.as_bytes());
        format!("{}-{step}-{}", self.options.run_id, &stack[..16])
    }

    /// The role that CloudFormation is given.
    pub(crate) fn role_arn(&self) -> Option<&str> {
        self.options.execution_role.as_deref()
    }

    pub(crate) fn leave(&self, leaving: Leaving) {
        self.leavings.borrow_mut().push(leaving);
    }

    pub(crate) fn put_away(&self, leaving: &Leaving) {
        self.leavings.borrow_mut().retain(|each| each != leaving);
    }
}
