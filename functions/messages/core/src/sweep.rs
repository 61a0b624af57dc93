//! What the sweeper does each minute: sends messages that were accepted and not sent, notes those that SQS itself has moved to the dead-letter queue, and
//! parks those that a queue does not keep any longer.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use messages_contract::{DEAD_LETTER_DAYS, QUEUE_DAYS};
use tokio::time::Instant;

use crate::envelope::Envelope;
use crate::ports::{Change, Clock, DeadLetterQueue, Fault, Identified, Sends, Table};
use crate::record::{DeadFault, Event, Happened, Status, unreadable_id};
use crate::send::{Destination, OPEN_DAYS, pass_on};

/// Seconds for which a message may be accepted and not sent before it is swept.
pub(crate) const SWEPT_AFTER_SECONDS: i64 = 60;
/// Messages that are swept at once.
const PAGE: u32 = 100;
/// Letters that one sweep looks at.
const LETTERS: usize = 200;
/// Dead letters that are counted in the table.
const KNOWN: u32 = 10_000;
const HIDDEN: Duration = Duration::from_secs(30);

/// Sends what was accepted a minute ago and is not known to be sent, and returns how many.
///
/// # Errors
/// A call failed; the rest is swept at the next time.
pub async fn sweep_accepted(
    table: &impl Table,
    main: &impl Sends,
    dead_letters: &impl Sends,
    clock: &impl Clock,
    until: Instant,
) -> Result<u32, Fault> {
    let before = clock.now() - SignedDuration::from_secs(SWEPT_AFTER_SECONDS);
    let mut swept = 0;
    let mut cursor: Option<String> = None;
    loop {
        let page = table.open(Status::Accepted, Some(before), cursor.as_deref(), PAGE).await?;
        for record in &page.records {
            if Instant::now() >= until {
                return Ok(swept);
            }
            let (destination, by) = Destination::of(record);
            match destination {
                Destination::Main => pass_on(table, main, destination, record, by, clock.now()).await?,
                Destination::DeadLetters => pass_on(table, dead_letters, destination, record, by, clock.now()).await?,
            }
            swept += 1;
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(swept);
        }
    }
}

/// Notes letters without a reason: SQS moved them, since they were received too often. Looks into the queue only while it holds more letters than the table
/// knows, and every tenth minute, since each look counts as a receive: at up to 200, which it shows again.
///
/// # Errors
/// A call failed; the rest is noted at the next time.
pub async fn note_moved(
    table: &impl Table,
    dead_letters: &impl DeadLetterQueue,
    clock: &impl Clock,
    until: Instant,
) -> Result<u32, Fault> {
    let (counts, known) = tokio::try_join!(dead_letters.counts(), table.count_open(Status::Dead, KNOWN))?;
    let is_tenth = clock.now().as_second().div_euclid(60) % 10 == 0;
    if counts.total() <= u64::from(known) && !is_tenth {
        return Ok(0);
    }
    let mut held = Vec::new();
    let noted = look(table, dead_letters, clock, until, &mut held).await;
    dead_letters.release(&held).await?;
    noted
}

async fn look(
    table: &impl Table,
    dead_letters: &impl DeadLetterQueue,
    clock: &impl Clock,
    until: Instant,
    held: &mut Vec<String>,
) -> Result<u32, Fault> {
    let mut noted = 0;
    while held.len() < LETTERS && Instant::now() < until {
        let letters = dead_letters.receive(HIDDEN).await?;
        if letters.is_empty() {
            break;
        }
        held.extend(letters.iter().map(|letter| letter.receipt.clone()));
        for letter in letters.iter().filter(|letter| letter.fault.is_none()) {
            let envelope = Envelope::read(&letter.body).ok();
            let id = match &envelope {
                Some(envelope) => envelope.message_id.to_string(),
                None => unreadable_id(&letter.message_id),
            };
            let fault = DeadFault {
                kind: "received_too_often".to_owned(),
                reason: "SQS moved it: it was received as often as is allowed and never processed".to_owned(),
            };
            let dlq_retry = envelope.map_or(0, |envelope| envelope.dlq_retry);
            let about = Identified { id: &id, body: &letter.body, group: &letter.group };
            noted += u32::from(dead(table, about, dlq_retry, fault, clock.now()).await?);
        }
    }
    Ok(noted)
}

/// Parks what its queue does not keep any longer: messages that were queued and not processed for as long as the main queue keeps them, and dead letters
/// a day before the dead-letter queue drops them. Returns how many.
///
/// # Errors
/// A call failed; the rest is parked at the next time.
pub async fn park_old(table: &impl Table, clock: &impl Clock, until: Instant) -> Result<u32, Fault> {
    let dropped = [
        (Status::Queued, QUEUE_DAYS, "the queue kept it for 4 days, in which it was not processed"),
        (Status::Dead, DEAD_LETTER_DAYS - 1, "the dead-letter queue drops it after 14 days"),
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
                happened: Happened::Parked { replay: record.dlq_retry, reason: reason.to_owned() },
            };
            let change = Change {
                to: Status::Parked,
                from: &[Status::Queued, Status::Dead],
                dlq_retry: record.dlq_retry,
                fault: Some(DeadFault { kind: "kept_too_long".to_owned(), reason: reason.to_owned() }),
            };
            let about = Identified { id: &record.id, body: &record.body, group: &record.group };
            parked += u32::from(table.change(about, &event, change, None).await?);
        }
    }
    Ok(parked)
}

/// Notes that a message is in the dead-letter queue. Whether that was not known.
///
/// # Errors
/// The call failed.
pub async fn dead(
    table: &impl Table,
    about: Identified<'_>,
    dlq_retry: u32,
    fault: DeadFault,
    now: Timestamp,
) -> Result<bool, Fault> {
    let DeadFault { kind, reason } = fault.clone();
    let event = Event { at: now, happened: Happened::Dead { replay: dlq_retry, kind, reason } };
    let change = Change { to: Status::Dead, from: &[Status::Accepted, Status::Queued], dlq_retry, fault: Some(fault) };
    let expires = now + SignedDuration::from_hours(24 * OPEN_DAYS);
    table.change(about, &event, change, Some(expires)).await
}
