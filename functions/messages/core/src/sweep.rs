//! What the sweeper does each minute: sends messages that were accepted and not sent, notes those that SQS itself has moved to the dead-letter queue, and
//! parks those that a queue does not keep any longer.

use std::collections::HashSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use messages_contract::{DEAD_LETTER_DAYS, QUEUE_DAYS};
use tokio::time::Instant;
use uuid::Uuid;

use crate::envelope::Envelope;
use crate::ports::{Change, Clock, DeadLetterQueue, Fault, Identified, Sends, Table};
use crate::record::{DeadFault, Event, Happened, Status, unreadable_id};
use crate::reprocess::is_ahead;
use crate::send::{Destination, OPEN_DAYS, pass_on};

/// Seconds for which a message may be accepted and not sent before it is swept.
pub(crate) const SWEPT_AFTER_SECONDS: i64 = 60;
/// Messages that are swept at once.
const PAGE: u32 = 100;
/// Letters that one sweep looks at.
const LETTERS: usize = 200;
/// Dead letters that are counted in the table.
const KNOWN: u32 = 10_000;
const HIDDEN: Duration = Duration::from_secs(60);
/// What is kept of a body: DynamoDB's items have at most 400 KB.
const BODY_BYTES: usize = 256 * 1024;
const REASON_BYTES: usize = 1_024;

/// Sends what was accepted a minute ago and is not known to be sent, and returns how many. Where one cannot be sent, later ones of its group wait for it.
///
/// # Errors
/// The first call that failed; what waits is swept at the next time.
pub async fn sweep_accepted(
    table: &impl Table,
    main: &impl Sends,
    dead_letters: &impl Sends,
    clock: &impl Clock,
    until: Instant,
) -> Result<u32, Fault> {
    let before = clock.now() - SignedDuration::from_secs(SWEPT_AFTER_SECONDS);
    let (mut swept, mut failed, mut behind) = (0, None, HashSet::new());
    let mut cursor: Option<String> = None;
    loop {
        let page = table.open(Status::Accepted, Some(before), cursor.as_deref(), PAGE).await?;
        for record in &page.records {
            if Instant::now() >= until {
                return failed.map_or(Ok(swept), Err);
            }
            if behind.contains(&record.group) {
                continue;
            }
            let (destination, by) = Destination::of(record);
            let sent = match destination {
                Destination::Main => pass_on(table, main, destination, record, by, clock.now()).await,
                Destination::DeadLetters => pass_on(table, dead_letters, destination, record, by, clock.now()).await,
            };
            match sent {
                Ok(()) => swept += 1,
                Err(fault) => {
                    behind.insert(record.group.clone());
                    failed.get_or_insert(fault);
                }
            }
        }
        cursor = page.next;
        if cursor.is_none() {
            return failed.map_or(Ok(swept), Err);
        }
    }
}

/// What a look into the dead-letter queue found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Looked {
    /// Letters without a reason: SQS moved them, since they were received too often.
    pub noted: u32,
    /// Letters that the table was ahead of.
    pub deleted: u32,
}

/// Notes what SQS itself has moved, and deletes letters of messages that were saved, sent again or parked since. Looks only while the queue holds more letters than the
/// table knows, and every tenth minute, since each look counts as a receive: at up to 200, which are shown again.
///
/// # Errors
/// A call failed; the rest is looked at the next time.
pub async fn look_at_letters(
    table: &impl Table,
    dead_letters: &impl DeadLetterQueue,
    clock: &impl Clock,
    owner: Uuid,
    until: Instant,
) -> Result<Looked, Fault> {
    let (counts, known) = tokio::try_join!(dead_letters.counts(), table.count_open(Status::Dead, KNOWN))?;
    let now = clock.now();
    let is_tenth = now.as_second().div_euclid(60) % 10 == 0;
    if counts.total() <= u64::from(known) && !is_tenth {
        return Ok(Looked::default());
    }
    let lock_until =
        now.checked_add(until.saturating_duration_since(Instant::now()) + HIDDEN).unwrap_or(Timestamp::MAX);
    if !table.lock(owner, now, lock_until).await? {
        // A run over dead letters does the same.
        return Ok(Looked::default());
    }
    let mut held = Vec::new();
    let looked = look(table, dead_letters, clock, until, &mut held).await;
    // Both end by themselves.
    let _ = dead_letters.release(&held).await;
    let _ = table.unlock(owner).await;
    looked
}

