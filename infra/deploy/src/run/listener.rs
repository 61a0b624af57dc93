//! The one listener of a run, shared by all its stacks. Refuses wording.

use std::cell::RefCell;

use aws_access::{CallError, Pace};

use crate::Event;

/// Passes events on to the one listener, from whichever stack they come.
pub(crate) struct Listener<'a>(RefCell<&'a mut dyn FnMut(Event)>);

impl<'a> Listener<'a> {
    pub(crate) fn new(on: &'a mut dyn FnMut(Event)) -> Self {
        Self(RefCell::new(on))
    }

    pub(crate) fn notify(&self, event: Event) {
        (*self.0.borrow_mut())(event);
    }

    /// Makes a call, again and again while that can help, and reports each repetition.
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
