//! Sending dead letters again, without loops and without loss. The table says which they are; the queue carries them.
//!
//! A run over everything walks the queue: each letter is sent and then deleted, or parked and then deleted. A run over some of them reads the table, since in a FIFO
//! queue letters that are passed over would hide those behind them, and deletes the letters that it has overtaken. No run touches what died after it began,
//! so none sends a message twice. Wherever a run is killed, a letter is in the queue until what became of it is written.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use messages_contract::REPLAYS;
use tokio::time::Instant;
use uuid::Uuid;

use crate::dead::kept;
use crate::envelope::Envelope;
use crate::job::{Done, Wanted};
use crate::letters::{Looked, is_ahead, look};
use crate::ports::{Change, Clock, DeadLetterQueue, Fault, Identified, Received, Sends, Table, ToSend};
use crate::record::{DeadFault, Event, Happened, Record, Status, identify};

/// How long letters stay hidden, and the lock is held, beyond the time in which a run may go on: longer than any call takes.
const MARGIN: Duration = Duration::from_secs(60);
/// Records that are read at once.
const PAGE: u32 = 50;

/// What a run is about.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    pub wanted: &'a Wanted,
    /// Who asked for it, as each message's timeline tells.
    pub by: &'a str,
    /// What died later is not touched.
    pub began: Timestamp,
    /// Where a run over some of the letters goes on.
    pub cursor: Option<&'a str>,
    /// No letter is begun after this.
    pub until: Instant,
}

/// How a run ended.
#[derive(Debug)]
pub struct Ran {
    pub done: Done,
    /// Whether everything was done that was asked for; otherwise the time or a fault ended it.
    pub is_complete: bool,
    /// Where the next run over some of the letters goes on.
    pub cursor: Option<String>,
    /// The call that failed. What was done by then stays done, and the rest stays in the queue.
    pub fault: Option<Fault>,
}

/// Why nothing was begun.
#[derive(Debug, thiserror::Error)]
pub enum ReprocessError {
    /// Somebody else is at it.
    #[error("dead letters are being reprocessed already")]
    Locked,
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Where runs take place.
pub struct Reprocessing<'a, T, M, D, C> {
    pub table: &'a T,
    pub main: &'a M,
    pub dead_letters: &'a D,
    pub clock: &'a C,
}

/// Whether there was nothing more to do.
type Complete = bool;

