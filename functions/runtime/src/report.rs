//! What becomes of the records of a batch: failures are logged; permanent ones, and transient ones of the last receive, go to the dead-letter queue;
//! postponed ones are put back; and the response names everything that is neither done nor safe in a queue, after it was hidden for a back-off. Names
//! nothing but records of the event: an unknown or blank id fails the whole batch.

use std::collections::BTreeSet;
use std::time::Duration;

use contract::{metric, postponed};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::dead_letter::{DeadLetter, DeadLetters};
use crate::decode::Record;
use crate::function::Function;
use crate::input::{ChangeVisibility, Input, again, backoff, hidden_for};
use crate::invocation::Invocation;
use crate::log::{Log, chain};
use crate::outcome::Failure;
use crate::queue::SendBatch;
use crate::send_fault::SendError;

/// What every line about a record is about.
const ACTION: &str = "handle_message";
/// The kind of a dead letter that failed as transient at its last receive. A retry may help, so this is what to send again after an outage.
const RECEIVED_TOO_OFTEN: &str = "received_too_often";

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
    /// Not done: it is received again.
    Transient {
        /// How long it is hidden from now on; for the queue's visibility timeout if `None`.
        hidden: Option<Duration>,
    },
    /// The queue has it again, as a new message.
    Postponed,
    /// It is given up.
    Dead {
        /// Whether the dead-letter queue has it.
        taken: bool,
    },
}

impl Ended {
    /// Whether the response has to name it.
    pub(crate) fn is_redelivered(self) -> bool {
        matches!(self, Self::Transient { .. } | Self::Dead { taken: false })
    }
}

/// The report on one batch.
pub(crate) struct Report<'a, D, P> {
    function: &'a Function,
    dead_letters: &'a D,
    input: &'a Input<P>,
    log: Log,
    answer_by: Instant,
}

impl<'a, D: DeadLetters, P: SendBatch + ChangeVisibility> Report<'a, D, P> {
    pub(crate) fn new(
        function: &'a Function,
        dead_letters: &'a D,
        input: &'a Input<P>,
        invocation: &Invocation,
    ) -> Self {
        let log = function.log().of_request(&invocation.request_id);
        Self { function, dead_letters, input, log, answer_by: invocation.answer_by }
    }

