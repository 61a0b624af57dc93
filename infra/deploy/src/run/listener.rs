//! The one listener of a run, shared by all its stacks. The wording is the caller's.

use std::cell::RefCell;

use aws_access::{CallError, Pace};

use crate::Event;

/// Passes events of all stacks on to the one listener.
pub(crate) struct Listener<'a>(RefCell<&'a mut dyn FnMut(Event)>);

impl<'a> Listener<'a> {
    pub(crate) fn new(on: &'a mut dyn FnMut(Event)) -> Self {
        Self(RefCell::new(on))
    }

    pub(crate) fn notify(&self, event: Event) {
        (*self.0.borrow_mut())(event);
    }

    /// Makes a call, with retries while they can help, and reports each retry.
    pub(crate) async fn retry<T>(
        &self,
        pace: Pace,
        call: impl AsyncFnMut() -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        let on_retry = |error: CallError| {
            self.notify(Event::Retrying { operation: error.operation.to_owned(), reason: error.message });
        };
        aws_access::retry(pace, on_retry, call).await
    }
}
