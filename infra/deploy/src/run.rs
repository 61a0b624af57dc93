//! What every step of one run shares: the port with its retries, the listener, and what has to be put away in the end.
//! Refuses decisions.

use std::cell::{Cell, RefCell};

use crate::retry::retry;
use crate::{CallError, CallErrorKind, CloudFormation, Event, Options};

/// One run over a port. Shared by the stacks that are worked on at the same time.
pub(crate) struct Run<'a, C> {
    pub(crate) cloudformation: &'a C,
    pub(crate) options: &'a Options,
    pub(crate) ledger: &'a Ledger,
    pub(crate) teller: Teller<'a>,
}

/// What a deployer has to remember from run to run.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    leavings: RefCell<Vec<Leaving>>,
    numbers: Cell<u32>,
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

    /// A number that nothing else of this deployer gets.
    pub(crate) fn number(&self) -> u32 {
        let number = self.ledger.numbers.get() + 1;
        self.ledger.numbers.set(number);
        number
    }

    /// A client request token of at most 128 characters. Every repetition of a call takes the same; the next call another,
    /// also for the same stack, or AWS would take it for a repetition.
    pub(crate) fn token(&self, step: &str, stack: &str) -> String {
        let stack = crate::archive::sha256(stack.as_bytes());
        format!("{}-{step}-{}-{}", self.options.run_id, self.number(), &stack[..16])
    }

    /// The answer to a call that this can do without: `None` when the credentials do not allow it.
    pub(crate) fn if_allowed<T>(&self, answer: Result<T, CallError>) -> Result<Option<T>, CallError> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.kind == CallErrorKind::Denied && !error.is_expired() => {
                self.tell(Event::Denied { operation: error.operation.to_owned(), reason: error.message });
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The role that CloudFormation is given.
    pub(crate) fn role_arn(&self) -> Option<&str> {
        self.options.execution_role.as_deref()
    }

    pub(crate) fn leave(&self, leaving: Leaving) {
        self.ledger.leavings.borrow_mut().push(leaving);
    }

    pub(crate) fn put_away(&self, leaving: &Leaving) {
        self.ledger.leavings.borrow_mut().retain(|each| each != leaving);
    }

    pub(crate) fn leavings(&self) -> Vec<Leaving> {
        self.ledger.leavings.borrow().clone()
    }
}
