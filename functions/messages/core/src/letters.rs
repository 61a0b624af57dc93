//! Letters of the dead-letter queue beside what the table knows of their messages.

use std::time::Duration;

use tokio::time::Instant;

use crate::dead::dead;
use crate::ports::{Clock, DeadLetterQueue, Fault, Identified, Table};
use crate::record::{DeadFault, Record, Status, identify};

/// Letters that one look takes: each is read, and each is hidden until the end of the look.
const LETTERS: usize = 200;
/// How long a look hides letters: longer than it takes.
pub(crate) const LOOK_HIDDEN: Duration = Duration::from_secs(60);

/// Whether the table knows that a letter of this replay is history: the message was saved, sent again since, or parked.
pub(crate) fn is_ahead(record: &Record, replay: u32) -> bool {
    record.status == Status::Saved
        || record.dlq_retry > replay
        || record.dlq_retry == replay && record.status == Status::Parked
}

/// What a look into the dead-letter queue found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Looked {
    /// Letters without a reason: SQS moved them, since they were received too often.
    pub noted: u32,
    /// Letters that the table was ahead of.
    pub deleted: u32,
}

/// Looks at up to 200 letters, notes what SQS has moved, deletes what the table is ahead of, and shows the others again. Adds to `looked` what it did.
///
/// # Errors
/// A call failed; the rest is looked at the next time.
pub(crate) async fn look(
    table: &impl Table,
    dead_letters: &impl DeadLetterQueue,
    clock: &impl Clock,
    until: Instant,
    looked: &mut Looked,
) -> Result<(), Fault> {
    let mut held = Vec::new();
    let ended = look_into(table, dead_letters, clock, until, &mut held, looked).await;
    // They are shown again by themselves.
    let _ = dead_letters.release(&held).await;
    ended
}

async fn look_into(
    table: &impl Table,
    dead_letters: &impl DeadLetterQueue,
    clock: &impl Clock,
    until: Instant,
    held: &mut Vec<String>,
    looked: &mut Looked,
) -> Result<(), Fault> {
    while held.len() < LETTERS && Instant::now() < until {
        let letters = dead_letters.receive(LOOK_HIDDEN).await?;
        if letters.is_empty() {
            break;
        }
        held.extend(letters.iter().map(|letter| letter.receipt.clone()));
        for letter in &letters {
            let (_, id, replay) = identify(&letter.body, &letter.message_id);
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
    Ok(())
}