async fn look(
    table: &impl Table,
    dead_letters: &impl DeadLetterQueue,
    clock: &impl Clock,
    until: Instant,
    held: &mut Vec<String>,
) -> Result<Looked, Fault> {
    let mut looked = Looked::default();
    while held.len() < LETTERS && Instant::now() < until {
        let letters = dead_letters.receive(HIDDEN).await?;
        if letters.is_empty() {
            break;
        }
        held.extend(letters.iter().map(|letter| letter.receipt.clone()));
        for letter in &letters {
            let envelope = Envelope::read(&letter.body).ok();
            let id = match &envelope {
                Some(envelope) => envelope.message_id.to_string(),
                None => unreadable_id(&letter.message_id),
            };
            let replay = envelope.map_or(0, |envelope| envelope.dlq_retry);
            let record = table.find(&id, clock.now()).await?;
            if record.is_some_and(|record| is_ahead(&record, replay)) {
                dead_letters.delete(&letter.receipt).await?;
                held.retain(|receipt| *receipt != letter.receipt);
                looked.deleted += 1;
            } else if letter.fault.is_none() {
                let fault = DeadFault {
                    kind: "received_too_often".to_owned(),
                    reason: "SQS moved it: it was received as often as is allowed and never processed".to_owned(),
                };
                let about = Identified { id: &id, body: &letter.body, group: &letter.group };
                looked.noted += u32::from(dead(table, about, replay, None, fault, clock.now()).await?);
            }
        }
    }
    Ok(looked)
}

/// Parks what its queue does not keep any longer: messages that were queued and not processed for as long as the main queue keeps them, and dead letters
/// a day before the dead-letter queue drops them. Returns how many.
///
/// # Errors
/// A call failed; the rest is parked at the next time.
pub async fn park_old(table: &impl Table, clock: &impl Clock, until: Instant) -> Result<u32, Fault> {
    let dropped = [
        (
            Status::Queued,
            QUEUE_DAYS,
            format!("it was not processed for {QUEUE_DAYS} days, as long as the queue keeps it"),
        ),
        (Status::Dead, DEAD_LETTER_DAYS - 1, format!("the dead-letter queue keeps it for {DEAD_LETTER_DAYS} days")),
    ];
    let mut parked = 0;
    for (status, days, reason) in dropped {
        let before = clock.now() - SignedDuration::from_hours(24 * i64::from(days));
        let page = table.open(status, Some(before), None, PAGE).await?;
        for record in page.records {
            if Instant::now() >= until {
                return Ok(parked);
            }
            let event = Event {
                at: clock.now(),
                happened: Happened::Parked { replay: record.dlq_retry, reason: reason.clone() },
            };
            let change = Change {
                to: Status::Parked,
                from: &[Status::Queued, Status::Dead],
                dlq_retry: record.dlq_retry,
                fault: Some(DeadFault { kind: "kept_too_long".to_owned(), reason: reason.clone() }),
            };
            let about = Identified { id: &record.id, body: &record.body, group: &record.group };
            parked += u32::from(table.change(about, &[event], change, None).await?);
        }
    }
    Ok(parked)
}

/// Notes that a message is in the dead-letter queue, and how often it had been received. Whether that was not known. Of what is too large for the table only the beginning
/// is kept: no message is so large.
///
/// # Errors
/// The call failed.
pub async fn dead(
    table: &impl Table,
    about: Identified<'_>,
    dlq_retry: u32,
    receives: Option<u32>,
    fault: DeadFault,
    now: Timestamp,
) -> Result<bool, Fault> {
    let DeadFault { kind, reason } = fault;
    let reason = beginning(&reason, REASON_BYTES).to_owned();
    let fault = DeadFault { kind: kind.clone(), reason: reason.clone() };
    let received = receives.map(|receives| Happened::Received { replay: dlq_retry, receives });
    let happened = received.into_iter().chain([Happened::Dead { replay: dlq_retry, kind, reason }]);
    let events: Vec<Event> = happened.map(|happened| Event { at: now, happened }).collect();
    let about = Identified { body: beginning(about.body, BODY_BYTES), ..about };
    let change = Change { to: Status::Dead, from: &[Status::Accepted, Status::Queued], dlq_retry, fault: Some(fault) };
    let expires = now + SignedDuration::from_hours(24 * OPEN_DAYS);
    table.change(about, &events, change, Some(expires)).await
}

fn beginning(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}
