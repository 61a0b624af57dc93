//! One batch of an SQS queue: decode each record, run the handler, sort out the failures. Never acknowledges a message
//! that is neither done nor safe in the dead-letter queue.

use std::panic::AssertUnwindSafe;

use contract::metric;
use futures_util::FutureExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::dead_letter::{DeadLetter, DeadLetters};
use crate::decode::{Message, Record, SqsEvent};
use crate::function::Function;
use crate::invocation::Invocation;
use crate::log::{Log, chain};
use crate::outcome::{Failure, Outcomes};

/// A record whose handling panicked this often is no coincidence: it goes to the dead-letter queue with its reason.
const PANICS: u32 = 3;

/// The response to an SQS event source mapping with `ReportBatchItemFailures`; an empty list means that all messages are done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchResponse {
    pub batch_item_failures: Vec<BatchItemFailure>,
}

/// A message to be redelivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchItemFailure {
    /// The SQS message id; never an index.
    pub item_identifier: String,
}

/// How a function handles batches of `T`.
pub struct Batch<'a, T, D, H> {
    pub function: &'a Function,
    /// Where permanent failures go.
    pub dead_letters: &'a D,
    /// The trace that a message belongs to.
    pub trace_id: fn(&T) -> String,
    /// Handles decoded messages. A panic in it fails the record of a batch of one; a larger batch is handled again record by record.
    pub handler: H,
}

/// How a record ended, with what is known about it.
struct Ended<'r> {
    record: &'r Record,
    trace_id: Option<String>,
    failure: Option<Failure>,
}

impl<T, D, H> Batch<'_, T, D, H>
where
    T: DeserializeOwned,
    D: DeadLetters,
    H: AsyncFn(Vec<Message<T>>, &Invocation) -> Outcomes,
{
    /// Handles one event to its end. Never fails: everything that is not done is in the response.
    pub async fn handle(&self, event: &SqsEvent, invocation: &Invocation) -> BatchResponse {
        let mut ended: Vec<Ended<'_>> = Vec::with_capacity(event.records.len());
        let mut messages: Vec<Message<T>> = Vec::with_capacity(event.records.len());
        for record in &event.records {
            match record.decode::<T>() {
                Ok(message) => {
                    let trace_id = Some((self.trace_id)(&message.body));
                    let failure = Some(Failure::transient("the handler returned no outcome for it"));
                    ended.push(Ended { record, trace_id, failure });
                    messages.push(message);
                }
                Err(failure) => ended.push(Ended { record, trace_id: None, failure: Some(failure) }),
            }
        }
        if !messages.is_empty() {
            for (id, outcome) in self.run(messages, event, invocation).await {
                for end in ended.iter_mut().filter(|end| end.record.message_id == id) {
                    end.failure = outcome.clone().err();
                }
            }
        }
        self.answer(ended, invocation).await
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

    async fn answer(&self, ended: Vec<Ended<'_>>, invocation: &Invocation) -> BatchResponse {
        let log = self.function.log().of_request(&invocation.request_id);
        let records = ended.len();
        let mut letters = Vec::new();
        let mut response = BatchResponse::default();
        let mut report =
            |id: &str| response.batch_item_failures.push(BatchItemFailure { item_identifier: id.to_owned() });
        let mut transient = 0;
        for end in &ended {
            let Some(failure) = &end.failure else { continue };
            let (kind, reason) = (failure.kind(), failure.reason());
            line_log(&log, end).error("handle_message", details(end, kind, &reason));
            if failure.is_retryable() {
                transient += 1;
                report(&end.record.message_id);
            } else {
                letters.push(DeadLetter {
                    message_id: end.record.message_id.clone(),
                    body: end.record.body.clone(),
                    error_kind: kind,
                    reason,
                    trace_id: end.trace_id.clone(),
                });
            }
        }
        if !letters.is_empty() {
            // After the timeout it is unknown which letters were accepted: all are redelivered, and one may be in the queue twice.
            let send = self.dead_letters.send(self.function.name(), &letters);
            let (reason, kept): (String, Vec<usize>) = match tokio::time::timeout_at(invocation.answer_by, send).await {
                Ok(Ok(())) => (String::new(), Vec::new()),
                Ok(Err(error)) => (chain(&error), error.failed),
                Err(_) => ("not sent before the timeout".to_owned(), (0..letters.len()).collect()),
            };
            if !kept.is_empty() {
                log.error("send_dead_letters", json!({"reason": reason}));
            }
            for letter in kept.iter().filter_map(|index| letters.get(*index)) {
                report(&letter.message_id);
            }
        }
        self.function
            .metrics()
            .count(metric::RECORDS, records as u64)
            .count(metric::TRANSIENT_FAILURES, transient)
            .count(metric::PERMANENT_FAILURES, letters.len() as u64)
            .emit();
        response
    }
}

fn line_log(log: &Log, end: &Ended<'_>) -> Log {
    end.trace_id.as_ref().map_or_else(|| log.clone(), |trace_id| log.of_trace(trace_id))
}

fn details(end: &Ended<'_>, kind: &str, reason: &str) -> serde_json::Value {
    json!({
        "message_id": end.record.message_id, "receive_count": end.record.receive_count(),
        "error_kind": kind, "reason": reason,
    })
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

async fn guarded<R>(work: impl Future<Output = R>, invocation: &Invocation) -> Result<R, Unfinished> {
    match tokio::time::timeout_at(invocation.deadline, AssertUnwindSafe(work).catch_unwind()).await {
        Err(_) => Err(Unfinished::Deadline),
        Ok(Ok(done)) => Ok(done),
        Ok(Err(panic)) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            Err(Unfinished::Panic(text.unwrap_or_else(|| "without a message".to_owned())))
        }
    }
}

/// A handler that did not return.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Unfinished {
    #[error("not finished before the deadline")]
    Deadline,
    #[error("panicked: {0}")]
    Panic(String),
    #[error("panicked {receives} times: {text}")]
    Panics { receives: u32, text: String },
}

impl Unfinished {
    fn failure(&self, receives: u32) -> Failure {
        match self {
            Self::Panic(text) if receives >= PANICS => {
                Failure::permanent("panic", Self::Panics { receives, text: text.clone() })
            }
            other => Failure::transient(other.clone()),
        }
    }
}

#[cfg(test)]
mod tests;
