//! What every step of a run shares: the port with its retries, the listener, and what has to be cleaned up at the end.
//! Makes no decisions.

use aws_access::{CallError, CallErrorKind};

use super::listener::Listener;
use super::state::{RunState, Temporary};
use crate::{CloudFormation, Event, Options, Sha256, StackDescription};

/// One deployment, preview, watch or deletion over a port. Shared by the stacks that are deployed in parallel.
pub(crate) struct Context<'a, C> {
    pub(crate) cloudformation: &'a C,
    pub(crate) options: &'a Options,
    pub(crate) state: &'a RunState,
    pub(crate) listener: Listener<'a>,
}

impl<C: CloudFormation> Context<'_, C> {
    pub(crate) fn notify(&self, event: Event) {
        self.listener.notify(event);
    }

    /// Makes a call, with retries while they can help.
    pub(crate) async fn call<T>(&self, call: impl AsyncFnMut() -> Result<T, CallError>) -> Result<T, CallError> {
        self.listener.retry(self.options.pace, call).await
    }

    /// A number that this deployer uses only once.
    pub(crate) fn number(&self) -> u32 {
        let number = self.state.numbers.get() + 1;
        self.state.numbers.set(number);
        number
    }

    /// A client request token of at most 128 characters. Every retry of a call uses the same; the next call needs another,
    /// even for the same stack, or AWS would take it for a retry.
    pub(crate) fn token(&self, step: &str, stack: &str) -> String {
        let stack = Sha256::of(stack.as_bytes()).hex();
        format!("{}-{step}-{}-{}", self.options.run_id, self.number(), &stack[..16])
    }

    /// The result of an optional call: `None` when the credentials do not allow it.
    pub(crate) fn if_allowed<T>(&self, answer: Result<T, CallError>) -> Result<Option<T>, CallError> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.kind == CallErrorKind::Denied && !error.is_about_credentials() => {
                self.notify(Event::Denied { operation: error.operation.to_owned(), reason: error.message });
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The role that CloudFormation works with.
    pub(crate) fn role_arn(&self) -> Option<&str> {
        self.options.execution_role.as_deref()
    }

    /// DescribeStacks with retries, by name or ARN; `None` when there is none.
    pub(crate) async fn describe_stack(&self, stack: &str) -> Result<Option<StackDescription>, CallError> {
        self.call(async || self.cloudformation.describe_stack(stack).await).await
    }

    /// Records something that has to be cleaned up.
    pub(crate) fn add_temporary(&self, temporary: Temporary) {
        self.state.temporaries.borrow_mut().push(temporary);
    }

    /// It is deleted, or is no longer ours to remove.
    pub(crate) fn forget_temporary(&self, temporary: &Temporary) {
        self.state.temporaries.borrow_mut().retain(|each| each != temporary);
    }

    pub(crate) fn temporaries(&self) -> Vec<Temporary> {
        self.state.temporaries.borrow().clone()
    }
}
