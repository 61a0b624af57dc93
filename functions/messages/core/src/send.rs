//! Accepting a message: written, then sent, then noted as sent. Whatever dies between is sent again under the same id, by the client with its
//! idempotency key or by the sweeper, and SQS or the worker drops what came twice.

use jiff::{SignedDuration, Timestamp};
use messages_contract::{DEAD_LETTER_DAYS, DEAD_LETTER_QUEUE, MAIN_QUEUE, QUEUE_DAYS};
use uuid::Uuid;

use crate::envelope::{Envelope, fingerprint};
use crate::payload::Payload;
use crate::ports::{Change, Claim, Fault, Identified, Placed, Sends, Table, ToSend};
use crate::read::Sent;
use crate::record::{DeadFault, Event, Happened, Record, Status};

/// Days for which a message that is not saved is stored: twice as long as both queues keep it. The sweeper parks it long before, and what is parked stays.
pub(crate) const OPEN_DAYS: i64 = 2 * (QUEUE_DAYS + DEAD_LETTER_DAYS) as i64;
/// Hours for which an idempotency key is stored.
pub(crate) const KEY_HOURS: i64 = 24;

/// A message that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AcceptedMessage {
    /// As it was accepted first.
    pub envelope: Envelope,
    /// Whether it was accepted before.
    pub is_repeated: bool,
}

/// Where a message is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Destination {
    Main,
    /// Straight to the dead-letter queue.
    DeadLetters,
}

impl Destination {
    /// The queue as clients name it.
    pub(crate) fn queue_name(self) -> &'static str {
        match self {
            Self::Main => MAIN_QUEUE,
            Self::DeadLetters => DEAD_LETTER_QUEUE,
        }
    }

    /// Where an accepted record was to be sent, and by whom.
    pub(crate) fn of(record: &Record) -> (Self, &str) {
        let accepted = record.events.iter().find_map(|event| match &event.happened {
            Happened::Accepted { by, queue } => Some((by.as_str(), queue.as_str())),
            _ => None,
        });
        let (by, queue) = accepted.unwrap_or_default();
        (if queue == DEAD_LETTER_QUEUE { Self::DeadLetters } else { Self::Main }, by)
    }
}

/// What a claim is bound to: everything that was sent, in which form, and where.
pub(crate) fn claim_of(id: Uuid, destination: Destination, sent: &Sent) -> Claim {
    let json = |payload: &Payload| serde_json::to_string(payload).unwrap_or_default();
    let (form, items) = match sent {
        Sent::One(payload) => ("one", vec![json(payload)]),
        // What is wrong has no place in the queue, and a place in the array all the same.
        Sent::Many(items) => {
            ("many", items.iter().map(|item| item.as_ref().map_or_else(|_| String::new(), json)).collect())
        }
    };
    let texts = [destination.queue_name(), form].into_iter().chain(items.iter().map(String::as_str));
    Claim { id, fingerprint: fingerprint(texts) }
}

/// The id of a message of an array: the same whenever the same claim is made again.
pub(crate) fn id_of_item(claim: Uuid, index: usize) -> Uuid {
    let hash = fingerprint([claim.to_string().as_str(), index.to_string().as_str()]);
    let number = u128::from_str_radix(&hash[..32], 16).unwrap_or_default();
    uuid::Builder::from_custom_bytes(number.to_be_bytes()).into_uuid()
}

/// Accepts a message and sends it.
///
/// # Errors
/// A call failed. The message may have been accepted; then the sweeper sends it.
pub(crate) async fn send(
    table: &impl Table,
    queue: &impl Sends,
    (destination, user): (Destination, &str),
    envelope: Envelope,
    now: impl Fn() -> Timestamp,
) -> Result<AcceptedMessage, Fault> {
    let group = envelope.payload.group();
    let at = envelope.timestamp;
    let event =
        Event { at, happened: Happened::Accepted { by: user.to_owned(), queue: destination.queue_name().to_owned() } };
    let expires = at + SignedDuration::from_hours(24 * OPEN_DAYS);
    match table.accept(&envelope, &group, &event, expires).await? {
        Placed::Before(record) => {
            if record.status == Status::Accepted {
                pass_on(table, queue, destination, &record, user, now()).await?;
                // The SDK has repeated a call whose response was lost.
                if record.since == at && record.body == envelope.to_body() {
                    return Ok(AcceptedMessage { envelope, is_repeated: false });
                }
            }
            let earlier = record.envelope().unwrap_or(envelope);
            // A replay has raised the counter since; the answer is the first one's.
            Ok(AcceptedMessage { envelope: Envelope { dlq_retry: 0, ..earlier }, is_repeated: true })
        }
        Placed::Now => {
            let record = Record {
                id: envelope.message_id.to_string(),
                status: Status::Accepted,
                since: at,
                dlq_retry: 0,
                body: envelope.to_body(),
                group,
                fault: None,
                events: Vec::new(),
            };
            pass_on(table, queue, destination, &record, user, now()).await?;
            Ok(AcceptedMessage { envelope, is_repeated: false })
        }
    }
}

/// Sends an accepted message and notes it. Also what the sweeper does with those that nobody has sent.
///
/// # Errors
/// A call failed; it may have taken effect.
pub(crate) async fn pass_on(
    table: &impl Table,
    queue: &impl Sends,
    destination: Destination,
    record: &Record,
    user: &str,
    now: Timestamp,
) -> Result<(), Fault> {
    let fault = match destination {
        Destination::Main => None,
        Destination::DeadLetters => Some(DeadFault {
            kind: "sent_by_user".to_owned(),
            reason: format!("sent to the dead-letter queue by {user}"),
        }),
    };
    let message = ToSend {
        id: record.id.clone(),
        body: record.body.clone(),
        group: record.group.clone(),
        deduplication_id: record.id.clone(),
        fault: fault.clone(),
    };
    queue.send(message).await?;
    let (happened, to) = match &fault {
        None => (Happened::Queued, Status::Queued),
        Some(DeadFault { kind, reason }) => {
            (Happened::Dead { replay: 0, kind: kind.clone(), reason: reason.clone() }, Status::Dead)
        }
    };
    let change = Change { to, from: &[Status::Accepted], dlq_retry: 0, fault };
    let about = Identified { id: &record.id, body: &record.body, group: &record.group };
    table.change(about, &[Event { at: now, happened }], change, None).await?;
    Ok(())
}