    /// Logs the failures, sends what is given up to the dead-letter queue and what is postponed back to its queue; returns how each record ended, in order.
    pub(crate) async fn settle(&self, handled: &[Handled<'_>]) -> Vec<Ended> {
        let now = Timestamp::now();
        let (mut letters, mut put_back) = (Vec::new(), Vec::new());
        let mut ended = Vec::with_capacity(handled.len());
        for (index, Handled { record, trace_id, failure }) in handled.iter().enumerate() {
            let Some(failure) = failure else {
                ended.push(Ended::Done);
                continue;
            };
            let (error_kind, reason) = (failure.kind(), failure.reason());
            let log = self.log_of(trace_id.as_deref());
            let mut details = details(record, &reason);
            details["error_kind"] = json!(error_kind);
            if let Failure::Postponed { wait, .. } = failure
                && let Some(message) = again(record, *wait, now, rand::random())
            {
                details[postponed::UNTIL] = json!(now.saturating_add(*wait).unwrap_or(Timestamp::MAX));
                log.skipped(ACTION, details);
                // A message that was delivered twice does not become two.
                let is_another = |(other, _): &(usize, _)| handled[*other].record.message_id != record.message_id;
                if put_back.iter().all(is_another) {
                    put_back.push((index, message));
                }
                ended.push(Ended::Postponed);
                continue;
            }
            log.error(ACTION, details);
            if failure.is_retryable() && !self.input.is_last_receive(record) {
                ended.push(self.redelivered(record, failure));
                continue;
            }
            let (error_kind, reason) = if failure.is_retryable() {
                let receives = record.receive_count();
                let reason =
                    format!("received {receives} times, as often as its queue allows; the last time: {reason}");
                (RECEIVED_TOO_OFTEN, reason)
            } else {
                (error_kind, reason)
            };
            ended.push(Ended::Dead { taken: true });
            let letter = DeadLetter {
                message_id: record.message_id.clone(),
                group: record.group().map(str::to_owned),
                receive_count: record.receive_count(),
                body: record.body.clone(),
                error_kind,
                reason,
                trace_id: trace_id.clone(),
            };
            letters.push((index, letter));
        }
        let (places, letters): (Vec<usize>, Vec<DeadLetter>) = letters.into_iter().unzip();
        let send = async || self.dead_letters.send(self.function.name(), &letters).await;
        for refused in self.refused("send_dead_letters", letters.len(), send).await {
            ended[places[refused]] = Ended::Dead { taken: false };
        }
        let (places, messages): (Vec<usize>, Vec<_>) = put_back.into_iter().unzip();
        let count = messages.len();
        for refused in self.refused("put_back", count, async || self.input.queue().send(messages).await).await {
            let Handled { record, failure, .. } = &handled[places[refused]];
            ended[places[refused]] = failure.as_ref().map_or(Ended::Done, |failure| self.redelivered(record, failure));
        }
        ended
    }

    /// How a record ends that is received again.
    fn redelivered(&self, record: &Record, failure: &Failure) -> Ended {
        let receives = record.receive_count();
        let hidden = match failure {
            Failure::Postponed { wait, .. } => hidden_for(*wait, receives, rand::random()),
            _ => backoff(receives, rand::random()),
        };
        Ended::Transient { hidden: Some(hidden) }
    }

    /// Sends `count` messages while there is time, and returns the indexes of those that were not accepted.
    async fn refused(
        &self,
        action: &'static str,
        count: usize,
        send: impl AsyncFnOnce() -> Result<(), SendError>,
    ) -> Vec<usize> {
        if count == 0 {
            return Vec::new();
        }
        // After the timeout it is unknown which were accepted: all are redelivered, and one may be in the queue twice.
        let (reason, refused) = match tokio::time::timeout_at(self.answer_by, send()).await {
            Ok(Ok(())) => return Vec::new(),
            Ok(Err(error)) => (chain(&error), error.failed),
            Err(_) => ("not sent before the timeout".to_owned(), (0..count).collect()),
        };
        self.log.error(action, json!({"reason": reason}));
        refused
    }

    /// A record that was not handled this time, and how long it is hidden.
    pub(crate) fn skip(
        &self,
        record: &Record,
        trace_id: Option<&str>,
        reason: &str,
        hidden: Option<Duration>,
    ) -> Ended {
        self.log_of(trace_id).skipped(ACTION, details(record, reason));
        Ended::Transient { hidden }
    }

    /// Hides what is redelivered, writes the metrics and returns the response; the ends are those of the records, in the same order.
    pub(crate) async fn respond(&self, records: &[Record], ended: &[Ended]) -> BatchResponse {
        let hidden = records.iter().zip(ended).filter_map(|(record, end)| match end {
            Ended::Transient { hidden: Some(hidden) } if !record.receipt_handle.is_empty() => {
                Some((record.receipt_handle.as_str(), *hidden))
            }
            _ => None,
        });
        self.hide(&hidden.collect::<Vec<_>>()).await;
        let count = |of: fn(&Ended) -> bool| ended.iter().filter(|end| of(end)).count() as u64;
        self.function
            .metrics()
            .count(metric::RECORDS, records.len() as u64)
            .count(metric::TRANSIENT_FAILURES, count(|end| matches!(end, Ended::Transient { .. })))
            .count(metric::POSTPONED, count(|end| matches!(end, Ended::Postponed)))
            .count(metric::PERMANENT_FAILURES, count(|end| matches!(end, Ended::Dead { .. })))
            .emit();
        let mut named = BTreeSet::new();
        let failures = records.iter().zip(ended).filter(|(_, end)| end.is_redelivered()).map(|(record, _)| record);
        let failures = failures.filter(|record| named.insert(&record.message_id));
        let failures = failures.map(|record| BatchItemFailure { item_identifier: record.message_id.clone() });
        BatchResponse { batch_item_failures: failures.collect() }
    }

    /// Without it, what is redelivered is merely received after the queue's visibility timeout, so a fault is logged and no more.
    async fn hide(&self, changes: &[(&str, Duration)]) {
        if changes.is_empty() {
            return;
        }
        let reason = match tokio::time::timeout_at(self.answer_by, self.input.hide(changes)).await {
            Ok(Ok(())) => return,
            Ok(Err(fault)) => chain(&fault),
            Err(_) => "not done before the timeout".to_owned(),
        };
        self.log.error("change_visibility", json!({"reason": reason}));
    }

    fn log_of(&self, trace_id: Option<&str>) -> Log {
        trace_id.map_or_else(|| self.log.clone(), |trace_id| self.log.of_trace(trace_id))
    }
}

fn details(record: &Record, reason: &str) -> Value {
    json!({"message_id": record.message_id, "receive_count": record.receive_count(), "reason": reason})
}