impl<T: Table, M: Sends, D: DeadLetterQueue, C: Clock> Reprocessing<'_, T, M, D, C> {
    /// Sends what is wanted again, until nothing is left or the time is over. `owner` is the id of this run.
    ///
    /// # Errors
    /// Another run has the lock, or it is not known whether this one has.
    pub async fn run(&self, run: Run<'_>, owner: Uuid) -> Result<Ran, ReprocessError> {
        let now = self.clock.now();
        let left = run.until.saturating_duration_since(Instant::now());
        let lock_until = now.checked_add(left + MARGIN).unwrap_or(Timestamp::MAX);
        if !self.table.lock(owner, now, lock_until).await? {
            return Err(ReprocessError::Locked);
        }
        let (mut done, mut cursor) = (Done::default(), run.cursor.map(str::to_owned));
        let walked = match run.wanted.is_everything() {
            true => self.walk(&run, &mut done).await,
            false => self.some(&run, &mut done, &mut cursor).await,
        };
        // It expires by itself.
        let _ = self.table.unlock(owner).await;
        let is_enough = run.wanted.limit.is_some_and(|limit| done.handled() >= limit);
        let (is_complete, fault) = match walked {
            Ok(is_complete) => (is_complete || is_enough, None),
            Err(fault) => (false, Some(fault)),
        };
        Ok(Ran { done, is_complete, cursor, fault })
    }

    /// A run over some: by their ids, or those of the table that the filter matches. Then the letters are deleted that it has overtaken.
    async fn some(&self, run: &Run<'_>, done: &mut Done, cursor: &mut Option<String>) -> Result<Complete, Fault> {
        for id in &run.wanted.ids {
            if is_over(run, done) {
                return Ok(false);
            }
            if let Some(record) = self.table.find(id, self.clock.now()).await? {
                self.send_record(&record, run, done).await?;
            }
        }
        while run.wanted.ids.is_empty() {
            let page = self.table.open(Status::Dead, run.wanted.filter.before, cursor.as_deref(), PAGE).await?;
            for found in page.records.iter().filter(|record| run.wanted.filter.matches_record(record)) {
                if is_over(run, done) {
                    return Ok(false);
                }
                // The index is a moment late.
                if let Some(record) = self.table.find(&found.id, self.clock.now()).await? {
                    self.send_record(&record, run, done).await?;
                }
            }
            cursor.clone_from(&page.next);
            if page.next.is_none() {
                break;
            }
        }
        if done.handled() > 0 {
            // What it does not come to, the sweeper deletes.
            let mut looked = Looked::default();
            look(self.table, self.dead_letters, self.clock, run.until, &mut looked).await?;
        }
        Ok(true)
    }

    /// Sends a dead message again, or a parked one that is named; parks what may not be sent again.
    async fn send_record(&self, record: &Record, run: &Run<'_>, done: &mut Done) -> Result<(), Fault> {
        if record.since >= run.began {
            return Ok(());
        }
        match (record.status, record.envelope()) {
            (Status::Parked, Some(envelope)) => {
                self.pace(run.wanted, done).await;
                self.replay(&envelope, run.by).await?;
                done.total_reprocessed += 1;
            }
            (Status::Dead, envelope) => {
                let about = Identified { id: &record.id, body: &record.body, group: &record.group };
                self.send_dead(about, envelope, record.fault.as_ref(), run, done).await?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Sends a dead message again, unless it has to be parked.
    async fn send_dead(
        &self,
        about: Identified<'_>,
        envelope: Option<Envelope>,
        fault: Option<&DeadFault>,
        run: &Run<'_>,
        done: &mut Done,
    ) -> Result<(), Fault> {
        match envelope {
            Some(envelope) if envelope.dlq_retry < REPLAYS => {
                self.pace(run.wanted, done).await;
                self.replay(&envelope, run.by).await?;
                done.total_reprocessed += 1;
            }
            Some(envelope) => {
                let last = fault.map(|fault| format!(": {}", fault.reason)).unwrap_or_default();
                let reason = format!("sent again {} times, as often as is allowed{last}", envelope.dlq_retry);
                self.park(about, envelope.dlq_retry, ("replayed_too_often", reason)).await?;
                done.parked += 1;
            }
            None => {
                let reason = fault.map_or_else(|| "the body is no message".to_owned(), |fault| fault.reason.clone());
                self.park(about, 0, ("malformed", reason)).await?;
                done.parked += 1;
            }
        }
        Ok(())
    }

    /// Goes through the queue: deletes letters that the table is ahead of, and sends the others again. What died after the run began is shown again at its end.
    async fn walk(&self, run: &Run<'_>, done: &mut Done) -> Result<Complete, Fault> {
        let mut held = Vec::new();
        let walked = self.letters(run, done, &mut held).await;
        // They are shown again by themselves.
        let _ = self.dead_letters.release(&held).await;
        walked
    }

    async fn letters(&self, run: &Run<'_>, done: &mut Done, held: &mut Vec<String>) -> Result<Complete, Fault> {
        let mut met = HashSet::new();
        loop {
            if is_over(run, done) {
                return Ok(false);
            }
            let hidden = run.until.saturating_duration_since(Instant::now()) + MARGIN;
            let letters = self.dead_letters.receive(hidden).await?;
            if letters.is_empty() {
                return Ok(true);
            }
            let mut letters = letters.into_iter();
            while let Some(letter) = letters.next() {
                if !met.insert(letter.id.clone()) || is_over(run, done) {
                    // Met before: it was hidden for too short a time. Either way the walk ends here.
                    held.extend(std::iter::once(letter).chain(letters).map(|letter| letter.receipt));
                    return Ok(false);
                }
                match self.letter(&letter, run, done).await {
                    Ok(true) => {}
                    Ok(false) => held.push(letter.receipt),
                    Err(fault) => {
                        held.extend(std::iter::once(letter).chain(letters).map(|letter| letter.receipt));
                        return Err(fault);
                    }
                }
            }
        }
    }

    /// Whether the letter is gone from the queue.
    async fn letter(&self, letter: &Received, run: &Run<'_>, done: &mut Done) -> Result<bool, Fault> {
        let (envelope, id, replay) = identify(&letter.body, &letter.message_id);
        let record = self.table.find(&id, self.clock.now()).await?;
        let is_overtaken = record.as_ref().is_some_and(|record| is_ahead(record, replay));
        if !is_overtaken {
            if record.as_ref().is_some_and(|record| record.since >= run.began) {
                return Ok(false);
            }
            let fault = letter.fault.as_ref().or(record.as_ref().and_then(|record| record.fault.as_ref()));
            let about = Identified { id: &id, body: &letter.body, group: &letter.group };
            self.send_dead(about, envelope, fault, run, done).await?;
        } else if record.is_some_and(|record| record.status == Status::Saved) {
            done.already_saved += 1;
        }
        self.dead_letters.delete(&letter.receipt).await?;
        Ok(true)
    }

    /// Waits as long as the rate asks for.
    async fn pace(&self, wanted: &Wanted, done: &Done) {
        if let Some(rate) = wanted.rate.filter(|_| done.total_reprocessed > 0) {
            tokio::time::sleep(Duration::from_secs(1) / rate).await;
        }
    }

    /// Sends the next replay, then notes it. Sent twice, SQS drops one within five minutes and the worker any later one.
    async fn replay(&self, envelope: &Envelope, by: &str) -> Result<(), Fault> {
        let next = envelope.replayed();
        let (id, body, group) = (next.message_id.to_string(), next.to_body(), next.payload.group());
        let message = ToSend {
            id: id.clone(),
            body: body.clone(),
            group: group.clone(),
            deduplication_id: next.deduplication_id(),
            fault: None,
        };
        self.main.send(message).await?;
        let happened = Happened::Replayed { replay: next.dlq_retry, by: by.to_owned() };
        let change = Change { to: Status::Queued, from: &[], dlq_retry: next.dlq_retry, fault: None };
        let about = Identified { id: &id, body: &body, group: &group };
        self.table.change(about, &[Event { at: self.clock.now(), happened }], change, None).await?;
        Ok(())
    }

    async fn park(&self, about: Identified<'_>, replay: u32, (kind, reason): (&str, String)) -> Result<(), Fault> {
        let event = Event { at: self.clock.now(), happened: Happened::Parked { replay, reason: reason.clone() } };
        let change = Change {
            to: Status::Parked,
            from: &[Status::Accepted, Status::Queued, Status::Dead],
            dlq_retry: replay,
            fault: Some(DeadFault { kind: kind.to_owned(), reason }),
        };
        self.table.change(kept(about), &[event], change, None).await?;
        Ok(())
    }
}

fn is_over(run: &Run<'_>, done: &Done) -> bool {
    Instant::now() >= run.until || run.wanted.limit.is_some_and(|limit| done.handled() >= limit)
}
