//! What the table knows of a message: where it is, and what happened to it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::envelope::Envelope;

/// Where a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// It is in the table and not yet known to be on the queue.
    Accepted,
    /// It is on the queue, for the first time or again.
    Queued,
    /// It was processed.
    Saved,
    /// It is in the dead-letter queue.
    Dead,
    /// It is in the table alone, since it was replayed as often as is allowed or is no message. It can be sent by its id.
    Parked,
}

impl Status {
    pub const ALL: [Self; 5] = [Self::Accepted, Self::Queued, Self::Saved, Self::Dead, Self::Parked];

    /// As in JSON and in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "ACCEPTED",
            Self::Queued => "QUEUED",
            Self::Saved => "SAVED",
            Self::Dead => "DEAD",
            Self::Parked => "PARKED",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Whether it stays as it is unless somebody acts.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Saved | Self::Dead | Self::Parked)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What happened to a message. Each event has a name of its own, so that telling it again changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub at: Timestamp,
    pub happened: Happened,
}

/// The kinds of events. `replay` is how often the message had been sent again at that time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Happened {
    /// `queue` is where it is sent.
    Accepted {
        by: String,
        queue: String,
    },
    Queued,
    /// `receives` counts from 1 for each replay.
    Received {
        replay: u32,
        receives: u32,
    },
    Saved,
    Dead {
        replay: u32,
        kind: String,
        reason: String,
    },
    Replayed {
        replay: u32,
        by: String,
    },
    Parked {
        replay: u32,
        reason: String,
    },
}

impl Happened {
    /// The event's name among those of its message.
    pub fn name(&self) -> String {
        match self {
            Self::Accepted { .. } => "accepted".to_owned(),
            Self::Queued => "queued".to_owned(),
            Self::Received { replay, receives } => format!("received#{replay}#{receives}"),
            Self::Saved => "saved".to_owned(),
            Self::Dead { replay, .. } => format!("dead#{replay}"),
            Self::Replayed { replay, .. } => format!("replayed#{replay}"),
            Self::Parked { replay, .. } => format!("parked#{replay}"),
        }
    }

    /// Where it belongs among events of the same instant.
    fn rank(&self) -> (u32, u32) {
        match self {
            Self::Accepted { .. } => (0, 0),
            Self::Queued => (0, 1),
            Self::Replayed { replay, .. } => (*replay, 1),
            Self::Received { replay, receives } => (*replay, 1 + receives),
            Self::Saved => (u32::MAX, 0),
            Self::Dead { replay, .. } => (*replay, u32::MAX - 1),
            Self::Parked { replay, .. } => (*replay, u32::MAX),
        }
    }
}

/// Events in the order in which they happened.
pub(crate) fn in_order(events: &mut [Event]) {
    events.sort_by_key(|event| (event.at, event.happened.rank()));
}

/// A message in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The message's id, or the key of a body that has none.
    pub id: String,
    pub status: Status,
    /// Since when it has the status.
    pub since: Timestamp,
    /// How often it was taken from the dead-letter queue and sent again.
    pub dlq_retry: u32,
    /// The body as it was sent last.
    pub body: String,
    /// The group on the queue.
    pub group: String,
    /// Why it is dead or parked.
    pub fault: Option<DeadFault>,
    /// In no order.
    pub events: Vec<Event>,
}

/// Why a message is dead or parked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadFault {
    /// A short stable identifier, such as `malformed`.
    pub kind: String,
    pub reason: String,
}

impl Record {
    /// The message, unless the body is none.
    pub fn envelope(&self) -> Option<Envelope> {
        Envelope::read(&self.body).ok()
    }
}

/// The key of a dead body without an id: by the id that SQS gave its message.
pub fn unreadable_id(sqs_message_id: &str) -> String {
    format!("dead#{sqs_message_id}")
}

/// What a body is: the message, unless it is none, the id of its record, and how often it had been replayed. `sqs_message_id` is the id that SQS gave it on its way to the
/// worker.
pub(crate) fn identify(body: &str, sqs_message_id: &str) -> (Option<Envelope>, String, u32) {
    match Envelope::read(body) {
        Ok(envelope) => {
            let (id, replay) = (envelope.message_id.to_string(), envelope.dlq_retry);
            (Some(envelope), id, replay)
        }
        Err(_) => (None, unreadable_id(sqs_message_id), 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_the_same_instant_are_in_the_order_in_which_they_can_happen() {
        let by = || "a@b.example".to_owned();
        let order = [
            Happened::Accepted { by: by(), queue: "main_queue.fifo".to_owned() },
            Happened::Queued,
            Happened::Received { replay: 0, receives: 1 },
            Happened::Received { replay: 0, receives: 2 },
            Happened::Dead { replay: 0, kind: "k".to_owned(), reason: "r".to_owned() },
            Happened::Replayed { replay: 1, by: by() },
            Happened::Received { replay: 1, receives: 1 },
            Happened::Dead { replay: 1, kind: "k".to_owned(), reason: "r".to_owned() },
            Happened::Parked { replay: 1, reason: "r".to_owned() },
            Happened::Replayed { replay: 2, by: by() },
            Happened::Received { replay: 2, receives: 1 },
            Happened::Saved,
        ];
        let at: Timestamp = "2026-11-02T13:43:38Z".parse().unwrap();
        let mut events: Vec<Event> = order.iter().cloned().rev().map(|happened| Event { at, happened }).collect();
        in_order(&mut events);
        assert_eq!(events.into_iter().map(|event| event.happened).collect::<Vec<_>>(), order);
        let mut names: Vec<String> = order.iter().map(Happened::name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), order.len(), "each has a name of its own");
    }
}
