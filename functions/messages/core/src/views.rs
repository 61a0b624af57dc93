//! What the API shows of messages, queues and dead letters.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::envelope::Envelope;
use crate::job::Done;
use crate::payload::Payload;
use crate::record::{Event, Happened, Record, Status, in_order};

/// A message and what happened to it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Message)]
pub(crate) struct MessageView {
    /// The message's id; `dead#..` where a body has none.
    pub message_id: String,
    pub status: Status,
    /// Since when it has the status.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// How often it was taken from the dead-letter queue and sent again.
    pub dlq_retry: u32,
    /// A short stable identifier, where it is dead or parked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = "currency_not_settled")]
    pub error_kind: Option<String>,
    /// Why it is dead or parked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub reason: Option<String>,
    /// The transaction, unless the body is no message.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub payload: Option<Payload>,
    /// The body, where it is no message.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub body: Option<String>,
    /// In the order in which it happened.
    pub timeline: Vec<EventView>,
}

/// One event of a message.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventView {
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// `accepted`, `queued`, `received`, `saved`, `dead`, `replayed` or `parked`.
    #[schema(example = "received")]
    pub event: &'static str,
    /// Who, which time, or why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = "for the 1st time")]
    pub detail: Option<String>,
}

impl From<&Event> for EventView {
    fn from(event: &Event) -> Self {
        let (name, detail) = match &event.happened {
            Happened::Accepted { by, .. } => ("accepted", Some(format!("from {by}"))),
            Happened::Queued => ("queued", None),
            Happened::Received { receives, .. } => ("received", Some(format!("for the {} time", ordinal(*receives)))),
            Happened::Saved => ("saved", None),
            Happened::Dead { kind, reason, .. } => ("dead", Some(format!("{kind}: {reason}"))),
            Happened::Replayed { replay, by } => {
                ("replayed", Some(format!("for the {} time, by {by}", ordinal(*replay))))
            }
            Happened::Parked { reason, .. } => ("parked", Some(reason.clone())),
        };
        Self { at: event.at, event: name, detail }
    }
}

fn ordinal(number: u32) -> String {
    let ending = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

impl From<Record> for MessageView {
    fn from(mut record: Record) -> Self {
        let envelope = record.envelope();
        in_order(&mut record.events);
        let (error_kind, reason) = record.fault.map(|fault| (fault.kind, fault.reason)).unzip();
        Self {
            message_id: record.id,
            status: record.status,
            since: record.since,
            dlq_retry: record.dlq_retry,
            error_kind,
            reason,
            body: envelope.is_none().then_some(record.body),
            payload: envelope.map(|envelope| envelope.payload),
            timeline: record.events.iter().map(EventView::from).collect(),
        }
    }
}

/// Dead or parked messages, the oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Messages)]
pub(crate) struct MessagesView {
    pub messages: Vec<MessageView>,
    /// Where to go on, as the parameter `cursor`; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub next_cursor: Option<String>,
}

/// The counts of a queue. SQS calls its own approximate.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = QueueStatus)]
pub(crate) struct QueueView {
    /// As it was asked for.
    #[schema(example = "main_queue.fifo")]
    pub queue_name: String,
    pub messages_available: u64,
    pub messages_in_flight: u64,
    pub messages_delayed: u64,
    /// Of its dead-letter queue, in flight or not; 0 for the dead-letter queue itself.
    pub messages_in_dlq: u64,
    /// Since when the oldest message is in the queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false, nullable = false)]
    pub oldest_since: Option<Timestamp>,
    /// Its age in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, minimum = 0)]
    pub oldest_age_seconds: Option<u64>,
    /// Payers with messages in the queue, among its 1,000 oldest.
    pub groups: u64,
    /// Messages that are parked, at most 1,000.
    pub messages_parked: u64,
}

/// The answer to a single transaction of an array.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = SentItem)]
pub(crate) struct ItemView {
    /// As the status of the response if it had been sent alone.
    #[schema(example = 200)]
    pub status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub message: Option<Envelope>,
    /// What is wrong, as a text or as a list of faults.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = serde_json::Value, required = false, nullable = false)]
    pub detail: Option<Box<RawValue>>,
}

/// What was sent again.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Reprocessed)]
pub(crate) struct ReprocessedView {
    #[schema(example = "Reprocessing completed.")]
    pub message: &'static str,
    #[serde(flatten)]
    pub done: Done,
    /// Messages that are still in the dead-letter queue.
    pub remaining: u64,
    /// The run, under which it is kept who asked for what: `GET /messages/jobs/{job_id}`.
    #[schema(value_type = String, format = "uuid")]
    pub job_id: Uuid,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals_are_english() {
        let all: Vec<String> = [1, 2, 3, 4, 11, 12, 13, 21, 22, 111].map(ordinal).into();
        assert_eq!(all.join(" "), "1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 111th");
    }
}
