//! What becomes of the records of a batch: failures are logged, permanent ones go to the dead-letter queue, and the response names
//! everything that is neither done nor safe there. Names nothing but records of the event: an unknown or blank id fails the whole batch.

use std::collections::BTreeSet;

use contract::metric;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::dead_letter::{DeadLetter, DeadLetters};
use crate::decode::Record;
use crate::function::Function;
use crate::invocation::Invocation;
use crate::log::{Log, chain};
use crate::outcome::Failure;

/// What every line about a record is about.
const ACTION: &str = "handle_message";

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

/// A record after it was handled, with what is known about it.
pub(crate) struct Handled<'r> {
    pub(crate) record: &'r Record,
    /// `None` if it could not be decoded.
    pub(crate) trace_id: Option<String>,
    pub(crate) failure: Option<Failure>,
}

/// How a record ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Done,
    /// A retry can help, or is the first try.
    Transient,
    Permanent {
        /// Whether the dead-letter queue has it.
        taken: bool,
    },
}

impl Ended {
    /// Whether the response has to name it.
    pub(crate) fn is_redelivered(self) -> bool {
        matches!(self, Self::Transient | Self::Permanent { taken: false })
    }
}

/// The report on one batch.
pub(crate) struct Report<'a, D> {
    function: &'a Function,
    dead_letters: &'a D,
    log: Log,
    answer_by: Instant,
}

impl<'a, D: DeadLetters> Report<'a, D> {
    pub(crate) fn new(function: &'a Function, dead_letters: &'a D, invocation: &Invocation) -> Self {
        let log = function.log().of_request(&invocation.request_id);
        Self { function, dead_letters, log, answer_by: invocation.answer_by }
    }

    /// Logs the failures and sends the permanent ones to the dead-letter queue; returns how each record ended, in order.
    pub(crate) async fn settle(&self, handled: &[Handled<'_>]) -> Vec<Ended> {
        let mut letters = Vec::new();
        let mut ended = Vec::with_capacity(handled.len());
        for Handled { record, trace_id, failure } in handled {
            let Some(failure) = failure else {
                ended.push(Ended::Done);
                continue;
            };
            let (error_kind, reason) = (failure.kind(), failure.reason());
            let mut details = details(record, &reason);
            details["error_kind"] = json!(error_kind);
            self.log_of(trace_id.as_deref()).error(ACTION, details);
            if failure.is_retryable() {
                ended.push(Ended::Transient);
            } else {
                ended.push(Ended::Permanent { taken: true });
                letters.push(DeadLetter {
                    message_id: record.message_id.clone(),
                    group: record.group().map(str::to_owned),
                    receive_count: record.receive_count(),
                    body: record.body.clone(),
                    error_kind,
                    reason,
                    trace_id: trace_id.clone(),
                });
            }
        }
        let refused = if letters.is_empty() {
            Vec::new()
        } else {
            // After the timeout it is unknown which letters were accepted: all are redelivered, and one may be in the queue twice.
            let send = self.dead_letters.send(self.function.name(), &letters);
            let (reason, refused) = match tokio::time::timeout_at(self.answer_by, send).await {
                Ok(Ok(())) => (String::new(), Vec::new()),
                Ok(Err(error)) => (chain(&error), error.failed),
                Err(_) => ("not sent before the timeout".to_owned(), (0..letters.len()).collect()),
            };
            if !refused.is_empty() {
                self.log.error("send_dead_letters", json!({"reason": reason}));
            }
            refused
        };
        let permanent = ended.iter_mut().filter_map(|end| match end {
            Ended::Permanent { taken } => Some(taken),
            _ => None,
        });
        for (index, taken) in permanent.enumerate() {
            *taken = !refused.contains(&index);
        }
        ended
    }

    /// A record that was not handled this time.
    pub(crate) fn skip(&self, record: &Record, trace_id: Option<&str>, reason: &str) -> Ended {
        self.log_of(trace_id).skipped(ACTION, details(record, reason));
        Ended::Transient
    }

    /// Writes the metrics and returns the response; the ends are those of the records, in the same order.
    pub(crate) fn respond(&self, records: &[Record], ended: &[Ended]) -> BatchResponse {
        let count = |of: fn(&Ended) -> bool| ended.iter().filter(|end| of(end)).count() as u64;
        self.function
            .metrics()
            .count(metric::RECORDS, records.len() as u64)
            .count(metric::TRANSIENT_FAILURES, count(|end| matches!(end, Ended::Transient)))
            .count(metric::PERMANENT_FAILURES, count(|end| matches!(end, Ended::Permanent { .. })))
            .emit();
        let mut named = BTreeSet::new();
        let failures = records.iter().zip(ended).filter(|(_, end)| end.is_redelivered()).map(|(record, _)| record);
        let failures = failures.filter(|record| named.insert(&record.message_id));
        let failures = failures.map(|record| BatchItemFailure { item_identifier: record.message_id.clone() });
        BatchResponse { batch_item_failures: failures.collect() }
    }

    fn log_of(&self, trace_id: Option<&str>) -> Log {
        trace_id.map_or_else(|| self.log.clone(), |trace_id| self.log.of_trace(trace_id))
    }
}

fn details(record: &Record, reason: &str) -> Value {
    json!({"message_id": record.message_id, "receive_count": record.receive_count(), "reason": reason})
}
