//! What the sweeper does each minute: sends messages that were accepted and not sent, notes those that SQS itself has moved to the dead-letter queue, and
//! parks those that a queue does not keep any longer.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use messages_contract::{DEAD_LETTER_DAYS, QUEUE_DAYS};
use tokio::time::Instant;
use uuid::Uuid;

use crate::letters::{LOOK_HIDDEN, Looked, look};
use crate::ports::{Change, Clock, DeadLetterQueue, Fault, Identified, Sends, Table};
use crate::record::{DeadFault, Event, Happened, Status};
use crate::send::{Destination, pass_on};

/// Seconds for which a message may be accepted and not sent before it is swept.
pub(crate) const SWEPT_AFTER_SECONDS: i64 = 60;
/// Messages that are swept at once.
const PAGE: u32 = 100;
/// Dead letters that are counted in the table.
const KNOWN: u32 = 1_000;

/// How far a part of the sweep came.
#[derive(Debug)]
pub struct Swept<T> {
    pub done: T,
    /// The first call that failed. What is left is done at the next time.
    pub fault: Option<Fault>,
}

/// Sends what was accepted a minute ago and is not known to be sent, and returns how many. Where one cannot be sent, later ones of its group wait for it.
pub async fn sweep_accepted(
    table: &impl Table,
    main: &impl Sends,
    dead_letters: &impl Sends,
    clock: &impl Clock,
    until: Instant,
) -> Swept<u32> {
    let before = clock.now() - SignedDuration::from_secs(SWEPT_AFTER_SECONDS);
    let (mut swept, mut behind) = (Swept { done: 0, fault: None }, HashSet::new());
    let mut cursor: Option<String> = None;
    loop {
        let page = match table.open(Status::Accepted, Some(before), cursor.as_deref(), PAGE).await {
            Ok(page) => page,
            Err(fault) => return Swept { fault: swept.fault.or(Some(fault)), ..swept },
        };
        for record in &page.records {
            if Instant::now() >= until {
                return swept;
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
                Ok(()) => swept.done += 1,
                Err(fault) => {
                    behind.insert(record.group.clone());
                    swept.fault.get_or_insert(fault);
                }
            }
        }
        cursor = page.next;
        if cursor.is_none() {
            return swept;
        }
    }
}

/// Notes what SQS itself has moved, and deletes letters of messages that were saved, sent again or parked since. Looks only while the queue holds more letters than the
/// table knows, and every tenth minute, since each look counts as a receive: at up to 200, which are shown again.
pub async fn look_at_letters(
    table: &impl Table,
    dead_letters: &impl DeadLetterQueue,
    clock: &impl Clock,
    owner: Uuid,
    until: Instant,
) -> Swept<Looked> {
    let mut looked = Looked::default();
    let fault = look_if_needed(table, dead_letters, clock, owner, until, &mut looked).await.err();
    Swept { done: looked, fault }
}

async fn look_if_needed(
    table: &impl Table,
    dead_letters: &impl DeadLetterQueue,
    clock: &impl Clock,
    owner: Uuid,
    until: Instant,
    looked: &mut Looked,
) -> Result<(), Fault> {
    let (counts, known) = tokio::try_join!(dead_letters.counts(), table.count_open(Status::Dead, KNOWN))?;
    let now = clock.now();
    let is_tenth = now.as_second().div_euclid(60) % 10 == 0;
    if counts.total() <= u64::from(known) && !is_tenth {
        return Ok(());
    }
    let lock_until =
        now.checked_add(until.saturating_duration_since(Instant::now()) + LOOK_HIDDEN).unwrap_or(Timestamp::MAX);
    if !table.lock(owner, now, lock_until).await? {
        // A run over dead letters does the same.
        return Ok(());
    }
    let ended = look(table, dead_letters, clock, until, looked).await;
    // It expires by itself.
    let _ = table.unlock(owner).await;
    ended
}

/// Parks what its queue does not keep any longer: messages that were queued and not processed for as long as the main queue keeps them, and dead letters
/// a day before the dead-letter queue drops them. Returns how many.
pub async fn park_old(table: &impl Table, clock: &impl Clock, until: Instant) -> Swept<u32> {
    let mut parked = 0;
    let fault = park(table, clock, until, &mut parked).await.err();
    Swept { done: parked, fault }
}

async fn park(table: &impl Table, clock: &impl Clock, until: Instant, parked: &mut u32) -> Result<(), Fault> {
    let dropped = [
        (
            Status::Queued,
            QUEUE_DAYS,
            format!("it was not processed for {QUEUE_DAYS} days, as long as the queue keeps it"),
        ),
        (Status::Dead, DEAD_LETTER_DAYS - 1, format!("the dead-letter queue keeps it for {DEAD_LETTER_DAYS} days")),
    ];
    for (status, days, reason) in dropped {
        let before = clock.now() - SignedDuration::from_hours(24 * i64::from(days));
        let page = table.open(status, Some(before), None, PAGE).await?;
        for record in page.records {
            if Instant::now() >= until {
                return Ok(());
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
            *parked += u32::from(table.change(about, &[event], change, None).await?);
        }
    }
    Ok(())
}
