//! One batch of an SQS queue: decode each record, run the handler, sort out the failures. Never acknowledges a message
//! that is neither done nor safe in a queue. Keeps no order: [`FifoBatch`](crate::FifoBatch) does.

use serde::de::DeserializeOwned;

use crate::dead_letter::DeadLetters;
use crate::decode::{Message, Record, SqsEvent};
use crate::function::Function;
use crate::input::{ChangeVisibility, Input};
use crate::invocation::Invocation;
use crate::outcome::{Failure, Outcomes};
use crate::queue::SendBatch;
use crate::report::{BatchResponse, Handled, Report};
use crate::unfinished::{Unfinished, guarded};

/// How a function handles batches of `T`.
pub struct Batch<'a, T, D, P, H> {
    pub function: &'a Function,
    /// Where messages go that are given up.
    pub dead_letters: &'a D,
    /// The queue that the batches are of.
    pub input: &'a Input<P>,
    /// The trace that a message belongs to.
    pub trace_id: fn(&T) -> String,
    /// Handles decoded messages. A panic in it fails the record of a batch of one; a larger batch is handled again record by record.
    pub handler: H,
}

impl<T, D, P, H> Batch<'_, T, D, P, H>
where
    T: DeserializeOwned,
    D: DeadLetters,
    P: SendBatch + ChangeVisibility,
    H: AsyncFn(Vec<Message<T>>, &Invocation) -> Outcomes,
{
    /// Handles one event to its end. Never fails: everything that is not done is in the response.
    pub async fn handle(&self, event: &SqsEvent, invocation: &Invocation) -> BatchResponse {
        let mut handled: Vec<Handled<'_>> = Vec::with_capacity(event.records.len());
        let mut messages: Vec<Message<T>> = Vec::with_capacity(event.records.len());
        for record in &event.records {
            match record.decode::<T>() {
                Ok(message) => {
                    let trace_id = Some((self.trace_id)(&message.body));
                    handled.push(Handled { record, trace_id, failure: None });
                    messages.push(message);
                }
                Err(failure) => handled.push(Handled { record, trace_id: None, failure: Some(failure) }),
            }
        }
        if !messages.is_empty() {
            let outcomes = self.run(messages, event, invocation).await;
            for end in handled.iter_mut().filter(|end| end.failure.is_none()) {
                end.failure = outcome_of(&end.record.message_id, &outcomes).err();
            }
        }
        let report = Report::new(self.function, self.dead_letters, self.input, invocation);
        let ended = report.settle(&handled).await;
        report.respond(&event.records, &ended).await
    }

    /// Runs the handler within the deadline, and once more record by record if it panicked.
    async fn run(&self, messages: Vec<Message<T>>, event: &SqsEvent, invocation: &Invocation) -> Outcomes {
        let ids: Vec<String> = messages.iter().map(|message| message.id.clone()).collect();
        match guarded((self.handler)(messages, invocation), invocation).await {
            Ok(outcomes) => outcomes,
            Err(unfinished) if ids.len() == 1 || matches!(unfinished, Unfinished::Deadline) => {
                let receives = |id: &str| event.records.iter().find(|record| record.message_id == id);
                let failure = |id: &str| unfinished.failure(receives(id).map_or(1, Record::receive_count));
                ids.into_iter().map(|id| (id.clone(), Err(failure(&id)))).collect()
            }
            Err(_) => {
                let mut outcomes = Outcomes::new();
                for record in event.records.iter().filter(|record| ids.contains(&record.message_id)) {
                    let Ok(message) = record.decode::<T>() else { continue };
                    match guarded((self.handler)(vec![message], invocation), invocation).await {
                        Ok(outcome) => outcomes.extend(outcome),
                        Err(unfinished) => {
                            let failure = unfinished.failure(record.receive_count());
                            outcomes.push((record.message_id.clone(), Err(failure)));
                        }
                    }
                }
                outcomes
            }
        }
    }
}

/// How a message ended: it failed if no outcome names it, or if one of several does so with a failure, as after two deliveries in one batch.
fn outcome_of(id: &str, outcomes: &Outcomes) -> Result<(), Failure> {
    let mut named = outcomes.iter().filter(|(named, _)| named == id).map(|(_, outcome)| outcome.clone()).peekable();
    if named.peek().is_none() {
        return Err(Failure::transient("the handler returned no outcome for it"));
    }
    named.collect()
}

/// Handles messages one by one and concurrently, each within the deadline and isolated from the others' panics.
pub async fn each<T, H>(messages: Vec<Message<T>>, invocation: &Invocation, handler: &H) -> Outcomes
where
    H: AsyncFn(Message<T>, &Invocation) -> Result<(), Failure>,
{
    let work = messages.into_iter().map(async |message| {
        let (id, receives) = (message.id.clone(), message.receive_count);
        let outcome = guarded(handler(message, invocation), invocation).await;
        (id, outcome.unwrap_or_else(|unfinished| Err(unfinished.failure(receives))))
    });
    futures_util::future::join_all(work).await
}

#[cfg(test)]
mod tests;
